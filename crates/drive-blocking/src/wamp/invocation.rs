//! What a handler knows of the call that it answers.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use wirebahn_adapter::wamp::{Error, Interrupted, IntoReply};
use wirebahn_core::wamp::{InterruptOptions, InvocationDetails, Payload, RequestId, YieldOptions, message};

use super::pool::Job;
use super::shared::Shared;
use super::tables::MAX_PIECES;
use crate::TimedOut;

/// A call that a handler answers.
#[derive(Clone)]
pub struct Invocation {
    shared: Arc<Shared>,
    request: RequestId,
    details: Arc<InvocationDetails>,
    payload: Payload,
    state: Arc<InvocationState>,
}

impl Invocation {
    pub(super) fn new(shared: Arc<Shared>, job: Job) -> Self {
        let message::Invocation { request, details, payload, .. } = job.invocation;
        Self { shared, request, details: Arc::new(details), payload, state: job.state }
    }

    wirebahn_adapter::invocation_accessors!();

    /// A way to send the result in pieces, if the caller wants that.
    #[must_use]
    pub fn progress(&self) -> Option<ProgressSender> {
        self.details
            .receive_progress
            .then(|| ProgressSender { shared: Arc::clone(&self.shared), request: self.request })
    }

    /// Waits for the next piece of the arguments; `None` after the last one, and if they came all at once.
    #[must_use]
    pub fn next_arguments(&self) -> Option<Payload> {
        let mut told = self
            .state
            .wait_while(|told| told.arguments.is_empty() && told.is_open && told.interrupted.is_none());
        told.arguments.pop_front()
    }

    /// Waits until the caller does not want a result any more, or the session has ended; for `limit` at most.
    ///
    /// # Errors
    ///
    /// That was not so in time: go on.
    pub fn interrupted_timeout(&self, limit: Duration) -> Result<Interrupted, TimedOut> {
        let told = self.state.lock();
        let waited = self.state.changed.wait_timeout_while(told, limit, |told| told.interrupted.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.interrupted.clone().ok_or(TimedOut)
    }

    /// Waits until the caller does not want a result any more, or the session has ended.
    #[must_use]
    pub fn interrupted(&self) -> Interrupted {
        let told = self.state.wait_while(|told| told.interrupted.is_none());
        told.interrupted.clone().unwrap_or_default()
    }

    /// Whether the caller does not want a result any more, or the session has ended.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        self.state.is_interrupted()
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
    pub fn send(&self, piece: impl Serialize) -> Result<(), Error> {
        self.send_payload(piece.into_reply(self.shared.serializer)?)
    }

    /// Sends a piece with any arguments, once there is room.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_payload(&self, payload: Payload) -> Result<(), Error> {
        self.shared.request(None, |state| {
            let mut options = YieldOptions::default();
            options.progress = true;
            Ok(state.engine.session().yield_result(self.request, options, payload)?)
        })
    }
}

/// What the session tells a running handler.
pub(crate) struct InvocationState {
    told: Mutex<Told>,
    changed: Condvar,
}

#[derive(Default)]
struct Told {
    arguments: VecDeque<Payload>,
    /// More pieces of the arguments follow.
    is_open: bool,
    interrupted: Option<Interrupted>,
}

impl InvocationState {
    pub(super) fn new(invocation: &message::Invocation) -> Arc<Self> {
        let told = Told { is_open: invocation.details.progress, ..Told::default() };
        Arc::new(Self { told: Mutex::new(told), changed: Condvar::new() })
    }

    pub(super) fn push_arguments(&self, piece: message::Invocation) {
        let mut told = self.lock();
        told.is_open = piece.details.progress;
        if told.arguments.len() < MAX_PIECES {
            told.arguments.push_back(piece.payload);
        } else {
            // A handler that takes no pieces must not make memory grow: it learns that some are missing.
            told.interrupted.get_or_insert_default();
        }
        drop(told);
        self.changed.notify_all();
    }

    pub(super) fn interrupt(&self, options: InterruptOptions) {
        self.lock().interrupted.get_or_insert_with(|| options.into());
        self.changed.notify_all();
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.lock().interrupted.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_while(&self, mut is_unchanged: impl FnMut(&Told) -> bool) -> MutexGuard<'_, Told> {
        let waited = self.changed.wait_while(self.lock(), |told| is_unchanged(told));
        waited.unwrap_or_else(PoisonError::into_inner)
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
