use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use wirebahn_core::wamp::link::LinkClose;
use wirebahn_core::wamp::message::{Abort, Challenge, Event};
use wirebahn_core::wamp::session::{Initiator, LeftCause, SessionConfig, SessionTimer, SessionViolation};
use wirebahn_core::wamp::{AbortDetails, Dict, Payload};
use wirebahn_drive::wamp::{Error, JoinError, finish_join};

use crate::caller::yield_now;
use crate::router::{begin, begin_with, event, expect_msg, goodbye, joined, registered, subscribed, welcome};
use crate::runtimes::{Rt, on_both};

fn abort(reason: &'static str) -> Abort {
    Abort { details: AbortDetails::default(), reason: reason.into(), payload: Payload::empty() }
}

/// A task of which nothing is left once all its wakers are.
struct Task;

impl Wake for Task {
    fn wake(self: Arc<Self>) {}
}

on_both! {
    async fn who_stops_waiting_for_the_end_leaves_nothing_behind<R>() {
        let (session, router) = joined::<R>().await;
        let (waiting, there) = (session.clone(), router.clone());
        R::spawn(async move {
            let request = expect_msg!(there, Register).request;
            there.say(registered(request));
        });
        let registration = waiting.register("com.nothing", |(): ()| async move { Ok(()) }).await.unwrap();
        let (joining, other) = begin::<R>();
        let task = Arc::new(Task);
        let waker = Waker::from(Arc::clone(&task));
        let mut cx = Context::from_waker(&waker);
        for _ in 0..3 {
            assert!(Box::pin(session.ended()).as_mut().poll(&mut cx).is_pending());
            assert!(Box::pin(registration.revoked()).as_mut().poll(&mut cx).is_pending());
            assert!(Box::pin(joining.joined()).as_mut().poll(&mut cx).is_pending());
            assert!(Box::pin(joining.challenge()).as_mut().poll(&mut cx).is_pending());
        }
        assert_eq!(Arc::strong_count(&task), 2, "the test has one waker itself");
        let mut ended = Box::pin(session.ended());
        for _ in 0..3 {
            assert!(ended.as_mut().poll(&mut cx).is_pending());
        }
        router.hang_up();
        let left = session.ended().await;
        assert_eq!(ended.as_mut().poll(&mut cx), Poll::Ready(left));
        drop((waker, other));
        assert_eq!(Arc::strong_count(&task), 1);
    }

    async fn leaving_says_goodbye_and_waits_for_the_answer<R>() {
        let (session, router) = joined::<R>().await;
        let there = router.clone();
        R::spawn(async move {
            assert_eq!(expect_msg!(there, Goodbye).reason, "wamp.close.close_realm");
            there.say(goodbye());
        });
        let left = session.leave().await;
        assert!(matches!(left.cause, LeftCause::Goodbye { by: Initiator::Us, .. }));
        assert_eq!(session.leave().await, left, "it has ended, and still knows how");
        let failed = session.publish("com.news", ()).await.unwrap_err();
        assert!(matches!(failed, Error::Ended(_)));
        while router.closed().is_none() {
            yield_now().await;
        }
        assert_eq!(router.closed(), Some(LinkClose::Done));
    }

    async fn everyone_who_waits_learns_of_the_end<R>() {
        let (session, router) = joined::<R>().await;
        let there = router.clone();
        R::spawn(async move {
            let subscribe = expect_msg!(there, Subscribe);
            there.say(subscribed(subscribe.request));
            expect_msg!(there, Call);
            there.hang_up();
        });
        let mut news = session.subscribe("com.news").await.unwrap();
        let failed = session.call::<_, ()>("com.slow", ()).await.unwrap_err();
        let Error::Ended(left) = failed else { panic!("{failed:?}") };
        assert_eq!(left.cause, LeftCause::TransportLost);
        assert!(news.next().await.is_none());
        assert_eq!(session.ended().await, left);
    }

    async fn dropping_the_last_handle_leaves<R>() {
        let (session, router) = joined::<R>().await;
        let there = router.clone();
        R::spawn(async move {
            let subscribe = expect_msg!(there, Subscribe);
            there.say(subscribed(subscribe.request));
        });
        let other = session.clone();
        let mut news = session.subscribe("com.news").await.unwrap();
        drop(session);
        drop(other);
        router.say(event(1));
        assert!(news.next().await.is_some(), "a subscription is a handle, too");
        drop(news);
        expect_msg!(router, Unsubscribe);
        expect_msg!(router, Goodbye);
        router.say(goodbye());
        assert_eq!(router.next().await, None);
    }

    async fn a_session_that_is_leaving_says_nothing_more_when_it_is_left_again_and_dropped<R>() {
        let (session, router) = joined::<R>().await;
        session.start_leave("a.b", None);
        session.start_leave("a.b", None);
        let ended = session.ended();
        drop(session);
        assert_eq!(expect_msg!(router, Goodbye).reason, "a.b");
        router.say(goodbye());
        assert!(matches!(ended.await.cause, LeftCause::Goodbye { by: Initiator::Us, .. }));
        assert_eq!(router.next().await, None);
    }

    async fn a_violation_of_the_router_is_told_to_both_sides<R>() {
        let (session, router) = joined::<R>().await;
        router.say(welcome());
        let left = session.ended().await;
        assert!(matches!(left.cause, LeftCause::Violation(SessionViolation::Unexpected(_))));
        assert_eq!(expect_msg!(router, Abort).reason, "wamp.error.protocol_violation");
        while router.closed().is_none() {
            yield_now().await;
        }
        assert_eq!(router.closed(), Some(LinkClose::Violation));
    }

    async fn a_router_that_refuses_says_why<R>() {
        let (session, router) = begin::<R>();
        expect_msg!(router, Hello);
        router.say(abort("wamp.error.no_such_realm"));
        let failed = finish_join(session, None).await.unwrap_err();
        assert!(failed.is_fatal());
        let JoinError::Left(left) = failed else { panic!() };
        assert!(matches!(&left.cause, LeftCause::Aborted { by: Initiator::Router, .. }));
    }

    async fn challenges_are_answered<R>() {
        let (session, router) = begin::<R>();
        let there = router.clone();
        R::spawn(async move {
            expect_msg!(there, Hello);
            for _ in 0..2 {
                there.say(Challenge { method: "ticket".into(), extra: Dict::new() });
                assert_eq!(expect_msg!(there, Authenticate).signature, "secret");
            }
            there.say(welcome());
            let _ = there.next().await;
        });
        let answer = |_| -> wirebahn_drive::wamp::ChallengeFuture {
            Box::pin(async { Some(("secret".into(), Dict::new())) })
        };
        let session = finish_join(session, Some(Arc::new(answer))).await.unwrap();
        assert_eq!(session.id().unwrap().get(), 1000);
        assert!(session.welcome().is_some());
    }

    async fn a_challenge_that_nobody_can_answer_ends_the_session<R>() {
        let (session, router) = begin::<R>();
        expect_msg!(router, Hello);
        router.say(Challenge { method: "ticket".into(), extra: Dict::new() });
        let failed = finish_join(session, None).await.unwrap_err();
        assert!(failed.is_fatal(), "{failed}");
        assert_eq!(expect_msg!(router, Abort).reason, "wamp.error.no_matching_auth_method");
    }

    async fn a_router_that_does_not_answer_hello_is_given_up<R>() {
        let mut config = SessionConfig::new("realm1");
        config.join_timeout = Some(Duration::from_millis(20));
        let (session, router) = begin_with::<R>(config);
        let left = session.joined().await.unwrap_err();
        assert_eq!(left.cause, LeftCause::TimedOut(SessionTimer::Join));
        expect_msg!(router, Hello);
        expect_msg!(router, Abort);
    }

    async fn events_before_the_end_are_delivered<R>() {
        let (session, router) = joined::<R>().await;
        let there = router.clone();
        R::spawn(async move {
            let subscribe = expect_msg!(there, Subscribe);
            there.say(subscribed(subscribe.request));
            there.say(event(1));
            there.say(Event { ..event(2) });
            there.hang_up();
        });
        let mut news = session.subscribe("com.news").await.unwrap();
        assert!(news.next().await.is_some() && news.next().await.is_some());
        assert!(news.next().await.is_none());
    }
}

#[test]
fn dropping_the_driver_ends_the_session() {
    use wirebahn_tokio::TokioRuntime;
    // The runtime drops the driver with it.
    let (session, router) = TokioRuntime::block_on(joined::<TokioRuntime>());
    assert_eq!(session.left().unwrap().cause, LeftCause::TransportLost);
    TokioRuntime::block_on(async {
        assert!(matches!(session.publish("com.news", ()).await, Err(Error::Ended(_))));
        assert_eq!(router.next().await, None);
    });
}
