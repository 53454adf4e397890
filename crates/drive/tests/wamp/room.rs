//! Senders wait for room.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use wirebahn_core::wamp::link::LinkClose;
use wirebahn_core::wamp::session::{LeftCause, SessionConfig, SessionTimer, SessionViolation};
use wirebahn_drive::timeout;
use wirebahn_drive::wamp::{MAX_QUEUED_BYTES, MAX_QUEUED_MESSAGES};

use crate::caller::yield_now;
use crate::router::{args, begin_with, expect_msg, invocation, joined, registered, welcome};
use crate::runtimes::on_both;

on_both! {
    async fn publishers_wait_while_the_wire_takes_nothing<R>() {
        let (session, router) = joined::<R>().await;
        router.set_full(true);
        let sent = Arc::new(AtomicUsize::new(0));
        for _ in 0..4 {
            let (session, sent) = (session.clone(), Arc::clone(&sent));
            R::spawn(async move {
                for _ in 0..MAX_QUEUED_MESSAGES {
                    session.publish("com.news", ("x",)).await.unwrap();
                    sent.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for _ in 0..1000 {
            yield_now().await;
        }
        let before = sent.load(Ordering::Relaxed);
        assert!(before <= MAX_QUEUED_MESSAGES + 64, "{before}");
        router.set_full(false);
        for _ in 0..4 * MAX_QUEUED_MESSAGES {
            expect_msg!(router, Publish);
        }
        while sent.load(Ordering::Relaxed) < 4 * MAX_QUEUED_MESSAGES {
            yield_now().await;
        }
    }

    async fn long_payloads_fill_the_queue_by_their_bytes<R>() {
        let (session, router) = joined::<R>().await;
        router.set_full(true);
        let mut sent = 0;
        loop {
            let mut publish = Box::pin(session.publish("com.news", ("x".repeat(8000),)).into_future());
            if publish.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
                break;
            }
            sent += 1;
        }
        assert!(sent <= MAX_QUEUED_BYTES / 8000 + 1, "{sent}");
        router.set_full(false);
        for _ in 0..sent {
            expect_msg!(router, Publish);
        }
        session.publish("com.news", ()).await.unwrap();
    }

    async fn room_that_a_wire_finds_while_it_is_polled_is_used<R>() {
        let (session, router) = joined::<R>().await;
        router.set_full(true);
        session.publish("com.news", ()).await.unwrap();
        for _ in 0..10 {
            yield_now().await;
        }
        let start = R::now();
        router.free_when_polled();
        expect_msg!(router, Publish);
        // Not only when the timer of the session comes round.
        assert!(R::now().saturating_duration_since(start) < Duration::from_secs(5));
    }

    async fn a_router_that_calls_and_does_not_read_is_given_up<R>() {
        let mut config = SessionConfig::new("realm1");
        config.limits.max_invocations = 3000;
        config.limits.max_replies = 500;
        let (session, router) = begin_with::<R>(config);
        expect_msg!(router, Hello);
        router.say(welcome());
        session.joined().await.unwrap();
        let there = router.clone();
        R::spawn(async move { there.say(registered(expect_msg!(there, Register).request)) });
        let _registration = session.register("com.echo", |(n,): (u64,)| async move { Ok(n) }).await.unwrap();
        router.set_full(true);
        for id in 1..=10_000 {
            router.say(invocation(id, args((id,))));
            yield_now().await;
        }
        let ended = timeout::<R, _>(Some(Duration::from_secs(10)), session.ended()).await;
        let cause = &ended.expect("the answers to all calls wait, and there is no end to them").cause;
        assert!(matches!(cause, LeftCause::Violation(SessionViolation::RepliesNotRead)), "{cause:?}");
    }

    async fn a_session_that_has_ended_closes_a_wire_without_room<R>() {
        let mut config = SessionConfig::new("realm1");
        config.leave_timeout = Some(Duration::from_millis(20));
        let (session, router) = begin_with::<R>(config);
        expect_msg!(router, Hello);
        router.say(welcome());
        session.joined().await.unwrap();
        for _ in 0..300 {
            session.publish("com.news", ()).await.unwrap();
        }
        yield_now().await;
        router.set_full(true);
        for _ in 0..300 {
            session.publish("com.news", ()).await.unwrap();
        }
        let left = session.leave().await;
        assert_eq!(left.cause, LeftCause::TimedOut(SessionTimer::Leave));
        for _ in 0..10_000 {
            if router.closed().is_some() {
                break;
            }
            yield_now().await;
        }
        assert_eq!(router.closed(), Some(LinkClose::Done), "the wire stays open for ever");
    }

    async fn answers_that_have_waited_for_room_come_all<R>() {
        let (session, router) = joined::<R>().await;
        let there = router.clone();
        R::spawn(async move { there.say(registered(expect_msg!(there, Register).request)) });
        let _registration = session.register("com.echo", |(n,): (u64,)| async move { Ok(n) }).await.unwrap();
        router.set_full(true);
        let count = 3 * MAX_QUEUED_MESSAGES as u64;
        for id in 1..=count {
            router.say(invocation(id, args((id,))));
            yield_now().await;
        }
        router.set_full(false);
        let mut answered = std::collections::BTreeSet::new();
        for _ in 0..count {
            let answer = expect_msg!(router, Yield);
            assert_eq!(answer.payload.args::<(u64,)>().unwrap(), (answer.request.get(),));
            answered.insert(answer.request.get());
        }
        assert_eq!(answered.len() as u64, count);
    }

    async fn a_waiter_that_gives_up_holds_nobody_up<R>() {
        let (session, router) = joined::<R>().await;
        router.set_full(true);
        for _ in 0..MAX_QUEUED_MESSAGES {
            session.publish("com.news", ()).await.unwrap();
        }
        let mut given_up = Box::pin(session.publish("com.news", ()).into_future());
        assert!(given_up.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(given_up);
        let waiting = session.clone();
        R::spawn(async move { waiting.publish("com.last", ()).await.unwrap() });
        yield_now().await;
        router.set_full(false);
        for _ in 0..MAX_QUEUED_MESSAGES {
            expect_msg!(router, Publish);
        }
        assert_eq!(expect_msg!(router, Publish).topic, "com.last");
    }
}
