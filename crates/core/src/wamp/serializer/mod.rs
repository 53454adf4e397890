//! The serializers.
//!
//! `json`, `msgpack` and `cbor`, each with its feature, implement the traits of `format` with the help of a library. Above
//! them everything is written once: `codec` takes messages to bytes and back, `transcode` payloads from one serializer to
//! another, `batch` is about several messages at once.
//!
//! What the libraries do not have, and WAMP needs, is done here: finding a payload without decoding it, checked so well
//! that no other peer chokes on it; binary data in JSON; one limit for how deep values are nested; one set of rules for what
//! the values of one serializer are in the others.

mod batch;
#[cfg(feature = "cbor")]
mod cbor;
mod codec;
mod error;
mod format;
#[cfg(feature = "json")]
mod json;
#[cfg(any(feature = "msgpack", feature = "cbor"))]
mod length;
#[cfg(feature = "msgpack")]
mod msgpack;
mod nesting;
mod transcode;

use core::fmt;

pub use batch::{Batch, BatchError, Batching, Subprotocol};
pub(crate) use batch::{SEPARATOR, SEPARATOR_OF_AUTOBAHN};
#[cfg(feature = "cbor")]
pub(crate) use cbor::Cbor;
pub use error::{SyntaxError, SyntaxErrorKind};
pub use format::MAX_DEPTH;
pub(crate) use format::{Format, Items, Reader, Shape, Token, Writer};
#[cfg(feature = "json")]
pub(crate) use json::Json;
#[cfg(feature = "msgpack")]
pub(crate) use msgpack::MsgPack;
pub(crate) use transcode::transcode;

/// How messages become bytes. Each has a feature of its name; without one, there is no serializer.
///
/// All carry the same values: every payload that was accepted in one can be had in the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "json", derive(Default))]
#[non_exhaustive]
pub enum Serializer {
    /// Text; binary data as strings of U+0000 and base64.
    #[cfg(feature = "json")]
    #[default]
    Json,
    /// Compact and fast.
    #[cfg(feature = "msgpack")]
    MsgPack,
    /// Compact; an Internet standard (RFC 8949).
    #[cfg(feature = "cbor")]
    Cbor,
}

impl Serializer {
    /// All serializers whose features are on, in the order of their numbers.
    pub const ALL: [Self; COUNT] = [
        #[cfg(feature = "json")]
        Self::Json,
        #[cfg(feature = "msgpack")]
        Self::MsgPack,
        #[cfg(feature = "cbor")]
        Self::Cbor,
    ];

    /// The name, as in the WebSocket subprotocols `wamp.2.<name>`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.profile().name
    }

    /// The serializer with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|serializer| serializer.name() == name)
    }

    /// The number in the handshake of RawSocket.
    #[must_use]
    pub const fn rawsocket_number(self) -> u8 {
        self.profile().rawsocket_number
    }

    /// The serializer with this number in the handshake of RawSocket.
    #[must_use]
    pub fn from_rawsocket_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|serializer| serializer.rawsocket_number() == number)
    }

    /// Whether the bytes are text: over WebSocket, JSON goes in text messages and the others in binary ones.
    #[must_use]
    pub const fn is_text(self) -> bool {
        self.profile().is_text
    }

    const fn profile(self) -> Profile {
        match self {
            #[cfg(feature = "json")]
            Self::Json => Profile {
                name: "json",
                subprotocol: "wamp.2.json",
                batched_subprotocol: "wamp.2.json.batched",
                rawsocket_number: 1,
                is_text: true,
            },
            #[cfg(feature = "msgpack")]
            Self::MsgPack => Profile {
                name: "msgpack",
                subprotocol: "wamp.2.msgpack",
                batched_subprotocol: "wamp.2.msgpack.batched",
                rawsocket_number: 2,
                is_text: false,
            },
            #[cfg(feature = "cbor")]
            Self::Cbor => Profile {
                name: "cbor",
                subprotocol: "wamp.2.cbor",
                batched_subprotocol: "wamp.2.cbor.batched",
                rawsocket_number: 3,
                is_text: false,
            },
        }
    }
}

const COUNT: usize =
    cfg!(feature = "json") as usize + cfg!(feature = "msgpack") as usize + cfg!(feature = "cbor") as usize;

/// What is said about a serializer in transports.
struct Profile {
    name: &'static str,
    subprotocol: &'static str,
    batched_subprotocol: &'static str,
    rawsocket_number: u8,
    is_text: bool,
}

/// Evaluates an expression in which the [`Format`] of a [`Serializer`] has a name.
macro_rules! with_format {
    ($serializer:expr, $format:ident => $expression:expr) => {
        match $serializer {
            #[cfg(feature = "json")]
            $crate::wamp::Serializer::Json => {
                type $format = $crate::wamp::serializer::Json;
                $expression
            }
            #[cfg(feature = "msgpack")]
            $crate::wamp::Serializer::MsgPack => {
                type $format = $crate::wamp::serializer::MsgPack;
                $expression
            }
            #[cfg(feature = "cbor")]
            $crate::wamp::Serializer::Cbor => {
                type $format = $crate::wamp::serializer::Cbor;
                $expression
            }
        }
    };
}
pub(crate) use with_format;

impl fmt::Display for Serializer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
