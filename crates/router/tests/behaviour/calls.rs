//! Calls: results, errors, progress, cancelling, timeouts.

use wirebahn_core::wamp::message::Yield;
use wirebahn_core::wamp::{
    CallOptions, CancelMode, Feature, Features, Message, PayloadPassthru, RequestId, RequestType, Role,
    Roles, YieldOptions,
};
use wirebahn_router::{CloseReason, Disclosure, RealmConfig, RequestIdCheck, Violation};

use crate::world::{Client, World, no_features, payload, text};

/// A world with a caller, a callee, and `com.p` registered.
fn caller_and_callee() -> (World, Client, Client) {
    let mut world = World::open();
    let [caller, callee] = std::array::from_fn(|_| world.join());
    world.register(callee, "com.p");
    (world, caller, callee)
}

/// A callee with these features.
fn callee_with(features: &[Feature]) -> Roles {
    no_features().with(Role::Callee, Features::of(features))
}

#[test]
fn a_call_goes_to_the_callee_and_its_result_to_the_caller() {
    let mut world = World::open();
    let [caller, callee] = std::array::from_fn(|_| world.join());
    let registration = world.register(callee, "com.add");
    let request = world.call(caller, "com.add", "2+3");
    let invocation = world.invocation(callee);
    assert_eq!(invocation.registration, registration);
    assert_eq!(invocation.request.get(), 1);
    assert_eq!(text(&invocation.payload), "2+3");
    assert_eq!(invocation.details, Default::default());
    world.yield_text(callee, invocation.request, "5");
    let result = world.result(caller);
    assert_eq!((result.request, text(&result.payload)), (request, "5".into()));
    assert_eq!(world.router.snapshot()[0].pending_calls, 0);
}

#[test]
fn an_error_of_the_callee_goes_to_the_caller() {
    let (mut world, caller, callee) = caller_and_callee();
    let request = world.call(caller, "com.p", "x");
    let invocation = world.invocation(callee);
    world.yield_error(callee, invocation.request, "com.error.nan");
    let Message::Error(error) = world.only(caller) else { panic!("no ERROR") };
    assert_eq!((error.request, error.error.as_str()), (request, "com.error.nan"));
    assert_eq!(error.request_type, RequestType::Call);
}

#[test]
fn a_call_of_what_nobody_has_registered_fails() {
    let mut world = World::open();
    let caller = world.join();
    world.call(caller, "com.nothing", "");
    assert_eq!(world.error(caller), "wamp.error.no_such_procedure");
    world.call(caller, "com..nothing", "");
    assert_eq!(world.error(caller), "wamp.error.invalid_uri");
}

#[test]
fn a_session_can_call_itself() {
    let mut world = World::open();
    let client = world.join();
    world.register(client, "com.p");
    world.call(client, "com.p", "");
    let invocation = world.invocation(client);
    world.yield_text(client, invocation.request, "me");
    assert_eq!(text(&world.result(client).payload), "me");
    world.call(client, "com.p", "");
    world.goodbye(client);
    assert_eq!(world.router.snapshot()[0].pending_calls, 0);
}

#[test]
fn invocations_of_a_callee_come_in_the_order_of_calls_over_all_procedures() {
    let (mut world, caller, callee) = caller_and_callee();
    world.register(callee, "com.q");
    for (number, procedure) in ["com.p", "com.q", "com.q", "com.p"].into_iter().enumerate() {
        world.call(caller, procedure, &number.to_string());
    }
    let invocations = world.received(callee.key);
    let texts: Vec<_> = invocations
        .iter()
        .map(|message| match message {
            Message::Invocation(invocation) => (invocation.request.get(), text(&invocation.payload)),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(texts, [1, 2, 3, 4].map(|id| (id, (id - 1).to_string())));
}

#[test]
fn callers_are_disclosed_as_realm_caller_and_callee_say() {
    for (disclosure, caller_wants, callee_wants, shown) in [
        (Disclosure::OnRequest, false, false, false),
        (Disclosure::OnRequest, true, false, true),
        (Disclosure::OnRequest, false, true, true),
        (Disclosure::Always, false, false, true),
        (Disclosure::Never, false, true, false),
    ] {
        let mut config = RealmConfig::default();
        config.disclosure = disclosure;
        let mut world = World::new(config);
        let [caller, callee] = std::array::from_fn(|_| world.join());
        world.register_with(callee, "com.p", |options| options.disclose_caller = callee_wants);
        world.call_with(caller, "com.p", "", |options| options.disclose_me = caller_wants);
        let details = world.invocation(callee).details;
        assert_eq!(details.caller, shown.then_some(caller.session), "{disclosure:?}");
        assert_eq!(details.caller_authrole.as_deref(), shown.then_some("anonymous"));
    }
}

#[test]
fn a_callee_cannot_say_that_it_is_somebody_else() {
    let (mut world, caller, callee) = caller_and_callee();
    world.call(caller, "com.p", "");
    let request = world.invocation(callee).request;
    let mut options = YieldOptions::default();
    options.callee_authid = Some("the bank".into());
    world.send(callee.key, Yield { request, options, payload: payload("") });
    assert_eq!(world.result(caller).details, Default::default());
}

#[test]
fn results_come_in_parts_if_the_caller_wants_them_to() {
    let (mut world, caller, callee) = caller_and_callee();
    let request = world.call_with(caller, "com.p", "", |options| options.receive_progress = true);
    let invocation = world.invocation(callee);
    assert!(invocation.details.receive_progress);
    for part in ["a", "b"] {
        world.yield_progress(callee, invocation.request, part);
        let result = world.result(caller);
        assert!(result.details.progress);
        assert_eq!((result.request, text(&result.payload)), (request, part.into()));
    }
    world.yield_text(callee, invocation.request, "end");
    assert!(!world.result(caller).details.progress);
    world.yield_progress(callee, invocation.request, "late");
    world.nothing_for(caller);
}

#[test]
fn parts_that_nobody_asked_for_are_not_passed_on() {
    let (mut world, caller, callee) = caller_and_callee();
    world.call(caller, "com.p", "");
    let invocation = world.invocation(callee);
    assert!(!invocation.details.receive_progress);
    world.yield_progress(callee, invocation.request, "part");
    world.nothing_for(caller);
    world.yield_text(callee, invocation.request, "end");
    assert_eq!(text(&world.result(caller).payload), "end");
}

#[test]
fn a_callee_that_sends_no_parts_is_not_asked_for_them() {
    for (features, asked) in
        [(&[Feature::CallCanceling][..], false), (&[Feature::ProgressiveCallResults][..], true)]
    {
        let mut world = World::open();
        let caller = world.join();
        let callee = world.join_as(callee_with(features));
        world.register(callee, "com.p");
        world.call_with(caller, "com.p", "", |options| options.receive_progress = true);
        assert_eq!(world.invocation(callee).details.receive_progress, asked);
    }
}

fn in_parts(options: &mut CallOptions) {
    options.progress = true;
}

#[test]
fn arguments_come_in_parts_under_one_invocation() {
    let (mut world, caller, callee) = caller_and_callee();
    let request = world.call_with(caller, "com.p", "a", in_parts);
    let first = world.invocation(callee);
    world.send_call(caller, request, "com.p", "b", in_parts);
    let second = world.invocation(callee);
    world.send_call(caller, request, "com.p", "c", |_| {});
    let last = world.invocation(callee);
    assert_eq!([first.details.progress, second.details.progress, last.details.progress], [true, true, false]);
    assert_eq!([second.request, last.request], [first.request; 2]);
    assert_eq!([&first, &second, &last].map(|part| text(&part.payload)), ["a", "b", "c"]);
    world.yield_text(callee, first.request, "abc");
    assert_eq!(text(&world.result(caller).payload), "abc");
    assert_eq!(world.router.metrics().request_ids_out_of_order, 0);
}

#[test]
fn parts_that_meet_the_end_of_their_call_are_dropped_up_to_the_last() {
    let (mut world, caller, callee) = caller_and_callee();
    let request = world.call_with(caller, "com.p", "a", in_parts);
    let invocation = world.invocation(callee);
    world.yield_error(callee, invocation.request, "com.error.enough");
    assert_eq!(world.error(caller), "com.error.enough");
    world.send_call(caller, request, "com.p", "b", in_parts);
    world.send_call(caller, request, "com.p", "c", |_| {});
    world.nothing_for(callee);
    world.nothing_for(caller);
    world.call(caller, "com.p", "next");
    assert_eq!(text(&world.invocation(callee).payload), "next");
}

#[test]
fn parts_need_a_caller_and_a_callee_that_know_them() {
    let mut world = World::open();
    let [caller, callee] = [no_features(), no_features()].map(|roles| world.join_as(roles));
    world.register(callee, "com.p");
    let able = world.join();
    world.call_with(able, "com.p", "a", in_parts);
    assert_eq!(world.error(able), "wamp.error.feature_not_supported");
    world.call_with(caller, "com.p", "a", in_parts);
    assert_eq!(world.aborted(caller.key).2, CloseReason::Violation(Violation::ProgressNotAnnounced));
}

#[test]
fn the_parts_of_a_call_name_the_same_procedure() {
    let (mut world, caller, _) = caller_and_callee();
    let request = world.call_with(caller, "com.p", "a", in_parts);
    world.send_call(caller, request, "com.q", "b", in_parts);
    assert_eq!(world.aborted(caller.key).2, CloseReason::Violation(Violation::ProcedureChanged(request)));
}

#[test]
fn the_id_of_a_live_call_cannot_be_used_again() {
    let (mut world, caller, callee) = caller_and_callee();
    let request = world.call(caller, "com.p", "a");
    let invocation = world.invocation(callee);
    world.send_call(caller, request, "com.p", "b", |_| {});
    assert_eq!(world.aborted(caller.key).2, CloseReason::Violation(Violation::CallIdInUse(request)));
    // What is left of the caller is told to the callee, and nothing else is left.
    assert_eq!(world.interrupted(callee, invocation.request), CancelMode::KillNoWait);
    world.detach(callee);
    assert_eq!(world.router.snapshot()[0].registrations, 0);
}

#[test]
fn a_call_is_canceled_in_three_modes() {
    for (mode, interrupt, at_once) in [
        (Some(CancelMode::Skip), None, true),
        (Some(CancelMode::Kill), Some(CancelMode::Kill), false),
        (Some(CancelMode::KillNoWait), Some(CancelMode::KillNoWait), true),
        (None, Some(CancelMode::KillNoWait), true),
    ] {
        let (mut world, caller, callee) = caller_and_callee();
        let request = world.call(caller, "com.p", "");
        let invocation = world.invocation(callee).request;
        world.cancel(caller, request, mode);
        match interrupt {
            Some(expected) => assert_eq!(world.interrupted(callee, invocation), expected),
            None => world.nothing_for(callee),
        }
        if at_once {
            assert_eq!(world.error(caller), "wamp.error.canceled");
            world.yield_text(callee, invocation, "late");
        } else {
            world.cancel(caller, request, mode);
            world.nothing_for(callee);
            world.nothing_for(caller);
            world.yield_error(callee, invocation, "com.error.stopped");
            assert_eq!(world.error(caller), "com.error.stopped");
        }
        world.cancel(caller, request, mode);
        world.nothing_for(caller);
        world.nothing_for(callee);
    }
}

#[test]
fn a_callee_that_cannot_be_interrupted_is_not() {
    let mut world = World::open();
    let caller = world.join();
    let callee = world.join_as(no_features());
    world.register(callee, "com.p");
    let request = world.call(caller, "com.p", "");
    world.invocation(callee);
    world.cancel(caller, request, Some(CancelMode::Kill));
    assert_eq!(world.error(caller), "wamp.error.canceled", "it is skipped instead");
    world.nothing_for(callee);
}

#[test]
fn a_call_that_takes_too_long_fails_and_its_callee_is_interrupted() {
    let (mut world, caller, callee) = caller_and_callee();
    world.call_with(caller, "com.p", "", |options| options.timeout = 500);
    let invocation = world.invocation(callee);
    assert_eq!(invocation.details.timeout, 0, "the dealer sees to it");
    world.advance(499);
    world.nothing_for(caller);
    world.advance(1);
    assert_eq!(world.error(caller), "wamp.error.timeout");
    let Message::Interrupt(interrupt) = world.only(callee) else { panic!("no INTERRUPT") };
    assert_eq!(interrupt.options.mode, Some(CancelMode::KillNoWait));
    assert_eq!(interrupt.options.reason.as_deref(), Some("wamp.error.timeout"));
    world.yield_text(callee, invocation.request, "late");
    world.nothing_for(caller);
}

#[test]
fn the_timeout_of_a_call_is_the_time_between_parts_of_its_result() {
    let (mut world, caller, callee) = caller_and_callee();
    world.call_with(caller, "com.p", "", |options| {
        options.timeout = 500;
        options.receive_progress = true;
    });
    let invocation = world.invocation(callee);
    for _ in 0..3 {
        world.advance(400);
        world.yield_progress(callee, invocation.request, "part");
        assert!(world.result(caller).details.progress);
    }
    world.advance(500);
    assert_eq!(world.error(caller), "wamp.error.timeout");
}

#[test]
fn an_answer_in_time_stops_the_timer() {
    let (mut world, caller, callee) = caller_and_callee();
    world.call_with(caller, "com.p", "", |options| options.timeout = 500);
    let invocation = world.invocation(callee);
    world.yield_text(callee, invocation.request, "done");
    world.result(caller);
    assert_eq!(world.router.poll_timeout(), None);
}

#[test]
fn a_callee_that_wants_to_sees_to_timeouts_itself() {
    let mut world = World::open();
    let [caller, callee] = std::array::from_fn(|_| world.join());
    world.register_with(callee, "com.p", |options| options.forward_timeout = true);
    world.call_with(caller, "com.p", "", |options| options.timeout = 500);
    assert_eq!(world.invocation(callee).details.timeout, 500);
    assert_eq!(world.router.poll_timeout(), None);
}

#[test]
fn a_caller_that_leaves_interrupts_its_callees() {
    let (mut world, caller, callee) = caller_and_callee();
    world.call(caller, "com.p", "");
    let invocation = world.invocation(callee);
    world.detach(caller);
    assert_eq!(world.interrupted(callee, invocation.request), CancelMode::KillNoWait);
    world.yield_text(callee, invocation.request, "for nobody");
    world.nothing_for(callee);
}

#[test]
fn a_callee_that_leaves_fails_its_calls() {
    let (mut world, caller, callee) = caller_and_callee();
    world.call(caller, "com.p", "1");
    world.call(caller, "com.p", "2");
    world.goodbye(callee);
    let errors = world.received(caller.key);
    assert_eq!(errors.len(), 2);
    for error in errors {
        assert!(matches!(error, Message::Error(error) if error.error == "wamp.error.canceled"));
    }
    world.call(caller, "com.p", "3");
    assert_eq!(world.error(caller), "wamp.error.no_such_procedure");
}

#[test]
fn an_answer_to_an_invocation_that_never_was_is_a_violation() {
    let (mut world, caller, callee) = caller_and_callee();
    world.call(caller, "com.p", "");
    let invocation = world.invocation(callee);
    let never = RequestId::new(2).unwrap();
    world.yield_text(callee, never, "?");
    let (reason, message, close) = world.aborted(callee.key);
    assert_eq!(reason, "wamp.error.protocol_violation");
    assert_eq!(message, "protocol violation: there has been no invocation 2");
    assert_eq!(close, CloseReason::Violation(Violation::NoSuchInvocation(never)));
    assert_eq!(invocation.request.get(), 1);
    assert_eq!(world.error(caller), "wamp.error.canceled");
}

#[test]
fn a_session_has_only_so_many_calls_open() {
    let mut config = RealmConfig::default();
    config.session.pending_calls = 2;
    let mut world = World::new(config);
    let [caller, callee] = std::array::from_fn(|_| world.join());
    world.register(callee, "com.p");
    world.call(caller, "com.p", "1");
    world.call(caller, "com.p", "2");
    world.nothing_for(caller);
    world.call(caller, "com.p", "3");
    assert_eq!(world.error(caller), "wamp.error.unavailable");
}

#[test]
fn payload_passthru_needs_to_be_known_at_both_ends() {
    let mut world = World::open();
    let [able, callee] = std::array::from_fn(|_| world.join());
    let unable = world.join_as(no_features());
    world.register(callee, "com.able");
    world.register(unable, "com.unable");
    let mut passthru = PayloadPassthru::default();
    passthru.scheme = Some("x_scheme".into());
    let passthru = Some(Box::new(passthru));
    world.call_with(able, "com.able", "", |options| options.passthru = passthru.clone());
    assert_eq!(world.invocation(callee).details.passthru, passthru);
    world.call_with(able, "com.unable", "", |options| options.passthru = passthru.clone());
    assert_eq!(world.error(able), "wamp.error.feature_not_supported");

    world.call(unable, "com.able", "");
    let request = world.invocation(callee).request;
    let mut options = YieldOptions::default();
    options.passthru = passthru;
    let payload = payload("secret");
    world.send(callee.key, Yield { request, options, payload });
    assert_eq!(world.error(unable), "wamp.error.feature_not_supported");
}

fn passthru() -> Option<Box<PayloadPassthru>> {
    let mut passthru = PayloadPassthru::default();
    passthru.scheme = Some("x_scheme".into());
    Some(Box::new(passthru))
}

/// A peer that knows everything else.
fn without_passthru() -> Roles {
    let all: Features = Feature::ALL.iter().copied().collect();
    let known: Features = all.iter().filter(|&feature| feature != Feature::PayloadPassthruMode).collect();
    no_features().with(Role::Caller, known).with(Role::Callee, known)
}

#[test]
fn further_parts_of_a_call_are_in_passthru_mode_only_if_both_ends_know_it() {
    let mut world = World::open();
    let able = world.join();
    let unable = world.join_as(without_passthru());
    world.register(unable, "com.unable");
    let request = world.call_with(able, "com.unable", "1", in_parts);
    let invocation = world.invocation(unable);
    world.send_call(able, request, "com.unable", "2", |options| {
        in_parts(options);
        options.passthru = passthru();
    });
    assert_eq!(world.error(able), "wamp.error.feature_not_supported");
    world.interrupted(unable, invocation.request);

    world.register(able, "com.able");
    let request = world.call_with(unable, "com.able", "1", in_parts);
    world.invocation(able);
    world.send_call(unable, request, "com.able", "2", |options| {
        in_parts(options);
        options.passthru = passthru();
    });
    assert_eq!(world.aborted(unable.key).2, CloseReason::Violation(Violation::PassthruNotAnnounced));
}

#[test]
fn parts_of_results_and_errors_are_in_passthru_mode_only_if_both_ends_know_it() {
    let mut world = World::open();
    let able = world.join();
    let [unable, other] = std::array::from_fn(|_| world.join_as(without_passthru()));
    world.register(able, "com.able");
    world.call_with(unable, "com.able", "", |options| options.receive_progress = true);
    let request = world.invocation(able).request;
    let mut options = YieldOptions::default();
    options.progress = true;
    options.passthru = passthru();
    world.send(able.key, Yield { request, options, payload: payload("secret") });
    assert_eq!(world.error(unable), "wamp.error.feature_not_supported");
    world.interrupted(able, request);

    world.call(unable, "com.able", "");
    let request = world.invocation(able).request;
    let mut error = failed(request);
    error.details.passthru = passthru();
    world.send(able.key, error);
    assert_eq!(world.error(unable), "wamp.error.feature_not_supported");

    world.register(other, "com.other");
    world.call(able, "com.other", "");
    let mut error = failed(world.invocation(other).request);
    error.details.passthru = passthru();
    world.send(other.key, error);
    assert_eq!(world.aborted(other.key).2, CloseReason::Violation(Violation::PassthruNotAnnounced));
}

fn failed(request: RequestId) -> wirebahn_core::wamp::message::Error {
    wirebahn_core::wamp::message::Error {
        request_type: RequestType::Invocation,
        request,
        details: wirebahn_core::wamp::ErrorDetails::default(),
        error: "com.error".into(),
        payload: payload("secret"),
    }
}

#[test]
fn parts_of_a_call_that_was_refused_are_dropped_up_to_the_last() {
    let mut config = RealmConfig::default();
    config.request_ids = RequestIdCheck::Strict;
    config.session.pending_calls = 1;
    let mut world = World::new(config);
    let [caller, callee] = std::array::from_fn(|_| world.join());
    for procedure in ["com.nothing", "com..wrong", "wamp.session.count", "wamp.nothing"] {
        let request = world.call_with(caller, procedure, "1", in_parts);
        world.only(caller);
        world.send_call(caller, request, procedure, "2", in_parts);
        world.send_call(caller, request, procedure, "3", |_| {});
        world.nothing_for(caller);
    }
    world.register(callee, "com.p");
    world.call(caller, "com.p", "");
    world.invocation(callee);
    let request = world.call_with(caller, "com.p", "1", in_parts);
    assert_eq!(world.error(caller), "wamp.error.unavailable");
    world.send_call(caller, request, "com.p", "2", |_| {});
    world.nothing_for(caller);
    world.nothing_for(callee);
}
