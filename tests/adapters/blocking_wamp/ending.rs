//! How sessions end, and what becomes of those who wait.

use std::sync::mpsc::channel;

use wirebahn_blocking::wamp::{Error, Initiator, Invocation, LeftCause, SessionViolation, close_reason};

use super::support::{Handmade, InTime, QUIET, Running, by_hand};
use crate::adapter::until;
use crate::blocking::soon;

#[test]
fn leaving_is_an_exchange_of_goodbyes() {
    let running = Running::start();
    let session = running.join();
    let left = session.leave();
    let LeftCause::Goodbye { by: Initiator::Us, reason, .. } = &left.cause else { panic!("{left}") };
    assert_eq!(reason, close_reason::GOODBYE_AND_OUT);
    assert_eq!(session.leave(), left, "it has left already");
    let error = session.call("com.a", ()).wait::<()>().unwrap_err();
    assert!(matches!(error, Error::Ended(_)), "{error}");
    running.end();
}

#[test]
fn a_session_leaves_with_its_last_handle() {
    let running = Running::start();
    let session = running.join();
    let subscription = session.subscribe("com.news").wait().unwrap();
    drop(session);
    std::thread::sleep(QUIET);
    assert_eq!(running.router.with(|router, _| router.connections()), 1, "the subscription is a handle, too");
    drop(subscription);
    until(|| running.router.with(|router, _| router.connections()) == 0);
    running.end();
}

#[test]
fn whoever_waits_learns_of_the_end_of_the_session() {
    let running = Running::start();
    let session = running.join();
    let (begun, has_begun) = channel();
    let (ended, has_ended) = channel();
    let hang = move |(): (), invocation: Invocation| {
        begun.send(())?;
        ended.send(invocation.interrupted())?;
        Ok(())
    };
    let registration = session.register("com.hang", hang).wait().unwrap();
    let subscription = session.subscribe("com.news").wait().unwrap();
    let calling = session.clone();
    let call = std::thread::spawn(move || calling.call("com.hang", ()).wait::<()>());
    has_begun.take();
    running.end();
    let error = call.join().unwrap().unwrap_err();
    let Error::Ended(left) = error else { panic!("{error}") };
    let LeftCause::Goodbye { by: Initiator::Router, reason, .. } = &left.cause else { panic!("{left}") };
    assert_eq!(reason, close_reason::SYSTEM_SHUTDOWN);
    has_ended.take();
    assert_eq!(subscription.count(), 0);
    soon(move || registration.wait_revoked());
    assert_eq!(session.ended(), left);
}

#[test]
fn a_router_that_is_gone_without_a_word_ends_calls() {
    let url = Handmade::welcome(|mut router| drop(router.recv()));
    let session = by_hand(&url).join().unwrap();
    let error = soon(move || session.call("com.a", ()).wait::<()>().unwrap_err());
    let Error::Ended(left) = error else { panic!("{error}") };
    assert_eq!(left.cause, LeftCause::TransportLost);
}

#[test]
fn a_router_that_breaks_the_protocol_is_told_so_and_left() {
    let (told, was_told) = channel();
    let url = Handmade::welcome(move |mut router| {
        assert!(router.recv().starts_with("[48,1,"));
        router.send("[2,1,{}]");
        told.send(router.recv()).unwrap();
        router.wait();
    });
    let session = by_hand(&url).join().unwrap();
    let error = soon(move || session.call("com.a", ()).wait::<()>().unwrap_err());
    let Error::Ended(left) = error else { panic!("{error}") };
    assert!(matches!(left.cause, LeftCause::Violation(_)), "{left}");
    assert!(was_told.take().contains("wamp.error.protocol_violation"));
}

#[test]
fn a_router_that_sends_what_is_no_message_is_left_at_once() {
    // It does not close the connection, which is what others may be waiting for.
    let url = Handmade::welcome(|mut router| {
        router.send("[garbage");
        router.ignore();
    });
    let session = by_hand(&url).join().unwrap();
    let left = soon(move || session.ended());
    let LeftCause::Violation(SessionViolation::Malformed(_)) = left.cause else { panic!("{left}") };
}

#[test]
fn a_router_that_does_not_answer_goodbye_is_left_in_time() {
    let url = Handmade::welcome(Handmade::ignore);
    let session = by_hand(&url);
    let session = session.session(|config| config.leave_timeout = Some(QUIET)).join().unwrap();
    let left = soon(move || session.leave());
    assert!(matches!(left.cause, LeftCause::TimedOut(_)), "{left}");
}

#[test]
fn answers_that_nobody_waits_for_are_dropped() {
    let url = Handmade::welcome(|mut router| {
        assert!(router.recv().starts_with("[48,1,"));
        assert!(router.recv().starts_with("[49,1,"));
        router.send("[50,1,{},[1]]");
        assert!(router.recv().starts_with("[48,2,"));
        router.send("[50,2,{},[2]]");
        router.wait();
    });
    let session = by_hand(&url).join().unwrap();
    let error = session.call("com.slow", ()).timeout(QUIET).wait::<u8>().unwrap_err();
    assert!(matches!(error, Error::TimedOut), "{error}");
    assert_eq!(session.call("com.quick", ()).wait::<u8>().unwrap(), 2);
}

#[test]
fn a_request_that_is_refused_fails_with_the_reason() {
    let url = Handmade::welcome(|mut router| {
        assert!(router.recv().starts_with("[32,1,"));
        router.send(r#"[8,32,1,{},"com.error.no",["go away"]]"#);
        router.wait();
    });
    let session = by_hand(&url).join().unwrap();
    let error = session.subscribe("com.news").wait().unwrap_err();
    assert!(error.is("com.error.no") && error.to_string().contains("go away"), "{error}");
}
