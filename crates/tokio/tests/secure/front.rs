//! Proxies in front of a server, and Unix sockets.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use wirebahn_core::websocket::opening::Acceptance;
use wirebahn_tokio::proxy::{ProxyHeaderMode, ProxyHeaderOptions};
use wirebahn_tokio::{Client, Messages, Server, Upgrade};

use crate::authority::Authority;
use crate::support::{Running, hello, server_tls, soon};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// A server that tells whom it takes for its client.
async fn watched(
    mode: ProxyHeaderMode,
    trusted: &str,
) -> (std::net::SocketAddr, mpsc::UnboundedReceiver<String>) {
    let mut options = ProxyHeaderOptions::new(mode);
    options.trusted.push(trusted.parse().unwrap());
    options.timeout = Some(Duration::from_millis(300));
    let server = Server::bind("127.0.0.1:0").await.unwrap().proxy_header(options);
    let address = server.local_addr().unwrap();
    let (told, seen) = mpsc::unbounded_channel();
    tokio::spawn(server.serve_upgrades(move |upgrade: Upgrade| {
        let told = told.clone();
        async move {
            told.send(upgrade.request().http.client().unwrap().to_owned()).unwrap();
            let _ = upgrade.accept::<Messages>(Acceptance::default()).await;
        }
    }));
    (address, seen)
}

/// Whether the server answers with 101 after `bytes`.
async fn is_accepted(address: std::net::SocketAddr, pieces: &[&[u8]]) -> bool {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for piece in pieces {
        let _ = stream.write_all(piece).await;
        tokio::task::yield_now().await;
    }
    let mut start = [0; 12];
    soon(stream.read_exact(&mut start)).await.is_ok() && &start == b"HTTP/1.1 101"
}

#[tokio::test]
async fn the_client_is_the_one_that_a_trusted_proxy_names() {
    let (address, mut seen) = watched(ProxyHeaderMode::Required, "127.0.0.0/8").await;
    let v1: &[u8] = b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n";
    let v2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x08\xc6\x33\x64\x01\x12\x67\x01\xbb";
    assert!(is_accepted(address, &[v1, REQUEST]).await);
    assert_eq!(seen.recv().await.unwrap(), "192.0.2.7:4711");
    assert!(is_accepted(address, &[&[v2, REQUEST].concat()]).await);
    assert_eq!(seen.recv().await.unwrap(), "192.0.2.8:4711");
    assert!(is_accepted(address, &[b"PROXY UNKNOWN\r\n", REQUEST]).await);
    assert!(seen.recv().await.unwrap().starts_with("127.0.0.1:"));
    assert!(!is_accepted(address, &[REQUEST]).await, "without a header");
    assert!(!is_accepted(address, &[b"PROXY TCP4 192"]).await, "with half a header");
}

#[tokio::test]
async fn nobody_else_may_say_who_the_client_is() {
    let header: &[u8] = b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n";
    let (address, mut seen) = watched(ProxyHeaderMode::Optional, "10.0.0.0/8").await;
    assert!(!is_accepted(address, &[header, REQUEST]).await);
    assert!(is_accepted(address, &[REQUEST]).await);
    assert!(seen.recv().await.unwrap().starts_with("127.0.0.1:"));
    let (address, _seen) = watched(ProxyHeaderMode::Required, "10.0.0.0/8").await;
    assert!(!is_accepted(address, &[header, REQUEST]).await);
    let (address, mut seen) = watched(ProxyHeaderMode::Optional, "127.0.0.1").await;
    assert!(is_accepted(address, &[REQUEST]).await);
    assert!(seen.recv().await.unwrap().starts_with("127.0.0.1:"));
    assert!(is_accepted(address, &[header, REQUEST]).await);
    assert_eq!(seen.recv().await.unwrap(), "192.0.2.7:4711");
}

#[tokio::test]
async fn a_header_stands_before_tls() {
    let authority = Authority::new("a");
    let mut options = ProxyHeaderOptions::new(ProxyHeaderMode::Required);
    options.trusted.push("127.0.0.1".parse().unwrap());
    let tls = server_tls(authority.issue("localhost"));
    let server = Running::start(Server::bind("127.0.0.1:0").await.unwrap().tls(tls).proxy_header(options));
    // A proxy that puts a header before what the client says.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let behind = server.address;
    tokio::spawn(async move {
        let (mut near, _) = listener.accept().await.unwrap();
        let mut far = TcpStream::connect(behind).await.unwrap();
        let mut first = vec![0; 4096];
        let len = near.read(&mut first).await.unwrap();
        far.write_all(&[b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n", &first[..len]].concat())
            .await
            .unwrap();
        crate::support::join(near, far).await;
    });
    let client = Client::new(&format!("wss://localhost:{port}/")).unwrap().tls(authority.client());
    drop(hello(client).await);
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_serves_with_and_without_tls() {
    let authority = Authority::new("a");
    let folder = std::env::temp_dir().join(format!("wirebahn-unix-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (plain, secure) = (folder.join("plain"), folder.join("secure"));
    let server = Server::bind_unix(&plain).unwrap();
    assert!(server.local_addr().is_err());
    let tls = server_tls(authority.issue("localhost"));
    tokio::spawn(server.serve(crate::support::echo));
    tokio::spawn(Server::bind_unix(&secure).unwrap().tls(tls).serve(crate::support::echo));
    assert!(Server::bind_unix(&plain).is_err(), "there is one already");
    drop(hello(Client::new(&format!("ws+unix://{}", plain.display())).unwrap()).await);
    let client = Client::new(&format!("wss+unix://{}", secure.display())).unwrap();
    drop(hello(client.tls(authority.client())).await);
    std::fs::remove_dir_all(&folder).unwrap();
}
