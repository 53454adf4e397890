use std::sync::{Arc, Mutex};

use wirebahn_core::wamp::message::{Published, Unsubscribed};
use wirebahn_core::wamp::{MatchPolicy, PublicationId, RequestType, SubscriptionId, UnsubscribedDetails};
use wirebahn_drive::wamp::Overflow;

use crate::caller::yield_now;
use crate::router::{error, event, expect_msg, joined, subscribed};
use crate::runtimes::on_both;

on_both! {
    async fn a_publication_waits_for_the_router_only_if_it_is_to_be_acknowledged<R>() {
        let (session, router) = joined::<R>().await;
        session.publish("com.news", ("one",)).await.unwrap();
        assert!(!expect_msg!(router, Publish).options.acknowledge);
        R::spawn(async move {
            let publish = expect_msg!(router, Publish);
            assert!(publish.options.acknowledge && !publish.options.exclude_me);
            router.say(Published { request: publish.request, publication: PublicationId::new(7).unwrap() });
            let publish = expect_msg!(router, Publish);
            router.say(error(RequestType::Publish, publish.request, "wamp.error.not_authorized"));
        });
        let published = session.publish("com.news", ("two",)).exclude_me(false).acknowledge().await;
        assert_eq!(published.unwrap().get(), 7);
        let refused = session.publish("com.news", ()).acknowledge().await.unwrap_err();
        assert!(refused.is("wamp.error.not_authorized"));
    }

    async fn no_event_is_lost_between_the_grant_and_the_first_look<R>() {
        let (session, router) = joined::<R>().await;
        let speaker = router.clone();
        R::spawn(async move {
            let subscribe = expect_msg!(speaker, Subscribe);
            assert_eq!(subscribe.options.match_policy, MatchPolicy::Prefix);
            speaker.say(subscribed(subscribe.request));
            for number in 0..10 {
                speaker.say(event(number));
            }
        });
        let mut news = session.subscribe("com.news.").prefix().await.unwrap();
        for number in 0..10 {
            let event = news.next().await.unwrap();
            assert_eq!(event.args::<(u32,)>().unwrap(), (number,));
        }
        drop(news);
        assert_eq!(expect_msg!(router, Unsubscribe).subscription.get(), 5);
    }

    async fn subscribers_of_the_same_topic_each_get_all_events<R>() {
        let (session, router) = joined::<R>().await;
        let speaker = router.clone();
        R::spawn(async move {
            for _ in 0..2 {
                let subscribe = expect_msg!(speaker, Subscribe);
                speaker.say(subscribed(subscribe.request));
            }
        });
        let mut first = session.subscribe("com.news").await.unwrap();
        let mut second = session.subscribe("com.news").await.unwrap();
        router.say(event(1));
        assert!(first.next().await.is_some() && second.next().await.is_some());
        drop(first);
        router.say(event(2));
        assert!(second.next().await.is_some());
        assert_eq!(router.unread(), [], "one of them is left");
        drop(second);
        expect_msg!(router, Unsubscribe);
    }

    async fn events_that_are_not_taken_are_dropped_and_counted<R>() {
        let (session, router) = joined::<R>().await;
        let speaker = router.clone();
        R::spawn(async move {
            for _ in 0..2 {
                let subscribe = expect_msg!(speaker, Subscribe);
                speaker.say(subscribed(subscribe.request));
            }
        });
        let mut newest = session.subscribe("com.news").capacity(3).await.unwrap();
        let mut oldest =
            session.subscribe("com.news").capacity(3).overflow(Overflow::DropNewest).await.unwrap();
        for number in 0..10 {
            router.say(event(number));
        }
        while newest.missed() < 7 {
            yield_now().await;
        }
        assert_eq!(newest.next().await.unwrap().args::<(u32,)>().unwrap(), (7,));
        assert_eq!((oldest.missed(), oldest.next().await.unwrap().args::<(u32,)>().unwrap()), (7, (0,)));
    }

    async fn a_subscription_that_is_taken_back_ends<R>() {
        let (session, router) = joined::<R>().await;
        let speaker = router.clone();
        R::spawn(async move {
            let subscribe = expect_msg!(speaker, Subscribe);
            speaker.say(subscribed(subscribe.request));
        });
        let mut news = session.subscribe("com.news").await.unwrap();
        router.say(event(1));
        let mut details = UnsubscribedDetails::default();
        details.subscription = Some(SubscriptionId::new(5).unwrap());
        details.reason = Some("moved".into());
        router.say(Unsubscribed { request: None, details });
        assert!(news.next().await.is_some());
        assert!(news.next().await.is_none());
        assert_eq!(news.revoked().as_deref(), Some("moved"));
    }

    async fn events_are_handled_in_the_background_until_the_handle_is_dropped<R>() {
        let (session, router) = joined::<R>().await;
        let speaker = router.clone();
        R::spawn(async move {
            let subscribe = expect_msg!(speaker, Subscribe);
            speaker.say(subscribed(subscribe.request));
            speaker.say(event(1));
            speaker.say(event(2));
        });
        let seen = Arc::new(Mutex::new(Vec::new()));
        let seen_there = Arc::clone(&seen);
        let news = session.subscribe("com.news").await.unwrap();
        let handled = news.on_event(move |event| {
            let seen = Arc::clone(&seen_there);
            async move { seen.lock().unwrap().push(event.args::<(u32,)>().unwrap().0) }
        });
        while seen.lock().unwrap().len() < 2 {
            yield_now().await;
        }
        assert_eq!(*seen.lock().unwrap(), [1, 2]);
        drop(handled);
        expect_msg!(router, Unsubscribe);
    }

    async fn unsubscribing_waits_for_the_router<R>() {
        let (session, router) = joined::<R>().await;
        R::spawn(async move {
            let subscribe = expect_msg!(router, Subscribe);
            router.say(subscribed(subscribe.request));
            let request = Some(expect_msg!(router, Unsubscribe).request);
            router.say(Unsubscribed { request, details: UnsubscribedDetails::default() });
            assert_eq!(router.next().await.map(|message| message.message_type().name()), Some("GOODBYE"));
        });
        session.subscribe("com.news").await.unwrap().unsubscribe().await.unwrap();
    }
}
