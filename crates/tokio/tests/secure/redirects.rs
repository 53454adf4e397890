//! Redirects.

use std::net::SocketAddr;

use tokio::sync::mpsc;
use wirebahn_core::http::StatusCode;
use wirebahn_core::websocket::opening::{RedirectError, Refusal};
use wirebahn_tokio::{Client, ConnectError, Server, Upgrade};

use crate::authority::Authority;
use crate::support::{Running, error_of, hello, server_tls};

/// A server that redirects every request, and the cookies that it was shown.
async fn redirecting(
    location: impl Fn(SocketAddr) -> String,
    tls: Option<&Authority>,
) -> (SocketAddr, mpsc::UnboundedReceiver<bool>) {
    let mut server = Server::bind("127.0.0.1:0").await.unwrap();
    if let Some(authority) = tls {
        server = server.tls(server_tls(authority.issue("localhost")));
    }
    let address = server.local_addr().unwrap();
    let location = location(address);
    let (told, seen) = mpsc::unbounded_channel();
    tokio::spawn(server.serve_upgrades(move |upgrade: Upgrade| {
        let (location, told) = (location.clone(), told.clone());
        async move {
            told.send(upgrade.request().http.headers.contains("Cookie")).unwrap();
            let mut refusal = Refusal::new(StatusCode::TEMPORARY_REDIRECT);
            refusal.headers.append("Location", &location).unwrap();
            let _ = upgrade.refuse(refusal).await;
        }
    }));
    (address, seen)
}

fn client(address: SocketAddr) -> Client {
    Client::new(&format!("ws://{address}/")).unwrap().header("Cookie", "id=1").unwrap()
}

#[tokio::test]
async fn redirects_are_followed_as_often_as_is_allowed_and_not_by_default() {
    let server = Running::plain().await;
    let (second, mut second_seen) = redirecting(|_| server.url("http"), None).await;
    let (first, mut first_seen) = redirecting(|_| format!("//{second}/"), None).await;
    drop(hello(client(first).max_redirects(2)).await);
    assert_eq!(first_seen.recv().await, Some(true));
    assert_eq!(second_seen.recv().await, Some(false), "the cookie of another host");
    let error = error_of(client(first).max_redirects(1)).await;
    assert!(matches!(error, ConnectError::Redirect(RedirectError::TooMany)), "{error:?}");
    let error = error_of(client(first)).await;
    assert!(matches!(error, ConnectError::Opening(_)), "{error:?}");
    let (circle, mut seen) = redirecting(|address| format!("ws://{address}/again"), None).await;
    let error = error_of(client(circle).max_redirects(5)).await;
    assert!(matches!(error, ConnectError::Redirect(RedirectError::TooMany)), "{error:?}");
    for _ in 0..6 {
        assert_eq!(seen.recv().await, Some(true), "the same host");
    }
}

#[tokio::test]
async fn a_redirect_may_lead_to_tls_and_never_away_from_it() {
    let authority = Authority::new("a");
    let secure = Running::tls(authority.issue("localhost")).await;
    let (up, _seen) = redirecting(|_| secure.url("wss"), None).await;
    drop(hello(client(up).max_redirects(1).tls(authority.client())).await);
    let plain = Running::plain().await;
    let (down, _seen) = redirecting(|_| plain.url("ws"), Some(&authority)).await;
    let client = Client::new(&format!("wss://localhost:{}/", down.port())).unwrap();
    let error = error_of(client.max_redirects(1).tls(authority.client())).await;
    assert!(matches!(error, ConnectError::Redirect(RedirectError::Downgrade)), "{error:?}");
}
