//! From invocations to handlers, and from what they return to answers.

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use serde::de::DeserializeOwned;
use wirebahn_core::wamp::session::OperationError;
use wirebahn_core::wamp::{
    ErrorDetails, Payload, RequestId, Serializer, Uri, YieldOptions, error_uri, message,
};

use super::invocation::{Invocation, InvocationState};
use crate::wamp::shared::{Shared, State};
use crate::wamp::{ErrorConversion, IntoReply, InvocationError, TypedHandler};

/// A procedure, as a function of its arguments: `|(a, b): (i64, i64)| async move { Ok(a + b) }`.
///
/// The arguments are a tuple, or anything else that is made of a list. Behind them a function may take the
/// [`Invocation`], for who calls, keyword arguments, pieces of a result, and being canceled. What it returns is a single
/// value that becomes the first argument of the result, or an [`InvocationError`], to which `?` converts any error.
///
/// `M` tells the two kinds of function apart, and is never written.
pub trait Handler<M>: Send + Sync + 'static {
    /// Handles one invocation.
    fn handle(&self, invocation: Invocation, serializer: Serializer) -> HandlerFuture;
}

/// Gives the payload of the result.
type HandlerFuture = Pin<Box<dyn Future<Output = Result<Payload, InvocationError>> + Send>>;

impl<F, A, R, T> Handler<(A,)> for F
where
    F: Fn(A) -> R + Send + Sync + 'static,
    A: DeserializeOwned,
    R: Future<Output = Result<T, InvocationError>> + Send + 'static,
    T: IntoReply,
{
    fn handle(&self, invocation: Invocation, serializer: Serializer) -> HandlerFuture {
        match invocation.args() {
            Ok(args) => reply(self(args), serializer),
            Err(error) => Box::pin(std::future::ready(Err(InvocationError::invalid_argument(&error)))),
        }
    }
}

impl<F, A, R, T> Handler<(A, Invocation)> for F
where
    F: Fn(A, Invocation) -> R + Send + Sync + 'static,
    A: DeserializeOwned,
    R: Future<Output = Result<T, InvocationError>> + Send + 'static,
    T: IntoReply,
{
    fn handle(&self, invocation: Invocation, serializer: Serializer) -> HandlerFuture {
        match invocation.args() {
            Ok(args) => reply(self(args, invocation), serializer),
            Err(error) => Box::pin(std::future::ready(Err(InvocationError::invalid_argument(&error)))),
        }
    }
}

impl<F, C, A, R, T, E> Handler<(A,)> for TypedHandler<F, C>
where
    F: Fn(A) -> R + Send + Sync + 'static,
    C: ErrorConversion<E> + Clone + Send + Sync + 'static,
    A: DeserializeOwned,
    R: Future<Output = Result<T, E>> + Send + 'static,
    T: IntoReply,
{
    fn handle(&self, invocation: Invocation, serializer: Serializer) -> HandlerFuture {
        let args = match invocation.args() {
            Ok(args) => args,
            Err(error) => {
                return Box::pin(std::future::ready(Err(InvocationError::invalid_argument(&error))));
            }
        };
        let (running, conversion) = ((self.function)(args), self.conversion.clone());
        reply(async move { running.await.map_err(|error| conversion.convert(error)) }, serializer)
    }
}

fn reply<R, T>(result: R, serializer: Serializer) -> HandlerFuture
where
    R: Future<Output = Result<T, InvocationError>> + Send + 'static,
    T: IntoReply,
{
    Box::pin(async move { Ok(result.await?.into_reply(serializer)?) })
}

/// A handler whose type does not matter any more.
pub(crate) trait Procedure: Send + Sync {
    fn call(&self, invocation: Invocation, serializer: Serializer) -> HandlerFuture;
}

struct Erased<H, M> {
    handler: H,
    kind: PhantomData<fn() -> M>,
}

impl<M: 'static, H: Handler<M>> Procedure for Erased<H, M> {
    fn call(&self, invocation: Invocation, serializer: Serializer) -> HandlerFuture {
        self.handler.handle(invocation, serializer)
    }
}

pub(super) fn erase<M: 'static, H: Handler<M>>(handler: H) -> Arc<dyn Procedure> {
    Arc::new(Erased { handler, kind: PhantomData })
}

/// Runs a handler and sends what it returns.
pub(crate) fn run_procedure(
    shared: Arc<Shared>,
    procedure: &Arc<dyn Procedure>,
    invocation: message::Invocation,
    state: Arc<InvocationState>,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    let request = invocation.request;
    let serializer = shared.serializer;
    let invocation = Invocation::new(Arc::clone(&shared), invocation, state);
    let begun = catch_unwind(AssertUnwindSafe(|| procedure.call(invocation, serializer)));
    Box::pin(async move {
        let result = match begun {
            Ok(running) => catch_panic(running).await,
            Err(_) => Err(InvocationError::panicked()),
        };
        let mut result = Some(result);
        // An error means that the session has ended.
        let _ = std::future::poll_fn(|cx| {
            shared.poll_operate(cx, |state| {
                state.invocations.remove(&request);
                if let Some(result) = result.take() {
                    answer(state, request, result, serializer);
                }
                Ok(())
            })
        })
        .await;
    })
}

/// Queues the answer of a handler.
fn answer(
    state: &mut State,
    request: RequestId,
    result: Result<Payload, InvocationError>,
    serializer: Serializer,
) {
    let (session, len);
    // An error means that nobody waits for the answer any more.
    let answered = match result {
        Ok(payload) => {
            (session, len) = (&mut state.session, payload.len());
            session.yield_result(request, YieldOptions::default(), payload)
        }
        Err(error) => {
            let payload = error.payload(serializer);
            (session, len) = (&mut state.session, payload.len());
            session.yield_error(request, error.uri().clone(), ErrorDetails::default(), payload)
        }
    };
    match answered {
        Ok(()) => state.note_queued(len),
        Err(OperationError::PayloadTooLong { .. }) => {
            let uri = Uri::from_static(error_uri::PAYLOAD_SIZE_EXCEEDED);
            let _ = session.yield_error(request, uri, ErrorDetails::default(), Payload::empty());
        }
        Err(_) => {}
    }
}

/// A panic of a handler is an error for its caller, and for nobody else.
async fn catch_panic(mut running: HandlerFuture) -> Result<Payload, InvocationError> {
    std::future::poll_fn(move |cx| match catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(cx))) {
        Ok(polled) => polled,
        Err(_) => Poll::Ready(Err(InvocationError::panicked())),
    })
    .await
}
