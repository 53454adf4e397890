//! WebSockets behind hyper on smol, over real sockets: nothing here runs on tokio.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests may: it is the failure report")]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use smol::net::TcpListener;
use smol_hyper::rt::FuturesIo;
use wirebahn_http_upgrade::{HttpRefused, HttpReply, HttpStream};
use wirebahn_smol::opening::{Acceptance, ClientOpeningError};
use wirebahn_smol::wamp::{RealmConfig, Router, RouterConfig, join};
use wirebahn_smol::{Client, CloseCode, ConnectError, Message, SmolRuntime, WebSocket, connect};

type HttpUpgrade = wirebahn_http_upgrade::HttpUpgrade<SmolRuntime>;

/// No test waits longer: it would be stuck.
const STUCK: Duration = Duration::from_secs(60);

fn run(test: impl Future<Output = ()>) {
    let stuck = async {
        smol::Timer::after(STUCK).await;
        panic!("this must not hang");
    };
    smol::block_on(smol::future::or(test, stuck));
}

/// Serves with `handler` for as long as the process lives.
async fn hyper(
    handler: impl Fn(http::Request<Incoming>) -> HttpReply + Clone + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = smol::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let handler = handler.clone();
            let service = service_fn(move |request| {
                let reply = handler(request);
                async move { Ok::<_, Infallible>(reply) }
            });
            let connection = http1::Builder::new().serve_connection(FuturesIo::new(stream), service);
            smol::spawn(async move { connection.with_upgrades().await }).detach();
        }
    });
    serving.detach();
    address
}

fn receive(request: &mut http::Request<Incoming>) -> Result<HttpUpgrade, Box<HttpRefused>> {
    HttpUpgrade::receive(request, Arc::default(), None)
}

#[test]
fn an_upgraded_connection_is_a_websocket_like_any_other() {
    run(async {
        let address = hyper(|mut request| {
            let accepted = receive(&mut request).unwrap().accept(Acceptance::default()).unwrap();
            accepted.serve(|mut socket: WebSocket<HttpStream>| async move {
                while let Some(message) = socket.recv().await {
                    socket.send(message).await.unwrap();
                }
            })
        })
        .await;
        let mut socket = connect(&format!("ws://{address}/")).await.unwrap();
        for message in [Message::text("a".repeat(100_000)), Message::binary(vec![7; 200_000]), "".into()] {
            socket.send(message.clone()).await.unwrap();
            assert_eq!(socket.recv().await, Some(message));
        }
        assert!(socket.close(CloseCode::NORMAL, "").await.unwrap().clean);
    });
}

#[test]
fn a_request_that_is_not_valid_is_answered() {
    run(async {
        let address = hyper(|mut request| {
            // As something between the server and the handler may have done.
            request.extensions_mut().clear();
            receive(&mut request).unwrap_err().response
        })
        .await;
        let error = Client::new(&format!("ws://{address}/")).unwrap().connect().await.unwrap_err();
        let ConnectError::Opening(ClientOpeningError::Rejected(rejection)) = error else {
            panic!("{error:?}")
        };
        assert_eq!(rejection.status.get(), 501);
    });
}

#[test]
fn wamp_sessions_run_over_upgraded_connections() {
    run(async {
        let mut config = RouterConfig::default();
        config.realms.push(("realm1".into(), RealmConfig::default()));
        let router = Router::new(config);
        let inside = router.join("realm1").await.unwrap();
        let _add = inside.register("com.add", |(a, b): (i64, i64)| async move { Ok(a + b) }).await.unwrap();
        let address = hyper(move |mut request| receive(&mut request).unwrap().serve_wamp(&router)).await;
        let session = join(&format!("ws://{address}/ws"), "realm1").await.unwrap();
        let sum: i64 = session.call("com.add", (2, 3)).await.unwrap();
        assert_eq!(sum, 5);
        session.leave().await;
    });
}
