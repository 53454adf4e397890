use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Poll, Waker};

use wirebahn_adapter::since_1970;
use wirebahn_core::Instant;
use wirebahn_core::wamp::Serializer;
use wirebahn_core::wamp::session::SessionConfig;
use wirebahn_router::{
    Answer, AnswerError, Outgoing, Question, QuestionId, Router, SessionKey, TransportInfo,
};

use super::{LocalWire, RouterConnection, RouterTimers, RouterWire};
use crate::Runtime;
use crate::wamp::{Driver, Session, Spawn, WireEvent};

/// A router that many tasks use: cheap to clone.
///
/// It needs [`timers`](Self::timers) to be running, and someone who answers [`question`](Self::question)s if it is
/// configured to ask any.
#[derive(Clone)]
pub struct RouterHandle {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    state: Mutex<State>,
    clock: fn() -> Instant,
    unsendable: AtomicU64,
}

pub(super) struct State {
    pub(super) router: Router,
    /// The tasks of the connections that wait.
    wakers: HashMap<SessionKey, Waker>,
    asker: Option<Waker>,
    /// The task that tells the time, and what it waits for.
    pub(super) timer: Option<Waker>,
    pub(super) armed: Option<Instant>,
}

/// What a connection has to do next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exchanged {
    /// Nothing should be read for now.
    pub(super) is_held: bool,
    /// The connection is gone.
    pub(super) is_closed: bool,
}

impl RouterHandle {
    /// Drives `router` by the clock of `R`, and tells it the date that the system has.
    #[must_use]
    pub fn new<R: Runtime>(mut router: Router) -> Self {
        router.set_date(R::now(), since_1970());
        let state = State { router, wakers: HashMap::new(), asker: None, timer: None, armed: None };
        let (state, unsendable) = (Mutex::new(state), AtomicU64::new(0));
        Self { shared: Arc::new(Shared { state, clock: R::now, unsendable }) }
    }

    /// The future that tells the router the time. Spawn it; it ends when the last other handle is dropped.
    pub fn timers<R: Runtime>(&self) -> RouterTimers<R> {
        RouterTimers::new(Arc::downgrade(&self.shared))
    }

    /// The future of a client's connection, which ends when the connection does. Dropping it drops the connection.
    pub fn serve<W: RouterWire>(&self, wire: W, transport: TransportInfo) -> RouterConnection<W> {
        let key = self.attach(transport);
        RouterConnection::new(self.clone(), key, wire)
    }

    /// Begins a session in this process: no socket, and nothing but arguments is serialized. Spawn the driver.
    pub fn join<R: Runtime>(&self, config: SessionConfig, spawn: Spawn) -> (Session, Driver<LocalWire, R>) {
        // What other sessions speak most, so that arguments need not be made into something else.
        let serializer = Serializer::MsgPack;
        let key = self.attach(TransportInfo::new(serializer));
        Driver::new(LocalWire::new(self.clone(), key), serializer, config, spawn)
    }

    /// The next thing that the router wants to know; answer it with [`answer`](Self::answer), now or later. Cancel-safe,
    /// but for one task only.
    pub async fn question(&self) -> Question {
        poll_fn(|cx| {
            let mut state = self.lock();
            match state.router.poll_question() {
                Some(question) => Poll::Ready(question),
                None => {
                    state.asker = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Answers a question.
    ///
    /// # Errors
    ///
    /// It is no answer to this question, or nobody waits for it any more.
    pub fn answer(&self, question: QuestionId, answer: Answer) -> Result<(), AnswerError> {
        self.with(|router, now| router.answer(question, answer, now))
    }

    /// Uses the router: for metrics, for realms, to shut it down. Whom that concerns is woken.
    ///
    /// `operation` runs under the lock of the router, for which every connection waits: it should be short, and must not use
    /// a handle of the same router, not even to print it.
    pub fn with<T>(&self, operation: impl FnOnce(&mut Router, Instant) -> T) -> T {
        let now = (self.shared.clock)();
        let mut wakers = Vec::new();
        let mut state = self.lock();
        let result = operation(&mut state.router, now);
        state.settle(None, &mut wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        result
    }

    /// How many messages were too long for the transport of those who were to get them. Callers were told; events were
    /// dropped.
    #[must_use]
    pub fn unsendable(&self) -> u64 {
        self.shared.unsendable.load(Ordering::Relaxed)
    }

    pub(super) fn note_unsendable(&self) {
        self.shared.unsendable.fetch_add(1, Ordering::Relaxed);
    }

    fn attach(&self, transport: TransportInfo) -> SessionKey {
        self.with(|router, now| {
            // It may have been set, or the system may have slept, since anybody has looked.
            router.set_date(now, since_1970());
            router.attach(transport, now)
        })
    }

    pub(super) fn detach(&self, key: SessionKey) {
        let now = (self.shared.clock)();
        let mut wakers = Vec::new();
        let mut state = self.lock();
        state.wakers.remove(&key);
        state.router.handle_detach(key, now);
        state.settle(None, &mut wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// One round of a connection under the lock: everything that came goes in, up to `limit` outputs come out; all of
    /// them once the router has done with the connection.
    pub(super) fn exchange(
        &self,
        key: SessionKey,
        waker: &Waker,
        received: impl Iterator<Item = WireEvent>,
        outgoing: &mut VecDeque<Outgoing>,
        limit: usize,
    ) -> Exchanged {
        let now = (self.shared.clock)();
        let mut wakers = Vec::new();
        let mut is_closed = false;
        let mut state = self.lock();
        for event in received {
            match event {
                WireEvent::Message(message) => state.router.handle_message(key, message, now),
                WireEvent::Malformed(malformed) => {
                    state.router.handle_malformed(key, malformed.to_string(), now);
                }
                WireEvent::Closed => {
                    is_closed = true;
                    state.router.handle_detach(key, now);
                }
            }
        }
        // A wire without room may never have any again: one that is to be closed does not wait for it.
        let is_closing = state.router.is_closing(key);
        while (is_closing || outgoing.len() < limit)
            && let Some(output) = state.router.poll_output(key)
        {
            outgoing.push_back(output);
        }
        state.settle(Some(key), &mut wakers);
        let is_held = state.router.is_held(key);
        if is_closed {
            state.wakers.remove(&key);
        } else {
            state.wakers.entry(key).or_insert_with(|| waker.clone()).clone_from(waker);
        }
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        Exchanged { is_held, is_closed }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Finds out whom the last inputs concern. `own` looks for itself.
    pub(super) fn settle(&mut self, own: Option<SessionKey>, wakers: &mut Vec<Waker>) {
        while let Some(key) = self.router.next_ready() {
            if own != Some(key) {
                wakers.extend(self.wakers.remove(&key));
            }
        }
        // They stay with the router, which withdraws those about sessions that go.
        if self.router.has_question() {
            wakers.extend(self.asker.take());
        }
        let is_earlier = match (self.router.poll_timeout(), self.armed) {
            (Some(due), Some(armed)) => due < armed,
            (due, None) => due.is_some(),
            (None, Some(_)) => false,
        };
        if is_earlier {
            wakers.extend(self.timer.take());
        }
    }
}

/// Nobody is left but the timers.
impl Drop for Shared {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(timer) = state.timer.take() {
            timer.wake();
        }
    }
}

pub(super) type WeakShared = Weak<Shared>;

impl fmt::Debug for RouterHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("RouterHandle")
            .field("connections", &state.router.connections())
            .finish_non_exhaustive()
    }
}
