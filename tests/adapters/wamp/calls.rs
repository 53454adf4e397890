//! Calls: results, errors, pieces, and giving up.

use std::sync::Arc;
use std::time::Instant;

use wirebahn_core::wamp::{CancelMode, Dict, Value};

use super::adapter::{Failure, Procedure, Waiting, Wamp};
use super::{PATIENCE, call, register, start};
use crate::adapter::until;

pub(crate) fn results_come_back<A: Wamp>() {
    let (router, callee, caller) = start::<A>();
    let _add = register(&*callee, "com.add", Procedure::Add);
    let _echo = register(&*callee, "com.echo", Procedure::Echo);
    let sum = caller.call(call("com.add", vec![2.into(), 3.into()])).unwrap();
    assert_eq!(sum, [Value::from(5)]);
    let dict = Dict::from([("key", Value::from(vec![Value::from(true), Value::from(-1.5)]))]);
    for args in [vec![], vec![Value::Null], vec!["Grüße \u{1f642}".into(), dict.into(), u64::MAX.into()]] {
        assert_eq!(caller.call(call("com.echo", args.clone())).unwrap(), args);
    }
    router.end();
}

pub(crate) fn arguments_of_all_sizes_come_back<A: Wamp>() {
    let (router, callee, caller) = start::<A>();
    let _echo = register(&*callee, "com.echo", Procedure::Echo);
    for len in [1, 125, 126, 65_535, 65_536, 1 << 20, 5_000_000] {
        let args = vec![Value::from("x".repeat(len))];
        assert!(caller.call(call("com.echo", args.clone())).unwrap() == args, "{len}");
    }
    router.end();
}

pub(crate) fn an_error_has_its_uri_and_its_arguments<A: Wamp>() {
    let (router, callee, caller) = start::<A>();
    let _refuse = register(&*callee, "com.refuse", Procedure::Refuse);
    match caller.call(call("com.refuse", vec!["because".into()])) {
        Err(Failure::Request { uri, args }) => {
            assert_eq!((uri.as_str(), args), ("com.error.no", vec!["because".into()]));
        }
        other => panic!("{other:?}"),
    }
    router.end();
}

pub(crate) fn a_procedure_that_nobody_has_is_an_error<A: Wamp>() {
    let (router, _, caller) = start::<A>();
    let failure = caller.call(call("com.nothing", vec![])).unwrap_err();
    assert_eq!(failure.uri(), "wamp.error.no_such_procedure");
    router.end();
}

pub(crate) fn arguments_of_another_type_are_an_error_of_the_caller<A: Wamp>() {
    let (router, callee, caller) = start::<A>();
    let _add = register(&*callee, "com.add", Procedure::Add);
    for args in [vec![], vec!["two".into(), 3.into()]] {
        let failure = caller.call(call("com.add", args)).unwrap_err();
        assert_eq!(failure.uri(), "wamp.error.invalid_argument");
    }
    router.end();
}

pub(crate) fn a_panic_is_an_error_for_its_caller_only<A: Wamp>() {
    let (router, callee, caller) = start::<A>();
    let _panic = register(&*callee, "com.panic", Procedure::Panic);
    let _add = register(&*callee, "com.add", Procedure::Add);
    for _ in 0..3 {
        let failure = caller.call(call("com.panic", vec![])).unwrap_err();
        assert_eq!(failure.uri(), "wamp.error.runtime_error");
        let sum = caller.call(call("com.add", vec![1.into(), 1.into()])).unwrap();
        assert_eq!(sum, [Value::from(2)]);
    }
    router.end();
}

pub(crate) fn pieces_of_a_result_come_in_order<A: Wamp>() {
    let (router, callee, caller) = start::<A>();
    let _count = register(&*callee, "com.count", Procedure::Count);
    for to in [0, 1, 1000] {
        let (pieces, result) = caller.call_in_pieces(call("com.count", vec![to.into()]));
        let expected: Vec<_> = (0..to).map(|number| vec![Value::from(number)]).collect();
        assert_eq!((pieces, result.unwrap()), (expected, vec!["done".into()]));
    }
    router.end();
}

pub(crate) fn pieces_are_sent_only_to_who_wants_them<A: Wamp>() {
    let (router, callee, caller) = start::<A>();
    let _count = register(&*callee, "com.count", Procedure::Count);
    let failure = caller.call(call("com.count", vec![3.into()])).unwrap_err();
    assert_eq!(failure.uri(), "com.error.whole");
    router.end();
}

pub(crate) fn a_call_that_takes_too_long_is_given_up_and_its_callee_told<A: Wamp>() {
    let (router, callee, caller) = start::<A>();
    let waiting = Arc::new(Waiting::default());
    let _wait = register(&*callee, "com.wait", Procedure::Wait(Arc::clone(&waiting)));
    let mut slow = call("com.wait", vec![]);
    slow.timeout = Some(PATIENCE);
    let start = Instant::now();
    let failed = caller.call(slow);
    assert!(start.elapsed() >= PATIENCE);
    assert!(matches!(failed, Err(Failure::TimedOut)), "{failed:?}");
    until(|| waiting.interrupted() == 1);
    router.end();
}

pub(crate) fn a_call_that_is_given_up_interrupts_its_callee<A: Wamp>() {
    let (router, callee, caller) = start::<A>();
    let waiting = Arc::new(Waiting::default());
    let _wait = register(&*callee, "com.wait", Procedure::Wait(Arc::clone(&waiting)));
    for (number, mode) in [CancelMode::KillNoWait, CancelMode::Kill].into_iter().enumerate() {
        let mut slow = call("com.wait", vec![]);
        slow.cancel_mode = mode;
        caller.give_up(slow, &|| waiting.begun() == number + 1);
        until(|| waiting.interrupted() == number + 1);
    }
    // The callee is not told.
    let mut slow = call("com.wait", vec![]);
    slow.cancel_mode = CancelMode::Skip;
    caller.give_up(slow, &|| waiting.begun() == 3);
    let _echo = register(&*callee, "com.echo", Procedure::Echo);
    caller.call(call("com.echo", vec![])).unwrap();
    assert_eq!(waiting.interrupted(), 2);
    router.end();
}

pub(crate) fn calls_do_not_wait_for_each_other<A: Wamp>() {
    let (router, callee, caller) = start::<A>();
    let waiting = Arc::new(Waiting::default());
    let _wait = register(&*callee, "com.wait", Procedure::Wait(Arc::clone(&waiting)));
    let _add = register(&*callee, "com.add", Procedure::Add);
    let slow = caller.another();
    let calling = std::thread::spawn(move || slow.call(call("com.wait", vec![])));
    until(|| waiting.begun() == 1);
    caller.call(call("com.add", vec![1.into(), 2.into()])).unwrap();
    assert!(!calling.is_finished());
    callee.leave();
    assert_eq!(calling.join().unwrap().unwrap_err().uri(), "wamp.error.canceled");
    router.end();
}

pub(crate) fn many_threads_share_a_session<A: Wamp>() {
    let (router, callee, caller) = start::<A>();
    let _echo = register(&*callee, "com.echo", Procedure::Echo);
    let threads: Vec<_> = (0..8_i64)
        .map(|thread| {
            let caller = caller.another();
            std::thread::spawn(move || {
                for number in 0..100 {
                    let args = vec![Value::from(thread * 1000 + number)];
                    assert_eq!(caller.call(call("com.echo", args.clone())).unwrap(), args);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    router.end();
}
