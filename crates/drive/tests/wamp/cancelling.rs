//! Futures are dropped wherever they wait.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_core::Stream as _;
use wirebahn_core::wamp::message::{self, Unregistered};
use wirebahn_core::wamp::{CancelMode, ErrorDetails, Message, Payload, RequestType, UnregisteredDetails};
use wirebahn_drive::wamp::Error;

use crate::caller::yield_now;
use crate::router::{event, expect_msg, joined, registered, subscribed};
use crate::runtimes::on_both;

/// Polls once and drops.
fn begin_and_drop<T>(future: impl Future<Output = T>) {
    let mut future = Box::pin(future);
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

on_both! {
    async fn a_call_that_is_dropped_is_canceled<R>() {
        let (session, router) = joined::<R>().await;
        begin_and_drop(session.call::<_, ()>("com.slow", ()).into_future());
        let call = expect_msg!(router, Call);
        let cancel = expect_msg!(router, Cancel);
        assert_eq!((cancel.request, cancel.options.mode), (call.request, Some(CancelMode::KillNoWait)));
        begin_and_drop(session.call::<_, ()>("com.slow", ()).cancel_mode(CancelMode::Skip).into_future());
        expect_msg!(router, Call);
        assert_eq!(expect_msg!(router, Cancel).options.mode, Some(CancelMode::Skip));
    }

    async fn a_call_that_is_canceled_ends_at_once_and_says_so<R>() {
        let (session, router) = joined::<R>().await;
        for mode in [CancelMode::KillNoWait, CancelMode::Skip] {
            let mut call = session.call::<_, ()>("com.slow", ()).into_future();
            assert!(Pin::new(&mut call).poll(&mut Context::from_waker(Waker::noop())).is_pending());
            let made = expect_msg!(router, Call);
            call.cancel(mode).unwrap();
            let cancel = expect_msg!(router, Cancel);
            assert_eq!((cancel.request, cancel.options.mode), (made.request, Some(mode)));
            assert!(matches!(call.await, Err(Error::Canceled)));
        }
        session.publish("com.news", ()).await.unwrap();
        expect_msg!(router, Publish);
    }

    async fn a_call_that_is_killed_ends_with_what_the_callee_says<R>() {
        let (session, router) = joined::<R>().await;
        let mut call = session.call::<_, ()>("com.slow", ()).into_future();
        assert!(Pin::new(&mut call).poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let made = expect_msg!(router, Call);
        call.cancel(CancelMode::Kill).unwrap();
        assert_eq!(expect_msg!(router, Cancel).options.mode, Some(CancelMode::Kill));
        router.say(message::Error {
            request_type: RequestType::Call,
            request: made.request,
            details: ErrorDetails::default(),
            error: "com.half_done".into(),
            payload: Payload::empty(),
        });
        assert!(call.await.unwrap_err().is("com.half_done"));
    }

    async fn a_call_that_is_canceled_before_it_was_polled_is_not_made<R>() {
        let (session, router) = joined::<R>().await;
        let mut call = session.call::<_, ()>("com.slow", ()).into_future();
        call.cancel(CancelMode::Kill).unwrap();
        assert!(matches!(call.await, Err(Error::Canceled)));
        session.publish("com.news", ()).await.unwrap();
        expect_msg!(router, Publish);
    }

    async fn a_stream_of_results_ends_after_it_was_canceled<R>() {
        let (session, router) = joined::<R>().await;
        let mut pieces = session.call::<_, ()>("com.slow", ()).stream();
        assert!(Pin::new(&mut pieces).poll_next(&mut Context::from_waker(Waker::noop())).is_pending());
        expect_msg!(router, Call);
        pieces.cancel(CancelMode::KillNoWait).unwrap();
        expect_msg!(router, Cancel);
        assert!(matches!(pieces.next().await, Some(Err(Error::Canceled))));
        assert!(pieces.next().await.is_none());
    }

    async fn a_call_that_is_dropped_before_it_was_polled_is_not_made<R>() {
        let (session, router) = joined::<R>().await;
        drop(session.call::<_, ()>("com.slow", ()).into_future());
        session.publish("com.news", ()).await.unwrap();
        expect_msg!(router, Publish);
    }

    async fn a_subscription_whose_future_is_dropped_is_given_back<R>() {
        let (session, router) = joined::<R>().await;
        // Before the answer has come.
        begin_and_drop(session.subscribe("com.news").into_future());
        let subscribe = expect_msg!(router, Subscribe);
        router.say(subscribed(subscribe.request));
        expect_msg!(router, Unsubscribe);
        // After it has come, but before it was looked at.
        let mut pending = Box::pin(session.subscribe("com.news").into_future());
        assert!(pending.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let subscribe = expect_msg!(router, Subscribe);
        router.say(subscribed(subscribe.request));
        router.say(event(1));
        for _ in 0..10 {
            yield_now().await;
        }
        assert_eq!(router.unread(), []);
        drop(pending);
        expect_msg!(router, Unsubscribe);
    }

    async fn a_registration_whose_future_is_dropped_is_given_back<R>() {
        let (session, router) = joined::<R>().await;
        begin_and_drop(session.register("com.a", |(): ()| async move { Ok(()) }).into_future());
        let register = expect_msg!(router, Register);
        router.say(registered(register.request));
        let request = Some(expect_msg!(router, Unregister).request);
        router.say(Unregistered { request, details: UnregisteredDetails::default() });
        let mut pending =
            Box::pin(session.register("com.a", |(): ()| async move { Ok(()) }).into_future());
        assert!(pending.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let register = expect_msg!(router, Register);
        router.say(registered(register.request));
        for _ in 0..10 {
            yield_now().await;
        }
        drop(pending);
        expect_msg!(router, Unregister);
    }

    async fn waiting_for_an_event_can_be_given_up<R>() {
        let (session, router) = joined::<R>().await;
        let speaker = router.clone();
        R::spawn(async move {
            let subscribe = expect_msg!(speaker, Subscribe);
            speaker.say(subscribed(subscribe.request));
        });
        let mut news = session.subscribe("com.news").await.unwrap();
        begin_and_drop(news.next());
        router.say(event(1));
        assert!(news.next().await.is_some());
    }

    async fn an_answer_that_nobody_waits_for_is_no_trouble<R>() {
        let (session, router) = joined::<R>().await;
        begin_and_drop(session.publish("com.news", ()).acknowledge());
        let publish = expect_msg!(router, Publish);
        router.say(crate::router::error(
            RequestType::Publish,
            publish.request,
            "wamp.error.not_authorized",
        ));
        session.publish("com.news", ()).await.unwrap();
        assert!(matches!(router.next().await, Some(Message::Publish(_))));
        let waiting = std::future::poll_fn(|_| Poll::Ready(session.left())).await;
        assert!(waiting.is_none());
    }
}
