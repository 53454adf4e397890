//! A request from the moment it is made until it is answered.

use std::sync::Arc;

use wirebahn_adapter::wamp::Error;
use wirebahn_core::Instant;
use wirebahn_core::wamp::{CancelMode, RequestId};

use super::Session;
use super::shared::State;
use super::tables::{Answer, OnGranted};

/// A request that was made. Dropping it forgets the request, and cancels a call.
pub(super) struct Request {
    session: Session,
    id: RequestId,
    /// When the session has something to do about it.
    timer: Option<Instant>,
    /// What becomes of a call that is dropped; `None` if this is no call.
    cancel: Option<CancelMode>,
    is_answered: bool,
}

impl Request {
    /// Makes a request once there is room; gives up waiting for it at `timer`.
    pub(super) fn new(
        session: Session,
        timer: Option<Instant>,
        on_granted: Option<OnGranted>,
        send: impl FnOnce(&mut State) -> Result<RequestId, Error>,
    ) -> Result<Self, Error> {
        let id = session.shared().expect(timer, on_granted, send)?;
        Ok(Self { session, id, timer, cancel: None, is_answered: false })
    }

    /// It is a call, and canceled like this when it is dropped.
    pub(super) const fn cancel_on_drop(mut self, mode: CancelMode) -> Self {
        self.cancel = Some(mode);
        self
    }

    pub(super) const fn session(&self) -> &Session {
        &self.session
    }

    pub(super) const fn id(&self) -> RequestId {
        self.id
    }

    /// Waits for the next answer; `None` after the last one.
    pub(super) fn answer(&mut self) -> Option<Result<Answer, Error>> {
        if self.is_answered {
            return None;
        }
        let answer = self.session.shared().wait_answer(self.id, self.timer);
        self.is_answered = !matches!(answer, Ok(Answer::Piece(_)));
        Some(answer)
    }

    /// Waits for the only answer.
    pub(super) fn only_answer(mut self) -> Result<Answer, Error> {
        self.answer().unwrap_or(Err(Error::Canceled))
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if self.is_answered {
            return;
        }
        let (id, mode) = (self.id, self.cancel);
        Arc::clone(self.session.shared()).operate_in_passing(|state| {
            state.forget(id);
            if let Some(mode) = mode
                && state.engine.session().cancel(id, mode).is_err()
            {
                // A router that cannot kill is not asked to.
                let _ = state.engine.session().cancel(id, CancelMode::Skip);
            }
        });
    }
}
