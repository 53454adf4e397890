use wirebahn_core::wamp::message::{Error, Interrupt, Message, Unregistered};
use wirebahn_core::wamp::session::{OperationError, Session, SessionConfig, SessionEvent, SessionViolation};
use wirebahn_core::wamp::{
    CancelMode, ErrorDetails, InterruptOptions, Payload, PublishOptions, RegisterOptions, RequestId,
    RequestType, Role, UnregisteredDetails, YieldOptions,
};
use wirebahn_testkit::at;

use super::support::*;

/// A session with the registration 9.
fn callee() -> Session {
    let mut session = joined();
    register(&mut session);
    session
}

fn register(session: &mut Session) {
    let request = session.register("a.b".into(), RegisterOptions::default()).unwrap();
    assert_eq!(tell(session, registered(request, 9)).len(), 1);
    messages(session);
}

fn answer(session: &mut Session, request: RequestId, progress: bool) -> Result<(), OperationError> {
    let mut options = YieldOptions::default();
    options.progress = progress;
    session.yield_result(request, options, Payload::empty())
}

fn fail(session: &mut Session, request: RequestId) -> Result<(), OperationError> {
    session.yield_error(request, "a.error".into(), ErrorDetails::default(), Payload::empty())
}

fn interrupt(mode: Option<CancelMode>) -> Interrupt {
    let mut options = InterruptOptions::default();
    options.mode = mode;
    Interrupt { request: request(1), options }
}

#[test]
fn an_invocation_is_answered_once() {
    let mut session = callee();
    assert_eq!(tell(&mut session, invocation(1, 9)), [SessionEvent::Invocation(invocation(1, 9))]);
    assert!(session.awaits_answer(request(1)));
    answer(&mut session, request(1), false).unwrap();
    assert!(!session.awaits_answer(request(1)));
    assert_eq!(answer(&mut session, request(1), false), Err(OperationError::NoSuchInvocation));
    assert_eq!(fail(&mut session, request(1)), Err(OperationError::NoSuchInvocation));
    assert!(matches!(&messages(&mut session)[..], [Message::Yield(_)]));
}

#[test]
fn an_invocation_is_answered_with_an_error() {
    let mut session = callee();
    tell(&mut session, invocation(1, 9));
    fail(&mut session, request(1)).unwrap();
    let Some(Message::Error(Error { request_type, error, .. })) = session.poll_message() else { panic!() };
    assert_eq!((request_type, error.as_str()), (RequestType::Invocation, "a.error"));
}

#[test]
fn pieces_of_an_answer_are_only_sent_to_callers_that_want_them() {
    let mut session = callee();
    tell(&mut session, invocation(1, 9));
    assert_eq!(answer(&mut session, request(1), true), Err(OperationError::ProgressNotWanted));
    let mut wants = invocation(2, 9);
    wants.details.receive_progress = true;
    tell(&mut session, wants);
    answer(&mut session, request(2), true).unwrap();
    answer(&mut session, request(2), true).unwrap();
    answer(&mut session, request(2), false).unwrap();
    assert_eq!(answer(&mut session, request(2), true), Err(OperationError::NoSuchInvocation));
    assert_eq!(messages(&mut session).len(), 3);
}

#[test]
fn arguments_come_in_pieces_until_the_last() {
    let mut session = callee();
    for more in [true, true, false] {
        assert_eq!(tell(&mut session, piece(1, 9, more)).len(), 1);
    }
    let expected = SessionViolation::InvocationRepeated(request(1));
    assert_eq!(violation(&mut session, piece(1, 9, false)), expected);
}

#[test]
fn pieces_of_arguments_that_come_after_the_answer_are_dropped() {
    let mut session = callee();
    tell(&mut session, piece(1, 9, true));
    answer(&mut session, request(1), false).unwrap();
    assert_eq!(tell(&mut session, piece(1, 9, true)), []);
    assert_eq!(tell(&mut session, piece(1, 9, false)), []);
    assert_eq!(tell(&mut session, invocation(1, 9)).len(), 1, "the number is free again");
}

#[test]
fn arguments_in_pieces_must_have_been_announced() {
    let mut config = SessionConfig::new("realm1");
    config.roles = config.roles.with(Role::Callee, Default::default());
    let mut session = Session::new(config, at(0));
    session.handle_message(welcome(roles()), at(0));
    events(&mut session);
    register(&mut session);
    let found = violation(&mut session, piece(1, 9, true));
    assert!(matches!(found, SessionViolation::FeatureNotAnnounced(_)));
}

#[test]
fn an_interrupt_leaves_the_answer_to_the_callee_unless_nobody_waits_for_it() {
    let mut session = callee();
    tell(&mut session, invocation(1, 9));
    let options = interrupt(Some(CancelMode::Kill)).options;
    let expected = SessionEvent::Interrupt { request: request(1), options };
    assert_eq!(tell(&mut session, interrupt(Some(CancelMode::Kill))), [expected]);
    assert_eq!(tell(&mut session, interrupt(None)).len(), 1, "Crossbar names no mode");
    assert!(session.awaits_answer(request(1)));
    assert_eq!(tell(&mut session, interrupt(Some(CancelMode::KillNoWait))).len(), 1);
    assert_eq!(fail(&mut session, request(1)), Err(OperationError::NoSuchInvocation));
    assert_eq!(tell(&mut session, interrupt(None)), [], "it has crossed the answer");
}

#[test]
fn an_invocation_of_an_unknown_registration_is_refused_to_the_caller() {
    let mut session = callee();
    assert_eq!(tell(&mut session, invocation(1, 8)), []);
    let Some(Message::Error(error)) = session.poll_message() else { panic!() };
    assert_eq!(error.error, "wamp.error.no_such_registration");
    assert_eq!(tell(&mut session, piece(2, 8, true)), []);
    assert_eq!(tell(&mut session, piece(2, 8, false)), []);
    assert_eq!(messages(&mut session).len(), 1, "the second piece is not refused again");
}

#[test]
fn invocations_come_until_unregistered() {
    let mut session = callee();
    let request = session.unregister(registration(9)).unwrap();
    assert_eq!(session.unregister(registration(9)), Err(OperationError::NoSuchRegistration));
    assert_eq!(tell(&mut session, invocation(1, 9)).len(), 1);
    let expected = SessionEvent::Unregistered { request };
    assert_eq!(tell(&mut session, unregistered(request)), [expected]);
    assert_eq!(tell(&mut session, invocation(2, 9)), []);
    assert!(session.awaits_answer(super::support::request(1)));
}

#[test]
fn a_router_can_take_a_registration_back() {
    let mut session = callee();
    let mut details = UnregisteredDetails::default();
    details.registration = Some(registration(9));
    let revoked = Unregistered { request: None, details };
    let expected = SessionEvent::RegistrationRevoked { registration: registration(9), reason: None };
    assert_eq!(tell(&mut session, revoked.clone()), [expected]);
    assert_eq!(tell(&mut session, revoked), []);
    assert_eq!(session.unregister(registration(9)), Err(OperationError::NoSuchRegistration));
}

#[test]
fn more_invocations_than_the_limit_are_refused() {
    let mut config = SessionConfig::new("realm1");
    config.limits.max_invocations = 2;
    let mut session = Session::new(config, at(0));
    session.handle_message(welcome(roles()), at(0));
    events(&mut session);
    register(&mut session);
    for id in 1..=3 {
        tell(&mut session, invocation(id, 9));
    }
    let Some(Message::Error(error)) = session.poll_message() else { panic!() };
    assert_eq!((error.request, error.error.as_str()), (request(3), "wamp.error.unavailable"));
}

#[test]
fn a_router_that_provokes_refusals_and_does_not_read_them_is_given_up() {
    let mut session = callee();
    for id in 1..=1024 {
        assert_eq!(tell(&mut session, invocation(id, 8)), []);
    }
    let events = tell(&mut session, invocation(1025, 8));
    assert!(matches!(
        cause(&events),
        wirebahn_core::wamp::session::LeftCause::Violation(SessionViolation::RepliesNotRead)
    ));
}

#[test]
fn refusals_are_counted_apart_from_what_the_application_has_queued() {
    let mut session = callee();
    for _ in 0..2000 {
        let (options, payload) = (PublishOptions::default(), Payload::empty());
        session.publish("com.news".into(), options, payload).unwrap();
    }
    for id in 1..=1000 {
        assert_eq!(tell(&mut session, invocation(id, 8)), []);
    }
    // Those that the transport has taken are over.
    assert_eq!(messages(&mut session).len(), 3000);
    for id in 1001..=2024 {
        assert_eq!(tell(&mut session, invocation(id, 8)), []);
    }
    let events = tell(&mut session, invocation(2025, 8));
    assert!(matches!(
        cause(&events),
        wirebahn_core::wamp::session::LeftCause::Violation(SessionViolation::RepliesNotRead)
    ));
}
