//! Registrations: patterns, sharing, concurrency, revocation.

use wirebahn_core::wamp::{CancelMode, InvocationPolicy, MatchPolicy, Message, RegisterOptions, RequestType};
use wirebahn_router::RealmConfig;

use crate::world::{Client, World, no_features, text};

fn shared(policy: InvocationPolicy) -> impl Fn(&mut RegisterOptions) {
    move |options| options.invoke = policy
}

/// Calls `com.p` and returns which of the callees got it.
fn who_is_called(world: &mut World, caller: Client, callees: &[Client]) -> usize {
    world.call(caller, "com.p", "");
    let mut called = Vec::new();
    for (number, &callee) in callees.iter().enumerate() {
        for message in world.received(callee.key) {
            let Message::Invocation(invocation) = message else { panic!("{message:?}") };
            world.yield_text(callee, invocation.request, "");
            called.push(number);
        }
    }
    world.result(caller);
    let &[called] = called.as_slice() else { panic!("{called:?}") };
    called
}

#[test]
fn a_procedure_is_registered_once() {
    let mut world = World::open();
    let [first, second] = std::array::from_fn(|_| world.join());
    let registration = world.register(first, "com.p");
    for client in [first, second] {
        world.send_register(client, "com.p", |_| {});
        assert_eq!(world.error(client), "wamp.error.procedure_already_exists");
    }
    assert!(matches!(world.unregister(second, registration), Message::Error(error)
        if error.error == "wamp.error.no_such_registration" && error.request_type == RequestType::Unregister));
    assert!(matches!(world.unregister(first, registration), Message::Unregistered(_)));
    assert_ne!(world.register(second, "com.p"), registration);
}

#[test]
fn the_same_procedure_may_be_registered_with_other_match_policies() {
    let mut world = World::open();
    let [caller, exact, prefix, wildcard] = std::array::from_fn(|_| world.join());
    world.register(exact, "com.a.b");
    world.register_with(prefix, "com.a", |options| options.match_policy = MatchPolicy::Prefix);
    world.register_with(wildcard, "com..b", |options| options.match_policy = MatchPolicy::Wildcard);
    for (procedure, callee, tells) in [
        ("com.a.b", exact, None),
        ("com.a.c", prefix, Some("com.a.c")),
        ("com.ab", prefix, Some("com.ab")),
        ("com.x.b", wildcard, Some("com.x.b")),
    ] {
        world.call(caller, procedure, "");
        assert_eq!(world.invocation(callee).details.procedure.as_deref(), tells, "{procedure}");
    }
}

#[test]
fn reserved_and_bad_procedures_are_refused() {
    let mut world = World::open();
    let client = world.join();
    for procedure in ["wamp.session.count", "wamp", "com..p", "", "com p"] {
        world.send_register(client, procedure, |_| {});
        assert_eq!(world.error(client), "wamp.error.invalid_uri", "{procedure}");
    }
    world.send_register(client, "com.p", |options| options.concurrency = Some(0));
    assert_eq!(world.error(client), "wamp.error.invalid_argument");
}

#[test]
fn calls_are_shared_as_the_policy_says() {
    for (policy, expected) in [
        (InvocationPolicy::RoundRobin, [0, 1, 2, 0, 1, 2]),
        (InvocationPolicy::First, [0; 6]),
        (InvocationPolicy::Last, [2; 6]),
    ] {
        let mut world = World::open();
        let caller = world.join();
        let callees: [Client; 3] = std::array::from_fn(|_| world.join());
        for callee in callees {
            world.register_with(callee, "com.p", shared(policy));
        }
        let called = [(); 6].map(|()| who_is_called(&mut world, caller, &callees));
        assert_eq!(called, expected, "{policy:?}");
    }
}

#[test]
fn calls_at_random_go_to_all_callees() {
    let mut world = World::open();
    let caller = world.join();
    let callees: [Client; 3] = std::array::from_fn(|_| world.join());
    for callee in callees {
        world.register_with(callee, "com.p", shared(InvocationPolicy::Random));
    }
    let mut counts = [0; 3];
    for _ in 0..300 {
        counts[who_is_called(&mut world, caller, &callees)] += 1;
    }
    assert!(counts.iter().all(|&count| count > 60), "{counts:?}");
}

#[test]
fn a_callee_that_leaves_does_not_confuse_whose_turn_it_is() {
    let mut world = World::open();
    let caller = world.join();
    let callees: [Client; 3] = std::array::from_fn(|_| world.join());
    for callee in callees {
        world.register_with(callee, "com.p", shared(InvocationPolicy::RoundRobin));
    }
    assert_eq!(who_is_called(&mut world, caller, &callees), 0);
    world.detach(callees[0]);
    let rest = &callees[1..];
    assert_eq!([(); 3].map(|()| who_is_called(&mut world, caller, rest)), [0, 1, 0]);
}

#[test]
fn all_callees_of_a_procedure_share_it_in_the_same_way() {
    let mut world = World::open();
    let [first, second] = std::array::from_fn(|_| world.join());
    world.register_with(first, "com.p", shared(InvocationPolicy::First));
    for policy in [InvocationPolicy::Last, InvocationPolicy::Single] {
        world.send_register(second, "com.p", shared(policy));
        let error = world.error(second);
        assert_eq!(error, "wamp.error.procedure_exists_with_different_invocation_policy");
    }
    world.register_with(second, "com.p", shared(InvocationPolicy::First));
}

#[test]
fn callees_get_as_many_calls_at_once_as_they_take() {
    let mut world = World::open();
    let [caller, one, two] = std::array::from_fn(|_| world.join());
    for (callee, limit) in [(one, 1), (two, 2)] {
        world.register_with(callee, "com.p", |options| {
            options.invoke = InvocationPolicy::First;
            options.concurrency = Some(limit);
        });
    }
    for _ in 0..3 {
        world.call(caller, "com.p", "");
    }
    let first = world.invocation(one);
    assert_eq!(world.received(two.key).len(), 2);
    world.nothing_for(caller);
    world.call(caller, "com.p", "");
    assert_eq!(world.error(caller), "crossbar.error.max_concurrency_reached");
    world.yield_text(one, first.request, "done");
    world.result(caller);
    world.call(caller, "com.p", "");
    world.invocation(one);
}

#[test]
fn a_canceled_call_counts_until_the_callee_has_answered() {
    let mut world = World::open();
    let [caller, callee] = std::array::from_fn(|_| world.join());
    world.register_with(callee, "com.p", |options| options.concurrency = Some(1));
    let request = world.call(caller, "com.p", "");
    let invocation = world.invocation(callee);
    world.cancel(caller, request, None);
    assert_eq!(world.error(caller), "wamp.error.canceled");
    world.interrupted(callee, invocation.request);
    world.call(caller, "com.p", "");
    assert_eq!(world.error(caller), "crossbar.error.max_concurrency_reached");
    world.yield_error(callee, invocation.request, "wamp.error.canceled");
    world.nothing_for(caller);
    world.call(caller, "com.p", "again");
    assert_eq!(text(&world.invocation(callee).payload), "again");
}

#[test]
fn a_registration_can_be_taken_over_by_force() {
    let mut world = World::open();
    let [caller, old, new] = std::array::from_fn(|_| world.join());
    let unaware = world.join_as(no_features());
    let registration = world.register_with(old, "com.p", shared(InvocationPolicy::First));
    world.register_with(unaware, "com.p", shared(InvocationPolicy::First));
    world.call(caller, "com.p", "");
    let open = world.invocation(old);
    let taken = world.register_with(new, "com.p", |options| options.force_reregister = true);
    assert_ne!(taken, registration);
    let Message::Unregistered(revoked) = world.only(old) else { panic!("no UNREGISTERED") };
    assert_eq!((revoked.request, revoked.details.registration), (None, Some(registration)));
    world.nothing_for(unaware);
    world.yield_text(old, open.request, "still answered");
    assert_eq!(text(&world.result(caller).payload), "still answered");
    world.call(caller, "com.p", "");
    assert_eq!(world.invocation(new).registration, taken);
    assert!(matches!(world.unregister(old, registration), Message::Error(_)));
    world.detach(old);
    world.detach(unaware);
    assert_eq!(world.router.snapshot()[0].registrations, 1);
}

#[test]
fn registrations_end_with_their_last_session() {
    let mut world = World::open();
    let [a, b] = std::array::from_fn(|_| world.join());
    for client in [a, b] {
        world.register_with(client, "com.p", shared(InvocationPolicy::RoundRobin));
    }
    world.register(a, "com.q");
    assert_eq!(world.router.snapshot()[0].registrations, 2);
    world.detach(a);
    assert_eq!(world.router.snapshot()[0].registrations, 1);
    world.goodbye(b);
    assert_eq!(world.router.snapshot()[0].registrations, 0);
}

#[test]
fn a_session_has_only_so_many_registrations_and_subscriptions() {
    let mut config = RealmConfig::default();
    config.session.registrations = 1;
    config.session.subscriptions = 1;
    let mut world = World::new(config);
    let client = world.join();
    world.register(client, "com.a");
    world.send_register(client, "com.b", |_| {});
    assert_eq!(world.error(client), "wamp.error.unavailable");
    world.subscribe(client, "com.a");
    world.subscribe(client, "com.a");
    world.send_subscribe(client, "com.b", |_| {});
    assert_eq!(world.error(client), "wamp.error.unavailable");
}

#[test]
fn a_callee_that_registers_anew_has_the_calls_that_it_had() {
    let mut world = World::open();
    let [caller, callee, other] = std::array::from_fn(|_| world.join());
    let one_at_a_time = |options: &mut RegisterOptions| {
        options.invoke = InvocationPolicy::First;
        options.concurrency = Some(1);
    };
    let registration = world.register_with(callee, "com.p", one_at_a_time);
    world.register_with(other, "com.p", one_at_a_time);
    world.call(caller, "com.p", "1");
    let first = world.invocation(callee);
    world.call(caller, "com.p", "2");
    let second = world.invocation(other);
    world.unregister(callee, registration);
    assert_eq!(
        world.register_with(callee, "com.p", one_at_a_time),
        registration,
        "the other one still has it"
    );
    world.call(caller, "com.p", "3");
    assert_eq!(world.error(caller), "crossbar.error.max_concurrency_reached");
    world.yield_text(other, second.request, "");
    world.result(caller);
    world.yield_text(callee, first.request, "");
    world.result(caller);
    for callee in [other, callee] {
        world.call(caller, "com.p", "");
        world.invocation(callee);
    }
    world.call(caller, "com.p", "");
    assert_eq!(world.error(caller), "crossbar.error.max_concurrency_reached");
}

#[test]
fn a_callee_that_answers_no_canceled_calls_has_only_so_many_of_them_remembered() {
    let mut config = RealmConfig::default();
    config.session.pending_calls = 3;
    let mut world = World::new(config);
    let [caller, callee] = std::array::from_fn(|_| world.join());
    world.register_with(callee, "com.p", |options| options.concurrency = Some(5));
    for _ in 0..100 {
        let request = world.call(caller, "com.p", "");
        world.invocation(callee);
        world.cancel(caller, request, Some(CancelMode::Skip));
        assert_eq!(world.error(caller), "wamp.error.canceled");
    }
    // Three are still counted, so there is room for two.
    let [.., last] = [(); 2].map(|()| {
        world.call(caller, "com.p", "");
        world.invocation(callee).request
    });
    world.call(caller, "com.p", "");
    assert_eq!(world.error(caller), "crossbar.error.max_concurrency_reached");
    world.yield_text(callee, last, "");
    world.result(caller);
    world.call(caller, "com.p", "");
    world.invocation(callee);
}
