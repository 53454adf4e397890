//! Questions and their answers: who may join, and who may do what.

use wirebahn_core::wamp::message::{Authenticate, Goodbye};
use wirebahn_core::wamp::{Dict, GoodbyeDetails, MatchPolicy, Message, Uri, error_uri};
use wirebahn_router::{
    Action, Answer, AnswerError, Authentication, Authorization, CloseReason, Identity, Question,
    QuestionKind, RealmConfig, Violation,
};

use crate::world::{Client, World, all_features, hello, text};

fn asking_who_joins() -> World {
    let mut config = RealmConfig::default();
    config.authentication = Authentication::Ask;
    World::new(config)
}

fn asking_who_may() -> World {
    let mut config = RealmConfig::default();
    config.authorization = Authorization::Ask;
    World::new(config)
}

fn welcome() -> Answer {
    let identity = Identity::new("joe", "user", "ticket");
    Answer::Welcome { identity: Box::new(identity), realm: None }
}

fn refuse() -> Answer {
    Answer::Refuse { reason: Uri::from_static(error_uri::NOT_AUTHORIZED), message: "no".into() }
}

fn answer(world: &mut World, question: &Question, answer: Answer) {
    world.router.answer(question.id, answer, world.now).unwrap();
}

fn next(world: &mut World) -> Question {
    world.router.poll_question().unwrap()
}

/// Answers all questions with yes.
fn allow_all(world: &mut World) {
    while let Some(question) = world.router.poll_question() {
        answer(world, &question, Answer::Allow);
    }
}

#[test]
fn a_peer_joins_when_the_answer_is_there() {
    let mut world = asking_who_joins();
    let key = world.attach();
    world.send(key, hello("realm1", all_features()));
    assert_eq!(world.received(key), []);
    let question = next(&mut world);
    let QuestionKind::Authenticate(about) = &question.kind else { panic!("{question:?}") };
    assert_eq!((question.session, about.realm.as_deref()), (key, Some("realm1")));
    assert_eq!(about.hello.roles, all_features());
    world.advance(10_000);
    answer(&mut world, &question, welcome());
    let messages = world.received(key);
    let [Message::Welcome(welcome)] = messages.as_slice() else { panic!("{messages:?}") };
    assert_eq!(welcome.session, about.session, "the id was known to who authenticates");
    assert_eq!(welcome.details.authid.as_deref(), Some("joe"));
    assert_eq!(welcome.details.authrole.as_deref(), Some("user"));
    assert_eq!(welcome.details.authmethod.as_deref(), Some("ticket"));
}

#[test]
fn a_peer_may_be_challenged_any_number_of_times() {
    let mut world = asking_who_joins();
    let key = world.attach();
    world.send(key, hello("realm1", all_features()));
    let mut question = next(&mut world);
    for round in ["one", "two"] {
        let mut extra = Dict::new();
        extra.insert("round", round);
        answer(&mut world, &question, Answer::Challenge { method: "ticket".into(), extra: extra.clone() });
        let messages = world.received(key);
        let [Message::Challenge(challenge)] = messages.as_slice() else { panic!("{messages:?}") };
        assert_eq!((challenge.method.as_str(), &challenge.extra), ("ticket", &extra));
        world.send(key, Authenticate { signature: round.into(), extra: Dict::new() });
        question = next(&mut world);
        assert!(matches!(&question.kind, QuestionKind::Verify { signature, .. } if *signature == round));
    }
    answer(&mut world, &question, welcome());
    world.expect_welcome(key);
}

#[test]
fn a_peer_may_be_refused() {
    let mut world = asking_who_joins();
    let key = world.attach();
    world.send(key, hello("realm1", all_features()));
    let question = next(&mut world);
    answer(&mut world, &question, refuse());
    let (reason, message, close) = world.aborted(key);
    assert_eq!((reason.as_str(), message.as_str()), ("wamp.error.not_authorized", "no"));
    assert!(matches!(close, CloseReason::Refused { .. }));
    assert_eq!(world.router.metrics().joins_refused, 1);
}

#[test]
fn the_answer_may_choose_the_realm() {
    let mut world = asking_who_joins();
    let key = world.attach();
    let Message::Hello(mut anywhere) = hello("", all_features()) else { unreachable!("it is a HELLO") };
    anywhere.realm = None;
    world.send(key, anywhere);
    let question = next(&mut world);
    let identity = Box::new(Identity::new("joe", "user", "ticket"));
    let realm = Some(Uri::from_static("realm1"));
    answer(&mut world, &question, Answer::Welcome { identity, realm });
    let Message::Welcome(welcome) = world.received(key).remove(0) else { panic!("no WELCOME") };
    assert_eq!(welcome.details.realm.as_deref(), Some("realm1"));
}

#[test]
fn nothing_may_come_while_a_peer_waits_for_its_welcome() {
    let mut world = asking_who_joins();
    let key = world.attach();
    world.send(key, hello("realm1", all_features()));
    let question = next(&mut world);
    world.send(key, hello("realm1", all_features()));
    assert!(matches!(world.aborted(key).2, CloseReason::Violation(Violation::NotJoined(_))));
    let late = world.router.answer(question.id, welcome(), world.now);
    assert_eq!(late, Err(AnswerError::NoSuchQuestion));
}

#[test]
fn each_action_is_asked_for_with_what_it_is_about() {
    let mut world = asking_who_may();
    let client = world.join();
    world.send_subscribe(client, "com.a", |options| options.match_policy = MatchPolicy::Prefix);
    world.send_register(client, "com.b", |_| {});
    world.call(client, "com.b", "");
    world.publish(client, "com.c", "");
    for (action, uri, policy) in [
        (Action::Subscribe, "com.a", MatchPolicy::Prefix),
        (Action::Register, "com.b", MatchPolicy::Exact),
        (Action::Call, "com.b", MatchPolicy::Exact),
        (Action::Publish, "com.c", MatchPolicy::Exact),
    ] {
        let question = next(&mut world);
        assert!(world.router.poll_question().is_none(), "one after the other");
        let QuestionKind::Authorize(about) = &question.kind else { panic!("{question:?}") };
        assert_eq!((about.action, about.uri.as_str(), about.match_policy), (action, uri, policy));
        assert_eq!((about.session, about.realm.as_str()), (client.session, "realm1"));
        assert_eq!(about.identity.authrole, "anonymous");
        answer(&mut world, &question, Answer::Allow);
    }
    let messages = world.received(client.key);
    assert!(
        matches!(
            messages.as_slice(),
            [Message::Subscribed(_), Message::Registered(_), Message::Invocation(_)]
        ),
        "{messages:?}"
    );
}

#[test]
fn what_is_not_allowed_is_refused_and_unacknowledged_publications_are_counted() {
    let mut world = asking_who_may();
    let client = world.join();
    world.call(client, "com.a", "");
    world.send_register(client, "com.a", |_| {});
    world.send_subscribe(client, "com.a", |_| {});
    world.publish_with(client, "com.a", "", |options| options.acknowledge = true);
    for _ in 0..4 {
        let question = next(&mut world);
        answer(&mut world, &question, refuse());
        assert_eq!(world.error(client), "wamp.error.not_authorized");
    }
    world.publish(client, "com.a", "");
    let question = next(&mut world);
    answer(&mut world, &question, refuse());
    world.nothing_for(client);
    assert_eq!(world.router.metrics().publications_refused, 1);
}

#[test]
fn others_go_on_while_a_session_waits() {
    let mut world = asking_who_may();
    let [slow, fast, subscriber] = std::array::from_fn(|_| world.join());
    world.send_subscribe(subscriber, "com.a", |_| {});
    allow_all(&mut world);
    world.received(subscriber.key);
    world.publish(slow, "com.a", "slow");
    let waiting = next(&mut world);
    world.publish(fast, "com.a", "fast");
    let question = next(&mut world);
    answer(&mut world, &question, Answer::Allow);
    assert_eq!(world.event_texts(subscriber), ["fast"]);
    world.advance(60_000);
    answer(&mut world, &waiting, Answer::Allow);
    assert_eq!(world.event_texts(subscriber), ["slow"]);
}

#[test]
fn later_messages_of_a_waiting_session_keep_their_order() {
    let mut world = asking_who_may();
    let [publisher, subscriber] = std::array::from_fn(|_| world.join());
    world.send_subscribe(subscriber, "com.", |options| options.match_policy = MatchPolicy::Prefix);
    allow_all(&mut world);
    world.received(subscriber.key);
    for number in ["1", "2", "3"] {
        world.publish(publisher, &format!("com.t{number}"), number);
    }
    world.goodbye(publisher);
    assert_eq!(world.received(publisher.key), []);
    allow_all(&mut world);
    assert_eq!(world.event_texts(subscriber), ["1", "2", "3"]);
    assert!(matches!(world.received(publisher.key).as_slice(), [Message::Goodbye(_)]));
}

#[test]
fn a_waiting_session_goes_on_answering_its_callers() {
    let mut world = asking_who_may();
    let [caller, callee] = std::array::from_fn(|_| world.join());
    world.send_register(callee, "com.p", |_| {});
    allow_all(&mut world);
    world.received(callee.key);
    world.call(caller, "com.p", "");
    allow_all(&mut world);
    let invocation = world.invocation(callee);
    world.publish(callee, "com.t", "");
    let waiting = next(&mut world);
    world.yield_text(callee, invocation.request, "at once");
    assert_eq!(text(&world.result(caller).payload), "at once");
    answer(&mut world, &waiting, Answer::Allow);
}

#[test]
fn a_session_with_much_waiting_is_not_read_from_until_it_is_less() {
    let mut world = asking_who_may();
    let client = world.join();
    while world.router.next_ready().is_some() {}
    for _ in 0..257 {
        assert!(!world.router.is_held(client.key));
        world.publish(client, "com.t", "");
    }
    assert!(world.router.is_held(client.key));
    assert_eq!(world.router.next_ready(), None);
    let question = next(&mut world);
    answer(&mut world, &question, Answer::Allow);
    assert!(!world.router.is_held(client.key));
    assert_eq!(world.router.next_ready(), Some(client.key));
    allow_all(&mut world);
    assert_eq!(world.router.metrics().publications, 257);
}

#[test]
fn a_driver_that_reads_on_nevertheless_has_the_session_aborted() {
    let mut world = asking_who_may();
    let client = world.join();
    for _ in 0..=256 * 64 {
        world.publish(client, "com.t", "");
    }
    assert_eq!(world.received(client.key), []);
    world.publish(client, "com.t", "");
    assert_eq!(world.aborted(client.key).2, CloseReason::Violation(Violation::BacklogFull));
    assert_eq!(world.router.metrics().messages_lost, 256 * 64);
}

#[test]
fn nobody_waits_for_the_answer_when_the_session_is_gone() {
    let mut world = asking_who_may();
    let client: Client = world.join();
    world.publish(client, "com.t", "");
    let asked = next(&mut world);
    world.detach(client);
    assert_eq!(world.router.answer(asked.id, Answer::Allow, world.now), Err(AnswerError::NoSuchQuestion));
    let other = world.join();
    world.publish(other, "com.t", "");
    let details = GoodbyeDetails::default();
    world.send(other.key, Goodbye { details, reason: Uri::from_static("wamp.close.close_realm") });
    world.router.shut_down(world.now);
    assert!(world.router.poll_question().is_none(), "a question that was not asked yet is withdrawn");
}

#[test]
fn an_answer_has_to_fit_the_question() {
    let mut world = asking_who_may();
    let client = world.join();
    world.publish(client, "com.t", "");
    let question = next(&mut world);
    assert_eq!(world.router.answer(question.id, welcome(), world.now), Err(AnswerError::Unfitting));
    answer(&mut world, &question, Answer::Allow);
    let again = world.router.answer(question.id, Answer::Allow, world.now);
    assert_eq!(again, Err(AnswerError::NoSuchQuestion));
}

#[test]
fn parts_of_a_call_that_is_not_allowed_are_dropped_up_to_the_last() {
    let mut world = asking_who_may();
    let caller = world.join();
    let request = world.call_with(caller, "com.p", "1", |options| options.progress = true);
    world.send_call(caller, request, "com.p", "2", |_| {});
    let question = next(&mut world);
    answer(&mut world, &question, refuse());
    assert_eq!(world.error(caller), "wamp.error.not_authorized");
    assert!(world.router.poll_question().is_none(), "the second part is asked about");
}
