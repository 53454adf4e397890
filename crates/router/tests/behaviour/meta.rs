//! What sessions can ask the router itself, and what it tells them.

use std::time::Duration;

use wirebahn_core::wamp::{Dict, Feature, InvocationPolicy, MatchPolicy, Message, Role, Value};
use wirebahn_router::{MetaApi, RealmConfig};

use crate::world::{Client, World, hello, no_features};

fn ids<I: Into<u64> + Copy>(ids: &[I]) -> Value {
    let mut ids: Vec<u64> = ids.iter().map(|&id| id.into()).collect();
    ids.sort_unstable();
    Value::List(ids.into_iter().map(Value::from).collect())
}

fn id<I: Into<u64>>(id: I) -> Value {
    Value::from(id.into())
}

/// The topics and arguments of the events that wait for somebody who subscribes to patterns.
fn told(world: &mut World, client: Client) -> Vec<(String, Vec<Value>)> {
    let events = world.events(client);
    let told = |event: &wirebahn_core::wamp::message::Event| {
        (event.details.topic.clone().unwrap().to_string(), event.payload.args().unwrap())
    };
    events.iter().map(told).collect()
}

fn topics(told: &[(String, Vec<Value>)]) -> Vec<&str> {
    told.iter().map(|(topic, _)| topic.as_str()).collect()
}

#[test]
fn sessions_are_counted_listed_and_described() {
    let mut world = World::open();
    let [a, b] = std::array::from_fn(|_| world.join());
    assert_eq!(world.ask(a, "wamp.session.count", &[]), Value::from(2));
    let other = Value::List(vec![Value::from("other")]);
    assert_eq!(world.ask(a, "wamp.session.count", std::slice::from_ref(&other)), Value::from(0));
    assert_eq!(world.ask(a, "wamp.session.list", &[]), ids(&[a.session, b.session]));
    assert_eq!(world.ask(a, "wamp.session.list", &[other]), Value::List(vec![]));
    let anonymous = Value::List(vec![Value::from("anonymous")]);
    assert_eq!(world.ask(a, "wamp.session.count", &[anonymous]), Value::from(2));
    let details = world.ask(a, "wamp.session.get", &[id(b.session)]);
    assert_eq!(details.get("session"), Some(&id(b.session)));
    assert_eq!(details.get("authrole"), Some(&Value::from("anonymous")));
    assert_eq!(details.get("authmethod"), Some(&Value::from("anonymous")));
    let nobody = world.ask_with(a, "wamp.session.get", &[Value::from(1)], &[]);
    assert_eq!(nobody, Err("wamp.error.no_such_session".into()));
    let wrong = world.ask_with(a, "wamp.session.get", &[Value::from("1")], &[]);
    assert_eq!(wrong, Err("wamp.error.invalid_argument".into()));
    let unknown = world.ask_with(a, "wamp.session.nothing", &[], &[]);
    assert_eq!(unknown, Err("wamp.error.no_such_procedure".into()));
}

#[test]
fn who_joins_and_leaves_is_told() {
    let mut world = World::open();
    let witness = world.join();
    world.subscribe_to(witness, "wamp.session.", MatchPolicy::Prefix);
    let client = world.join();
    world.detach(client);
    let told = told(&mut world, witness);
    assert_eq!(topics(&told), ["wamp.session.on_join", "wamp.session.on_leave"]);
    assert_eq!(told[0].1[0].get("session"), Some(&id(client.session)));
    let authid = Value::from(client.session.to_string());
    assert_eq!(told[1].1, [id(client.session), authid, Value::from("anonymous")]);
}

#[test]
fn a_session_is_killed_with_a_reason() {
    let mut world = World::open();
    let [killer, victim] = std::array::from_fn(|_| world.join());
    let kwargs = [("reason", Value::from("com.bored")), ("message", Value::from("bye"))];
    let killed = world.ask_with(killer, "wamp.session.kill", &[id(victim.session)], &kwargs);
    assert_eq!(killed, Ok(Value::Null));
    let Message::Goodbye(goodbye) = world.only(victim) else { panic!("no GOODBYE") };
    assert_eq!(goodbye.reason, "com.bored");
    assert_eq!(goodbye.details.message.as_deref(), Some("bye"));
    assert_eq!(world.router.snapshot()[0].sessions, 1);
    for own in [killer, victim] {
        let refused = world.ask_with(killer, "wamp.session.kill", &[id(own.session)], &[]);
        assert_eq!(refused, Err("wamp.error.no_such_session".into()));
    }
    let bad = [("reason", Value::from("not a uri"))];
    let refused = world.ask_with(killer, "wamp.session.kill", &[id(victim.session)], &bad);
    assert_eq!(refused, Err("wamp.error.invalid_uri".into()));
}

#[test]
fn sessions_are_killed_by_authid_authrole_or_all_but_never_the_own() {
    let mut world = World::open();
    let [killer, a, b, c, witness] = std::array::from_fn(|_| world.join());
    world.subscribe(witness, "wamp.session.on_leave");
    let authid = Value::from(a.session.to_string());
    assert_eq!(world.ask(killer, "wamp.session.kill_by_authid", &[authid]), ids(&[a.session]));
    let Message::Goodbye(goodbye) = world.only(a) else { panic!("no GOODBYE") };
    assert_eq!(goodbye.reason, "wamp.close.killed");
    assert_eq!(world.events(witness).len(), 1);
    assert_eq!(world.ask(killer, "wamp.session.kill_all", &[]), Value::from(3));
    for victim in [b, c, witness] {
        assert!(matches!(world.only(victim), Message::Goodbye(_)), "and no events about it");
    }
    let others = [world.join(), world.join()];
    let role = Value::from("anonymous");
    assert_eq!(world.ask(killer, "wamp.session.kill_by_authrole", &[role]), Value::from(2));
    for victim in others {
        assert!(matches!(world.only(victim), Message::Goodbye(_)));
    }
    assert_eq!(world.ask(killer, "wamp.session.list", &[]), ids(&[killer.session]));
}

#[test]
fn subscriptions_are_listed_looked_up_and_described() {
    let mut world = World::open();
    world.router.set_date(world.now, Duration::from_secs(86_400));
    let [a, b] = std::array::from_fn(|_| world.join());
    let exact = world.subscribe(a, "com.a.x");
    world.subscribe(b, "com.a.x");
    let prefix = world.subscribe_to(a, "com.a", MatchPolicy::Prefix);
    let wildcard = world.subscribe_to(a, "com..x", MatchPolicy::Wildcard);
    let list = world.ask(b, "wamp.subscription.list", &[]);
    for (policy, subscription) in [("exact", exact), ("prefix", prefix), ("wildcard", wildcard)] {
        assert_eq!(list.get(policy), Some(&ids(&[subscription])), "{policy}");
    }
    let topic = Value::from("com.a.x");
    assert_eq!(world.ask(b, "wamp.subscription.lookup", std::slice::from_ref(&topic)), id(exact));
    let mut options = Dict::new();
    options.insert("match", "prefix");
    let prefix_options = Value::from(options);
    assert_eq!(
        world.ask(b, "wamp.subscription.lookup", &[Value::from("com.a"), prefix_options.clone()]),
        id(prefix)
    );
    assert_eq!(world.ask(b, "wamp.subscription.lookup", &[topic.clone(), prefix_options]), Value::Null);
    assert_eq!(world.ask(b, "wamp.subscription.match", &[topic]), ids(&[exact, prefix, wildcard]));
    assert_eq!(world.ask(b, "wamp.subscription.match", &[Value::from("org")]), Value::Null);
    let details = world.ask(b, "wamp.subscription.get", &[id(prefix)]);
    assert_eq!(details.get("uri"), Some(&Value::from("com.a")));
    assert_eq!(details.get("match"), Some(&Value::from("prefix")));
    assert_eq!(details.get("created"), Some(&Value::from("1970-01-02T00:00:00.000Z")));
    world.router.set_date(world.now, Duration::from_secs(7 * 86_400));
    let details = world.ask(b, "wamp.subscription.get", &[id(prefix)]);
    let created = details.get("created");
    assert_eq!(
        created,
        Some(&Value::from("1970-01-02T00:00:00.000Z")),
        "a clock that is set changes nothing before"
    );
    let subscribers = world.ask(b, "wamp.subscription.list_subscribers", &[id(exact)]);
    assert_eq!(subscribers, ids(&[a.session, b.session]));
    assert_eq!(world.ask(b, "wamp.subscription.count_subscribers", &[id(exact)]), Value::from(2));
    let unknown = world.ask_with(b, "wamp.subscription.get", &[Value::from(999)], &[]);
    assert_eq!(unknown, Err("wamp.error.no_such_subscription".into()));
}

#[test]
fn what_becomes_of_subscriptions_is_told_in_order() {
    let mut world = World::open();
    let [witness, a, b] = std::array::from_fn(|_| world.join());
    world.send_subscribe(witness, "wamp.subscription.", |options| options.match_policy = MatchPolicy::Prefix);
    world.received(witness.key);
    let subscription = world.subscribe(a, "com.t");
    world.subscribe(b, "com.t");
    world.subscribe(b, "com.t");
    world.unsubscribe(a, subscription);
    world.detach(b);
    let told = told(&mut world, witness);
    assert_eq!(
        topics(&told),
        [
            "wamp.subscription.on_create",
            "wamp.subscription.on_subscribe",
            "wamp.subscription.on_subscribe",
            "wamp.subscription.on_unsubscribe",
            "wamp.subscription.on_unsubscribe",
            "wamp.subscription.on_delete",
        ]
    );
    assert_eq!(told[0].1[0], id(a.session));
    assert_eq!(told[0].1[1].get("uri"), Some(&Value::from("com.t")));
    assert_eq!(told[1].1, [id(a.session), id(subscription)]);
    assert_eq!(told[5].1, [id(b.session), id(subscription)]);
}

#[test]
fn who_subscribes_to_meta_events_is_answered_first() {
    let mut world = World::open();
    let client = world.join();
    world.send_subscribe(client, "wamp.subscription.", |options| options.match_policy = MatchPolicy::Prefix);
    let messages = world.received(client.key);
    assert!(
        matches!(messages.as_slice(), [Message::Subscribed(_), Message::Event(_), Message::Event(_)]),
        "{messages:?}"
    );
}

#[test]
fn registrations_are_listed_looked_up_and_described() {
    let mut world = World::open();
    let [a, b] = std::array::from_fn(|_| world.join());
    let roundrobin = |options: &mut wirebahn_core::wamp::RegisterOptions| {
        options.invoke = InvocationPolicy::RoundRobin;
    };
    let exact = world.register_with(a, "com.a.x", roundrobin);
    world.register_with(b, "com.a.x", roundrobin);
    let prefix = world.register_with(a, "com.a", |options| options.match_policy = MatchPolicy::Prefix);
    let list = world.ask(b, "wamp.registration.list", &[]);
    assert_eq!(list.get("exact"), Some(&ids(&[exact])));
    assert_eq!(list.get("prefix"), Some(&ids(&[prefix])));
    assert_eq!(list.get("wildcard"), Some(&Value::List(vec![])));
    assert_eq!(world.ask(b, "wamp.registration.lookup", &[Value::from("com.a.x")]), id(exact));
    assert_eq!(world.ask(b, "wamp.registration.lookup", &[Value::from("com.a.y")]), Value::Null);
    assert_eq!(world.ask(b, "wamp.registration.match", &[Value::from("com.a.y")]), id(prefix));
    assert_eq!(world.ask(b, "wamp.registration.match", &[Value::from("org")]), Value::Null);
    let details = world.ask(b, "wamp.registration.get", &[id(exact)]);
    assert_eq!(details.get("invoke"), Some(&Value::from("roundrobin")));
    let callees = world.ask(b, "wamp.registration.list_callees", &[id(exact)]);
    assert_eq!(callees, Value::List(vec![id(a.session), id(b.session)]), "in the order of registering");
    assert_eq!(world.ask(b, "wamp.registration.count_callees", &[id(exact)]), Value::from(2));
    let unknown = world.ask_with(b, "wamp.registration.get", &[Value::from(999)], &[]);
    assert_eq!(unknown, Err("wamp.error.no_such_registration".into()));
}

#[test]
fn what_becomes_of_registrations_is_told_in_order() {
    let mut world = World::open();
    let [witness, a] = std::array::from_fn(|_| world.join());
    world.subscribe_to(witness, "wamp.registration.", MatchPolicy::Prefix);
    let registration = world.register(a, "com.p");
    world.unregister(a, registration);
    let told = told(&mut world, witness);
    assert_eq!(
        topics(&told),
        [
            "wamp.registration.on_create",
            "wamp.registration.on_register",
            "wamp.registration.on_unregister",
            "wamp.registration.on_delete",
        ]
    );
    assert_eq!(told[0].1[1].get("invoke"), Some(&Value::from("single")));
    assert_eq!(told[3].1, [id(a.session), id(registration)]);
}

#[test]
fn a_callee_can_be_removed_from_a_registration() {
    let mut world = World::open();
    let [admin, callee] = std::array::from_fn(|_| world.join());
    let registration = world.register(callee, "com.p");
    let args = [id(registration), id(callee.session)];
    assert_eq!(world.ask(admin, "wamp.registration.remove_callee", &args), Value::Null);
    assert!(matches!(world.only(callee), Message::Unregistered(revoked) if revoked.request.is_none()));
    let again = world.ask_with(admin, "wamp.registration.remove_callee", &args, &[]);
    assert_eq!(again, Err("wamp.error.no_such_registration".into()));
    world.call(admin, "com.p", "");
    assert_eq!(world.error(admin), "wamp.error.no_such_procedure");
}

#[test]
fn testaments_are_published_when_the_session_ends() {
    let mut world = World::open();
    let [heir, other, testator] = std::array::from_fn(|_| world.join());
    for client in [heir, other] {
        world.subscribe(client, "com.will");
    }
    let add = |world: &mut World, text: &str, kwargs: &[(&str, Value)]| {
        let args = [Value::from("com.will"), Value::List(vec![Value::from(text)]), Value::from(Dict::new())];
        world.ask_with(testator, "wamp.session.add_testament", &args, kwargs)
    };
    let mut options = Dict::new();
    options.insert("exclude", ids(&[other.session]));
    let detached = ("scope", Value::from("detached"));
    assert_eq!(add(&mut world, "flushed", std::slice::from_ref(&detached)), Ok(Value::Null));
    let flushed =
        world.ask_with(testator, "wamp.session.flush_testaments", &[], std::slice::from_ref(&detached));
    assert_eq!(flushed, Ok(Value::Null));
    assert_eq!(add(&mut world, "last", &[]), Ok(Value::Null));
    assert_eq!(add(&mut world, "secret", &[("publish_options", Value::from(options))]), Ok(Value::Null));
    assert_eq!(add(&mut world, "first", &[detached]), Ok(Value::Null));
    let wrong = add(&mut world, "", &[("scope", Value::from("later"))]);
    assert_eq!(wrong, Err("wamp.error.invalid_argument".into()));
    world.detach(testator);
    assert_eq!(world.event_texts(heir), ["first", "last", "secret"]);
    assert_eq!(world.event_texts(other), ["first", "last"]);
}

#[test]
fn arguments_in_another_serializer_are_understood() {
    use wirebahn_core::wamp::message::Call;
    use wirebahn_core::wamp::{CallOptions, Payload, Serializer, Uri};
    let mut world = World::open();
    let key = world.router.attach(wirebahn_router::TransportInfo::new(Serializer::Cbor), world.now);
    world.send(key, hello("realm1", no_features()));
    let client = world.expect_welcome(key);
    let payload = Payload::encode_args(Serializer::MsgPack, &(client.session.get(),)).unwrap();
    let request = world.request_id(client);
    let procedure = Uri::from_static("wamp.session.get");
    world.send(key, Call { request, options: CallOptions::default(), procedure, payload });
    let result = world.result(client);
    assert_eq!(result.payload.serializer(), Some(Serializer::Cbor));
    let (details,): (Value,) = result.payload.args().unwrap();
    assert_eq!(details.get("session"), Some(&id(client.session)));
    world.call(client, "wamp.session.get", "text");
    assert_eq!(world.error(client), "wamp.error.invalid_argument");
}

#[test]
fn without_the_meta_api_sessions_learn_nothing_of_each_other() {
    let mut config = RealmConfig::default();
    config.meta = MetaApi::Off;
    let mut world = World::new(config);
    let key = world.attach();
    world.send(key, hello("realm1", no_features()));
    let [Message::Welcome(welcome)] = &world.received(key)[..] else { panic!("no WELCOME") };
    let meta = [
        Feature::SessionMetaApi,
        Feature::SubscriptionMetaApi,
        Feature::RegistrationMetaApi,
        Feature::TestamentMetaApi,
    ];
    for role in [Role::Broker, Role::Dealer] {
        assert!(meta.iter().all(|&feature| !welcome.details.roles.has_feature(role, feature)));
    }
    assert!(welcome.details.roles.has_feature(Role::Broker, Feature::PublisherExclusion));
    assert!(welcome.details.roles.has_feature(Role::Dealer, Feature::CallCanceling));

    let witness = world.join();
    for pattern in ["wamp.", "wirebahn."] {
        world.subscribe_to(witness, pattern, MatchPolicy::Prefix);
    }
    let client = world.join();
    world.subscribe(client, "com.example.topic");
    world.register(client, "com.example.procedure");
    for procedure in ["wamp.session.count", "wamp.subscription.list", "wamp.session.kill_all"] {
        let answer = world.ask_with(client, procedure, &[], &[]);
        assert_eq!(answer, Err("wamp.error.no_such_procedure".into()));
    }
    world.detach(client);
    assert_eq!(told(&mut world, witness), []);
}
