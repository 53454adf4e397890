//! The server's side behind somebody else's HTTP server: it must decide as the one that reads bytes does.

use std::sync::Arc;

use bytes::BytesMut;
use wirebahn_core::Engine;
use wirebahn_core::http::{Headers, HttpVersion, RequestHead, RequestReader, StatusCode};
use wirebahn_core::websocket::opening::{
    AcceptError, Acceptance, AnswerError, HttpOpening, OpeningFailure, Origins, Refusal, RequestError,
    ServerOpening, ServerOpeningEvent, ServerOptions, Subprotocol,
};

use super::server::{request, request_with};
use super::support::{Counter, at, drain, feed};

fn head(bytes: &[u8]) -> Option<RequestHead> {
    let mut bytes = BytesMut::from(bytes);
    RequestReader::new(Default::default()).read(&mut bytes).ok().flatten()
}

fn fields(headers: &Headers) -> Vec<String> {
    let framing = ["Connection", "Content-Length"];
    let fields = headers.iter().filter(|(name, _)| !framing.contains(name));
    fields.map(|(name, value)| format!("{name}: {value}")).collect()
}

/// The same request, if an HTTP server can read it at all, is answered with the same mistake, headers and body.
pub(super) fn is_rejected_with(
    error: RequestError,
    bytes: &[u8],
    options: &Arc<ServerOptions>,
    expected: &str,
) {
    let Some(head) = head(bytes) else {
        assert!(matches!(error, RequestError::Head(_)), "{error:?}");
        return;
    };
    let is_head = head.method() == "HEAD";
    let rejection = HttpOpening::new(head, None, Arc::clone(options)).unwrap_err();
    assert_eq!(rejection.failure, OpeningFailure::Request(error));
    assert_eq!(rejection.response.status, error.status());
    for field in fields(&rejection.response.headers) {
        assert!(expected.contains(&format!("\r\n{field}\r\n")), "{error:?}: {field} in {expected}");
    }
    if !is_head {
        assert!(expected.as_bytes().ends_with(&rejection.response.body));
    }
}

fn opening(bytes: &[u8], options: ServerOptions) -> HttpOpening {
    HttpOpening::new(head(bytes).unwrap(), Some("192.0.2.1:5000"), Arc::new(options)).unwrap()
}

#[cfg(feature = "deflate")]
#[test]
fn an_accepted_request_is_answered_as_the_engine_answers_it() {
    use wirebahn_core::websocket::extension::deflate::{Deflate, DeflateOptions};

    let bytes = request(&[
        "Origin: https://good.com",
        "Sec-WebSocket-Protocol: x, chat",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
    ]);
    let mut options = ServerOptions::default();
    options.subprotocols = vec!["chat".into()];
    options.origins = Origins::allow(["https://good.com"]).unwrap();
    options.extensions = vec![Arc::new(Deflate::new(DeflateOptions::default()))];
    options.headers.append("X-All", "1").unwrap();
    let mut acceptance = Acceptance::default();
    acceptance.headers.append("Set-Cookie", "a=1").unwrap();

    let peer = Some("192.0.2.1:5000".to_owned());
    let mut engine = ServerOpening::new(Arc::new(options.clone()), peer, Box::new(Counter(0)), at(0));
    feed(&mut engine, &bytes, at(0));
    let Some(ServerOpeningEvent::Request(request)) = engine.poll_event() else { panic!("no request") };
    engine.accept(acceptance.clone(), at(0)).unwrap();

    let opening = opening(&bytes, options);
    assert_eq!(format!("{:?}", opening.request()), format!("{request:?}"));
    let accepted = opening.accept(acceptance).unwrap();
    assert_eq!(accepted.response().encode(), drain(&mut engine));
    assert_eq!(
        accepted.extension().map(ToString::to_string).unwrap(),
        engine.extension().unwrap().to_string()
    );
    let established = accepted.into_established(Box::new(Counter(0)), at(7));
    assert!(established.extension.is_some());
    assert!(established.outbox.is_empty());
    assert_eq!(established.now, at(7));
}

#[test]
fn answers_that_do_not_fit_give_the_request_back() {
    let opening = opening(&request(&[]), ServerOptions::default());
    let mut acceptance = Acceptance::default();
    acceptance.subprotocol = Subprotocol::Named("chat".into());
    let (error, opening) = opening.accept(acceptance).unwrap_err();
    assert_eq!(error, AcceptError::SubprotocolNotOffered);
    let (error, opening) = opening.refuse(Refusal::new(StatusCode::SWITCHING_PROTOCOLS)).unwrap_err();
    assert_eq!(error, AnswerError::StatusInvalid(StatusCode::SWITCHING_PROTOCOLS));
    let mut refusal = Refusal::new(StatusCode::FORBIDDEN);
    refusal.headers.append("Content-Length", "7").unwrap();
    let (error, opening) = opening.refuse(refusal).unwrap_err();
    assert_eq!(error, AnswerError::HeaderReserved("Content-Length".into()));

    let mut refusal = Refusal::new(StatusCode::FORBIDDEN);
    refusal.headers.append("X-Why", "because").unwrap();
    refusal.body = "no".into();
    let rejection = opening.refuse(refusal).unwrap();
    assert_eq!(rejection.failure, OpeningFailure::Refused(StatusCode::FORBIDDEN));
    assert_eq!(fields(&rejection.response.headers), ["X-Why: because"]);
    assert_eq!(rejection.response.body, "no");
}

#[test]
fn limits_hold_for_heads_that_somebody_else_has_read() {
    let bytes = request(&[]);
    for (limit_len, limit_headers, admitted) in
        [(bytes.len(), 5, true), (bytes.len() - 1, 5, false), (bytes.len(), 4, false)]
    {
        let mut options = ServerOptions::default();
        options.head_limits.max_len = limit_len;
        options.head_limits.max_headers = limit_headers;
        let opened = HttpOpening::new(head(&bytes).unwrap(), None, Arc::new(options));
        let status = opened.err().map(|rejection| rejection.response.status);
        assert_eq!(status, (!admitted).then_some(StatusCode::HEADER_FIELDS_TOO_LARGE));
    }
}

#[test]
fn later_versions_of_http_have_no_such_upgrade() {
    let head = head(&request_with("GET / HTTP/1.1", &[])).unwrap().with_version(HttpVersion::Later);
    let rejection = HttpOpening::new(head, None, Arc::default()).unwrap_err();
    assert_eq!(rejection.failure, OpeningFailure::Request(RequestError::HttpVersionUnsupported));
}

#[test]
fn a_plain_request_is_told_to_upgrade_in_a_way_that_proxies_understand() {
    let head = head(&request(&["-Upgrade", "-Connection"])).unwrap();
    let rejection = HttpOpening::new(head, None, Arc::default()).unwrap_err();
    assert_eq!(rejection.response.status, StatusCode::UPGRADE_REQUIRED);
    assert!(rejection.response.headers.contains_token("Upgrade", "websocket"));
    assert!(rejection.response.headers.contains_token("Connection", "Upgrade"));
}
