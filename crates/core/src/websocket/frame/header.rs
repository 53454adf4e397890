use core::fmt;

use super::{MaskKey, Opcode};

/// The longest a frame header can be: 2 bytes, a 64-bit length, and a mask (RFC 6455 5.2).
pub const MAX_HEADER_LEN: usize = 14;

/// The most payload a control frame may have (RFC 6455 5.5).
pub const MAX_CONTROL_PAYLOAD: usize = 125;

/// The values of the 7-bit length that announce a 16-bit and a 64-bit one.
pub(crate) const LEN_16: u8 = 126;
pub(crate) const LEN_64: u8 = 127;

pub(crate) const FIN: u8 = 0x80;
pub(crate) const RESERVED: u8 = 0x70;
pub(crate) const MASKED: u8 = 0x80;

/// The header of a frame to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FrameHeader {
    /// Whether this is the last fragment of its message.
    pub fin: bool,
    /// The reserved bits: those of an extension, in the first frame of a message.
    pub reserved: ReservedBits,
    /// What the frame is.
    pub opcode: Opcode,
    /// The key the payload is masked with, if it is.
    pub mask: Option<MaskKey>,
    /// Payload bytes, less than 2^63.
    pub len: u64,
}

impl FrameHeader {
    /// A header without reserved bits.
    #[must_use]
    pub const fn new(fin: bool, opcode: Opcode, mask: Option<MaskKey>, len: u64) -> Self {
        Self { fin, reserved: ReservedBits::NONE, opcode, mask, len }
    }

    /// The header with these reserved bits.
    #[must_use]
    pub const fn with_reserved(mut self, reserved: ReservedBits) -> Self {
        self.reserved = reserved;
        self
    }

    /// The bytes on the wire, and how many of them there are.
    ///
    /// The length takes as few bytes as possible (RFC 6455 5.2).
    #[inline]
    #[must_use]
    pub fn encode(&self) -> ([u8; MAX_HEADER_LEN], usize) {
        let first = self.opcode.bits() | self.reserved.0 | if self.fin { FIN } else { 0 };
        let masked = if self.mask.is_some() { MASKED } else { 0 };
        let mut bytes = [0; MAX_HEADER_LEN];
        let mut used = 2;
        bytes[0] = first;
        if let Some(short) = u8::try_from(self.len).ok().filter(|len| *len < LEN_16) {
            bytes[1] = masked | short;
        } else if let Ok(medium) = u16::try_from(self.len) {
            bytes[1] = masked | LEN_16;
            [bytes[2], bytes[3]] = medium.to_be_bytes();
            used = 4;
        } else {
            bytes[1] = masked | LEN_64;
            if let Some(field) = bytes[2..].first_chunk_mut() {
                *field = self.len.to_be_bytes();
            }
            used = 10;
        }
        if let Some(mask) = self.mask {
            if let Some(field) = bytes.get_mut(used..).and_then(|rest| rest.first_chunk_mut()) {
                *field = mask.to_bytes();
            }
            used += 4;
        }
        (bytes, used)
    }
}

/// The three reserved bits of a frame's first byte (RFC 6455 5.2), which extensions give a meaning to.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ReservedBits(u8);

impl ReservedBits {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// The first one, which marks compressed messages (RFC 7692 6).
    pub const RSV1: Self = Self(0x40);
    /// The second one.
    pub const RSV2: Self = Self(0x20);
    /// The third one.
    pub const RSV3: Self = Self(0x10);

    /// These bits and those.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether none is set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those in a frame's first byte.
    #[inline]
    pub(crate) const fn of(first: u8) -> Self {
        Self(first & RESERVED)
    }

    /// As a number from 0 to 7, RSV1 being the highest bit.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0 >> 4
    }
}

impl fmt::Debug for ReservedBits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReservedBits({:03b})", self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(header: FrameHeader) -> std::vec::Vec<u8> {
        let (bytes, used) = header.encode();
        bytes[..used].to_vec()
    }

    #[test]
    fn lengths_take_as_few_bytes_as_possible() {
        for (len, header_len, second) in [
            (0, 2, 0),
            (125, 2, 125),
            (126, 4, 126),
            (65_535, 4, 126),
            (65_536, 10, 127),
            ((1 << 63) - 1, 10, 127),
        ] {
            let bytes = encoded(FrameHeader::new(true, Opcode::Binary, None, len));
            assert_eq!((bytes.len(), bytes[1]), (header_len, second), "{len}");
        }
    }

    #[test]
    fn a_mask_stands_behind_the_length() {
        let mask = Some(MaskKey::new([1, 2, 3, 4]));
        assert_eq!(encoded(FrameHeader::new(true, Opcode::Text, mask, 5)), [0x81, 0x85, 1, 2, 3, 4]);
        assert_eq!(
            encoded(FrameHeader::new(false, Opcode::Continuation, mask, 300)),
            [0, 0xfe, 1, 44, 1, 2, 3, 4]
        );
    }
}
