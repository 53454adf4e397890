//! Virtual time.

use wirebahn_core::Instant;

/// The moment `micros` microseconds after the beginning of virtual time.
///
/// ```
/// use std::time::Duration;
/// use wirebahn_testkit::at;
///
/// assert_eq!(at(10_000) + Duration::from_millis(5), at(15_000));
/// ```
#[must_use]
pub const fn at(micros: u64) -> Instant {
    Instant::from_micros(micros)
}
