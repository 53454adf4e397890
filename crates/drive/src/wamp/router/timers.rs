use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::handle::WeakShared;
use crate::Runtime;
use crate::alarm::Alarm;

/// Tells a router the time; see [`RouterHandle::timers`](super::RouterHandle::timers).
#[must_use = "a router does not know the time unless its timers are spawned"]
pub struct RouterTimers<R: Runtime> {
    shared: WeakShared,
    alarm: Alarm<R::Timer>,
}

impl<R: Runtime> RouterTimers<R> {
    pub(super) const fn new(shared: WeakShared) -> Self {
        Self { shared, alarm: Alarm::new() }
    }
}

impl<R: Runtime> Future for RouterTimers<R> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let Some(shared) = self.shared.upgrade() else { return Poll::Ready(()) };
            let now = R::now();
            let mut wakers = Vec::new();
            let mut state = shared.lock();
            let due = state.router.poll_timeout();
            if due.is_some_and(|due| due <= now) {
                state.router.handle_timeout(now);
            }
            let due = state.router.poll_timeout();
            state.armed = due;
            state.timer = Some(cx.waker().clone());
            state.settle(None, &mut wakers);
            drop(state);
            // It may be the last: then this task is woken, and finds out.
            drop(shared);
            wakers.into_iter().for_each(Waker::wake);
            match due {
                Some(due) if self.alarm.poll(cx, due).is_ready() => {}
                _ => return Poll::Pending,
            }
        }
    }
}

impl<R: Runtime> fmt::Debug for RouterTimers<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouterTimers").finish_non_exhaustive()
    }
}
