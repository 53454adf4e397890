//! From types of Rust and back.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::{Dict, Integer, Value};

/// A value that is not of the type that was asked for, or a number that does not fit into it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ValueMismatch {
    /// What was asked for.
    pub expected: &'static str,
    /// What there is.
    pub found: Value,
}

impl fmt::Display for ValueMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a {} where a {} is expected", self.found.type_name(), self.expected)
    }
}

impl core::error::Error for ValueMismatch {}

macro_rules! from {
    ($($from:ty => |$name:ident| $value:expr;)*) => { $(
        impl From<$from> for Value {
            fn from($name: $from) -> Self {
                $value
            }
        }
    )* };
}

from! {
    () => |_nothing| Self::Null;
    bool => |value| Self::Bool(value);
    Integer => |value| Self::Integer(value);
    i8 => |value| Self::Integer(i64::from(value).into());
    i16 => |value| Self::Integer(i64::from(value).into());
    i32 => |value| Self::Integer(i64::from(value).into());
    i64 => |value| Self::Integer(value.into());
    u8 => |value| Self::Integer(u64::from(value).into());
    u16 => |value| Self::Integer(u64::from(value).into());
    u32 => |value| Self::Integer(u64::from(value).into());
    u64 => |value| Self::Integer(value.into());
    f32 => |value| Self::Float(value.into());
    f64 => |value| Self::Float(value);
    &str => |value| Self::String(value.into());
    String => |value| Self::String(value);
    &[u8] => |value| Self::Bytes(value.into());
    Vec<u8> => |value| Self::Bytes(value);
    Vec<Value> => |values| Self::List(values);
    Dict => |dict| Self::Dict(dict);
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

macro_rules! try_from {
    ($($into:ty, $expected:literal, $pattern:pat => $value:expr;)*) => { $(
        impl TryFrom<Value> for $into {
            type Error = ValueMismatch;

            fn try_from(value: Value) -> Result<Self, ValueMismatch> {
                match value {
                    $pattern => $value,
                    found => Err(ValueMismatch { expected: $expected, found }),
                }
            }
        }
    )* };
}

try_from! {
    (), "null", Value::Null => Ok(());
    bool, "bool", Value::Bool(value) => Ok(value);
    String, "string", Value::String(value) => Ok(value);
    Vec<u8>, "binary", Value::Bytes(value) => Ok(value);
    Vec<Value>, "list", Value::List(values) => Ok(values);
    Dict, "dict", Value::Dict(dict) => Ok(dict);
}

macro_rules! try_from_integer {
    ($($into:ty, $as:ident;)*) => { $(
        impl TryFrom<Value> for $into {
            type Error = ValueMismatch;

            fn try_from(value: Value) -> Result<Self, ValueMismatch> {
                let fitting = value.$as().and_then(|number| Self::try_from(number).ok());
                fitting.ok_or(ValueMismatch { expected: stringify!($into), found: value })
            }
        }
    )* };
}

try_from_integer! {
    i8, as_i64;
    i16, as_i64;
    i32, as_i64;
    i64, as_i64;
    u8, as_u64;
    u16, as_u64;
    u32, as_u64;
    u64, as_u64;
}

impl TryFrom<Value> for f64 {
    type Error = ValueMismatch;

    fn try_from(value: Value) -> Result<Self, ValueMismatch> {
        value.as_f64().ok_or(ValueMismatch { expected: "float", found: value })
    }
}
