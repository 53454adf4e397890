//! The future that does a session's work.

use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use wirebahn_core::wamp::Message;
use wirebahn_core::wamp::link::{LinkClose, LinkSendError};
use wirebahn_core::wamp::session::{Left, LeftCause, SessionConfig, SessionViolation};
use wirebahn_core::wamp::{Serializer, session};

use super::session::run_procedure;
use super::shared::{Aftermath, Shared};
use super::wire::{Wire, WireEvent};
use super::{Session, Spawn};
use crate::Runtime;
use crate::alarm::Alarm;

/// How many messages are taken out of the session's queue at a time.
const MESSAGES_AT_ONCE: usize = 64;

/// Does the work of one session: reads, hands out what came, writes, and runs timers. Spawn it, or let it
/// [`detach`](Self::detach); it ends when the session and its wire have ended, with how they did.
///
/// Handlers of procedures begin on the driver's task, so a short one costs no task of its own; one that has to wait goes
/// on in the background. Long computations belong elsewhere.
///
/// Dropping the driver drops the connection; the handles of its session then learn of the end.
#[must_use = "a session does nothing unless its driver is spawned"]
pub struct Driver<W, R: Runtime> {
    shared: Arc<Shared>,
    wire: W,
    alarm: Alarm<R::Timer>,
    received: Vec<WireEvent>,
    outgoing: Vec<Message>,
    /// Whether the wire had room when messages were last taken.
    had_room: bool,
    is_closing: bool,
    is_closed: bool,
}

impl<W: Wire, R: Runtime> Driver<W, R> {
    /// Begins a session over `wire`: its driver, and a handle.
    pub fn new(wire: W, serializer: Serializer, config: SessionConfig, spawn: Spawn) -> (Session, Self) {
        let mut session = session::Session::new(config, R::now());
        session.set_max_message_len(wire.max_message_len());
        let shared = Shared::new(session, serializer, spawn, R::now);
        let driver = Self {
            shared: Arc::clone(&shared),
            wire,
            alarm: Alarm::new(),
            received: Vec::new(),
            outgoing: Vec::new(),
            had_room: true,
            is_closing: false,
            is_closed: false,
        };
        (Session::new(shared), driver)
    }

    /// Runs the driver in the background, by the same means as handlers.
    pub fn detach(self)
    where
        W: Send + 'static,
        R: 'static,
        R::Timer: Send,
    {
        let spawn = Arc::clone(&self.shared.spawn);
        spawn(Box::pin(Detached(self)));
    }

    /// One round under the lock: what came goes in, answers and messages come out.
    fn exchange(&mut self, cx: &Context<'_>, after: &mut Aftermath) -> Option<wirebahn_core::Instant> {
        let mut state = self.shared.lock();
        let now = R::now();
        for event in self.received.drain(..) {
            match event {
                WireEvent::Message(message) => state.session.handle_message(message, now),
                WireEvent::Malformed(malformed) => state.session.handle_malformed(malformed),
                WireEvent::Closed => {
                    self.is_closed = true;
                    state.session.handle_disconnect();
                }
            }
            state.dispatch(after);
        }
        if state.session.poll_timeout().is_some_and(|deadline| deadline <= now) {
            state.session.handle_timeout(now);
        }
        state.dispatch(after);
        // The end of a session is worth a message that finds no room.
        self.had_room = self.outgoing.is_empty() && self.wire.is_ready();
        if self.had_room || state.session.has_ended() && self.outgoing.is_empty() {
            state.take_messages(MESSAGES_AT_ONCE, &mut self.outgoing);
            // What was taken may have made room for others.
            state.dispatch(after);
        }
        state.set_driver(cx.waker());
        state.session.poll_timeout()
    }

    /// Hands messages to the wire; says whether there were any.
    fn send(&mut self) -> bool {
        let before = self.outgoing.len();
        let mut messages = mem::take(&mut self.outgoing).into_iter();
        while let Some(message) = messages.next() {
            match self.wire.send(&message) {
                Err(LinkSendError::NotReady) => {
                    self.outgoing.push(message);
                    self.outgoing.extend(messages.by_ref());
                }
                Err(LinkSendError::MessageTooLong { .. }) => {
                    self.shared.lock().session.handle_unsent(message);
                }
                // A wire that has ended will say so.
                Ok(()) | Err(_) => {}
            }
        }
        self.outgoing.len() < before
    }

    fn close_if_ended(&mut self) {
        if self.is_closing || self.is_closed {
            return;
        }
        let state = self.shared.lock();
        let Some(left) = &state.left else { return };
        let (reason, is_sent) = (close_reason(left), state.session.queued_messages() == 0);
        drop(state);
        // A router that does not read may never make room for the rest.
        if !is_sent && self.wire.is_ready() {
            return;
        }
        self.outgoing.clear();
        self.is_closing = true;
        self.wire.close(reason);
    }

    /// Begins handlers. Those that are done at once cost no task.
    fn run(&self, after: &mut Aftermath) -> bool {
        let ran = !after.invocations.is_empty();
        for (procedure, invocation, state) in after.invocations.drain(..) {
            let mut running = run_procedure(Arc::clone(&self.shared), &procedure, invocation, state);
            let mut cx = Context::from_waker(Waker::noop());
            let polled = catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(&mut cx)));
            if let Ok(Poll::Pending) = polled {
                (self.shared.spawn)(running);
            }
        }
        ran
    }
}

impl<W: Wire, R: Runtime> Future for Driver<W, R>
where
    R::Timer: Unpin,
{
    type Output = Arc<Left>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Arc<Left>> {
        let driver = self.get_mut();
        loop {
            let mut after = Aftermath::default();
            let timeout = driver.exchange(cx, &mut after);
            after.wakers.drain(..).for_each(Waker::wake);
            let ran = driver.run(&mut after);
            let sent = driver.send();
            driver.close_if_ended();
            if driver.is_closed {
                let left = driver.shared.lock().left.clone();
                if let Some(left) = left {
                    return Poll::Ready(left);
                }
                continue;
            }
            if driver.wire.poll_recv(cx, &mut driver.received).is_ready() || ran || sent {
                continue;
            }
            if !driver.had_room && driver.wire.is_ready() {
                // It has got room since messages were taken: nobody else would say so.
                continue;
            }
            if timeout.is_some_and(|deadline| driver.alarm.poll(cx, deadline).is_ready()) {
                continue;
            }
            return Poll::Pending;
        }
    }
}

/// A driver whose outcome nobody waits for. Not an `async` block, which would take twice the memory.
struct Detached<W, R: Runtime>(Driver<W, R>);

impl<W: Wire, R: Runtime> Future for Detached<W, R> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx).map(drop)
    }
}

const fn close_reason(left: &Left) -> LinkClose {
    match &left.cause {
        LeftCause::Violation(SessionViolation::Malformed(malformed)) => malformed.link_close(),
        LeftCause::Violation(_) => LinkClose::Violation,
        _ => LinkClose::Done,
    }
}

/// Without a driver there is no session.
impl<W, R: Runtime> Drop for Driver<W, R> {
    fn drop(&mut self) {
        let mut after = Aftermath::default();
        let mut state = self.shared.lock();
        state.session.handle_disconnect();
        state.dispatch(&mut after);
        drop(state);
        after.wakers.drain(..).for_each(Waker::wake);
    }
}

impl<W: fmt::Debug, R: Runtime> fmt::Debug for Driver<W, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver")
            .field("wire", &self.wire)
            .field("is_closing", &self.is_closing)
            .finish_non_exhaustive()
    }
}
