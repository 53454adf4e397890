//! Servers that run, peers that hang or answer from a script, and proxies.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use wirebahn_tokio::tls::{Identity, ServerTls, ServerTlsOptions};
use wirebahn_tokio::{Client, ConnectError, Server, ServerHandle, WebSocket};

/// No test waits longer for anything: it would be stuck.
const STUCK: Duration = Duration::from_secs(60);

/// How long clients wait for peers that hang.
pub(crate) const PATIENCE: Duration = Duration::from_millis(200);

/// The output of `future`, which must come.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(STUCK, future).await.expect("this must not hang")
}

/// An echo server that ends with the test.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) handle: ServerHandle,
    pub(crate) task: JoinHandle<io::Result<()>>,
}

impl Running {
    pub(crate) fn start(server: Server) -> Self {
        let (address, handle) = (server.local_addr().unwrap(), server.handle());
        Self { address, handle, task: tokio::spawn(server.serve(echo)) }
    }

    pub(crate) async fn plain() -> Self {
        Self::start(Server::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) async fn tls(identity: Identity) -> Self {
        Self::tls_with(server_tls(identity)).await
    }

    pub(crate) async fn tls_with(tls: ServerTls) -> Self {
        Self::start(Server::bind("127.0.0.1:0").await.unwrap().tls(tls))
    }

    /// The URL under the name `localhost`.
    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://localhost:{}/", self.address.port())
    }
}

pub(crate) fn server_tls(identity: Identity) -> ServerTls {
    ServerTls::new(ServerTlsOptions::new(identity)).unwrap()
}

pub(crate) async fn echo(mut socket: WebSocket) {
    while let Some(message) = socket.recv().await {
        if socket.send(message).await.is_err() {
            break;
        }
    }
}

/// Opens the connection and says hello over it.
pub(crate) async fn hello(client: Client) -> WebSocket {
    let mut socket = soon(client.connect()).await.unwrap().connection;
    exchange(&mut socket).await;
    socket
}

pub(crate) async fn exchange(socket: &mut WebSocket) {
    soon(socket.send("hello")).await.unwrap();
    assert_eq!(soon(socket.recv()).await.unwrap().as_text(), Some("hello"));
}

pub(crate) async fn error_of(client: Client) -> ConnectError {
    soon(client.connect()).await.map(drop).unwrap_err()
}

/// A peer that takes connections, says `answer`, and nothing more.
pub(crate) async fn peer(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(answer).await;
            held.push(stream);
        }
    });
    address
}

/// A peer that takes connections and drops them once something was said.
pub(crate) async fn dropping_peer() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 1024]).await;
        }
    });
    address
}

/// An address on which nobody listens.
pub(crate) async fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// Passes bytes on in both directions.
pub(crate) async fn join<S>(mut near: S, mut far: TcpStream)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
}
