//! Frame headers.
//!
//! ```text
//!   bit 31..28   reserved, 0
//!   bit 27       the 25th bit of the length: set for 2^24 exactly, the other 24 are 0 then
//!   bit 26..24   type: 0 message, 1 PING, 2 PONG
//!   bit 23..0    length of the payload
//! ```

use super::Violation;

/// Bytes of a header.
pub const HEADER_LEN: usize = 4;

/// The length that needs the 25th bit.
const LONGEST: u32 = 1 << 24;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the other types are reserved and refused")]
pub enum FrameType {
    /// A message.
    Message,
    /// To be answered with a [`Pong`](Self::Pong) of the same payload.
    Ping,
    /// The answer to a [`Ping`](Self::Ping).
    Pong,
}

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "four octets have room for nothing else")]
pub struct FrameHeader {
    /// What the frame is.
    pub frame_type: FrameType,
    /// Bytes of payload: at most 2^24.
    pub len: u32,
}

impl FrameHeader {
    /// The header of a payload of `len` bytes; `None` if that is more than 2^24.
    #[must_use]
    pub fn new(frame_type: FrameType, len: usize) -> Option<Self> {
        u32::try_from(len).ok().filter(|len| *len <= LONGEST).map(|len| Self { frame_type, len })
    }

    /// The header on the wire.
    #[must_use]
    pub const fn encode(self) -> [u8; HEADER_LEN] {
        let number: u32 = match self.frame_type {
            FrameType::Message => 0,
            FrameType::Ping => 1,
            FrameType::Pong => 2,
        };
        let len = if self.len == LONGEST { 1 << 27 } else { self.len };
        (number << 24 | len).to_be_bytes()
    }

    /// The header in four octets of a peer.
    ///
    /// # Errors
    ///
    /// Reserved bits, a reserved type, or an impossible length.
    pub const fn decode(octets: [u8; HEADER_LEN]) -> Result<Self, Violation> {
        let [first, ..] = octets;
        let word = u32::from_be_bytes(octets);
        if first & 0xf0 != 0 {
            return Err(Violation::ReservedBits(first >> 4));
        }
        let frame_type = match first & 0b111 {
            0 => FrameType::Message,
            1 => FrameType::Ping,
            2 => FrameType::Pong,
            number => return Err(Violation::TypeReserved(number)),
        };
        let low = word & (LONGEST - 1);
        match (word & 1 << 27 != 0, low) {
            (false, len) => Ok(Self { frame_type, len }),
            (true, 0) => Ok(Self { frame_type, len: LONGEST }),
            (true, _) => Err(Violation::LengthInvalid),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_survive_the_round_trip() {
        for frame_type in [FrameType::Message, FrameType::Ping, FrameType::Pong] {
            for len in [0, 1, 255, 65_536, LONGEST - 1, LONGEST] {
                let header = FrameHeader { frame_type, len };
                assert_eq!(FrameHeader::decode(header.encode()), Ok(header));
            }
        }
        assert_eq!(FrameHeader::new(FrameType::Message, (1 << 24) + 1), None);
    }

    #[test]
    fn the_25th_bit_stands_for_exactly_two_to_the_24() {
        let longest = FrameHeader { frame_type: FrameType::Message, len: LONGEST };
        assert_eq!(longest.encode(), [0b0000_1000, 0, 0, 0]);
        assert_eq!(FrameHeader::decode([0b0000_1000, 0, 0, 1]), Err(Violation::LengthInvalid));
    }

    #[test]
    fn reserved_bits_and_types_are_refused() {
        for bit in 4..8 {
            let expected = Err(Violation::ReservedBits(1 << (bit - 4)));
            assert_eq!(FrameHeader::decode([1 << bit, 0, 0, 0]), expected);
        }
        for number in 3..8 {
            assert_eq!(FrameHeader::decode([number, 0, 0, 0]), Err(Violation::TypeReserved(number)));
        }
    }
}
