//! The tests of WAMP.
//!
//! * `adapter`: what they see of an adapter: nothing but blocking calls. `driven`, `threads`: the adapters as that.
//! * `peer`: the other ends that write their messages by hand.
//! * `calls`, `registrations`, `events`, `sessions`, `components`, `ways`, `misbehaving`: the tests.
//! * `futures`: what only asynchronous adapters have.

pub(crate) mod adapter;
pub(crate) mod calls;
pub(crate) mod components;
pub(crate) mod driven;
pub(crate) mod events;
pub(crate) mod futures;
pub(crate) mod misbehaving;
mod peer;
pub(crate) mod registrations;
pub(crate) mod sessions;
mod threads;
pub(crate) mod ways;

use std::time::Duration;

use wirebahn_core::wamp::{CancelMode, InvocationPolicy, MatchPolicy, Value};
use wirebahn_router::{RealmConfig, RouterConfig};

use self::adapter::{
    Call, JoinSetup, Procedure, Publishing, Registering, Registration, RouterSetup, Routing, Session,
    Subscribing, Subscription, Wamp,
};

/// All tests for `$adapter`.
macro_rules! tests {
    (@each $adapter:ty; $($module:ident { $($name:ident)+ })+) => {
        $($(#[test]
        fn $name() {
            $crate::wamp::$module::$name::<$adapter>();
        })+)+
    };
    ($adapter:ty) => {
        $crate::wamp::tests! { @each $adapter;
            calls {
                results_come_back
                arguments_of_all_sizes_come_back
                an_error_has_its_uri_and_its_arguments
                a_procedure_that_nobody_has_is_an_error
                arguments_of_another_type_are_an_error_of_the_caller
                a_panic_is_an_error_for_its_caller_only
                pieces_of_a_result_come_in_order
                pieces_are_sent_only_to_who_wants_them
                a_call_that_takes_too_long_is_given_up_and_its_callee_told
                a_call_that_is_given_up_interrupts_its_callee
                calls_do_not_wait_for_each_other
                many_threads_share_a_session
            }
            registrations {
                a_procedure_has_one_callee_unless_they_share_it
                what_is_unregistered_is_gone_at_once
                a_registration_that_is_dropped_is_given_back
                calls_are_shared_out_in_turn
                patterns_tell_the_procedure_that_was_called
                a_caller_is_disclosed_if_it_wants_to_be
                a_callee_that_leaves_fails_the_calls_that_wait_for_it
                the_router_knows_the_date
            }
            events {
                events_reach_all_subscribers_in_order
                a_publisher_gets_its_own_event_only_if_it_wants_to
                a_publication_is_confirmed_or_refused
                patterns_tell_the_topic
                an_event_that_is_retained_comes_to_who_asks_for_it
                only_those_who_are_eligible_get_an_event
                what_is_unsubscribed_hears_nothing_more
                a_subscription_that_is_dropped_is_given_back
                waiting_for_an_event_ends_in_time_and_loses_nothing
            }
            sessions {
                leaving_is_answered_and_ends_everything
                a_session_ends_with_its_last_handle
                a_realm_that_does_not_exist_is_refused
                a_challenge_is_answered
                a_challenge_that_nobody_can_answer_ends_it
                a_router_that_ends_says_goodbye_to_everybody
                a_router_that_vanishes_is_noticed_by_everybody_who_waits
                one_session_too_many_is_refused
            }
            components {
                a_component_comes_back_after_its_router_was_away
                a_component_tries_its_transports_in_turn
                a_component_that_waits_ends_with_a_shutdown
                what_a_component_does_in_a_session_ends_with_a_shutdown
                a_component_gives_a_session_up_in_which_it_fails_and_joins_again
                a_component_gives_up_where_it_is_refused
            }
            ways {
                sessions_run_over_every_transport_in_every_serializer
                the_meta_api_tells_how_a_session_came
                sessions_run_over_unix_sockets
                sessions_run_over_tls_and_routers_are_verified
                routers_are_reached_through_proxies
                urls_that_lead_nowhere_are_errors
                what_is_no_router_is_told_as_such
                a_router_that_cannot_be_reached_in_time_is_given_up
                other_requests_are_answered
            }
            misbehaving {
                a_router_that_does_not_answer_hello_is_given_up
                a_router_that_does_not_answer_goodbye_is_given_up
                a_router_that_breaks_the_protocol_is_told_so
                a_router_that_sends_nonsense_is_told_so
                an_answer_that_comes_late_is_no_trouble
                a_client_that_breaks_the_protocol_is_told_so_and_the_others_stay
                a_client_that_says_nothing_is_hung_up_on
                a_client_that_does_not_answer_goodbye_is_hung_up_on
                a_client_that_reads_nothing_does_not_hold_a_router_that_ends
                a_client_that_vanishes_leaves_nothing_behind
            }
        }
    };
}
pub(crate) use tests;

/// No more than one of these is waited for in vain, and then only in tests about that.
const PATIENCE: Duration = crate::peer::PATIENCE;

/// A router with the realm `realm1`, open to everybody.
fn setup() -> RouterSetup {
    let mut config = RouterConfig::default();
    config.realms.push(("realm1".into(), RealmConfig::default()));
    RouterSetup {
        config,
        address: "127.0.0.1:0".parse().unwrap(),
        unix: None,
        tls: None,
        max_connections: usize::MAX,
        open_timeout: Duration::from_secs(10),
    }
}

fn join<A: Wamp>(setup: impl Into<JoinSetup>) -> Box<dyn Session> {
    A::join(setup.into()).unwrap()
}

/// A router, and two sessions with it, of which one speaks MessagePack over WebSocket and the other JSON over RawSocket.
fn start<A: Wamp>() -> (Routing, Box<dyn Session>, Box<dyn Session>) {
    let router = A::route(setup());
    let mut other = JoinSetup::from(router.url("rs"));
    other.serializers = vec![wirebahn_core::wamp::Serializer::Json];
    let sessions = (join::<A>(router.url("ws")), join::<A>(other));
    (router, sessions.0, sessions.1)
}

fn call(procedure: &'static str, args: Vec<Value>) -> Call {
    Call { procedure, args, timeout: None, cancel_mode: CancelMode::KillNoWait, disclose_me: false }
}

fn registering(procedure: &'static str, does: Procedure) -> Registering {
    let (matching, invoke) = (MatchPolicy::Exact, InvocationPolicy::Single);
    Registering { procedure, does, matching, invoke }
}

fn register(session: &dyn Session, procedure: &'static str, does: Procedure) -> Box<dyn Registration> {
    session.register(registering(procedure, does)).unwrap()
}

const fn subscribing(topic: &'static str) -> Subscribing {
    Subscribing { topic, matching: MatchPolicy::Exact, get_retained: false }
}

fn subscribe(session: &dyn Session, topic: &'static str) -> Box<dyn Subscription> {
    session.subscribe(subscribing(topic)).unwrap()
}

/// An event that the router confirms.
const fn publishing(topic: &'static str, args: Vec<Value>) -> Publishing {
    Publishing { topic, args, acknowledge: true, exclude_me: true, retain: false, eligible: None }
}

/// What every session must be able to do.
fn exercise(session: &dyn Session) {
    let _add = register(session, "com.add", Procedure::Add);
    let args = vec![Value::from(2), Value::from(3)];
    assert_eq!(session.call(call("com.add", args)).unwrap(), [Value::from(5)]);
    let mut news = subscribe(session, "com.news");
    let mut event = publishing("com.news", vec!["Grüße".into()]);
    event.exclude_me = false;
    session.publish(event).unwrap();
    assert_eq!(news.next_args(), [Value::from("Grüße")]);
    session.leave();
}
