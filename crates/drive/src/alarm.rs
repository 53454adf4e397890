//! The one timer of a socket.

use std::task::{Context, Poll, ready};

use wirebahn_core::Instant;

use crate::Timer;

/// A timer that exists only once it was needed, and is left alone when its deadline moves into the future: engines
/// move deadlines with every message, and an early alarm costs one look instead.
#[derive(Debug)]
pub(crate) struct Alarm<T> {
    timer: Option<T>,
    armed: Option<Instant>,
}

impl<T: Timer> Alarm<T> {
    pub(crate) const fn new() -> Self {
        Self { timer: None, armed: None }
    }

    /// Ready at `deadline` or at some moment before it: the caller looks at the clock.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let timer = self.timer.get_or_insert_default();
        if self.armed.is_none_or(|armed| armed > deadline) {
            timer.arm(deadline);
            self.armed = Some(deadline);
        }
        ready!(timer.poll(cx));
        self.armed = None;
        Poll::Ready(())
    }
}
