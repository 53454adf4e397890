//! When operations begin, and which of them are measured.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use super::Load;

/// Gives out turns: first those that warm up, then those that are measured, for so long or so many.
pub(super) struct Pace {
    measured_from: Instant,
    until: Option<Instant>,
    /// How many are left, if they are counted.
    left: Option<AtomicU64>,
    is_stopped: AtomicBool,
}

/// One operation that may begin now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub(super) begun: Instant,
    pub(super) is_measured: bool,
}

impl Pace {
    /// Begins now.
    pub(super) fn new(load: &Load) -> Self {
        let measured_from = Instant::now() + load.warm_up;
        Self {
            measured_from,
            until: load.count.is_none().then(|| measured_from + load.duration),
            left: load.count.map(AtomicU64::new),
            is_stopped: AtomicBool::new(false),
        }
    }

    /// The next operation; `None` once it is over.
    pub(super) fn next(&self) -> Option<Turn> {
        let begun = Instant::now();
        if self.is_stopped.load(Ordering::Relaxed) || self.until.is_some_and(|until| begun >= until) {
            return None;
        }
        let is_measured = begun >= self.measured_from;
        if let (true, Some(left)) = (is_measured, &self.left) {
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).ok()?;
        }
        Some(Turn { begun, is_measured })
    }

    /// Lets nothing begin any more.
    pub(super) fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }
}
