use std::iter::from_fn;

use wirebahn_core::Instant;
use wirebahn_core::wamp::message::{
    Error, Event, Invocation, Message, Registered, Result, Subscribed, Unregistered, Unsubscribed, Welcome,
};
use wirebahn_core::wamp::session::{LeftCause, Session, SessionConfig, SessionEvent, SessionViolation};
use wirebahn_core::wamp::{
    ErrorDetails, EventDetails, Feature, Features, InvocationDetails, Payload, PublicationId, RegistrationId,
    RequestId, RequestType, ResultDetails, Role, Roles, SessionId, SubscriptionId, WelcomeDetails,
};
use wirebahn_testkit::at;

/// A router that has every feature.
pub(crate) fn roles() -> Roles {
    let all = Features::of(Feature::ALL);
    Roles::new().with(Role::Broker, all).with(Role::Dealer, all)
}

pub(crate) fn welcome(roles: Roles) -> Message {
    let mut details = WelcomeDetails::default();
    details.roles = roles;
    Welcome { session: SessionId::new(1000).unwrap(), details: Box::new(details) }.into()
}

/// A session that waits for WELCOME.
pub(crate) fn joining() -> Session {
    let mut session = Session::new(SessionConfig::new("realm1"), at(0));
    assert!(matches!(session.poll_message(), Some(Message::Hello(_))));
    session
}

pub(crate) fn joined_with(roles: Roles) -> Session {
    let mut session = joining();
    session.handle_message(welcome(roles), at(0));
    assert!(matches!(session.poll_event(), Some(SessionEvent::Joined(_))));
    session
}

pub(crate) fn joined() -> Session {
    joined_with(roles())
}

pub(crate) fn messages(session: &mut Session) -> Vec<Message> {
    from_fn(|| session.poll_message()).collect()
}

pub(crate) fn events(session: &mut Session) -> Vec<SessionEvent> {
    from_fn(|| session.poll_event()).collect()
}

/// What becomes of a message.
pub(crate) fn tell(session: &mut Session, message: impl Into<Message>) -> Vec<SessionEvent> {
    session.handle_message(message.into(), now());
    events(session)
}

pub(crate) fn now() -> Instant {
    at(1)
}

/// The violation that a message is; the session must end with ABORT.
pub(crate) fn violation(session: &mut Session, message: impl Into<Message>) -> SessionViolation {
    messages(session);
    let events = tell(session, message);
    let Some(Message::Abort(abort)) = session.poll_message() else { panic!("no ABORT after {events:?}") };
    assert_eq!(abort.reason, "wamp.error.protocol_violation");
    assert_eq!((session.poll_message(), session.poll_timeout()), (None, None));
    match &events[..] {
        [SessionEvent::Left(left)] => match left.cause {
            LeftCause::Violation(violation) => violation,
            _ => panic!("{left:?}"),
        },
        _ => panic!("{events:?}"),
    }
}

pub(crate) fn cause(events: &[SessionEvent]) -> &LeftCause {
    match events {
        [.., SessionEvent::Left(left)] => &left.cause,
        _ => panic!("{events:?}"),
    }
}

pub(crate) fn request(id: u64) -> RequestId {
    RequestId::new(id).unwrap()
}

pub(crate) fn subscription(id: u64) -> SubscriptionId {
    SubscriptionId::new(id).unwrap()
}

pub(crate) fn registration(id: u64) -> RegistrationId {
    RegistrationId::new(id).unwrap()
}

pub(crate) fn publication(id: u64) -> PublicationId {
    PublicationId::new(id).unwrap()
}

pub(crate) fn subscribed(request: RequestId, id: u64) -> Subscribed {
    Subscribed { request, subscription: subscription(id) }
}

pub(crate) fn registered(request: RequestId, id: u64) -> Registered {
    Registered { request, registration: registration(id) }
}

pub(crate) fn unsubscribed(request: RequestId) -> Unsubscribed {
    Unsubscribed { request: Some(request), details: Default::default() }
}

pub(crate) fn unregistered(request: RequestId) -> Unregistered {
    Unregistered { request: Some(request), details: Default::default() }
}

pub(crate) fn event(id: u64) -> Event {
    Event {
        subscription: subscription(id),
        publication: publication(1),
        details: EventDetails::default(),
        payload: Payload::empty(),
    }
}

pub(crate) fn result(request: RequestId, progress: bool) -> Result {
    let mut details = ResultDetails::default();
    details.progress = progress;
    Result { request, details, payload: Payload::empty() }
}

pub(crate) fn error(request_type: RequestType, request: RequestId) -> Error {
    Error {
        request_type,
        request,
        details: ErrorDetails::default(),
        error: "com.example.error".into(),
        payload: Payload::empty(),
    }
}

pub(crate) fn invocation(id: u64, of: u64) -> Invocation {
    Invocation {
        request: request(id),
        registration: registration(of),
        details: InvocationDetails::default(),
        payload: Payload::empty(),
    }
}

/// A further piece of the arguments of an invocation, or the first.
pub(crate) fn piece(id: u64, of: u64, more: bool) -> Invocation {
    let mut piece = invocation(id, of);
    piece.details.progress = more;
    piece
}
