//! Handlers whose errors are converted to what the caller gets.

use super::{IntoInvocationError, InvocationError};

/// A handler whose errors have their own URIs. Without it, `?` makes `wamp.error.runtime_error` of them, as of any error.
///
/// It is a function of the arguments alone, whose errors are [`IntoInvocationError`]; it is registered as any other
/// handler. Handlers that take the invocation, too, convert their errors themselves, by
/// `map_err(IntoInvocationError::into_invocation_error)`.
pub const fn typed<F>(handler: F) -> TypedHandler<F> {
    TypedHandler::new(handler, OwnUri)
}

/// A handler, and how its errors become what the caller gets; see [`typed`] and
/// [`ErrorRegistry::handler`](super::ErrorRegistry::handler).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TypedHandler<F, C = OwnUri> {
    /// The function of the arguments.
    pub function: F,
    /// What becomes of its errors.
    pub conversion: C,
}

impl<F, C> TypedHandler<F, C> {
    /// This function, with its errors converted like this.
    pub const fn new(function: F, conversion: C) -> Self {
        Self { function, conversion }
    }
}

/// From errors of the type `E` to what callers get.
pub trait ErrorConversion<E> {
    /// What the caller gets.
    fn convert(&self, error: E) -> InvocationError;
}

/// The conversion of errors that have their own URIs.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct OwnUri;

impl<E: IntoInvocationError> ErrorConversion<E> for OwnUri {
    fn convert(&self, error: E) -> InvocationError {
        error.into_invocation_error()
    }
}
