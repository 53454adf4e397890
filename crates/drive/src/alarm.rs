//! The one timer of a socket.

use std::task::{Context, Poll, Waker};

use wirebahn_core::Instant;

use crate::Timer;

/// A timer that exists only once it was needed, and is left alone when its deadline moves into the future: engines
/// move deadlines with every message, and an early alarm costs one look instead.
#[derive(Debug)]
pub(crate) struct Alarm<T> {
    timer: Option<T>,
    armed: Option<Instant>,
    /// Whom the armed timer will wake, if it promises to do so in time.
    will_wake: Option<Waker>,
}

impl<T: Timer> Alarm<T> {
    pub(crate) const fn new() -> Self {
        Self { timer: None, armed: None, will_wake: None }
    }

    /// Ready at `deadline` or at some moment before it: the caller looks at the clock.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let timer = self.timer.get_or_insert_default();
        if self.armed.is_none_or(|armed| armed > deadline) {
            timer.arm(deadline);
            self.armed = Some(deadline);
        }
        if timer.poll(cx).is_ready() {
            self.armed = None;
            self.will_wake = None;
            return Poll::Ready(());
        }
        if T::PUNCTUAL && !self.wakes(cx.waker()) {
            self.will_wake = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Whether the timer will wake `cx` for `deadline` by itself, given that it is later than `now`, the time that was
    /// read in this wake-up: then nothing is to be done, whatever has caused the wake-up.
    pub(crate) fn will_wake(&self, cx: &Context<'_>, deadline: Instant, now: Instant) -> bool {
        self.armed.is_some_and(|armed| armed <= deadline && now < armed) && self.wakes(cx.waker())
    }

    fn wakes(&self, waker: &Waker) -> bool {
        self.will_wake.as_ref().is_some_and(|present| present.will_wake(waker))
    }
}
