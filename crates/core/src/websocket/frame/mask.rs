use core::fmt;

/// Bytes that are masked at a time.
const WORD: usize = 8;

/// The bits that no ASCII byte has.
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// A masking key (RFC 6455 5.3).
///
/// ```
/// use wirebahn_core::websocket::frame::MaskKey;
///
/// let key = MaskKey::new([0x37, 0xfa, 0x21, 0x3d]);
/// let mut payload = *b"Hello";
/// key.apply(&mut payload);
/// assert_eq!(payload, [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MaskKey([u8; 4]);

impl MaskKey {
    /// The key that changes nothing.
    pub const ZERO: Self = Self([0; 4]);

    /// The key with these bytes, in the order of the wire.
    #[inline]
    #[must_use]
    pub const fn new(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// The bytes in the order of the wire.
    #[inline]
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 4] {
        self.0
    }

    /// Masks or unmasks `payload`, whose first byte is masked with the key's first.
    #[inline]
    pub fn apply(self, payload: &mut [u8]) {
        let _ = self.apply_and_check_ascii(payload);
    }

    /// As [`apply`](Self::apply), and tells whether the result is ASCII, which costs next to nothing on the way.
    ///
    /// Works in words, in a loop that compilers turn into vector instructions. What is left at the end is not done
    /// byte by byte: the last word, which overlaps the one before, is computed first and stored last.
    ///
    /// ```text
    ///   | word | word | word | rest |
    ///                     |  last   |
    /// ```
    #[inline]
    pub fn apply_and_check_ascii(self, payload: &mut [u8]) -> bool {
        let Some(last) = payload.last_chunk::<WORD>() else { return self.apply_bytewise(payload) };
        let key = u64::from(u32::from_le_bytes(self.0)) * 0x1_0000_0001;
        // The key of the last word begins where its first byte stands in the four.
        let last_key = key.rotate_right((payload.len() % WORD) as u32 * 8);
        let last = u64::from_le_bytes(*last) ^ last_key;
        let mut seen = last;
        for word in payload.as_chunks_mut::<WORD>().0 {
            let plain = u64::from_le_bytes(*word) ^ key;
            seen |= plain;
            *word = plain.to_le_bytes();
        }
        if let Some(slot) = payload.last_chunk_mut() {
            *slot = last.to_le_bytes();
        }
        seen & HIGH_BITS == 0
    }

    #[inline]
    fn apply_bytewise(self, payload: &mut [u8]) -> bool {
        let [a, b, c, d] = self.0;
        let mut seen = 0;
        for (byte, key) in payload.iter_mut().zip([a, b, c, d, a, b, c]) {
            *byte ^= key;
            seen |= *byte;
        }
        seen.is_ascii()
    }

    /// The key for the bytes that follow the first `len`.
    #[inline]
    #[must_use]
    pub const fn after(self, len: usize) -> Self {
        let shift = (len % 4) as u32 * 8;
        Self(u32::from_le_bytes(self.0).rotate_right(shift).to_le_bytes())
    }
}

impl From<[u8; 4]> for MaskKey {
    fn from(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for MaskKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0;
        write!(f, "MaskKey({a:02x}{b:02x}{c:02x}{d:02x})")
    }
}

#[cfg(test)]
mod tests {
    use std::string::String;
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_byte_is_masked_with_the_key_byte_of_its_place(key: [u8; 4], payload: Vec<u8>) {
            let expected: Vec<u8> = payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
            let mut masked = payload;
            MaskKey::new(key).apply(&mut masked);
            prop_assert_eq!(masked, expected);
        }

        #[test]
        fn the_check_for_ascii_sees_the_unmasked_bytes(key: [u8; 4], text: String, cut: prop::sample::Index) {
            let mut payload = text.into_bytes();
            payload.truncate(cut.index(payload.len() + 1));
            let ascii = payload.is_ascii();
            let expected = payload.clone();
            MaskKey::new(key).apply(&mut payload);
            prop_assert_eq!(MaskKey::new(key).apply_and_check_ascii(&mut payload), ascii);
            prop_assert_eq!(payload, expected);
        }

        #[test]
        fn masking_in_two_parts_is_masking_the_whole(key: [u8; 4], payload: Vec<u8>, cut: prop::sample::Index) {
            let key = MaskKey::new(key);
            let mut whole = payload.clone();
            key.apply(&mut whole);
            let mut parts = payload;
            let cut = cut.index(parts.len() + 1);
            let (first, second) = parts.split_at_mut(cut);
            key.apply(first);
            key.after(cut).apply(second);
            prop_assert_eq!(parts, whole);
        }
    }
}
