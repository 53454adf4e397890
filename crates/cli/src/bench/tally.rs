//! Counting what comes, how long it took, and what does not come.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::pace::Turn;

/// Figures are kept to so many digits.
const DIGITS: u8 = 3;

/// The longest that is told apart; what takes longer counts as this.
const LONGEST: Duration = Duration::from_secs(3600);

/// Errors that are told apart; all others are one.
const KINDS_OF_ERRORS: usize = 16;

/// What has happened so far, counted by many tasks.
#[derive(Default)]
pub(super) struct Tally(Mutex<Counts>);

/// What has happened.
pub(super) struct Counts {
    /// In nanoseconds.
    pub(super) latency: Histogram<u64>,
    /// Of what was measured.
    first: Option<Instant>,
    last: Option<Instant>,
    /// Whatever happened, measured or not.
    progress: u64,
    pub(super) failed: u64,
    /// By what was said.
    pub(super) errors: BTreeMap<String, u64>,
    pub(super) lost: u64,
    pub(super) out_of_order: u64,
}

impl Tally {
    /// Counts what was begun at `turn` and is done now.
    pub(super) fn done(&self, turn: Turn) {
        let now = Instant::now();
        let mut counts = self.lock();
        counts.progress += 1;
        if turn.is_measured {
            let nanoseconds = now.saturating_duration_since(turn.begun).as_nanos();
            counts.latency.saturating_record(u64::try_from(nanoseconds).unwrap_or(u64::MAX));
            counts.first = Some(counts.first.map_or(turn.begun, |first| first.min(turn.begun)));
            counts.last = Some(now);
        }
    }

    /// Counts what has failed, measured or not.
    pub(super) fn failed(&self, error: impl Into<String>) {
        let mut counts = self.lock();
        counts.progress += 1;
        counts.failed += 1;
        let mut error = error.into();
        if counts.errors.len() >= KINDS_OF_ERRORS && !counts.errors.contains_key(&error) {
            error = "others".into();
        }
        *counts.errors.entry(error).or_default() += 1;
    }

    pub(super) fn lost(&self, events: u64) {
        self.lock().lost += events;
    }

    pub(super) fn out_of_order(&self) {
        self.lock().out_of_order += 1;
    }

    /// Changes whenever something comes.
    pub(super) fn progress(&self) -> u64 {
        self.lock().progress
    }

    /// All that was counted; what comes later does not count.
    pub(super) fn finish(&self) -> Counts {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    /// From the beginning of the first to the end of the last that was measured.
    pub(super) fn elapsed(&self) -> Duration {
        match (self.first, self.last) {
            (Some(first), Some(last)) => last.saturating_duration_since(first),
            _ => Duration::ZERO,
        }
    }
}

impl Default for Counts {
    fn default() -> Self {
        let longest = u64::try_from(LONGEST.as_nanos()).unwrap_or(u64::MAX);
        let latency = Histogram::new_with_bounds(1, longest, DIGITS);
        Self {
            latency: latency.expect("the bounds are far apart and the digits few"),
            first: None,
            last: None,
            progress: 0,
            failed: 0,
            errors: BTreeMap::new(),
            lost: 0,
            out_of_order: 0,
        }
    }
}
