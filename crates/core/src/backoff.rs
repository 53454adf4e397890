//! How long to wait before the next attempt to connect, or to join.

use core::time::Duration;

use crate::Entropy;

/// How attempts to connect, or to join, are spaced.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct BackoffOptions {
    /// How many attempts may follow a failed one; `None` is any number. Default: any number.
    pub max_retries: Option<u32>,
    /// The delay before the first retry. Default: 1.5 s.
    pub initial_delay: Duration,
    /// By how much each delay is longer than the last. Default: 1.5.
    pub growth: f64,
    /// The standard deviation of a delay, as a part of it, so that clients that lost the same server do not all come back
    /// at the same moment. Default: 0.1.
    pub jitter: f64,
    /// The longest delay. Default: 300 s.
    pub max_delay: Duration,
}

impl Default for BackoffOptions {
    fn default() -> Self {
        Self {
            max_retries: None,
            initial_delay: Duration::from_millis(1500),
            growth: 1.5,
            jitter: 0.1,
            max_delay: Duration::from_secs(300),
        }
    }
}

/// Says how long to wait before each attempt.
///
/// ```
/// # struct Middle;
/// # impl wirebahn_core::Entropy for Middle { fn fill(&mut self, out: &mut [u8]) { out.fill(0x80) } }
/// use core::time::Duration;
/// use wirebahn_core::{Backoff, BackoffOptions};
///
/// let mut backoff = Backoff::new(BackoffOptions::default());
/// let first = backoff.next_delay(&mut Middle).expect("retries are unlimited");
/// assert!(first > Duration::from_millis(1400) && first < Duration::from_millis(1600));
/// ```
#[derive(Clone, Debug)]
pub struct Backoff {
    options: BackoffOptions,
    retries: u32,
    /// The next delay in seconds, without jitter.
    base: f64,
}

impl Backoff {
    /// Begins with the first retry.
    #[must_use]
    pub fn new(options: BackoffOptions) -> Self {
        Self { options, retries: 0, base: options.initial_delay.as_secs_f64() }
    }

    /// How long to wait before the next attempt; `None` if there should be none.
    pub fn next_delay(&mut self, entropy: &mut dyn Entropy) -> Option<Duration> {
        if self.options.max_retries.is_some_and(|max| self.retries >= max) {
            return None;
        }
        self.retries = self.retries.saturating_add(1);
        let max = self.options.max_delay.as_secs_f64();
        let base = self.base.min(max);
        self.base = base * self.options.growth.max(1.0);
        let delay = base * (1.0 + self.options.jitter * normal(entropy));
        // A delay that is no number at all, because an option was none, is the longest.
        Some(Duration::try_from_secs_f64(delay.clamp(0.0, max)).unwrap_or(self.options.max_delay))
    }

    /// An attempt has succeeded: the next failure begins anew.
    pub fn reset(&mut self) {
        *self = Self::new(self.options);
    }
}

/// A number with mean 0 and standard deviation 1: the sum of twelve uniform ones, which is as good as normally distributed
/// and never further than 6 from the mean.
fn normal(entropy: &mut dyn Entropy) -> f64 {
    let mut bytes = [0; 48];
    entropy.fill(&mut bytes);
    let words = bytes.chunks_exact(4).filter_map(|word| word.first_chunk());
    let sum: f64 = words.map(|word| f64::from(u32::from_le_bytes(*word)) / f64::from(u32::MAX)).sum();
    sum - 6.0
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);

    impl Entropy for Fixed {
        fn fill(&mut self, out: &mut [u8]) {
            out.fill(self.0);
        }
    }

    /// SplitMix64, enough for statistics.
    struct Random(u64);

    impl Entropy for Random {
        fn fill(&mut self, out: &mut [u8]) {
            for chunk in out.chunks_mut(8) {
                self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                chunk.copy_from_slice(&mixed.to_le_bytes()[..chunk.len()]);
            }
        }
    }

    fn without_jitter() -> BackoffOptions {
        BackoffOptions { jitter: 0.0, ..BackoffOptions::default() }
    }

    #[test]
    fn delays_grow_up_to_the_longest() {
        let mut backoff = Backoff::new(without_jitter());
        let mut delays = || backoff.next_delay(&mut Fixed(0)).unwrap().as_secs_f64();
        for expected in [1.5, 2.25, 3.375] {
            assert!((delays() - expected).abs() < 1e-6);
        }
        let last = (0..30).map(|_| delays()).last().unwrap();
        assert!((last - 300.0).abs() < 1e-6, "{last}");
    }

    #[test]
    fn jitter_spreads_delays_and_does_not_add_up() {
        let mut entropy = Random(1);
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..10_000 {
            let delay = Backoff::new(BackoffOptions::default()).next_delay(&mut entropy).unwrap();
            sum += delay.as_secs_f64();
            squares += (delay.as_secs_f64() - 1.5) * (delay.as_secs_f64() - 1.5);
        }
        assert!((sum / 10_000.0 - 1.5_f64).abs() < 0.01, "{sum}");
        let variance: f64 = squares / 10_000.0;
        assert!((variance - 0.15 * 0.15).abs() < 0.002, "{variance}");
    }

    #[test]
    fn extreme_entropy_gives_no_negative_delay() {
        let options = BackoffOptions { jitter: 1.0, ..BackoffOptions::default() };
        for byte in [0, 255] {
            let delay = Backoff::new(options).next_delay(&mut Fixed(byte)).unwrap();
            assert!(delay <= options.max_delay);
        }
        let options = BackoffOptions { growth: f64::NAN, jitter: f64::NAN, ..options };
        assert_eq!(Backoff::new(options).next_delay(&mut Fixed(7)), Some(options.max_delay));
    }

    #[test]
    fn retries_end_at_their_number_and_begin_anew_after_a_success() {
        let options = BackoffOptions { max_retries: Some(2), ..without_jitter() };
        let mut backoff = Backoff::new(options);
        let mut entropy = Fixed(0);
        assert!(backoff.next_delay(&mut entropy).is_some());
        assert!(backoff.next_delay(&mut entropy).is_some());
        assert_eq!(backoff.next_delay(&mut entropy), None);
        backoff.reset();
        assert_eq!(backoff.next_delay(&mut entropy), Some(Duration::from_millis(1500)));
    }
}
