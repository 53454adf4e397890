use std::time::Duration;

use wirebahn_core::wamp::message::{Goodbye, Message};
use wirebahn_core::wamp::session::{
    Initiator, LeftCause, OperationError, SessionEvent, SessionTimer, SessionViolation,
};
use wirebahn_core::wamp::{
    CallOptions, GoodbyeDetails, MessageError, MessageType, Payload, PublishOptions, RequestType,
};

use super::support::*;

fn goodbye(reason: &'static str) -> Goodbye {
    Goodbye { details: GoodbyeDetails::default(), reason: reason.into() }
}

#[test]
fn leaving_waits_for_the_answer_and_ignores_everything_else() {
    let mut session = joined();
    let call = session.call(
        "a".into(),
        CallOptions::default(),
        Payload::empty(),
        Some(Duration::from_secs(1)),
        now(),
    );
    session.leave("wamp.close.close_realm".into(), None, now()).unwrap();
    assert_eq!(session.leave("a.b".into(), None, now()), Err(OperationError::NotJoined));
    assert!(matches!(messages(&mut session).pop(), Some(Message::Goodbye(_))));
    assert_eq!(tell(&mut session, result(call.unwrap(), false)), []);
    assert_eq!(tell(&mut session, welcome(roles())), []);
    let events = tell(&mut session, goodbye("wamp.close.goodbye_and_out"));
    let LeftCause::Goodbye { by, reason, .. } = cause(&events) else { panic!() };
    assert_eq!((*by, reason.as_str()), (Initiator::Us, "wamp.close.goodbye_and_out"));
    assert_eq!((session.poll_message(), session.poll_timeout()), (None, None));
}

#[test]
fn a_session_is_left_or_aborted_as_far_as_it_has_come_and_only_once() {
    let mut session = joining();
    session.leave_or_abort("a.b".into(), None, now());
    assert!(matches!(&messages(&mut session)[..], [Message::Abort(_)]));
    assert!(matches!(cause(&events(&mut session)), LeftCause::Aborted { by: Initiator::Us, .. }));
    let mut session = joined();
    session.leave_or_abort("a.b".into(), None, now());
    session.leave_or_abort("a.b".into(), None, now());
    assert!(matches!(&messages(&mut session)[..], [Message::Goodbye(_)]));
    let events = tell(&mut session, goodbye("wamp.close.goodbye_and_out"));
    assert!(matches!(cause(&events), LeftCause::Goodbye { by: Initiator::Us, .. }));
    session.leave_or_abort("a.b".into(), None, now());
    assert_eq!(messages(&mut session), []);
}

#[test]
fn a_router_that_does_not_answer_goodbye_is_given_up() {
    let mut session = joined();
    session.leave("wamp.close.close_realm".into(), None, now()).unwrap();
    let deadline = session.poll_timeout().unwrap();
    assert_eq!(deadline, now() + Duration::from_secs(5));
    session.handle_timeout(deadline);
    assert_eq!(cause(&events(&mut session)), &LeftCause::TimedOut(SessionTimer::Leave));
}

#[test]
fn a_goodbye_of_the_router_is_answered_once() {
    let mut session = joined();
    let events = tell(&mut session, goodbye("wamp.close.system_shutdown"));
    let LeftCause::Goodbye { by, reason, .. } = cause(&events) else { panic!() };
    assert_eq!((*by, reason.as_str()), (Initiator::Router, "wamp.close.system_shutdown"));
    let Some(Message::Goodbye(answer)) = session.poll_message() else { panic!() };
    assert_eq!(answer.reason, "wamp.close.goodbye_and_out");
    assert_eq!(tell(&mut session, goodbye("wamp.close.system_shutdown")), []);
    assert_eq!(session.poll_message(), None);
}

#[test]
fn goodbyes_that_cross_end_the_session_without_a_second_answer() {
    let mut session = joined();
    session.leave("wamp.close.close_realm".into(), None, now()).unwrap();
    messages(&mut session);
    let events = tell(&mut session, goodbye("wamp.close.system_shutdown"));
    assert!(matches!(cause(&events), LeftCause::Goodbye { by: Initiator::Us, .. }));
    assert_eq!(session.poll_message(), None);
}

#[test]
fn the_end_of_the_transport_is_the_end() {
    let mut session = joined();
    session.handle_disconnect();
    session.handle_disconnect();
    assert_eq!(events(&mut session).len(), 1);
    assert!(session.has_ended());
    let options = PublishOptions::default();
    assert_eq!(session.publish("a".into(), options, Payload::empty()), Err(OperationError::NotJoined));
}

#[test]
fn what_is_no_message_is_a_violation() {
    let mut session = joined();
    session.handle_malformed(MessageError::Empty.into());
    assert!(matches!(session.poll_message(), Some(Message::Abort(_))));
    let events = events(&mut session);
    assert_eq!(
        cause(&events),
        &LeftCause::Violation(SessionViolation::Malformed(MessageError::Empty.into()))
    );
}

#[test]
fn messages_of_clients_and_of_the_beginning_are_violations() {
    let mut other = joined();
    let options = PublishOptions::default();
    other.publish("a".into(), options, Payload::empty()).unwrap();
    other.subscribe("a".into(), Default::default()).unwrap();
    other.register("a".into(), Default::default()).unwrap();
    other.call("a".into(), Default::default(), Payload::empty(), None, now()).unwrap();
    for message in messages(&mut other).into_iter().chain([welcome(roles())]) {
        let expected = SessionViolation::Unexpected(message.message_type());
        assert_eq!(violation(&mut joined(), message), expected);
    }
    assert!(SessionViolation::Unexpected(MessageType::Call).to_string().starts_with("CALL "));
}

#[test]
fn nothing_is_answered_after_the_end() {
    let mut session = joined();
    session.handle_disconnect();
    assert!(matches!(&events(&mut session)[..], [SessionEvent::Left(_)]));
    for message in [Message::from(event(1)), error(RequestType::Call, request(9)).into()] {
        assert_eq!(tell(&mut session, message), []);
    }
    assert_eq!((session.poll_message(), session.poll_timeout()), (None, None));
}
