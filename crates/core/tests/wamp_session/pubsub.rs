use wirebahn_core::wamp::message::{Message, Published, Unsubscribed};
use wirebahn_core::wamp::session::{OperationError, Session, SessionEvent, SessionViolation};
use wirebahn_core::wamp::{
    MatchPolicy, MessageType, Payload, PublishOptions, RequestType, SubscribeOptions, UnsubscribedDetails,
};

use super::support::*;

fn subscribe(session: &mut Session, topic: &str) -> wirebahn_core::wamp::RequestId {
    session.subscribe(topic.into(), SubscribeOptions::default()).unwrap()
}

#[test]
fn requests_of_all_kinds_are_counted_from_1() {
    let mut session = joined();
    let payload = Payload::empty;
    assert_eq!(session.publish("a".into(), PublishOptions::default(), payload()).unwrap().get(), 1);
    assert_eq!(subscribe(&mut session, "a").get(), 2);
    assert_eq!(session.register("a".into(), Default::default()).unwrap().get(), 3);
    let call = session.call("a".into(), Default::default(), payload(), None, now());
    assert_eq!(call.unwrap().get(), 4);
    assert_eq!(messages(&mut session).len(), 4);
}

#[test]
fn only_a_publication_that_wants_it_is_acknowledged() {
    let mut session = joined();
    let mut options = PublishOptions::default();
    let quiet = session.publish("a.b".into(), options.clone(), Payload::empty()).unwrap();
    options.acknowledge = true;
    let loud = session.publish("a.b".into(), options, Payload::empty()).unwrap();
    let published = |request| Published { request, publication: publication(7) };
    let expected = SessionEvent::Published { request: loud, publication: publication(7) };
    assert_eq!(tell(&mut session, published(loud)), [expected]);
    assert_eq!(tell(&mut session, published(quiet)), []);
    assert_eq!(session.late_replies(), 1);
}

#[test]
fn events_come_once_the_subscription_is_granted_and_until_it_is_given_back() {
    let mut session = joined();
    let granted = subscribe(&mut session, "a.b");
    assert_eq!(tell(&mut session, event(5)), []);
    let expected = SessionEvent::Subscribed { request: granted, subscription: subscription(5) };
    assert_eq!(tell(&mut session, subscribed(granted, 5)), [expected]);
    assert_eq!(tell(&mut session, event(5)), [SessionEvent::Event(event(5))]);
    let given_back = session.unsubscribe(subscription(5)).unwrap().unwrap();
    assert_eq!(tell(&mut session, event(5)), [], "it has crossed the UNSUBSCRIBE");
    let expected = SessionEvent::Unsubscribed { request: given_back };
    assert_eq!(tell(&mut session, unsubscribed(given_back)), [expected]);
    assert_eq!(session.unsubscribe(subscription(5)), Err(OperationError::NoSuchSubscription));
}

#[test]
fn a_subscription_that_was_granted_twice_ends_when_both_are_given_back() {
    let mut session = joined();
    for _ in 0..2 {
        let request = subscribe(&mut session, "a.b");
        tell(&mut session, subscribed(request, 5));
    }
    messages(&mut session);
    assert_eq!(session.unsubscribe(subscription(5)), Ok(None));
    assert_eq!(tell(&mut session, event(5)).len(), 1);
    assert!(matches!(session.unsubscribe(subscription(5)), Ok(Some(_))));
    assert!(matches!(&messages(&mut session)[..], [Message::Unsubscribe(_)]));
}

#[test]
fn a_subscription_is_kept_for_a_second_subscribe_that_is_under_way() {
    let mut session = joined();
    let first = subscribe(&mut session, "a.b");
    tell(&mut session, subscribed(first, 5));
    let second = subscribe(&mut session, "a.b");
    messages(&mut session);
    assert_eq!(session.unsubscribe(subscription(5)), Ok(None));
    assert_eq!(session.unsubscribe(subscription(5)), Err(OperationError::NoSuchSubscription));
    assert_eq!(messages(&mut session), []);
    tell(&mut session, subscribed(second, 5));
    assert_eq!(tell(&mut session, event(5)).len(), 1);
}

#[test]
fn a_subscription_that_was_kept_for_a_subscribe_that_fails_is_given_back() {
    let mut session = joined();
    let first = subscribe(&mut session, "a.b");
    tell(&mut session, subscribed(first, 5));
    let second = subscribe(&mut session, "a.b");
    assert_eq!(session.unsubscribe(subscription(5)), Ok(None));
    messages(&mut session);
    let failed = error(RequestType::Subscribe, second);
    assert_eq!(tell(&mut session, failed.clone()), [SessionEvent::RequestFailed(failed)]);
    assert!(matches!(&messages(&mut session)[..], [Message::Unsubscribe(_)]));
}

#[test]
fn patterns_are_subscribed_to_by_their_policy() {
    let mut session = joined();
    let mut options = SubscribeOptions::default();
    options.match_policy = MatchPolicy::Wildcard;
    session.subscribe("a..c".into(), options).unwrap();
    let Some(Message::Subscribe(subscribe)) = session.poll_message() else { panic!() };
    assert_eq!(subscribe.options.match_policy, MatchPolicy::Wildcard);
}

#[test]
fn a_router_can_take_a_subscription_back() {
    let mut session = joined();
    let request = subscribe(&mut session, "a.b");
    tell(&mut session, subscribed(request, 5));
    let mut details = UnsubscribedDetails::default();
    details.subscription = Some(subscription(5));
    details.reason = Some("moved".into());
    let revoked = Unsubscribed { request: None, details };
    let expected =
        SessionEvent::SubscriptionRevoked { subscription: subscription(5), reason: Some("moved".into()) };
    assert_eq!(tell(&mut session, revoked.clone()), [expected]);
    assert_eq!(
        tell(&mut session, revoked),
        [],
        "a second time, or after an UNSUBSCRIBE, it says nothing new"
    );
    assert_eq!(tell(&mut session, event(5)), []);
    let nothing = Unsubscribed { request: None, details: UnsubscribedDetails::default() };
    let expected = SessionViolation::RevocationIncomplete(MessageType::Unsubscribed);
    assert_eq!(violation(&mut session, nothing), expected);
}

#[test]
fn an_answer_of_another_kind_is_a_violation() {
    let mut session = joined();
    let asked = subscribe(&mut session, "a.b");
    let expected = SessionViolation::RequestMismatch { message: MessageType::Registered, request: asked };
    assert_eq!(violation(&mut session, registered(asked, 1)), expected);
    let mut session = joined();
    let asked = subscribe(&mut session, "a.b");
    let expected = SessionViolation::RequestMismatch { message: MessageType::Error, request: asked };
    assert_eq!(violation(&mut session, error(RequestType::Call, asked)), expected);
}

#[test]
fn an_answer_to_a_request_that_was_never_made_is_a_violation() {
    let mut session = joined();
    subscribe(&mut session, "a.b");
    let (message, request) = (MessageType::Subscribed, request(2));
    let expected = SessionViolation::RequestUnknown { message, request };
    assert_eq!(violation(&mut session, subscribed(request, 1)), expected);
}
