//! Subscribing to topics.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use futures_core::Stream;
use wirebahn_adapter::wamp::EVENT_CAPACITY;
use wirebahn_core::wamp::session::SessionEvent;
use wirebahn_core::wamp::{SubscribeOptions, SubscriptionId, Text, Uri, message};

use super::Session;
use super::request::Request;
use crate::wamp::shared::{Answer, OnGranted};
use crate::wamp::{Error, Event, Overflow};

/// A subscription to be made; see [`Session::subscribe`].
///
/// ```
/// # use wirebahn_drive::wamp::{Error, Session};
/// # async fn run(session: Session) -> Result<(), Error> {
/// let all_news = session.subscribe("com.example.news.").prefix().get_retained().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a subscription is made when this is awaited"]
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
}

impl IntoFuture for Subscribe {
    type Output = Result<Subscription, Error>;
    type IntoFuture = SubscribeFuture;

    fn into_future(self) -> SubscribeFuture {
        let Self { session, topic, options, capacity, overflow } = self;
        let queue = Arc::new(EventQueue::new(capacity, overflow));
        let granted = Arc::clone(&queue);
        let subscribed_topic = topic.clone();
        let request = Request::new(session, move |state| {
            let request = state.session.subscribe(topic, options)?;
            Ok(Some((request, Some(OnGranted::Events(granted)))))
        });
        SubscribeFuture { request, queue, topic: subscribed_topic }
    }
}

/// Waits for a subscription to be granted. Dropping it gives the subscription back as soon as it is.
#[must_use = "futures do nothing unless awaited"]
pub struct SubscribeFuture {
    request: Request,
    queue: Arc<EventQueue>,
    topic: Uri,
}

impl Future for SubscribeFuture {
    type Output = Result<Subscription, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match ready!(self.request.poll_answer(cx)) {
            Some(Ok(Answer::Event(SessionEvent::Subscribed { subscription, .. }))) => Ok(Subscription {
                session: self.request.session().clone(),
                id: subscription,
                topic: self.topic.clone(),
                queue: Arc::clone(&self.queue),
            }),
            Some(Ok(Answer::Event(SessionEvent::RequestFailed(error)))) => Err(error.into()),
            Some(Err(error)) => Err(error),
            _ => panic!("a subscription was polled after it had been made"),
        })
    }
}

/// A stream of the events of a topic. Dropping it unsubscribes.
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
    /// The next event; `None` once no more can come. Cancel-safe.
    pub async fn next(&mut self) -> Option<Event> {
        std::future::poll_fn(|cx| self.queue.poll(cx)).await
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
    pub async fn unsubscribe(self) -> Result<(), Error> {
        let (session, id, queue) = (self.session.clone(), self.id, Arc::clone(&self.queue));
        let mut request = Request::new(session, move |state| {
            Ok(state.drop_subscriber(id, &queue).map(|request| (request, None)))
        });
        match std::future::poll_fn(|cx| request.poll_answer(cx)).await {
            Some(Ok(Answer::Event(SessionEvent::RequestFailed(error)))) => Err(error.into()),
            Some(Err(error)) => Err(error),
            _ => Ok(()),
        }
    }

    /// Hands each event to `handle`, one after the other, in the background. Dropping what it returns unsubscribes.
    #[must_use = "dropping it unsubscribes"]
    pub fn on_event<F>(mut self, mut handle: impl FnMut(Event) -> F + Send + 'static) -> Handled
    where
        F: Future<Output = ()> + Send,
    {
        let handled = Handled { queue: Some(Arc::clone(&self.queue)) };
        let shared = Arc::clone(self.session.shared());
        (shared.spawn)(Box::pin(async move {
            while let Some(event) = self.next().await {
                handle(event).await;
            }
        }));
        handled
    }
}

impl Stream for Subscription {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.queue.poll(cx)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let (id, queue) = (self.id, &self.queue);
        // Nobody waits for the answer.
        self.session.shared().operate(|state| state.drop_subscriber(id, queue));
    }
}

/// A subscription whose events are handled in the background. Dropping it unsubscribes, once the event that is being
/// handled is done.
#[derive(Debug)]
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
        let mut wakers = Vec::new();
        queue.end(None, &mut wakers);
        queue.lock().events.clear();
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// The events that wait for one subscriber.
pub(crate) struct EventQueue {
    state: Mutex<QueueState>,
    capacity: usize,
    overflow: Overflow,
}

#[derive(Default)]
struct QueueState {
    events: VecDeque<message::Event>,
    waker: Option<Waker>,
    missed: u64,
    has_ended: bool,
    reason: Option<Text>,
}

impl EventQueue {
    fn new(capacity: usize, overflow: Overflow) -> Self {
        Self { state: Mutex::default(), capacity: capacity.max(1), overflow }
    }

    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, event: message::Event, wakers: &mut Vec<Waker>) {
        let mut state = self.lock();
        if state.has_ended {
            return;
        }
        if state.events.len() >= self.capacity {
            state.missed += 1;
            if self.overflow == Overflow::DropNewest {
                return;
            }
            state.events.pop_front();
        }
        state.events.push_back(event);
        wakers.extend(state.waker.take());
    }

    pub(crate) fn end(&self, reason: Option<Text>, wakers: &mut Vec<Waker>) {
        let mut state = self.lock();
        state.has_ended = true;
        state.reason = reason;
        wakers.extend(state.waker.take());
    }

    fn poll(&self, cx: &Context<'_>) -> Poll<Option<Event>> {
        let mut state = self.lock();
        if let Some(event) = state.events.pop_front() {
            return Poll::Ready(Some(event.into()));
        }
        if state.has_ended {
            return Poll::Ready(None);
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
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

impl fmt::Debug for SubscribeFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubscribeFuture").field("topic", &self.topic).finish_non_exhaustive()
    }
}
