//! Hashing of strings that peers choose.

use std::fmt;
use std::hash::BuildHasher;

use siphasher::sip::SipHasher13;

/// The secret key under which strings that peers choose are hashed (SipHash-1-3), so that they cannot choose strings
/// that collide.
#[derive(Clone, Copy)]
pub struct StringHashKey([u8; 16]);

impl StringHashKey {
    /// A key of these bytes, which should be random.
    #[must_use]
    pub const fn new(key: [u8; 16]) -> Self {
        Self(key)
    }
}

impl BuildHasher for StringHashKey {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_key(&self.0)
    }
}

impl fmt::Debug for StringHashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StringHashKey(..)")
    }
}
