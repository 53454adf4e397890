//! Random numbers in stock, and hashing of identifiers.

use std::fmt;
use std::hash::{BuildHasher, Hasher};

use wirebahn_core::Entropy;

/// Random bytes, drawn from the entropy many at a time.
pub(crate) struct RandomPool {
    entropy: Box<dyn Entropy>,
    bytes: [u8; POOL],
    used: usize,
}

/// Enough for the ids of 64 publications.
const POOL: usize = 512;

impl RandomPool {
    pub(crate) fn new(entropy: Box<dyn Entropy>) -> Self {
        Self { entropy, bytes: [0; POOL], used: POOL }
    }

    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        self.fill(&mut out);
        out
    }

    /// A number below `end`, or 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let random = u128::from(u64::from_le_bytes(self.array()));
        // The product of a 64-bit fraction and `end`: as uniform as 64 bits can be.
        usize::try_from((random * end as u128) >> 64).unwrap_or(0)
    }
}

impl Entropy for RandomPool {
    fn fill(&mut self, out: &mut [u8]) {
        if self.used + out.len() > POOL {
            self.entropy.fill(&mut self.bytes);
            self.used = 0;
        }
        match self.bytes.get(self.used..self.used + out.len()) {
            Some(bytes) => {
                out.copy_from_slice(bytes);
                self.used += out.len();
            }
            None => self.entropy.fill(out),
        }
    }
}

impl fmt::Debug for RandomPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RandomPool")
    }
}

/// A map from numbers. Fast, and with a secret key, since request ids are chosen by peers.
pub(crate) type IdMap<K, V> = std::collections::HashMap<K, V, IdHashKey>;

/// The secret key under which numbers are hashed.
#[derive(Clone, Copy)]
pub(crate) struct IdHashKey(u64);

impl IdHashKey {
    pub(crate) const fn new(key: [u8; 8]) -> Self {
        Self(u64::from_le_bytes(key))
    }
}

impl BuildHasher for IdHashKey {
    type Hasher = IdHasher;

    fn build_hasher(&self) -> IdHasher {
        IdHasher(self.0)
    }
}

impl fmt::Debug for IdHashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdHashKey(..)")
    }
}

/// Multiplies into 128 bits and adds the halves without carry, once for each number.
pub(crate) struct IdHasher(u64);

/// Odd, and without a pattern: the fractional part of the golden ratio.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        let product = u128::from(self.0 ^ number) * u128::from(MULTIPLIER);
        #[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
        let folded = product as u64 ^ (product >> 64) as u64;
        self.0 = folded;
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    struct Zeroes;

    impl Entropy for Zeroes {
        fn fill(&mut self, out: &mut [u8]) {
            out.fill(0);
        }
    }

    #[test]
    fn consecutive_ids_do_not_share_hashes_or_their_parts() {
        let key = IdHashKey::new([5; 8]);
        let hashes: Vec<u64> = (1..=1000_u64).map(|id| key.hash_one(id)).collect();
        let low: HashSet<u64> = hashes.iter().map(|hash| hash & 0xffff).collect();
        let high: HashSet<u64> = hashes.iter().map(|hash| hash >> 57).collect();
        assert!(low.len() > 950, "{}", low.len());
        assert!(high.len() > 120, "{}", high.len());
    }

    #[test]
    fn numbers_stay_below_their_end() {
        let mut pool = RandomPool::new(Box::new(Zeroes));
        assert_eq!(pool.below(3), 0);
        assert_eq!(pool.below(0), 0);
        let mut large = [1; 2 * POOL];
        pool.fill(&mut large);
        assert!(large.iter().all(|&byte| byte == 0));
    }
}
