//! What only components on threads have: threads that end also when something panics, sessions in this process.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use wirebahn_blocking::wamp::{Component, Join, Session};

use super::support::Running;
use crate::adapter::until;

#[test]
fn a_panic_on_joining_leaves_the_session_and_comes_out_of_run() {
    let running = Running::start();
    let ways = [running.rawsocket()].map(|url| Join::new(&url, "realm1").unwrap());
    let component = Component::new(ways)
        .register("com.one", |(): ()| Ok(1))
        .on_join(|_: Session| panic!("an application may"))
        .end_on(&Arc::<AtomicBool>::default());
    let thread = std::thread::spawn(move || component.run());
    until(|| thread.is_finished());
    assert!(thread.join().is_err());
    until(|| running.listening.connections() == 0);
    running.end();
}

#[test]
fn a_component_joins_a_router_in_this_process_too() {
    let running = Running::start();
    let router = running.router.clone();
    let component = Component::over(vec![Arc::new(move || router.join("realm1"))])
        .register("com.one", |(): ()| Ok(1))
        .on_join(|session| {
            assert_eq!(session.call("com.one", ()).wait::<i64>()?, 1);
            session.leave();
            Ok(())
        });
    let thread = std::thread::spawn(move || component.run());
    until(|| thread.is_finished());
    thread.join().unwrap().unwrap();
    running.end();
}
