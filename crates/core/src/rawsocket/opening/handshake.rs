//! The four octets.

use core::fmt;

use crate::rawsocket::MaxLen;

/// The first octet of either end: no HTTP request and no TLS record begins with it.
pub const MAGIC: u8 = 0x7f;

/// Octets of a handshake, either way.
pub const HANDSHAKE_LEN: usize = 4;

/// How much may come behind the handshake before the connection is taken over.
pub(super) const MAX_LEFTOVER: usize = 16 * 1024;

/// The number of a serializer in the handshake: 1 to 15.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SerializerId(u8);

impl SerializerId {
    /// JSON.
    pub const JSON: Self = Self(1);
    /// MessagePack.
    pub const MSGPACK: Self = Self(2);
    /// CBOR.
    pub const CBOR: Self = Self(3);
    /// UBJSON.
    pub const UBJSON: Self = Self(4);
    /// FlatBuffers.
    pub const FLATBUFFERS: Self = Self(5);

    /// The serializer with this number; `None` for 0, which is illegal, and above 15.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if matches!(number, 1..=15) { Some(Self(number)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl fmt::Debug for SerializerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SerializerId({})", self.0)
    }
}

/// Why a server refuses a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalCode {
    /// 1: the serializer is not supported.
    SerializerUnsupported,
    /// 2: the client's maximum length is not acceptable.
    LengthUnacceptable,
    /// 3: the client used reserved bits.
    ReservedBits,
    /// 4: there are too many connections.
    TooManyConnections,
    /// A code that the specification does not know.
    Unknown(u8),
}

impl RefusalCode {
    /// The number in the handshake.
    #[must_use]
    pub const fn get(self) -> u8 {
        match self {
            Self::SerializerUnsupported => 1,
            Self::LengthUnacceptable => 2,
            Self::ReservedBits => 3,
            Self::TooManyConnections => 4,
            Self::Unknown(code) => code,
        }
    }

    pub(super) const fn new(number: u8) -> Self {
        match number {
            1 => Self::SerializerUnsupported,
            2 => Self::LengthUnacceptable,
            3 => Self::ReservedBits,
            4 => Self::TooManyConnections,
            code => Self::Unknown(code),
        }
    }

    pub(super) const fn encode(self) -> [u8; HANDSHAKE_LEN] {
        [MAGIC, self.get() << 4, 0, 0]
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SerializerUnsupported => f.write_str("the serializer is not supported"),
            Self::LengthUnacceptable => f.write_str("the maximum message length is not acceptable"),
            Self::ReservedBits => f.write_str("reserved bits of the handshake were used"),
            Self::TooManyConnections => f.write_str("there are too many connections"),
            Self::Unknown(code) => write!(f, "error {code}, which the specification does not know"),
        }
    }
}

/// The second octet, taken apart.
pub(super) const fn nibbles(octet: u8) -> (u8, u8) {
    (octet >> 4, octet & 0x0f)
}

/// What one end tells the other: the longest frame it accepts, and the serializer.
pub(super) const fn encode(max_len: MaxLen, serializer: SerializerId) -> [u8; HANDSHAKE_LEN] {
    [MAGIC, max_len.exponent() << 4 | serializer.get(), 0, 0]
}
