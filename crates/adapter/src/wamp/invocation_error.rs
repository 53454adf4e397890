//! What procedures fail with.

use std::fmt;

use serde::Serialize;
use wirebahn_core::wamp::{Dict, Payload, Serializer, Uri, Value, error_uri};

use super::arguments::to_value;

/// What a procedure fails with: the URI and the arguments of an error.
///
/// Any error of the application converts to one with `?`: it becomes `wamp.error.runtime_error` with its text, as
/// Autobahn's exceptions do. For a URI of your own map it first:
///
/// ```
/// use wirebahn_adapter::wamp::InvocationError;
///
/// fn sqrt((x,): (f64,)) -> Result<f64, InvocationError> {
///     if x < 0.0 {
///         return Err(InvocationError::new("com.example.negative").message("x must not be negative").arg(&x));
///     }
///     Ok(x.sqrt())
/// }
/// # let _ = sqrt;
/// ```
pub struct InvocationError {
    uri: Uri,
    /// Each argument, encoded when the serializer is known.
    args: Vec<Value>,
    kwargs: Dict,
}

impl InvocationError {
    /// An error with this URI.
    #[must_use]
    pub fn new(uri: impl Into<Uri>) -> Self {
        Self { uri: uri.into(), args: Vec::new(), kwargs: Dict::new() }
    }

    /// Adds a text for humans as an argument.
    #[must_use]
    pub fn message(mut self, text: impl Into<String>) -> Self {
        self.args.push(Value::String(text.into()));
        self
    }

    /// Adds an argument. One that cannot be encoded becomes null.
    #[must_use]
    pub fn arg(mut self, arg: &impl Serialize) -> Self {
        self.args.push(value_or_null(arg));
        self
    }

    /// Adds a keyword argument. One that cannot be encoded becomes null.
    #[must_use]
    pub fn kwarg(mut self, key: impl Into<String>, value: &impl Serialize) -> Self {
        self.kwargs.insert(key, value_or_null(value));
        self
    }

    /// The URI.
    #[must_use]
    pub const fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The arguments are not what the procedure takes.
    #[must_use]
    pub fn invalid_argument(error: &dyn fmt::Display) -> Self {
        Self::new(Uri::from_static(error_uri::INVALID_ARGUMENT)).message(error.to_string())
    }

    /// The procedure panicked. The text of a panic stays here: it may say what is no caller's business.
    #[must_use]
    pub fn panicked() -> Self {
        Self::new(Uri::from_static(error_uri::RUNTIME_ERROR)).message("the procedure panicked")
    }

    /// The arguments of the error.
    #[must_use]
    pub fn payload(&self, serializer: Serializer) -> Payload {
        // Values can always be encoded.
        Payload::encode(serializer, &self.args, &self.kwargs).unwrap_or_else(|_| Payload::empty())
    }
}

fn value_or_null(value: &impl Serialize) -> Value {
    to_value(value).unwrap_or(Value::Null)
}

/// Not `std::error::Error` itself, so that every error can be converted to it.
impl<E: std::error::Error> From<E> for InvocationError {
    fn from(error: E) -> Self {
        Self::new(Uri::from_static(error_uri::RUNTIME_ERROR)).message(error.to_string())
    }
}

impl fmt::Debug for InvocationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InvocationError")
            .field("uri", &self.uri)
            .field("args", &self.args)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for InvocationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.uri, f)
    }
}
