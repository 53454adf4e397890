//! Waiting.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use wirebahn_core::Instant;

use crate::{Runtime, Timer};

/// Something took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "says all there is to say")]
pub struct Elapsed;

/// Waits.
pub async fn sleep<R: Runtime>(duration: Duration) {
    let mut alarm = Wait::<R>::until(R::now() + duration);
    poll_fn(|cx| alarm.poll(cx)).await;
}

/// The output of `future`, if it comes within `limit`; `None` waits for ever.
///
/// # Errors
///
/// It did not.
pub async fn timeout<R: Runtime, T>(
    limit: Option<Duration>,
    future: impl Future<Output = T>,
) -> Result<T, Elapsed> {
    timeout_at::<R, T>(limit.map(|limit| R::now() + limit), future).await
}

/// The output of `future`, if it comes before `deadline`; `None` waits for ever.
pub(crate) async fn timeout_at<R: Runtime, T>(
    deadline: Option<Instant>,
    future: impl Future<Output = T>,
) -> Result<T, Elapsed> {
    let mut future = pin!(future);
    let mut alarm = deadline.map(Wait::<R>::until);
    poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        match &mut alarm {
            Some(alarm) => alarm.poll(cx).map(|()| Err(Elapsed)),
            None => Poll::Pending,
        }
    })
    .await
}

/// A timer with its deadline.
pub(crate) struct Wait<R: Runtime> {
    timer: R::Timer,
    deadline: Instant,
    is_armed: bool,
}

impl<R: Runtime> Wait<R> {
    pub(crate) fn until(deadline: Instant) -> Self {
        Self { timer: R::Timer::default(), deadline, is_armed: false }
    }

    /// Ready once the deadline has passed.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // A timer may fire early.
        while R::now() < self.deadline {
            if !self.is_armed {
                self.timer.arm(self.deadline);
                self.is_armed = true;
            }
            ready!(self.timer.poll(cx));
            self.is_armed = false;
        }
        Poll::Ready(())
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it took too long")
    }
}

impl std::error::Error for Elapsed {}
