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

    /// How long something was after the beginning of 1970, UTC.
    pub(crate) fn unix(&self, now: Instant) -> Duration {
        (self.unix + now.saturating_duration_since(self.at))
            .saturating_sub(self.at.saturating_duration_since(now))
    }

    /// A time since the beginning of 1970 as a date in ISO 8601, in UTC, with milliseconds.
    pub(crate) fn format(unix: Duration) -> String {
        let (days, second) = (unix.as_secs() / 86_400, unix.as_secs() % 86_400);
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        format!(
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z",
            unix.subsec_millis()
        )
    }
}

/// How long a date in RFC 3339 is after the beginning of 1970, UTC; `None` if it is none, or before that.
pub(crate) fn parse_date(text: &str) -> Option<Duration> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let (time, offset) = match time.strip_suffix(['Z', 'z']) {
        Some(time) => (time, 0),
        None => {
            let at = time.rfind(['+', '-'])?;
            let (time, offset) = (time.get(..at)?, time.get(at..)?);
            let [hours, minutes] = numbers(offset.get(1..)?, ':', [2, 2])?;
            let seconds = i64::try_from(hours * 3600 + minutes * 60).ok()?;
            let is_valid = hours < 24 && minutes < 60;
            is_valid.then_some((time, if offset.starts_with('-') { -seconds } else { seconds }))?
        }
    };
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    // A leap second counts as the one after it.
    let is_time = hour < 24 && minute < 60 && second <= 60;
    let days = days(year, month, day).filter(|_| is_time)?;
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second;
    let seconds = seconds.checked_add_signed(-offset)?;
    if fraction.is_empty() || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let nanoseconds = fraction.bytes().chain(std::iter::repeat(b'0')).take(9);
    let nanoseconds = nanoseconds.fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
    Some(Duration::new(seconds, nanoseconds))
}

/// As many numbers as there are lengths, each with so many digits.
fn numbers<const N: usize>(text: &str, separator: char, lengths: [usize; N]) -> Option<[u64; N]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; N];
    for (number, len) in numbers.iter_mut().zip(lengths) {
        let digits = parts.next().filter(|part| part.len() == len)?;
        *number = digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok())??;
    }
    parts.next().is_none().then_some(numbers)
}

/// How many days a date is after the first of January 1970, if there is such a date, and not before.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    // As in `civil`: years begin on the first of March.
    let (from_march, year) = if month > 2 { (month - 3, year) } else { (month + 9, year.checked_sub(1)?) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * from_march + 2) / 5 + day;
    let days = days.checked_sub(1 + 719_468)?;
    // Only a date that exists comes back as it is.
    (matches!(month, 1..=12) && civil(days) == (if month > 2 { year } else { year + 1 }, month, day))
        .then_some(days)
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
        let clock = WallClock::new(start, Duration::from_secs(unix));
        WallClock::format(clock.unix(start + Duration::from_millis(7)))
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
    fn dates_are_read_as_they_are_written_and_with_offsets() {
        for unix in [0, 951_827_696, 1_709_251_199, 1_735_689_600, 4_107_542_400] {
            let unix = Duration::from_secs(unix) + Duration::from_millis(7);
            assert_eq!(parse_date(&WallClock::format(unix)), Some(unix));
        }
        let noon = Some(Duration::from_secs(1_735_732_800));
        for text in [
            "2025-01-01T12:00:00Z",
            "2025-01-01t12:00:00.000000000z",
            "2025-01-01 14:30:00+02:30",
            "2024-12-31T22:00:00.0-14:00",
        ] {
            assert_eq!(parse_date(text), noon, "{text}");
        }
        assert_eq!(parse_date("1970-01-01T00:00:00.1234567891Z"), Some(Duration::from_nanos(123_456_789)));
        for text in [
            "",
            "2025-01-01",
            "2025-01-01T12:00:00",
            "2025-01-01T12:00Z",
            "2025-01-01T24:00:00Z",
            "2025-01-01T12:60:00Z",
            "2025-02-29T12:00:00Z",
            "2025-00-01T12:00:00Z",
            "2025-13-01T12:00:00Z",
            "2025-01-00T12:00:00Z",
            "2025-1-01T12:00:00Z",
            "2025-01-01T12:00:00.Z",
            "2025-01-01T12:00:00.xZ",
            "2025-01-01T12:00:00+2",
            "2025-01-01T12:00:00+25:00",
            "2025-01-01T12:00:00ä",
            "+025-01-01T12:00:00Z",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+00:01",
            "0000-01-01T00:00:00Z",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

    #[test]
    fn what_was_before_the_clock_was_set_has_a_date_too() {
        let clock = WallClock::new(Instant::from_micros(2_000_000), Duration::from_secs(10));
        assert_eq!(clock.unix(Instant::ZERO), Duration::from_secs(8));
    }
}
