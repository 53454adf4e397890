use core::fmt;

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
    ///
    /// Whole words at a time, in a loop that compilers turn into vector instructions.
    #[inline]
    pub fn apply(self, payload: &mut [u8]) {
        let [a, b, c, d] = self.0;
        let word = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
        let (words, tail) = payload.as_chunks_mut::<8>();
        for chunk in words {
            *chunk = (u64::from_ne_bytes(*chunk) ^ word).to_ne_bytes();
        }
        for (byte, key) in tail.iter_mut().zip(word.to_ne_bytes()) {
            *byte ^= key;
        }
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
