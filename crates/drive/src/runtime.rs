//! What a driver needs of a runtime: the time, and a way to be woken at a later one.

use std::task::{Context, Poll};

use wirebahn_core::Instant;

/// A runtime's clock and timers. Never instantiated: it only names the functions and types.
pub trait Runtime {
    /// A timer. Made when an engine first wants one, at most one per socket.
    type Timer: Timer;

    /// The time now, on the clock that [`Timer`](Self::Timer) counts by.
    fn now() -> Instant;
}

/// A timer that can be armed again and again.
pub trait Timer: Default + Unpin {
    /// Whether a [`poll`](Self::poll) that returned `Pending` has kept the waker, for the deadline and for no moment
    /// before it. The timer is then not polled again by wake-ups that something else has caused, which busy connections
    /// have all the time.
    const PUNCTUAL: bool = false;

    /// Fires at `deadline` instead of at any other moment; at once if that has passed.
    fn arm(&mut self, deadline: Instant);

    /// Whether the armed deadline has passed. `Pending` means that the waker of `cx` will be woken then.
    ///
    /// Firing early is allowed but costs a wake-up. Called only after [`arm`](Self::arm), and after `Ready` not again
    /// before the next one.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}
