//! Errors of applications, from Rust types to URIs and back.

use std::error::Error as StdError;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wirebahn_core::wamp::{Uri, Value};

use super::arguments::to_value;
use super::{Error, InvocationError, RequestError};

/// An error type that has a URI: a callee fails with it, and its caller gets the same back.
///
/// It has named fields, which travel as keyword arguments, or none; its text travels as the first argument, where everybody
/// else has it. Errors with other arguments overwrite the two methods.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use wirebahn_adapter::wamp::{Error, WampError, typed};
///
/// #[derive(Debug, Serialize, Deserialize)]
/// struct Overdrawn {
///     missing: u64,
/// }
///
/// impl WampError for Overdrawn {
///     const URI: &'static str = "com.example.error.overdrawn";
/// }
/// # impl std::error::Error for Overdrawn {}
/// # impl std::fmt::Display for Overdrawn {
/// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "{} are missing", self.missing) }
/// # }
///
/// // In a callee, where it is registered as `typed(withdraw)`; an `async fn` where sessions are asynchronous.
/// fn withdraw((amount,): (u64,)) -> Result<u64, Overdrawn> {
///     100_u64.checked_sub(amount).ok_or_else(|| Overdrawn { missing: amount - 100 })
/// }
/// let handler = typed(withdraw);
///
/// // In a caller.
/// fn explain(error: &Error) {
///     if let Some(Overdrawn { missing }) = error.typed() {
///         println!("{missing} more are needed");
///     }
/// }
/// # let _ = (handler, explain);
/// ```
///
/// The crate of the derives is `serde`, with its feature `derive`.
pub trait WampError: StdError + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The URI of the error.
    const URI: &'static str;

    /// What a callee fails with. Fields that cannot be encoded are left out.
    fn to_invocation_error(&self) -> InvocationError {
        let mut error = InvocationError::new(Uri::from_static(Self::URI)).message(self.to_string());
        if let Ok(Value::Dict(fields)) = to_value(self) {
            for (name, value) in fields.iter() {
                error = error.kwarg(name, value);
            }
        }
        error
    }

    /// What a caller gets, of an error with this URI; `None` if its arguments are not those of this type.
    #[must_use]
    fn from_request_error(error: &RequestError) -> Option<Self> {
        error.kwargs().ok()
    }
}

/// What [`typed`](super::typed) handlers may fail with: any [`WampError`]; an enum of several of them, which hands this on.
pub trait IntoInvocationError {
    /// What the callee fails with.
    fn into_invocation_error(self) -> InvocationError;
}

impl<E: WampError> IntoInvocationError for E {
    fn into_invocation_error(self) -> InvocationError {
        self.to_invocation_error()
    }
}

impl Error {
    /// The error as this type, if it has its URI and its arguments.
    #[must_use]
    pub fn typed<E: WampError>(&self) -> Option<E> {
        match self {
            Self::Request(error) if error.uri == E::URI => E::from_request_error(error),
            _ => None,
        }
    }
}
