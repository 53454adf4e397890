use wirebahn_core::wamp::Batching;
use wirebahn_tokio::wamp::{
    Initiator, Join, JoinError, LeftCause, OpenError, Serializer, Session, Subprotocol, Value, join,
};

use crate::router::{Only, Speaks, tcp};

/// What every session must be able to do.
async fn exercise(session: Session) {
    let text: String = session.call("com.echo", ("Grüße",)).await.unwrap();
    assert_eq!(text, "Grüße");
    let large = "x".repeat(300_000);
    let echoed: String = session.call("com.echo", (large.clone(),)).await.unwrap();
    assert_eq!(echoed, large);
    let value: Value = session.call("com.echo", (vec![1.5, -2.0],)).await.unwrap();
    assert_eq!(value.as_list().map(<[_]>::len), Some(2));
    let mut news = session.subscribe("com.news").await.unwrap();
    for number in 0..100_u32 {
        session.publish("com.news", (number,)).await.unwrap();
    }
    for number in 0..100_u32 {
        assert_eq!(news.next().await.unwrap().args::<(u32,)>().unwrap(), (number,));
    }
    drop(news);
    let left = session.leave().await;
    assert!(matches!(left.cause, LeftCause::Goodbye { by: Initiator::Us, .. }), "{left}");
}

#[tokio::test]
async fn sessions_run_over_websocket_with_every_subprotocol() {
    let port = tcp(Speaks::WebSocket, Only(None)).await;
    for serializer in Serializer::ALL {
        for batching in [Batching::Single, Batching::Batched] {
            let way = Join::new(&format!("ws://127.0.0.1:{port}/ws"), "realm1").unwrap();
            let session = way.subprotocols([Subprotocol { serializer, batching }]).join().await.unwrap();
            assert_eq!(session.serializer(), serializer);
            exercise(session).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_run_over_rawsocket_with_every_serializer() {
    let port = tcp(Speaks::RawSocket, Only(None)).await;
    for serializer in Serializer::ALL {
        let way = Join::new(&format!("rs://127.0.0.1:{port}"), "realm1").unwrap();
        let session = way.serializers([serializer]).join().await.unwrap();
        assert_eq!(session.serializer(), serializer);
        exercise(session).await;
    }
}

#[tokio::test]
async fn the_serializer_is_one_that_the_router_speaks() {
    for speaks in [Speaks::WebSocket, Speaks::RawSocket] {
        let port = tcp(speaks, Only(Some(Serializer::Json))).await;
        let scheme = if matches!(speaks, Speaks::WebSocket) { "ws" } else { "rs" };
        let url = format!("{scheme}://127.0.0.1:{port}");
        let session = join(&url, "realm1").await.unwrap();
        assert_eq!(session.serializer(), Serializer::Json);
        let way = Join::new(&url, "realm1").unwrap().serializers([Serializer::Cbor]);
        assert!(matches!(way.join().await, Err(JoinError::Open(_))));
    }
}

#[tokio::test]
async fn a_realm_that_does_not_exist_is_fatal() {
    let port = tcp(Speaks::RawSocket, Only(None)).await;
    let error = join(&format!("rs://127.0.0.1:{port}"), "nowhere").await.unwrap_err();
    assert!(error.is_fatal());
    assert!(error.to_string().contains("wamp.error.no_such_realm"), "{error}");
}

#[tokio::test]
async fn what_is_no_router_is_told_as_such() {
    let port = tcp(Speaks::WebSocket, Only(None)).await;
    let error = join(&format!("rs://127.0.0.1:{port}"), "realm1").await.unwrap_err();
    assert!(matches!(error, JoinError::Open(OpenError::RawSocket(_))), "{error}");
    assert!(!error.is_fatal());
    assert!(matches!(join("http://example.com", "realm1").await, Err(JoinError::Url(_))));
    assert!(matches!(join("rss://127.0.0.1:1", "realm1").await, Err(JoinError::Io(_))));
}
