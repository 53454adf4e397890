//! Sessions that do not read as fast as others write.

use std::time::Duration;

use wirebahn_core::wamp::{InvocationPolicy, MatchPolicy, Message};
use wirebahn_router::{CloseReason, RealmConfig, RequestIdCheck, SlowConsumers, Violation};

use crate::world::{Client, World, all_features, hello, text};

/// A realm in which ten messages may wait for a session.
fn with_policy(policy: SlowConsumers) -> World {
    let mut config = RealmConfig::default();
    config.queue.messages = 10;
    config.slow_consumers = policy;
    World::new(config)
}

/// A world with a publisher, and a subscriber to `com.t`.
fn publisher_and_subscriber(policy: SlowConsumers) -> (World, Client, Client) {
    let mut world = with_policy(policy);
    let [publisher, subscriber] = std::array::from_fn(|_| world.join());
    world.subscribe(subscriber, "com.t");
    (world, publisher, subscriber)
}

fn publish_numbers(world: &mut World, publisher: Client, numbers: std::ops::Range<u32>) {
    for number in numbers {
        world.publish(publisher, "com.t", &number.to_string());
    }
}

fn numbers(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| number.to_string()).collect()
}

#[test]
fn a_slow_subscriber_is_disconnected_with_the_reason() {
    let (mut world, publisher, subscriber) = publisher_and_subscriber(SlowConsumers::Disconnect);
    publish_numbers(&mut world, publisher, 0..10);
    assert_eq!(world.router.snapshot()[0].sessions, 2);
    publish_numbers(&mut world, publisher, 10..12);
    assert_eq!(world.router.snapshot()[0].sessions, 1);
    let (reason, message, close) = world.aborted(subscriber.key);
    assert_eq!((reason.as_str(), close), ("wamp.error.unavailable", CloseReason::TooSlow));
    assert!(message.contains("faster than they are read"), "{message}");
    let metrics = world.router.metrics();
    assert_eq!((metrics.slow_sessions, metrics.events_lost), (1, 11), "the twelfth had no subscriber");
    world.nothing_for(publisher);
}

#[test]
fn bytes_are_bounded_as_well() {
    let mut config = RealmConfig::default();
    config.queue.bytes = 10_000;
    let mut world = World::new(config);
    let [publisher, subscriber] = std::array::from_fn(|_| world.join());
    world.subscribe(subscriber, "com.t");
    let large = "x".repeat(20_000);
    world.publish(publisher, "com.t", &large);
    assert_eq!(world.event_texts(subscriber), [large], "one message of any size fits");
    for _ in 0..3 {
        world.publish(publisher, "com.t", &"x".repeat(4_000));
    }
    assert_eq!(world.drain(subscriber.key).1, Some(CloseReason::TooSlow));
}

#[test]
fn the_newest_events_can_be_dropped() {
    let (mut world, publisher, subscriber) = publisher_and_subscriber(SlowConsumers::DropNewest);
    publish_numbers(&mut world, publisher, 0..15);
    assert_eq!(world.event_texts(subscriber), numbers(0..10));
    assert_eq!(world.router.metrics().events_dropped, 5);
    publish_numbers(&mut world, publisher, 15..16);
    assert_eq!(world.event_texts(subscriber), ["15"]);
}

#[test]
fn the_oldest_events_can_be_dropped() {
    let (mut world, publisher, subscriber) = publisher_and_subscriber(SlowConsumers::DropOldest);
    publish_numbers(&mut world, publisher, 0..15);
    assert_eq!(world.event_texts(subscriber), numbers(5..15));
    assert_eq!(world.router.metrics().events_dropped, 5);
}

#[test]
fn others_are_told_that_events_are_dropped_and_how_many_it_were_in_the_end() {
    let (mut world, publisher, subscriber) = publisher_and_subscriber(SlowConsumers::DropNewest);
    let witness = world.join();
    world.subscribe(witness, "wirebahn.session.on_events_dropped");
    publish_numbers(&mut world, publisher, 0..15);
    let counts = |world: &mut World| -> Vec<(u64, u64)> {
        world.events(witness).iter().map(|event| event.payload.args().unwrap()).collect()
    };
    assert_eq!(counts(&mut world), [(subscriber.session.get(), 1)]);
    world.events(subscriber);
    assert_eq!(counts(&mut world), [(subscriber.session.get(), 5)]);
}

#[test]
fn answers_are_not_dropped_for_a_slow_subscriber() {
    let (mut world, publisher, subscriber) = publisher_and_subscriber(SlowConsumers::DropNewest);
    publish_numbers(&mut world, publisher, 0..20);
    world.send_subscribe(subscriber, "com.u", |_| {});
    let messages = world.received(subscriber.key);
    assert!(matches!(messages.last(), Some(Message::Subscribed(_))), "{messages:?}");
}

#[test]
fn who_asks_without_reading_the_answers_is_disconnected() {
    let mut world = with_policy(SlowConsumers::DropNewest);
    let client = world.join();
    for _ in 0..20 {
        world.call(client, "com.nothing", "");
    }
    assert_eq!(world.router.connections(), 1);
    world.call(client, "com.nothing", "");
    assert_eq!(world.aborted(client.key).2, CloseReason::TooSlow);
    assert_eq!(world.router.metrics().messages_lost, 21);
}

#[test]
fn calls_of_a_callee_that_does_not_read_fail_at_once() {
    let mut world = with_policy(SlowConsumers::Disconnect);
    let [caller, callee, other] = std::array::from_fn(|_| world.join());
    world.register(callee, "com.p");
    for _ in 0..10 {
        world.call(caller, "com.p", "");
    }
    world.nothing_for(caller);
    world.call(caller, "com.p", "");
    assert_eq!(world.error(caller), "wamp.error.unavailable");
    assert_eq!(world.router.metrics().calls_unavailable, 1);
    assert_eq!(world.received(callee.key).len(), 10);
    world.call(caller, "com.p", "");
    world.invocation(callee);
    world.nothing_for(other);
}

#[test]
fn a_shared_call_goes_to_a_callee_that_reads() {
    let mut world = with_policy(SlowConsumers::Disconnect);
    let [caller, slow, fast] = std::array::from_fn(|_| world.join());
    for callee in [slow, fast] {
        world.register_with(callee, "com.p", |options| options.invoke = InvocationPolicy::First);
    }
    for _ in 0..10 {
        world.call(caller, "com.p", "");
    }
    world.call(caller, "com.p", "over");
    assert_eq!(text(&world.invocation(fast).payload), "over");
    for _ in 0..10 {
        world.call(caller, "com.p", "");
    }
    world.nothing_for(caller);
    world.call(caller, "com.p", "");
    assert_eq!(world.error(caller), "wamp.error.no_available_callee");
}

#[test]
fn the_callers_of_a_session_that_is_too_slow_get_errors() {
    let mut world = with_policy(SlowConsumers::Disconnect);
    let [caller, slow] = std::array::from_fn(|_| world.join());
    world.register(slow, "com.p");
    world.subscribe(slow, "com.t");
    for _ in 0..5 {
        world.call(caller, "com.p", "");
    }
    publish_numbers(&mut world, caller, 0..6);
    let errors = world.received(caller.key);
    assert_eq!(errors.len(), 5);
    let is_canceled =
        |message: &Message| matches!(message, Message::Error(error) if error.error == "wamp.error.canceled");
    assert!(errors.iter().all(is_canceled), "{errors:?}");
}

fn holding() -> SlowConsumers {
    SlowConsumers::HoldPublishers { at_most: Duration::from_secs(10) }
}

#[test]
fn a_publisher_waits_for_the_slowest_subscriber_and_nothing_is_lost() {
    let (mut world, publisher, subscriber) = publisher_and_subscriber(holding());
    publish_numbers(&mut world, publisher, 0..300);
    assert!(world.router.is_held(publisher.key));
    while world.router.next_ready().is_some() {}
    let mut got = Vec::new();
    while got.len() < 300 {
        let Some(wirebahn_router::Outgoing::Shared(event)) = world.router.poll_output(subscriber.key) else {
            panic!("nothing after {}", got.len());
        };
        got.push(text(&event.event().payload));
    }
    assert_eq!(got, numbers(0..300));
    assert!(!world.router.is_held(publisher.key));
    let ready: Vec<_> = std::iter::from_fn(|| world.router.next_ready()).collect();
    assert!(ready.contains(&publisher.key), "it may be read from again");
    let metrics = *world.router.metrics();
    assert_eq!((metrics.events_dropped, metrics.events_lost), (0, 0));
}

#[test]
fn calls_of_a_publisher_that_waits_go_on() {
    let (mut world, publisher, subscriber) = publisher_and_subscriber(holding());
    let callee = world.join();
    world.register(callee, "com.p");
    publish_numbers(&mut world, publisher, 0..20);
    world.call(publisher, "com.p", "");
    let invocation = world.invocation(callee);
    world.yield_text(callee, invocation.request, "done");
    assert_eq!(text(&world.result(publisher).payload), "done");
    assert_eq!(world.event_texts(subscriber), numbers(0..20));
}

#[test]
fn a_subscriber_for_which_publishers_wait_too_long_is_disconnected() {
    let (mut world, publisher, subscriber) = publisher_and_subscriber(holding());
    let other = world.join();
    world.subscribe(other, "com.t");
    publish_numbers(&mut world, publisher, 0..20);
    assert_eq!(world.event_texts(other), numbers(0..11));
    world.advance(9_999);
    world.nothing_for(other);
    world.advance(1);
    assert_eq!(world.drain(subscriber.key).1, Some(CloseReason::TooSlow));
    assert_eq!(world.event_texts(other), numbers(11..20));
}

#[test]
fn a_publisher_need_not_wait_for_a_subscriber_that_has_left() {
    let (mut world, publisher, subscriber) = publisher_and_subscriber(holding());
    let other = world.join();
    world.subscribe_to(other, "com", MatchPolicy::Prefix);
    publish_numbers(&mut world, publisher, 0..20);
    world.events(other);
    world.detach(subscriber);
    assert_eq!(world.event_texts(other), numbers(11..20));
}

#[test]
fn a_publisher_that_says_goodbye_while_it_waits_has_published_first() {
    let (mut world, publisher, subscriber) = publisher_and_subscriber(holding());
    publish_numbers(&mut world, publisher, 0..20);
    world.goodbye(publisher);
    world.nothing_for(publisher);
    assert_eq!(world.event_texts(subscriber), numbers(0..20));
    assert!(matches!(world.only(publisher), Message::Goodbye(_)));
}

#[test]
fn a_publisher_that_leaves_while_it_waits_takes_its_publications_along_counted() {
    let (mut world, publisher, subscriber) = publisher_and_subscriber(holding());
    publish_numbers(&mut world, publisher, 0..20);
    world.detach(publisher);
    assert_eq!(world.event_texts(subscriber), numbers(0..11));
    assert_eq!(world.router.metrics().messages_lost, 9);
}

#[test]
fn many_publishers_do_not_let_a_queue_grow_without_bounds() {
    let mut world = with_policy(holding());
    let subscriber = world.join();
    world.subscribe(subscriber, "com.t");
    let publishers: Vec<Client> = (0..40).map(|_| world.join()).collect();
    for publisher in publishers {
        world.publish(publisher, "com.t", "");
    }
    assert_eq!(world.drain(subscriber.key).1, Some(CloseReason::TooSlow));
}

#[test]
fn the_ids_of_a_publisher_that_waits_are_those_of_what_it_has_sent() {
    let mut config = RealmConfig::default();
    config.queue.messages = 10;
    config.slow_consumers = holding();
    config.request_ids = RequestIdCheck::Strict;
    let mut world = World::new(config);
    let [publisher, subscriber] = std::array::from_fn(|_| world.join());
    world.subscribe(subscriber, "com.t");
    publish_numbers(&mut world, publisher, 0..15);
    world.subscribe(publisher, "com.u");
    publish_numbers(&mut world, publisher, 15..20);
    world.subscribe(publisher, "com.v");
    assert_eq!(world.event_texts(subscriber), numbers(0..20));
    world.nothing_for(publisher);
    world.publish(publisher, "com.t", "20");
    assert_eq!(world.event_texts(subscriber), ["20"]);
    // One that waits is checked, too.
    publish_numbers(&mut world, publisher, 0..11);
    world.request_id(publisher);
    world.publish(publisher, "com.t", "the id before was left out");
    world.send_subscribe(publisher, "com.w", |_| {});
    let (.., close) = world.aborted(publisher.key);
    assert!(matches!(close, CloseReason::Violation(Violation::RequestId { .. })), "{close:?}");
}

#[test]
fn a_publisher_that_has_joined_again_waits_like_any_other() {
    let (mut world, publisher, subscriber) = publisher_and_subscriber(holding());
    publish_numbers(&mut world, publisher, 0..11);
    world.goodbye(publisher);
    assert!(matches!(world.only(publisher), Message::Goodbye(_)));
    world.send(publisher.key, hello("realm1", all_features()));
    let publisher = world.expect_welcome(publisher.key);
    publish_numbers(&mut world, publisher, 11..40);
    assert_eq!(world.event_texts(subscriber), numbers(0..40));
}
