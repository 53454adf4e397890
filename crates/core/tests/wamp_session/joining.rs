use std::time::Duration;

use wirebahn_core::wamp::message::{Abort, Challenge, Message};
use wirebahn_core::wamp::session::{
    Initiator, LeftCause, OperationError, Session, SessionConfig, SessionEvent, SessionTimer,
    SessionViolation,
};
use wirebahn_core::wamp::{AbortDetails, Dict, Feature, MessageType, Payload, Role, Roles};
use wirebahn_testkit::at;

use super::support::*;

fn challenge() -> Challenge {
    Challenge { method: "ticket".into(), extra: Dict::new() }
}

#[test]
fn hello_announces_realm_roles_and_who_the_client_is() {
    let mut config = SessionConfig::new("realm1");
    config.authid = Some("joe".into());
    config.authmethods = vec!["ticket".into()];
    let mut session = Session::new(config, at(0));
    let Some(Message::Hello(hello)) = session.poll_message() else { panic!() };
    assert_eq!(hello.realm.unwrap(), "realm1");
    assert_eq!(hello.details.authid.unwrap(), "joe");
    assert_eq!(hello.details.authmethods, ["ticket"]);
    assert!(hello.details.roles.has_feature(Role::Caller, Feature::CallCanceling));
    assert!(hello.details.roles.has_feature(Role::Callee, Feature::ProgressiveCallInvocations));
}

#[test]
fn welcome_begins_the_session() {
    let mut session = joining();
    assert_eq!(session.subscribe("a.b".into(), Default::default()), Err(OperationError::NotJoined));
    let [SessionEvent::Joined(joined)] = &tell(&mut session, welcome(roles()))[..] else { panic!() };
    assert_eq!(Some(joined.session), session.id());
    assert_eq!(session.router_roles(), &roles());
    assert_eq!(session.poll_timeout(), None);
}

#[test]
fn challenges_are_answered_by_the_application_one_after_the_other() {
    let mut session = joining();
    let dict = Dict::new();
    assert_eq!(session.authenticate("x", dict.clone()), Err(OperationError::NotChallenged));
    for _ in 0..2 {
        let events = tell(&mut session, challenge());
        assert!(matches!(&events[..], [SessionEvent::Challenge(challenge)] if challenge.method == "ticket"));
        session.authenticate("secret", dict.clone()).unwrap();
        assert_eq!(session.authenticate("secret", dict.clone()), Err(OperationError::NotChallenged));
        let Some(Message::Authenticate(answer)) = session.poll_message() else { panic!() };
        assert_eq!(answer.signature, "secret");
    }
    assert_eq!(tell(&mut session, welcome(roles())).len(), 1);
}

#[test]
fn an_application_that_cannot_answer_a_challenge_aborts() {
    let mut session = joining();
    tell(&mut session, challenge());
    session.abort("wamp.error.no_matching_auth_method".into(), None).unwrap();
    assert!(matches!(session.poll_message(), Some(Message::Abort(_))));
    assert!(matches!(cause(&events(&mut session)), LeftCause::Aborted { by: Initiator::Us, .. }));
    assert_eq!(session.abort("a.b".into(), None), Err(OperationError::NotJoined));
}

#[test]
fn a_router_that_refuses_says_why() {
    let mut session = joining();
    let details = AbortDetails::with_message("there is no such realm");
    let abort = Abort { details, reason: "wamp.error.no_such_realm".into(), payload: Payload::empty() };
    let events = tell(&mut session, abort);
    let LeftCause::Aborted { by, reason, message } = cause(&events) else { panic!() };
    assert_eq!((*by, reason.as_str()), (Initiator::Router, "wamp.error.no_such_realm"));
    assert_eq!(message.as_deref(), Some("there is no such realm"));
    assert_eq!(session.poll_message(), None, "ABORT is never answered");
}

#[test]
fn a_router_that_does_not_answer_is_given_up() {
    let mut session = joining();
    let deadline = at(0) + Duration::from_secs(10);
    assert_eq!(session.poll_timeout(), Some(deadline));
    session.handle_timeout(at(1));
    assert_eq!(events(&mut session), []);
    session.handle_timeout(deadline);
    assert!(matches!(session.poll_message(), Some(Message::Abort(_))));
    assert_eq!(cause(&events(&mut session)), &LeftCause::TimedOut(SessionTimer::Join));
    assert_eq!(session.poll_timeout(), None);
}

#[test]
fn nothing_but_challenge_welcome_and_abort_comes_first() {
    let expected = SessionViolation::BeforeWelcome(MessageType::Event);
    assert_eq!(violation(&mut joining(), event(1)), expected);
    let expected = SessionViolation::BeforeWelcome(MessageType::Registered);
    assert_eq!(violation(&mut joining(), registered(request(1), 1)), expected);
    assert_eq!(violation(&mut joining(), welcome(Roles::new())), SessionViolation::RolesMissing);
    let mut session = joining();
    tell(&mut session, challenge());
    assert_eq!(violation(&mut session, challenge()), SessionViolation::ChallengeUnexpected);
    let mut session = joining();
    tell(&mut session, challenge());
    let expected = SessionViolation::BeforeWelcome(MessageType::Welcome);
    assert_eq!(violation(&mut session, welcome(roles())), expected, "the proof has not been given");
}
