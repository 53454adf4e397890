//! Arbitrary bytes as compressed messages.

use std::sync::Arc;

use wirebahn_core::websocket::extension::deflate::{
    Backend, ContextTakeover, Deflate, DeflateOptions, WindowBits,
};
use wirebahn_core::websocket::extension::{
    Agreement, DecodeError, Extension, ExtensionParams, MessageDecoder,
};
use wirebahn_core::websocket::{
    Cause, Config, Established, Event, MessageEvent, MessageKind, Messages, Role, Streaming,
};
use wirebahn_core::{Engine, Instant};
use wirebahn_testkit::SeededEntropy;

use crate::frame;
use crate::input::{Flags, Input};

// The flags.
/// Three bits: 8 to 15 bits of window.
const WINDOW: u32 = 0;
const RESET: u32 = 3;
const TEXT: u32 = 4;
/// Four bits: where the messages end, in sixteenths of the bytes.
const CUT: u32 = 5;
const TINY_LIMIT: u32 = 9;

const LIMIT: u64 = 256 * 1024;

/// Bytes of a peer as two compressed messages, in pieces, into the decoder and into the layers above it.
///
/// # Panics
///
/// If the pieces matter, if a piece of output is longer than the window, if the layers disagree with the decoder, or if
/// more is delivered than the limit allows.
pub fn inflate(data: &[u8]) {
    let Some(input) = Input::parse(data) else { return };
    let flags = input.flags;
    let cut = input.bytes.len() * usize::from(flags.number(CUT, 4)) / 15;
    let (first, second) = input.bytes.split_at(cut);
    let limit = if flags.has(TINY_LIMIT) { 100 } else { LIMIT };

    let whole = decode(flags, [&[first][..], &[second][..]], limit);
    let in_pieces = decode(flags, [&input.cut(first)[..], &input.cut(second)[..]], limit);
    assert_eq!(whole, in_pieces, "the pieces matter to the decoder");

    let frames = [frame(flags, first), frame(flags, second)].concat();
    let pieces = input.cut(&frames);
    let streamed = stream(flags, &[&frames], limit);
    assert_eq!(streamed, stream(flags, &pieces, limit), "the pieces matter to Streaming");
    let messages = receive(flags, &[&frames], limit);
    assert_eq!(messages, receive(flags, &pieces, limit), "the pieces matter to Messages");
    assert!(
        streamed.0.starts_with(&messages.0) && streamed.1 == messages.1,
        "Messages is not Streaming, joined"
    );
    if !flags.has(TEXT) && whole.iter().all(|(_, end)| *end == End::Complete) {
        assert_eq!(streamed.1, None, "Streaming fails where the decoder does not");
        let expected: Vec<u8> = whole.into_iter().flat_map(|(payload, _)| payload).collect();
        assert_eq!(streamed.0, expected, "Streaming delivers something else than the decoder");
    }
}

/// How the decoding of a message ended.
#[derive(Debug, PartialEq)]
enum End {
    Complete,
    Failed(DecodeError),
    /// More than a message may have: given up.
    TooLong,
}

/// What messages inflate to, up to the first that does not.
fn decode(flags: Flags, messages: [&[&[u8]]; 2], limit: u64) -> Vec<(Vec<u8>, End)> {
    let mut decoder = agreement(flags).decoder();
    let mut decoded = Vec::new();
    for pieces in messages {
        let mut output = Vec::new();
        let end = decode_message(&mut *decoder, pieces, window(flags).size(), limit, &mut output);
        let failed = end != End::Complete;
        if end == End::TooLong {
            output.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        decoded.push((output, end));
        if failed {
            break;
        }
    }
    decoded
}

fn decode_message(
    decoder: &mut dyn MessageDecoder,
    pieces: &[&[u8]],
    window: usize,
    limit: u64,
    output: &mut Vec<u8>,
) -> End {
    for mut piece in pieces.iter().copied().chain([&[][..]]) {
        loop {
            match decoder.decode(&mut piece) {
                Ok([]) => break,
                Ok(inflated) => {
                    assert!(inflated.len() <= window, "a piece of {} bytes", inflated.len());
                    output.extend_from_slice(inflated);
                }
                Err(error) => return End::Failed(error),
            }
            if output.len() as u64 > limit {
                return End::TooLong;
            }
        }
        assert!(piece.is_empty(), "input was left behind");
    }
    loop {
        match decoder.finish() {
            Ok([]) => return End::Complete,
            Ok(inflated) => output.extend_from_slice(inflated),
            Err(error) => return End::Failed(error),
        }
        if output.len() as u64 > limit {
            return End::TooLong;
        }
    }
}

/// The payload that arrives, and why the connection fails if it does.
fn stream(flags: Flags, pieces: &[&[u8]], limit: u64) -> (Vec<u8>, Option<Cause>) {
    let mut payload = Vec::new();
    let mut len = 0;
    let cause = run(Streaming::new(established(flags, limit)), pieces, |event| match event {
        Event::Data(chunk) => {
            len = if chunk.starts_message() { 0 } else { len } + chunk.payload().len() as u64;
            assert!(len <= limit, "{len} bytes of a message");
            payload.extend_from_slice(chunk.payload());
            None
        }
        Event::Closed(closed) => Some(closed.cause),
        _ => None,
    });
    (payload, cause)
}

/// The messages that arrive, and why the connection fails if it does.
fn receive(flags: Flags, pieces: &[&[u8]], limit: u64) -> (Vec<u8>, Option<Cause>) {
    let mut payload = Vec::new();
    let cause = run(Messages::new(established(flags, limit)), pieces, |event| match event {
        MessageEvent::Message(message) => {
            assert_eq!(message.kind() == MessageKind::Text, flags.has(TEXT));
            assert!(
                message.kind() == MessageKind::Binary || message.as_text().is_some(),
                "text that is not UTF-8"
            );
            payload.extend_from_slice(message.payload());
            None
        }
        MessageEvent::Closed(closed) => Some(closed.cause),
        _ => None,
    });
    (payload, cause)
}

fn run<E: Engine>(
    mut engine: E,
    pieces: &[&[u8]],
    mut handle: impl FnMut(E::Event) -> Option<Cause>,
) -> Option<Cause> {
    let mut cause = None;
    for piece in pieces {
        engine.recv_buf().extend_from_slice(piece);
        engine.handle_recv(Instant::ZERO);
        while let Some(event) = engine.poll_event() {
            cause = handle(event).or(cause);
        }
    }
    engine.handle_eof(Instant::ZERO);
    while let Some(event) = engine.poll_event() {
        cause = handle(event).or(cause);
    }
    // The end of the transport is how every input ends that is not wrong.
    cause.filter(|cause| *cause != Cause::TransportLost)
}

fn window(flags: Flags) -> WindowBits {
    let bits = u8::try_from(flags.number(WINDOW, 3)).unwrap_or_default();
    WindowBits::new(8 + bits).unwrap_or(WindowBits::MAX)
}

fn agreement(flags: Flags) -> Agreement {
    let mut options = DeflateOptions::default();
    options.backend = Backend::MinizOxide;
    options.receive.window = window(flags);
    if flags.has(RESET) {
        options.receive.context = ContextTakeover::Reset;
    }
    let offer = ExtensionParams::parse_list("permessage-deflate; client_max_window_bits")
        .find_map(Result::ok)
        .expect("the offer is well formed");
    let deflate = Deflate::new(options);
    let (_, terms) = deflate.accept(&offer).expect("the offer is acceptable");
    Agreement::new(deflate.into(), terms)
}

fn established(flags: Flags, limit: u64) -> Established {
    let mut config = Config::default();
    config.keepalive = None;
    config.limits.max_message_len = limit;
    let entropy = Box::new(SeededEntropy::new(1));
    let mut established = Established::new(Role::Server, Arc::new(config), entropy, Instant::ZERO);
    established.extension = Some(agreement(flags));
    established
}

/// A compressed message in one frame.
fn frame(flags: Flags, payload: &[u8]) -> Vec<u8> {
    frame::masked(if flags.has(TEXT) { 0xc1 } else { 0xc2 }, payload)
}
