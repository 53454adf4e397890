//! What procedures come back with.

use serde::Serialize;
use wirebahn_core::wamp::{EncodeError, Payload, Serializer};

/// Something that a handler can return: one value, which becomes the only argument of the result, or a [`Reply`] with all
/// there is to it.
pub trait IntoReply {
    /// The payload of the result.
    ///
    /// # Errors
    ///
    /// It cannot be encoded.
    fn into_reply(self, serializer: Serializer) -> Result<Payload, EncodeError>;
}

impl<T: Serialize> IntoReply for T {
    fn into_reply(self, serializer: Serializer) -> Result<Payload, EncodeError> {
        Payload::encode_args(serializer, &(self,))
    }
}

/// A result with any number of arguments, and with keyword arguments.
///
/// ```
/// use wirebahn_adapter::wamp::{InvocationError, Reply};
///
/// fn divide((a, b): (i64, i64)) -> Result<Reply<(i64, i64)>, InvocationError> {
///     Ok(Reply::new((a / b, a % b)))
/// }
/// # let _ = divide;
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Reply<A, K = ()> {
    /// A tuple, or anything else that becomes a list.
    pub args: A,
    /// A struct, or anything else that becomes a dict.
    pub kwargs: K,
}

impl<A> Reply<A> {
    /// A result with these arguments.
    pub const fn new(args: A) -> Self {
        Self { args, kwargs: () }
    }

    /// Adds keyword arguments.
    pub fn kwargs<K>(self, kwargs: K) -> Reply<A, K> {
        Reply { args: self.args, kwargs }
    }
}

impl<A: Serialize, K: Serialize> IntoReply for Reply<A, K> {
    fn into_reply(self, serializer: Serializer) -> Result<Payload, EncodeError> {
        Payload::encode(serializer, &self.args, &self.kwargs)
    }
}
