//! What a handler knows of the call that it answers.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use serde::Serialize;
use wirebahn_core::wamp::{InterruptOptions, InvocationDetails, Payload, RequestId, YieldOptions, message};

use crate::wamp::shared::{MAX_PIECES, Shared};
use crate::wamp::{Error, Interrupted, IntoReply};

/// A call that a handler answers.
#[derive(Clone)]
pub struct Invocation {
    shared: Arc<Shared>,
    request: RequestId,
    /// Circumstances.
    details: Arc<InvocationDetails>,
    payload: Payload,
    state: Arc<InvocationState>,
}

impl Invocation {
    pub(super) fn new(
        shared: Arc<Shared>,
        invocation: message::Invocation,
        state: Arc<InvocationState>,
    ) -> Self {
        let message::Invocation { request, details, payload, .. } = invocation;
        Self { shared, request, details: Arc::new(details), payload, state }
    }

    wirebahn_adapter::invocation_accessors!();

    /// A way to send the result in pieces, if the caller wants that.
    #[must_use]
    pub fn progress(&self) -> Option<ProgressSender> {
        self.details
            .receive_progress
            .then(|| ProgressSender { shared: Arc::clone(&self.shared), request: self.request })
    }

    /// The next piece of the arguments; `None` after the last one, and if they came all at once. Cancel-safe.
    pub async fn next_arguments(&self) -> Option<Payload> {
        poll_fn(|cx| self.state.poll_arguments(cx)).await
    }

    /// Waits until the caller does not want a result any more, or the session has ended.
    pub async fn interrupted(&self) -> Interrupted {
        poll_fn(|cx| self.state.poll_interrupted(cx)).await
    }

    /// Whether the caller does not want a result any more, or the session has ended.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        self.state.lock().interrupted.is_some()
    }
}

/// Sends pieces of a result.
#[derive(Clone)]
pub struct ProgressSender {
    shared: Arc<Shared>,
    request: RequestId,
}

impl ProgressSender {
    /// Sends a piece, once there is room.
    ///
    /// # Errors
    ///
    /// The caller does not want a result any more, the session has ended, or the piece cannot be encoded.
    pub async fn send(&self, piece: impl Serialize) -> Result<(), Error> {
        let payload = piece.into_reply(self.shared.serializer)?;
        self.send_payload(payload).await
    }

    /// Sends a piece with any arguments, once there is room.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn send_payload(&self, payload: Payload) -> Result<(), Error> {
        let mut payload = Some(payload);
        poll_fn(|cx| {
            self.shared.poll_operate(cx, |state| {
                let payload = payload.take().unwrap_or_default();
                let len = payload.len();
                let mut options = YieldOptions::default();
                options.progress = true;
                state.session.yield_result(self.request, options, payload)?;
                state.note_queued(len);
                Ok(())
            })
        })
        .await
    }
}

/// What the session tells a running handler.
pub(crate) struct InvocationState(Mutex<Told>);

#[derive(Default)]
struct Told {
    arguments: VecDeque<Payload>,
    /// More pieces of the arguments follow.
    is_open: bool,
    interrupted: Option<Interrupted>,
    wakers: Vec<Waker>,
}

impl InvocationState {
    pub(crate) fn new(invocation: &message::Invocation) -> Arc<Self> {
        let is_open = invocation.details.progress;
        Arc::new(Self(Mutex::new(Told { is_open, ..Told::default() })))
    }

    pub(crate) fn push_arguments(&self, piece: message::Invocation, wakers: &mut Vec<Waker>) {
        let mut told = self.lock();
        told.is_open = piece.details.progress;
        if told.arguments.len() < MAX_PIECES {
            told.arguments.push_back(piece.payload);
        } else {
            // A handler that takes no pieces must not make memory grow: it learns that some are missing.
            told.interrupted.get_or_insert_default();
        }
        wakers.append(&mut told.wakers);
    }

    pub(crate) fn interrupt(&self, options: InterruptOptions, wakers: &mut Vec<Waker>) {
        let mut told = self.lock();
        told.interrupted.get_or_insert_with(|| options.into());
        wakers.append(&mut told.wakers);
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll_arguments(&self, cx: &Context<'_>) -> Poll<Option<Payload>> {
        let mut told = self.lock();
        if let Some(piece) = told.arguments.pop_front() {
            return Poll::Ready(Some(piece));
        }
        if !told.is_open || told.interrupted.is_some() {
            return Poll::Ready(None);
        }
        told.wait(cx);
        Poll::Pending
    }

    fn poll_interrupted(&self, cx: &Context<'_>) -> Poll<Interrupted> {
        let mut told = self.lock();
        match &told.interrupted {
            Some(interrupted) => Poll::Ready(interrupted.clone()),
            None => {
                told.wait(cx);
                Poll::Pending
            }
        }
    }
}

impl Told {
    fn wait(&mut self, cx: &Context<'_>) {
        if !self.wakers.iter().any(|present| present.will_wake(cx.waker())) {
            self.wakers.push(cx.waker().clone());
        }
    }
}

impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invocation")
            .field("request", &self.request)
            .field("details", &self.details)
            .field("payload", &self.payload)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ProgressSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProgressSender").field("request", &self.request).finish_non_exhaustive()
    }
}
