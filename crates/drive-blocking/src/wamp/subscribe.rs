//! Subscribing to topics.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wirebahn_adapter::wamp::{EVENT_CAPACITY, Error, Event, Overflow};
use wirebahn_core::wamp::session::SessionEvent;
use wirebahn_core::wamp::{SubscribeOptions, SubscriptionId, Text, Uri, message};

use super::Session;
use super::request::Request;
use super::tables::{Answer, OnGranted};
use crate::TimedOut;

/// A subscription to be made; see [`Session::subscribe`].
///
/// ```no_run
/// # use wirebahn_blocking::wamp::{Error, Session};
/// # fn run(session: Session) -> Result<(), Error> {
/// let all_news = session.subscribe("com.example.news.").prefix().get_retained().wait()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a subscription is made by `wait`"]
pub struct Subscribe {
    session: Session,
    topic: Uri,
    options: SubscribeOptions,
    capacity: usize,
    overflow: Overflow,
}

impl Subscribe {
    pub(super) fn new(session: Session, topic: Uri) -> Self {
        let (options, overflow) = (SubscribeOptions::default(), Overflow::default());
        Self { session, topic, options, capacity: EVENT_CAPACITY, overflow }
    }

    wirebahn_adapter::subscribe_setters!();

    /// Subscribes, and waits for the router to confirm it.
    ///
    /// # Errors
    ///
    /// The session has ended, or the router refuses.
    pub fn wait(self) -> Result<Subscription, Error> {
        let Self { session, topic, options, capacity, overflow } = self;
        let queue = Arc::new(EventQueue::new(capacity, overflow));
        let granted = OnGranted::Events(Arc::clone(&queue));
        let subscribed = topic.clone();
        let request = Request::new(session.clone(), None, Some(granted), |state| {
            Ok(state.engine.session().subscribe(subscribed, options)?)
        })?;
        match request.only_answer()? {
            Answer::Event(SessionEvent::Subscribed { subscription, .. }) => {
                Ok(Subscription { session, id: subscription, topic, queue })
            }
            Answer::Event(SessionEvent::RequestFailed(error)) => Err(error.into()),
            _ => Err(Error::Canceled),
        }
    }
}

/// The events of a topic, as an iterator that waits for them. Dropping it unsubscribes.
///
/// It ends when the session does, and when the router takes the subscription back.
#[derive(Debug)]
pub struct Subscription {
    session: Session,
    id: SubscriptionId,
    topic: Uri,
    queue: Arc<EventQueue>,
}

impl Subscription {
    /// Waits for the next event; `None` once no more can come.
    pub fn recv(&mut self) -> Option<Event> {
        self.queue.pop()
    }

    /// As [`recv`](Self::recv), for `limit` at most.
    ///
    /// # Errors
    ///
    /// No event came in time. Nothing is lost either.
    pub fn recv_timeout(&mut self, limit: Duration) -> Result<Option<Event>, TimedOut> {
        self.queue.pop_timeout(limit)
    }

    /// The number of the subscription.
    #[must_use]
    pub const fn id(&self) -> SubscriptionId {
        self.id
    }

    /// The topic, or the pattern of topics.
    #[must_use]
    pub const fn topic(&self) -> &Uri {
        &self.topic
    }

    /// How many events were dropped because they were not taken in time.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.queue.lock().missed
    }

    /// Why the router took the subscription back, if it did and says so.
    #[must_use]
    pub fn revoked(&self) -> Option<Text> {
        self.queue.lock().reason.clone()
    }

    /// Unsubscribes and waits for the router to confirm it. Dropping the subscription does not wait.
    ///
    /// # Errors
    ///
    /// The session has ended.
    pub fn unsubscribe(self) -> Result<(), Error> {
        let shared = Arc::clone(self.session.shared());
        let asked = shared.request(None, |state| {
            let request = state.drop_subscriber(self.id, &self.queue);
            request.into_iter().for_each(|request| state.extra.expect(request, None));
            Ok(request)
        })?;
        match asked.map(|request| shared.wait_answer(request, None)).transpose()? {
            Some(Answer::Event(SessionEvent::RequestFailed(error))) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Hands each event to `handle`, one after the other, on a thread of its own. Dropping what it returns unsubscribes.
    ///
    /// # Errors
    ///
    /// The system starts no more threads.
    pub fn on_event(self, mut handle: impl FnMut(Event) + Send + 'static) -> io::Result<Handled> {
        let queue = Arc::clone(&self.queue);
        std::thread::Builder::new().name("wamp events".into()).spawn(move || self.for_each(&mut handle))?;
        Ok(Handled { queue: Some(queue) })
    }
}

impl Iterator for Subscription {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        self.recv()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let (id, queue) = (self.id, &self.queue);
        // Nobody waits for the answer.
        self.session.shared().operate_in_passing(|state| state.drop_subscriber(id, queue));
    }
}

/// A subscription whose events are handled on a thread of its own. Dropping it unsubscribes, once the event that is being
/// handled is done.
#[derive(Debug)]
#[must_use = "dropping it unsubscribes"]
pub struct Handled {
    queue: Option<Arc<EventQueue>>,
}

impl Handled {
    /// Keeps handling events until the session ends.
    pub fn detach(mut self) {
        self.queue = None;
    }
}

impl Drop for Handled {
    fn drop(&mut self) {
        let Some(queue) = &self.queue else { return };
        queue.lock().events.clear();
        queue.end(None);
    }
}

/// The events that wait for one subscriber.
pub(crate) struct EventQueue {
    state: Mutex<QueueState>,
    /// Told when there is an event, and when there will be none.
    changed: Condvar,
    capacity: usize,
    overflow: Overflow,
}

#[derive(Default)]
struct QueueState {
    events: VecDeque<message::Event>,
    missed: u64,
    has_ended: bool,
    reason: Option<Text>,
}

impl EventQueue {
    fn new(capacity: usize, overflow: Overflow) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), capacity: capacity.max(1), overflow }
    }

    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, event: message::Event) {
        let mut state = self.lock();
        if state.has_ended {
            return;
        }
        if state.events.len() >= self.capacity {
            state.missed += 1;
            match self.overflow {
                Overflow::DropNewest => return,
                _ => drop(state.events.pop_front()),
            }
        }
        state.events.push_back(event);
        drop(state);
        self.changed.notify_one();
    }

    pub(super) fn end(&self, reason: Option<Text>) {
        let mut state = self.lock();
        state.has_ended = true;
        state.reason = reason;
        drop(state);
        self.changed.notify_all();
    }

    fn pop(&self) -> Option<Event> {
        let waited = self.changed.wait_while(self.lock(), |state| state.is_waiting());
        waited.unwrap_or_else(PoisonError::into_inner).events.pop_front().map(Into::into)
    }

    fn pop_timeout(&self, limit: Duration) -> Result<Option<Event>, TimedOut> {
        let waited = self.changed.wait_timeout_while(self.lock(), limit, |state| state.is_waiting());
        let (mut state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() { Err(TimedOut) } else { Ok(state.events.pop_front().map(Into::into)) }
    }
}

impl QueueState {
    fn is_waiting(&self) -> bool {
        self.events.is_empty() && !self.has_ended
    }
}

impl fmt::Debug for EventQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("EventQueue")
            .field("waiting", &state.events.len())
            .field("missed", &state.missed)
            .finish_non_exhaustive()
    }
}
