//! async-std's clock and timers.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use wirebahn_core::Instant;
use wirebahn_drive::{Runtime, Timer};

/// async-std as a [`Runtime`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AsyncStdRuntime;

impl Runtime for AsyncStdRuntime {
    type Timer = AsyncStdTimer;

    fn now() -> Instant {
        std::time::Instant::now().into()
    }
}

/// A [`Timer`] on async-std. Allocates when it is armed, which is not often.
#[derive(Default)]
pub struct AsyncStdTimer(Option<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Timer for AsyncStdTimer {
    fn arm(&mut self, deadline: Instant) {
        let wait = deadline.saturating_duration_since(AsyncStdRuntime::now());
        self.0 = Some(Box::pin(async_std::task::sleep(wait)));
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            Some(sleep) => sleep.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}

impl fmt::Debug for AsyncStdTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncStdTimer").field("is_armed", &self.0.is_some()).finish()
    }
}
