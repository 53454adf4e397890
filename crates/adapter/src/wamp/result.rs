//! What calls come back with.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::UnitDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use wirebahn_core::wamp::{DecodeError, Payload, ResultDetails, message};

/// The result of a call, or a piece of it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CallResult {
    /// Circumstances.
    pub details: ResultDetails,
    /// Arguments of the result.
    pub payload: Payload,
}

impl CallResult {
    /// The result as most procedures have it: one value. That is the first argument; a `()`, an `Option` or whatever else
    /// can be made of nothing, if there is none.
    ///
    /// # Errors
    ///
    /// It is not of this type.
    pub fn value<'de, T: Deserialize<'de>>(&'de self) -> Result<T, DecodeError> {
        self.payload.args().map(|First(value)| value)
    }

    /// All arguments, for example as a tuple.
    ///
    /// # Errors
    ///
    /// They are not of this type.
    pub fn args<'de, T: Deserialize<'de>>(&'de self) -> Result<T, DecodeError> {
        self.payload.args()
    }

    /// The keyword arguments, for example as a struct.
    ///
    /// # Errors
    ///
    /// They are not of this type.
    pub fn kwargs<'de, T: Deserialize<'de>>(&'de self) -> Result<T, DecodeError> {
        self.payload.kwargs()
    }
}

impl From<message::Result> for CallResult {
    fn from(result: message::Result) -> Self {
        Self { details: result.details, payload: result.payload }
    }
}

/// The first of a list, or what can be made of nothing; the others do not matter.
pub(super) struct First<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for First<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FirstVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for FirstVisitor<T> {
            type Value = First<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<First<T>, A::Error> {
                let first = match list.next_element()? {
                    Some(first) => first,
                    None => T::deserialize(UnitDeserializer::new())?,
                };
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(First(first))
            }
        }

        deserializer.deserialize_seq(FirstVisitor(PhantomData))
    }
}
