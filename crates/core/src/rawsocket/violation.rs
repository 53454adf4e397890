use core::fmt;

/// A way in which the peer broke the framing or a limit. The connection is failed because of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Violation {
    /// A frame longer than we have announced to accept.
    FrameTooLong {
        /// Its length in bytes.
        len: usize,
        /// The limit in bytes: [`Config::max_len`](super::Config::max_len).
        limit: usize,
    },
    /// The 25th bit of the length together with others: only 2^24 itself needs it.
    LengthInvalid,
    /// Reserved bits that are not 0; the four bits as a number.
    ReservedBits(u8),
    /// A frame of a reserved type.
    TypeReserved(u8),
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FrameTooLong { len, limit } => {
                write!(f, "a frame of {len} bytes, but at most {limit} are accepted")
            }
            Self::LengthInvalid => f.write_str("a frame length above 2^24"),
            Self::ReservedBits(bits) => write!(f, "reserved bits {bits:04b} in a frame header"),
            Self::TypeReserved(number) => write!(f, "a frame of the reserved type {number}"),
        }
    }
}

impl core::error::Error for Violation {}
