//! Arbitrary bytes into the server's opening handshake.

use std::sync::Arc;

use wirebahn_core::http::{HeaderValue, Headers, StatusCode};
use wirebahn_core::websocket::opening::{
    Acceptance, HttpResponse, Origins, PlainHttp, Refusal, ServerOpening, ServerOpeningEvent, ServerOptions,
    Subprotocol,
};
use wirebahn_core::{Engine, Instant, Transport};
use wirebahn_testkit::at;

use crate::entropy::Zeros;
use crate::input::{Flags, Input};

// The flags.
const HAND_OVER: u32 = 0;
const CHECK_ORIGIN: u32 = 1;
const CHECK_PORT: u32 = 2;
const BEHIND_PROXY: u32 = 3;
const SMALL_HEAD: u32 = 4;
const SUBPROTOCOLS: u32 = 5;
const OVER_CAPACITY: u32 = 6;
const HEADERS: u32 = 7;
const EOF: u32 = 8;
/// Three bits: what the application answers.
const DECISION: u32 = 9;

/// What our own headers and bodies add to the client's bytes that a response repeats.
const RESPONSE_ROOM: usize = 2 * 1024;

const BODY: &[u8] = b"because";

/// Bytes of a client, in pieces, into the opening handshake of a server.
///
/// # Panics
///
/// If the pieces matter, the response is not HTTP, bytes behind the request get lost, or the contract of engines is
/// broken.
pub fn server_opening(data: &[u8]) {
    let Some(input) = Input::parse(data) else { return };
    let options = Arc::new(options(input.flags));
    let whole = run(&options, input.flags, &[input.bytes]);
    let pieces = run(&options, input.flags, &input.cut(input.bytes));
    assert_eq!(whole, pieces, "the pieces matter");
    whole.check(input.bytes);
    if is_plainly_valid(input.bytes, &options) {
        let first = whole.events.first().map_or("nothing", String::as_str);
        let expected = if input.flags.has(OVER_CAPACITY) { "Failed(OverCapacity)" } else { "Request(" };
        assert!(first.starts_with(expected), "{first} instead of {expected}");
    }
}

fn options(flags: Flags) -> ServerOptions {
    let mut options = ServerOptions::default();
    if flags.has(HAND_OVER) {
        options.plain_http = PlainHttp::HandOver;
    }
    if flags.has(CHECK_ORIGIN) {
        let patterns = ["https://example.com", "http://*.example.com:*"];
        options.origins = Origins::allow(patterns).expect("these patterns are valid");
    }
    if flags.has(CHECK_PORT) {
        options.external_port = Some(8080);
    }
    if flags.has(BEHIND_PROXY) {
        options.trusted_proxies = 2;
    }
    if flags.has(SMALL_HEAD) {
        options.head_limits.max_len = 256;
        options.head_limits.max_headers = 8;
    }
    if flags.has(SUBPROTOCOLS) {
        options.subprotocols = vec!["chat".into(), "wamp.2.json".into()];
    }
    if flags.has(HEADERS) {
        options.server = HeaderValue::new("Wirebahn").ok();
        options.headers = headers();
    }
    options
}

fn headers() -> Headers {
    let mut headers = Headers::new();
    headers.append("Set-Cookie", "id=1; HttpOnly").expect("this header is valid");
    headers
}

/// What could be seen of an engine.
#[derive(Debug, PartialEq)]
struct Seen {
    events: Vec<String>,
    sent: Vec<u8>,
    /// The bytes behind the request, if it was accepted.
    leftover: Option<Vec<u8>>,
    /// Whether the application never answered.
    is_waiting: bool,
    failures: usize,
    transport: Transport,
}

struct Run {
    engine: ServerOpening,
    flags: Flags,
    events: Vec<String>,
    sent: Vec<u8>,
    failures: usize,
    is_waiting: bool,
}

fn run(options: &Arc<ServerOptions>, flags: Flags, pieces: &[&[u8]]) -> Seen {
    let peer = Some("192.0.2.1".into());
    let mut engine = ServerOpening::new(Arc::clone(options), peer, Box::new(Zeros), at(0));
    if flags.has(OVER_CAPACITY) {
        engine.refuse_over_capacity();
    }
    assert!(engine.accept(Acceptance::default(), at(0)).is_err(), "no request has come");
    let mut run = Run { engine, flags, events: Vec::new(), sent: Vec::new(), failures: 0, is_waiting: false };
    let mut unread = Vec::new();
    let max_len = options.head_limits.max_len;
    for piece in pieces {
        if matches!(run.engine.transport(), Transport::Open | Transport::Finish) {
            run.engine.recv_buf().extend_from_slice(piece);
            run.engine.handle_recv(at(0));
        } else {
            unread.extend_from_slice(piece);
        }
        run.look(at(0));
        assert!(run.engine.outbox().len() <= max_len + RESPONSE_ROOM, "the outbox is not bounded");
        run.drain();
        if run.events.is_empty() && run.engine.transport() == Transport::Open {
            assert!(run.engine.recv_buf().len() < max_len, "an unfinished head is not bounded");
        }
    }
    if flags.has(EOF) {
        run.engine.handle_eof(at(1));
        run.look(at(1));
    }
    while let Some(deadline) = run.engine.poll_timeout() {
        run.engine.handle_timeout(deadline);
        assert!(run.engine.poll_timeout().is_none_or(|next| next > deadline));
        run.look(deadline);
    }
    run.drain();
    run.finish(unread)
}

impl Run {
    /// Takes the events and decides.
    fn look(&mut self, now: Instant) {
        while let Some(event) = self.engine.poll_event() {
            assert_eq!(self.failures, 0, "{event:?} after the terminal event");
            self.events.push(format!("{event:?}"));
            match event {
                ServerOpeningEvent::Request(request) => self.decide(&request.subprotocols, now),
                ServerOpeningEvent::Http(_) => self.respond(now),
                ServerOpeningEvent::Failed(_) => self.failures += 1,
                _ => {}
            }
        }
        if self.failures > 0 {
            assert_eq!((self.engine.transport(), self.engine.poll_timeout()), (Transport::Close, None));
        }
    }

    fn decide(&mut self, offered: &[String], now: Instant) {
        let mut acceptance = Acceptance::default();
        if self.engine.transport() == Transport::Close {
            // The end of the transport came first.
            assert!(self.engine.accept(acceptance, now).is_err());
            return;
        }
        acceptance.subprotocol = Subprotocol::Named("never offered".into());
        assert!(self.engine.accept(acceptance, now).is_err(), "a subprotocol that was not offered");
        assert!(self.engine.respond(HttpResponse::new(StatusCode::OK), now).is_err(), "not a plain request");
        let mut acceptance = Acceptance::default();
        match self.flags.number(DECISION, 3) {
            0 => return self.is_waiting = true,
            1 | 2 => {
                let mut refusal = Refusal::new(StatusCode::FORBIDDEN);
                refusal.body = BODY.into();
                return self.engine.refuse(refusal, now).expect("a request waits");
            }
            3 => acceptance.headers = headers(),
            4 => acceptance.subprotocol = Subprotocol::None,
            5 => {
                if let Some(name) = offered.last() {
                    acceptance.subprotocol = Subprotocol::Named(name.clone());
                }
            }
            _ => {}
        }
        self.engine.accept(acceptance, now).expect("a request waits");
    }

    fn respond(&mut self, now: Instant) {
        assert!(self.engine.accept(Acceptance::default(), now).is_err(), "not a request for a WebSocket");
        if self.flags.number(DECISION, 3) == 0 {
            return self.is_waiting = true;
        }
        let status = if self.flags.has(HEADERS) { StatusCode::NO_CONTENT } else { StatusCode::OK };
        let mut response = HttpResponse::new(status);
        response.body = BODY.into();
        self.engine.respond(response, now).expect("a request waits");
    }

    fn drain(&mut self) {
        let outbox = self.engine.outbox();
        self.sent.extend(outbox.pieces().flatten());
        outbox.clear();
    }

    fn finish(self, unread: Vec<u8>) -> Seen {
        let Self { engine, events, sent, failures, is_waiting, .. } = self;
        let transport = engine.transport();
        let is_accepted = engine.is_accepted();
        let leftover = engine.into_established().ok().map(|established| {
            let mut leftover = established.received.to_vec();
            leftover.extend(unread);
            leftover
        });
        assert_eq!(leftover.is_some(), is_accepted);
        // An accepted request leaves no event and no timer, but the transport may be paused; that depends on the pieces.
        let transport = if is_accepted || is_waiting { Transport::Open } else { transport };
        Seen { events, sent, leftover, is_waiting, failures, transport }
    }
}

impl Seen {
    fn check(&self, input: &[u8]) {
        let is_complete = input.windows(4).any(|window| window == b"\r\n\r\n");
        let is_request = |event: &String| !event.starts_with("Failed(");
        assert!(is_complete || !self.events.iter().any(is_request), "a request without end");
        match &self.leftover {
            Some(leftover) => {
                let head =
                    input.strip_suffix(leftover.as_slice()).expect("what is left is the end of the input");
                let end = input.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
                assert_eq!(Some(head.len()), end, "the head ends with the empty line");
                assert_eq!(self.failures, 0);
            }
            None if self.is_waiting => assert!(self.failures <= 1),
            None => {
                assert_eq!((self.failures, self.transport), (1, Transport::Close));
            }
        }
        if !self.sent.is_empty() {
            let is_head = input.trim_ascii_start().starts_with(b"HEAD ");
            check_response(&self.sent, self.leftover.is_some(), is_head);
        }
    }
}

/// Whether a server has no reason to refuse a request: none but the plainest pass here.
fn is_plainly_valid(input: &[u8], options: &ServerOptions) -> bool {
    let Some(end) = input.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let (head, _) = input.split_at(end);
    let Ok(head) = std::str::from_utf8(head) else { return false };
    let mut lines = head.split("\r\n");
    let path = lines.next().and_then(|line| line.strip_prefix("GET /")?.strip_suffix(" HTTP/1.1"));
    let mut count = 0;
    let mut missing = vec![
        "Host: example.com:8080",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    ];
    for line in lines {
        count += 1;
        if let Some(found) = missing.iter().position(|needed| *needed == line) {
            missing.swap_remove(found);
        } else if !line.starts_with("X-") || !is_plain_field(line) {
            return false;
        }
    }
    path.is_some_and(|path| path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/?=&".contains(&byte)))
        && missing.is_empty()
        && end + 4 <= options.head_limits.max_len
        && count <= options.head_limits.max_headers
        && !head.contains("X-Forwarded-For")
}

fn is_plain_field(line: &str) -> bool {
    line.split_once(": ").is_some_and(|(name, value)| {
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
    })
}

/// Whether `sent` is one response and nothing else, by a reading of RFC 9112 that shares nothing with ours.
fn check_response(sent: &[u8], is_accepted: bool, is_head: bool) {
    let end = sent.windows(4).position(|window| window == b"\r\n\r\n").expect("a head ends");
    let (head, body) = sent.split_at(end + 4);
    let head = String::from_utf8_lossy(head);
    let mut lines = head.trim_end_matches("\r\n").split("\r\n");
    let status_line = lines.next().expect("split gives at least one line");
    let status = status_line.strip_prefix("HTTP/1.1 ").expect("a status line");
    let (code, reason) = status.split_once(' ').expect("a space behind the code");
    let code: u16 = code.parse().expect("a code");
    assert!(!reason.contains(['\r', '\n', '\0']));
    assert_eq!(code == 101, is_accepted);
    let (mut length, mut proofs) = (None, 0);
    for line in lines {
        assert!(!line.contains(['\r', '\n', '\0']), "{line:?} breaks out of its line");
        let (name, value) = line.split_once(": ").expect("a header field");
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{name:?}");
        match name {
            "Content-Length" => length = Some(value.parse::<usize>().expect("a length")),
            "Sec-WebSocket-Accept" => proofs += 1,
            _ => {}
        }
    }
    assert_eq!(proofs, usize::from(is_accepted));
    match length {
        Some(length) => assert!(body.len() == length || (is_head && body.is_empty()), "the length is wrong"),
        None => assert!(body.is_empty() && matches!(code, 101 | 204 | 304), "a body without length"),
    }
}
