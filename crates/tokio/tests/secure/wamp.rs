//! WAMP sessions: TLS and proxies between them and their router.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::BytesMut;
use wirebahn_core::rawsocket::opening as raw;
use wirebahn_drive::wamp::accept_rawsocket;
use wirebahn_drive::websocket::Admission;
use wirebahn_drive::{Delay, Listen};
use wirebahn_tokio::opening::{Acceptance, ServerOptions};
use wirebahn_tokio::tls::ServerTls;
use wirebahn_tokio::wamp::{
    Join, JoinError, RealmConfig, Router, RouterConfig, Serializer, Session, Subprotocol, TransportInfo,
};
use wirebahn_tokio::{ConnectError, OsEntropy, Server, TokioRuntime, Upgrade};

use crate::authority::Authority;
use crate::proxies::http_proxy;
use crate::support::{nobody, server_tls, soon};

fn router() -> Router {
    let mut config = RouterConfig::default();
    config.realms.push(("realm1".into(), RealmConfig::default()));
    Router::new(config)
}

/// A router that speaks WebSocket over TLS; gives its port.
async fn secure_websocket(tls: ServerTls) -> u16 {
    let subprotocol = Subprotocol::from_name("wamp.2.msgpack").unwrap();
    let mut options = ServerOptions::default();
    options.subprotocols = vec![subprotocol.name().to_owned()];
    let server = Server::bind("127.0.0.1:0").await.unwrap().tls(tls).options(options);
    let (port, router) = (server.local_addr().unwrap().port(), router());
    tokio::spawn(server.serve_upgrades(move |upgrade: Upgrade| {
        let router = router.clone();
        async move {
            if let Ok(connection) = upgrade.accept(Acceptance::default()).await {
                router.serve_websocket(connection, subprotocol).await;
            }
        }
    }));
    port
}

/// A router that speaks RawSocket, over TLS if there is any; gives its port.
async fn rawsocket(tls: Option<ServerTls>) -> u16 {
    let listener = TokioRuntime::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let (port, router) = (TokioRuntime::local_addr(&listener).unwrap().port(), router());
    tokio::spawn(async move {
        while let Ok(accepted) = TokioRuntime::accept(&listener, Delay::Off).await {
            let (router, tls) = (router.clone(), tls.clone());
            tokio::spawn(async move {
                let mut io = accepted.io;
                if let Some(tls) = tls {
                    let Ok(secured) = TokioRuntime::secure_accepted(io, BytesMut::new(), &tls).await else {
                        return;
                    };
                    io = secured;
                }
                let (options, entropy) = (raw::ServerOptions::default(), Box::new(OsEntropy::default()));
                let opened =
                    accept_rawsocket::<_, TokioRuntime>(io, Arc::new(options), entropy, Admission::Admit);
                if let Ok(opened) = opened.await {
                    router.handle().serve(opened.wire, TransportInfo::new(opened.serializer)).await;
                }
            });
        }
    });
    port
}

fn way(scheme: &str, port: u16) -> Join {
    let way = Join::new(&format!("{scheme}://localhost:{port}"), "realm1").unwrap();
    way.serializers([Serializer::MsgPack])
}

async fn exercise(session: Session) {
    let _add = session.register("com.add", |(a, b): (i64, i64)| async move { Ok(a + b) }).await.unwrap();
    let sum: i64 = session.call("com.add", (2, 3)).await.unwrap();
    assert_eq!(sum, 5);
    session.leave().await;
}

#[tokio::test]
async fn sessions_run_over_secure_websockets_and_rawsockets() {
    let authority = Authority::new("a");
    let tls = || server_tls(authority.issue("localhost"));
    for (scheme, port) in [("wss", secure_websocket(tls()).await), ("rss", rawsocket(Some(tls())).await)] {
        exercise(soon(way(scheme, port).tls(authority.client()).join()).await.unwrap()).await;
        // Nobody vouches for that router.
        let error = soon(way(scheme, port).join()).await.unwrap_err();
        let JoinError::Connect(error) = error else { panic!("{error:?}") };
        assert!(matches!(*error, ConnectError::Tls(_)), "{error:?}");
    }
}

#[tokio::test]
async fn routers_are_reached_through_proxies() {
    let authority = Authority::new("a");
    let (proxy, used) = http_proxy(None).await;
    let through = |way: Join| way.proxy(format!("http://{proxy}").parse().unwrap()).tls(authority.client());
    let tls = || server_tls(authority.issue("localhost"));
    let ways = [
        way("wss", secure_websocket(tls()).await),
        way("rss", rawsocket(Some(tls())).await),
        way("rs", rawsocket(None).await),
    ];
    for way in ways {
        exercise(soon(through(way).join()).await.unwrap()).await;
    }
    assert_eq!(used.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_named() {
    let proxy = nobody().await;
    let way = way("rs", 1).proxy(format!("http://{proxy}").parse().unwrap());
    let error = soon(way.join()).await.unwrap_err();
    assert!(!error.is_fatal());
    assert!(error.to_string().contains(&proxy.to_string()), "{error}");
}
