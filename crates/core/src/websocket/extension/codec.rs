//! What an extension does with messages.

use alloc::vec::Vec;
use core::fmt;

use crate::websocket::Fin;

/// Encodes messages on their way out, one connection's in order.
///
/// An encoded message is marked by the extension's reserved bit; it may be longer or shorter than the original.
pub trait MessageEncoder: fmt::Debug + Send {
    /// Whether to encode a message of which `len` bytes are known: all of it, or its first frame. Default: always.
    fn wants(&self, len: usize) -> bool {
        let _ = len;
        true
    }

    /// Appends the encoding of the next piece of a message to `out`. The message ends with the piece for which `fin` is
    /// [`Fin::Last`]; the peer should be able to decode every earlier piece as it arrives.
    fn encode(&mut self, piece: &[u8], fin: Fin, out: &mut Vec<u8>);

    /// For messages that go to many connections ([`PreparedMessage`](crate::websocket::PreparedMessage)): what decides
    /// how a message is encoded on its own, without reference to messages before it. All encoders of the same identity
    /// encode alike. Default: `None`, this encoder cannot do that; each connection then encodes for itself.
    fn standalone(&self) -> Option<Standalone> {
        None
    }

    /// Appends the encoding of a whole message on its own.
    fn encode_standalone(&mut self, message: &[u8], out: &mut Vec<u8>) {
        self.encode(message, Fin::Last, out);
    }

    /// A message that was encoded on its own, by this encoder or by another one, has been sent instead of one that was
    /// passed to [`encode`](Self::encode): the peer's decoder has seen it.
    fn note_standalone(&mut self) {}
}

/// The identity of an encoding; see [`MessageEncoder::standalone`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a name and what goes with it")]
pub struct Standalone {
    /// The name of the extension.
    pub extension: &'static str,
    /// Its parameters, as a number of its own making.
    pub params: u64,
}

/// Decodes messages on their way in, one connection's in order.
///
/// Output comes in pieces of a size that the decoder bounds, so that no input can make it allocate without end. How the
/// pieces are divided may depend on how the input arrived, their contents may not.
pub trait MessageDecoder: fmt::Debug + Send {
    /// Decodes from the front of `input`, which it advances, and returns the next piece of output. An empty piece says
    /// that all input was taken and that nothing more can be said before the next.
    ///
    /// # Errors
    ///
    /// The input cannot be decoded: the connection fails. All output before the error must have been returned.
    fn decode(&mut self, input: &mut &[u8]) -> Result<&[u8], DecodeError>;

    /// The message ends here: returns what is left of it, piece by piece. An empty piece says that it is complete; the
    /// next message may follow.
    ///
    /// # Errors
    ///
    /// The message must not end here: the connection fails.
    fn finish(&mut self) -> Result<&[u8], DecodeError>;
}

/// A message that cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeError {
    /// The data is invalid.
    Corrupt,
    /// The data ends too early.
    Truncated,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Corrupt => "the encoded data is invalid",
            Self::Truncated => "the encoded data ends too early",
        })
    }
}

impl core::error::Error for DecodeError {}
