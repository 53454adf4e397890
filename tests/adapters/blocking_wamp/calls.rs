//! Calling.

use std::collections::BTreeMap;
use std::sync::mpsc::channel;

use wirebahn_blocking::wamp::{Error, Invocation, Join, Registration, Reply, Session};

use super::support::{Handmade, QUIET, Running, by_hand};
use crate::blocking::soon;

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
fn a_result_of_another_type_than_is_wanted_is_an_error_and_changes_nothing() {
    let running = Running::start();
    let session = running.join();
    let _shout = session.register("com.shout", |(text,): (String,)| Ok(text.to_uppercase())).wait().unwrap();
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
fn the_result_itself_comes_after_its_pieces() {
    let running = Running::start();
    let session = running.join();
    let _count = register_counting(&session);
    let mut call = session.call("com.count", (3,)).start().unwrap();
    assert_eq!(call.next().unwrap().unwrap().value::<u32>().unwrap(), 0);
    assert_eq!(call.result().unwrap().value::<u32>().unwrap(), 3);
    let result = session.call("com.count", (3,)).start().unwrap().result().unwrap();
    assert_eq!(result.value::<u32>().unwrap(), 3);
    running.end();
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
