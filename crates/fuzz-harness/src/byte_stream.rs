//! Arbitrary messages as a byte stream.

use std::sync::Arc;

use wirebahn_core::websocket::byte_stream::{ByteDecoder, ByteEncoding, ByteStreamError};
use wirebahn_core::websocket::{Config, Established, Event, MessageKind, Role, Streaming, Utf8Check};
use wirebahn_core::{Engine, Instant};

use crate::entropy::Zeros;
use crate::frame;
use crate::input::{Flags, Input};

// The flags.
const BASE64: u32 = 0;
/// Each message comes in two frames.
const FRAGMENTS: u32 = 1;
/// Two bits: which message is of the other kind; 0 is none.
const STRANGER: u32 = 2;

/// What stands between the messages: no character of base64.
const SEPARATOR: u8 = b'|';

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Messages of a peer, in pieces, into the decoder of byte streams; and the same bytes as a stream, there and back.
///
/// # Panics
///
/// If the pieces matter to anything but how far a stream comes within the message that breaks it, if it is not the stream
/// that a second decoder finds, or if it comes back differently.
pub fn byte_stream(data: &[u8]) {
    let Some(input) = Input::parse(data) else { return };
    let flags = input.flags;
    let encoding = if flags.has(BASE64) { ByteEncoding::Base64 } else { ByteEncoding::Binary };

    let kind = |number: usize| match encoding.kind() {
        kind if number != usize::from(flags.number(STRANGER, 2)) => kind,
        MessageKind::Text => MessageKind::Binary,
        MessageKind::Binary => MessageKind::Text,
    };
    let payloads = input.bytes.split(|byte| *byte == SEPARATOR);
    let messages: Vec<_> =
        payloads.enumerate().map(|(at, payload)| (kind(at + 1), payload.to_vec())).collect();
    let expected = reference(encoding, &messages);
    for decoded in decode_both_ways(encoding, &input, &messages) {
        assert_eq!(decoded.error, expected.error, "the second decoder comes to another end");
        let broken = decoded.stream.strip_prefix(expected.complete.as_slice());
        let broken = broken.expect("all that was right arrives");
        assert!(expected.broken.starts_with(broken), "{broken:?} instead of {:?}", expected.broken);
    }

    let encode = |part: &[u8]| {
        let message = encoding.encode(part);
        (message.kind(), message.into_payload().to_vec())
    };
    let messages: Vec<_> = input.cut(input.bytes).into_iter().map(encode).collect();
    for decoded in decode_both_ways(encoding, &input, &messages) {
        assert_eq!(
            decoded,
            Decoded { stream: input.bytes.to_vec(), error: None },
            "it comes back differently"
        );
    }
}

#[derive(Debug, PartialEq)]
struct Decoded {
    stream: Vec<u8>,
    error: Option<ByteStreamError>,
}

/// What comes of the messages when they arrive whole, and when they arrive in pieces.
fn decode_both_ways(
    encoding: ByteEncoding,
    input: &Input<'_>,
    messages: &[(MessageKind, Vec<u8>)],
) -> [Decoded; 2] {
    let frames: Vec<u8> = messages.iter().flat_map(|message| frames(input.flags, message)).collect();
    [decode(encoding, &[&frames]), decode(encoding, &input.cut(&frames))]
}

fn frames(flags: Flags, (kind, payload): &(MessageKind, Vec<u8>)) -> Vec<u8> {
    let opcode = if *kind == MessageKind::Text { 1 } else { 2 };
    if !flags.has(FRAGMENTS) {
        return frame::masked(0x80 | opcode, payload);
    }
    let (first, second) = payload.split_at(payload.len() / 2);
    [frame::masked(opcode, first), frame::masked(0x80, second)].concat()
}

fn decode(encoding: ByteEncoding, pieces: &[&[u8]]) -> Decoded {
    let mut config = Config::default();
    config.keepalive = None;
    // So that there is more to find for the decoder.
    config.utf8 = Utf8Check::Off;
    let established = Established::new(Role::Server, Arc::new(config), Box::new(Zeros), Instant::ZERO);
    let mut engine = Streaming::new(established);
    let mut decoder = ByteDecoder::new(encoding);
    let mut decoded = Decoded { stream: Vec::new(), error: None };
    for piece in pieces {
        engine.recv_buf().extend_from_slice(piece);
        engine.handle_recv(Instant::ZERO);
        while let Some(event) = engine.poll_event() {
            let Event::Data(chunk) = event else { panic!("{event:?} where there are messages only") };
            let most = chunk.payload().len() + 3;
            match decoder.decode(chunk) {
                Ok(bytes) => {
                    assert!(bytes.len() <= most, "more comes out than went in");
                    decoded.stream.extend(bytes);
                }
                Err(error) => {
                    decoded.error = Some(error);
                    return decoded;
                }
            }
        }
    }
    decoded
}

struct Reference {
    /// What the messages carry up to the one that is wrong.
    complete: Vec<u8>,
    /// What may come of that one.
    broken: Vec<u8>,
    error: Option<ByteStreamError>,
}

/// A second decoder, after RFC 4648 4 alone.
fn reference(encoding: ByteEncoding, messages: &[(MessageKind, Vec<u8>)]) -> Reference {
    let mut complete = Vec::new();
    for (kind, payload) in messages {
        if *kind != encoding.kind() {
            let error = ByteStreamError::WrongKind { expected: encoding.kind() };
            return Reference { complete, broken: Vec::new(), error: Some(error) };
        }
        match encoding {
            ByteEncoding::Binary => complete.extend(payload),
            ByteEncoding::Base64 => match from_base64(payload) {
                Ok(bytes) => complete.extend(bytes),
                Err(broken) => {
                    return Reference { complete, broken, error: Some(ByteStreamError::NotBase64) };
                }
            },
        }
    }
    Reference { complete, broken: Vec::new(), error: None }
}

/// What is before the mistake, if there is one.
fn from_base64(text: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
    let mut bytes = Vec::new();
    let mut is_padded = false;
    for quad in text.chunks(4) {
        let Some(decoded) = from_quad(quad).filter(|_| !is_padded) else { return Err(bytes) };
        is_padded = decoded.len() < 3;
        bytes.extend(decoded);
    }
    Ok(bytes)
}

fn from_quad(quad: &[u8]) -> Option<Vec<u8>> {
    let [_, _, third, fourth] = *quad else { return None };
    let len = match (third, fourth) {
        (b'=', b'=') => 1,
        (_, b'=') => 2,
        _ => 3,
    };
    let mut bits = 0_u32;
    for character in quad.get(..=len)? {
        bits = bits << 6 | ALPHABET.iter().position(|known| known == character)? as u32;
    }
    let [_, bytes @ ..] = (bits << (6 * (3 - len))).to_be_bytes();
    let (bytes, unused) = bytes.split_at(len);
    unused.iter().all(|byte| *byte == 0).then(|| bytes.to_vec())
}
