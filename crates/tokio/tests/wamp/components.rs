use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use wirebahn_tokio::wamp::{BackoffOptions, Component, Join};

use crate::router::{Only, Speaks, tcp};

#[tokio::test]
async fn a_component_takes_the_transport_that_works() {
    let port = tcp(Speaks::WebSocket, Only(None)).await;
    let mut backoff = BackoffOptions::default();
    backoff.initial_delay = Duration::from_millis(1);
    let joins = Arc::new(AtomicUsize::new(0));
    let joined = Arc::clone(&joins);
    // Nobody listens there: the port was free a moment ago, and is reserved for nobody.
    let closed = {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let ways = [format!("rs://127.0.0.1:{closed}"), format!("ws://127.0.0.1:{port}")];
    Component::new(ways.map(|url| Join::new(&url, "realm1").unwrap()))
        .backoff(backoff)
        .register("com.add", |(a, b): (i64, i64)| async move { Ok(a + b) })
        .subscribe("com.news", |_| async {})
        .on_join(move |session| {
            let joined = Arc::clone(&joined);
            async move {
                joined.fetch_add(1, Ordering::Relaxed);
                let echoed: u8 = session.call("com.echo", (3,)).await?;
                assert_eq!(echoed, 3);
                session.leave().await;
                Ok(())
            }
        })
        .run()
        .await
        .unwrap();
    assert_eq!(joins.load(Ordering::Relaxed), 1);
}
