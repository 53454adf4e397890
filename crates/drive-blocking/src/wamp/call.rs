//! Calling procedures.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wirebahn_adapter::wamp::{CallResult, Error};
use wirebahn_core::wamp::session::SessionEvent;
use wirebahn_core::wamp::{CallOptions, CancelMode, Payload, RequestId, Uri};

use super::Session;
use super::request::Request;
use super::shared::Shared;
use super::tables::Answer;
use crate::socket::now;

/// A call to be made; see [`Session::call`].
///
/// ```no_run
/// # use std::time::Duration;
/// # use wirebahn_blocking::wamp::{Error, Session};
/// # fn run(session: Session) -> Result<(), Error> {
/// let report: String = session
///     .call("com.example.report", ("2026",))
///     .timeout(Duration::from_secs(30))
///     .on_progress(|piece| println!("{:?} %", piece.value::<u8>()))
///     .wait()?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a call is made by `wait` or `start`"]
pub struct Call<A, K> {
    session: Session,
    procedure: Uri,
    args: A,
    kwargs: K,
    options: CallOptions,
    timeout: Option<Duration>,
    cancel_mode: CancelMode,
    on_progress: Option<OnProgress>,
}

type OnProgress = Box<dyn FnMut(CallResult) + Send>;

impl<A> Call<A, ()> {
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
        }
    }

    /// Adds keyword arguments: a struct or a map.
    pub fn kwargs<K: Serialize>(self, kwargs: K) -> Call<A, K> {
        Call {
            session: self.session,
            procedure: self.procedure,
            args: self.args,
            kwargs,
            options: self.options,
            timeout: self.timeout,
            cancel_mode: self.cancel_mode,
            on_progress: self.on_progress,
        }
    }
}

impl<A: Serialize, K: Serialize> Call<A, K> {
    wirebahn_adapter::call_setters!();

    /// Hands each piece of the result to `handle` as it comes, on the thread that waits for the result.
    pub fn on_progress(mut self, handle: impl FnMut(CallResult) + Send + 'static) -> Self {
        self.options.receive_progress = true;
        self.on_progress = Some(Box::new(handle));
        self
    }

    /// What becomes of the callee when a call that was started is dropped before it is done. Default: it is interrupted
    /// ([`CancelMode::KillNoWait`]).
    pub const fn cancel_mode(mut self, mode: CancelMode) -> Self {
        self.cancel_mode = mode;
        self
    }

    /// Makes the call and waits for its result: the first argument of it, decoded into whatever type is wanted.
    ///
    /// # Errors
    ///
    /// What the router or the callee answered instead, or why there is no answer.
    pub fn wait<T: DeserializeOwned>(self) -> Result<T, Error> {
        Ok(self.result()?.value()?)
    }

    /// Makes the call and waits for its result as it is, with all its arguments.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait).
    pub fn result(mut self) -> Result<CallResult, Error> {
        let mut on_progress = self.on_progress.take();
        let mut call = self.make()?;
        loop {
            match call.next_part()? {
                Part::Piece(piece) => {
                    if let Some(handle) = &mut on_progress {
                        handle(piece);
                    }
                }
                Part::Result(result) => return Ok(result),
            }
        }
    }

    /// Makes the call, and does not wait: what this gives is an iterator of the pieces of the result, the last of which is
    /// the result itself.
    ///
    /// ```no_run
    /// # use wirebahn_blocking::wamp::{Error, Session};
    /// # fn run(session: Session) -> Result<(), Error> {
    /// for piece in session.call("com.example.countdown", (10,)).start()? {
    ///     println!("{}", piece?.value::<u32>()?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The call cannot be made.
    pub fn start(mut self) -> Result<StartedCall, Error> {
        self.options.receive_progress = true;
        self.make()
    }

    fn make(self) -> Result<StartedCall, Error> {
        let Self { session, procedure, options, timeout, cancel_mode, .. } = self;
        let payload = Payload::encode(session.serializer(), &self.args, &self.kwargs)?;
        let start = now();
        let request = Request::new(session, timeout.map(|timeout| start + timeout), None, |state| {
            Ok(state.engine.session().call(procedure, options, payload, timeout, start)?)
        })?;
        Ok(StartedCall { request: request.cancel_on_drop(cancel_mode) })
    }
}

/// A call that was made: the pieces of its result, the last of which is the result itself. Dropping it cancels the call.
pub struct StartedCall {
    request: Request,
}

enum Part {
    Piece(CallResult),
    Result(CallResult),
}

impl StartedCall {
    /// Waits for the result itself, and passes over the pieces that come before it.
    ///
    /// # Errors
    ///
    /// As [`Call::wait`].
    pub fn result(mut self) -> Result<CallResult, Error> {
        loop {
            if let Part::Result(result) = self.next_part()? {
                return Ok(result);
            }
        }
    }

    /// Cancels the call from elsewhere.
    #[must_use]
    pub fn canceler(&self) -> Canceler {
        Canceler { shared: Arc::clone(self.request.session().shared()), request: self.request.id() }
    }

    fn next_part(&mut self) -> Result<Part, Error> {
        self.request.answer().map_or(Err(Error::Canceled), take)
    }
}

impl Iterator for StartedCall {
    type Item = Result<CallResult, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let answer = self.request.answer()?;
        Some(take(answer).map(|part| match part {
            Part::Piece(result) | Part::Result(result) => result,
        }))
    }
}

/// Cancels a call that another thread waits for.
#[derive(Clone)]
pub struct Canceler {
    shared: Arc<Shared>,
    request: RequestId,
}

impl Canceler {
    /// Cancels the call, unless it is done. With [`CancelMode::Kill`] whoever waits for it gets what the callee answers
    /// then; otherwise [`Error::Canceled`], at once.
    pub fn cancel(&self, mode: CancelMode) {
        self.shared.cancel(self.request, mode);
    }
}

fn take(answer: Result<Answer, Error>) -> Result<Part, Error> {
    match answer? {
        Answer::Piece(piece) => Ok(Part::Piece(piece.into())),
        Answer::Event(SessionEvent::Result(result)) => Ok(Part::Result(result.into())),
        Answer::Event(SessionEvent::RequestFailed(error)) => Err(error.into()),
        Answer::Overrun => Err(Error::Overrun),
        Answer::Canceled => Err(Error::Canceled),
        Answer::Event(_) => Err(Error::TimedOut),
    }
}

impl<A, K> fmt::Debug for Call<A, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("procedure", &self.procedure)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for StartedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartedCall").field("request", &self.request.id()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Canceler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceler").field("request", &self.request).finish_non_exhaustive()
    }
}
