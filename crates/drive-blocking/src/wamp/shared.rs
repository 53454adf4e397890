//! What the handles of a session and its threads share.

use std::fmt;
use std::sync::{Arc, MutexGuard};
use std::thread::Thread;
use std::time::Duration;

use wirebahn_adapter::wamp::Error;
use wirebahn_core::wamp::session::OperationError;
use wirebahn_core::wamp::{CancelMode, RequestId, Serializer};
use wirebahn_core::{Engine, Instant, Transport};

use super::any_stream::AnyStream;
use super::peer::AnyPeer;
use super::tables::{Answer, OnGranted, Tables};
use crate::shared_socket::{LONGEST_READ, ReadHalf, SharedSocket, SocketState, Written};
use crate::socket::now;

/// A wait without limit is cut into pieces of this length.
const LONG: Duration = Duration::from_secs(24 * 60 * 60);

/// One session.
pub(crate) struct Shared {
    socket: SharedSocket<AnyPeer, Tables, AnyStream>,
    pub(crate) serializer: Serializer,
}

pub(crate) type State = SocketState<AnyPeer, Tables>;

impl Shared {
    pub(crate) fn new(socket: SharedSocket<AnyPeer, Tables, AnyStream>, serializer: Serializer) -> Arc<Self> {
        Arc::new(Self { socket, serializer })
    }

    /// Looks at the state.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.socket.lock()
    }

    /// Reads until the session and its connection have ended.
    pub(crate) fn read(self: &Arc<Self>, mut half: ReadHalf<AnyStream>) {
        loop {
            let mut state = self.lock();
            let is_over = state.engine.transport() == Transport::Close;
            if is_over {
                // Of a transport that has ended there is nothing to come but the last event.
                state.engine.session().handle_disconnect();
            }
            self.settle(state);
            if is_over {
                return self.socket.end();
            }
            half.turn(&self.socket, None);
        }
    }

    /// Does something that may bring messages about, and sends them. Gives up sending at `give_up`, if the router does not
    /// read: the rest leaves when it does.
    pub(crate) fn operate<T>(
        self: &Arc<Self>,
        give_up: Option<Instant>,
        operation: impl FnOnce(&mut State) -> T,
    ) -> T {
        let mut state = self.lock();
        let result = operation(&mut state);
        self.settle(state);
        self.socket.write_if_nobody_does(give_up);
        result
    }

    /// As [`operate`](Self::operate), for what nobody waits for: it does not wait for the router either.
    pub(crate) fn operate_in_passing<T>(self: &Arc<Self>, operation: impl FnOnce(&mut State) -> T) -> T {
        self.operate(Some(now()), operation)
    }

    /// Waits for room, until `give_up` at most, and then does something that takes some of it.
    pub(crate) fn request<T>(
        self: &Arc<Self>,
        give_up: Option<Instant>,
        operation: impl FnOnce(&mut State) -> Result<T, Error>,
    ) -> Result<T, Error> {
        loop {
            let mut state = self.lock();
            if let Some(left) = &state.extra.left {
                return Err(Error::Ended(Arc::clone(left)));
            }
            if state.engine.is_ready() {
                let result = operation(&mut state);
                self.settle(state);
                self.socket.write_if_nobody_does(give_up);
                return result;
            }
            drop(state);
            if self.socket.write_if_nobody_does(give_up) == Written::Blocked {
                return Err(Error::TimedOut);
            }
            // Somebody else is writing, or the connection is ending, which the reader is about to tell.
            let mut state = self.lock();
            if !state.engine.is_ready() && state.extra.left.is_none() {
                let left = give_up.map(|give_up| give_up.saturating_duration_since(now()));
                if left.is_some_and(|left| left.is_zero()) {
                    return Err(Error::TimedOut);
                }
                self.socket.wait_for_room(state, left.unwrap_or(LONGEST_READ).min(LONGEST_READ));
            }
        }
    }

    /// Waits for the next answer to a request. `timer` is when the session has something to do about it.
    pub(crate) fn wait_answer(
        self: &Arc<Self>,
        request: RequestId,
        mut timer: Option<Instant>,
    ) -> Result<Answer, Error> {
        loop {
            let mut state = self.lock();
            if let Some(answer) = state.extra.take_answer(request) {
                return Ok(answer);
            }
            if state.extra.left.is_some() || !state.extra.await_answer(request) {
                state.extra.waiting.remove(&request);
                return Err(state.extra.ended_error());
            }
            drop(state);
            match timer.map(|timer| timer.saturating_duration_since(now())) {
                None => std::thread::park(),
                Some(Duration::ZERO) => {
                    timer = None;
                    self.run_timers();
                }
                Some(left) => std::thread::park_timeout(left),
            }
        }
    }

    /// Waits until `look` finds something; looks again whenever the session begins, is challenged or ends.
    pub(crate) fn watch<T>(self: &Arc<Self>, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
        loop {
            if let Some(found) = self.watch_until(now() + LONG, &mut look) {
                return found;
            }
        }
    }

    /// As [`watch`](Self::watch), until `give_up` at most.
    pub(crate) fn watch_until<T>(
        self: &Arc<Self>,
        give_up: Instant,
        mut look: impl FnMut(&mut State) -> Option<T>,
    ) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(found) = look(&mut state) {
                return Some(found);
            }
            let now = now();
            if give_up <= now {
                return None;
            }
            let due = state.engine.poll_timeout().map_or(give_up, |due| due.min(give_up));
            let left = due.saturating_duration_since(now);
            state = if left.is_zero() {
                drop(state);
                self.run_timers();
                self.lock()
            } else {
                self.socket.wait_for_change(state, left)
            };
        }
    }

    fn run_timers(self: &Arc<Self>) {
        self.operate_in_passing(|state| state.engine.handle_timeout(now()));
    }

    /// Ends a call at this end: whoever waits for it waits no more, unless the callee is to answer.
    pub(crate) fn cancel(self: &Arc<Self>, request: RequestId, mode: CancelMode) {
        self.operate_in_passing(|state| {
            let session = state.engine.session();
            let canceled = match session.cancel(request, mode) {
                // A router that cannot cancel is not asked to.
                Err(OperationError::NotSupported(_)) => session.cancel(request, CancelMode::Skip),
                // The callee's answer follows.
                Ok(()) if mode == CancelMode::Kill => return,
                canceled => canceled,
            };
            let mut threads = Vec::new();
            if canceled.is_ok() {
                state.extra.answer(request, Answer::Canceled, &mut threads);
            }
            threads.iter().for_each(Thread::unpark);
        });
    }

    /// From now on someone waits for the answer.
    pub(crate) fn expect(
        self: &Arc<Self>,
        give_up: Option<Instant>,
        on_granted: Option<OnGranted>,
        send: impl FnOnce(&mut State) -> Result<RequestId, Error>,
    ) -> Result<RequestId, Error> {
        self.request(give_up, |state| {
            let request = send(state)?;
            state.extra.expect(request, on_granted);
            Ok(request)
        })
    }

    /// Hands out what there is to tell, and lets go of the state.
    fn settle(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        let mut threads = Vec::new();
        let has_changed = self.dispatch(&mut state, &mut threads);
        drop(state);
        threads.iter().for_each(Thread::unpark);
        if has_changed {
            self.socket.note_change();
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut state = self.lock();
        f.debug_struct("Session")
            .field("id", &state.engine.session().id())
            .field("serializer", &self.serializer)
            .field("left", &state.extra.left)
            .finish_non_exhaustive()
    }
}
