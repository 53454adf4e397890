//! Handlers of calls.

use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use wirebahn_adapter::wamp::{ErrorConversion, IntoReply, InvocationError, TypedHandler};
use wirebahn_core::wamp::{Payload, Serializer};

use super::invocation::Invocation;

/// A procedure, as a function of its arguments: `|(a, b): (i64, i64)| Ok(a + b)`.
///
/// The arguments are a tuple, or anything else that is made of a list. Behind them a function may take the
/// [`Invocation`], for who calls, keyword arguments, pieces of a result, and being canceled. What it returns is a single
/// value that becomes the first argument of the result, or an [`InvocationError`], to which `?` converts any error.
///
/// `M` tells the two kinds of function apart, and is never written.
pub trait Handler<M>: Send + Sync + 'static {
    /// Handles one invocation.
    ///
    /// # Errors
    ///
    /// What the caller gets instead of a result.
    fn handle(&self, invocation: Invocation, serializer: Serializer) -> Result<Payload, InvocationError>;
}

impl<F, A, T> Handler<(A,)> for F
where
    F: Fn(A) -> Result<T, InvocationError> + Send + Sync + 'static,
    A: DeserializeOwned,
    T: IntoReply,
{
    fn handle(&self, invocation: Invocation, serializer: Serializer) -> Result<Payload, InvocationError> {
        let args = invocation.args().map_err(|error| InvocationError::invalid_argument(&error))?;
        Ok(self(args)?.into_reply(serializer)?)
    }
}

impl<F, A, T> Handler<(A, Invocation)> for F
where
    F: Fn(A, Invocation) -> Result<T, InvocationError> + Send + Sync + 'static,
    A: DeserializeOwned,
    T: IntoReply,
{
    fn handle(&self, invocation: Invocation, serializer: Serializer) -> Result<Payload, InvocationError> {
        let args = invocation.args().map_err(|error| InvocationError::invalid_argument(&error))?;
        Ok(self(args, invocation)?.into_reply(serializer)?)
    }
}

impl<F, C, A, T, E> Handler<(A,)> for TypedHandler<F, C>
where
    F: Fn(A) -> Result<T, E> + Send + Sync + 'static,
    C: ErrorConversion<E> + Send + Sync + 'static,
    A: DeserializeOwned,
    T: IntoReply,
{
    fn handle(&self, invocation: Invocation, serializer: Serializer) -> Result<Payload, InvocationError> {
        let args = invocation.args().map_err(|error| InvocationError::invalid_argument(&error))?;
        let value = (self.function)(args).map_err(|error| self.conversion.convert(error))?;
        Ok(value.into_reply(serializer)?)
    }
}

/// A handler whose type does not matter any more.
pub(super) trait Procedure: Send + Sync {
    fn call(&self, invocation: Invocation, serializer: Serializer) -> Result<Payload, InvocationError>;
}

struct Erased<H, M> {
    handler: H,
    kind: PhantomData<fn() -> M>,
}

impl<M: 'static, H: Handler<M>> Procedure for Erased<H, M> {
    fn call(&self, invocation: Invocation, serializer: Serializer) -> Result<Payload, InvocationError> {
        self.handler.handle(invocation, serializer)
    }
}

pub(super) fn erase<M: 'static, H: Handler<M>>(handler: H) -> Arc<dyn Procedure> {
    Arc::new(Erased { handler, kind: PhantomData })
}
