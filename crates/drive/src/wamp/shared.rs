//! What the handles of a session and its driver share.

use std::collections::{HashMap, VecDeque};
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use wirebahn_core::Instant;
use wirebahn_core::wamp::message::{self, Message, Welcome};
use wirebahn_core::wamp::session::{Challenge, Left, Session, SessionEvent};
use wirebahn_core::wamp::{RegistrationId, RequestId, Serializer, SubscriptionId};

use super::session::{EventQueue, InvocationState, Procedure};
use super::{Error, Spawn};

/// How many messages may wait for the driver; further requests wait for room. More only cost memory: the driver takes all
/// of them at once.
pub const MAX_QUEUED_MESSAGES: usize = 1024;

/// How many bytes of payload may wait for the driver; further requests wait for room. A single one may exceed it.
pub const MAX_QUEUED_BYTES: usize = 256 * 1024;

/// How many pieces of a result may wait to be taken: a caller that asked for them and does not take them must not make
/// memory grow without end.
pub const MAX_PIECES: usize = 65_536;

/// One session.
pub(crate) struct Shared {
    state: Mutex<State>,
    pub(crate) serializer: Serializer,
    pub(crate) spawn: Spawn,
    pub(crate) clock: fn() -> Instant,
}

pub(crate) struct State {
    pub(crate) session: Session,
    /// Requests that someone waits for.
    waiting: HashMap<RequestId, Waiting>,
    subscriptions: HashMap<SubscriptionId, Vec<Arc<EventQueue>>>,
    pub(crate) procedures: HashMap<RegistrationId, Arc<dyn Procedure>>,
    pub(crate) invocations: HashMap<RequestId, Arc<InvocationState>>,
    pub(crate) joined: Option<Arc<Welcome>>,
    challenge: Option<Challenge>,
    pub(crate) left: Option<Arc<Left>>,
    /// Bytes of payload in the session's queue.
    queued_bytes: usize,
    driver: Option<Waker>,
    /// Whoever waits for room.
    room: Vec<Waker>,
    watchers: Watchers,
}

/// Whoever waits for being joined, for the end, and the like.
#[derive(Default)]
struct Watchers {
    wakers: HashMap<u64, Waker>,
    next_id: u64,
}

/// Someone who waits for the answer to a request.
#[derive(Default)]
struct Waiting {
    answers: VecDeque<Answer>,
    waker: Option<Waker>,
    on_granted: Option<OnGranted>,
}

/// What begins with the answer itself, before anything that follows it: no event may get lost.
#[derive(Clone)]
pub(crate) enum OnGranted {
    Events(Arc<EventQueue>),
    Calls(Arc<dyn Procedure>),
}

/// The answer to a request, or a piece of it.
#[derive(Debug)]
pub(crate) enum Answer {
    Piece(message::Result),
    Event(SessionEvent),
    Overrun,
}

/// What is to be done once the lock is free.
#[derive(Default)]
pub(crate) struct Aftermath {
    pub(crate) wakers: Vec<Waker>,
    pub(crate) invocations: Vec<(Arc<dyn Procedure>, message::Invocation, Arc<InvocationState>)>,
}

impl Shared {
    pub(crate) fn new(
        session: Session,
        serializer: Serializer,
        spawn: Spawn,
        clock: fn() -> Instant,
    ) -> Arc<Self> {
        let state = State {
            session,
            waiting: HashMap::new(),
            subscriptions: HashMap::new(),
            procedures: HashMap::new(),
            invocations: HashMap::new(),
            joined: None,
            challenge: None,
            left: None,
            queued_bytes: 0,
            driver: None,
            room: Vec::new(),
            watchers: Watchers::default(),
        };
        Arc::new(Self { state: Mutex::new(state), serializer, spawn, clock })
    }

    /// Looks at the state, or changes it in a way that the driver needs not to know.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something that gives the driver work.
    pub(crate) fn operate<T>(&self, operation: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let result = operation(&mut state);
        let driver = state.driver.take();
        drop(state);
        // Outside the lock: a waker may do as it pleases.
        if let Some(driver) = driver {
            driver.wake();
        }
        result
    }

    /// Waits for room, and then does something that takes some of it.
    pub(crate) fn poll_operate<T>(
        &self,
        cx: &Context<'_>,
        operation: impl FnOnce(&mut State) -> Result<T, Error>,
    ) -> Poll<Result<T, Error>> {
        let mut state = self.lock();
        if let Some(left) = &state.left {
            return Poll::Ready(Err(Error::Ended(Arc::clone(left))));
        }
        if !state.has_room() {
            remember(&mut state.room, cx.waker());
            return Poll::Pending;
        }
        let result = operation(&mut state);
        let driver = state.driver.take();
        drop(state);
        if let Some(driver) = driver {
            driver.wake();
        }
        Poll::Ready(result)
    }

    /// The next answer to a request that was made.
    pub(crate) fn poll_answer(&self, cx: &Context<'_>, request: RequestId) -> Poll<Result<Answer, Error>> {
        let mut state = self.lock();
        let Some(waiting) = state.waiting.get_mut(&request) else {
            return Poll::Ready(Err(state.ended_error()));
        };
        if let Some(answer) = waiting.answers.pop_front() {
            if !matches!(answer, Answer::Piece(_)) {
                state.waiting.remove(&request);
            }
            return Poll::Ready(Ok(answer));
        }
        if state.left.is_some() {
            state.waiting.remove(&request);
            return Poll::Ready(Err(state.ended_error()));
        }
        if let Some(waiting) = state.waiting.get_mut(&request) {
            waiting.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Waits until `look` finds something; looks again whenever the session begins, is challenged or ends.
    pub(crate) fn watch<T, F: FnMut(&mut State) -> Option<T>>(self: &Arc<Self>, look: F) -> Watch<F> {
        Watch { shared: Arc::clone(self), look, id: None }
    }
}

/// See [`Shared::watch`]. Sessions last long: of one that is dropped, nothing stays.
pub(crate) struct Watch<F> {
    shared: Arc<Shared>,
    look: F,
    /// Its place among the watchers.
    id: Option<u64>,
}

impl<T, F: FnMut(&mut State) -> Option<T> + Unpin> Future for Watch<F> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let watch = self.get_mut();
        let mut state = watch.shared.lock();
        if let Some(found) = (watch.look)(&mut state) {
            return Poll::Ready(found);
        }
        let watchers = &mut state.watchers;
        let id = *watch.id.get_or_insert_with(|| {
            watchers.next_id += 1;
            watchers.next_id
        });
        let before = watchers.wakers.insert(id, cx.waker().clone());
        // Outside the lock: with a waker its task may go, and whatever that has.
        drop(state);
        drop(before);
        Poll::Pending
    }
}

impl<F> Drop for Watch<F> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            let waker = self.shared.lock().watchers.wakers.remove(&id);
            drop(waker);
        }
    }
}

impl State {
    fn has_room(&self) -> bool {
        self.session.queued_messages() < MAX_QUEUED_MESSAGES && self.queued_bytes < MAX_QUEUED_BYTES
    }

    pub(crate) fn note_queued(&mut self, payload_len: usize) {
        self.queued_bytes += payload_len;
    }

    /// From now on someone waits for the answer.
    pub(crate) fn expect(&mut self, request: RequestId, on_granted: Option<OnGranted>) {
        self.waiting.insert(request, Waiting { on_granted, ..Waiting::default() });
    }

    /// Nobody waits any more: what was granted in the meantime is given back.
    pub(crate) fn forget(&mut self, request: RequestId) {
        let Some(waiting) = self.waiting.remove(&request) else { return };
        match (waiting.answers.front(), waiting.on_granted) {
            (
                Some(Answer::Event(SessionEvent::Subscribed { subscription, .. })),
                Some(OnGranted::Events(queue)),
            ) => {
                self.drop_subscriber(*subscription, &queue);
            }
            (Some(Answer::Event(SessionEvent::Registered { registration, .. })), _) => {
                self.drop_procedure(*registration);
            }
            _ => {}
        }
    }

    /// Calls of the procedure do not go to its handler any more, and the router is asked to send none.
    pub(crate) fn drop_procedure(&mut self, id: RegistrationId) -> Option<RequestId> {
        self.procedures.remove(&id)?;
        // An error means that the session or the registration has ended.
        self.session.unregister(id).ok()
    }

    pub(crate) fn take_challenge(&mut self) -> Option<Challenge> {
        self.challenge.take()
    }

    /// Ends what a subscriber has: events go to it no more, and the router is asked to send none.
    pub(crate) fn drop_subscriber(
        &mut self,
        id: SubscriptionId,
        queue: &Arc<EventQueue>,
    ) -> Option<RequestId> {
        let queues = self.subscriptions.get_mut(&id)?;
        let position = queues.iter().position(|other| Arc::ptr_eq(other, queue))?;
        queues.swap_remove(position);
        if queues.is_empty() {
            self.subscriptions.remove(&id);
        }
        // An error means that the session or the subscription has ended.
        self.session.unsubscribe(id).ok().flatten()
    }

    pub(crate) fn ended_error(&self) -> Error {
        match &self.left {
            Some(left) => Error::Ended(Arc::clone(left)),
            None => Error::Operation(wirebahn_core::wamp::session::OperationError::NoSuchRequest),
        }
    }

    /// The driver takes messages, up to `room`.
    pub(crate) fn take_messages(&mut self, limit: usize, out: &mut Vec<Message>) {
        while out.len() < limit
            && let Some(message) = self.session.poll_message()
        {
            out.push(message);
        }
        if self.session.queued_messages() == 0 {
            self.queued_bytes = 0;
        }
    }

    pub(crate) fn set_driver(&mut self, waker: &Waker) {
        match &mut self.driver {
            Some(present) => present.clone_from(waker),
            None => self.driver = Some(waker.clone()),
        }
    }

    /// Hands out what the session has to tell.
    pub(crate) fn dispatch(&mut self, after: &mut Aftermath) {
        while let Some(event) = self.session.poll_event() {
            self.dispatch_event(event, after);
        }
        if self.has_room() {
            after.wakers.append(&mut self.room);
        }
    }

    fn dispatch_event(&mut self, event: SessionEvent, after: &mut Aftermath) {
        match event {
            SessionEvent::Result(result) if result.details.progress => {
                self.answer(result.request, Answer::Piece(result), after);
            }
            SessionEvent::Result(message::Result { request, .. })
            | SessionEvent::RequestFailed(message::Error { request, .. })
            | SessionEvent::CallTimedOut { request }
            | SessionEvent::Published { request, .. }
            | SessionEvent::Unsubscribed { request }
            | SessionEvent::Unregistered { request } => {
                self.answer(request, Answer::Event(event), after);
            }
            SessionEvent::Subscribed { request, subscription } => {
                match self.grant(request) {
                    Some(OnGranted::Events(queue)) => {
                        self.subscriptions.entry(subscription).or_default().push(queue);
                        self.answer(request, Answer::Event(event), after);
                    }
                    // Whoever asked has gone: nobody wants it.
                    _ => {
                        let _ = self.session.unsubscribe(subscription);
                    }
                }
            }
            SessionEvent::Registered { request, registration } => match self.grant(request) {
                Some(OnGranted::Calls(procedure)) => {
                    self.procedures.insert(registration, procedure);
                    self.answer(request, Answer::Event(event), after);
                }
                _ => {
                    let _ = self.session.unregister(registration);
                }
            },
            SessionEvent::Event(event) => self.deliver(&event, after),
            SessionEvent::Invocation(invocation) => self.invoke(invocation, after),
            SessionEvent::Interrupt { request, options } => {
                if let Some(invocation) = self.invocations.get(&request) {
                    invocation.interrupt(options, &mut after.wakers);
                }
                if !self.session.awaits_answer(request) {
                    self.invocations.remove(&request);
                }
            }
            SessionEvent::SubscriptionRevoked { subscription, reason } => {
                for queue in self.subscriptions.remove(&subscription).unwrap_or_default() {
                    queue.end(reason.clone(), &mut after.wakers);
                }
            }
            SessionEvent::RegistrationRevoked { registration, .. } => {
                self.procedures.remove(&registration);
                self.watchers.wake(after);
            }
            SessionEvent::Joined(welcome) => {
                self.joined = Some(Arc::from(welcome));
                self.watchers.wake(after);
            }
            SessionEvent::Challenge(challenge) => {
                self.challenge = Some(challenge);
                self.watchers.wake(after);
            }
            SessionEvent::Left(left) => self.end(left, after),
            _ => {}
        }
    }

    fn grant(&self, request: RequestId) -> Option<OnGranted> {
        self.waiting.get(&request)?.on_granted.clone()
    }

    fn answer(&mut self, request: RequestId, answer: Answer, after: &mut Aftermath) {
        let Some(waiting) = self.waiting.get_mut(&request) else { return };
        if waiting.answers.len() >= MAX_PIECES {
            waiting.answers.clear();
            waiting.answers.push_back(Answer::Overrun);
            // The call may have been answered already; then there is nothing to cancel.
            let _ = self.session.cancel(request, wirebahn_core::wamp::CancelMode::KillNoWait);
        } else {
            waiting.answers.push_back(answer);
        }
        after.wakers.extend(waiting.waker.take());
    }

    fn deliver(&self, event: &message::Event, after: &mut Aftermath) {
        for queue in self.subscriptions.get(&event.subscription).into_iter().flatten() {
            queue.push(event.clone(), &mut after.wakers);
        }
    }

    fn invoke(&mut self, invocation: message::Invocation, after: &mut Aftermath) {
        let request = invocation.request;
        if let Some(state) = self.invocations.get(&request) {
            return state.push_arguments(invocation, &mut after.wakers);
        }
        match self.procedures.get(&invocation.registration) {
            Some(procedure) => {
                let state = InvocationState::new(&invocation);
                self.invocations.insert(request, Arc::clone(&state));
                after.invocations.push((Arc::clone(procedure), invocation, state));
            }
            // The handle was dropped, and the invocation has crossed the UNREGISTER.
            None => {
                let error = wirebahn_core::wamp::error_uri::NO_SUCH_REGISTRATION.into();
                let empty = wirebahn_core::wamp::Payload::empty();
                let _ = self.session.yield_error(request, error, Default::default(), empty);
            }
        }
    }

    /// Nothing is answered any more: whoever waits learns of it.
    fn end(&mut self, left: Left, after: &mut Aftermath) {
        self.left = Some(Arc::new(left));
        after.wakers.extend(self.waiting.values_mut().filter_map(|waiting| waiting.waker.take()));
        for queue in mem::take(&mut self.subscriptions).into_values().flatten() {
            queue.end(None, &mut after.wakers);
        }
        for invocation in mem::take(&mut self.invocations).into_values() {
            invocation.interrupt(Default::default(), &mut after.wakers);
        }
        self.procedures.clear();
        after.wakers.append(&mut self.room);
        self.watchers.wake(after);
    }
}

impl Watchers {
    fn wake(&mut self, after: &mut Aftermath) {
        after.wakers.extend(self.wakers.drain().map(|(_, waker)| waker));
    }
}

/// Adds a waker unless it is there.
fn remember(wakers: &mut Vec<Waker>, waker: &Waker) {
    if !wakers.iter().any(|present| present.will_wake(waker)) {
        wakers.push(waker.clone());
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.lock();
        f.debug_struct("Session")
            .field("id", &state.session.id())
            .field("serializer", &self.serializer)
            .field("left", &state.left)
            .finish_non_exhaustive()
    }
}
