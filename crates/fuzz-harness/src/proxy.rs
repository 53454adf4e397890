//! Arbitrary bytes of proxies: those on the way to a server, and those in front of one.

use std::fmt::Debug;

use wirebahn_core::http::Host;
use wirebahn_core::proxy::{
    Dialogue, Prologue, PrologueEvent, ProxyAddresses, ProxyHeader, ProxyHeaderExpectation, ProxyHeaderGate,
    ProxyHeaderMode, ProxyHeaderOptions, ProxyHeaderVersion, ProxyTunnel, TunnelOptions,
};
use wirebahn_core::{Engine, Transport};
use wirebahn_testkit::at;

use crate::input::{Flags, Input};

// The flags.
/// Two bits: which of [`PROXIES`] is spoken to, or which of [`EXPECTATIONS`] holds.
const KIND: u32 = 0;
const SMALL: u32 = 2;
const EOF: u32 = 3;
/// Two bits: which of the prefixes stands before the bytes.
const PREFIX: u32 = 4;

const PROXIES: [&str; 4] =
    ["http://proxy", "http://user:secret@proxy", "socks5h://proxy", "socks5h://user:secret@proxy"];

const EXPECTATIONS: [ProxyHeaderExpectation; 4] = [
    ProxyHeaderExpectation::Certain,
    ProxyHeaderExpectation::Possible,
    ProxyHeaderExpectation::None,
    ProxyHeaderExpectation::Certain,
];

const ANSWERS: [&[u8]; 4] = [b"", b"HTTP/1.1 200 OK\r\n", b"\x05\x00\x05\x00\x00", b"\x05\x02\x01\x00\x05"];

const HEADERS: [&[u8]; 4] = [
    b"",
    b"PROXY TCP4 ",
    b"\r\n\r\n\0\r\nQUIT\n\x21",
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x14\x01\x02\x03\x04\x05",
];

/// More than any prologue here says.
const MAX_SENT: usize = 1024;

/// Bytes of a proxy, in pieces, into the asking for a tunnel.
///
/// # Panics
///
/// If the pieces matter, a tunnel is opened without the proxy's consent, bytes behind its answer get lost, or the
/// contract of engines is broken.
pub fn proxy_tunnel(data: &[u8]) {
    let Some(input) = Input::parse(data) else { return };
    let bytes = [pick(&ANSWERS, input.flags, PREFIX), input.bytes].concat();
    let kind = usize::from(input.flags.number(KIND, 2));
    let mut options = TunnelOptions::default();
    if input.flags.has(SMALL) {
        options.head_limits.max_len = 64;
    }
    let proxy = pick(&PROXIES, input.flags, KIND).parse().expect("these URLs are valid");
    let make = || {
        ProxyTunnel::open(&proxy, &Host::Name("example.com".into()), 443, &options, at(0))
            .expect("the name is short enough")
    };
    let Some(((), head)) = compare(make, &input, &bytes) else { return };
    match kind {
        0 | 1 => {
            let text = String::from_utf8_lossy(&head);
            let last = text.strip_suffix("\r\n\r\n").and_then(|heads| heads.rsplit("\r\n\r\n").next());
            let is_success =
                last.is_some_and(|last| last.starts_with("HTTP/1.") && last.get(8..10) == Some(" 2"));
            assert!(is_success, "a tunnel without a 2xx: {text:?}");
        }
        _ => {
            let replies: &[&[u8]] = &[b"\x05\x00\x05\x00", b"\x05\x02\x01\x00\x05\x00"];
            assert!(
                replies.iter().any(|reply| head.starts_with(reply)),
                "a tunnel without consent: {head:?}"
            );
        }
    }
}

/// Bytes at the beginning of a connection, in pieces, into the waiting for a PROXY header.
///
/// # Panics
///
/// If the pieces matter, a header is seen where none is, bytes behind it get lost, or the contract of engines is broken.
pub fn proxy_header(data: &[u8]) {
    let Some(input) = Input::parse(data) else { return };
    let bytes = [pick(&HEADERS, input.flags, PREFIX), input.bytes].concat();
    let mut options = ProxyHeaderOptions::new(ProxyHeaderMode::Off);
    if input.flags.has(SMALL) {
        options.max_len = 64;
    }
    let expectation = pick(&EXPECTATIONS, input.flags, KIND);
    let make = || ProxyHeaderGate::open(expectation, &options, at(0));
    match compare(make, &input, &bytes) {
        None => {}
        Some((None, head)) => {
            assert!(head.is_empty() && expectation != ProxyHeaderExpectation::Certain, "bytes got lost");
        }
        Some((Some(header), head)) => {
            assert_ne!(expectation, ProxyHeaderExpectation::None);
            assert!(head.len() <= options.max_len, "a header is not bounded");
            check_header(&header, &head);
        }
    }
}

/// Whether the header is what stands there, as far as there is one way only to write it.
fn check_header(header: &ProxyHeader, head: &[u8]) {
    let expected = match (header.version, &header.addresses) {
        (ProxyHeaderVersion::V1, ProxyAddresses::Ip { source, destination, .. }) if source.is_ipv4() => {
            format!(
                "PROXY TCP4 {} {} {} {}\r\n",
                source.ip(),
                destination.ip(),
                source.port(),
                destination.port()
            )
            .into_bytes()
        }
        (ProxyHeaderVersion::V1, _) => b"PROXY ".to_vec(),
        _ => b"\r\n\r\n\0\r\nQUIT\n".to_vec(),
    };
    assert!(head.starts_with(&expected), "{header:?} is not {head:?}");
}

fn pick<T: Copy>(choices: &[T; 4], flags: Flags, bit: u32) -> T {
    let [first, second, third, fourth] = *choices;
    match flags.number(bit, 2) {
        0 => first,
        1 => second,
        2 => third,
        _ => fourth,
    }
}

/// Runs the bytes whole and in pieces. If it was successful, the output and the bytes that it took.
fn compare<D>(make: impl Fn() -> Prologue<D>, input: &Input<'_>, bytes: &[u8]) -> Option<(D::Output, Vec<u8>)>
where
    D: Dialogue<Output: Debug + PartialEq, Error: Debug + PartialEq>,
{
    if bytes.is_empty() {
        return None;
    }
    let eof = input.flags.has(EOF);
    let (whole, pieces) = (run(make(), &[bytes], eof), run(make(), &input.cut(bytes), eof));
    assert_eq!(whole, pieces, "the pieces matter");
    let (event, leftover) = whole;
    match event {
        PrologueEvent::Done(output) => {
            let leftover = leftover.expect("it is over");
            let head = bytes.strip_suffix(leftover.as_slice()).expect("what is left is the end of the input");
            Some((output, head.to_vec()))
        }
        PrologueEvent::Failed(_) => {
            assert_eq!(leftover, None);
            None
        }
    }
}

type Ended<D> = (PrologueEvent<<D as Dialogue>::Output, <D as Dialogue>::Error>, Option<Vec<u8>>);

fn run<D: Dialogue>(mut engine: Prologue<D>, pieces: &[&[u8]], eof: bool) -> Ended<D> {
    let mut events = Vec::new();
    let mut unread = Vec::new();
    for piece in pieces {
        if engine.transport() == Transport::Open {
            engine.recv_buf().extend_from_slice(piece);
            engine.handle_recv(at(0));
        } else {
            unread.extend_from_slice(piece);
        }
        events.extend(engine.poll_event());
        assert!(engine.outbox().len() <= MAX_SENT, "what is sent is not bounded");
    }
    if eof {
        engine.handle_eof(at(1));
        events.extend(engine.poll_event());
    }
    while let Some(deadline) = engine.poll_timeout() {
        engine.handle_timeout(deadline);
        assert!(engine.poll_timeout().is_none_or(|next| next > deadline));
        events.extend(engine.poll_event());
    }
    if events.is_empty() {
        engine.handle_eof(at(1));
        events.extend(engine.poll_event());
    }
    assert_eq!(events.len(), 1, "not exactly one event");
    let event = events.pop().expect("there is one");
    if let PrologueEvent::Failed(_) = event {
        assert_eq!((engine.transport(), engine.poll_timeout()), (Transport::Close, None));
    }
    let leftover = engine.into_leftover().ok().map(|leftover| [&leftover.received[..], &unread].concat());
    (event, leftover)
}
