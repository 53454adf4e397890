//! What is counted for each realm.

use wirebahn_core::wamp::{MatchPolicy, MessageType};
use wirebahn_router::{MessageCounts, RealmConfig, RouterConfig};

use crate::world::{World, all_features, hello, payload};

fn counted(counts: &MessageCounts) -> Vec<(MessageType, u64)> {
    counts.iter().filter(|(_, count)| *count > 0).collect()
}

#[test]
fn messages_are_counted_by_their_types_in_and_out() {
    let mut world = World::open();
    let [a, b, c] = std::array::from_fn(|_| world.join());
    world.register(a, "com.example.procedure");
    world.call(b, "com.example.procedure", "1");
    let invocation = world.invocation(a);
    world.yield_text(a, invocation.request, "2");
    assert_eq!(world.result(b).payload, payload("2"));
    world.subscribe(b, "com.example.topic");
    world.subscribe_to(c, "com.", MatchPolicy::Prefix);
    world.publish(a, "com.example.topic", "3");
    world.publish_acknowledged(a, "com.example.other", "4");
    world.publish_with(a, "com.example.kept", "5", |options| options.retain = true);
    world.send_subscribe(b, "com.example.kept", |options| options.get_retained = true);
    world.goodbye(c);
    let traffic = world.router.snapshot()[0].traffic;
    assert_eq!(
        counted(&traffic.received),
        [
            (MessageType::Goodbye, 1),
            (MessageType::Publish, 3),
            (MessageType::Subscribe, 3),
            (MessageType::Call, 1),
            (MessageType::Register, 1),
            (MessageType::Yield, 1),
        ]
    );
    assert_eq!(
        counted(&traffic.sent),
        [
            (MessageType::Welcome, 3),
            (MessageType::Published, 1),
            (MessageType::Subscribed, 3),
            (MessageType::Event, 5),
            (MessageType::Result, 1),
            (MessageType::Registered, 1),
            (MessageType::Invocation, 1),
        ]
    );
}

#[test]
fn what_realms_on_demand_have_counted_stays_when_they_are_gone() {
    let mut config = RouterConfig::default();
    config.realms_on_demand = Some(RealmConfig::default());
    let mut world = World::with_config(config);
    for realm in ["a", "b", "a"] {
        let key = world.attach();
        world.send(key, hello(realm, all_features()));
        let client = world.expect_welcome(key);
        assert!(world.router.snapshot()[0].is_on_demand);
        world.publish(client, "com.example.topic", "1");
        world.detach(client);
    }
    let gone = world.router.traffic_of_gone_realms();
    assert_eq!(counted(&gone.received), [(MessageType::Publish, 3)]);
    assert_eq!(counted(&gone.sent), [(MessageType::Welcome, 3)]);
}

#[test]
fn what_waits_in_queues_is_counted_in_all_and_for_the_one_with_the_most() {
    let mut world = World::open();
    let [a, b, c] = std::array::from_fn(|_| world.join());
    for client in [b, c] {
        world.subscribe(client, "com.example.topic");
    }
    for text in ["1", "2", "3"] {
        world.publish(a, "com.example.topic", text);
    }
    assert_eq!(world.event_texts(c), ["1", "2", "3"]);
    world.publish(a, "com.example.topic", "4");
    let snapshot = &world.router.snapshot()[0];
    assert_eq!((snapshot.queued_messages, snapshot.most_queued_messages), (5, 4));
    assert_eq!(snapshot.queued_bytes * 4, snapshot.most_queued_bytes * 5);
    assert!(snapshot.queued_bytes > 0);
}
