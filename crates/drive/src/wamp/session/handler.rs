//! From invocations to handlers, and from what they return to answers.

use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wirebahn_core::wamp::session::OperationError;
use wirebahn_core::wamp::{
    Dict, EncodeError, ErrorDetails, Payload, Serializer, Uri, Value, YieldOptions, error_uri, message,
};

use super::invocation::{Invocation, InvocationState};
use crate::wamp::shared::Shared;

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
/// use wirebahn_drive::wamp::{InvocationError, Reply};
///
/// async fn divide((a, b): (i64, i64)) -> Result<Reply<(i64, i64)>, InvocationError> {
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
        shared.operate(|state| {
            state.invocations.remove(&request);
            // An error means that nobody waits for the answer any more.
            let answered = match result {
                Ok(payload) => state.session.yield_result(request, YieldOptions::default(), payload),
                Err(error) => {
                    let payload = error.payload(serializer);
                    state.session.yield_error(request, error.uri, ErrorDetails::default(), payload)
                }
            };
            if let Err(OperationError::PayloadTooLong { .. }) = answered {
                let uri = Uri::from_static(error_uri::PAYLOAD_SIZE_EXCEEDED);
                let _ = state.session.yield_error(request, uri, ErrorDetails::default(), Payload::empty());
            }
        });
    })
}

/// A panic of a handler is an error for its caller, and for nobody else.
async fn catch_panic(mut running: HandlerFuture) -> Result<Payload, InvocationError> {
    std::future::poll_fn(move |cx| match catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(cx))) {
        Ok(polled) => polled,
        Err(_) => Poll::Ready(Err(InvocationError::panicked())),
    })
    .await
}

/// What a procedure fails with: the URI and the arguments of an error.
///
/// Any error of the application converts to one with `?`: it becomes `wamp.error.runtime_error` with its text, as
/// Autobahn's exceptions do. For a URI of your own map it first:
///
/// ```
/// use wirebahn_drive::wamp::InvocationError;
///
/// async fn sqrt((x,): (f64,)) -> Result<f64, InvocationError> {
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
        self.args.push(to_value(arg));
        self
    }

    /// Adds a keyword argument. One that cannot be encoded becomes null.
    #[must_use]
    pub fn kwarg(mut self, key: impl Into<String>, value: &impl Serialize) -> Self {
        self.kwargs.insert(key, to_value(value));
        self
    }

    /// The URI.
    #[must_use]
    pub const fn uri(&self) -> &Uri {
        &self.uri
    }

    fn invalid_argument(error: &dyn fmt::Display) -> Self {
        Self::new(Uri::from_static(error_uri::INVALID_ARGUMENT)).message(error.to_string())
    }

    /// The text of a panic stays here: it may say what is no caller's business.
    fn panicked() -> Self {
        Self::new(Uri::from_static(error_uri::RUNTIME_ERROR)).message("the procedure panicked")
    }

    fn payload(&self, serializer: Serializer) -> Payload {
        // Values can always be encoded.
        Payload::encode(serializer, &self.args, &self.kwargs).unwrap_or_else(|_| Payload::empty())
    }
}

fn to_value(value: &impl Serialize) -> Value {
    let payload = Payload::encode_args(Serializer::Cbor, &(value,));
    let values = payload.ok().and_then(|payload| payload.args::<(Value,)>().ok());
    values.map_or(Value::Null, |(value,)| value)
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
