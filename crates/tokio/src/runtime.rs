//! tokio's clock and timers.

use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Sleep, sleep};
use wirebahn_core::Instant;
use wirebahn_drive::{Runtime, Timer};

/// tokio's clock cannot add much more than this; a deadline so far away is looked at again then.
const LONGEST_SLEEP: Duration = Duration::from_secs(60 * 60 * 24 * 365);

/// tokio as a [`Runtime`]. Follows tokio's clock, also when a test has paused it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TokioRuntime;

impl Runtime for TokioRuntime {
    type Timer = TokioTimer;

    fn now() -> Instant {
        tokio::time::Instant::now().into_std().into()
    }
}

/// A [`Timer`] on tokio. Allocates when it is first armed.
#[derive(Debug, Default)]
pub struct TokioTimer {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer for TokioTimer {
    const PUNCTUAL: bool = true;

    fn arm(&mut self, deadline: Instant) {
        let wait = deadline.saturating_duration_since(TokioRuntime::now()).min(LONGEST_SLEEP);
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().reset(tokio::time::Instant::now() + wait),
            None => self.sleep = Some(Box::pin(sleep(wait))),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.sleep {
            // A task whose turn is over would be sent away and the waker not kept, which is not what `PUNCTUAL` promises.
            Some(sleep) => pin!(tokio::task::unconstrained(sleep.as_mut())).poll(cx),
            None => Poll::Ready(()),
        }
    }
}
