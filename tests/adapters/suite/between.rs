//! What is between the two ends: TLS and proxies.

use std::net::SocketAddr;

use rcgen::{CertificateParams, KeyPair};
use wirebahn_core::proxy::{ProxyHeaderMode, ProxyHeaderOptions, TunnelError};
use wirebahn_core::websocket::{CloseCode, Message};
use wirebahn_drive::ProxyErrorKind;
use wirebahn_drive::websocket::ConnectError;
use wirebahn_tls::{ClientTls, ClientTlsOptions, Identity, Roots, ServerTls, ServerTlsOptions, TlsFailure};

use super::{connect, impatient, start, text};
use crate::adapter::{Adapter, Behaviour, ClientSetup, Running, ServerSetup};
use crate::log::{self, assert_refused};
use crate::peer::{PATIENCE, Raw, UPGRADE, http_proxy, listener_that_says};

/// A server's TLS, and that of a client which trusts it.
pub(crate) fn tls() -> (ServerTls, ClientTls) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    let pem = certificate.pem();
    let identity = Identity::from_pem(pem.as_bytes(), key.serialize_pem().as_bytes()).unwrap();
    let mut options = ClientTlsOptions::default();
    options.roots = Roots::empty();
    options.roots.add_pem(pem.as_bytes()).unwrap();
    (ServerTls::new(ServerTlsOptions::new(identity)).unwrap(), ClientTls::new(options).unwrap())
}

fn secure_client(server: &Running, tls: Option<ClientTls>) -> ClientSetup {
    let mut client = ClientSetup::from(server.url().replace("ws:", "wss:"));
    client.tls = tls;
    client
}

pub(crate) fn secure_servers_are_spoken_to_and_verified<A: Adapter>() {
    let (server_tls, client_tls) = tls();
    let mut setup = ServerSetup::from(Behaviour::Echo);
    setup.tls = Some(server_tls);
    let server = start::<A>(setup);
    let mut socket = A::connect(secure_client(&server, Some(client_tls))).unwrap();
    socket.send(text("hidden")).unwrap();
    assert_eq!(socket.recv(), Some(text("hidden")));
    assert!(socket.close(CloseCode::NORMAL, "").unwrap().clean);
    match A::connect(secure_client(&server, None)).map(drop) {
        Err(ConnectError::Tls(error)) => {
            assert!(matches!(error.failure, TlsFailure::SelfSigned), "{error:?}");
            assert_eq!(error.host, "127.0.0.1");
        }
        other => panic!("{other:?}"),
    }
    server.end();
}

pub(crate) fn large_messages_pass_over_tls_in_both_directions<A: Adapter>() {
    let (server_tls, client_tls) = tls();
    let mut setup = ServerSetup::from(Behaviour::Echo);
    setup.tls = Some(server_tls);
    let server = start::<A>(setup);
    let mut socket = A::connect(secure_client(&server, Some(client_tls))).unwrap();
    let large = Message::binary((0..4_000_000_u32).map(|n| (n / 251 + n) as u8).collect::<Vec<_>>());
    for _ in 0..2 {
        socket.send(large.clone()).unwrap();
    }
    for _ in 0..2 {
        assert!(socket.recv().as_ref() == Some(&large));
    }
    server.end();
}

pub(crate) fn a_server_without_tls_is_told_from_one_that_hangs<A: Adapter>() {
    let failure = |answer| {
        let (address, _held) = listener_that_says(answer);
        let mut client = ClientSetup::from(format!("wss://{address}/"));
        client.timeout = PATIENCE;
        match A::connect(client).map(drop) {
            Err(ConnectError::Tls(error)) => error.failure,
            other => panic!("{other:?}"),
        }
    };
    assert!(matches!(failure(b""), TlsFailure::TimedOut));
    assert!(matches!(failure(b"HTTP/1.1 400 x\r\n\r\n"), TlsFailure::NotTls));
}

pub(crate) fn servers_are_reached_through_proxies<A: Adapter>() {
    let (server_tls, client_tls) = tls();
    let mut setup = ServerSetup::from(Behaviour::Echo);
    setup.tls = Some(server_tls);
    for (server, tls) in [(start::<A>(Behaviour::Echo), None), (start::<A>(setup), Some(client_tls))] {
        let mut client = match &tls {
            Some(_) => secure_client(&server, tls),
            None => server.url().into(),
        };
        client.proxy = Some(format!("http://{}", http_proxy()).parse().unwrap());
        let mut socket = A::connect(client).unwrap();
        socket.send(text("through")).unwrap();
        assert_eq!(socket.recv(), Some(text("through")));
        drop(socket);
        server.end();
    }
    let (hanging, _held) = listener_that_says(b"");
    let mut client = ClientSetup::from("ws://example.invalid/".to_owned());
    client.proxy = Some(format!("socks5h://{hanging}").parse().unwrap());
    client.timeout = PATIENCE;
    match A::connect(client).map(drop) {
        Err(ConnectError::Proxy(error)) => {
            assert!(matches!(error.kind, ProxyErrorKind::Tunnel(TunnelError::TimedOut)), "{error:?}");
        }
        other => panic!("{other:?}"),
    }
}

pub(crate) fn a_proxy_in_front_names_the_client<A: Adapter>() {
    let mut setup = ServerSetup::from(Behaviour::WhoAmI);
    let mut options = ProxyHeaderOptions::new(ProxyHeaderMode::Optional);
    options.trusted.push("127.0.0.1".parse().unwrap());
    setup.proxy_header = Some(options);
    let server = start::<A>(setup);
    let mut raw = Raw::connect(server.address);
    raw.send(&[b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n", UPGRADE].concat());
    raw.read_head();
    assert_eq!(raw.read_exact(2 + 14), b"\x81\x0e192.0.2.7:4711");
    assert!(connect::<A>(&server).recv().unwrap().as_text().unwrap().starts_with("127.0.0.1:"));
    server.end();
}

pub(crate) fn who_does_not_get_through_is_logged<A: Adapter>() {
    log::start();
    // The client, as the server sees it, that sends this to a server like that.
    let send = |setup: ServerSetup, bytes: &[u8]| {
        let server = start::<A>(setup);
        let mut raw = Raw::connect(server.address);
        raw.send(bytes);
        raw.read_to_end();
        server.end();
        raw.0.local_addr().unwrap()
    };
    let with_tls = || {
        let mut setup = ServerSetup::from(Behaviour::Echo);
        setup.options = impatient(|_| {});
        setup.tls = Some(tls().0);
        setup
    };
    let peer = send(with_tls(), UPGRADE);
    assert_refused(peer, "no TLS connection with a client: it does not speak TLS");
    let peer = send(with_tls(), b"");
    assert_refused(peer, "no TLS connection with a client: the handshake took too long");
    let behind_proxy = |trusted: &str| {
        let mut options = ProxyHeaderOptions::new(ProxyHeaderMode::Required);
        options.trusted.push(trusted.parse().unwrap());
        let mut setup = with_tls();
        setup.proxy_header = Some(options);
        setup
    };
    let peer = send(behind_proxy("127.0.0.1"), b"PROXY TCP4 nonsense\r\n");
    assert_refused(peer, "the addresses in the PROXY header are malformed");
    let peer = send(behind_proxy("192.0.2.1"), b"");
    assert_refused(peer, "the source is none of the trusted proxies");
    let peer = send(Behaviour::Echo.into(), b"nonsense\r\n\r\n");
    assert_refused(peer, "HTTP");
    // Whoever comes through a proxy has the address that the proxy names.
    let server = start::<A>(behind_proxy("127.0.0.1"));
    let mut raw = Raw::connect(server.address);
    let peer = SocketAddr::from(([192, 0, 2, 7], raw.0.local_addr().unwrap().port()));
    let header = format!("PROXY TCP4 {} 198.51.100.1 {} 443\r\n", peer.ip(), peer.port());
    raw.send(&[header.as_bytes(), UPGRADE].concat());
    assert_refused(peer, "it does not speak TLS");
    server.end();
}
