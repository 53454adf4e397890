//! Events: who gets them, and which.

use std::time::Duration;

use wirebahn_core::wamp::{MatchPolicy, Value};

use super::adapter::Wamp;
use super::{call, join, publishing, start, subscribe, subscribing};
use crate::adapter::{STUCK, until};

pub(crate) fn events_reach_all_subscribers_in_order<A: Wamp>() {
    let (router, publisher, subscriber) = start::<A>();
    let another = join::<A>(router.url("rs"));
    let mut subscriptions = [
        subscribe(&*subscriber, "com.news"),
        subscribe(&*subscriber, "com.news"),
        subscribe(&*another, "com.news"),
    ];
    for number in 0..500 {
        let mut event = publishing("com.news", vec![number.into(), "x".repeat(100).into()]);
        event.acknowledge = false;
        publisher.publish(event).unwrap();
    }
    for subscription in &mut subscriptions {
        for number in 0..500 {
            assert_eq!(subscription.next_args()[0], Value::from(number));
        }
    }
    router.end();
}

pub(crate) fn a_publisher_gets_its_own_event_only_if_it_wants_to<A: Wamp>() {
    let (router, session, _) = start::<A>();
    let mut news = subscribe(&*session, "com.news");
    for exclude_me in [true, false] {
        let mut event = publishing("com.news", vec![exclude_me.into()]);
        event.exclude_me = exclude_me;
        session.publish(event).unwrap();
    }
    assert_eq!(news.next_args(), [Value::from(false)]);
    router.end();
}

pub(crate) fn a_publication_is_confirmed_or_refused<A: Wamp>() {
    let (router, session, _) = start::<A>();
    session.publish(publishing("com.news", vec![])).unwrap();
    let failure = session.publish(publishing("not a topic", vec![])).unwrap_err();
    assert_eq!(failure.uri(), "wamp.error.invalid_uri");
    router.end();
}

pub(crate) fn patterns_tell_the_topic<A: Wamp>() {
    let (router, publisher, subscriber) = start::<A>();
    for (pattern, matching, topic) in [
        ("com.begins.", MatchPolicy::Prefix, "com.begins.so"),
        ("org..same", MatchPolicy::Wildcard, "org.any.same"),
    ] {
        let mut subscribing = subscribing(pattern);
        subscribing.matching = matching;
        let mut subscription = subscriber.subscribe(subscribing).unwrap();
        publisher.publish(publishing("com.other", vec![])).unwrap();
        publisher.publish(publishing(topic, vec![1.into()])).unwrap();
        let event = subscription.next_within(STUCK).unwrap().unwrap();
        assert_eq!((event.topic.as_deref(), event.args), (Some(topic), vec![1.into()]));
    }
    router.end();
}

pub(crate) fn an_event_that_is_retained_comes_to_who_asks_for_it<A: Wamp>() {
    let (router, publisher, subscriber) = start::<A>();
    for (number, retain) in [(1, true), (2, true), (3, false)] {
        let mut event = publishing("com.news", vec![number.into()]);
        event.retain = retain;
        publisher.publish(event).unwrap();
    }
    let mut without = subscribe(&*subscriber, "com.news");
    let mut subscribing = subscribing("com.news");
    subscribing.get_retained = true;
    let other = join::<A>(router.url("rs"));
    let mut with = other.subscribe(subscribing).unwrap();
    assert_eq!(with.next_args(), [Value::from(2)]);
    publisher.publish(publishing("com.news", vec![4.into()])).unwrap();
    assert_eq!(with.next_args(), [Value::from(4)]);
    assert_eq!(without.next_args(), [Value::from(4)]);
    router.end();
}

pub(crate) fn only_those_who_are_eligible_get_an_event<A: Wamp>() {
    let (router, publisher, chosen) = start::<A>();
    let other = join::<A>(router.url("ws"));
    let mut for_chosen = subscribe(&*chosen, "com.news");
    let mut for_other = subscribe(&*other, "com.news");
    for (number, eligible) in [(1, Some(vec![chosen.id()])), (2, Some(vec![])), (3, None)] {
        let mut event = publishing("com.news", vec![number.into()]);
        event.eligible = eligible;
        publisher.publish(event).unwrap();
    }
    assert_eq!([for_chosen.next_args(), for_chosen.next_args()], [[Value::from(1)], [Value::from(3)]]);
    assert_eq!(for_other.next_args(), [Value::from(3)]);
    router.end();
}

pub(crate) fn what_is_unsubscribed_hears_nothing_more<A: Wamp>() {
    let (router, publisher, subscriber) = start::<A>();
    let news = subscribe(&*subscriber, "com.news");
    news.unsubscribe().unwrap();
    publisher.publish(publishing("com.news", vec![1.into()])).unwrap();
    let mut again = subscribe(&*subscriber, "com.news");
    publisher.publish(publishing("com.news", vec![2.into()])).unwrap();
    assert_eq!(again.next_args(), [Value::from(2)]);
    router.end();
}

pub(crate) fn a_subscription_that_is_dropped_is_given_back<A: Wamp>() {
    let (router, session, observer) = start::<A>();
    let count = || {
        let found = observer.call(call("wamp.subscription.lookup", vec!["com.news".into()])).unwrap();
        if found[0].is_null() {
            return 0;
        }
        // It may be gone by now.
        let counted = observer.call(call("wamp.subscription.count_subscribers", found));
        counted.map_or(0, |count| count[0].as_i64().unwrap())
    };
    let (first, second) = (subscribe(&*session, "com.news"), subscribe(&*session, "com.news"));
    assert_eq!(count(), 1);
    drop(first);
    // The other one still needs it.
    session.publish(publishing("com.other", vec![])).unwrap();
    assert_eq!(count(), 1);
    subscribe(&*session, "com.news").unsubscribe().unwrap();
    assert_eq!(count(), 1);
    drop(second);
    until(|| count() == 0);
    router.end();
}

pub(crate) fn waiting_for_an_event_ends_in_time_and_loses_nothing<A: Wamp>() {
    let (router, publisher, subscriber) = start::<A>();
    let mut news = subscribe(&*subscriber, "com.news");
    for limit in [0, 1, 30] {
        assert!(news.next_within(Duration::from_millis(limit)).is_err());
    }
    publisher.publish(publishing("com.news", vec![1.into()])).unwrap();
    assert_eq!(news.next_args(), [Value::from(1)]);
    subscriber.leave();
    assert!(news.next_within(STUCK).unwrap().is_none(), "the session has ended");
    router.end();
}
