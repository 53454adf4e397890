//! Arbitrary bytes into a RawSocket, from the handshake on.

use std::fmt::Debug;
use std::sync::Arc;

use wirebahn_core::rawsocket::opening::{
    ClientOpening, ClientOpeningEvent, ClientOptions, HANDSHAKE_LEN, SerializerId, ServerOpening,
    ServerOpeningEvent, ServerOptions,
};
use wirebahn_core::rawsocket::{Cause, Config, Established, Event, MaxLen, RawSocket};
use wirebahn_core::{Engine, Transport};
use wirebahn_testkit::at;

use crate::entropy::Zeros;
use crate::input::{Flags, Input};

// The flags.
const SERVER: u32 = 0;
/// A valid handshake stands before the bytes.
const HANDSHAKE: u32 = 1;
/// The transport ends behind the bytes.
const EOF: u32 = 2;
/// The peer takes nothing.
const NEGLECT: u32 = 3;

/// What both ends accept: small, so that the limit is found.
const MAX_LEN: MaxLen = MaxLen::MIN;

const HIGH_WATER: usize = 256;

/// Bytes of a peer, in pieces, into either end of a RawSocket.
///
/// # Panics
///
/// If the pieces matter, memory is not bounded, what is received or answered differs from what a second parser finds, or
/// the contract of engines is broken.
pub fn rawsocket(data: &[u8]) {
    let Some(input) = Input::parse(data) else { return };
    let prefix: &[u8] = if input.flags.has(HANDSHAKE) { &[0x7f, 0x01, 0, 0] } else { &[] };
    let bytes = [prefix, input.bytes].concat();
    let whole = run(input.flags, &[&bytes]);
    let pieces = run(input.flags, &input.cut(&bytes));
    assert_eq!(whole, pieces, "the pieces matter");
    let Some(conversation) = whole.conversation else { return };
    let (_, behind) = bytes.split_at(HANDSHAKE_LEN);
    assert_eq!(conversation.frames, reference(behind), "the second parser finds other frames");
    if !input.flags.has(NEGLECT) {
        assert_eq!(conversation.sent, answers(&conversation.frames), "the pings are not answered");
    }
}

/// What could be seen of the engines.
#[derive(Debug, PartialEq)]
struct Seen {
    opening: String,
    conversation: Option<Conversation>,
}

#[derive(Debug, Default, PartialEq)]
struct Conversation {
    /// Type and payload.
    frames: Vec<(u8, Vec<u8>)>,
    sent: Vec<u8>,
    end: Option<Cause>,
}

fn run(flags: Flags, pieces: &[&[u8]]) -> Seen {
    let mut config = Config::default();
    config.max_len = MAX_LEN;
    config.outbox_high_water = HIGH_WATER;
    let config = Arc::new(config);
    if flags.has(SERVER) {
        let mut options = ServerOptions::default();
        options.config = config;
        let mut engine = ServerOpening::new(Arc::new(options), Box::new(Zeros), at(0));
        let (event, rest) = open(&mut engine, flags, pieces);
        let failed = matches!(event, Some(ServerOpeningEvent::Failed(_)));
        let established = engine.into_established().ok();
        assert!(!(failed && established.is_some()));
        seen(format!("{event:?}"), established, flags, rest)
    } else {
        let mut options = ClientOptions::default();
        options.config = config;
        options.serializer = SerializerId::JSON;
        let mut engine = ClientOpening::new(Arc::new(options), Box::new(Zeros), at(0));
        let (event, rest) = open(&mut engine, flags, pieces);
        let failed = matches!(event, Some(ClientOpeningEvent::Failed(_)));
        let established = engine.into_established().ok();
        assert!(!(failed && established.is_some()));
        seen(format!("{event:?}"), established, flags, rest)
    }
}

/// Feeds the handshake until it says something; gives the pieces that are left.
fn open<'a, 'b, E: Engine<Event: Debug>>(
    engine: &mut E,
    flags: Flags,
    pieces: &'a [&'b [u8]],
) -> (Option<E::Event>, &'a [&'b [u8]]) {
    let mut rest = pieces;
    while let Some((piece, behind)) = rest.split_first() {
        rest = behind;
        engine.recv_buf().extend_from_slice(piece);
        engine.handle_recv(at(0));
        if let Some(event) = engine.poll_event() {
            return (Some(event), rest);
        }
        assert!(engine.recv_buf().len() < HANDSHAKE_LEN, "an unfinished handshake is not bounded");
    }
    if flags.has(EOF) || engine.transport() == Transport::Finish {
        engine.handle_eof(at(1));
    }
    while let Some(deadline) = engine.poll_timeout() {
        engine.handle_timeout(deadline);
        assert!(engine.poll_timeout().is_none_or(|next| next > deadline));
    }
    (engine.poll_event(), rest)
}

fn seen(opening: String, established: Option<Established>, flags: Flags, pieces: &[&[u8]]) -> Seen {
    let conversation = established.map(|mut established| {
        established.outbox.clear();
        converse(RawSocket::new(established), flags, pieces)
    });
    Seen { opening, conversation }
}

fn converse(mut socket: RawSocket, flags: Flags, pieces: &[&[u8]]) -> Conversation {
    let mut seen = Conversation::default();
    look(&mut socket, flags, &mut seen);
    for piece in pieces {
        if socket.transport() != Transport::Open {
            break;
        }
        socket.recv_buf().extend_from_slice(piece);
        socket.handle_recv(at(1));
        look(&mut socket, flags, &mut seen);
        assert!(socket.recv_buf().len() < MAX_LEN.bytes() + 4, "an unfinished frame is not bounded");
    }
    if flags.has(EOF) || socket.transport() == Transport::Finish {
        socket.handle_eof(at(2));
        look(&mut socket, flags, &mut seen);
        assert!(seen.end.is_some(), "the end of the transport ends the connection");
        assert_eq!((socket.transport(), socket.poll_timeout()), (Transport::Close, None));
    }
    seen
}

fn look(socket: &mut RawSocket, flags: Flags, seen: &mut Conversation) {
    while let Some(event) = socket.poll_event() {
        assert_eq!(seen.end, None, "{event:?} behind the end");
        match event {
            Event::Message(payload) => seen.frames.push((0, payload.to_vec())),
            Event::Ping(payload) => seen.frames.push((1, payload.to_vec())),
            Event::Pong(pong) => seen.frames.push((2, pong.payload.to_vec())),
            Event::Closed(closed) => seen.end = Some(closed.cause),
            event => panic!("{event:?}"),
        }
        let outbox = socket.outbox();
        assert!(outbox.len() < HIGH_WATER + MAX_LEN.bytes() + 4, "the answers are not bounded");
        if !flags.has(NEGLECT) {
            seen.sent.extend(outbox.pieces().flatten());
            outbox.clear();
        }
    }
}

/// The whole frames up to the first that is not allowed.
fn reference(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while let [number @ 0..=2, 0, high, low, rest @ ..] = bytes {
        let len = usize::from(*high) * 256 + usize::from(*low);
        let Some((payload, rest)) = rest.split_at_checked(len).filter(|_| len <= 512) else { break };
        frames.push((*number, payload.to_vec()));
        bytes = rest;
    }
    frames
}

fn answers(frames: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut answers = Vec::new();
    for (_, payload) in frames.iter().filter(|(number, _)| *number == 1) {
        answers.extend([2, 0]);
        answers.extend((payload.len() as u16).to_be_bytes());
        answers.extend(payload);
    }
    answers
}
