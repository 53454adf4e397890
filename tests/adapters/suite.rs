//! The tests.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use wirebahn_core::http::StatusCode;
use wirebahn_core::proxy::{ProxyHeaderMode, ProxyHeaderOptions, TunnelError};
use wirebahn_core::websocket::extension::deflate::Deflate;
use wirebahn_core::websocket::opening::{
    ClientOpeningError, ClientOptions, RedirectError, Rejection, ServerOptions,
};
use wirebahn_core::websocket::{CloseCode, Config, Message, SendError, TimerKind};
use wirebahn_drive::ProxyErrorKind;
use wirebahn_drive::websocket::ConnectError;
use wirebahn_tls::{ClientTls, ClientTlsOptions, Identity, Roots, ServerTls, ServerTlsOptions, TlsFailure};

use crate::adapter::{Adapter, Behaviour, ClientSetup, Running, ServerSetup, Socket, until};
use crate::peer::{PATIENCE, Raw, UPGRADE, frame, http_proxy, listener_that_says};

/// All tests for `$adapter`.
macro_rules! tests {
    (@each $adapter:ty; $($name:ident)+) => {
        $(#[test]
        fn $name() {
            $crate::suite::$name::<$adapter>();
        })+
    };
    ($adapter:ty) => {
        $crate::suite::tests! { @each $adapter;
            messages_come_back_as_they_were
            messages_of_all_sizes_come_back
            everything_that_was_fed_comes_back_in_order
            frames_and_parts_come_back_as_messages
            messages_are_compressed_where_both_ends_want_it
            both_ends_may_send_without_reading_for_a_while
            two_threads_may_use_two_halves
            halves_send_while_nothing_comes
            a_split_connection_is_closed_by_its_writer
            closing_is_clean_on_both_sides
            a_connection_that_was_closed_sends_no_more
            a_close_with_a_forbidden_code_changes_nothing
            a_connection_that_is_aborted_is_lost_to_the_peer
            a_peer_that_goes_away_is_noticed
            waiting_ends_in_time_and_loses_nothing
            pings_are_answered
            an_idle_connection_is_kept_alive_and_a_dead_one_given_up
            a_peer_that_does_not_close_is_given_up
            a_peer_that_breaks_the_protocol_is_told_so
            the_end_of_a_failed_connection_is_seen_at_once
            messages_that_are_too_long_are_refused
            a_peer_that_reads_nothing_does_not_hold_its_connection_for_ever
            a_subprotocol_is_agreed_on
            a_refusal_is_shown_with_its_body
            redirects_are_followed_where_that_is_allowed
            requests_that_are_none_are_answered
            a_server_that_does_not_answer_is_given_up
            a_port_that_nobody_listens_on_is_an_error
            one_connection_too_many_is_refused
            a_server_that_ends_says_goodbye
            a_server_that_ends_does_not_wait_for_ever
            secure_servers_are_spoken_to_and_verified
            large_messages_pass_over_tls_in_both_directions
            a_server_without_tls_is_told_from_one_that_hangs
            servers_are_reached_through_proxies
            a_proxy_in_front_names_the_client
        }
    };
}
pub(crate) use tests;

fn start<A: Adapter>(setup: impl Into<ServerSetup>) -> Running {
    A::serve(setup.into())
}

fn connect<A: Adapter>(server: &Running) -> Box<dyn Socket> {
    A::connect(server.url().into()).unwrap()
}

fn text(text: &str) -> Message {
    Message::text(text.to_owned())
}

/// Options of a server whose timers are short.
fn impatient(change: impl FnOnce(&mut Config)) -> ServerOptions {
    let mut options = ServerOptions::default();
    let config = Arc::make_mut(&mut options.config);
    config.close.handshake_timeout = Some(PATIENCE);
    config.close.drop_timeout = Some(PATIENCE);
    change(config);
    options.open_timeout = Some(PATIENCE);
    options
}

pub(crate) fn messages_come_back_as_they_were<A: Adapter>() {
    for behaviour in
        [Behaviour::Echo, Behaviour::Serve, Behaviour::Frames, Behaviour::Streaming, Behaviour::Split]
    {
        let server = start::<A>(behaviour);
        let mut socket = connect::<A>(&server);
        for message in
            [text("Grüße"), Message::binary(vec![0, 255, 7]), text(""), Message::binary(Vec::new())]
        {
            socket.send(message.clone()).unwrap();
            assert_eq!(socket.recv(), Some(message), "{behaviour:?}");
        }
        assert!(socket.close(CloseCode::NORMAL, "").unwrap().clean, "{behaviour:?}");
        server.end();
    }
}

pub(crate) fn messages_of_all_sizes_come_back<A: Adapter>() {
    for behaviour in [Behaviour::Echo, Behaviour::Serve] {
        let server = start::<A>(behaviour);
        let mut socket = connect::<A>(&server);
        for len in [1, 125, 126, 65_535, 65_536, 70_000, 1 << 20, 5_000_000] {
            let message = Message::binary((0..len).map(|n| (n * 7 + n / 251) as u8).collect::<Vec<_>>());
            socket.send(message.clone()).unwrap();
            assert!(socket.recv() == Some(message), "{behaviour:?}, {len}");
        }
        server.end();
    }
}

pub(crate) fn everything_that_was_fed_comes_back_in_order<A: Adapter>() {
    let server = start::<A>(Behaviour::Serve);
    let mut socket = connect::<A>(&server);
    for number in 0..2000 {
        socket.feed(text(&number.to_string())).unwrap();
    }
    socket.flush().unwrap();
    for number in 0..2000 {
        assert_eq!(socket.recv(), Some(text(&number.to_string())));
    }
    server.end();
}

pub(crate) fn frames_and_parts_come_back_as_messages<A: Adapter>() {
    for behaviour in [Behaviour::Frames, Behaviour::Streaming, Behaviour::Echo] {
        let server = start::<A>(behaviour);
        let mut socket = connect::<A>(&server);
        let message = text(&"ein Wörtchen ".repeat(2000));
        socket.send_fragmented(message.clone(), 1000).unwrap();
        assert_eq!(socket.recv(), Some(message), "{behaviour:?}");
        assert!(socket.close(CloseCode::NORMAL, "").unwrap().clean, "{behaviour:?}");
        server.end();
    }
}

/// Sockets have room for a while only: whoever is stuck in a write must go on reading.
pub(crate) fn messages_are_compressed_where_both_ends_want_it<A: Adapter>() {
    for behaviour in [Behaviour::Echo, Behaviour::Serve, Behaviour::Streaming, Behaviour::Split] {
        let mut setup = ServerSetup::from(behaviour);
        setup.options.extensions = Deflate::default().into();
        let server = start::<A>(setup);
        for wanted in [true, false] {
            let mut setup = ClientSetup::from(server.url());
            if wanted {
                setup.options.extensions = Deflate::default().into();
            }
            let mut socket = A::connect(setup).unwrap();
            assert_eq!(socket.extension().as_deref(), wanted.then_some("permessage-deflate"));
            for message in [text(&"so it goes ".repeat(10_000)), text(""), Message::binary(vec![7; 70_000])] {
                socket.send(message.clone()).unwrap();
                assert!(socket.recv() == Some(message), "{behaviour:?}, {wanted}");
            }
        }
        server.end();
    }
}

pub(crate) fn both_ends_may_send_without_reading_for_a_while<A: Adapter>() {
    let server = start::<A>(Behaviour::Echo);
    let mut socket = connect::<A>(&server);
    let large = Message::binary(vec![1; 8 << 20]);
    for _ in 0..3 {
        socket.send(large.clone()).unwrap();
    }
    for _ in 0..3 {
        assert!(socket.recv().as_ref() == Some(&large));
    }
    server.end();
}

pub(crate) fn two_threads_may_use_two_halves<A: Adapter>() {
    let server = start::<A>(Behaviour::Echo);
    let (mut reader, mut writer) = connect::<A>(&server).split();
    let sending = std::thread::spawn(move || {
        for number in 0..1000 {
            writer.send(text(&format!("{number} {}", "x".repeat(number * 3)))).unwrap();
        }
        writer
    });
    for number in 0..1000 {
        assert_eq!(reader.recv(), Some(text(&format!("{number} {}", "x".repeat(number * 3)))));
    }
    drop(sending.join().unwrap());
    server.end();
}

pub(crate) fn halves_send_while_nothing_comes<A: Adapter>() {
    let server = start::<A>(Behaviour::Split);
    let (mut reader, mut writer) = connect::<A>(&server).split();
    let (told, seen) = std::sync::mpsc::channel();
    let reading = std::thread::spawn(move || {
        while let Some(message) = reader.recv() {
            told.send(message).unwrap();
        }
        reader.closed()
    });
    for number in 0..20 {
        // The reader waits by now.
        std::thread::sleep(Duration::from_millis(2));
        writer.send(text(&number.to_string())).unwrap();
        assert_eq!(seen.recv_timeout(crate::adapter::STUCK), Ok(text(&number.to_string())));
    }
    writer.close(CloseCode::NORMAL, "done").unwrap();
    assert!(reading.join().unwrap().unwrap().clean);
    assert_eq!(writer.send(text("late")), Err(SendError::Closed));
    server.end();
}

pub(crate) fn a_split_connection_is_closed_by_its_writer<A: Adapter>() {
    let server = start::<A>(Behaviour::Echo);
    let (mut reader, mut writer) = connect::<A>(&server).split();
    writer.send(text("last")).unwrap();
    writer.close(CloseCode::NORMAL, "").unwrap();
    assert_eq!(reader.recv(), Some(text("last")));
    assert_eq!(reader.recv(), None);
    assert!(reader.closed().unwrap().clean);
    server.end();
}

pub(crate) fn closing_is_clean_on_both_sides<A: Adapter>() {
    let server = start::<A>(Behaviour::Echo);
    let mut socket = connect::<A>(&server);
    let closed = socket.close(CloseCode::new(4711), "enough").unwrap();
    assert!(closed.clean, "{closed:?}");
    until(|| (server.connections)() == 0);
    let mut raw = Raw::open(server.address);
    raw.send(&frame(0x88, b"\x03\xe8bye"));
    assert_eq!(raw.read_to_end(), b"\x88\x05\x03\xe8bye");
    server.end();
}

pub(crate) fn a_connection_that_was_closed_sends_no_more<A: Adapter>() {
    let server = start::<A>(Behaviour::Echo);
    let mut socket = connect::<A>(&server);
    socket.close(CloseCode::NORMAL, "").unwrap();
    assert_eq!(socket.send(text("late")), Err(SendError::Closed));
    assert_eq!(socket.recv(), None);
    assert!(socket.close(CloseCode::NORMAL, "again").unwrap().clean);
    server.end();
}

pub(crate) fn a_close_with_a_forbidden_code_changes_nothing<A: Adapter>() {
    let server = start::<A>(Behaviour::Echo);
    let mut socket = connect::<A>(&server);
    assert!(socket.close(CloseCode::ABNORMAL, "").is_err());
    assert!(socket.close(CloseCode::NORMAL, &"x".repeat(124)).is_err());
    socket.send(text("still open")).unwrap();
    assert_eq!(socket.recv(), Some(text("still open")));
    server.end();
}

pub(crate) fn a_connection_that_is_aborted_is_lost_to_the_peer<A: Adapter>() {
    let server = start::<A>(Behaviour::Echo);
    let mut socket = connect::<A>(&server);
    socket.abort();
    assert!(!socket.wait_closed().clean);
    until(|| (server.connections)() == 0);
    server.end();
}

pub(crate) fn a_peer_that_goes_away_is_noticed<A: Adapter>() {
    let server = start::<A>(Behaviour::Echo);
    let mut raw = Raw::open(server.address);
    raw.send(&frame(0x81, b"hi"));
    assert_eq!(raw.read_exact(4), b"\x81\x02hi");
    drop(raw);
    let mut half = Raw::open(server.address);
    half.send(&frame(0x01, b"half")[..8]);
    half.0.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(half.read_to_end(), b"");
    until(|| (server.connections)() == 0);
    server.end();
}

pub(crate) fn waiting_ends_in_time_and_loses_nothing<A: Adapter>() {
    let server = start::<A>(Behaviour::Echo);
    let mut socket = connect::<A>(&server);
    for limit in [0, 1, 30] {
        assert_eq!(socket.recv_timeout(Duration::from_millis(limit)), Err(()));
    }
    let large = Message::binary(vec![3; 4 << 20]);
    socket.send(large.clone()).unwrap();
    let mut tries = 0;
    let back = loop {
        match socket.recv_timeout(Duration::from_millis(1)) {
            Ok(message) => break message,
            Err(()) => tries += 1,
        }
        assert!(tries < 60_000, "this must not hang");
    };
    assert!(back == Some(large));
    server.end();
}

pub(crate) fn pings_are_answered<A: Adapter>() {
    let server = start::<A>(Behaviour::Echo);
    assert_eq!(connect::<A>(&server).ping("are you there?"), Some(b"are you there?".to_vec()));
    let mut raw = Raw::open(server.address);
    raw.send(&frame(0x89, b"x"));
    assert_eq!(raw.read_exact(3), b"\x8a\x01x");
    server.end();
}

pub(crate) fn an_idle_connection_is_kept_alive_and_a_dead_one_given_up<A: Adapter>() {
    let mut setup = ServerSetup::from(Behaviour::Echo);
    setup.options = impatient(|config| {
        let keepalive = config.keepalive.as_mut().unwrap();
        keepalive.interval = Duration::from_millis(50);
        keepalive.timeout = Some(PATIENCE);
    });
    let server = start::<A>(setup);
    let mut alive = connect::<A>(&server);
    let mut dead = Raw::open(server.address);
    // Its pings are not answered, while those of the other one are.
    let bytes = std::thread::spawn(move || dead.read_to_end());
    while !bytes.is_finished() {
        assert_eq!(alive.recv_timeout(Duration::from_millis(10)), Err(()));
    }
    assert_eq!(bytes.join().unwrap()[0], 0x89);
    alive.send(text("here")).unwrap();
    assert_eq!(alive.recv(), Some(text("here")));
    server.end();
}

pub(crate) fn a_peer_that_does_not_close_is_given_up<A: Adapter>() {
    let mut setup = ServerSetup::from(Behaviour::Echo);
    setup.options = impatient(|_| {});
    let server = start::<A>(setup);
    let mut raw = Raw::open(server.address);
    (server.shut_down)();
    assert_eq!(raw.read_to_end(), b"\x88\x02\x03\xe9", "going away, and then away");
    server.end();
}

pub(crate) fn a_peer_that_breaks_the_protocol_is_told_so<A: Adapter>() {
    let mut setup = ServerSetup::from(Behaviour::Echo);
    setup.options = impatient(|_| {});
    let server = start::<A>(setup);
    for (bytes, code) in [
        (b"\x81\x02hi".to_vec(), 1002_u16),
        (frame(0x83, b""), 1002),
        (frame(0xc1, b"x"), 1002),
        (frame(0x80, b"x"), 1002),
        (frame(0x81, b"\xff"), 1007),
        (frame(0x88, b"\x03"), 1002),
    ] {
        let mut raw = Raw::open(server.address);
        raw.send(&bytes);
        let answer = raw.read_to_end();
        assert_eq!((answer[0], &answer[2..4]), (0x88, &code.to_be_bytes()[..]), "{bytes:?}: {answer:?}");
    }
    until(|| (server.connections)() == 0);
    server.end();
}

/// RFC 6455 7.1.7: whoever fails a connection ends its direction, and does not wait for a timer with that.
pub(crate) fn the_end_of_a_failed_connection_is_seen_at_once<A: Adapter>() {
    let mut setup = ServerSetup::from(Behaviour::Echo);
    let close = &mut Arc::make_mut(&mut setup.options.config).close;
    (close.handshake_timeout, close.drop_timeout) = (None, None);
    let server = start::<A>(setup);
    let mut raw = Raw::open(server.address);
    raw.send(&frame(0x83, b""));
    let answer = raw.read_to_end();
    assert_eq!((answer[0], &answer[2..4]), (0x88, &b"\x03\xea"[..]), "{answer:?}");
    drop(raw);
    // The same for refusals.
    let mut raw = Raw::connect(server.address);
    raw.send(b"nonsense\r\n\r\n");
    assert!(raw.read_to_end().starts_with(b"HTTP/1.1 400 "));
    drop(raw);
    server.end();
}

pub(crate) fn messages_that_are_too_long_are_refused<A: Adapter>() {
    let mut setup = ServerSetup::from(Behaviour::Echo);
    setup.options = impatient(|config| config.limits.max_message_len = 1000);
    let server = start::<A>(setup);
    let mut socket = connect::<A>(&server);
    // The server may hang up while it is being sent.
    let _ = socket.send(Message::binary(vec![0; 1001]));
    let closed = socket.wait_closed();
    assert!(format!("{closed:?}").contains("1009"), "{closed:?}");
    server.end();
}

pub(crate) fn a_peer_that_reads_nothing_does_not_hold_its_connection_for_ever<A: Adapter>() {
    let mut setup = ServerSetup::from(Behaviour::Flood);
    setup.options = impatient(|config| {
        let keepalive = config.keepalive.as_mut().unwrap();
        keepalive.interval = Duration::from_millis(50);
        config.idle_timeout = Some(Duration::from_millis(500));
    });
    let server = start::<A>(setup);
    let raw = Raw::open(server.address);
    until(|| (server.connections)() == 0);
    drop(raw);
    server.end();
}

pub(crate) fn a_subprotocol_is_agreed_on<A: Adapter>() {
    let mut setup = ServerSetup::from(Behaviour::Echo);
    setup.options.subprotocols = vec!["b".into(), "c".into()];
    let server = start::<A>(setup);
    for (offered, expected) in [(vec!["a", "b", "c"], Some("b")), (vec!["a"], None), (vec![], None)] {
        let mut client = ClientSetup::from(server.url());
        client.subprotocols = offered;
        assert_eq!(A::connect(client).unwrap().subprotocol().as_deref(), expected);
    }
    server.end();
}

fn rejection<A: Adapter>(setup: ClientSetup) -> Box<Rejection> {
    match A::connect(setup).map(drop) {
        Err(ConnectError::Opening(ClientOpeningError::Rejected(rejection))) => rejection,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn a_refusal_is_shown_with_its_body<A: Adapter>() {
    let server = start::<A>(Behaviour::Refuse(StatusCode::FORBIDDEN));
    let rejection = rejection::<A>(server.url().into());
    assert_eq!((rejection.status, &rejection.body[..]), (StatusCode::FORBIDDEN, &b"no"[..]));
    server.end();
}

pub(crate) fn redirects_are_followed_where_that_is_allowed<A: Adapter>() {
    let server = start::<A>(Behaviour::Refuse(StatusCode::FOUND));
    assert_eq!(rejection::<A>(server.url().into()).status, StatusCode::FOUND);
    let mut client = ClientSetup::from(server.url());
    client.max_redirects = 3;
    let error = A::connect(client).map(drop).unwrap_err();
    assert!(matches!(error, ConnectError::Redirect(RedirectError::TooMany)), "{error:?}");
    server.end();
}

pub(crate) fn requests_that_are_none_are_answered<A: Adapter>() {
    let mut setup = ServerSetup::from(Behaviour::Echo);
    setup.options = impatient(|_| {});
    let server = start::<A>(setup);
    for (request, answer) in [
        (&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..], "HTTP/1.1 426 "),
        (b"nonsense\r\n\r\n", "HTTP/1.1 400 "),
        (b"POST / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 405 "),
        (b"\x16\x03\x01", "HTTP/1.1 400 "),
        // Half a request is given up without a word.
        (&UPGRADE[..40], ""),
    ] {
        let mut raw = Raw::connect(server.address);
        raw.send(request);
        let bytes = String::from_utf8_lossy(&raw.read_to_end()).into_owned();
        assert!(bytes.starts_with(answer) && bytes.is_empty() == answer.is_empty(), "{bytes}");
    }
    server.end();
}

pub(crate) fn a_server_that_does_not_answer_is_given_up<A: Adapter>() {
    let (address, _held) = listener_that_says(b"");
    let mut client = ClientSetup::from(format!("ws://{address}/"));
    client.options = ClientOptions::default();
    client.options.open_timeout = Some(PATIENCE);
    let error = A::connect(client).map(drop).unwrap_err();
    let expected = ClientOpeningError::TimedOut(TimerKind::OpenHandshake);
    assert!(matches!(&error, ConnectError::Opening(error) if *error == expected), "{error:?}");
    let (address, _held) = listener_that_says(b"SSH-2.0-x\r\n");
    let error = A::connect(format!("ws://{address}/").into()).map(drop).unwrap_err();
    assert!(matches!(error, ConnectError::Opening(ClientOpeningError::Handshake(_))), "{error:?}");
}

pub(crate) fn a_port_that_nobody_listens_on_is_an_error<A: Adapter>() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = A::connect(format!("ws://{address}/").into()).map(drop).unwrap_err();
    assert!(
        matches!(&error, ConnectError::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused),
        "{error:?}"
    );
    let error = A::connect("http://localhost/".to_owned().into()).map(drop).unwrap_err();
    assert!(matches!(error, ConnectError::Url(_)), "{error:?}");
}

pub(crate) fn one_connection_too_many_is_refused<A: Adapter>() {
    let mut setup = ServerSetup::from(Behaviour::Echo);
    setup.max_connections = 1;
    let server = start::<A>(setup);
    let mut first = connect::<A>(&server);
    assert_eq!(rejection::<A>(server.url().into()).status, StatusCode::SERVICE_UNAVAILABLE);
    first.send(text("untouched")).unwrap();
    assert_eq!(first.recv(), Some(text("untouched")));
    first.close(CloseCode::NORMAL, "").unwrap();
    until(|| (server.connections)() == 0);
    drop(connect::<A>(&server));
    server.end();
}

pub(crate) fn a_server_that_ends_says_goodbye<A: Adapter>() {
    let server = start::<A>(Behaviour::Echo);
    let mut sockets: Vec<_> = (0..3).map(|_| connect::<A>(&server)).collect();
    (server.shut_down)();
    for socket in &mut sockets {
        assert_eq!(socket.recv(), None);
        let closed = socket.wait_closed();
        assert!(closed.clean && format!("{closed:?}").contains("1001"), "{closed:?}");
    }
    let url = server.url();
    server.end();
    assert!(A::connect(url.into()).is_err());
}

pub(crate) fn a_server_that_ends_does_not_wait_for_ever<A: Adapter>() {
    let mut setup = ServerSetup::from(Behaviour::Ignore);
    setup.shutdown_grace = Duration::from_millis(50);
    let server = start::<A>(setup);
    let _socket = connect::<A>(&server);
    server.end();
}

/// A server's TLS, and that of a client which trusts it.
fn tls() -> (ServerTls, ClientTls) {
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
