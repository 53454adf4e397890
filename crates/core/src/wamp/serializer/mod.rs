//! The three serializers.
//!
//! `json`, `msgpack` and `cbor` implement the two traits of `format`. Above them everything is written once: `codec`
//! takes messages to bytes and back, `transcode` payloads from one serializer to another, `batch` is about several
//! messages at once.
//!
//! They are written for what WAMP needs and libraries do not have: finding a payload without decoding it, checked so well
//! that no other peer chokes on it; binary data in JSON; one set of rules for what the values of one serializer are in
//! the others.

mod batch;
mod cbor;
mod codec;
mod cursor;
mod error;
mod format;
mod json;
mod msgpack;
mod transcode;

use core::fmt;

pub use batch::{Batch, BatchError, Batching, Subprotocol};
pub(crate) use cbor::{CborReader, CborWriter};
pub use error::{SyntaxError, SyntaxErrorKind};
pub use format::MAX_DEPTH;
pub(crate) use format::{Items, Reader, Step, Token, Writer};
pub(crate) use json::{JsonReader, JsonWriter};
pub(crate) use msgpack::{MsgPackReader, MsgPackWriter};
pub(crate) use transcode::transcode;

/// How messages become bytes.
///
/// All three carry the same values: every payload that was accepted in one can be had in the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Serializer {
    /// Text; binary data as strings of U+0000 and base64.
    #[default]
    Json,
    /// Compact and fast.
    MsgPack,
    /// Compact; an Internet standard (RFC 8949).
    Cbor,
}

impl Serializer {
    /// All serializers, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Json, Self::MsgPack, Self::Cbor];

    /// The name, as in the WebSocket subprotocols `wamp.2.<name>`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::MsgPack => "msgpack",
            Self::Cbor => "cbor",
        }
    }

    /// The serializer with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|serializer| serializer.name() == name)
    }

    /// The number in the handshake of RawSocket.
    #[must_use]
    pub const fn rawsocket_number(self) -> u8 {
        match self {
            Self::Json => 1,
            Self::MsgPack => 2,
            Self::Cbor => 3,
        }
    }

    /// The serializer with this number in the handshake of RawSocket.
    #[must_use]
    pub fn from_rawsocket_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|serializer| serializer.rawsocket_number() == number)
    }

    /// Whether the bytes are text: over WebSocket, JSON goes in text messages and the others in binary ones.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Json)
    }
}

impl fmt::Display for Serializer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
