//! A runtime whose time stands still until a test moves it; each test's thread has its own.

use std::cell::{Cell, RefCell};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use wirebahn_core::Instant;
use wirebahn_drive::{Runtime, Timer};

thread_local! {
    static NOW: Cell<Instant> = const { Cell::new(Instant::from_micros(1_000_000)) };
    static READS: Cell<usize> = const { Cell::new(0) };
    static MADE: Cell<usize> = const { Cell::new(0) };
    static ARMED: Cell<usize> = const { Cell::new(0) };
    static POLLED: Cell<usize> = const { Cell::new(0) };
    static SLEEPERS: RefCell<Vec<(Instant, Waker)>> = const { RefCell::new(Vec::new()) };
}

#[derive(Debug)]
pub(crate) struct Virtual;

#[derive(Debug)]
pub(crate) struct VirtualTimer {
    deadline: Instant,
}

/// Moves the clock and wakes whoever waited for that.
pub(crate) fn advance(by: Duration) {
    let now = NOW.get() + by;
    NOW.set(now);
    let due: Vec<_> =
        SLEEPERS.with_borrow_mut(|sleepers| sleepers.extract_if(.., |(at, _)| *at <= now).collect());
    for (_, waker) in due {
        waker.wake();
    }
}

pub(crate) fn now() -> Instant {
    NOW.get()
}

pub(crate) fn clock_reads() -> usize {
    READS.get()
}

pub(crate) fn timers_made() -> usize {
    MADE.get()
}

pub(crate) fn timers_armed() -> usize {
    ARMED.get()
}

pub(crate) fn timers_polled() -> usize {
    POLLED.get()
}

impl Runtime for Virtual {
    type Timer = VirtualTimer;

    fn now() -> Instant {
        READS.set(READS.get() + 1);
        NOW.get()
    }
}

impl Default for VirtualTimer {
    fn default() -> Self {
        MADE.set(MADE.get() + 1);
        Self { deadline: Instant::ZERO }
    }
}

impl Timer for VirtualTimer {
    const PUNCTUAL: bool = true;

    fn arm(&mut self, deadline: Instant) {
        ARMED.set(ARMED.get() + 1);
        self.deadline = deadline;
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        POLLED.set(POLLED.get() + 1);
        if self.deadline <= NOW.get() {
            return Poll::Ready(());
        }
        SLEEPERS.with_borrow_mut(|sleepers| sleepers.push((self.deadline, cx.waker().clone())));
        Poll::Pending
    }
}
