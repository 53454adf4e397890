//! Events that are kept for those who ask for them later, and subscriptions that are taken back.

use std::time::Duration;

use wirebahn_core::wamp::{Feature, MatchPolicy, Message, PublicationId, Role, SubscriptionId, Value};
use wirebahn_router::{Answer, Authorization, HistoryConfig, RealmConfig};

use crate::world::{Client, World, all_features, hello, no_features, texts};

const TOPIC: &str = "com.example.topic";

fn history(topic: &str, match_policy: MatchPolicy, events: usize) -> HistoryConfig {
    let mut history = HistoryConfig::new(topic);
    history.match_policy = match_policy;
    history.events = events;
    history
}

fn world(histories: &[HistoryConfig]) -> World {
    let mut config = RealmConfig::default();
    config.history = histories.to_vec();
    let mut world = World::new(config);
    world.router.set_date(world.now, Duration::from_secs(1_735_689_600));
    world
}

fn id<I: Into<u64>>(id: I) -> Value {
    Value::from(id.into())
}

fn ask(
    world: &mut World,
    client: Client,
    subscription: SubscriptionId,
    kwargs: &[(&str, Value)],
) -> Result<Vec<Value>, String> {
    let events = world.ask_with(client, "wamp.subscription.get_events", &[id(subscription)], kwargs)?;
    Ok(events.as_list().unwrap().to_vec())
}

/// The first argument of each event.
fn got(
    world: &mut World,
    client: Client,
    subscription: SubscriptionId,
    kwargs: &[(&str, Value)],
) -> Vec<String> {
    let events = ask(world, client, subscription, kwargs).unwrap();
    let first = |event: &Value| event.get("args").unwrap().as_list().unwrap()[0].as_str().unwrap().to_owned();
    events.iter().map(first).collect()
}

/// Publishes 1, 2, 3, ..., a second after each other.
fn publish_all(world: &mut World, client: Client, topic: &str, count: usize) -> Vec<PublicationId> {
    let publish = |number: usize| {
        world.advance(1000);
        world.publish_acknowledged(client, topic, &number.to_string())
    };
    (1..=count).map(publish).collect()
}

#[test]
fn the_last_events_are_kept_in_their_order() {
    let mut world = world(&[history(TOPIC, MatchPolicy::Exact, 3)]);
    let publisher = world.join();
    let publications = publish_all(&mut world, publisher, TOPIC, 5);
    let late = world.join();
    let subscription = world.subscribe(late, TOPIC);
    assert_eq!(got(&mut world, late, subscription, &[]), ["3", "4", "5"]);
    let events = ask(&mut world, late, subscription, &[("limit", Value::from(1))]).unwrap();
    let [event] = &events[..] else { panic!("{events:?}") };
    assert_eq!(event.get("timestamp"), Some(&Value::from("2025-01-01T00:00:03.000Z")));
    assert_eq!(event.get("subscription"), Some(&id(subscription)));
    assert_eq!(event.get("publication"), Some(&id(publications[2])));
    assert_eq!(event.get("details").unwrap().get("topic"), Some(&Value::from(TOPIC)));
    assert_eq!(event.get("kwargs").unwrap().as_dict().map(|kwargs| kwargs.len()), Some(0));
    // The subscription goes, and its events stay.
    world.unsubscribe(late, subscription);
    let again = world.subscribe(late, TOPIC);
    assert_eq!(got(&mut world, late, again, &[("reverse", Value::from(true))]), ["5", "4", "3"]);
}

#[test]
fn windows_are_cut_by_times_publications_topics_and_limits() {
    let mut world = world(&[history("com.", MatchPolicy::Prefix, 100)]);
    let client = world.join();
    let publications = publish_all(&mut world, client, TOPIC, 5);
    world.publish(client, "com.example.other", "other");
    let all = world.subscribe_to(client, "com.example", MatchPolicy::Prefix);
    let publication = |at: usize| id(publications[at]);
    let time = |second: usize| Value::from(format!("2025-01-01T01:00:0{second}+01:00"));
    for (kwargs, expected) in [
        (&[][..], &["1", "2", "3", "4", "5", "other"][..]),
        (&[("topic", Value::from(TOPIC))], &["1", "2", "3", "4", "5"]),
        (&[("limit", Value::from(2))], &["1", "2"]),
        (&[("limit", Value::from(2)), ("reverse", Value::from(true))], &["other", "5"]),
        (&[("from_time", time(4))], &["4", "5", "other"]),
        (&[("after_time", time(4))], &["5", "other"]),
        (&[("before_time", time(2))], &["1"]),
        (&[("until_time", time(2))], &["1", "2"]),
        (&[("from_time", time(2)), ("before_time", time(4))], &["2", "3"]),
        (&[("from_publication", publication(3))], &["4", "5", "other"]),
        (&[("after_publication", publication(3))], &["5", "other"]),
        (&[("before_publication", publication(1))], &["1"]),
        (&[("until_publication", publication(1))], &["1", "2"]),
        (&[("from_publication", publication(3)), ("until_publication", publication(1))], &[]),
    ] {
        assert_eq!(got(&mut world, client, all, kwargs), expected, "{kwargs:?}");
    }
    for (name, value) in [
        ("limit", Value::from(0)),
        ("limit", Value::from("1")),
        ("reverse", Value::from(1)),
        ("topic", Value::from(1)),
        ("from_time", Value::from("yesterday")),
        ("after_time", Value::from(5)),
        ("from_publication", Value::from(1)),
        ("until_publication", Value::from("1")),
    ] {
        let answer = ask(&mut world, client, all, &[(name, value)]);
        assert_eq!(answer, Err("wamp.error.invalid_argument".into()), "{name}");
    }
}

#[test]
fn only_subscriptions_whose_events_are_all_kept_have_a_history() {
    let mut world = world(&[
        history("com.example.", MatchPolicy::Prefix, 10),
        history("a..c", MatchPolicy::Wildcard, 10),
    ]);
    let client = world.join();
    world.publish(client, TOPIC, "1");
    world.publish(client, "a.b.c", "2");
    for (pattern, policy, expected) in [
        (TOPIC, MatchPolicy::Exact, Ok(1)),
        ("com.example.", MatchPolicy::Prefix, Ok(1)),
        ("com.example.to", MatchPolicy::Prefix, Ok(1)),
        ("com.example.x", MatchPolicy::Prefix, Ok(0)),
        ("a..c", MatchPolicy::Wildcard, Ok(1)),
        ("a.b.c", MatchPolicy::Exact, Ok(1)),
        ("com.", MatchPolicy::Prefix, Err(())),
        ("a.b.", MatchPolicy::Prefix, Err(())),
        ("..c", MatchPolicy::Wildcard, Err(())),
        ("a.b", MatchPolicy::Exact, Err(())),
    ] {
        let subscription = world.subscribe_to(client, pattern, policy);
        let events = ask(&mut world, client, subscription, &[]).map(|events| events.len());
        let expected = expected.map_err(|()| "wamp.error.history_unavailable".to_owned());
        assert_eq!(events, expected, "{pattern}");
    }
    let nothing = SubscriptionId::new(1_000_000).unwrap();
    let answer = ask(&mut world, client, nothing, &[]);
    assert_eq!(answer, Err("wamp.error.no_such_subscription".into()));
}

#[test]
fn events_are_handed_out_to_whom_they_are_meant_for() {
    let mut world = world(&[history(TOPIC, MatchPolicy::Exact, 10)]);
    let [publisher, other] = std::array::from_fn(|_| world.join());
    let subscription = world.subscribe(other, TOPIC);
    for (text, role) in [("for all", "anonymous"), ("for nobody here", "admin")] {
        world.publish_with(publisher, TOPIC, text, |options| {
            options.receivers.get_or_insert_default().eligible_authrole = texts(&[role]);
        });
    }
    // Who has this number later may be somebody else.
    world.publish_with(publisher, TOPIC, "for one", |options| {
        options.receivers.get_or_insert_default().eligible = Some(vec![other.session]);
    });
    world.publish_with(publisher, TOPIC, "disclosed", |options| options.disclose_me = true);
    assert_eq!(world.event_texts(other), ["for all", "for one", "disclosed"]);
    assert_eq!(got(&mut world, other, subscription, &[]), ["for all", "disclosed"]);
    let events = ask(&mut world, other, subscription, &[]).unwrap();
    let publisher_of = |at: usize| events[at].get("details").unwrap().get("publisher").cloned();
    assert_eq!((publisher_of(0), publisher_of(1)), (None, Some(id(publisher.session))));
}

#[test]
fn testaments_are_events_like_others() {
    let mut world = world(&[history(TOPIC, MatchPolicy::Exact, 10)]);
    let mortal = world.join();
    let args = [Value::from(TOPIC), Value::List(vec![Value::from("gone")]), Value::Null];
    world.ask(mortal, "wamp.session.add_testament", &args);
    world.detach(mortal);
    let late = world.join();
    let subscription = world.subscribe(late, TOPIC);
    assert_eq!(got(&mut world, late, subscription, &[]), ["gone"]);
}

#[test]
fn where_subscribing_takes_permission_only_subscribers_may_ask() {
    let mut config = RealmConfig::default();
    config.history = vec![history(TOPIC, MatchPolicy::Exact, 10)];
    config.authorization = Authorization::Ask;
    let mut world = World::new(config);
    let [subscriber, other] = std::array::from_fn(|_| world.join());
    world.send_subscribe(subscriber, TOPIC, |_| {});
    let allow = |world: &mut World| {
        let question = world.router.poll_question().unwrap();
        world.router.answer(question.id, Answer::Allow, world.now).unwrap();
    };
    allow(&mut world);
    let Message::Subscribed(subscribed) = world.only(subscriber) else { panic!("no SUBSCRIBED") };
    for (client, expected) in [(subscriber, "RESULT"), (other, "ERROR")] {
        let args = wirebahn_core::wamp::Payload::encode_args(
            wirebahn_core::wamp::Serializer::Json,
            &(subscribed.subscription.get(),),
        );
        let call = wirebahn_core::wamp::message::Call {
            request: world.request_id(client),
            options: wirebahn_core::wamp::CallOptions::default(),
            procedure: "wamp.subscription.get_events".into(),
            payload: args.unwrap(),
        };
        world.send(client.key, call);
        allow(&mut world);
        let answer = world.only(client);
        assert_eq!(answer.message_type().name(), expected, "{answer:?}");
        if let Message::Error(error) = answer {
            assert_eq!(error.error, "wamp.error.not_authorized");
        }
    }
}

#[test]
fn a_history_takes_no_more_memory_than_it_may() {
    let mut limited = history(TOPIC, MatchPolicy::Exact, 1000);
    limited.bytes = 3000;
    let mut world = world(&[limited]);
    let client = world.join();
    let subscription = world.subscribe(client, TOPIC);
    let text = "x".repeat(1000);
    for _ in 0..10 {
        world.publish(client, TOPIC, &text);
    }
    assert_eq!(got(&mut world, client, subscription, &[]), [text.clone(), text]);
    // One that does not fit at all leaves nothing.
    world.publish(client, TOPIC, &"x".repeat(3000));
    assert!(got(&mut world, client, subscription, &[]).is_empty());
}

#[test]
fn a_new_configuration_keeps_the_events_of_topics_that_still_have_a_history() {
    let mut world = world(&[history(TOPIC, MatchPolicy::Exact, 10), history("a.b", MatchPolicy::Exact, 10)]);
    let client = world.join();
    publish_all(&mut world, client, TOPIC, 3);
    publish_all(&mut world, client, "a.b", 3);
    let [first, second] = [TOPIC, "a.b"].map(|topic| world.subscribe(client, topic));
    let mut config = RealmConfig::default();
    config.history = vec![history(TOPIC, MatchPolicy::Exact, 2)];
    world.router.add_realm("realm1".into(), config);
    assert_eq!(got(&mut world, client, first, &[]), ["2", "3"]);
    let answer = ask(&mut world, client, second, &[]);
    assert_eq!(answer, Err("wamp.error.history_unavailable".into()));
}

#[test]
fn an_answer_leaves_room_in_the_queue_and_the_rest_can_be_asked_for() {
    let mut config = RealmConfig::default();
    config.history = vec![history(TOPIC, MatchPolicy::Exact, 100)];
    config.queue.bytes = 40_000;
    let mut world = World::new(config);
    let client = world.join();
    let long = "x".repeat(3_000);
    let published: Vec<_> = (0..20).map(|_| world.publish_acknowledged(client, TOPIC, &long)).collect();
    let subscription = world.subscribe(client, TOPIC);
    let publication = |event: &Value| event.get("publication").and_then(Value::as_u64).unwrap();

    let (mut seen, mut newest) = (Vec::new(), None);
    loop {
        let after = newest.map(|newest: u64| ("after_publication", Value::from(newest)));
        let events = ask(&mut world, client, subscription, after.as_slice()).unwrap();
        assert!(events.len() <= 3, "a quarter of the queue has no room for {}", events.len());
        newest = events.last().map(publication);
        seen.extend(events.iter().map(publication));
        if newest.is_none() {
            break;
        }
    }
    assert_eq!(seen, published.iter().map(|id| id.get()).collect::<Vec<_>>());
    let newest = ask(&mut world, client, subscription, &[("reverse", Value::from(true))]).unwrap();
    assert_eq!(newest.iter().map(publication).collect::<Vec<_>>(), [seen[19], seen[18], seen[17]]);
}

#[test]
fn an_event_that_is_longer_than_an_answer_should_be_comes_alone() {
    let mut config = RealmConfig::default();
    config.history = vec![history(TOPIC, MatchPolicy::Exact, 100)];
    config.queue.bytes = 8_000;
    let mut world = World::new(config);
    let client = world.join();
    for text in ["x".repeat(3_000), "y".repeat(3_000)] {
        world.publish_acknowledged(client, TOPIC, &text);
    }
    let subscription = world.subscribe(client, TOPIC);
    assert_eq!(got(&mut world, client, subscription, &[]), ["x".repeat(3_000)]);
}

#[test]
fn event_history_is_announced_where_there_is_one() {
    for (histories, expected) in [(&[][..], false), (&[history(TOPIC, MatchPolicy::Exact, 1)], true)] {
        let mut world = world(histories);
        let key = world.attach();
        world.send(key, hello("realm1", all_features()));
        let [Message::Welcome(welcome)] = &world.received(key)[..] else { panic!("no WELCOME") };
        assert_eq!(welcome.details.roles.has_feature(Role::Broker, Feature::EventHistory), expected);
        assert!(welcome.details.roles.has_feature(Role::Broker, Feature::SubscriptionRevocation));
    }
}

#[test]
fn a_subscription_that_is_taken_back_is_revoked_for_those_who_understand_that() {
    let mut world = World::open();
    let [admin, witness, modern] = std::array::from_fn(|_| world.join());
    let plain = world.join_as(no_features());
    world.subscribe_to(witness, "wamp.subscription.on_unsubscribe", MatchPolicy::Exact);
    let subscription = world.subscribe(modern, TOPIC);
    assert_eq!(world.subscribe(plain, TOPIC), subscription);
    world.events(witness);
    let remove = "wamp.subscription.remove_subscriber";
    let reason = [("reason", Value::from("enough"))];
    world.ask_with(admin, remove, &[id(subscription), id(modern.session)], &reason).unwrap();
    let Message::Unsubscribed(unsubscribed) = world.only(modern) else { panic!("no UNSUBSCRIBED") };
    assert_eq!(unsubscribed.request, None);
    assert_eq!(unsubscribed.details.subscription, Some(subscription));
    assert_eq!(unsubscribed.details.reason.as_deref(), Some("enough"));
    world.ask(admin, remove, &[id(subscription), id(plain.session)]);
    world.nothing_for(plain);
    let told = world.events(witness);
    let who = told.iter().map(|event| event.payload.args::<(u64, u64)>().unwrap()).collect::<Vec<_>>();
    let of = |client: Client| (client.session.get(), subscription.get());
    assert_eq!(who, [of(modern), of(plain)]);
    world.publish(admin, TOPIC, "1");
    world.nothing_for(modern);
    world.nothing_for(plain);
    assert_eq!(world.router.snapshot()[0].subscriptions, 1, "only the witness has one");
    let again = world.ask_with(admin, remove, &[id(subscription), id(plain.session)], &[]);
    assert_eq!(again, Err("wamp.error.no_such_subscription".into()));
    let other = world.subscribe(plain, TOPIC);
    let nobody = world.ask_with(admin, remove, &[id(other), id(modern.session)], &[]);
    assert_eq!(nobody, Err("wamp.error.no_such_session".into()));
}
