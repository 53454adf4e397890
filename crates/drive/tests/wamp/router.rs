//! A router that does as the test says, over a wire in memory.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use wirebahn_core::wamp::link::{LinkClose, LinkSendError};
use wirebahn_core::wamp::message::{
    self, Error, Goodbye, Invocation, Message, Registered, Subscribed, Welcome,
};
use wirebahn_core::wamp::session::SessionConfig;
use wirebahn_core::wamp::{
    ErrorDetails, EventDetails, Feature, Features, InvocationDetails, Payload, PublicationId, RegistrationId,
    RequestId, RequestType, ResultDetails, Role, Roles, Serializer, SessionId, SubscriptionId,
    WelcomeDetails,
};
use wirebahn_drive::wamp::{Driver, Session, Wire, WireEvent};

use crate::runtimes::Rt;

/// The router's end of a session.
#[derive(Clone, Default)]
pub(crate) struct Router(Arc<Mutex<State>>);

/// The client's end.
pub(crate) struct MemoryWire(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    to_client: VecDeque<WireEvent>,
    from_client: VecDeque<Message>,
    client: Option<Waker>,
    router: Option<Waker>,
    /// The client's messages find no room.
    is_full: bool,
    /// Room is made when the wire is polled, as by a socket that writes then.
    frees_when_polled: bool,
    closed: Option<LinkClose>,
    is_dropped: bool,
}

impl Router {
    /// The next message of the client; `None` once it has closed the wire.
    pub(crate) async fn next(&self) -> Option<Message> {
        poll_fn(|cx| {
            let mut state = self.0.lock().unwrap();
            if let Some(message) = state.from_client.pop_front() {
                return Poll::Ready(Some(message));
            }
            if state.closed.is_some() || state.is_dropped {
                return Poll::Ready(None);
            }
            state.router = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// The messages that the client has sent and nobody has taken.
    pub(crate) fn unread(&self) -> Vec<Message> {
        self.0.lock().unwrap().from_client.drain(..).collect()
    }

    pub(crate) fn say(&self, message: impl Into<Message>) {
        self.push(WireEvent::Message(message.into()));
    }

    /// Ends the wire.
    pub(crate) fn hang_up(&self) {
        self.push(WireEvent::Closed);
    }

    pub(crate) fn set_full(&self, is_full: bool) {
        let mut state = self.0.lock().unwrap();
        state.is_full = is_full;
        let client = state.client.take();
        drop(state);
        client.into_iter().for_each(Waker::wake);
    }

    /// The wire gets room when it is polled next, and wakes its driver only for that.
    pub(crate) fn free_when_polled(&self) {
        let mut state = self.0.lock().unwrap();
        state.frees_when_polled = true;
        let client = state.client.take();
        drop(state);
        client.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn closed(&self) -> Option<LinkClose> {
        self.0.lock().unwrap().closed
    }

    fn push(&self, event: WireEvent) {
        let mut state = self.0.lock().unwrap();
        state.to_client.push_back(event);
        let client = state.client.take();
        drop(state);
        client.into_iter().for_each(Waker::wake);
    }
}

impl Wire for MemoryWire {
    fn poll_recv(&mut self, cx: &mut Context<'_>, received: &mut Vec<WireEvent>) -> Poll<()> {
        let mut state = self.0.lock().unwrap();
        state.is_full &= !state.frees_when_polled;
        received.extend(state.to_client.drain(..));
        if received.is_empty() && state.closed.is_some() {
            received.push(WireEvent::Closed);
        }
        state.client = Some(cx.waker().clone());
        if received.is_empty() { Poll::Pending } else { Poll::Ready(()) }
    }

    fn is_ready(&mut self) -> bool {
        !self.0.lock().unwrap().is_full
    }

    fn send(&mut self, message: &Message) -> Result<(), LinkSendError> {
        let mut state = self.0.lock().unwrap();
        if state.is_full {
            return Err(LinkSendError::NotReady);
        }
        state.from_client.push_back(message.clone());
        let router = state.router.take();
        drop(state);
        router.into_iter().for_each(Waker::wake);
        Ok(())
    }

    fn close(&mut self, reason: LinkClose) {
        let mut state = self.0.lock().unwrap();
        state.closed.get_or_insert(reason);
        let router = state.router.take();
        drop(state);
        router.into_iter().for_each(Waker::wake);
    }

    fn max_message_len(&self) -> u64 {
        10_000
    }
}

impl Drop for MemoryWire {
    fn drop(&mut self) {
        let mut state = self.0.lock().unwrap();
        state.is_dropped = true;
        let router = state.router.take();
        drop(state);
        router.into_iter().for_each(Waker::wake);
    }
}

/// A session whose HELLO is under way, its router, and its driver in the background.
pub(crate) fn begin<R: Rt>() -> (Session, Router) {
    begin_with::<R>(SessionConfig::new("realm1"))
}

pub(crate) fn begin_with<R: Rt>(config: SessionConfig) -> (Session, Router) {
    let router = Router::default();
    let wire = MemoryWire(Arc::clone(&router.0));
    let (session, driver) = Driver::<_, R>::new(wire, Serializer::Json, config, R::spawner());
    R::spawn(async move { drop(driver.await) });
    (session, router)
}

/// A session that has begun.
pub(crate) async fn joined<R: Rt>() -> (Session, Router) {
    let (session, router) = begin::<R>();
    assert!(matches!(router.next().await, Some(Message::Hello(_))));
    router.say(welcome());
    session.joined().await.unwrap();
    (session, router)
}

pub(crate) fn welcome() -> Welcome {
    let all = Features::of(Feature::ALL);
    let mut details = WelcomeDetails::default();
    details.roles = Roles::new().with(Role::Broker, all).with(Role::Dealer, all);
    Welcome { session: SessionId::new(1000).unwrap(), details: Box::new(details) }
}

pub(crate) fn args<T: serde::Serialize>(args: T) -> Payload {
    Payload::encode_args(Serializer::Json, &args).unwrap()
}

pub(crate) fn result(request: RequestId, progress: bool, payload: Payload) -> message::Result {
    let mut details = ResultDetails::default();
    details.progress = progress;
    message::Result { request, details, payload }
}

pub(crate) fn error(request_type: RequestType, request: RequestId, uri: &'static str) -> Error {
    let payload = args(("because",));
    Error { request_type, request, details: ErrorDetails::default(), error: uri.into(), payload }
}

pub(crate) fn subscribed(request: RequestId) -> Subscribed {
    Subscribed { request, subscription: SubscriptionId::new(5).unwrap() }
}

pub(crate) fn event(number: u32) -> message::Event {
    message::Event {
        subscription: SubscriptionId::new(5).unwrap(),
        publication: PublicationId::new(1).unwrap(),
        details: EventDetails::default(),
        payload: args((number,)),
    }
}

pub(crate) fn registered(request: RequestId) -> Registered {
    Registered { request, registration: RegistrationId::new(9).unwrap() }
}

pub(crate) fn invocation(id: u64, payload: Payload) -> Invocation {
    Invocation {
        request: RequestId::new(id).unwrap(),
        registration: RegistrationId::new(9).unwrap(),
        details: InvocationDetails::default(),
        payload,
    }
}

pub(crate) fn goodbye() -> Goodbye {
    Goodbye { details: Default::default(), reason: "wamp.close.goodbye_and_out".into() }
}

/// The next message, which must be of this kind.
macro_rules! expect_msg {
    ($router:expr, $kind:ident) => {
        match $router.next().await {
            Some(wirebahn_core::wamp::Message::$kind(message)) => message,
            other => panic!("{} expected, got {other:?}", stringify!($kind)),
        }
    };
}
pub(crate) use expect_msg;
