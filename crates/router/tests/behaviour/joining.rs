//! Joining and leaving, and what is a violation.

use wirebahn_core::wamp::message::{
    Abort, Authenticate, Challenge, EventReceived, Goodbye, Hello, Published, Subscribe, Welcome,
};
use wirebahn_core::wamp::{
    AbortDetails, Dict, Feature, GoodbyeDetails, HelloDetails, Message, Payload, PublicationId, RequestId,
    Role, Roles, SessionId, SubscribeOptions, Uri, UriPolicy, WelcomeDetails,
};
use wirebahn_router::{CloseReason, RealmConfig, RequestIdCheck, RouterConfig, Violation};

use crate::world::{World, all_features, hello, no_features};

fn goodbye() -> Message {
    Goodbye { details: GoodbyeDetails::default(), reason: Uri::from_static("wamp.close.close_realm") }.into()
}

#[test]
fn welcome_says_who_the_client_is_and_what_the_router_can_do() {
    let mut world = World::open();
    let key = world.attach();
    world.send(key, hello("realm1", no_features()));
    let messages = world.received(key);
    let [Message::Welcome(welcome)] = messages.as_slice() else { panic!("{messages:?}") };
    let details = &welcome.details;
    assert_eq!(details.realm.as_deref(), Some("realm1"));
    assert_eq!(details.authid.as_deref(), Some(&*welcome.session.to_string()));
    assert_eq!(details.authrole.as_deref(), Some("anonymous"));
    assert_eq!(details.authmethod.as_deref(), Some("anonymous"));
    assert_eq!(details.authprovider.as_deref(), Some("static"));
    assert!(details.agent.as_deref().unwrap().starts_with("wirebahn-router/"));
    assert!(details.roles.has_feature(Role::Dealer, Feature::ProgressiveCallInvocations));
    assert!(details.roles.has_feature(Role::Broker, Feature::EventRetention));
    for not_built in [Feature::EventHistory, Feature::CallReroute, Feature::ShardedSubscription] {
        assert!(!details.roles.has_feature(Role::Broker, not_built));
        assert!(!details.roles.has_feature(Role::Dealer, not_built));
    }
}

#[test]
fn a_realm_that_is_not_there_cannot_be_joined() {
    let mut world = World::open();
    let key = world.attach();
    world.send(key, hello("realm2", all_features()));
    let (reason, message, close) = world.aborted(key);
    assert_eq!((reason.as_str(), message.as_str()), ("wamp.error.no_such_realm", "there is no realm realm2"));
    assert!(matches!(close, CloseReason::Refused { .. }));
    let key = world.attach();
    let mut details = HelloDetails::default();
    details.roles = all_features();
    world.send(key, Hello { realm: None, details: Box::new(details) });
    assert_eq!(world.aborted(key).0, "wamp.error.no_such_realm");
}

#[test]
fn realms_on_demand_come_with_their_first_session_and_go_with_their_last() {
    let mut config = RouterConfig::default();
    config.realms_on_demand = Some(RealmConfig::default());
    config.max_realms_on_demand = 2;
    let mut world = World::with_config(config);
    let keys = ["a", "b", "a"].map(|realm| {
        let key = world.attach();
        world.send(key, hello(realm, all_features()));
        world.expect_welcome(key)
    });
    let third = world.attach();
    world.send(third, hello("c", all_features()));
    assert_eq!(world.aborted(third).0, "wamp.error.no_such_realm");
    let bad = world.attach();
    world.send(bad, hello("c d", all_features()));
    assert_eq!(world.aborted(bad).0, "wamp.error.no_such_realm");
    assert_eq!(world.router.snapshot().len(), 2);
    world.detach(keys[0]);
    assert_eq!(world.router.snapshot().len(), 2);
    world.detach(keys[2]);
    world.goodbye(keys[1]);
    assert_eq!(world.router.snapshot().len(), 0);
}

#[test]
fn a_realm_that_is_removed_ends_its_sessions() {
    let mut world = World::open();
    let client = world.join();
    let name = Uri::from_static("realm1");
    assert!(world.router.remove_realm(&name, world.now));
    let Message::Goodbye(goodbye) = world.only(client) else { panic!("no GOODBYE") };
    assert_eq!(goodbye.reason, "wamp.close.close_realm");
    assert_eq!(world.router.snapshot().len(), 0);
    assert!(!world.router.remove_realm(&name, world.now));
    world.router.add_realm(name, RealmConfig::default());
    world.join();
}

#[test]
fn no_realm_is_made_for_a_peer_that_does_not_join() {
    let mut config = RouterConfig::default();
    let mut realm = RealmConfig::default();
    realm.authentication = wirebahn_router::Authentication::Ask;
    config.realms_on_demand = Some(realm);
    let mut world = World::with_config(config);
    let key = world.attach();
    world.send(key, hello("a", all_features()));
    assert!(world.router.poll_question().is_some());
    world.router.handle_detach(key, world.now);
    assert_eq!(world.router.snapshot().len(), 0);
}

#[test]
fn sessions_of_one_realm_are_invisible_in_another() {
    let mut config = RouterConfig::default();
    config.realms_on_demand = Some(RealmConfig::default());
    let mut world = World::with_config(config);
    let [a, b] = ["a", "b"].map(|realm| {
        let key = world.attach();
        world.send(key, hello(realm, all_features()));
        world.expect_welcome(key)
    });
    world.subscribe(b, "com.t");
    world.register(b, "com.p");
    world.publish(a, "com.t", "hi");
    world.call(a, "com.p", "hi");
    assert_eq!(world.error(a), "wamp.error.no_such_procedure");
    world.nothing_for(b);
    assert_eq!(world.ask(a, "wamp.session.count", &[]).as_u64(), Some(1));
}

#[test]
fn goodbye_is_answered_and_the_connection_may_join_again() {
    let mut world = World::open();
    let client = world.join();
    world.subscribe(client, "com.a");
    world.goodbye(client);
    let Message::Goodbye(answer) = world.only(client) else { panic!("no GOODBYE") };
    assert_eq!(answer.reason, "wamp.close.goodbye_and_out");
    assert_eq!(world.router.snapshot()[0].sessions, 0);
    world.send(client.key, hello("realm1", all_features()));
    let again = world.expect_welcome(client.key);
    assert_ne!(again.session, client.session);
    world.subscribe(again, "com.a");
}

#[test]
fn an_abort_is_not_answered() {
    let mut world = World::open();
    let client = world.join();
    let fresh = world.attach();
    for key in [client.key, fresh] {
        let reason = Uri::from_static("com.error.enough");
        let details = AbortDetails::default();
        world.send(key, Abort { details, reason: reason.clone(), payload: Payload::empty() });
        assert_eq!(world.drain(key), (vec![], Some(CloseReason::AbortedByPeer { reason })));
    }
    assert_eq!(world.router.snapshot()[0].sessions, 0);
}

#[test]
fn nothing_but_hello_comes_first() {
    let request = RequestId::FIRST;
    let options = SubscribeOptions::default();
    for message in [
        Message::from(Subscribe { request, options, topic: Uri::from_static("com.a") }),
        Authenticate { signature: "".into(), extra: Dict::new() }.into(),
        goodbye(),
    ] {
        let mut world = World::open();
        let key = world.attach();
        let violation = Violation::NotJoined(message.message_type());
        world.send(key, message);
        assert_eq!(world.aborted(key).2, CloseReason::Violation(violation));
    }
}

#[test]
fn a_client_without_roles_is_refused() {
    let mut world = World::open();
    let key = world.attach();
    world.send(key, hello("realm1", Roles::new()));
    assert_eq!(world.aborted(key).2, CloseReason::Violation(Violation::NoRoles));
}

#[test]
fn what_only_routers_send_and_what_comes_once_is_a_violation() {
    let session = SessionId::new(1).unwrap();
    let publication = PublicationId::new(1).unwrap();
    for message in [
        hello("realm1", all_features()),
        Welcome { session, details: Box::new(WelcomeDetails::default()) }.into(),
        Challenge { method: "ticket".into(), extra: Dict::new() }.into(),
        Authenticate { signature: "".into(), extra: Dict::new() }.into(),
        Published { request: RequestId::FIRST, publication }.into(),
        EventReceived { publication }.into(),
    ] {
        let mut world = World::open();
        let [client, witness] = std::array::from_fn(|_| world.join());
        world.subscribe(client, "com.a");
        world.register(client, "com.p");
        let violation = Violation::OutOfPlace(message.message_type());
        world.send(client.key, message.clone());
        // Its subscriptions and registrations are gone at once, whenever the transport follows.
        let snapshot = &world.router.snapshot()[0];
        assert_eq!((snapshot.sessions, snapshot.subscriptions, snapshot.registrations), (1, 0, 0));
        world.send(client.key, message);
        let (reason, _, close) = world.aborted(client.key);
        assert_eq!(
            (reason.as_str(), close),
            ("wamp.error.protocol_violation", CloseReason::Violation(violation))
        );
        world.nothing_for(witness);
        world.detach(client);
        assert_eq!(world.router.connections(), 1);
    }
}

#[test]
fn what_cannot_be_decoded_is_a_violation() {
    let mut world = World::open();
    let client = world.join();
    world.router.handle_malformed(client.key, "a message is a list".into(), world.now);
    let (reason, message, _) = world.aborted(client.key);
    assert_eq!(reason, "wamp.error.protocol_violation");
    assert_eq!(message, "protocol violation: a message is a list");
}

#[test]
fn request_ids_are_counted_as_strictly_as_the_realm_wants() {
    for check in [RequestIdCheck::Strict, RequestIdCheck::Warn, RequestIdCheck::Off] {
        let mut config = RealmConfig::default();
        config.request_ids = check;
        let mut world = World::new(config);
        let client = world.join();
        let subscribe = |id| Subscribe {
            request: RequestId::new(id).unwrap(),
            options: SubscribeOptions::default(),
            topic: Uri::from_static("com.a"),
        };
        world.send(client.key, subscribe(1));
        world.send(client.key, subscribe(2));
        world.send(client.key, subscribe(4));
        world.send(client.key, subscribe(5));
        let (messages, close) = world.drain(client.key);
        let [expected, found] = [3, 4].map(|id| RequestId::new(id).unwrap());
        let violation = Violation::RequestId { expected, found };
        let is_strict = check == RequestIdCheck::Strict;
        assert_eq!(close, is_strict.then_some(CloseReason::Violation(violation)), "{check:?}");
        assert_eq!(messages.len(), if is_strict { 3 } else { 4 });
        let counted = world.router.metrics().request_ids_out_of_order;
        assert_eq!(counted, u64::from(check == RequestIdCheck::Warn));
    }
}

#[test]
fn a_connection_that_joins_nothing_is_closed() {
    let mut world = World::open();
    let fresh = world.attach();
    let client = world.join();
    world.goodbye(client);
    world.received(client.key);
    world.advance(29_999);
    assert_eq!(world.received(fresh), []);
    world.advance(1);
    for key in [fresh, client.key] {
        let (reason, _, close) = world.aborted(key);
        assert_eq!((reason.as_str(), close), ("wamp.error.timeout", CloseReason::JoinTimeout));
    }
}

#[test]
fn a_shutdown_says_goodbye_and_waits_for_the_answers_for_a_while() {
    let mut world = World::open();
    let [polite, silent] = std::array::from_fn(|_| world.join());
    let fresh = world.attach();
    world.router.shut_down(world.now);
    assert_eq!(world.aborted(fresh).0, "wamp.close.system_shutdown");
    for client in [polite, silent] {
        let Message::Goodbye(goodbye) = world.only(client) else { panic!("no GOODBYE") };
        assert_eq!(goodbye.reason, "wamp.close.system_shutdown");
    }
    world.publish(polite, "com.a", "ignored");
    world.nothing_for(polite);
    world.send(polite.key, goodbye());
    assert_eq!(world.drain(polite.key), (vec![], Some(CloseReason::ShutDown)));
    world.advance(5_000);
    assert_eq!(world.drain(silent.key), (vec![], Some(CloseReason::ShutDown)));
    let late = world.attach();
    world.send(late, hello("realm1", all_features()));
    assert_eq!(world.aborted(late).0, "wamp.error.no_such_realm");
}

#[test]
fn a_connection_that_is_dismissed_hears_goodbye_and_the_others_stay() {
    let mut world = World::open();
    let [dismissed, stays] = std::array::from_fn(|_| world.join());
    let fresh = world.attach();
    for key in [dismissed.key, fresh, dismissed.key] {
        world.router.dismiss(key, world.now);
    }
    let Message::Goodbye(last) = world.only(dismissed) else { panic!("no GOODBYE") };
    assert_eq!(last.reason, "wamp.close.system_shutdown");
    assert_eq!(world.aborted(fresh).0, "wamp.close.system_shutdown");
    world.send(dismissed.key, goodbye());
    assert_eq!(world.drain(dismissed.key), (vec![], Some(CloseReason::ShutDown)));
    world.nothing_for(stays);
    world.join();
}

#[test]
fn connections_that_are_gone_are_not_known_any_more() {
    let mut world = World::open();
    let client = world.join();
    world.detach(client);
    let next = world.join();
    assert_ne!(next.key, client.key);
    world.publish(client, "com.a", "from the grave");
    world.detach(client);
    assert!(world.router.poll_output(client.key).is_none());
    assert_eq!(world.router.connections(), 1);
    assert_eq!(world.router.metrics().publications, 0);
}

#[test]
fn a_connection_is_named_once_when_it_has_something_to_send() {
    let mut world = World::open();
    let [publisher, subscriber] = std::array::from_fn(|_| world.join());
    world.subscribe(subscriber, "com.a");
    while world.router.next_ready().is_some() {}
    world.publish(publisher, "com.a", "1");
    world.publish(publisher, "com.a", "2");
    assert_eq!(world.router.next_ready(), Some(subscriber.key));
    assert_eq!(world.router.next_ready(), None);
    world.publish(publisher, "com.a", "3");
    assert_eq!(world.router.next_ready(), None, "its queue was not empty");
    assert_eq!(world.event_texts(subscriber).len(), 3);
    world.publish(publisher, "com.a", "4");
    assert_eq!(world.router.next_ready(), Some(subscriber.key));
}

#[test]
fn a_new_configuration_of_a_realm_is_for_all_of_it_but_for_queues_which_those_have_who_join() {
    let mut world = World::open();
    let [before, publisher] = std::array::from_fn(|_| world.join());
    world.subscribe(before, "com.a");
    let mut config = RealmConfig::default();
    config.uris = UriPolicy::Strict;
    config.queue.messages = 5;
    world.router.add_realm(Uri::from_static("realm1"), config);
    let after = world.join();
    world.subscribe(after, "com.a");
    world.send_subscribe(before, "com.A", |_| {});
    assert_eq!(world.error(before), "wamp.error.invalid_uri");
    for _ in 0..6 {
        world.publish(publisher, "com.a", "");
    }
    assert_eq!(world.events(before).len(), 6);
    assert_eq!(world.drain(after.key).1, Some(CloseReason::TooSlow));
}
