//! Entropy that repeats itself.

use wirebahn_core::Entropy;

/// A reproducible source of bytes: the same seed and the same sequence of calls give the same bytes.
///
/// **Not for production**: anyone who sees a few bytes can tell all the others.
///
/// ```
/// use wirebahn_core::Entropy;
/// use wirebahn_testkit::SeededEntropy;
///
/// let (mut first, mut second) = ([0; 4], [0; 4]);
/// SeededEntropy::new(7).fill(&mut first);
/// SeededEntropy::new(7).fill(&mut second);
/// assert_eq!(first, second);
/// ```
#[derive(Clone, Debug)]
pub struct SeededEntropy {
    state: u64,
}

impl SeededEntropy {
    /// A source that is determined by `seed`. Every seed is as good as any other, 0 included.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits (the SplitMix64 generator).
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 1 to `max`; 1 if `max` is 0.
    pub fn up_to(&mut self, max: usize) -> usize {
        let max = max.max(1) as u64;
        usize::try_from(self.next_u64() % max).unwrap_or(0) + 1
    }
}

impl Entropy for SeededEntropy {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            for (byte, random) in chunk.iter_mut().zip(self.next_u64().to_le_bytes()) {
                *byte = random;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_splitmix64() {
        // The first outputs for seed 0 of the published reference implementation.
        let mut entropy = SeededEntropy::new(0);
        assert_eq!(entropy.next_u64(), 0xe220_a839_7b1d_cdaf);
        assert_eq!(entropy.next_u64(), 0x6e78_9e6a_a1b9_65f4);
    }

    #[test]
    fn different_seeds_give_different_bytes() {
        let (mut first, mut second) = ([0; 13], [0; 13]);
        SeededEntropy::new(1).fill(&mut first);
        SeededEntropy::new(2).fill(&mut second);
        assert_ne!(first, second);
    }

    #[test]
    fn numbers_stay_within_their_range() {
        let mut entropy = SeededEntropy::new(3);
        assert!((0..1000).all(|_| (1..=5).contains(&entropy.up_to(5))));
        assert_eq!(entropy.up_to(0), 1);
    }
}
