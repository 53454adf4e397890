//! Proxies on the way to a server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wirebahn_core::http::StatusCode;
use wirebahn_core::proxy::{TunnelError, TunnelRefusal, TunnelViolation};
use wirebahn_tokio::proxy::ProxyEnvironment;
use wirebahn_tokio::{Client, ConnectError, ProxyErrorKind};

use crate::authority::Authority;
use crate::support::{PATIENCE, Running, dropping_peer, error_of, hello, join, nobody, peer};

/// An HTTP proxy that wants a password if `login` is given.
pub(crate) async fn http_proxy(login: Option<&'static str>) -> (SocketAddr, Arc<AtomicUsize>) {
    serve(move |mut stream| async move {
        let Some(target) = take_connect(&mut stream, login).await else { return };
        let far = TcpStream::connect(target).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
        join(stream, far).await;
    })
    .await
}

/// The target of a CONNECT request; `None` if it was refused.
async fn take_connect<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    login: Option<&str>,
) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    if login.is_some_and(|login| !head.contains(&format!("Proxy-Authorization: Basic {login}\r\n"))) {
        let _ = stream.write_all(b"HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\n\r\n").await;
        return None;
    }
    Some(head.strip_prefix("CONNECT ").unwrap().split(' ').next().unwrap().to_owned())
}

/// A SOCKS 5 proxy; tells whether it was given a name.
async fn socks_proxy(login: Option<&'static [u8]>) -> (SocketAddr, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let names = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&names);
    let (address, used) = serve(move |mut stream| {
        let names = Arc::clone(&counter);
        async move {
            let mut head = [0; 2];
            stream.read_exact(&mut head).await.unwrap();
            let mut methods = vec![0; usize::from(head[1])];
            stream.read_exact(&mut methods).await.unwrap();
            if let Some(login) = login {
                if !methods.contains(&2) {
                    let _ = stream.write_all(b"\x05\xff").await;
                    return;
                }
                stream.write_all(b"\x05\x02").await.unwrap();
                let mut said = vec![0; login.len()];
                stream.read_exact(&mut said).await.unwrap();
                let ok = u8::from(said != login);
                stream.write_all(&[1, ok]).await.unwrap();
                if ok != 0 {
                    return;
                }
            } else {
                stream.write_all(b"\x05\x00").await.unwrap();
            }
            let mut request = [0; 4];
            stream.read_exact(&mut request).await.unwrap();
            let host = match request[3] {
                1 => {
                    let mut ip = [0; 4];
                    stream.read_exact(&mut ip).await.unwrap();
                    std::net::IpAddr::from(ip).to_string()
                }
                4 => {
                    let mut ip = [0; 16];
                    stream.read_exact(&mut ip).await.unwrap();
                    // The servers of these tests listen on IPv4 only.
                    assert_eq!(std::net::Ipv6Addr::from(ip), std::net::Ipv6Addr::LOCALHOST);
                    "127.0.0.1".to_owned()
                }
                3 => {
                    names.fetch_add(1, Ordering::Relaxed);
                    let mut name = vec![0; usize::from(stream.read_u8().await.unwrap())];
                    stream.read_exact(&mut name).await.unwrap();
                    String::from_utf8(name).unwrap()
                }
                kind => panic!("{kind}"),
            };
            let port = stream.read_u16().await.unwrap();
            let far = TcpStream::connect((host, port)).await.unwrap();
            stream.write_all(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00").await.unwrap();
            join(stream, far).await;
        }
    })
    .await;
    (address, used, names)
}

/// Serves each connection, and counts them.
async fn serve<F>(handle: impl Fn(TcpStream) -> F + Send + 'static) -> (SocketAddr, Arc<AtomicUsize>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, used) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counter = Arc::clone(&used);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(handle(stream));
        }
    });
    (address, used)
}

fn through(url: &str, proxy: &str) -> Client {
    Client::new(url).unwrap().proxy(proxy.parse().unwrap())
}

/// Why there is no way through a proxy, and what is said about it.
async fn failure(proxy: &str) -> (ProxyErrorKind, String) {
    let client = through("ws://example.invalid/", proxy).connect_timeout(Some(PATIENCE));
    match error_of(client).await {
        ConnectError::Proxy(error) => {
            let text = error.to_string();
            assert!(text.contains("127.0.0.1:") && !text.contains("secret"), "{text}");
            (error.kind, text)
        }
        error => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn plain_and_secure_servers_are_reached_through_an_http_proxy() {
    let authority = Authority::new("a");
    let (plain, secure) = (Running::plain().await, Running::tls(authority.issue("localhost")).await);
    let (proxy, used) = http_proxy(None).await;
    let proxy = format!("http://{proxy}");
    drop(hello(through(&plain.url("ws"), &proxy)).await);
    drop(hello(through(&secure.url("wss"), &proxy).tls(authority.client())).await);
    assert_eq!(used.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn an_http_proxy_gets_the_password_that_it_wants() {
    let server = Running::plain().await;
    let (proxy, _) = http_proxy(Some("bWU6c2VjcmV0")).await;
    drop(hello(through(&server.url("ws"), &format!("http://me:secret@{proxy}"))).await);
    let (kind, _) = failure(&format!("http://{proxy}")).await;
    assert!(matches!(kind, ProxyErrorKind::Tunnel(TunnelError::AuthenticationRequired)), "{kind:?}");
    let (kind, _) = failure(&format!("http://me:secrets@{proxy}")).await;
    assert!(matches!(kind, ProxyErrorKind::Tunnel(TunnelError::AuthenticationFailed)), "{kind:?}");
}

#[tokio::test]
async fn a_proxy_may_be_spoken_to_over_tls_and_the_server_inside_it_too() {
    let authority = Authority::new("a");
    let server = Running::tls(authority.issue("localhost")).await;
    let tls = crate::support::server_tls(authority.issue("127.0.0.1"));
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::clone(tls.config()));
    let (proxy, used) = serve(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(stream).await.unwrap();
            let target = take_connect(&mut stream, None).await.unwrap();
            let far = TcpStream::connect(target).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            join(stream, far).await;
        }
    })
    .await;
    let client = through(&server.url("wss"), &format!("https://{proxy}")).tls(authority.client());
    drop(hello(client).await);
    assert_eq!(used.load(Ordering::Relaxed), 1);
    let (kind, _) = failure(&format!("https://{}", peer(b"HTTP/1.1 400 x\r\n\r\n").await)).await;
    assert!(matches!(kind, ProxyErrorKind::Tls(_)), "{kind:?}");
}

#[tokio::test]
async fn plain_and_secure_servers_are_reached_through_a_socks_proxy() {
    let authority = Authority::new("a");
    let (plain, secure) = (Running::plain().await, Running::tls(authority.issue("localhost")).await);
    let (proxy, used, names) = socks_proxy(None).await;
    drop(hello(through(&plain.url("ws"), &format!("socks5h://{proxy}"))).await);
    drop(hello(through(&secure.url("wss"), &format!("socks5h://{proxy}")).tls(authority.client())).await);
    assert_eq!((used.load(Ordering::Relaxed), names.load(Ordering::Relaxed)), (2, 2));
    drop(hello(through(&plain.url("ws"), &format!("socks5://{proxy}"))).await);
    assert_eq!((used.load(Ordering::Relaxed), names.load(Ordering::Relaxed)), (3, 2), "resolved here");
}

#[tokio::test]
async fn a_socks_proxy_gets_the_password_that_it_wants() {
    let server = Running::plain().await;
    let (proxy, ..) = socks_proxy(Some(b"\x01\x02me\x06secret")).await;
    drop(hello(through(&server.url("ws"), &format!("socks5h://me:secret@{proxy}"))).await);
    let (kind, _) = failure(&format!("socks5h://{proxy}")).await;
    assert!(matches!(kind, ProxyErrorKind::Tunnel(TunnelError::AuthenticationRequired)), "{kind:?}");
    let (kind, _) = failure(&format!("socks5h://me:secres@{proxy}")).await;
    assert!(matches!(kind, ProxyErrorKind::Tunnel(TunnelError::AuthenticationFailed)), "{kind:?}");
}

#[tokio::test]
async fn proxies_that_refuse_hang_go_or_are_none_are_told_apart_in_time() {
    let refusing = peer(b"HTTP/1.1 403 Forbidden\r\n\r\n").await;
    let (kind, text) = failure(&format!("http://{refusing}")).await;
    let ProxyErrorKind::Tunnel(TunnelError::Refused(TunnelRefusal::Status { status, .. })) = kind else {
        panic!("{kind:?}")
    };
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(text.ends_with("the proxy answered 403 Forbidden"), "{text}");
    let refusing = peer(b"\x05\x00\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00").await;
    let (_, text) = failure(&format!("socks5h://{refusing}")).await;
    assert!(text.ends_with("the proxy answered 5 connection refused"), "{text}");

    for scheme in ["http", "socks5h"] {
        let at = |address: SocketAddr| format!("{scheme}://user:secret@{address}");
        let (kind, _) = failure(&at(peer(b"").await)).await;
        assert!(matches!(kind, ProxyErrorKind::Tunnel(TunnelError::TimedOut)), "hangs: {kind:?}");
        let (kind, _) = failure(&at(dropping_peer().await)).await;
        assert!(matches!(kind, ProxyErrorKind::Tunnel(TunnelError::TransportLost)), "goes: {kind:?}");
        let (kind, _) = failure(&at(nobody().await)).await;
        assert!(matches!(kind, ProxyErrorKind::Io(_)), "is not there: {kind:?}");
        let (kind, _) = failure(&at(peer(b"220 smtp.example\r\n").await)).await;
        assert!(
            matches!(
                kind,
                ProxyErrorKind::Tunnel(TunnelError::Malformed(
                    TunnelViolation::Head(_) | TunnelViolation::SocksVersion(b'2')
                ))
            ),
            "is none: {kind:?}"
        );
    }
}

#[tokio::test]
async fn bytes_that_come_right_behind_the_proxys_answer_are_the_servers() {
    // The server's answer cannot be right, for it is sent before the key is known, but it must be read.
    let eager = peer(b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n").await;
    let error = error_of(through("ws://example.invalid/", &format!("http://{eager}"))).await;
    assert!(error.to_string().contains("418"), "{error}");
    let error = error_of(through("wss://example.invalid/", &format!("http://{eager}"))).await;
    assert!(matches!(error, ConnectError::Tls(_)), "{error:?}");
}

#[tokio::test]
async fn the_environment_decides_about_the_proxy_and_its_exceptions() {
    let (proxy, used) = serve(|mut stream| async move {
        let _ = take_connect(&mut stream, None).await;
        let _ = stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n").await;
    })
    .await;
    let proxy = proxy.to_string();
    let environment =
        |no_proxy: &str| ProxyEnvironment::new([("HTTPS_PROXY", proxy.as_str()), ("NO_PROXY", no_proxy)]);
    let client = || Client::new("ws://host.invalid/").unwrap();
    let error = error_of(client().proxy_from(environment(""))).await;
    assert!(matches!(error, ConnectError::Proxy(_)), "{error:?}");
    let error = error_of(client().proxy_from(environment("invalid"))).await;
    assert!(matches!(error, ConnectError::Io(_)), "resolved directly: {error:?}");
    assert_eq!(used.load(Ordering::Relaxed), 1);
    let broken = ProxyEnvironment::new([("ALL_PROXY", "gopher://x")]);
    let error = error_of(client().proxy_from(broken)).await;
    assert!(matches!(error, ConnectError::ProxyVariable(_)), "{error:?}");
}
