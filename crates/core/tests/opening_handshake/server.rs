//! The server's side.

use std::sync::Arc;
use std::time::Duration;

use wirebahn_core::http::{AuthorityError, HeadError, StatusCode};
use wirebahn_core::websocket::opening::{
    AcceptError, Acceptance, AnswerError, HttpRequest, HttpResponse, OpeningFailure, Origins, PlainHttp,
    Refusal, Request, RequestError, ServerOpening, ServerOpeningEvent, ServerOptions, Subprotocol,
};
use wirebahn_core::websocket::{Config, Role, TimerKind};
use wirebahn_core::{Engine, Transport};

use super::http;
use super::support::{Counter, at, drain, feed, run, run_in_every_way};

const FIELDS: [&str; 5] = [
    "Host: example.com",
    "Upgrade: websocket",
    "Connection: keep-alive, Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
];

/// A request with its first line replaced, fields added, and those left out that have the name of an added one or
/// of an added `-Name`.
pub(super) fn request_with(line: &str, changes: &[&str]) -> Vec<u8> {
    let name = |field: &str| field.split(':').next().unwrap_or_default().trim_start_matches('-').to_owned();
    let is_changed = |field: &str| changes.iter().any(|change| name(change) == name(field));
    let kept = FIELDS.iter().copied().filter(|field| !is_changed(field));
    let added = changes.iter().copied().filter(|change| !change.starts_with('-'));
    let mut lines = vec![line];
    lines.extend(kept.chain(added));
    (lines.join("\r\n") + "\r\n\r\n").into_bytes()
}

pub(super) fn request(changes: &[&str]) -> Vec<u8> {
    request_with("GET /chat HTTP/1.1", changes)
}

fn server(options: ServerOptions) -> ServerOpening {
    ServerOpening::new(Arc::new(options), Some("192.0.2.1:5000".into()), Box::new(Counter(0)), at(0))
}

fn options(change: impl FnOnce(&mut ServerOptions)) -> ServerOptions {
    let mut options = ServerOptions::default();
    change(&mut options);
    options
}

/// An engine whose request waits for a decision.
fn deciding(options: ServerOptions, bytes: &[u8]) -> (ServerOpening, Box<Request>) {
    let mut engine = server(options);
    feed(&mut engine, bytes, at(0));
    match engine.poll_event() {
        Some(ServerOpeningEvent::Request(request)) => (engine, request),
        other => {
            panic!("expected a request, got {other:?}, {}", String::from_utf8_lossy(&drain(&mut engine)))
        }
    }
}

/// An engine whose plain request waits for a response.
fn answering(bytes: &[u8]) -> (ServerOpening, Box<HttpRequest>) {
    let mut engine = server(options(|options| options.plain_http = PlainHttp::HandOver));
    feed(&mut engine, bytes, at(0));
    match engine.poll_event() {
        Some(ServerOpeningEvent::Http(request)) => (engine, request),
        other => {
            panic!("expected a request, got {other:?}, {}", String::from_utf8_lossy(&drain(&mut engine)))
        }
    }
}

fn failure(engine: &mut ServerOpening) -> OpeningFailure {
    let Some(ServerOpeningEvent::Failed(failure)) = engine.poll_event() else { panic!("expected a failure") };
    assert!(engine.poll_event().is_none());
    assert_eq!((engine.transport(), engine.poll_timeout()), (Transport::Close, None));
    failure
}

fn text(engine: &mut ServerOpening) -> String {
    String::from_utf8(drain(engine)).unwrap()
}

fn body(response: &str) -> &str {
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let len = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
    assert_eq!(len, body.len().to_string());
    body
}

#[test]
fn each_wrong_request_is_refused_with_its_status_however_it_is_split() {
    use RequestError as E;
    let plain = ServerOptions::default;
    let none_known = options(|options| options.versions.clear());
    let strict_port = options(|options| options.external_port = Some(9000));
    let strict_80 = options(|options| options.external_port = Some(80));
    let origins = options(|options| options.origins = Origins::allow(["https://good.com"]).unwrap());
    let tight = options(|options| options.head_limits.max_len = 100);
    let few = options(|options| options.head_limits.max_headers = 4);
    let get = |changes: &[&str]| request(changes);
    for (bytes, options, error, status) in [
        (b"\x16\x03\x01\x02\x00".to_vec(), plain(), E::Head(HeadError::NotHttp), 400),
        (b"GET / HTTP/1.1\r\nBad Header: x\r\n\r\n".to_vec(), plain(), E::Head(HeadError::Malformed), 400),
        (get(&[]), tight, E::Head(HeadError::TooLarge { limit: 100 }), 431),
        (get(&[]), few, E::Head(HeadError::TooManyHeaders { limit: 4 }), 431),
        (request_with("GET /", &[]), plain(), E::Head(HeadError::Malformed), 400),
        (request_with("GET / HTTP/2.0", &[]), plain(), E::Head(HeadError::VersionUnsupported), 505),
        (request_with("POST / HTTP/1.0", &[]), plain(), E::MethodNotAllowed, 405),
        (request_with("HEAD / HTTP/1.1", &[]), plain(), E::MethodNotAllowed, 405),
        (request_with("GET /#a HTTP/1.0", &[]), plain(), E::HttpVersionUnsupported, 505),
        (request_with("GET /#a HTTP/1.1", &["-Host"]), plain(), E::TargetFragment, 400),
        (request_with("GET chat HTTP/1.1", &["-Host"]), plain(), E::TargetInvalid, 400),
        (request_with("GET * HTTP/1.1", &[]), plain(), E::TargetInvalid, 400),
        (request_with("GET ftp://a/ HTTP/1.1", &[]), plain(), E::TargetInvalid, 400),
        (get(&["Content-Length: 5"]), plain(), E::BodyForbidden, 400),
        (get(&["Transfer-Encoding: chunked"]), plain(), E::BodyForbidden, 400),
        (get(&["-Host", "-Upgrade"]), plain(), E::HostMissing, 400),
        (get(&["Host: a", "Host: a"]), plain(), E::HostRepeated, 400),
        (get(&["Host: a:x"]), plain(), E::HostInvalid(AuthorityError::PortInvalid), 400),
        (get(&["Host: "]), plain(), E::HostInvalid(AuthorityError::HostMissing), 400),
        (get(&["Host: [::1"]), plain(), E::HostInvalid(AuthorityError::Ipv6Invalid), 400),
        (get(&["Host: \u{e4}"]), plain(), E::HostInvalid(AuthorityError::HostInvalid), 400),
        (get(&[]), strict_port.clone(), E::PortMismatch { expected: 9000 }, 400),
        (get(&["Host: a:9001"]), strict_port, E::PortMismatch { expected: 9000 }, 400),
        (get(&["Host: a:81", "-Upgrade"]), strict_80, E::PortMismatch { expected: 80 }, 400),
        (get(&["-Upgrade", "-Connection"]), plain(), E::UpgradeMissing, 426),
        (get(&["Upgrade: h2c", "-Connection"]), plain(), E::UpgradeInvalid, 400),
        (get(&["-Connection", "-Sec-WebSocket-Version"]), plain(), E::ConnectionInvalid, 400),
        (get(&["Connection: close"]), plain(), E::ConnectionInvalid, 400),
        (get(&["-Sec-WebSocket-Version", "-Sec-WebSocket-Key"]), plain(), E::VersionMissing, 400),
        (get(&["Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8"]), plain(), E::VersionRepeated, 400),
        (get(&["Sec-WebSocket-Version: 13, 8"]), plain(), E::VersionInvalid, 400),
        (get(&["Sec-WebSocket-Version: +13"]), plain(), E::VersionInvalid, 400),
        (get(&["Sec-WebSocket-Version: 013"]), plain(), E::VersionInvalid, 400),
        (get(&["Sec-WebSocket-Version: 14", "-Sec-WebSocket-Key"]), plain(), E::VersionUnsupported, 400),
        (get(&["Sec-WebSocket-Version: 99999999999"]), plain(), E::VersionUnsupported, 400),
        (get(&[]), none_known, E::VersionUnsupported, 400),
        (get(&["Sec-WebSocket-Protocol: a b", "Origin: x"]), plain(), E::SubprotocolInvalid, 400),
        (get(&["Sec-WebSocket-Protocol: a, b, a"]), plain(), E::SubprotocolRepeated, 400),
        (
            get(&["Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: a"]),
            plain(),
            E::SubprotocolRepeated,
            400,
        ),
        (get(&["Origin: http://a", "Origin: http://a"]), plain(), E::OriginRepeated, 400),
        (get(&["Origin: x", "-Sec-WebSocket-Key"]), plain(), E::OriginInvalid, 400),
        (get(&["Origin: http://a http://b"]), plain(), E::OriginInvalid, 400),
        (get(&["Origin: https://good.com.evil.org"]), origins.clone(), E::OriginForbidden, 403),
        (get(&["Origin: null", "-Sec-WebSocket-Key"]), origins, E::OriginForbidden, 403),
        (get(&["-Sec-WebSocket-Key"]), plain(), E::KeyMissing, 400),
        (
            get(&[
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            ]),
            plain(),
            E::KeyRepeated,
            400,
        ),
        (get(&["Sec-WebSocket-Key: short=="]), plain(), E::KeyInvalid, 400),
    ] {
        assert_eq!(error.status().get(), status, "{error:?}");
        let options = Arc::new(options);
        let make = || ServerOpening::new(Arc::clone(&options), None, Box::new(Counter(0)), at(0));
        let open = run_in_every_way(make, &bytes, false);
        assert_eq!(open.events, [""; 0], "{error:?}");
        assert_eq!((open.transport, open.timeout), (Transport::Finish, Some(at(1000))), "{error:?}");
        assert!(open.sent.starts_with(&format!("HTTP/1.1 {status} ")), "{error:?}: {}", open.sent);
        assert!(open.sent.contains("\r\nConnection: close"), "{error:?}: {}", open.sent);
        if !bytes.starts_with(b"HEAD") {
            assert_eq!(body(&open.sent), format!("{error}\n"));
        }
        let seen = run_in_every_way(make, &[&bytes[..], b"trailing"].concat(), true);
        assert_eq!(
            seen.events,
            [format!("{:?}", ServerOpeningEvent::Failed(OpeningFailure::Request(error)))]
        );
        assert_eq!(seen.sent, open.sent);
        assert_eq!((seen.transport, seen.timeout), (Transport::Close, None));
        http::is_rejected_with(error, &bytes, &options, &open.sent);
    }
}

#[test]
fn a_plain_request_is_told_to_upgrade_and_another_version_which_ones_there_are() {
    let (seen, _) = run(server(ServerOptions::default()), &[&request(&["-Upgrade"])], false);
    assert!(seen.sent.contains("\r\nUpgrade: websocket\r\n"));
    let (seen, _) = run(server(ServerOptions::default()), &[&request(&["Sec-WebSocket-Version: 7"])], false);
    assert!(seen.sent.contains("\r\nSec-WebSocket-Version: 13\r\n"));
    let (seen, _) = run(server(ServerOptions::default()), &[&request_with("POST / HTTP/1.1", &[])], false);
    assert!(seen.sent.contains("\r\nAllow: GET\r\n"));
}

#[test]
fn the_sample_request_of_rfc_6455_is_accepted_and_trailing_bytes_travel_along() {
    let bytes = [
        &b"GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
          Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://example.com\r\n\
          Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n\r\n"[..],
        b"\x81\x85frame",
    ]
    .concat();
    for size in [1, 7, bytes.len()] {
        let mut engine = server(ServerOptions::default());
        for piece in bytes.chunks(size) {
            feed(&mut engine, piece, at(5));
        }
        let Some(ServerOpeningEvent::Request(request)) = engine.poll_event() else { panic!("no request") };
        assert_eq!(request.origin.as_deref(), Some("http://example.com"));
        assert_eq!(request.choose_subprotocol(&["superchat", "x"]), Some("superchat"));
        assert_eq!((engine.transport(), engine.poll_timeout()), (Transport::Open, None));
        let mut acceptance = Acceptance::default();
        acceptance.subprotocol = Subprotocol::Named("chat".into());
        engine.accept(acceptance, at(60_000)).unwrap();
        assert!(engine.is_accepted());
        assert!(engine.poll_event().is_none());
        assert_eq!(engine.poll_timeout(), None);
        let established = engine.into_established().unwrap();
        assert_eq!((established.role, established.now), (Role::Server, at(60_000)));
        assert_eq!(established.received, b"\x81\x85frame"[..]);
        let sent: Vec<u8> = established.outbox.pieces().flatten().copied().collect();
        assert_eq!(
            String::from_utf8(sent).unwrap(),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
        );
    }
}

#[test]
fn a_request_is_seen_the_same_however_it_is_split() {
    let seen = run_in_every_way(
        || server(ServerOptions::default()),
        &[&request(&["Sec-WebSocket-Extensions: permessage-deflate; bad=,,"])[..], b"more"].concat(),
        false,
    );
    assert_eq!(seen.events.len(), 1);
    assert!(seen.events[0].contains("permessage-deflate; bad=,,"));
    assert_eq!((seen.transport, seen.timeout), (Transport::Open, None));
}

#[test]
fn headers_of_options_and_application_are_sent_repeats_included() {
    let mut custom = options(|options| options.subprotocols = vec!["b".into(), "a".into()]);
    custom.server = Some("me".try_into().unwrap());
    custom.headers.append("X-One", "1").unwrap();
    custom.headers.append("Sec-WebSocket-Accept", "no").unwrap();
    let (mut engine, request) = deciding(custom, &request(&["Sec-WebSocket-Protocol: x,a,b"]));
    assert_eq!(request.subprotocols, ["x", "a", "b"]);
    let mut acceptance = Acceptance::default();
    acceptance.headers.append("Set-Cookie", "a=1").unwrap();
    acceptance.headers.append("Set-Cookie", "b=2").unwrap();
    engine.accept(acceptance, at(0)).unwrap();
    assert_eq!(
        text(&mut engine),
        "HTTP/1.1 101 Switching Protocols\r\nServer: me\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         X-One: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nSec-WebSocket-Protocol: a\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    );
}

#[test]
fn misuse_is_an_error_and_changes_nothing() {
    let mut engine = server(ServerOptions::default());
    assert_eq!(engine.accept(Acceptance::default(), at(0)), Err(AcceptError::NotWaiting));
    assert_eq!(engine.refuse(Refusal::new(StatusCode::FORBIDDEN), at(0)), Err(AnswerError::NotWaiting));
    let engine = engine.into_established().unwrap_err();
    drop(engine);

    let (mut engine, _) = deciding(ServerOptions::default(), &request(&["Sec-WebSocket-Protocol: a"]));
    let mut acceptance = Acceptance::default();
    acceptance.subprotocol = Subprotocol::Named("b".into());
    assert_eq!(engine.accept(acceptance, at(0)), Err(AcceptError::SubprotocolNotOffered));
    let mut acceptance = Acceptance::default();
    acceptance.headers.append("sec-websocket-accept", "x").unwrap();
    assert_eq!(
        engine.accept(acceptance, at(0)),
        Err(AcceptError::HeaderReserved("sec-websocket-accept".into()))
    );
    let mut refusal = Refusal::new(StatusCode::FORBIDDEN);
    refusal.headers.append("Content-Length", "0").unwrap();
    assert_eq!(engine.refuse(refusal, at(0)), Err(AnswerError::HeaderReserved("Content-Length".into())));
    let invalid = StatusCode::SWITCHING_PROTOCOLS;
    assert_eq!(engine.refuse(Refusal::new(invalid), at(0)), Err(AnswerError::StatusInvalid(invalid)));
    assert_eq!(engine.respond(HttpResponse::new(StatusCode::OK), at(0)), Err(AnswerError::NotWaiting));
    assert!(engine.outbox().is_empty());
    engine.accept(Acceptance::default(), at(0)).unwrap();
    assert_eq!(engine.accept(Acceptance::default(), at(0)), Err(AcceptError::NotWaiting));
}

#[test]
fn a_refusal_carries_headers_and_body_and_waits_for_the_client_to_drop() {
    let (mut engine, _) = deciding(ServerOptions::default(), &request(&[]));
    let mut refusal = Refusal::new(StatusCode::UNAUTHORIZED);
    refusal.headers.append("WWW-Authenticate", "Basic").unwrap();
    refusal.headers.append("WWW-Authenticate", "Bearer").unwrap();
    refusal.body = vec![b'x'; 10_000].into();
    engine.refuse(refusal, at(7)).unwrap();
    let sent = text(&mut engine);
    assert!(sent.starts_with(
        "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nWWW-Authenticate: Basic\r\nWWW-Authenticate: Bearer\r\n"
    ));
    assert_eq!(body(&sent).len(), 10_000);
    assert_eq!((engine.transport(), engine.poll_timeout()), (Transport::Finish, Some(at(1007))));
    feed(&mut engine, b"ignored", at(8));
    assert!(engine.recv_buf().is_empty());
    assert!(engine.poll_event().is_none());
    engine.handle_eof(at(9));
    assert_eq!(failure(&mut engine), OpeningFailure::Refused(StatusCode::UNAUTHORIZED));
}

#[test]
fn a_client_that_does_not_drop_after_a_refusal_is_dropped() {
    let (mut engine, _) = deciding(ServerOptions::default(), &request(&[]));
    engine.refuse(Refusal::new(StatusCode::FORBIDDEN), at(0)).unwrap();
    drain(&mut engine);
    engine.handle_timeout(at(999));
    assert_eq!(engine.transport(), Transport::Finish);
    engine.handle_timeout(at(1000));
    assert_eq!(failure(&mut engine), OpeningFailure::Refused(StatusCode::FORBIDDEN));
    engine.handle_timeout(at(2000));
    engine.handle_eof(at(2000));
    feed(&mut engine, b"more", at(2000));
    assert!(engine.poll_event().is_none() && engine.recv_buf().is_empty());
}

#[test]
fn a_client_that_still_takes_a_long_response_is_given_time_and_one_that_stalls_is_not() {
    let (mut engine, _) = deciding(ServerOptions::default(), &request(&[]));
    let mut refusal = Refusal::new(StatusCode::FORBIDDEN);
    refusal.body = vec![b'x'; 100_000].into();
    engine.refuse(refusal, at(0)).unwrap();
    engine.outbox().advance(10);
    engine.handle_timeout(at(1000));
    assert_eq!((engine.transport(), engine.poll_timeout()), (Transport::Finish, Some(at(2000))));
    engine.handle_timeout(at(2000));
    assert!(engine.outbox().is_empty());
    assert_eq!(failure(&mut engine), OpeningFailure::Refused(StatusCode::FORBIDDEN));
}

#[test]
fn the_timer_covers_the_request_and_not_the_decision() {
    let bytes = request(&[]);
    let (last, rest) = bytes.split_last().unwrap();
    let mut engine = server(ServerOptions::default());
    feed(&mut engine, rest, at(4_000));
    assert_eq!(engine.poll_timeout(), Some(at(5_000)));
    engine.handle_timeout(at(4_999));
    assert!(engine.poll_event().is_none());
    feed(&mut engine, &[*last], at(4_999));
    assert_eq!(engine.poll_timeout(), None);
    engine.handle_timeout(at(100_000));
    assert!(matches!(engine.poll_event(), Some(ServerOpeningEvent::Request(_))));
    engine.accept(Acceptance::default(), at(100_000)).unwrap();

    let mut engine = server(ServerOptions::default());
    feed(&mut engine, rest, at(4_000));
    engine.handle_timeout(at(5_000));
    assert_eq!(failure(&mut engine), OpeningFailure::TimedOut(TimerKind::OpenHandshake));
    assert!(engine.outbox().is_empty());
}

#[test]
fn timers_can_be_switched_off() {
    let mut config = Config::default();
    config.close.drop_timeout = None;
    let mut engine = server(options(|options| {
        options.open_timeout = None;
        options.config = Arc::new(config);
    }));
    assert_eq!(engine.poll_timeout(), None);
    feed(&mut engine, b"\0", at(0));
    assert_eq!((engine.transport(), engine.poll_timeout()), (Transport::Finish, None));
    engine.handle_timeout(at(1_000_000));
    assert!(engine.poll_event().is_none());
}

#[test]
fn the_end_of_the_transport_ends_the_handshake() {
    let mut engine = server(ServerOptions::default());
    feed(&mut engine, b"GET /", at(0));
    engine.handle_eof(at(0));
    assert_eq!(failure(&mut engine), OpeningFailure::TransportLost);

    let mut engine = server(ServerOptions::default());
    feed(&mut engine, &request(&[]), at(0));
    engine.handle_eof(at(0));
    assert!(matches!(engine.poll_event(), Some(ServerOpeningEvent::Request(_))));
    assert_eq!(engine.accept(Acceptance::default(), at(0)), Err(AcceptError::NotWaiting));
    assert_eq!(failure(&mut engine), OpeningFailure::TransportLost);
}

#[test]
fn a_client_that_sends_on_while_the_application_decides_is_not_read_without_end() {
    let (mut engine, _) = deciding(options(|options| options.head_limits.max_len = 1000), &request(&[]));
    feed(&mut engine, &[0; 999], at(0));
    assert_eq!(engine.transport(), Transport::Open);
    feed(&mut engine, &[0; 1], at(0));
    assert_eq!(engine.transport(), Transport::Paused);
    engine.accept(Acceptance::default(), at(0)).unwrap();
    assert_eq!(engine.into_established().unwrap().received.len(), 1000);
}

#[test]
fn over_capacity_valid_requests_get_503_and_wrong_ones_their_own_status() {
    for (bytes, status) in
        [(request(&[]), "503"), (request(&["-Upgrade"]), "426"), (request(&["-Host"]), "400")]
    {
        let mut engine = server(ServerOptions::default());
        engine.refuse_over_capacity();
        feed(&mut engine, &bytes, at(0));
        let sent = text(&mut engine);
        assert!(sent.starts_with(&format!("HTTP/1.1 {status} ")), "{sent}");
        engine.handle_eof(at(0));
        let failure = failure(&mut engine);
        if status == "503" {
            assert_eq!(body(&sent), "maximum number of connections reached\n");
            assert_eq!(failure, OpeningFailure::OverCapacity);
        }
    }
}

#[test]
fn plain_requests_are_handed_over_and_head_gets_no_body() {
    for (method, body_len) in [("GET", 5), ("HEAD", 0)] {
        let line = format!("{method} /status?a=1&b=x+y%21&c&=d HTTP/1.1");
        let (mut engine, request) = answering(&request_with(&line, &["-Upgrade", "-Connection"]));
        assert_eq!((request.method.as_str(), request.path()), (method, "/status"));
        let pairs: Vec<_> = request.query_pairs().collect();
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("a", "1"), ("b", "x y!"), ("c", ""), ("", "d")]);
        assert_eq!(engine.poll_timeout(), None);
        assert_eq!(engine.accept(Acceptance::default(), at(0)), Err(AcceptError::NotWaiting));
        let mut response = HttpResponse::new(StatusCode::OK);
        response.body = "hello".into();
        engine.respond(response, at(3)).unwrap();
        let sent = text(&mut engine);
        assert!(
            sent.starts_with("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n"),
            "{sent}"
        );
        assert_eq!(sent.split_once("\r\n\r\n").unwrap().1.len(), body_len);
        engine.handle_timeout(at(1003));
        assert_eq!(failure(&mut engine), OpeningFailure::Answered(StatusCode::OK));
    }
}

#[test]
fn head_gets_no_body_with_a_refusal_either() {
    let bytes = request_with("HEAD / HTTP/1.1", &["-Upgrade"]);
    let (seen, _) = run(server(ServerOptions::default()), &[&bytes], false);
    assert!(seen.sent.starts_with("HTTP/1.1 426 "));
    assert!(seen.sent.ends_with("\r\n\r\n"));
}

#[test]
fn a_plain_request_of_a_client_that_half_closes_is_still_answered() {
    let (mut engine, _) = answering(&request(&["-Upgrade"]));
    engine.handle_eof(at(0));
    assert!(engine.poll_event().is_none());
    assert_eq!(engine.transport(), Transport::Paused);
    engine.respond(HttpResponse::new(StatusCode::NO_CONTENT), at(0)).unwrap();
    assert_eq!(text(&mut engine), "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    assert_eq!(failure(&mut engine), OpeningFailure::Answered(StatusCode::NO_CONTENT));
}

#[test]
fn the_client_address_is_the_entry_that_the_trusted_proxies_vouch_for() {
    let fields = ["X-Forwarded-For: 1.1.1.1, 2.2.2.2", "X-Forwarded-For:3.3.3.3"];
    for (trusted, client) in
        [(0, "192.0.2.1:5000"), (1, "3.3.3.3"), (2, "2.2.2.2"), (3, "1.1.1.1"), (4, "192.0.2.1:5000")]
    {
        let (_, request) = deciding(options(|options| options.trusted_proxies = trusted), &request(&fields));
        assert_eq!(request.http.client(), Some(client), "{trusted}");
        assert_eq!(request.http.peer.as_deref(), Some("192.0.2.1:5000"));
    }
    let (_, request) = deciding(options(|options| options.trusted_proxies = 1), &request(&[]));
    assert_eq!(request.http.client(), Some("192.0.2.1:5000"));
}

#[test]
fn what_is_unusual_but_right_is_accepted() {
    let strict_port = options(|options| options.external_port = Some(443));
    let origins = options(|options| options.origins = Origins::allow(["https://*.good.com:*"]).unwrap());
    for (bytes, options) in [
        (request(&["Upgrade: h2c, WebSocket", "Connection: UPGRADE"]), ServerOptions::default()),
        (request(&["Host: [::1]:8080", "Content-Length: 0"]), ServerOptions::default()),
        (request(&["Origin: null"]), ServerOptions::default()),
        (request(&["Origin: moz-extension://0-1"]), ServerOptions::default()),
        (request(&["Sec-WebSocket-Protocol: , a,, b ,"]), ServerOptions::default()),
        (request(&[]), strict_port.clone()),
        (request(&["Host: a:443"]), strict_port),
        (request(&[]), origins.clone()),
        (request(&["Origin: https://a.good.com:1"]), origins),
    ] {
        deciding(options, &bytes);
    }
}

#[test]
fn the_host_of_an_absolute_target_takes_precedence() {
    let bytes = request_with("GET ws://Other.example:81?x=1 HTTP/1.1", &[]);
    let (_, request) = deciding(ServerOptions::default(), &bytes);
    assert_eq!((request.http.host.to_string().as_str(), request.http.port), ("other.example", Some(81)));
    assert_eq!(request.http.resource, "/?x=1");
}

#[test]
fn options_can_be_changed_for_one_connection() {
    let shared = Arc::new(ServerOptions::default());
    let mut own = ServerOptions::clone(&shared);
    own.open_timeout = Some(Duration::from_secs(1));
    let engine = |options| ServerOpening::new(options, None, Box::new(Counter(0)), at(0));
    assert_eq!(engine(shared).poll_timeout(), Some(at(5_000)));
    assert_eq!(engine(Arc::new(own)).poll_timeout(), Some(at(1_000)));
}
