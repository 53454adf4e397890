//! With the router itself: sessions in this process, and over every transport at once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::net::TcpListener;
use wirebahn_core::wamp::Batching;
use wirebahn_tokio::opening::{Acceptance, ServerOptions};
use wirebahn_tokio::wamp::router::{Answer, Authentication, Identity};
use wirebahn_tokio::wamp::{
    CancelMode, Error, Invocation, InvocationError, InvocationPolicy, Join, LeftCause, RealmConfig, Router,
    RouterConfig, Serializer, Session, Subprotocol,
};
use wirebahn_tokio::{Incoming, receive};

fn router() -> Router {
    let mut config = RouterConfig::default();
    config.realms.push(("realm1".into(), RealmConfig::default()));
    Router::new(config)
}

/// Listens for both transports; gives their ports.
async fn listen(router: &Router) -> (u16, u16) {
    let websocket = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let rawsocket = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let ports = (websocket.local_addr().unwrap().port(), rawsocket.local_addr().unwrap().port());
    let serving = router.clone();
    tokio::spawn(async move {
        let mut options = ServerOptions::default();
        options.subprotocols = Serializer::ALL
            .into_iter()
            .flat_map(|serializer| {
                [Batching::Batched, Batching::Single]
                    .map(|batching| Subprotocol { serializer, batching }.name().to_owned())
            })
            .collect();
        let options = Arc::new(options);
        while let Ok((stream, _)) = websocket.accept().await {
            let (serving, options) = (serving.clone(), Arc::clone(&options));
            tokio::spawn(async move {
                let Ok(Incoming::Upgrade(upgrade)) = receive(stream, options, None).await else { return };
                let offered = upgrade.request().subprotocols.clone();
                let subprotocol = offered.iter().find_map(|name| Subprotocol::from_name(name)).unwrap();
                let connection = upgrade.accept(Acceptance::default()).await.map_err(drop).unwrap();
                serving.serve_websocket(connection, subprotocol).await;
            });
        }
    });
    let serving = router.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = rawsocket.accept().await {
            let serving = serving.clone();
            tokio::spawn(async move { serving.serve_rawsocket(stream, Arc::default()).await });
        }
    });
    ports
}

/// One session of every kind.
async fn everyone(router: &Router) -> Vec<Session> {
    let (websocket, rawsocket) = listen(router).await;
    let mut sessions = vec![router.join("realm1").await.unwrap()];
    for serializer in Serializer::ALL {
        let way = || Join::new(&format!("ws://127.0.0.1:{websocket}"), "realm1").unwrap();
        sessions.push(way().serializers([serializer]).join().await.unwrap());
        let batched = Subprotocol { serializer, batching: Batching::Batched };
        sessions.push(way().subprotocols([batched]).join().await.unwrap());
        let way = Join::new(&format!("rs://127.0.0.1:{rawsocket}"), "realm1").unwrap();
        sessions.push(way.serializers([serializer]).join().await.unwrap());
    }
    sessions
}

#[tokio::test]
async fn everyone_calls_everyone() {
    let sessions = everyone(&router()).await;
    let mut registrations = Vec::new();
    for (number, callee) in sessions.iter().enumerate() {
        let echo = |(text, numbers): (String, Vec<f64>)| async move { Ok((text, numbers)) };
        registrations.push(callee.register(format!("com.echo.{number}"), echo).await.unwrap());
    }
    for caller in &sessions {
        for number in 0..sessions.len() {
            let args = ("Grüße \u{1f642}", [0.5, -3.0]);
            let (text, numbers): (String, Vec<f64>) =
                caller.call(format!("com.echo.{number}"), args).await.unwrap();
            assert_eq!((text.as_str(), numbers.as_slice()), (args.0, &args.1[..]));
        }
    }
}

#[tokio::test]
async fn an_event_reaches_everyone_in_order() {
    let sessions = everyone(&router()).await;
    let mut subscriptions = Vec::new();
    for session in &sessions {
        subscriptions.push(session.subscribe("com.news").await.unwrap());
    }
    let ids: BTreeSet<_> = subscriptions.iter().map(|subscription| subscription.id()).collect();
    assert_eq!(ids.len(), 1, "all have the same subscription");
    for number in 0..500_u32 {
        sessions[0].publish("com.news", (number, "x".repeat(100))).exclude_me(false).await.unwrap();
    }
    for subscription in &mut subscriptions {
        for number in 0..500 {
            let (found, _): (u32, String) = subscription.next().await.unwrap().args().unwrap();
            assert_eq!(found, number);
        }
    }
}

#[tokio::test]
async fn progress_errors_and_cancelling_cross_the_router() {
    let sessions = everyone(&router()).await;
    let (callee, callers) = sessions.split_first().unwrap();
    let interrupted = Arc::new(AtomicUsize::new(0));
    let count = |(to,): (u32,), invocation: Invocation| async move {
        let progress = invocation.progress().ok_or_else(|| InvocationError::new("com.error.progress"))?;
        for number in 0..to {
            progress.send(number).await?;
        }
        Ok("done")
    };
    let _count = callee.register("com.count", count).await.unwrap();
    let noting = Arc::clone(&interrupted);
    let wait = move |(): (), invocation: Invocation| {
        let noting = Arc::clone(&noting);
        async move {
            invocation.interrupted().await;
            noting.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
    };
    let _wait = callee.register("com.wait", wait).await.unwrap();
    for caller in callers {
        let mut stream = caller.call::<_, ()>("com.count", (50,)).stream();
        let mut pieces = 0;
        while let Some(piece) = stream.next().await {
            piece.unwrap();
            pieces += 1;
        }
        assert_eq!(pieces, 51);
        let failed = caller.call::<_, ()>("com.count", (1,)).await.unwrap_err();
        assert!(failed.is("com.error.progress"), "{failed}");
        let call = caller.call::<_, ()>("com.wait", ()).timeout(Duration::from_millis(10));
        assert!(matches!(call.await, Err(Error::TimedOut)));
        let dropped = caller.call::<_, ()>("com.wait", ()).cancel_mode(CancelMode::Kill).into_future();
        let _ = tokio::time::timeout(Duration::from_millis(10), dropped).await;
    }
    while interrupted.load(Ordering::Relaxed) < 2 * callers.len() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn sessions_that_go_leave_nothing_behind() {
    let router = router();
    let caller = router.join("realm1").await.unwrap();
    for _ in 0..20 {
        let callee = router.join("realm1").await.unwrap();
        let registration = callee
            .register("com.shared", |(): ()| async move { Ok(1) })
            .invoke(InvocationPolicy::RoundRobin)
            .await
            .unwrap();
        let _: i32 = caller.call("com.shared", ()).await.unwrap();
        drop(registration);
        let left = callee.leave().await;
        assert!(matches!(left.cause, LeftCause::Goodbye { .. }), "{left}");
    }
    while router.handle().with(|router, _| router.connections()) > 1 {
        tokio::task::yield_now().await;
    }
    let failed = caller.call::<_, i32>("com.shared", ()).await.unwrap_err();
    assert!(failed.is("wamp.error.no_such_procedure"));
    drop(caller);
    while router.handle().with(|router, _| router.connections()) > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_callee_that_vanishes_fails_the_call() {
    let router = router();
    let (_, port) = listen(&router).await;
    let caller = router.join("realm1").await.unwrap();
    let callee = Join::new(&format!("rs://127.0.0.1:{port}"), "realm1").unwrap().join().await.unwrap();
    let hang = |(): ()| std::future::pending::<Result<(), InvocationError>>();
    let registration = callee.register("com.hang", hang).await.unwrap();
    let calling = tokio::spawn(caller.call::<_, ()>("com.hang", ()).into_future());
    tokio::time::sleep(Duration::from_millis(20)).await;
    callee.start_leave("wamp.close.close_realm", None);
    let failed = calling.await.unwrap().unwrap_err();
    assert!(failed.is("wamp.error.canceled"), "{failed}");
    drop(registration);
}

#[tokio::test]
async fn a_realm_that_does_not_exist_is_refused_in_process_too() {
    let failed = router().join("nowhere").await.unwrap_err();
    assert!(failed.is_fatal(), "{failed}");
}

#[tokio::test]
async fn a_result_too_long_for_the_caller_is_an_error_for_it() {
    let router = router();
    let (_, port) = listen(&router).await;
    let callee = router.join("realm1").await.unwrap();
    let long = |(len,): (usize,)| async move { Ok("x".repeat(len)) };
    let _long = callee.register("com.long", long).await.unwrap();
    let mut options = wirebahn_core::rawsocket::opening::ClientOptions::default();
    let mut config = wirebahn_core::rawsocket::Config::default();
    config.max_len = wirebahn_core::rawsocket::MaxLen::for_len(4096).unwrap();
    options.config = Arc::new(config);
    let way = Join::new(&format!("rs://127.0.0.1:{port}"), "realm1").unwrap().rawsocket(options);
    let caller = way.join().await.unwrap();
    let short: String = caller.call("com.long", (1000,)).await.unwrap();
    assert_eq!(short.len(), 1000);
    let failed = caller.call::<_, String>("com.long", (10_000,)).await.unwrap_err();
    assert!(failed.is("wamp.error.payload_size_exceeded"), "{failed}");
    assert_eq!(router.handle().unsendable(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_router_shuts_down_with_goodbye() {
    let router = router();
    let sessions = everyone(&router).await;
    router.handle().with(|router, now| router.shut_down(now));
    for session in sessions {
        let left = session.ended().await;
        assert!(left.to_string().contains("wamp.close.system_shutdown"), "{left}");
    }
}

#[tokio::test]
async fn nobody_is_asked_about_a_client_that_has_gone() {
    let mut realm = RealmConfig::default();
    realm.authentication = Authentication::Ask;
    let mut config = RouterConfig::default();
    config.realms.push(("realm1".into(), realm));
    let router = Router::new(config);
    let asked = || router.handle().with(|router, _| router.connections());
    for _ in 0..3 {
        let mut joining = Box::pin(router.join("realm1"));
        while asked() == 0 {
            assert!(poll_once(&mut joining).await.is_pending());
            tokio::task::yield_now().await;
        }
        // The HELLO is on its way, too.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        drop(joining);
        while asked() > 0 {
            tokio::task::yield_now().await;
        }
    }
    let mut question = Box::pin(router.handle().question());
    assert!(poll_once(&mut question).await.is_pending());
    let joining = router.join("realm1");
    let answering = async {
        let id = question.await.id;
        let (identity, realm) = (Box::new(Identity::new("joe", "user", "ticket")), None);
        router.handle().answer(id, Answer::Welcome { identity, realm }).unwrap();
    };
    let (session, ()) = tokio::join!(joining, answering);
    assert_eq!(session.unwrap().welcome().unwrap().details.authid.as_deref(), Some("joe"));
}

async fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::future::poll_fn(|cx| Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx))).await
}
