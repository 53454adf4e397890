//! TLS: who is trusted, what is agreed on, and what each failure is called.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use wirebahn_core::websocket::opening::{Acceptance, ServerOptions};
use wirebahn_tokio::tls::rustls::{AlertDescription, ProtocolVersion};
use wirebahn_tokio::tls::{
    ClientAuth, ClientTls, ClientTlsOptions, Roots, ServerTls, ServerTlsOptions, TlsConfigError, TlsFailure,
    TlsInfo,
};
use wirebahn_tokio::{Client, ConnectError, Message, Messages, Server, Upgrade, WebSocket};

use crate::authority::{Authority, self_signed};
use crate::support::{PATIENCE, Running, dropping_peer, error_of, exchange, hello, peer, server_tls, soon};

fn client(url: &str, tls: ClientTls) -> Client {
    Client::new(url).unwrap().tls(tls)
}

/// How a connection fails, and what is said about it.
async fn failure(client: Client) -> (TlsFailure, String) {
    match error_of(client).await {
        ConnectError::Tls(error) => {
            let text = error.to_string();
            assert!(text.contains("localhost") || text.contains("127.0.0.1"), "no host in {text}");
            (error.failure, text)
        }
        error => panic!("{error:?}"),
    }
}

fn info(socket: &WebSocket) -> TlsInfo {
    socket.io().unwrap().get_ref().tls_info().unwrap()
}

#[tokio::test]
async fn a_server_whose_authority_is_trusted_is_spoken_to() {
    let authority = Authority::new("a");
    let server = Running::tls(authority.issue("localhost")).await;
    let mut socket = hello(client(&server.url("wss"), authority.client())).await;
    let info = info(&socket);
    assert_eq!(info.version, Some(ProtocolVersion::TLSv1_3));
    assert_eq!(info.alpn.as_deref(), Some(&b"http/1.1"[..]));
    assert_eq!(info.peer_certificates.len(), 1);
    soon(socket.close(1000.into(), "")).await.unwrap();
    server.handle.shut_down();
    soon(server.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn large_messages_pass_in_both_directions() {
    let authority = Authority::new("a");
    let server = Running::tls(authority.issue("localhost")).await;
    let mut socket = hello(client(&server.url("wss"), authority.client())).await;
    let large: Vec<u8> = (0..3_000_000_u32).map(|n| ((n * 7) >> 3) as u8).collect();
    soon(socket.send(Message::binary(large.clone()))).await.unwrap();
    assert_eq!(soon(socket.recv()).await, Some(Message::binary(large)));
}

#[tokio::test]
async fn addresses_are_verified_as_names_are() {
    let authority = Authority::new("a");
    let server = Running::tls(authority.issue("127.0.0.1")).await;
    let url = format!("wss://{}/", server.address);
    drop(hello(client(&url, authority.client())).await);
    let (failed, _) = failure(client(&server.url("wss"), authority.client())).await;
    assert!(matches!(failed, TlsFailure::HostMismatch), "{failed:?}");
}

#[tokio::test]
async fn each_bad_certificate_has_its_own_error() {
    let (authority, stranger) = (Authority::new("a"), Authority::new("b"));
    type Expected = fn(&TlsFailure) -> bool;
    let cases: [(_, Expected, &str); 5] = [
        (
            authority.issue_expired("localhost"),
            |f| matches!(f, TlsFailure::CertificateExpired),
            "has expired",
        ),
        (
            authority.issue_for_the_future("localhost"),
            |f| matches!(f, TlsFailure::CertificateNotYetValid),
            "not valid yet",
        ),
        (authority.issue("example.com"), |f| matches!(f, TlsFailure::HostMismatch), "other hosts"),
        (stranger.issue("localhost"), |f| matches!(f, TlsFailure::IssuerUnknown), "not among the roots"),
        (self_signed("localhost"), |f| matches!(f, TlsFailure::SelfSigned), "signed by itself"),
    ];
    for (identity, expected, text) in cases {
        let server = Running::tls(identity).await;
        let (failed, said) = failure(client(&server.url("wss"), authority.client())).await;
        assert!(expected(&failed), "{failed:?}");
        assert!(said.contains(text), "{said}");
    }
}

#[tokio::test]
async fn a_certificate_that_was_signed_by_itself_again_is_not_the_old_one() {
    let (old, new) = (self_signed("localhost"), self_signed("localhost"));
    let server = Running::tls(new).await;
    let mut options = ClientTlsOptions::default();
    options.roots = Roots::empty();
    options.roots.add_der(old.certificates()[0].clone()).unwrap();
    let (failed, _) = failure(client(&server.url("wss"), ClientTls::new(options).unwrap())).await;
    assert!(matches!(failed, TlsFailure::SelfSigned), "{failed:?}");
}

#[tokio::test]
async fn nobody_is_trusted_by_default_but_whom_mozilla_trusts() {
    let server = Running::tls(Authority::new("a").issue("localhost")).await;
    let (failed, _) = failure(Client::new(&server.url("wss")).unwrap()).await;
    assert!(matches!(failed, TlsFailure::IssuerUnknown), "{failed:?}");
}

#[tokio::test]
async fn peers_without_tls_that_hang_or_that_go_are_told_apart_in_time() {
    let authority = Authority::new("a");
    let wss =
        |address| client(&format!("wss://{address}/"), authority.client()).connect_timeout(Some(PATIENCE));
    let (failed, _) = failure(wss(peer(b"").await)).await;
    assert!(matches!(failed, TlsFailure::TimedOut), "half-open: {failed:?}");
    let (failed, _) = failure(wss(peer(b"\x16\x03\x03\x00\x7a").await)).await;
    assert!(matches!(failed, TlsFailure::TimedOut), "a record that never ends: {failed:?}");
    let (failed, _) = failure(wss(dropping_peer().await)).await;
    assert!(matches!(failed, TlsFailure::Lost), "dropped: {failed:?}");
    let (failed, _) = failure(wss(peer(b"HTTP/1.1 400 Bad Request\r\n\r\n").await)).await;
    assert!(matches!(failed, TlsFailure::NotTls), "no TLS: {failed:?}");
    let (failed, _) = failure(wss(Running::plain().await.address)).await;
    assert!(matches!(failed, TlsFailure::NotTls), "a plain server: {failed:?}");
}

#[tokio::test]
async fn a_client_that_does_not_finish_its_handshake_is_dropped_in_time() {
    let mut options = ServerOptions::default();
    options.open_timeout = Some(PATIENCE);
    let tls = server_tls(Authority::new("a").issue("localhost"));
    let server = Server::bind("127.0.0.1:0").await.unwrap().tls(tls).options(options);
    let server = Running::start(server);
    let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, b"\x16\x03\x01").await.unwrap();
    let read = soon(tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 100])).await;
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
}

#[tokio::test]
async fn a_reloaded_certificate_is_shown_to_new_connections_and_disturbs_no_old_one() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let tls = server_tls(old.issue("localhost"));
    let server = Running::tls_with(tls.clone()).await;
    let mut open = hello(client(&server.url("wss"), old.client())).await;
    tls.reload(&new.issue("localhost")).unwrap();
    let mut next = hello(client(&server.url("wss"), new.client())).await;
    let (failed, _) = failure(client(&server.url("wss"), old.client())).await;
    assert!(matches!(failed, TlsFailure::IssuerUnknown), "{failed:?}");
    exchange(&mut open).await;
    exchange(&mut next).await;
    let fixed = ServerTls::from_config(Arc::clone(tls.config()));
    assert_eq!(fixed.reload(&new.issue("localhost")), Err(TlsConfigError::NotReloadable));
}

/// A server that asks for certificates, and what it learns of those who come.
async fn curious(auth: ClientAuth, authority: &Authority) -> (String, mpsc::UnboundedReceiver<TlsInfo>) {
    let mut options = ServerTlsOptions::new(authority.issue("localhost"));
    options.client_auth = auth;
    let server = Server::bind("127.0.0.1:0").await.unwrap().tls(ServerTls::new(options).unwrap());
    let url = format!("wss://localhost:{}/", server.local_addr().unwrap().port());
    let (told, seen) = mpsc::unbounded_channel();
    tokio::spawn(server.serve_upgrades(move |upgrade: Upgrade| {
        let told = told.clone();
        async move {
            told.send(upgrade.io().unwrap().get_ref().tls_info().unwrap()).unwrap();
            crate::support::echo(upgrade.accept::<Messages>(Acceptance::default()).await.unwrap()).await;
        }
    }));
    (url, seen)
}

#[tokio::test]
async fn clients_show_certificates_where_they_are_asked_to() {
    let (authority, people, strangers) = (Authority::new("a"), Authority::new("p"), Authority::new("s"));
    let anonymous = authority.client();
    let known_identity = people.issue("alice");
    let known = authority.client_with(|options| options.identity = Some(known_identity.clone()));
    let stranger = authority.client_with(|options| options.identity = Some(strangers.issue("mallory")));

    let (url, mut seen) = curious(ClientAuth::Optional(people.roots()), &authority).await;
    drop(hello(client(&url, known.clone())).await);
    assert_eq!(seen.recv().await.unwrap().peer_certificates, known_identity.certificates());
    drop(hello(client(&url, anonymous.clone())).await);
    let info = seen.recv().await.unwrap();
    assert!(info.peer_certificates.is_empty());
    assert_eq!(info.server_name.as_deref(), Some("localhost"));

    let (url, _seen) = curious(ClientAuth::Required(people.roots()), &authority).await;
    drop(hello(client(&url, known)).await);
    // With TLS 1.3 the client has finished before the server refuses: it learns of that while it waits for the answer.
    let (failed, _) = failure(client(&url, anonymous)).await;
    assert!(matches!(failed, TlsFailure::Alert(AlertDescription::CertificateRequired)), "{failed:?}");
    let (failed, _) = failure(client(&url, stranger)).await;
    assert!(matches!(failed, TlsFailure::Alert(AlertDescription::UnknownCA)), "{failed:?}");
}

#[tokio::test]
async fn both_ends_of_a_connection_have_the_same_channel_binding_and_no_two_connections_do() {
    let authority = Authority::new("a");
    let (url, mut seen) = curious(ClientAuth::Off, &authority).await;
    let mut bindings = Vec::new();
    for _ in 0..2 {
        let socket = hello(client(&url, authority.client())).await;
        let (near, far) = (info(&socket).channel_binding, seen.recv().await.unwrap().channel_binding);
        assert!(near.is_some());
        assert_eq!(near, far);
        bindings.push(near);
    }
    assert_ne!(bindings[0], bindings[1]);
}

#[tokio::test]
async fn a_server_that_speaks_another_protocol_refuses() {
    let authority = Authority::new("a");
    let server = Running::tls(authority.issue("localhost")).await;
    let other = authority.client_with(|options| options.alpn = vec![b"h2".into()]);
    let (failed, _) = failure(client(&server.url("wss"), other)).await;
    assert!(matches!(failed, TlsFailure::Alert(AlertDescription::NoApplicationProtocol)), "{failed:?}");
    let silent = authority.client_with(|options| options.alpn = Vec::new());
    assert_eq!(info(&hello(client(&server.url("wss"), silent)).await).alpn, None);
}

#[tokio::test]
async fn a_connection_that_is_cut_off_without_a_close_notify_is_lost_and_not_closed() {
    let authority = Authority::new("a");
    let server = Running::tls(authority.issue("localhost")).await;
    let mut socket = hello(client(&server.url("wss"), authority.client())).await;
    server.task.abort();
    let _ = soon(server.task).await;
    let closed = soon(socket.wait_closed()).await;
    assert!(!closed.clean, "{closed:?}");
}

#[tokio::test]
async fn an_idle_tls_connection_is_kept_alive_by_pings() {
    let authority = Authority::new("a");
    let server = Running::tls(authority.issue("localhost")).await;
    let mut config = wirebahn_tokio::Config::default();
    config.keepalive.as_mut().unwrap().interval = Duration::from_millis(20);
    let mut options = wirebahn_tokio::opening::ClientOptions::default();
    options.config = Arc::new(config);
    let mut socket = hello(client(&server.url("wss"), authority.client()).options(options)).await;
    while socket.round_trip().is_none() {
        assert!(tokio::time::timeout(Duration::from_millis(5), socket.recv()).await.is_err());
    }
    exchange(&mut socket).await;
}

#[test]
fn what_is_no_use_for_tls_is_refused_when_it_is_made() {
    let mut options = ClientTlsOptions::default();
    options.roots = Roots::empty();
    assert_eq!(ClientTls::new(options).map(drop), Err(TlsConfigError::RootsMissing));
    let mut options = ServerTlsOptions::new(self_signed("a"));
    options.client_auth = ClientAuth::Required(Roots::empty());
    assert_eq!(ServerTls::new(options).map(drop), Err(TlsConfigError::RootsMissing));
}
