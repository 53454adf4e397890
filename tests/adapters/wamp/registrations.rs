//! Procedures: who has them, and until when.

use std::sync::Arc;
use std::time::SystemTime;

use wirebahn_core::wamp::{InvocationPolicy, MatchPolicy, Value};

use super::adapter::{Procedure, Waiting, Wamp};
use super::{call, register, registering, start};
use crate::adapter::until;

pub(crate) fn a_procedure_has_one_callee_unless_they_share_it<A: Wamp>() {
    let (router, first, second) = start::<A>();
    let _constant = register(&*first, "com.constant", Procedure::Constant(1));
    let failed = second.register(registering("com.constant", Procedure::Constant(2))).map(drop);
    assert_eq!(failed.unwrap_err().uri(), "wamp.error.procedure_already_exists");
    assert_eq!(second.call(call("com.constant", vec![])).unwrap(), [Value::from(1)]);
    router.end();
}

pub(crate) fn what_is_unregistered_is_gone_at_once<A: Wamp>() {
    let (router, callee, caller) = start::<A>();
    for number in 0..3 {
        let constant = register(&*callee, "com.constant", Procedure::Constant(number));
        assert_eq!(caller.call(call("com.constant", vec![])).unwrap(), [Value::from(number)]);
        constant.unregister().unwrap();
        let failure = caller.call(call("com.constant", vec![])).unwrap_err();
        assert_eq!(failure.uri(), "wamp.error.no_such_procedure");
    }
    router.end();
}

pub(crate) fn a_registration_that_is_dropped_is_given_back<A: Wamp>() {
    let (router, callee, caller) = start::<A>();
    drop(register(&*callee, "com.constant", Procedure::Constant(1)));
    until(|| caller.call(call("com.constant", vec![])).is_err());
    let _again = register(&*callee, "com.constant", Procedure::Constant(2));
    assert_eq!(caller.call(call("com.constant", vec![])).unwrap(), [Value::from(2)]);
    router.end();
}

pub(crate) fn calls_are_shared_out_in_turn<A: Wamp>() {
    let (router, first, second) = start::<A>();
    let shared = |value| {
        let mut registering = registering("com.constant", Procedure::Constant(value));
        registering.invoke = InvocationPolicy::RoundRobin;
        registering
    };
    let _first = first.register(shared(0)).unwrap();
    let _second = second.register(shared(1)).unwrap();
    let mut counts = [0; 2];
    for _ in 0..20 {
        let result = first.call(call("com.constant", vec![])).unwrap();
        counts[usize::try_from(result[0].as_i64().unwrap()).unwrap()] += 1;
    }
    assert_eq!(counts, [10, 10]);
    router.end();
}

pub(crate) fn patterns_tell_the_procedure_that_was_called<A: Wamp>() {
    let (router, callee, caller) = start::<A>();
    let mut registrations = Vec::new();
    for (procedure, matching) in [
        ("com.exact", MatchPolicy::Exact),
        ("com.begins.", MatchPolicy::Prefix),
        ("org..same", MatchPolicy::Wildcard),
    ] {
        let mut registering = registering(procedure, Procedure::Tell);
        registering.matching = matching;
        registrations.push(callee.register(registering).unwrap());
    }
    for called in ["com.begins.so", "org.any.same"] {
        let told = caller.call(call(called, vec![])).unwrap();
        assert_eq!(told[0], Value::from(called));
    }
    caller.call(call("com.exact", vec![])).unwrap();
    assert!(caller.call(call("com.exact.not", vec![])).is_err());
    router.end();
}

pub(crate) fn a_caller_is_disclosed_if_it_wants_to_be<A: Wamp>() {
    let (router, callee, caller) = start::<A>();
    let _tell = register(&*callee, "com.tell", Procedure::Tell);
    for disclose_me in [false, true] {
        let mut call = call("com.tell", vec![]);
        call.disclose_me = disclose_me;
        let told = caller.call(call).unwrap();
        assert_eq!(told[1], disclose_me.then(|| caller.id()).into());
    }
    router.end();
}

pub(crate) fn a_callee_that_leaves_fails_the_calls_that_wait_for_it<A: Wamp>() {
    let (router, callee, caller) = start::<A>();
    let waiting = Arc::new(Waiting::default());
    let wait = register(&*callee, "com.wait", Procedure::Wait(Arc::clone(&waiting)));
    let calls: Vec<_> = (0..5)
        .map(|_| {
            let caller = caller.another();
            std::thread::spawn(move || caller.call(call("com.wait", vec![])))
        })
        .collect();
    until(|| waiting.begun() == 5);
    callee.leave();
    for call in calls {
        assert_eq!(call.join().unwrap().unwrap_err().uri(), "wamp.error.canceled");
    }
    // Its invocations are told, too.
    until(|| waiting.interrupted() == 5);
    drop(wait);
    router.end();
}

pub(crate) fn the_router_knows_the_date<A: Wamp>() {
    let (router, callee, caller) = start::<A>();
    let _constant = register(&*callee, "com.constant", Procedure::Constant(1));
    let ids = caller.call(call("wamp.registration.lookup", vec![Value::from("com.constant")])).unwrap();
    let details = caller.call(call("wamp.registration.get", ids)).unwrap();
    let created = details[0].get("created").and_then(Value::as_str).unwrap();
    let year: u64 = created.get(..4).and_then(|year| year.parse().ok()).unwrap();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    // As near as years of the same length come.
    assert!(year.abs_diff(1970 + now / SECONDS_OF_A_YEAR) <= 1, "{created}");
    router.end();
}

const SECONDS_OF_A_YEAR: u64 = 31_556_952;
