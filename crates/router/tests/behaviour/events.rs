//! Publish and subscribe.

use wirebahn_core::wamp::{
    MatchPolicy, Message, PayloadPassthru, PublishOptions, Receivers, RequestType, SessionId,
};
use wirebahn_router::{CloseReason, Disclosure, RealmConfig, Violation};

use crate::world::{World, no_features, text, texts};

fn receivers(edit: impl FnOnce(&mut Receivers)) -> impl FnOnce(&mut PublishOptions) {
    let mut receivers = Receivers::default();
    edit(&mut receivers);
    move |options| options.receivers = Some(Box::new(receivers))
}

#[test]
fn an_event_goes_to_all_subscribers_of_its_topic_and_to_nobody_else() {
    let mut world = World::open();
    let [publisher, first, second, other] = std::array::from_fn(|_| world.join());
    let subscription = world.subscribe(first, "com.a");
    assert_eq!(world.subscribe(second, "com.a"), subscription, "one id for all");
    assert_ne!(world.subscribe(other, "com.b"), subscription);
    let publication = world.publish_acknowledged(publisher, "com.a", "hi");
    for subscriber in [first, second] {
        let events = world.events(subscriber);
        let [event] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!((event.subscription, event.publication), (subscription, publication));
        assert_eq!(text(&event.payload), "hi");
        assert_eq!(event.details, Default::default());
    }
    world.nothing_for(other);
}

#[test]
fn subscribing_twice_gives_the_same_subscription_and_one_event() {
    let mut world = World::open();
    let [publisher, subscriber] = std::array::from_fn(|_| world.join());
    let subscription = world.subscribe(subscriber, "com.a");
    assert_eq!(world.subscribe(subscriber, "com.a"), subscription);
    world.publish(publisher, "com.a", "hi");
    assert_eq!(world.event_texts(subscriber), ["hi"]);
    assert!(matches!(world.unsubscribe(subscriber, subscription), Message::Unsubscribed(_)));
    world.publish(publisher, "com.a", "ho");
    world.nothing_for(subscriber);
}

#[test]
fn nobody_can_unsubscribe_from_what_he_has_not_subscribed_to() {
    let mut world = World::open();
    let [subscriber, other] = std::array::from_fn(|_| world.join());
    let subscription = world.subscribe(subscriber, "com.a");
    let Message::Error(error) = world.unsubscribe(other, subscription) else { panic!("no ERROR") };
    assert_eq!(error.request_type, RequestType::Unsubscribe);
    assert_eq!(error.error, "wamp.error.no_such_subscription");
}

#[test]
fn an_event_comes_once_for_each_subscription_that_matches() {
    let mut world = World::open();
    let [publisher, subscriber] = std::array::from_fn(|_| world.join());
    let exact = world.subscribe(subscriber, "com.a.x");
    let prefix = world.subscribe_to(subscriber, "com.a", MatchPolicy::Prefix);
    let wildcard = world.subscribe_to(subscriber, "com..x", MatchPolicy::Wildcard);
    let publication = world.publish_acknowledged(publisher, "com.a.x", "hi");
    let events = world.events(subscriber);
    assert_eq!(events.iter().map(|event| event.subscription).collect::<Vec<_>>(), [exact, prefix, wildcard]);
    assert!(events.iter().all(|event| event.publication == publication));
    let topics: Vec<_> = events.iter().map(|event| event.details.topic.as_deref()).collect();
    assert_eq!(topics, [None, Some("com.a.x"), Some("com.a.x")], "patterns tell the topic");
}

#[test]
fn the_publisher_gets_its_own_event_only_if_it_wants_to() {
    let mut world = World::open();
    let publisher = world.join();
    world.subscribe(publisher, "com.a");
    world.publish(publisher, "com.a", "not for me");
    world.publish_with(publisher, "com.a", "for me", |options| options.exclude_me = false);
    assert_eq!(world.event_texts(publisher), ["for me"]);
}

#[test]
fn lists_decide_who_receives() {
    let mut world = World::open();
    let [publisher, a, b] = std::array::from_fn(|_| world.join());
    world.subscribe(a, "com.t");
    world.subscribe(b, "com.t");
    world.publish_with(publisher, "com.t", "1", receivers(|r| r.exclude = Some(vec![a.session])));
    world.publish_with(publisher, "com.t", "2", receivers(|r| r.eligible = Some(vec![a.session])));
    world.publish_with(publisher, "com.t", "3", receivers(|r| r.eligible = Some(vec![])));
    world.publish_with(publisher, "com.t", "4", receivers(|r| r.eligible_authrole = texts(&["anonymous"])));
    world.publish_with(publisher, "com.t", "5", receivers(|r| r.exclude_authrole = texts(&["anonymous"])));
    let authid = a.session.to_string();
    world.publish_with(publisher, "com.t", "6", receivers(|r| r.eligible_authid = texts(&[&authid])));
    world.publish_with(publisher, "com.t", "7", receivers(|r| r.exclude_authid = texts(&[&authid])));
    let nobody = SessionId::new(1).unwrap();
    world.publish_with(publisher, "com.t", "8", receivers(|r| r.eligible = Some(vec![nobody])));
    assert_eq!(world.event_texts(a), ["2", "4", "6"]);
    assert_eq!(world.event_texts(b), ["1", "4", "7"]);
}

#[test]
fn publishers_are_disclosed_as_the_realm_says() {
    for (disclosure, asked, shown) in [
        (Disclosure::OnRequest, false, false),
        (Disclosure::OnRequest, true, true),
        (Disclosure::Always, false, true),
        (Disclosure::Never, false, false),
    ] {
        let mut config = RealmConfig::default();
        config.disclosure = disclosure;
        let mut world = World::new(config);
        let [publisher, subscriber] = std::array::from_fn(|_| world.join());
        world.subscribe(subscriber, "com.a");
        world.publish_with(publisher, "com.a", "hi", |options| options.disclose_me = asked);
        let details = world.events(subscriber).remove(0).details;
        assert_eq!(details.publisher, shown.then_some(publisher.session), "{disclosure:?}");
        assert_eq!(details.publisher_authrole.as_deref(), shown.then_some("anonymous"));
        assert_eq!(details.publisher_authid.is_some(), shown);
    }
}

#[test]
fn a_realm_that_discloses_nobody_refuses_to() {
    let mut config = RealmConfig::default();
    config.disclosure = Disclosure::Never;
    let mut world = World::new(config);
    let publisher = world.join();
    world.publish_with(publisher, "com.a", "hi", |options| {
        options.disclose_me = true;
        options.acknowledge = true;
    });
    assert_eq!(world.error(publisher), "wamp.error.option_disallowed.disclose_me");
}

#[test]
fn bad_and_reserved_topics_are_refused_if_an_answer_is_wanted_and_counted_if_not() {
    let mut world = World::open();
    let publisher = world.join();
    for topic in ["", "com..a", "com.#", "com.a b", "wamp.session.on_join", "wamp"] {
        world.publish_with(publisher, topic, "hi", |options| options.acknowledge = true);
        assert_eq!(world.error(publisher), "wamp.error.invalid_uri", "{topic}");
        world.publish(publisher, topic, "hi");
        world.nothing_for(publisher);
    }
    assert_eq!(world.router.metrics().publications_refused, 6);
    world.send_subscribe(publisher, "com..a", |_| {});
    assert_eq!(world.error(publisher), "wamp.error.invalid_uri");
}

#[test]
fn retained_events_wait_for_subscribers_who_want_them() {
    let mut world = World::open();
    let [publisher, late, other] = std::array::from_fn(|_| world.join());
    world.publish_with(publisher, "com.a.x", "old", |options| options.retain = true);
    world.publish_with(publisher, "com.a.x", "new", |options| options.retain = true);
    world.publish_with(publisher, "com.a.y", "y", |options| options.retain = true);
    world.publish_with(publisher, "com.a.z", "z", |options| {
        options.retain = true;
        receivers(|r| r.exclude = Some(vec![late.session]))(options);
    });
    world.subscribe(other, "com.a.x");
    world.send_subscribe(late, "com.a", |options| {
        options.match_policy = MatchPolicy::Prefix;
        options.get_retained = true;
    });
    let messages = world.received(late.key);
    let [Message::Subscribed(_), Message::Event(x), Message::Event(y)] = messages.as_slice() else {
        panic!("{messages:?}")
    };
    assert_eq!((text(&x.payload), text(&y.payload)), ("new".into(), "y".into()));
    assert!(x.details.retained && y.details.retained);
    assert_eq!(x.details.topic.as_deref(), Some("com.a.x"));
    assert_eq!(world.router.snapshot()[0].retained, 3);
}

#[test]
fn retained_events_are_bounded() {
    let mut config = RealmConfig::default();
    config.retained.events = 2;
    config.retained.bytes = 100;
    let mut world = World::new(config);
    let publisher = world.join();
    for topic in ["com.a", "com.b", "com.c"] {
        world.publish_with(publisher, topic, "hi", |options| options.retain = true);
    }
    world.publish_with(publisher, "com.a", &"x".repeat(100), |options| options.retain = true);
    assert_eq!(world.router.snapshot()[0].retained, 1, "what is out of date is gone");
    assert_eq!(world.router.metrics().retained_refused, 2);
}

#[test]
fn payload_passthru_has_to_be_announced() {
    let mut world = World::open();
    let [publisher, subscriber] = [no_features(), no_features()].map(|roles| world.join_as(roles));
    world.subscribe(subscriber, "com.a");
    let mut passthru = PayloadPassthru::default();
    passthru.scheme = Some("x_scheme".into());
    let passthru = Some(Box::new(passthru));
    let announced = world.join();
    world.publish_with(announced, "com.a", "hi", |options| options.passthru = passthru.clone());
    assert_eq!(world.events(subscriber)[0].details.passthru, passthru);
    world.publish_with(publisher, "com.a", "hi", |options| options.passthru = passthru);
    let (reason, _, close) = world.aborted(publisher.key);
    assert_eq!(reason, "wamp.error.protocol_violation");
    assert_eq!(close, CloseReason::Violation(Violation::PassthruNotAnnounced));
}

#[test]
fn events_of_a_publisher_come_in_order_over_all_topics() {
    let mut world = World::open();
    let [publisher, subscriber] = std::array::from_fn(|_| world.join());
    world.subscribe(subscriber, "com.a");
    world.subscribe_to(subscriber, "com.b", MatchPolicy::Prefix);
    for (number, topic) in ["com.a", "com.b.x", "com.a", "com.b.y", "com.b.x"].into_iter().enumerate() {
        world.publish(publisher, topic, &number.to_string());
    }
    assert_eq!(world.event_texts(subscriber), ["0", "1", "2", "3", "4"]);
}

#[test]
fn one_event_is_shared_by_all_its_receivers() {
    let mut world = World::open();
    let [publisher, a, b] = std::array::from_fn(|_| world.join());
    world.subscribe(a, "com.a");
    world.subscribe(b, "com.a");
    world.publish(publisher, "com.a", "hi");
    let [first, second] = [a, b].map(|client| match world.router.poll_output(client.key) {
        Some(wirebahn_router::Outgoing::Shared(event)) => event,
        other => panic!("{other:?}"),
    });
    assert!(std::sync::Arc::ptr_eq(&first, &second));
}

#[test]
fn who_has_left_gets_nothing_and_leaves_nothing() {
    let mut world = World::open();
    let [publisher, a, b, c] = std::array::from_fn(|_| world.join());
    for client in [a, b, c] {
        world.subscribe(client, "com.a");
        world.subscribe(client, "com.b");
    }
    world.detach(a);
    world.publish(publisher, "com.a", "1");
    assert_eq!(world.event_texts(b), ["1"]);
    assert_eq!(world.event_texts(c), ["1"]);
    world.goodbye(c);
    assert!(matches!(world.received(c.key).as_slice(), [Message::Goodbye(_)]));
    world.publish(publisher, "com.b", "2");
    assert_eq!(world.received(c.key), []);
    assert_eq!(world.event_texts(b), ["2"]);
    world.detach(b);
    assert_eq!(world.router.snapshot()[0].subscriptions, 0);
}

#[test]
fn who_wants_more_retained_events_than_its_queue_takes_is_not_disconnected() {
    let mut config = RealmConfig::default();
    config.queue.messages = 10;
    let mut world = World::new(config);
    let [publisher, subscriber] = std::array::from_fn(|_| world.join());
    for number in 0..30 {
        world.publish_with(publisher, &format!("com.t{number:02}"), "", |options| options.retain = true);
    }
    world.send_subscribe(subscriber, "com", |options| {
        options.match_policy = MatchPolicy::Prefix;
        options.get_retained = true;
    });
    assert_eq!(world.received(subscriber.key).len(), 1 + 9, "it has had no time to read");
    assert_eq!(world.router.metrics().events_dropped, 21);
    // From now on nothing is dropped.
    for number in 0..10 {
        world.publish(publisher, &format!("com.t{number:02}"), "");
    }
    assert_eq!(world.events(subscriber).len(), 10);
    world.publish(publisher, "com.t", "");
    assert_eq!(world.events(subscriber).len(), 1);
}
