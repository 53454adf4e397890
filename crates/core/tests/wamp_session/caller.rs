use std::time::Duration;

use wirebahn_core::wamp::message::Message;
use wirebahn_core::wamp::session::{OperationError, Session, SessionEvent, SessionViolation};
use wirebahn_core::wamp::{
    CallOptions, CancelMode, Feature, Features, MessageType, Payload, RequestId, RequestType, Role, Roles,
};
use wirebahn_testkit::at;

use super::support::*;

fn call_with(session: &mut Session, options: CallOptions, timeout: Option<Duration>) -> RequestId {
    session.call("a.b".into(), options, Payload::empty(), timeout, now()).unwrap()
}

fn call(session: &mut Session) -> RequestId {
    call_with(session, CallOptions::default(), None)
}

fn in_pieces() -> CallOptions {
    let mut options = CallOptions::default();
    options.receive_progress = true;
    options
}

/// A router without any feature.
fn basic() -> Session {
    let roles = Roles::new().with(Role::Broker, Features::NONE).with(Role::Dealer, Features::NONE);
    joined_with(roles)
}

#[test]
fn a_call_gets_its_result_or_its_error() {
    let mut session = joined();
    let (first, second) = (call(&mut session), call(&mut session));
    let failed = error(RequestType::Call, first);
    assert_eq!(tell(&mut session, result(second, false)), [SessionEvent::Result(result(second, false))]);
    assert_eq!(tell(&mut session, failed.clone()), [SessionEvent::RequestFailed(failed)]);
    assert_eq!(tell(&mut session, result(first, false)), [], "one answer is all there is");
    assert_eq!(session.late_replies(), 1);
}

#[test]
fn results_come_in_pieces_if_that_was_asked_for() {
    let mut session = joined();
    let request = call_with(&mut session, in_pieces(), None);
    for progress in [true, true, false] {
        let expected = SessionEvent::Result(result(request, progress));
        assert_eq!(tell(&mut session, result(request, progress)), [expected]);
    }
    assert_eq!(tell(&mut session, result(request, true)), []);
    let request = call(&mut session);
    let expected = SessionViolation::ProgressUnasked(request);
    assert_eq!(violation(&mut session, result(request, true)), expected);
}

#[test]
fn a_piece_of_a_result_for_another_kind_of_request_is_a_violation() {
    let mut session = joined();
    let request = session.subscribe("a".into(), Default::default()).unwrap();
    let expected = SessionViolation::RequestMismatch { message: MessageType::Result, request };
    assert_eq!(violation(&mut session, result(request, true)), expected);
}

#[test]
fn a_call_that_is_killed_waits_for_what_the_callee_answers() {
    let mut session = joined();
    let request = call(&mut session);
    session.cancel(request, CancelMode::Kill).unwrap();
    let Some(Message::Cancel(cancel)) = messages(&mut session).pop() else { panic!() };
    assert_eq!((cancel.request, cancel.options.mode), (request, Some(CancelMode::Kill)));
    assert_eq!(tell(&mut session, error(RequestType::Call, request)).len(), 1);
}

#[test]
fn a_call_that_is_skipped_or_killed_without_waiting_is_forgotten() {
    for mode in [CancelMode::Skip, CancelMode::KillNoWait] {
        let mut session = joined();
        let request = call_with(&mut session, in_pieces(), Some(Duration::from_secs(1)));
        session.cancel(request, mode).unwrap();
        assert_eq!(session.cancel(request, mode), Err(OperationError::NoSuchRequest));
        assert_eq!(session.poll_timeout(), None);
        assert!(matches!(messages(&mut session).pop(), Some(Message::Cancel(_))));
        assert_eq!(tell(&mut session, result(request, true)), []);
        assert_eq!(tell(&mut session, error(RequestType::Call, request)), []);
        assert_eq!(session.late_replies(), 2);
    }
}

#[test]
fn a_router_that_cannot_cancel_is_not_asked_to() {
    let mut session = basic();
    let request = call(&mut session);
    messages(&mut session);
    let error = OperationError::NotSupported(Feature::CallCanceling);
    assert_eq!(session.cancel(request, CancelMode::Kill), Err(error));
    assert_eq!(session.cancel(request, CancelMode::KillNoWait), Ok(()));
    assert_eq!(messages(&mut session), []);
    assert_eq!(tell(&mut session, result(request, false)), []);
}

#[test]
fn a_call_that_takes_too_long_is_canceled_and_its_late_result_dropped() {
    let mut session = joined();
    let slow = call_with(&mut session, CallOptions::default(), Some(Duration::from_millis(500)));
    let fast = call_with(&mut session, CallOptions::default(), Some(Duration::from_millis(200)));
    messages(&mut session);
    assert_eq!(session.poll_timeout(), Some(now() + Duration::from_millis(200)));
    tell(&mut session, result(fast, false));
    assert_eq!(session.poll_timeout(), Some(now() + Duration::from_millis(500)));
    session.handle_timeout(at(2));
    assert_eq!(events(&mut session), []);
    session.handle_timeout(now() + Duration::from_secs(1));
    assert_eq!(events(&mut session), [SessionEvent::CallTimedOut { request: slow }]);
    let Some(Message::Cancel(cancel)) = session.poll_message() else { panic!() };
    assert_eq!((cancel.request, cancel.options.mode), (slow, Some(CancelMode::KillNoWait)));
    assert_eq!(tell(&mut session, result(slow, false)), []);
    assert!(session.is_joined());
}

#[test]
fn arguments_in_pieces_have_one_number_and_the_same_options() {
    let mut session = joined();
    let mut options = in_pieces();
    options.progress = true;
    options.disclose_me = true;
    let request = call_with(&mut session, options.clone(), None);
    session.call_more(request, Payload::empty(), false).unwrap();
    session.call_more(request, Payload::empty(), true).unwrap();
    let error = Err(OperationError::ArgumentsComplete);
    assert_eq!(session.call_more(request, Payload::empty(), true), error);
    let sent: Vec<_> = messages(&mut session)
        .into_iter()
        .map(|message| match message {
            Message::Call(call) => (call.request, call.procedure, call.options),
            other => panic!("{other:?}"),
        })
        .collect();
    let mut last = options.clone();
    last.progress = false;
    let piece = |options: CallOptions| (request, "a.b".into(), options);
    assert_eq!(sent, [piece(options.clone()), piece(options), piece(last)]);
    tell(&mut session, result(request, false));
    assert_eq!(session.call_more(request, Payload::empty(), true), Err(OperationError::NoSuchRequest));
}

#[test]
fn a_router_that_does_not_know_arguments_in_pieces_gets_none() {
    let mut session = basic();
    let mut options = CallOptions::default();
    options.progress = true;
    let error = OperationError::NotSupported(Feature::ProgressiveCallInvocations);
    assert_eq!(session.call("a".into(), options, Payload::empty(), None, now()), Err(error));
    assert_eq!(messages(&mut session), []);
    assert_eq!(call(&mut session).get(), 1, "what was not sent takes no number");
}

#[test]
fn an_error_for_an_invocation_never_comes_from_a_router() {
    let expected = SessionViolation::ErrorTypeInvalid(RequestType::Invocation);
    assert_eq!(violation(&mut joined(), error(RequestType::Invocation, request(1))), expected);
}
