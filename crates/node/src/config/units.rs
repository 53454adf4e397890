//! Sizes and durations as people write them.

use std::time::Duration;

/// Longer than anyone waits; it keeps deadlines within the range of every clock.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// A number of bytes: `512`, `64K`, `16M`, `1G`, in powers of 1024.
pub(super) fn size(text: &str) -> Option<u64> {
    let (digits, shift) = match text.strip_suffix(['k', 'K', 'm', 'M', 'g', 'G']) {
        Some(digits) if text.ends_with(['k', 'K']) => (digits, 10),
        Some(digits) if text.ends_with(['m', 'M']) => (digits, 20),
        Some(digits) => (digits, 30),
        None => (text, 0),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// The shortest spelling of a number of bytes.
pub(super) fn show_size(size: u64) -> String {
    for (shift, unit) in [(30, "G"), (20, "M"), (10, "K")] {
        if size >= 1 << shift && size.trailing_zeros() >= shift {
            return format!("{}{unit}", size >> shift);
        }
    }
    size.to_string()
}

/// A length of time: `250ms`, `10s`, `1.5m`, `2h`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let number_len = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(number_len);
    let seconds = match unit.trim_start() {
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    Duration::try_from_secs_f64(number * seconds).ok().filter(|duration| *duration <= LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_units() {
        assert_eq!(size("512"), Some(512));
        assert_eq!(size("64k"), Some(65_536));
        assert_eq!(size("16M"), Some(16 << 20));
        assert_eq!(size("2G"), Some(2 << 30));
        for wrong in ["", "K", "-1", "+1", "1.5M", "1T", "99999999999999G", "1KK", "1 M", "é"] {
            assert_eq!(size(wrong).filter(|size| *size > 0), None, "{wrong}");
        }
    }

    #[test]
    fn sizes_are_shown_as_they_are_written() {
        for text in ["0", "1", "512", "1000", "1K", "64K", "16M", "1G", "1025M"] {
            assert_eq!(show_size(size(text).unwrap()), text);
        }
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(duration("10s"), Some(Duration::from_secs(10)));
        assert_eq!(duration("1.5 m"), Some(Duration::from_secs(90)));
        assert_eq!(duration("2h"), Some(Duration::from_secs(7200)));
        for wrong in ["", "10", "s", "-1s", "1d", "1e3s", "1s2", "99999999h", "1..5s"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
