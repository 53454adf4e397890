//! What only asynchronous adapters have: futures that are dropped, tasks that wait, sessions without a socket.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use wirebahn_core::wamp::error_uri;
use wirebahn_drive::sleep;
use wirebahn_drive::wamp::router::Router;
use wirebahn_drive::websocket::Server;

use super::adapter::Wamp;
use super::driven::{Joined, way};
use super::{exercise, setup};
use crate::adapter::until;
use crate::driven::{BlockOn, Driven, soon};

/// All tests for `$runtime`.
macro_rules! async_tests {
    (@each $runtime:ty; $($name:ident)+) => {
        $(#[test]
        fn $name() {
            $crate::wamp::futures::$name::<$runtime>();
        })+
    };
    ($runtime:ty) => {
        $crate::wamp::futures::async_tests! { @each $runtime;
            joining_may_be_given_up_anywhere
            whatever_is_asked_may_be_given_up_anywhere
            no_wake_up_is_lost_among_many_tasks
            sessions_in_process_meet_those_of_sockets
        }
    };
}
pub(crate) use async_tests;

/// Polls a future this often, each time when it is woken, and then drops it; `None` if it was not done by then.
async fn poll_times<T>(times: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut polls = 0;
    poll_fn(|cx| {
        if polls == times {
            return Poll::Ready(None);
        }
        polls += 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if polls == times => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

pub(crate) fn joining_may_be_given_up_anywhere<N: BlockOn>() {
    let router = Driven::<N>::route(setup());
    for scheme in ["ws", "rs"] {
        soon::<N, _>(async {
            for times in 0.. {
                let way = way::<N>(router.url(scheme).into()).unwrap();
                if let Some(joined) = poll_times(times, way.join()).await {
                    joined.unwrap().leave().await;
                    break;
                }
            }
        });
        until(|| (router.connections)() == 0);
    }
    router.end();
}

pub(crate) fn whatever_is_asked_may_be_given_up_anywhere<N: BlockOn>() {
    let router = Driven::<N>::route(setup());
    let join = || async { way::<N>(router.url("rs").into()).unwrap().join().await.unwrap() };
    soon::<N, _>(async {
        let (callee, session) = (join().await, join().await);
        let add = |(a, b): (i64, i64)| async move { Ok(a + b) };
        let _add = callee.register("com.add", add).await.unwrap();
        for times in 0.. {
            let mut done = 0;
            let call = session.call::<_, i64>("com.add", (1, 2)).into_future();
            done += usize::from(poll_times(times, call).await.is_some_and(|sum| sum.unwrap() == 3));
            let publish = session.publish("com.news", (1,)).acknowledge();
            done += usize::from(poll_times(times, publish).await.is_some_and(|sent| sent.is_ok()));
            let mut news = None;
            if let Some(subscribed) = poll_times(times, session.subscribe("com.news").into_future()).await {
                news = Some(subscribed.unwrap());
            }
            if let Some(news) = &mut news {
                callee.publish("com.news", (times,)).await.unwrap();
                // Whether it is given up or not, no event is lost.
                if poll_times(times, news.next()).await.is_none() {
                    assert!(news.next().await.is_some());
                }
                done += 1;
            }
            if let Some(news) = news {
                done += usize::from(poll_times(times, news.unsubscribe()).await.is_some());
            }
            let register = session.register("com.sub", |(a, b): (i64, i64)| async move { Ok(a - b) });
            if let Some(registered) = poll_times(times, register.into_future()).await {
                done += 1 + usize::from(poll_times(times, registered.unwrap().unregister()).await.is_some());
            }
            // Nothing of it is left, once the router has answered what was given up, and the session works on.
            let again = || session.register("com.sub", |(a, b): (i64, i64)| async move { Ok(a - b) });
            while again().await.is_err_and(|error| error.is(error_uri::PROCEDURE_ALREADY_EXISTS)) {}
            let sum: i64 = session.call("com.add", (times, 1)).await.unwrap();
            assert_eq!(sum, i64::try_from(times).unwrap() + 1);
            if done == 6 {
                break;
            }
        }
        for times in 1.. {
            let leaving = join().await;
            let left = poll_times(times, leaving.leave()).await;
            // Given up or not: it has been said.
            leaving.ended().await;
            if left.is_some() {
                break;
            }
        }
    });
    until(|| (router.connections)() == 0);
    router.end();
}

pub(crate) fn no_wake_up_is_lost_among_many_tasks<N: BlockOn>() {
    let router = Driven::<N>::route(setup());
    let done = Arc::new(AtomicUsize::new(0));
    const TASKS: usize = 40;
    const ROUNDS: usize = 100;
    let _sessions = soon::<N, _>(async {
        let callee = way::<N>(router.url("rs").into()).unwrap().join().await.unwrap();
        let session = way::<N>(router.url("ws").into()).unwrap().join().await.unwrap();
        let later = |(number,): (usize,)| async move {
            if number % 10 == 0 {
                sleep::<N>(Duration::from_millis(1)).await;
            }
            Ok(number)
        };
        let registration = callee.register("com.later", later).await.unwrap();
        let spawn = N::spawner();
        for task in 0..TASKS {
            let (session, done) = (session.clone(), Arc::clone(&done));
            let mut news = session.subscribe(format!("com.news.{task}")).await.unwrap();
            spawn(Box::pin(async move {
                for round in 0..ROUNDS {
                    let number: usize = session.call("com.later", (task + round,)).await.unwrap();
                    assert_eq!(number, task + round);
                    let publish = session.publish(format!("com.news.{task}"), (round,)).exclude_me(false);
                    publish.await.unwrap();
                    assert_eq!(news.next().await.unwrap().args::<(usize,)>().unwrap(), (round,));
                    done.fetch_add(1, Ordering::Relaxed);
                }
            }));
        }
        (callee, session, registration)
    });
    until(|| done.load(Ordering::Relaxed) == TASKS * ROUNDS);
    router.end();
}

pub(crate) fn sessions_in_process_meet_those_of_sockets<N: BlockOn>() {
    let (server, router) = N::block_on(async {
        (Server::<N>::bind("127.0.0.1:0").await.unwrap(), Router::<N>::new(setup().config))
    });
    let (url, handle) = (format!("ws://{}", server.local_addr().unwrap()), server.handle());
    let serving = router.clone();
    let thread = std::thread::spawn(move || N::block_on(serving.serve(server)));
    let (inside, outside) = soon::<N, _>(async {
        let inside = router.join("realm1").await.unwrap();
        let outside = way::<N>(url.into()).unwrap().join().await.unwrap();
        let _add = inside.register("com.add", |(a, b): (i64, i64)| async move { Ok(a + b) }).await.unwrap();
        assert_eq!(outside.call::<_, i64>("com.add", (2, 3)).await.unwrap(), 5);
        let mut news = inside.subscribe("com.news").await.unwrap();
        outside.publish("com.news", ("outside",)).await.unwrap();
        assert_eq!(news.next().await.unwrap().args::<(String,)>().unwrap().0, "outside");
        assert!(router.join("nowhere").await.unwrap_err().is_fatal());
        (inside, outside)
    });
    handle.shut_down();
    // Only those who came through the server are sent away.
    assert!(soon::<N, _>(outside.ended()).to_string().contains("system_shutdown"));
    thread.join().unwrap().unwrap();
    exercise(&Joined::<N>::new(inside));
}
