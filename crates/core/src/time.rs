//! Time as the core sees it: a number of microseconds, handed in by whoever drives an engine.

use core::fmt;
use core::ops::Add;
use core::time::Duration;

/// A moment on a monotonic clock of the driver's choosing, in microseconds.
///
/// The core never reads a clock. Two instants may only be compared when they come from the same source: all from
/// `std::time::Instant` (through `From`, with the `std` feature), or all made by hand in a test or a simulation.
///
/// ```
/// use core::time::Duration;
/// use wirebahn_core::Instant;
///
/// let start = Instant::from_micros(10_000);
/// assert_eq!(start + Duration::from_millis(5), Instant::from_micros(15_000));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(u64);

impl Instant {
    /// The earliest moment.
    pub const ZERO: Self = Self(0);

    /// The moment `micros` microseconds after [`Instant::ZERO`].
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since [`Instant::ZERO`].
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to `self`, or zero if `earlier` is later.
    #[must_use]
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

/// Saturates at the end of time, so a duration such as `Duration::MAX` means "never".
impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        // Not `as_micros`, which counts in 128 bits: deadlines are computed with every read.
        let micros =
            duration.as_secs().saturating_mul(1_000_000).saturating_add(duration.subsec_micros().into());
        Self(self.0.saturating_add(micros))
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}s", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

#[cfg(feature = "std")]
mod from_std {
    extern crate std;

    use std::sync::OnceLock;

    use super::Instant;

    /// Where the first converted instant lands: far enough from zero that earlier ones keep their order.
    const ORIGIN_MICROS: u64 = 1 << 50;

    static ORIGIN: OnceLock<std::time::Instant> = OnceLock::new();

    /// All conversions of a process share one origin: the first instant converted.
    impl From<std::time::Instant> for Instant {
        fn from(instant: std::time::Instant) -> Self {
            let origin = *ORIGIN.get_or_init(|| instant);
            match instant.checked_duration_since(origin) {
                Some(after) => Self(ORIGIN_MICROS) + after,
                // Rounded to the earlier microsecond on both sides of the origin, so that distances hold across it.
                None => Self(ORIGIN_MICROS.saturating_sub(micros_up(origin.duration_since(instant)))),
            }
        }
    }

    fn micros_up(duration: core::time::Duration) -> u64 {
        u64::try_from(duration.as_nanos().div_ceil(1000)).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adding_a_duration_saturates_at_the_end_of_time() {
        assert_eq!(Instant::from_micros(5) + Duration::MAX, Instant::from_micros(u64::MAX));
    }

    #[test]
    fn the_duration_since_a_later_instant_is_zero() {
        let (early, late) = (Instant::from_micros(1), Instant::from_micros(3));
        assert_eq!(late.saturating_duration_since(early), Duration::from_micros(2));
        assert_eq!(early.saturating_duration_since(late), Duration::ZERO);
    }

    #[cfg(feature = "std")]
    #[test]
    fn distances_hold_across_the_origin_of_the_conversion() {
        let origin = std::time::Instant::now();
        let _ = Instant::from(origin);
        for nanos in [1, 400, 999, 1000, 1001, 2_500_300] {
            let early = origin - Duration::from_nanos(nanos);
            let later = Instant::from(early + Duration::from_millis(5));
            assert_eq!(
                later.saturating_duration_since(Instant::from(early)),
                Duration::from_millis(5),
                "{nanos}"
            );
        }
    }

    #[cfg(feature = "std")]
    #[test]
    fn converted_instants_keep_their_order_and_distance() {
        let late = std::time::Instant::now() + Duration::from_secs(60);
        let early = late - Duration::from_secs(10);
        let (late, early) = (Instant::from(late), Instant::from(early));
        assert_eq!(late.saturating_duration_since(early), Duration::from_secs(10));
    }
}
