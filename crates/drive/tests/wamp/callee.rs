use std::task::Poll;

use serde::Serialize;
use wirebahn_core::wamp::message::{Interrupt, Unregistered};
use wirebahn_core::wamp::{
    CancelMode, InterruptOptions, InvocationPolicy, Payload, RegistrationId, RequestId, Serializer,
    UnregisteredDetails,
};
use wirebahn_drive::wamp::{Invocation, InvocationError, Register, Registration, Reply};

use crate::router::{Router, args, expect_msg, invocation, joined, registered};
use crate::runtimes::on_both;

/// Registers, with the router granting it.
async fn grant(register: Register, router: &Router) -> Registration {
    let granting = async {
        let register = expect_msg!(router, Register);
        router.say(registered(register.request));
    };
    let (registration, ()) = futures_join(register.into_future(), granting).await;
    registration.unwrap()
}

async fn futures_join<A, B>(a: impl Future<Output = A>, b: impl Future<Output = B>) -> (A, B) {
    let (mut a, mut b) = (std::pin::pin!(a), std::pin::pin!(b));
    let (mut a_done, mut b_done) = (None, None);
    std::future::poll_fn(move |cx| {
        if a_done.is_none()
            && let Poll::Ready(done) = a.as_mut().poll(cx)
        {
            a_done = Some(done);
        }
        if b_done.is_none()
            && let Poll::Ready(done) = b.as_mut().poll(cx)
        {
            b_done = Some(done);
        }
        match (a_done.take(), b_done.take()) {
            (Some(a), Some(b)) => Poll::Ready((a, b)),
            (a, b) => {
                (a_done, b_done) = (a, b);
                Poll::Pending
            }
        }
    })
    .await
}

fn bursts() -> Result<(), InvocationError> {
    panic!("this panic is part of a test")
}

fn interrupt(mode: CancelMode) -> Interrupt {
    let mut options = InterruptOptions::default();
    options.mode = Some(mode);
    Interrupt { request: RequestId::FIRST, options }
}

on_both! {
    async fn arguments_and_results_are_rust_values<R>() {
        let (session, router) = joined::<R>().await;
        let add = |(a, b): (i64, i64)| async move { Ok(a + b) };
        let registration = grant(session.register("com.add", add), &router).await;
        assert!(registration.is_registered());
        router.say(invocation(1, args((2, 3))));
        assert_eq!(expect_msg!(router, Yield).payload.args::<(i64,)>().unwrap(), (5,));
        router.say(invocation(2, args(("two", 3))));
        assert_eq!(expect_msg!(router, Error).error, "wamp.error.invalid_argument");
    }

    async fn options_say_how_calls_are_shared<R>() {
        let (session, router) = joined::<R>().await;
        let register = session
            .register("com..add", |(): ()| async move { Ok(()) })
            .wildcard()
            .invoke(InvocationPolicy::Random)
            .concurrency(2)
            .force_reregister();
        R::spawn(async move { drop(register.await) });
        let options = expect_msg!(router, Register).options;
        assert_eq!((options.invoke, options.concurrency), (InvocationPolicy::Random, Some(2)));
        assert!(options.force_reregister);
    }

    async fn results_can_have_many_arguments_and_keywords<R>() {
        #[derive(Serialize)]
        struct Rest {
            rest: i64,
        }
        let (session, router) = joined::<R>().await;
        let divide =
            |(a, b): (i64, i64)| async move { Ok(Reply::new((a / b, "whole")).kwargs(Rest { rest: a % b })) };
        let _registration = grant(session.register("com.divide", divide), &router).await;
        router.say(invocation(1, args((7, 2))));
        let payload = expect_msg!(router, Yield).payload;
        assert_eq!(payload.args::<(i64, String)>().unwrap(), (3, "whole".into()));
        let kwargs = payload.kwargs::<std::collections::BTreeMap<String, i64>>().unwrap();
        assert_eq!(kwargs["rest"], 1);
    }

    async fn errors_become_uris<R>() {
        let (session, router) = joined::<R>().await;
        let parse = |(text,): (String,)| async move {
            if text.is_empty() {
                let error = InvocationError::new("com.error.empty").message("say something").arg(&42);
                return Err(error.kwarg("hint", &"a number"));
            }
            Ok(text.parse::<u64>()?)
        };
        let _registration = grant(session.register("com.parse", parse), &router).await;
        router.say(invocation(1, args(("",))));
        let error = expect_msg!(router, Error);
        assert_eq!(error.error, "com.error.empty");
        assert_eq!(error.payload.args::<(String, u8)>().unwrap(), ("say something".into(), 42));
        router.say(invocation(2, args(("x",))));
        let error = expect_msg!(router, Error);
        assert_eq!(error.error, "wamp.error.runtime_error");
        assert_eq!(error.payload.args::<(String,)>().unwrap().0, "invalid digit found in string");
    }

    async fn a_panic_is_an_error_for_its_caller_only<R>() {
        let (session, router) = joined::<R>().await;
        let panics = |(late,): (bool,)| async move {
            if late {
                crate::caller::yield_now().await;
            }
            bursts()
        };
        let _registration = grant(session.register("com.panic", panics), &router).await;
        for (id, late) in [(1, false), (2, true)] {
            router.say(invocation(id, args((late,))));
            assert_eq!(expect_msg!(router, Error).error, "wamp.error.runtime_error");
        }
    }

    async fn pieces_of_a_result_are_sent_if_the_caller_wants_them<R>() {
        let (session, router) = joined::<R>().await;
        let count = |(to,): (u32,), invocation: Invocation| async move {
            if let Some(progress) = invocation.progress() {
                for number in 0..to {
                    progress.send(number).await?;
                }
            }
            Ok("done")
        };
        let _registration = grant(session.register("com.count", count), &router).await;
        let mut wants = invocation(1, args((2,)));
        wants.details.receive_progress = true;
        router.say(wants);
        for number in 0..2_u32 {
            let piece = expect_msg!(router, Yield);
            assert!(piece.options.progress);
            assert_eq!(piece.payload.args::<(u32,)>().unwrap(), (number,));
        }
        assert!(!expect_msg!(router, Yield).options.progress);
        router.say(invocation(2, args((2,))));
        assert!(!expect_msg!(router, Yield).options.progress);
    }

    async fn arguments_come_in_pieces<R>() {
        let (session, router) = joined::<R>().await;
        let sum = |(first,): (u64,), invocation: Invocation| async move {
            let mut sum = first;
            while let Some(piece) = invocation.next_arguments().await {
                sum += piece.args::<(u64,)>()?.0;
            }
            Ok(sum)
        };
        let _registration = grant(session.register("com.sum", sum), &router).await;
        for (number, more) in [(1_u64, true), (2, true), (3, false)] {
            let mut piece = invocation(1, args((number,)));
            piece.details.progress = more;
            router.say(piece);
        }
        assert_eq!(expect_msg!(router, Yield).payload.args::<(u64,)>().unwrap(), (6,));
    }

    async fn a_handler_learns_that_nobody_wants_its_result<R>() {
        let (session, router) = joined::<R>().await;
        let wait = |(): (), invocation: Invocation| async move {
            let interrupted = invocation.interrupted().await;
            assert!(invocation.is_interrupted());
            Err::<(), _>(match interrupted.options.mode {
                Some(CancelMode::Kill) => InvocationError::new("com.error.killed"),
                _ => InvocationError::new("com.error.unheard"),
            })
        };
        let _registration = grant(session.register("com.wait", wait), &router).await;
        router.say(invocation(1, Payload::empty()));
        router.say(interrupt(CancelMode::Kill));
        assert_eq!(expect_msg!(router, Error).error, "com.error.killed");
        router.say(invocation(1, Payload::empty()));
        router.say(interrupt(CancelMode::KillNoWait));
        router.say(invocation(2, Payload::empty()));
        router.say(Interrupt { request: RequestId::new(2).unwrap(), ..interrupt(CancelMode::Kill) });
        let error = expect_msg!(router, Error);
        assert_eq!(error.request.get(), 2, "nobody waits for the first answer");
    }

    async fn dropping_a_registration_unregisters<R>() {
        let (session, router) = joined::<R>().await;
        let registration =
            grant(session.register("com.nothing", |(): ()| async move { Ok(()) }), &router).await;
        drop(registration);
        let request = expect_msg!(router, Unregister).request;
        router.say(invocation(1, Payload::empty()));
        assert_eq!(expect_msg!(router, Error).error, "wamp.error.no_such_registration");
        router.say(Unregistered { request: Some(request), details: UnregisteredDetails::default() });
    }

    async fn a_registration_that_is_taken_back_says_so<R>() {
        let (session, router) = joined::<R>().await;
        let registration =
            grant(session.register("com.nothing", |(): ()| async move { Ok(()) }), &router).await;
        let mut details = UnregisteredDetails::default();
        details.registration = Some(RegistrationId::new(9).unwrap());
        router.say(Unregistered { request: None, details });
        registration.revoked().await;
        assert!(!registration.is_registered());
    }

    async fn a_result_that_is_too_long_is_an_error_for_its_caller<R>() {
        let (session, router) = joined::<R>().await;
        let long = |(): ()| async move { Ok("x".repeat(20_000)) };
        let _registration = grant(session.register("com.long", long), &router).await;
        router.say(invocation(1, Payload::empty()));
        assert_eq!(expect_msg!(router, Error).error, "wamp.error.payload_size_exceeded");
        assert_eq!(session.serializer(), Serializer::Json);
    }
}
