//! The client's side.

use std::sync::Arc;

use wirebahn_core::http::{HeadError, HeaderError, StatusCode};
use wirebahn_core::websocket::opening::{
    ClientOpening, ClientOpeningError, ClientOpeningEvent, ClientOptions, ClientRequest, ClientRequestError,
    HandshakeError, Rejection,
};
use wirebahn_core::websocket::{Role, TimerKind};
use wirebahn_core::{Engine, Transport};

use super::support::{Counter, at, drain, feed, run, run_in_every_way};

/// The answer to the key of `Counter(0)`.
const ACCEPT: &str = "Sec-WebSocket-Accept: Bz3qJYTGdOe8gUSpLosEdiLKDrk=";

fn request() -> ClientRequest {
    let mut request = ClientRequest::new("ws://example.com:9000/chat?x=1".parse().unwrap());
    request.add_subprotocol("a").unwrap().add_subprotocol("b").unwrap();
    request
}

fn client(request: ClientRequest) -> ClientOpening {
    ClientOpening::new(request, Arc::default(), Box::new(Counter(0)), at(0))
}

fn make() -> ClientOpening {
    client(request())
}

fn response(fields: &[&str]) -> Vec<u8> {
    let mut lines = vec!["HTTP/1.1 101 Switching Protocols"];
    lines.extend(fields);
    (lines.join("\r\n") + "\r\n\r\n").into_bytes()
}

fn sent(request: ClientRequest) -> String {
    String::from_utf8(drain(&mut client(request))).unwrap()
}

fn failure(engine: &mut ClientOpening) -> ClientOpeningError {
    let Some(ClientOpeningEvent::Failed(error)) = engine.poll_event() else { panic!("expected a failure") };
    assert!(engine.poll_event().is_none());
    assert_eq!((engine.transport(), engine.poll_timeout()), (Transport::Close, None));
    error
}

fn rejection(bytes: &[u8], eof: bool) -> Rejection {
    let events = run_in_every_way(make, bytes, eof).events;
    let mut engine = make();
    feed(&mut engine, bytes, at(0));
    if eof {
        engine.handle_eof(at(0));
    }
    let ClientOpeningError::Rejected(rejection) = failure(&mut engine) else { panic!("{events:?}") };
    *rejection
}

#[test]
fn the_request_is_written_at_construction() {
    let mut request = request();
    request.set_origin("https://example.com").unwrap().set_user_agent("me/1").unwrap();
    request.add_header("Cookie", "a=1").unwrap();
    assert_eq!(
        sent(request),
        "GET /chat?x=1 HTTP/1.1\r\nHost: example.com:9000\r\nUser-Agent: me/1\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nCookie: a=1\r\nSec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n\
         Origin: https://example.com\r\nSec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
}

#[test]
fn the_host_may_be_replaced_but_not_what_the_handshake_writes() {
    let mut request = request();
    request.add_header("host", "other").unwrap();
    request.add_header("Origin", "https://a").unwrap();
    for name in ["Sec-WebSocket-Key", "sec-websocket-protocol", "UPGRADE", "Connection", "Content-Length"] {
        assert_eq!(
            request.add_header(name, "x").unwrap_err(),
            ClientRequestError::HeaderReserved(name.into())
        );
    }
    assert_eq!(
        request.add_header("X", "a\r\nB: c").unwrap_err(),
        ClientRequestError::Header(HeaderError::Value)
    );
    assert_eq!(request.set_origin("a\nb").unwrap_err(), ClientRequestError::Header(HeaderError::Value));
    assert_eq!(request.add_subprotocol("a b").unwrap_err(), ClientRequestError::SubprotocolInvalid);
    assert_eq!(request.add_subprotocol("a").unwrap_err(), ClientRequestError::SubprotocolRepeated);
    let sent = sent(request);
    assert!(sent.contains("\r\nHost: other\r\n") && !sent.contains("example.com:9000"));
    assert_eq!(sent.matches("Origin: ").count(), 1);
}

#[test]
fn credentials_of_the_url_are_sent_unless_others_are_given() {
    let mut request = ClientRequest::new("wss://Aladdin:open%20sesame@example.com".parse().unwrap());
    let with_url = sent(request.clone());
    assert!(with_url.contains("\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
    assert!(with_url.contains("\r\nHost: example.com\r\n"));
    request.add_header("Authorization", "Bearer 1").unwrap();
    assert_eq!(sent(request).matches("Authorization: ").count(), 1);
}

#[test]
fn a_right_response_opens_and_trailing_bytes_travel_along() {
    let bytes = [
        &b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"[..],
        &response(&[
            "upgrade: WebSocket",
            "connection: keep-alive, upgrade",
            ACCEPT,
            "Sec-WebSocket-Protocol: b",
            "Sec-WebSocket-Extensions: ",
        ]),
        b"\x81\x02hi",
    ]
    .concat();
    let seen = run_in_every_way(make, &bytes, false);
    assert_eq!(seen.events.len(), 1);
    assert_eq!((seen.transport, seen.timeout), (Transport::Open, None));
    for size in [1, 10, bytes.len()] {
        let mut engine = make();
        for piece in bytes.chunks(size) {
            feed(&mut engine, piece, at(9));
        }
        let Some(ClientOpeningEvent::Open(response)) = engine.poll_event() else { panic!("not open") };
        assert_eq!(response.subprotocol.as_deref(), Some("b"));
        assert_eq!(response.headers.get("Upgrade").unwrap(), &"WebSocket");
        engine.handle_timeout(at(10_000));
        assert!(engine.poll_event().is_none());
        let established = engine.into_established().unwrap();
        assert_eq!((established.role, established.now), (Role::Client, at(9)));
        assert_eq!(established.received, b"\x81\x02hi"[..]);
        assert!(!established.outbox.is_empty());
    }
}

#[test]
fn each_wrong_response_has_its_own_error_however_it_is_split() {
    use HandshakeError as E;
    let (up, con) = ("Upgrade: websocket", "Connection: Upgrade");
    let http10 = String::from_utf8(response(&[up, con, ACCEPT])).unwrap().replace("HTTP/1.1", "HTTP/1.0");
    let large = [&b"HTTP/1.1 101 \r\nX: "[..], &[b'x'; 400]].concat();
    let mut options = ClientOptions::default();
    options.head_limits.max_len = 300;
    let options = Arc::new(options);
    let make = || ClientOpening::new(request(), Arc::clone(&options), Box::new(Counter(0)), at(0));
    for (bytes, error) in [
        (b"SSH-2.0".to_vec(), E::Head(HeadError::NotHttp)),
        (b"\x15\x03".to_vec(), E::Head(HeadError::NotHttp)),
        (b"HTTP/1.1 abc\r\n\r\n".to_vec(), E::Head(HeadError::Malformed)),
        (b"HTTP/2.0 101 x\r\n\r\n".to_vec(), E::Head(HeadError::VersionUnsupported)),
        (large, E::Head(HeadError::TooLarge { limit: 300 })),
        (b"HTTP/1.1 100 Continue\r\n\r\n".repeat(9), E::InterimTooMany),
        (http10.into_bytes(), E::HttpVersionUnsupported),
        (response(&[con, ACCEPT]), E::UpgradeMissing),
        (response(&[up, up, con, ACCEPT]), E::UpgradeRepeated),
        (response(&["Upgrade: h2c", con, ACCEPT]), E::UpgradeInvalid),
        (response(&["Upgrade: websocket, h2c", con, ACCEPT]), E::UpgradeInvalid),
        (response(&[up, ACCEPT]), E::ConnectionInvalid),
        (response(&[up, "Connection: close", ACCEPT]), E::ConnectionInvalid),
        (response(&[up, con]), E::AcceptMissing),
        (response(&[up, con, ACCEPT, ACCEPT]), E::AcceptRepeated),
        (response(&[up, con, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]), E::AcceptMismatch),
        (
            response(&[up, con, ACCEPT, "Sec-WebSocket-Extensions: a", "Sec-WebSocket-Extensions: a"]),
            E::ExtensionsRepeated,
        ),
        (response(&[up, con, ACCEPT, "Sec-WebSocket-Extensions: x"]), E::ExtensionUnasked("x".into())),
        (
            response(&[up, con, ACCEPT, "Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: b"]),
            E::SubprotocolRepeated,
        ),
        (response(&[up, con, ACCEPT, "Sec-WebSocket-Protocol: c"]), E::SubprotocolUnasked("c".into())),
        (response(&[up, con, ACCEPT, "Sec-WebSocket-Protocol: a, b"]), E::SubprotocolUnasked("a, b".into())),
    ] {
        let expected = [format!("{:?}", ClientOpeningEvent::Failed(ClientOpeningError::Handshake(error)))];
        for eof in [false, true] {
            let seen = run_in_every_way(make, &[&bytes[..], b"trailing"].concat(), eof);
            assert_eq!(seen.events, expected);
            assert_eq!((seen.transport, seen.timeout), (Transport::Close, None));
        }
    }
}

#[test]
fn another_status_comes_with_headers_and_body() {
    let bytes = b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 5\r\n\r\nhelloXX";
    let refused = rejection(bytes, false);
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refused.headers.get("www-authenticate").unwrap(), &"Basic");
    assert_eq!((&refused.body[..], refused.is_complete), (&b"hello"[..], true));

    let refused = rejection(b"HTTP/1.0 302 Found\r\nLocation: ws://b\r\n\r\nhel", true);
    assert_eq!((&refused.body[..], refused.is_complete), (&b"hel"[..], true));

    let refused = rejection(b"HTTP/1.1 500 No\r\nContent-Length: 5\r\n\r\nhel", true);
    assert_eq!((&refused.body[..], refused.is_complete), (&b"hel"[..], false));

    let refused =
        rejection(b"HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", false);
    assert_eq!((&refused.body[..], refused.is_complete), (&b"hi"[..], true));

    let refused = rejection(b"HTTP/1.1 204 No\r\n\r\n", false);
    assert_eq!((&refused.body[..], refused.is_complete), (&b""[..], true));
}

#[test]
fn a_body_without_end_is_cut_at_the_limit() {
    let mut engine = make();
    feed(&mut engine, b"HTTP/1.1 404 No\r\n\r\n", at(0));
    feed(&mut engine, &[b'x'; 70_000], at(0));
    let ClientOpeningError::Rejected(refused) = failure(&mut engine) else { panic!("not rejected") };
    assert_eq!((refused.body.len(), refused.is_complete), (65_536, false));
}

#[test]
fn the_timer_covers_head_and_body_of_the_response() {
    let mut engine = make();
    feed(&mut engine, b"HTTP/1.1 1", at(4_000));
    engine.handle_timeout(at(4_999));
    assert_eq!(engine.poll_timeout(), Some(at(5_000)));
    engine.handle_timeout(at(5_000));
    assert!(engine.outbox().is_empty());
    assert_eq!(failure(&mut engine), ClientOpeningError::TimedOut(TimerKind::OpenHandshake));

    let mut engine = make();
    feed(&mut engine, b"HTTP/1.1 404 No\r\n\r\npart", at(4_000));
    engine.handle_timeout(at(5_000));
    let ClientOpeningError::Rejected(refused) = failure(&mut engine) else { panic!("not rejected") };
    assert_eq!((&refused.body[..], refused.is_complete), (&b"part"[..], false));
}

#[test]
fn the_end_of_the_transport_ends_the_handshake_once() {
    let (seen, mut engine) = run(make(), &[b"HTTP/1.1 101 S"], true);
    assert_eq!(seen.events, ["Failed(TransportLost)"]);
    assert_eq!((seen.transport, seen.timeout), (Transport::Close, None));
    engine.handle_timeout(at(9_000));
    feed(&mut engine, b"late", at(9_000));
    assert!(engine.poll_event().is_none() && engine.recv_buf().is_empty());
    assert!(engine.into_established().is_err());
}

#[test]
fn credentials_are_not_shown_by_debug() {
    let request = ClientRequest::new("wss://me:secret@example.com".parse().unwrap());
    assert!(!format!("{request:?} {:?}", client(request.clone())).contains("secret"));
}
