//! Connections and frames made by hand.

use std::sync::Arc;

use wirebahn_core::websocket::opening::{Acceptance, ClientOpening, ClientRequest, ServerOpening};
use wirebahn_core::websocket::{
    Cause, Closed, Config, Established, Event, Frames, MessageEvent, Messages, Role, Streaming, Violation,
};
use wirebahn_core::{Engine, Entropy, Instant, Transport};

/// The key that [`Fixed`] makes every frame be masked with.
pub const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

pub struct Fixed;

impl Entropy for Fixed {
    fn fill(&mut self, out: &mut [u8]) {
        for (byte, key) in out.iter_mut().zip(KEY.iter().cycle()) {
            *byte = *key;
        }
    }
}

pub const fn at(millis: u64) -> Instant {
    Instant::from_micros(millis * 1000)
}

/// Without keepalive, so that no timer runs that a test does not ask for.
pub fn quiet() -> Config {
    let mut config = Config::default();
    config.keepalive = None;
    config
}

pub fn established(role: Role, config: Config) -> Established {
    Established::new(role, Arc::new(config), Box::new(Fixed), at(0))
}

pub fn streaming(role: Role, config: Config) -> Streaming {
    Streaming::new(established(role, config))
}

pub fn frames(role: Role, config: Config) -> Frames {
    Frames::new(established(role, config))
}

pub fn messages(role: Role, config: Config) -> Messages {
    Messages::new(established(role, config))
}

/// A frame with any first byte, as a client sends it.
pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = header(first, payload.len(), 0x80);
    frame.extend(KEY);
    frame.extend(payload.iter().zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// A frame with any first byte, as a server sends it.
pub fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = header(first, payload.len(), 0);
    frame.extend(payload);
    frame
}

fn header(first: u8, len: usize, mask: u8) -> Vec<u8> {
    let mut header = vec![first];
    match len {
        0..126 => header.push(mask | len as u8),
        126..0x1_0000 => {
            header.push(mask | 126);
            header.extend((len as u16).to_be_bytes());
        }
        _ => {
            header.push(mask | 127);
            header.extend((len as u64).to_be_bytes());
        }
    }
    header
}

/// Both ends of a connection, opened by the real handshake.
pub fn handshake() -> (Messages, Messages) {
    let request = ClientRequest::new("ws://example.com/".parse().unwrap());
    let mut client = ClientOpening::new(request, Arc::default(), Box::new(Fixed), at(0));
    let mut server = ServerOpening::new(Arc::default(), None, Box::new(Fixed), at(0));
    receive(&mut server, &sent(&mut client), at(0));
    server.accept(Acceptance::default(), at(0)).unwrap();
    receive(&mut client, &sent(&mut server), at(0));
    (Messages::new(client.into_established().unwrap()), Messages::new(server.into_established().unwrap()))
}

/// How input reaches an engine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Feed {
    Whole,
    ByteByByte,
    WithTrailingBytes,
}

pub const FEEDS: [Feed; 3] = [Feed::Whole, Feed::ByteByByte, Feed::WithTrailingBytes];

/// Everything that `input` makes an engine say, then the end of the transport.
pub fn run<E: Engine>(engine: &mut E, input: &[u8], feed: Feed) -> Vec<E::Event> {
    let mut input = input.to_vec();
    if feed == Feed::WithTrailingBytes {
        input.extend([0xff; 40]);
    }
    let size = if feed == Feed::ByteByByte { 1 } else { input.len().max(1) };
    let mut events = Vec::new();
    for piece in input.chunks(size) {
        events.extend(receive(engine, piece, at(0)));
    }
    events
}

/// Feeds one piece and takes every event.
pub fn receive<E: Engine>(engine: &mut E, piece: &[u8], now: Instant) -> Vec<E::Event> {
    engine.recv_buf().extend_from_slice(piece);
    engine.handle_recv(now);
    drain(engine)
}

pub fn drain<E: Engine>(engine: &mut E) -> Vec<E::Event> {
    core::iter::from_fn(|| engine.poll_event()).collect()
}

/// Takes what waits to be sent.
pub fn sent<E: Engine>(engine: &mut E) -> Vec<u8> {
    let outbox = engine.outbox();
    let bytes = outbox.pieces().flatten().copied().collect();
    outbox.clear();
    bytes
}

/// Joins adjacent data of one frame.
pub fn joined(events: Vec<Event>) -> Vec<Event> {
    let mut joined: Vec<Event> = Vec::new();
    for event in events {
        match (joined.last_mut(), event) {
            (Some(Event::Data(last)), Event::Data(next)) => {
                if let Err(next) = last.join(next) {
                    joined.push(Event::Data(next));
                }
            }
            (_, event) => joined.push(event),
        }
    }
    joined
}

/// The connection is over because of `violation`, and the peer was told so.
pub fn assert_failed<E: Engine>(engine: &mut E, violation: Violation) -> Closed
where
    E::Event: IntoClosed,
{
    let code = violation.close_code().get().to_be_bytes();
    assert_eq!(sent(engine), [&[0x88, 2], &code[..]].concat(), "the Close frame for {violation:?}");
    assert_eq!(engine.transport(), Transport::Finish);
    engine.handle_eof(at(0));
    let closed = drain(engine).pop().expect("a terminal event").into_closed();
    assert_eq!(closed.cause, Cause::Violation(violation));
    assert!(!closed.clean);
    assert_over(engine);
    closed
}

pub fn assert_over<E: Engine>(engine: &mut E) {
    assert_eq!(engine.transport(), Transport::Close);
    assert_eq!(engine.poll_timeout(), None);
    assert!(engine.poll_event().is_none());
}

pub trait IntoClosed {
    fn into_closed(self) -> Closed;
}

impl IntoClosed for Event {
    fn into_closed(self) -> Closed {
        match self {
            Self::Closed(closed) => closed,
            other => panic!("expected the end, got {other:?}"),
        }
    }
}

impl IntoClosed for MessageEvent {
    fn into_closed(self) -> Closed {
        match self {
            Self::Closed(closed) => closed,
            other => panic!("expected the end, got {other:?}"),
        }
    }
}
