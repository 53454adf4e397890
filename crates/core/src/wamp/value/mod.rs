//! Values of any type, for those who do not know beforehand what comes.

mod convert;
mod dict;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

pub use convert::ValueMismatch;
pub use dict::Dict;

/// A value of any type that WAMP can carry.
///
/// Applications that know their types need none of it: see [`Payload::args`](super::Payload::args).
///
/// ```
/// use wirebahn_core::wamp::{Dict, Value};
///
/// let mut person = Dict::new();
/// person.insert("name", "Joe");
/// person.insert("age", 30);
/// let value = Value::from(person);
/// assert_eq!(value.get("age").and_then(Value::as_i64), Some(30));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "these are the types that the serializers have in common")]
pub enum Value {
    /// Nothing.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(Integer),
    /// A number with double precision. JSON has none for infinities and NaN: they become null there.
    Float(f64),
    /// Text.
    String(String),
    /// Binary data. In JSON, a string of U+0000 and base64.
    Bytes(Vec<u8>),
    /// Values in an order.
    List(Vec<Self>),
    /// Values with names.
    Dict(Dict),
}

impl Value {
    /// The truth value, if it is one.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The whole number, if it is one that fits.
    #[must_use]
    pub const fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => value.as_i64(),
            _ => None,
        }
    }

    /// The whole number, if it is one that fits.
    #[must_use]
    pub const fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Integer(value) => value.as_u64(),
            _ => None,
        }
    }

    /// The number, rounded if it is a large whole one.
    #[must_use]
    pub const fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            Self::Integer(value) => Some(value.to_f64()),
            _ => None,
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub const fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(value) => Some(value.as_str()),
            _ => None,
        }
    }

    /// The binary data, if it is some.
    #[must_use]
    pub const fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(value) => Some(value.as_slice()),
            _ => None,
        }
    }

    /// The values, if it is a list.
    #[must_use]
    pub const fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(values) => Some(values.as_slice()),
            _ => None,
        }
    }

    /// The names and values, if it is a dict.
    #[must_use]
    pub const fn as_dict(&self) -> Option<&Dict> {
        match self {
            Self::Dict(dict) => Some(dict),
            _ => None,
        }
    }

    /// The value with this name, if it is a dict that has one.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_dict()?.get(key)
    }

    /// Whether it is null.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The type, as the specification calls it.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Integer(_) => "integer",
            Self::Float(_) => "float",
            Self::String(_) => "string",
            Self::Bytes(_) => "binary",
            Self::List(_) => "list",
            Self::Dict(_) => "dict",
        }
    }
}

/// A whole number from -2^63 to 2^64 - 1: what MessagePack can carry.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Integer(Repr);

/// Negative numbers are `Negative` and all others `Unsigned`, so that equal numbers are equal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Repr {
    Negative(i64),
    Unsigned(u64),
}

impl Integer {
    /// The number, if it is below 2^63.
    #[must_use]
    pub const fn as_i64(self) -> Option<i64> {
        match self.0 {
            Repr::Negative(value) => Some(value),
            Repr::Unsigned(value) if value <= i64::MAX as u64 => Some(value as i64),
            Repr::Unsigned(_) => None,
        }
    }

    /// The number, if it is not negative.
    #[must_use]
    pub const fn as_u64(self) -> Option<u64> {
        match self.0 {
            Repr::Negative(_) => None,
            Repr::Unsigned(value) => Some(value),
        }
    }

    /// The nearest number with double precision.
    #[must_use]
    pub const fn to_f64(self) -> f64 {
        match self.0 {
            Repr::Negative(value) => value as f64,
            Repr::Unsigned(value) => value as f64,
        }
    }
}

impl From<i64> for Integer {
    fn from(value: i64) -> Self {
        Self(u64::try_from(value).map_or(Repr::Negative(value), Repr::Unsigned))
    }
}

impl From<u64> for Integer {
    fn from(value: u64) -> Self {
        Self(Repr::Unsigned(value))
    }
}

impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Repr::Negative(value) => fmt::Display::fmt(&value, f),
            Repr::Unsigned(value) => fmt::Display::fmt(&value, f),
        }
    }
}

impl fmt::Debug for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
