//! How sessions end, and what becomes of those who wait.

use wirebahn_blocking::TimedOut;
use wirebahn_blocking::wamp::{LeftCause, SessionViolation};

use super::support::{Handmade, QUIET, Running, by_hand};
use crate::adapter::STUCK;
use crate::blocking::soon;

#[test]
fn whoever_waits_for_a_procedure_to_be_revoked_learns_of_the_end_of_the_session() {
    let running = Running::start();
    let session = running.join();
    let registration = session.register("com.one", |(): ()| Ok(1)).wait().unwrap();
    let waiting = std::thread::spawn(move || registration.wait_revoked());
    session.leave();
    soon(move || waiting.join().unwrap());
    running.end();
}

#[test]
fn waiting_for_the_end_of_a_session_ends_in_time() {
    let running = Running::start();
    let session = running.join();
    assert_eq!(session.ended_timeout(QUIET).map(drop), Err(TimedOut));
    let there = session.clone();
    let waiting = std::thread::spawn(move || there.ended_timeout(STUCK));
    let left = session.leave();
    assert_eq!(soon(move || waiting.join().unwrap()), Ok(left));
    running.end();
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
