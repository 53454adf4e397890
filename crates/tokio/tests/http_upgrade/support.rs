//! A server of hyper.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use wirebahn_tokio::WebSocket;
use wirebahn_tokio::http_upgrade::{HttpRefused, HttpReply, HttpStream, HttpUpgrade};

/// No test waits longer for anything: it would be stuck.
const STUCK: Duration = Duration::from_secs(60);

pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(STUCK, future).await.expect("this must not hang")
}

/// Whether hyper hands over connections.
#[derive(Clone, Copy)]
pub(crate) enum Upgrades {
    Yes,
    No,
}

/// Serves with `handler` for as long as the test's runtime lives.
pub(crate) async fn hyper(
    upgrades: Upgrades,
    handler: impl Fn(http::Request<Incoming>) -> HttpReply + Clone + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let handler = handler.clone();
            let service = service_fn(move |request| {
                let reply = handler(request);
                async move { Ok::<_, std::convert::Infallible>(reply) }
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::spawn(async move {
                match upgrades {
                    Upgrades::Yes => connection.with_upgrades().await,
                    Upgrades::No => connection.await,
                }
            });
        }
    });
    address
}

/// The request with the default options.
pub(crate) fn receive(request: &mut http::Request<Incoming>) -> Result<HttpUpgrade, Box<HttpRefused>> {
    HttpUpgrade::receive(request, Arc::default(), None)
}

pub(crate) async fn echo(mut socket: WebSocket<HttpStream>) {
    while let Some(message) = socket.recv().await {
        if socket.send(message).await.is_err() {
            break;
        }
    }
}
