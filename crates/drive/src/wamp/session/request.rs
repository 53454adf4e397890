//! A request from the moment it is made until it is answered.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use wirebahn_core::wamp::session::OperationError;
use wirebahn_core::wamp::{CancelMode, RequestId};

use super::Session;
use crate::wamp::Error;
use crate::wamp::shared::{Answer, OnGranted, State};

/// Makes a request once there is room, and waits for its answers. Dropping it forgets the request, and cancels a call.
pub(super) struct Request {
    session: Session,
    state: Phase,
    /// What becomes of a call that is dropped; `None` if this is no call.
    cancel: Option<CancelMode>,
}

enum Phase {
    Unsent(Option<Send>),
    Waiting(RequestId),
    /// Nobody waits any more, and who polls is to know why.
    Canceled,
    Done,
}

/// Makes the request; gives its number and what begins with its answer, or `None` if there is nothing to wait for.
type Send =
    Box<dyn FnOnce(&mut State) -> Result<Option<(RequestId, Option<OnGranted>)>, Error> + std::marker::Send>;

impl Request {
    pub(super) fn new(
        session: Session,
        send: impl FnOnce(&mut State) -> Result<Option<(RequestId, Option<OnGranted>)>, Error>
        + std::marker::Send
        + 'static,
    ) -> Self {
        Self { session, state: Phase::Unsent(Some(Box::new(send))), cancel: None }
    }

    /// One that failed before it was made.
    pub(super) fn failed(session: Session, error: Error) -> Self {
        Self::new(session, move |_| Err(error))
    }

    /// It is a call, and canceled like this when it is dropped.
    pub(super) const fn cancel_on_drop(mut self, mode: CancelMode) -> Self {
        self.cancel = Some(mode);
        self
    }

    pub(super) const fn session(&self) -> &Session {
        &self.session
    }

    /// Makes the request. Ready once it is made; gives its number if an answer is to come.
    pub(super) fn poll_sent(&mut self, cx: &Context<'_>) -> Poll<Result<Option<RequestId>, Error>> {
        let Phase::Unsent(send) = &mut self.state else {
            return Poll::Ready(Ok(match self.state {
                Phase::Waiting(request) => Some(request),
                _ => None,
            }));
        };
        let sent = ready!(self.session.shared().poll_operate(cx, |state| {
            let Some(send) = send.take() else { return Ok(None) };
            let Some((request, on_granted)) = send(state)? else { return Ok(None) };
            state.expect(request, on_granted);
            Ok(Some(request))
        }));
        self.state = match &sent {
            Ok(Some(request)) => Phase::Waiting(*request),
            _ => Phase::Done,
        };
        Poll::Ready(sent)
    }

    /// Cancels the call. With [`CancelMode::Kill`] what the callee says to that is still to come.
    pub(super) fn cancel(&mut self, mode: CancelMode) -> Result<(), Error> {
        match self.state {
            Phase::Unsent(_) => self.state = Phase::Canceled,
            Phase::Waiting(request) => {
                let canceled = Arc::clone(self.session.shared()).operate(|state| {
                    state.session.cancel(request, mode)?;
                    if mode != CancelMode::Kill {
                        state.forget(request);
                    }
                    Ok(())
                });
                match canceled {
                    // It has just been answered.
                    Err(OperationError::NoSuchRequest) => return Ok(()),
                    Err(error) => return Err(error.into()),
                    Ok(()) if mode != CancelMode::Kill => self.state = Phase::Canceled,
                    Ok(()) => {}
                }
            }
            Phase::Canceled | Phase::Done => {}
        }
        Ok(())
    }

    /// The next answer; `None` after the last one, and if none comes.
    pub(super) fn poll_answer(&mut self, cx: &Context<'_>) -> Poll<Option<Result<Answer, Error>>> {
        if let Phase::Unsent(_) = self.state
            && let Err(error) = ready!(self.poll_sent(cx))
        {
            return Poll::Ready(Some(Err(error)));
        }
        if let Phase::Canceled = self.state {
            self.state = Phase::Done;
            return Poll::Ready(Some(Err(Error::Canceled)));
        }
        let Phase::Waiting(request) = self.state else { return Poll::Ready(None) };
        let answer = ready!(self.session.shared().poll_answer(cx, request));
        if !matches!(answer, Ok(Answer::Piece(_))) {
            self.state = Phase::Done;
        }
        Poll::Ready(Some(answer))
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        let Phase::Waiting(request) = self.state else { return };
        let mode = self.cancel;
        Arc::clone(self.session.shared()).operate(|state| {
            state.forget(request);
            if let Some(mode) = mode
                && state.session.cancel(request, mode).is_err()
            {
                // A router that cannot kill is not asked to.
                let _ = state.session.cancel(request, CancelMode::Skip);
            }
        });
    }
}
