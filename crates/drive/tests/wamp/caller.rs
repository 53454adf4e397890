use std::sync::{Arc, Mutex};
use std::time::Duration;

use wirebahn_core::wamp::session::OperationError;
use wirebahn_core::wamp::{CancelMode, RequestType};
use wirebahn_drive::wamp::Error;

use crate::router::{args, error, expect_msg, joined, result};
use crate::runtimes::on_both;

on_both! {
    async fn a_call_gives_the_first_argument_of_its_result<R>() {
        let (session, router) = joined::<R>().await;
        R::spawn(async move {
            let call = expect_msg!(router, Call);
            assert_eq!(call.procedure, "com.add");
            let (a, b): (i64, i64) = call.payload.args().unwrap();
            router.say(result(call.request, false, args((a + b, "more"))));
            let call = expect_msg!(router, Call);
            router.say(result(call.request, false, args(())));
        });
        let sum: i64 = session.call("com.add", (2, 3)).await.unwrap();
        assert_eq!(sum, 5);
        let nothing: Option<String> = session.call("com.nothing", ()).await.unwrap();
        assert_eq!(nothing, None);
    }

    async fn an_error_has_its_uri_and_its_arguments<R>() {
        let (session, router) = joined::<R>().await;
        R::spawn(async move {
            let call = expect_msg!(router, Call);
            router.say(error(RequestType::Call, call.request, "com.error.odd"));
        });
        let failed = session.call::<_, ()>("com.odd", ()).await.unwrap_err();
        assert!(failed.is("com.error.odd"));
        assert_eq!(failed.to_string(), "com.error.odd: because");
        let Error::Request(failed) = failed else { panic!("{failed:?}") };
        assert_eq!(failed.args::<(String,)>().unwrap(), ("because".into(),));
    }

    async fn calls_from_many_tasks_get_their_own_results<R>() {
        let (session, router) = joined::<R>().await;
        R::spawn(async move {
            let mut calls = Vec::new();
            for _ in 0..50 {
                calls.push(expect_msg!(router, Call));
            }
            // The other way round, and all at once.
            for call in calls.into_iter().rev() {
                let (number,): (u64,) = call.payload.args().unwrap();
                router.say(result(call.request, false, args((number * 2,))));
            }
        });
        let done = Arc::new(Mutex::new(Vec::new()));
        for number in 0..50_u64 {
            let (session, done) = (session.clone(), Arc::clone(&done));
            R::spawn(async move {
                let double: u64 = session.call("com.double", (number,)).await.unwrap();
                assert_eq!(double, number * 2);
                done.lock().unwrap().push(number);
            });
        }
        drop(session);
        while done.lock().unwrap().len() < 50 {
            yield_now().await;
        }
    }

    async fn pieces_of_a_result_are_handed_out_as_they_come<R>() {
        let (session, router) = joined::<R>().await;
        R::spawn(async move {
            for _ in 0..2 {
                let call = expect_msg!(router, Call);
                assert!(call.options.receive_progress);
                for number in 1..4 {
                    router.say(result(call.request, true, args((number,))));
                }
                router.say(result(call.request, false, args(("done",))));
            }
        });
        let seen = Arc::new(Mutex::new(Vec::new()));
        let seen_here = Arc::clone(&seen);
        let on_progress = move |piece: wirebahn_drive::wamp::CallResult| {
            seen_here.lock().unwrap().push(piece.value::<i32>().unwrap());
        };
        let done: String = session.call("com.count", ()).on_progress(on_progress).await.unwrap();
        assert_eq!((done.as_str(), seen.lock().unwrap().as_slice()), ("done", &[1, 2, 3][..]));
        let mut stream = session.call::<_, ()>("com.count", ()).stream();
        let mut pieces = 0;
        while let Some(piece) = stream.next().await {
            piece.unwrap();
            pieces += 1;
        }
        assert_eq!(pieces, 4);
    }

    async fn a_call_that_takes_too_long_times_out_and_is_canceled<R>() {
        let (session, router) = joined::<R>().await;
        let call = session.call::<_, ()>("com.slow", ()).timeout(Duration::from_millis(20));
        assert!(matches!(call.await, Err(Error::TimedOut)));
        let call = expect_msg!(router, Call);
        let cancel = expect_msg!(router, Cancel);
        assert_eq!((cancel.request, cancel.options.mode), (call.request, Some(CancelMode::KillNoWait)));
    }

    async fn what_cannot_be_encoded_or_is_too_long_is_not_sent<R>() {
        let (session, router) = joined::<R>().await;
        let bad = session.call::<_, ()>("com.bad", "no list").await.unwrap_err();
        assert!(matches!(bad, Error::Encode(_)), "{bad:?}");
        let long = session.call::<_, ()>("com.long", ("x".repeat(20_000),)).await.unwrap_err();
        assert!(matches!(long, Error::Operation(OperationError::PayloadTooLong { .. })), "{long:?}");
        assert_eq!(router.unread(), []);
    }

    async fn a_result_of_another_type_is_an_error<R>() {
        let (session, router) = joined::<R>().await;
        R::spawn(async move {
            let call = expect_msg!(router, Call);
            router.say(result(call.request, false, args(("text",))));
        });
        let failed = session.call::<_, u64>("com.odd", ()).await.unwrap_err();
        assert!(matches!(failed, Error::Decode(_)), "{failed:?}");
    }
}

/// Lets others run.
pub(crate) async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}
