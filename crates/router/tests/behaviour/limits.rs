//! What one session may have the router remember.

use wirebahn_core::wamp::{MatchPolicy, Message, RegistrationId, SubscriptionId, Value};
use wirebahn_router::RealmConfig;

use crate::world::{Client, World, all_features, hello};

fn with_bytes(bytes: usize) -> World {
    let mut config = RealmConfig::default();
    config.session.bytes = bytes;
    World::new(config)
}

fn long(name: &str) -> String {
    format!("com.{name}.{}", "x".repeat(4000))
}

/// The subscription, or the URI of the error.
fn subscribe(
    world: &mut World,
    client: Client,
    topic: &str,
    policy: MatchPolicy,
) -> Result<SubscriptionId, String> {
    world.send_subscribe(client, topic, |options| options.match_policy = policy);
    match world.only(client) {
        Message::Subscribed(subscribed) => Ok(subscribed.subscription),
        Message::Error(error) => Err(error.error.to_string()),
        other => panic!("{other:?}"),
    }
}

fn register(
    world: &mut World,
    client: Client,
    procedure: &str,
    policy: MatchPolicy,
) -> Result<RegistrationId, String> {
    world.send_register(client, procedure, |options| options.match_policy = policy);
    match world.only(client) {
        Message::Registered(registered) => Ok(registered.registration),
        Message::Error(error) => Err(error.error.to_string()),
        other => panic!("{other:?}"),
    }
}

fn refused<T>() -> Result<T, String> {
    Err("wamp.error.unavailable".into())
}

#[test]
fn long_topics_are_bounded_for_each_session() {
    let mut world = with_bytes(10_000);
    let [client, other] = std::array::from_fn(|_| world.join());
    let exact = MatchPolicy::Exact;
    let first = subscribe(&mut world, client, &long("a"), exact).unwrap();
    assert_eq!(subscribe(&mut world, client, &long("a"), exact), Ok(first));
    subscribe(&mut world, client, &long("b"), exact).unwrap();
    assert_eq!(subscribe(&mut world, client, &long("c"), exact), refused());
    assert_eq!(register(&mut world, client, &long("c"), exact), refused());
    subscribe(&mut world, other, &long("c"), exact).unwrap();
    assert!(matches!(world.unsubscribe(client, first), Message::Unsubscribed(_)));
    let third = subscribe(&mut world, client, &long("c"), exact).unwrap();
    let args = [Value::from(third.get()), Value::from(client.session.get())];
    world.ask(other, "wamp.subscription.remove_subscriber", &args);
    world.only(client);
    subscribe(&mut world, client, &long("d"), exact).unwrap();
    // Another session over the same connection begins anew.
    world.goodbye(client);
    world.only(client);
    world.send(client.key, hello("realm1", all_features()));
    let client = world.expect_welcome(client.key);
    subscribe(&mut world, client, &long("a"), exact).unwrap();
    subscribe(&mut world, client, &long("b"), exact).unwrap();
}

#[test]
fn long_procedures_are_bounded_for_each_session() {
    let mut world = with_bytes(10_000);
    let [client, other] = std::array::from_fn(|_| world.join());
    let exact = MatchPolicy::Exact;
    let first = register(&mut world, client, &long("a"), exact).unwrap();
    register(&mut world, client, &long("b"), exact).unwrap();
    assert_eq!(register(&mut world, client, &long("c"), exact), refused());
    assert!(matches!(world.unregister(client, first), Message::Unregistered(_)));
    let third = register(&mut world, client, &long("c"), exact).unwrap();
    let args = [Value::from(third.get()), Value::from(client.session.get())];
    world.ask(other, "wamp.registration.remove_callee", &args);
    world.only(client);
    register(&mut world, client, &long("d"), exact).unwrap();
}

#[test]
fn wildcards_of_many_components_weigh_what_they_take() {
    let mut world = with_bytes(10_000);
    let client = world.join();
    let pattern = format!("com{}", ".a".repeat(500));
    subscribe(&mut world, client, &pattern, MatchPolicy::Prefix).unwrap();
    assert_eq!(subscribe(&mut world, client, &pattern, MatchPolicy::Wildcard), refused());
    assert_eq!(register(&mut world, client, &pattern, MatchPolicy::Wildcard), refused());
    subscribe(&mut world, client, "com.a..b", MatchPolicy::Wildcard).unwrap();
}

#[test]
fn long_testaments_are_bounded_for_each_session() {
    let mut world = with_bytes(10_000);
    let client = world.join();
    let add = |world: &mut World| {
        let args = [Value::from("com.will"), Value::List(vec![Value::from("x".repeat(4000))])];
        world.ask_with(client, "wamp.session.add_testament", &args, &[])
    };
    assert_eq!(add(&mut world), Ok(Value::Null));
    assert_eq!(add(&mut world), Ok(Value::Null));
    assert_eq!(add(&mut world), refused());
    let detached = [("scope", Value::from("detached"))];
    world.ask_with(client, "wamp.session.flush_testaments", &[], &detached).unwrap();
    assert_eq!(add(&mut world), refused());
    world.ask(client, "wamp.session.flush_testaments", &[]);
    assert_eq!(add(&mut world), Ok(Value::Null));
}
