//! Calling procedures.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wirebahn_core::wamp::session::SessionEvent;
use wirebahn_core::wamp::{CallOptions, CancelMode, Payload, Uri};

use super::Session;
use super::request::Request;
use crate::wamp::shared::Answer;
use crate::wamp::{CallResult, Error};

/// A call to be made; see [`Session::call`]. Await it, or [`stream`](Self::stream) its pieces.
///
/// ```
/// # use std::time::Duration;
/// # use wirebahn_drive::wamp::{Error, Session};
/// # async fn run(session: Session) -> Result<(), Error> {
/// let report: String = session
///     .call("com.example.report", ("2026",))
///     .timeout(Duration::from_secs(30))
///     .on_progress(|piece| println!("{:?} %", piece.value::<u8>()))
///     .await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a call is made when it is awaited"]
pub struct Call<A, K, T> {
    session: Session,
    procedure: Uri,
    args: A,
    kwargs: K,
    options: CallOptions,
    timeout: Option<Duration>,
    cancel_mode: CancelMode,
    on_progress: Option<OnProgress>,
    result: PhantomData<fn() -> T>,
}

type OnProgress = Box<dyn FnMut(CallResult) + Send>;

impl<A, T> Call<A, (), T> {
    pub(super) fn new(session: Session, procedure: Uri, args: A) -> Self {
        Self {
            session,
            procedure,
            args,
            kwargs: (),
            options: CallOptions::default(),
            timeout: None,
            cancel_mode: CancelMode::KillNoWait,
            on_progress: None,
            result: PhantomData,
        }
    }

    /// Adds keyword arguments: a struct or a map.
    pub fn kwargs<K: Serialize>(self, kwargs: K) -> Call<A, K, T> {
        Call {
            session: self.session,
            procedure: self.procedure,
            args: self.args,
            kwargs,
            options: self.options,
            timeout: self.timeout,
            cancel_mode: self.cancel_mode,
            on_progress: self.on_progress,
            result: PhantomData,
        }
    }
}

impl<A: Serialize, K: Serialize, T> Call<A, K, T> {
    wirebahn_adapter::call_setters!();

    /// Hands each piece of the result to `handle` as it comes, on the task that awaits the call.
    pub fn on_progress(mut self, handle: impl FnMut(CallResult) + Send + 'static) -> Self {
        self.options.receive_progress = true;
        self.on_progress = Some(Box::new(handle));
        self
    }

    /// What becomes of the callee when the future is dropped before it is done. Default: it is interrupted
    /// ([`CancelMode::KillNoWait`]).
    pub const fn cancel_mode(mut self, mode: CancelMode) -> Self {
        self.cancel_mode = mode;
        self
    }

    /// The result as it is, with all its arguments.
    pub fn result(self) -> CallFuture<CallResult> {
        let (request, on_progress) = self.request();
        CallFuture { request, on_progress, convert: Ok }
    }

    /// A stream of the pieces of the result, the last of which is the result itself.
    pub fn stream(mut self) -> CallStream {
        self.options.receive_progress = true;
        CallStream { request: self.request().0 }
    }

    fn request(self) -> (Request, Option<OnProgress>) {
        let Self { session, procedure, options, timeout, cancel_mode, on_progress, .. } = self;
        let shared = session.shared();
        let (serializer, clock) = (shared.serializer, shared.clock);
        let payload = match Payload::encode(serializer, &self.args, &self.kwargs) {
            Ok(payload) => payload,
            Err(error) => return (Request::failed(session, error.into()), None),
        };
        let send = move |state: &mut super::super::shared::State| {
            let len = payload.len();
            let request = state.session.call(procedure, options, payload, timeout, clock())?;
            state.note_queued(len);
            Ok(Some((request, None)))
        };
        (Request::new(session, send).cancel_on_drop(cancel_mode), on_progress)
    }
}

impl<A: Serialize, K: Serialize, T: DeserializeOwned> IntoFuture for Call<A, K, T> {
    type Output = Result<T, Error>;
    type IntoFuture = CallFuture<T>;

    fn into_future(self) -> CallFuture<T> {
        let (request, on_progress) = self.request();
        CallFuture { request, on_progress, convert: |result| Ok(result.value()?) }
    }
}

/// Waits for the result of a call. Dropping it cancels the call.
#[must_use = "futures do nothing unless awaited"]
pub struct CallFuture<T> {
    request: Request,
    on_progress: Option<OnProgress>,
    convert: fn(CallResult) -> Result<T, Error>,
}

impl<T> CallFuture<T> {
    /// Cancels the call, which then ends with [`Error::Canceled`]; with [`CancelMode::Kill`] it ends with what the callee
    /// answers to being interrupted, be it an error or, if it was done by then, the result.
    ///
    /// # Errors
    ///
    /// The router cannot cancel, and the mode needs it: the call goes on.
    pub fn cancel(&mut self, mode: CancelMode) -> Result<(), Error> {
        self.request.cancel(mode)
    }
}

impl<T> Future for CallFuture<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, Error>> {
        loop {
            let Some(answer) = ready!(self.request.poll_answer(cx)) else {
                panic!("a call was polled after it had ended");
            };
            match take(answer) {
                Ok((piece, true)) => {
                    if let Some(handle) = &mut self.on_progress {
                        handle(piece);
                    }
                }
                Ok((result, false)) => return Poll::Ready((self.convert)(result)),
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

/// The pieces of the result of a call, the last of which is the result itself. Dropping it cancels the call.
#[must_use = "streams do nothing unless polled"]
pub struct CallStream {
    request: Request,
}

impl CallStream {
    /// Cancels the call, which then ends with [`Error::Canceled`]; with [`CancelMode::Kill`] it ends with what the callee
    /// answers to being interrupted, be it an error or, if it was done by then, the result.
    ///
    /// # Errors
    ///
    /// The router cannot cancel, and the mode needs it: the call goes on.
    pub fn cancel(&mut self, mode: CancelMode) -> Result<(), Error> {
        self.request.cancel(mode)
    }

    /// The next piece; `None` after the last one, or after an error. Cancel-safe.
    pub async fn next(&mut self) -> Option<Result<CallResult, Error>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl Stream for CallStream {
    type Item = Result<CallResult, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let answer = ready!(self.request.poll_answer(cx));
        Poll::Ready(answer.map(|answer| take(answer).map(|(result, _)| result)))
    }
}

/// The result, and whether more of it follows.
fn take(answer: Result<Answer, Error>) -> Result<(CallResult, bool), Error> {
    match answer? {
        Answer::Piece(piece) => Ok((piece.into(), true)),
        Answer::Event(SessionEvent::Result(result)) => Ok((result.into(), false)),
        Answer::Event(SessionEvent::RequestFailed(error)) => Err(error.into()),
        Answer::Overrun => Err(Error::Overrun),
        Answer::Event(_) => Err(Error::TimedOut),
    }
}

impl<A, K, T> fmt::Debug for Call<A, K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("procedure", &self.procedure)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for CallFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallFuture").finish_non_exhaustive()
    }
}

impl fmt::Debug for CallStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallStream").finish_non_exhaustive()
    }
}
