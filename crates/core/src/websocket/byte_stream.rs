//! Byte streams over WebSocket, as websockify and Autobahn's `WrappingWebSocketAdapter` have them.
//!
//! The bytes of a stream go over the wire in messages whose boundaries mean nothing, either as they are or in base64. Which
//! it is, is the subprotocol.

use alloc::vec::Vec;
use core::fmt;
use core::mem;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf, Bytes};

use super::opening::Request;
use super::{Chunk, CloseCode, Message, MessageKind};

/// How many bytes of a stream one message carries at most: what websockify, which reads whole messages, has room for.
pub const MAX_MESSAGE_BYTES: usize = 64 << 10;

/// How bytes become messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is no third kind of message")]
pub enum ByteEncoding {
    /// Binary messages, as they are: the subprotocol `binary`, or none.
    #[default]
    Binary,
    /// Text messages, each of them base64 (RFC 4648 4): the subprotocol `base64`, for peers that have only text.
    Base64,
}

impl ByteEncoding {
    /// All, the best first.
    pub const ALL: [Self; 2] = [Self::Binary, Self::Base64];

    /// The subprotocol.
    #[must_use]
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Base64 => "base64",
        }
    }

    /// The encoding of a subprotocol.
    #[must_use]
    pub fn from_subprotocol(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|encoding| encoding.subprotocol() == name)
    }

    /// The encoding for a client: of the first of its subprotocols that has one, or [`Binary`](Self::Binary) if it offers no
    /// subprotocol at all. `None` if it speaks something else, which websockify and Autobahn refuse.
    #[must_use]
    pub fn choose(request: &Request) -> Option<Self> {
        let offered = &request.subprotocols;
        if offered.is_empty() {
            return Some(Self::Binary);
        }
        offered.iter().find_map(|name| Self::from_subprotocol(name))
    }

    /// The message that carries `bytes`.
    #[must_use]
    pub fn encode(self, bytes: &[u8]) -> Message {
        match self {
            Self::Binary => Message::binary(Bytes::copy_from_slice(bytes)),
            Self::Base64 => Message::text(STANDARD.encode(bytes)),
        }
    }

    /// The kind of the messages.
    #[must_use]
    pub const fn kind(self) -> MessageKind {
        match self {
            Self::Binary => MessageKind::Binary,
            Self::Base64 => MessageKind::Text,
        }
    }
}

/// A peer's message carries no bytes of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ByteStreamError {
    /// It is not of the kind that was agreed upon.
    WrongKind {
        /// The kind that was.
        expected: MessageKind,
    },
    /// It is not base64.
    NotBase64,
}

impl ByteStreamError {
    /// The code that the peer is told (RFC 6455 7.4.1).
    #[must_use]
    pub const fn close_code(self) -> CloseCode {
        match self {
            Self::WrongKind { .. } => CloseCode::UNSUPPORTED,
            Self::NotBase64 => CloseCode::INVALID_PAYLOAD,
        }
    }
}

/// Makes bytes of received messages, however they come in pieces.
///
/// ```
/// use wirebahn_core::websocket::byte_stream::{ByteDecoder, ByteEncoding, ByteStreamError};
///
/// assert_eq!(ByteEncoding::Base64.encode(b"hello").as_text(), Some("aGVsbG8="));
/// let error = ByteStreamError::NotBase64;
/// assert_eq!(error.close_code().get(), 1007);
/// # let _ = ByteDecoder::new(ByteEncoding::Base64);
/// ```
#[derive(Clone, Debug)]
pub struct ByteDecoder {
    encoding: ByteEncoding,
    /// Of base64: characters that wait for the rest of their four.
    waiting: Vec<u8>,
    /// Of base64: the message has been padded, so that nothing more may follow in it.
    is_padded: bool,
}

/// Base64 comes in fours.
const QUAD: usize = 4;

impl ByteDecoder {
    /// A decoder at the beginning of the stream.
    #[must_use]
    pub const fn new(encoding: ByteEncoding) -> Self {
        Self { encoding, waiting: Vec::new(), is_padded: false }
    }

    /// The bytes in a piece of a message; there may be none.
    ///
    /// # Errors
    ///
    /// The message does not belong to the stream. There is no use in going on.
    pub fn decode(&mut self, chunk: Chunk) -> Result<Bytes, ByteStreamError> {
        if chunk.kind() != self.encoding.kind() {
            return Err(ByteStreamError::WrongKind { expected: self.encoding.kind() });
        }
        match self.encoding {
            ByteEncoding::Binary => Ok(chunk.into_payload()),
            ByteEncoding::Base64 => {
                let ends_message = chunk.ends_message();
                let decoded = self.decode_base64(chunk.into_payload())?;
                if ends_message {
                    if !self.waiting.is_empty() {
                        return Err(ByteStreamError::NotBase64);
                    }
                    self.is_padded = false;
                }
                Ok(decoded.into())
            }
        }
    }

    fn decode_base64(&mut self, mut text: Bytes) -> Result<Vec<u8>, ByteStreamError> {
        let mut decoded = Vec::with_capacity(text.len() / QUAD * 3 + QUAD);
        if !self.waiting.is_empty() {
            let missing = text.split_to((QUAD - self.waiting.len()).min(text.len()));
            self.waiting.extend_from_slice(&missing);
            if self.waiting.len() < QUAD {
                return Ok(decoded);
            }
            let quad = mem::take(&mut self.waiting);
            self.decode_quads(&quad, &mut decoded)?;
        }
        let whole = text.len() - text.len() % QUAD;
        let (quads, rest) = text.chunk().split_at_checked(whole).unwrap_or_default();
        self.decode_quads(quads, &mut decoded)?;
        if !rest.is_empty() && self.is_padded {
            return Err(ByteStreamError::NotBase64);
        }
        self.waiting.extend_from_slice(rest);
        Ok(decoded)
    }

    fn decode_quads(&mut self, quads: &[u8], decoded: &mut Vec<u8>) -> Result<(), ByteStreamError> {
        if quads.is_empty() {
            return Ok(());
        }
        if self.is_padded {
            return Err(ByteStreamError::NotBase64);
        }
        self.is_padded = quads.ends_with(b"=");
        STANDARD.decode_vec(quads, decoded).map_err(|_| ByteStreamError::NotBase64)
    }
}

impl fmt::Display for ByteStreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WrongKind { expected: MessageKind::Binary } => {
                "only binary messages carry this byte stream"
            }
            Self::WrongKind { expected: MessageKind::Text } => "only text messages carry this byte stream",
            Self::NotBase64 => "a message of this byte stream is not base64",
        })
    }
}

impl core::error::Error for ByteStreamError {}

#[cfg(test)]
mod tests {
    use std::string::String;
    use std::vec;

    use super::*;

    /// The stream that `messages` carry, each in pieces of `size`.
    fn decoded(
        encoding: ByteEncoding,
        messages: &[Message],
        size: usize,
    ) -> Result<Vec<u8>, ByteStreamError> {
        let mut decoder = ByteDecoder::new(encoding);
        let mut stream = Vec::new();
        for message in messages {
            let payload = message.payload();
            let count = payload.len().div_ceil(size).max(1);
            for at in 0..count {
                let piece = payload.slice(at * size..((at + 1) * size).min(payload.len()));
                let chunk = Chunk::new(message.kind(), piece, payload.len() as u64);
                stream.extend(decoder.decode(chunk.ending(at + 1 == count, at + 1 == count))?);
            }
        }
        Ok(stream)
    }

    #[test]
    fn a_stream_comes_out_as_it_went_in_however_its_messages_are_cut() {
        let stream: Vec<u8> = (0..=255).collect();
        for encoding in ByteEncoding::ALL {
            for len in 1..20 {
                let messages: Vec<_> = stream.chunks(len).map(|part| encoding.encode(part)).collect();
                for size in 1..30 {
                    assert_eq!(decoded(encoding, &messages, size).as_deref(), Ok(&*stream));
                }
            }
            assert_eq!(decoded(encoding, &[encoding.encode(b"")], 1), Ok(vec![]));
        }
    }

    #[test]
    fn what_is_not_base64_is_refused_however_it_is_cut() {
        for text in
            ["a", "aGV", "aGVsbG8", "aGVsbG8=aGVs", "aGVs\n", "aGVsbG8=a", "aGV-", "=", "====", "aGVsbG9="]
        {
            let message = Message::text(String::from(text));
            for size in 1..12 {
                let error = decoded(ByteEncoding::Base64, std::slice::from_ref(&message), size);
                assert_eq!(error, Err(ByteStreamError::NotBase64), "{text} in pieces of {size}");
            }
        }
    }

    #[test]
    fn messages_of_the_other_kind_are_refused() {
        for (encoding, other) in
            [(ByteEncoding::Binary, ByteEncoding::Base64), (ByteEncoding::Base64, ByteEncoding::Binary)]
        {
            let error = decoded(encoding, &[other.encode(b"abc")], 9).unwrap_err();
            assert_eq!(error, ByteStreamError::WrongKind { expected: encoding.kind() });
            assert_eq!(error.close_code(), CloseCode::UNSUPPORTED);
        }
    }
}
