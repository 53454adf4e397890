//! The layout of the inputs that are bytes of a peer.

/// Bytes of a peer, options, and how the bytes are cut.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a> {
    pub(crate) flags: Flags,
    sizes: [u8; 4],
    pub(crate) bytes: &'a [u8],
}

/// Options, one per bit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flags(u16);

impl<'a> Input<'a> {
    /// `None` if `data` is too short to say anything.
    pub(crate) fn parse(data: &'a [u8]) -> Option<Self> {
        let (&[low, high, a, b, c, d], bytes) = data.split_first_chunk()?;
        Some(Self { flags: Flags(u16::from_le_bytes([low, high])), sizes: [a, b, c, d], bytes })
    }

    /// Cuts `bytes` into pieces of the sizes in turn; the size 0 takes all that is left.
    pub(crate) fn cut<'b>(&self, mut bytes: &'b [u8]) -> Vec<&'b [u8]> {
        let mut pieces = Vec::new();
        for size in self.sizes.into_iter().cycle() {
            if bytes.is_empty() {
                break;
            }
            let len = if size == 0 { bytes.len() } else { usize::from(size) };
            let (piece, rest) = bytes.split_at_checked(len).unwrap_or((bytes, &[]));
            pieces.push(piece);
            bytes = rest;
        }
        pieces
    }
}

impl Flags {
    pub(crate) const fn has(self, bit: u32) -> bool {
        self.0 >> bit & 1 != 0
    }

    /// The number in `width` bits from `bit` on.
    pub(crate) const fn number(self, bit: u32, width: u32) -> u16 {
        self.0 >> bit & ((1 << width) - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_have_the_sizes_in_turn_and_are_the_whole() {
        let input = Input::parse(b"\x01\x80\x01\x02\x01\x00abcdefgh").unwrap();
        assert_eq!(input.cut(input.bytes), [&b"a"[..], b"bc", b"d", b"efgh"]);
        assert!(input.flags.has(0) && input.flags.has(15) && !input.flags.has(1));
        assert_eq!(input.flags.number(14, 2), 2);
    }
}
