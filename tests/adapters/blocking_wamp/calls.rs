//! Calling.

use std::collections::BTreeMap;
use std::sync::mpsc::channel;
use std::time::Instant;

use wirebahn_blocking::wamp::{
    Error, Invocation, InvocationError, Join, Registration, Reply, Serializer, Session, error_uri,
};

use super::support::{Handmade, QUIET, Running, by_hand};
use crate::blocking::soon;

#[test]
fn a_call_gives_what_its_procedure_returns_over_every_transport_and_serializer() {
    let running = Running::start();
    let callee = running.join();
    let _add = callee.register("com.add", |(a, b): (i64, i64)| Ok(a + b)).wait().unwrap();
    for url in [running.websocket(), running.rawsocket()] {
        for serializer in Serializer::ALL {
            let caller = Join::new(&url, "realm1").unwrap().serializers([serializer]).join().unwrap();
            assert_eq!(caller.serializer(), serializer);
            assert_eq!(caller.call("com.add", (2, 3)).wait::<i64>().unwrap(), 5);
            caller.leave();
        }
    }
    running.end();
}

#[test]
fn results_and_arguments_may_have_keywords() {
    let running = Running::start();
    let session = running.join();
    let divide = |(a, b): (i64, i64), invocation: Invocation| {
        let names: BTreeMap<String, String> = invocation.kwargs()?;
        Ok(Reply::new((a / b, a % b)).kwargs(names))
    };
    let _divide = session.register("com.divide", divide).wait().unwrap();
    let names = BTreeMap::from([("unit", "apples")]);
    let result = session.call("com.divide", (7, 2)).kwargs(names).result().unwrap();
    assert_eq!(result.args::<(i64, i64)>().unwrap(), (3, 1));
    assert_eq!(result.kwargs::<BTreeMap<String, String>>().unwrap()["unit"], "apples");
    running.end();
}

#[test]
fn errors_keep_their_uri_and_their_arguments() {
    let running = Running::start();
    let session = running.join();
    let fail = |(): ()| -> Result<(), _> {
        Err(InvocationError::new("com.error.empty").message("there is nothing").arg(&7))
    };
    let _fail = session.register("com.fail", fail).wait().unwrap();
    let error = session.call("com.fail", ()).wait::<()>().unwrap_err();
    assert!(error.is("com.error.empty"), "{error}");
    let Error::Request(error) = error else { panic!("{error}") };
    assert_eq!(error.args::<(String, u8)>().unwrap(), ("there is nothing".into(), 7));
    let error = session.call("com.nobody", ()).wait::<()>().unwrap_err();
    assert!(error.is(error_uri::NO_SUCH_PROCEDURE), "{error}");
    running.end();
}

#[test]
fn arguments_and_results_of_other_types_are_errors_of_whoever_gave_them() {
    let running = Running::start();
    let session = running.join();
    let _shout = session.register("com.shout", |(text,): (String,)| Ok(text.to_uppercase())).wait().unwrap();
    let error = session.call("com.shout", (7,)).wait::<String>().unwrap_err();
    assert!(error.is(error_uri::INVALID_ARGUMENT), "{error}");
    let error = session.call("com.shout", ("a",)).wait::<u8>().unwrap_err();
    assert!(matches!(error, Error::Decode(_)), "{error}");
    assert_eq!(session.call("com.shout", ("a",)).wait::<String>().unwrap(), "A");
    running.end();
}

#[test]
fn pieces_of_a_result_come_in_order_to_a_callback() {
    let running = Running::start();
    let session = running.join();
    let _count = register_counting(&session);
    let (pieces, got) = channel();
    let call = session.call("com.count", (5,)).on_progress(move |piece| {
        pieces.send(piece.value::<u32>().unwrap()).unwrap();
    });
    assert_eq!(call.wait::<u32>().unwrap(), 5);
    assert_eq!(got.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    // Who asks for no pieces gets none.
    assert_eq!(session.call("com.count", (5,)).wait::<u32>().unwrap(), 5);
    running.end();
}

#[test]
fn pieces_of_a_result_come_in_order_to_an_iterator() {
    let running = Running::start();
    let session = running.join();
    let _count = register_counting(&session);
    let pieces = session.call("com.count", (3,)).start().unwrap();
    let pieces: Vec<u32> = pieces.map(|piece| piece.unwrap().value().unwrap()).collect();
    assert_eq!(pieces, [0, 1, 2, 3]);
    let result = session.call("com.count", (3,)).start().unwrap().result().unwrap();
    assert_eq!(result.value::<u32>().unwrap(), 3);
    running.end();
}

#[test]
fn many_threads_call_over_one_session() {
    let running = Running::start();
    let (callee, caller) = (running.join(), running.join());
    let _double = callee.register("com.double", |(n,): (u32,)| Ok(n * 2)).threads(3).wait().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let caller = caller.clone();
            scope.spawn(move || {
                for n in 0..100 {
                    let n = thread * 1000 + n;
                    assert_eq!(caller.call("com.double", (n,)).wait::<u32>().unwrap(), 2 * n);
                }
            });
        }
    });
    running.end();
}

#[test]
fn a_call_that_takes_too_long_fails_in_time() {
    let url = Handmade::welcome(Handmade::wait);
    let session = by_hand(&url).join().unwrap();
    let start = Instant::now();
    let error = session.call("com.slow", ()).timeout(QUIET).wait::<()>().unwrap_err();
    assert!(matches!(error, Error::TimedOut), "{error}");
    // Not only when the thread that reads happens to look at the time.
    assert!(start.elapsed() >= QUIET);
}

#[test]
fn a_router_that_reads_nothing_does_not_hold_a_call_beyond_its_timeout() {
    let url = Handmade::welcome(Handmade::ignore);
    let session = by_hand(&url).join().unwrap();
    soon(move || {
        let large = "x".repeat(1 << 20);
        // The first ones fill what is between here and there, and those after them find no room.
        for _ in 0..16 {
            let error = session.call("com.sink", (&large,)).timeout(QUIET).wait::<()>().unwrap_err();
            assert!(matches!(error, Error::TimedOut), "{error}");
        }
    });
}

#[test]
fn a_thread_that_cannot_send_does_not_hold_a_call_of_another_one_beyond_its_timeout() {
    let url = Handmade::welcome(Handmade::ignore);
    let session = by_hand(&url).join().unwrap();
    let publishing = session.clone();
    std::thread::spawn(move || {
        let large = "x".repeat(1 << 20);
        while publishing.publish("com.sink", (&large,)).send().is_ok() {}
    });
    soon(move || {
        for _ in 0..5 {
            let error = session.call("com.a", ()).timeout(QUIET).wait::<()>().unwrap_err();
            assert!(matches!(error, Error::TimedOut), "{error}");
        }
    });
}

#[test]
fn what_cannot_be_sent_is_refused_and_changes_nothing() {
    let running = Running::start();
    let session = Join::new(&running.rawsocket(), "realm1").unwrap().join().unwrap();
    let _len = session.register("com.len", |(text,): (String,)| Ok(text.len())).wait().unwrap();
    let error = session.call("com.len", ("x".repeat(17 << 20),)).wait::<usize>().unwrap_err();
    assert!(matches!(error, Error::Operation(_)), "{error}");
    assert_eq!(session.call("com.len", ("x".repeat(1 << 20),)).wait::<usize>().unwrap(), 1 << 20);
    running.end();
}

fn register_counting(session: &Session) -> Registration {
    let count = |(n,): (u32,), invocation: Invocation| {
        if let Some(progress) = invocation.progress() {
            (0..n).try_for_each(|n| progress.send(n))?;
        }
        Ok(n)
    };
    session.register("com.count", count).wait().unwrap()
}
