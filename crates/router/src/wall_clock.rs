//! From the router's time to dates.

use std::time::Duration;

use wirebahn_core::Instant;

/// When something on the router's clock was, as a date.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WallClock {
    at: Instant,
    unix: Duration,
}

impl WallClock {
    /// A clock that knows that `at` was this long after the beginning of 1970, UTC.
    pub(crate) const fn new(at: Instant, unix: Duration) -> Self {
        Self { at, unix }
    }

    /// The date in ISO 8601, in UTC, with milliseconds.
    pub(crate) fn date(&self, now: Instant) -> String {
        let unix = (self.unix + now.saturating_duration_since(self.at))
            .saturating_sub(self.at.saturating_duration_since(now));
        let (days, second) = (unix.as_secs() / 86_400, unix.as_secs() % 86_400);
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        format!(
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z",
            unix.subsec_millis()
        )
    }
}

/// Year, month and day of a day after the first of January 1970, in the Gregorian calendar.
const fn civil(days: u64) -> (u64, u64, u64) {
    // Counted in eras of 400 years, each of which begins on a first of March, so that leap days come last.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + later, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(unix: u64) -> String {
        let start = Instant::from_micros(5);
        WallClock::new(start, Duration::from_secs(unix)).date(start + Duration::from_millis(7))
    }

    #[test]
    fn dates_follow_the_gregorian_calendar() {
        assert_eq!(date(0), "1970-01-01T00:00:00.007Z");
        assert_eq!(date(951_827_696), "2000-02-29T12:34:56.007Z");
        assert_eq!(date(1_709_251_199), "2024-02-29T23:59:59.007Z");
        assert_eq!(date(1_735_689_600), "2025-01-01T00:00:00.007Z");
        assert_eq!(date(4_107_542_400), "2100-03-01T00:00:00.007Z");
    }

    #[test]
    fn what_was_before_the_clock_was_set_has_a_date_too() {
        let clock = WallClock::new(Instant::from_micros(2_000_000), Duration::from_secs(10));
        assert_eq!(clock.date(Instant::ZERO), "1970-01-01T00:00:08.000Z");
    }
}
