//! smol's clock and timers.

use std::pin::Pin;
use std::task::{Context, Poll};

use wirebahn_core::Instant;
use wirebahn_drive::{Runtime, Timer};

/// smol as a [`Runtime`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SmolRuntime;

impl Runtime for SmolRuntime {
    type Timer = SmolTimer;

    fn now() -> Instant {
        std::time::Instant::now().into()
    }
}

/// A [`Timer`] on smol.
#[derive(Debug, Default)]
pub struct SmolTimer(Option<smol::Timer>);

impl Timer for SmolTimer {
    fn arm(&mut self, deadline: Instant) {
        let wait = deadline.saturating_duration_since(SmolRuntime::now());
        match &mut self.0 {
            Some(timer) => timer.set_after(wait),
            None => self.0 = Some(smol::Timer::after(wait)),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            Some(timer) => Pin::new(timer).poll(cx).map(drop),
            None => Poll::Pending,
        }
    }
}
