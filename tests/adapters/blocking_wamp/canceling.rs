//! Calls that nobody waits for any more.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use wirebahn_blocking::wamp::{
    CancelMode, Error, Interrupted, Invocation, InvocationError, Registration, Session,
};

use super::support::{InTime, QUIET, Running};

/// A procedure that says when it begins, waits until it is interrupted, and says how it was.
fn register_patient(session: &Session) -> (Registration, Receiver<()>, Receiver<Interrupted>) {
    let ((begun, has_begun), (ended, has_ended)) = (channel(), channel());
    let patient = move |(): (), invocation: Invocation| -> Result<(), _> {
        assert!(!invocation.is_interrupted());
        begun.send(())?;
        ended.send(invocation.interrupted())?;
        assert!(invocation.is_interrupted());
        Err(InvocationError::new("com.interrupted"))
    };
    (session.register("com.patient", patient).wait().unwrap(), has_begun, has_ended)
}

#[test]
fn a_call_is_canceled_from_another_thread() {
    let running = Running::start();
    let session = running.join();
    let (_patient, begun, ended) = register_patient(&session);
    let call = session.call("com.patient", ()).start().unwrap();
    let canceler = call.canceler();
    let waiting = std::thread::spawn(move || call.result());
    begun.take();
    canceler.cancel(CancelMode::KillNoWait);
    let error = waiting.join().unwrap().unwrap_err();
    assert!(matches!(error, Error::Canceled), "{error}");
    assert_eq!(ended.take().options.mode, Some(CancelMode::KillNoWait));
    // It is done: canceling it again changes nothing.
    canceler.cancel(CancelMode::KillNoWait);
    running.end();
}

#[test]
fn a_callee_that_is_killed_has_the_last_word_if_the_caller_waits_for_it() {
    let running = Running::start();
    let session = running.join();
    let (_patient, begun, ended) = register_patient(&session);
    let call = session.call("com.patient", ()).start().unwrap();
    begun.take();
    call.canceler().cancel(CancelMode::Kill);
    let error = call.result().unwrap_err();
    assert!(error.is("com.interrupted"), "{error}");
    assert_eq!(ended.take().options.mode, Some(CancelMode::Kill));
    running.end();
}

#[test]
fn a_handler_can_work_for_a_while_and_look_whether_it_is_interrupted() {
    let running = Running::start();
    let session = running.join();
    let (steps, stepped) = channel();
    let steps: Mutex<Sender<bool>> = Mutex::new(steps);
    let work = move |(): (), invocation: Invocation| {
        while invocation.interrupted_timeout(QUIET / 10).is_err() {
            steps.lock().unwrap().send(false)?;
        }
        steps.lock().unwrap().send(true)?;
        Ok(())
    };
    let _work = session.register("com.work", work).wait().unwrap();
    let call = session.call("com.work", ()).start().unwrap();
    assert!(!stepped.take());
    assert!(!stepped.take());
    drop(call);
    while !stepped.take() {}
    running.end();
}

#[test]
fn a_call_that_is_canceled_while_it_waits_for_a_thread_never_begins() {
    let running = Running::start();
    let session = running.join();
    let ((begun, has_begun), (go, may_go)) = (channel(), channel::<()>());
    let may_go = Arc::new(Mutex::new(may_go));
    let wait = move |(n,): (u8,)| {
        begun.send(n)?;
        may_go.lock().unwrap().recv()?;
        Ok(n)
    };
    let _wait = session.register("com.wait", wait).threads(1).wait().unwrap();
    let first = session.call("com.wait", (1,)).start().unwrap();
    assert_eq!(has_begun.take(), 1);
    let second = session.call("com.wait", (2,)).start().unwrap();
    second.canceler().cancel(CancelMode::Kill);
    // The router sends this behind the INTERRUPT.
    let _sync = session.register("com.sync", |(): ()| Ok(())).wait().unwrap();
    session.call("com.sync", ()).wait::<()>().unwrap();
    let third = session.call("com.wait", (3,)).start().unwrap();
    go.send(()).unwrap();
    go.send(()).unwrap();
    assert_eq!(first.result().unwrap().value::<u8>().unwrap(), 1);
    assert!(second.result().is_err());
    assert_eq!(third.result().unwrap().value::<u8>().unwrap(), 3);
    assert_eq!(has_begun.take(), 3);
    running.end();
}
