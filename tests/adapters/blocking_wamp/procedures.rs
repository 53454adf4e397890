//! Answering calls.

use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Mutex};

use wirebahn_blocking::wamp::{Invocation, error_uri};

use super::support::{Handmade, InTime, Running, by_hand};
use crate::blocking::soon;

#[test]
fn a_procedure_runs_on_as_many_threads_as_it_was_given() {
    let running = Running::start();
    let session = running.join();
    // None of them goes on before all have begun.
    let barrier = Arc::new(Barrier::new(4));
    let meet = move |(): ()| {
        barrier.wait();
        Ok(())
    };
    let _meet = session.register("com.meet", meet).threads(4).wait().unwrap();
    let calls: Vec<_> = (0..8).map(|_| session.call("com.meet", ()).start().unwrap()).collect();
    soon(move || calls.into_iter().for_each(|call| drop(call.result().unwrap())));
    running.end();
}

#[test]
fn one_thread_answers_calls_one_after_the_other() {
    let running = Running::start();
    let session = running.join();
    let busy = Mutex::new(());
    let order = Mutex::new(Vec::new());
    let append = move |(n,): (u32,)| {
        let _alone = busy.try_lock().expect("there is no other");
        let mut order = order.lock().unwrap();
        order.push(n);
        Ok(order.clone())
    };
    let _append = session.register("com.append", append).threads(1).wait().unwrap();
    let calls: Vec<_> = (0..50).map(|n| session.call("com.append", (n,)).start().unwrap()).collect();
    let last = calls.into_iter().map(|call| call.result().unwrap()).last().unwrap();
    assert_eq!(last.value::<Vec<u32>>().unwrap(), (0..50).collect::<Vec<_>>());
    running.end();
}

#[test]
fn a_procedure_that_panics_fails_its_caller_and_nobody_else() {
    let running = Running::start();
    let session = running.join();
    let moody = |(is_good,): (bool,)| {
        assert!(is_good, "a secret");
        Ok("fine")
    };
    let _moody = session.register("com.moody", moody).threads(1).wait().unwrap();
    let error = session.call("com.moody", (false,)).wait::<String>().unwrap_err();
    assert!(error.is(error_uri::RUNTIME_ERROR) && !error.to_string().contains("secret"), "{error}");
    assert_eq!(session.call("com.moody", (true,)).wait::<String>().unwrap(), "fine");
    running.end();
}

#[test]
fn a_procedure_may_call_another_one_of_the_same_session() {
    let running = Running::start();
    let session = running.join();
    let _inner = session.register("com.inner", |(n,): (u32,)| Ok(n + 1)).threads(1).wait().unwrap();
    let asking = session.clone();
    let outer = move |(n,): (u32,)| Ok(asking.call("com.inner", (n,)).wait::<u32>()? * 2);
    let _outer = session.register("com.outer", outer).threads(1).wait().unwrap();
    assert_eq!(session.call("com.outer", (1,)).wait::<u32>().unwrap(), 4);
    session.leave();
    running.end();
}

#[test]
fn calls_that_are_under_way_are_answered_when_their_procedure_is_given_back() {
    let running = Running::start();
    let session = running.join();
    let ((begun, has_begun), (go, may_go)) = (channel(), channel::<()>());
    let may_go = Mutex::new(may_go);
    let wait = move |(): ()| {
        begun.send(())?;
        may_go.lock().unwrap().recv()?;
        Ok("done")
    };
    let registration = session.register("com.wait", wait).wait().unwrap();
    let call = session.call("com.wait", ()).start().unwrap();
    has_begun.take();
    registration.unregister().unwrap();
    go.send(()).unwrap();
    assert_eq!(call.result().unwrap().value::<String>().unwrap(), "done");
    running.end();
}

#[test]
fn a_procedure_that_another_session_takes_over_is_revoked() {
    let running = Running::start();
    let (first, second) = (running.join(), running.join());
    let registration = first.register("com.one", |(): ()| Ok(1)).wait().unwrap();
    assert!(registration.is_registered());
    let _taken = second.register("com.one", |(): ()| Ok(2)).force_reregister().wait().unwrap();
    let registration = soon(move || {
        registration.wait_revoked();
        registration
    });
    assert!(!registration.is_registered());
    assert_eq!(first.call("com.one", ()).wait::<u8>().unwrap(), 2);
    running.end();
}

#[test]
fn arguments_may_come_in_pieces() {
    let (results, result) = channel();
    let url = Handmade::welcome(move |mut router| {
        assert!(router.recv().starts_with("[64,1,"));
        router.send("[65,1,7]");
        router.send(r#"[68,1,7,{"progress":true},[1]]"#);
        router.send(r#"[68,1,7,{"progress":true},[2]]"#);
        router.send("[68,1,7,{},[3]]");
        results.send(router.recv()).unwrap();
        router.wait();
    });
    let session = by_hand(&url).join().unwrap();
    let sum = |(first,): (u32,), invocation: Invocation| {
        let mut sum = first;
        while let Some(more) = invocation.next_arguments() {
            sum += more.args::<(u32,)>()?.0;
        }
        Ok(sum)
    };
    let _sum = session.register("com.sum", sum).wait().unwrap();
    assert_eq!(result.take(), "[70,1,{},[6]]");
}
