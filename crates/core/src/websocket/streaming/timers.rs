//! The timers of an open connection.

use core::time::Duration;

use crate::Instant;

/// The shortest a timer can be: a deadline must be later than the moment it is set, and one that is set again and again
/// must not keep a driver busy.
const TICK: Duration = Duration::from_millis(1);

/// A deadline that may have been started at a moment that nobody has told us yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Deadline {
    #[default]
    Off,
    /// Runs for this long from the next time we are told.
    Starting(Duration),
    At(Instant),
}

impl Deadline {
    /// Runs for `duration`, if there is one.
    pub(crate) fn start(duration: Option<Duration>) -> Self {
        duration.map_or(Self::Off, |duration| Self::Starting(duration.max(TICK)))
    }

    /// Now we know the time.
    #[inline]
    pub(crate) fn note_time(&mut self, now: Instant) {
        if let Self::Starting(duration) = *self {
            *self = Self::At(now + duration);
        }
    }

    /// When to be called; at once if we need to know the time.
    #[inline]
    pub(crate) const fn poll(self) -> Option<Instant> {
        match self {
            Self::Off => None,
            Self::Starting(_) => Some(Instant::ZERO),
            Self::At(at) => Some(at),
        }
    }

    pub(crate) fn has_passed(self, now: Instant) -> bool {
        matches!(self, Self::At(at) if at <= now)
    }
}

/// The earlier of two deadlines.
#[inline]
pub(crate) fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// `now + duration`, but later than `now`.
pub(crate) fn later(now: Instant, duration: Duration) -> Instant {
    now + duration.max(TICK)
}
