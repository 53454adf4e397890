//! Components: sessions that come back.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use wirebahn_core::wamp::{BackoffOptions, Value};
use wirebahn_drive::wamp::{ComponentError, JoinError};

use super::adapter::{ComponentSetup, JoinSetup, OnJoin, Procedure, Waiting, Wamp};
use super::{PATIENCE, call, join, publishing, register, setup};
use crate::adapter::until;
use crate::peer::listener_that_says;

fn backoff(initial_delay: Duration) -> BackoffOptions {
    let mut backoff = BackoffOptions::default();
    backoff.initial_delay = initial_delay;
    backoff.max_delay = initial_delay * 5;
    backoff
}

/// A component that joins by this way.
fn by(way: impl Into<JoinSetup>, on_join: OnJoin) -> ComponentSetup {
    ComponentSetup { ways: vec![way.into()], backoff: backoff(Duration::from_millis(10)), on_join }
}

pub(crate) fn a_component_comes_back_after_its_router_was_away<A: Wamp>() {
    let mut router = A::route(setup());
    let address = router.address;
    let component = A::run_component(by(router.url("rs"), OnJoin::Stay));
    let seen = Arc::clone(&component.seen);
    for round in 1..=3 {
        until(|| seen.ready.load(Ordering::SeqCst) == round);
        let caller = join::<A>(router.url("ws"));
        let sum = caller.call(call("com.add", vec![Value::from(2), Value::from(3)]));
        assert_eq!(sum.unwrap(), [Value::from(5)]);
        caller.publish(publishing("com.news", vec![])).unwrap();
        until(|| seen.events.load(Ordering::SeqCst) == round);
        let before = seen.join_failed.load(Ordering::SeqCst);
        router.end();
        until(|| seen.join_failed.load(Ordering::SeqCst) > before);
        let mut again = setup();
        again.address = address;
        router = A::route(again);
    }
    until(|| seen.ready.load(Ordering::SeqCst) == 4);
    (component.shut_down)();
    component.ended().unwrap();
    until(|| (router.connections)() == 0);
    router.end();
}

pub(crate) fn a_component_tries_its_transports_in_turn<A: Wamp>() {
    let router = A::route(setup());
    let (no_router, _held) = listener_that_says(b"SSH-2.0-x\r\n");
    let mut component = by(format!("rs://{no_router}"), OnJoin::Leave);
    component.ways.push(router.url("rs").into());
    let component = A::run_component(component);
    let seen = Arc::clone(&component.seen);
    component.ended().unwrap();
    assert_eq!(seen.join_failed.load(Ordering::SeqCst), 1);
    assert_eq!(seen.ready.load(Ordering::SeqCst), 1);
    assert_eq!(seen.waiting.load(Ordering::SeqCst), 0, "each transport has delays of its own");
    router.end();
}

pub(crate) fn a_component_that_waits_ends_with_a_shutdown<A: Wamp>() {
    let (no_router, _held) = listener_that_says(b"SSH-2.0-x\r\n");
    let mut component = by(format!("rs://{no_router}"), OnJoin::Stay);
    component.backoff = backoff(Duration::from_secs(1000));
    let component = A::run_component(component);
    until(|| component.seen.waiting.load(Ordering::SeqCst) == 1);
    std::thread::sleep(PATIENCE);
    assert!(!component.thread.is_finished());
    (component.shut_down)();
    component.ended().unwrap();
}

pub(crate) fn what_a_component_does_in_a_session_ends_with_a_shutdown<A: Wamp>() {
    let router = A::route(setup());
    let callee = join::<A>(router.url("ws"));
    let waiting = Arc::new(Waiting::default());
    let _slow = register(&*callee, "com.slow", Procedure::Wait(Arc::clone(&waiting)));
    let component = A::run_component(by(router.url("rs"), OnJoin::Call("com.slow")));
    until(|| waiting.begun() == 1);
    (component.shut_down)();
    let seen = Arc::clone(&component.seen);
    component.ended().unwrap();
    assert_eq!(seen.setup_failed.load(Ordering::SeqCst), 0);
    until(|| waiting.interrupted() == 1);
    router.end();
}

pub(crate) fn a_component_gives_a_session_up_in_which_it_fails_and_joins_again<A: Wamp>() {
    let router = A::route(setup());
    let component = A::run_component(by(router.url("rs"), OnJoin::Call("com.later")));
    until(|| component.seen.setup_failed.load(Ordering::SeqCst) >= 2);
    let callee = join::<A>(router.url("ws"));
    let waiting = Arc::new(Waiting::default());
    let _later = register(&*callee, "com.later", Procedure::Wait(Arc::clone(&waiting)));
    until(|| waiting.begun() == 1);
    (component.shut_down)();
    component.ended().unwrap();
    router.end();
}

pub(crate) fn a_component_gives_up_where_it_is_refused<A: Wamp>() {
    let router = A::route(setup());
    let mut way = JoinSetup::from(router.url("rs"));
    way.realm = "nowhere";
    let ended = A::run_component(by(way, OnJoin::Stay)).ended();
    assert!(matches!(ended, Err(ComponentError::Join(JoinError::Left(_)))), "{ended:?}");
    router.end();
}
