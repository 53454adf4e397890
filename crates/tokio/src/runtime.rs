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

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    fn paused<T>(test: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(test)
    }

    #[test]
    fn a_timer_fires_at_its_deadline_on_the_paused_clock() {
        paused(async {
            let mut timer = TokioTimer::default();
            for millis in [5, 50, 0] {
                let deadline = TokioRuntime::now() + Duration::from_millis(millis);
                timer.arm(deadline);
                poll_fn(|cx| timer.poll(cx)).await;
                let late = TokioRuntime::now().saturating_duration_since(deadline);
                assert!(TokioRuntime::now() >= deadline && late <= Duration::from_millis(2), "{late:?}");
            }
        });
    }

    #[test]
    fn an_armed_timer_can_be_armed_for_an_earlier_moment() {
        paused(async {
            let start = TokioRuntime::now();
            let mut timer = TokioTimer::default();
            timer.arm(start + Duration::from_secs(60));
            assert!(poll_fn(|cx| Poll::Ready(timer.poll(cx))).await.is_pending());
            timer.arm(start + Duration::from_secs(1));
            poll_fn(|cx| timer.poll(cx)).await;
            assert!(TokioRuntime::now().saturating_duration_since(start) < Duration::from_secs(2));
        });
    }

    #[test]
    fn a_timer_that_is_polled_by_a_task_whose_turn_is_over_still_wakes_at_its_deadline() {
        #[derive(Default)]
        struct Count(AtomicUsize);

        impl Wake for Count {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }

        paused(async {
            let count = Arc::new(Count::default());
            let mut timer = TokioTimer::default();
            poll_fn(|cx| {
                while pin!(tokio::task::consume_budget()).poll(cx).is_ready() {}
                timer.arm(TokioRuntime::now() + Duration::from_secs(5));
                assert!(timer.poll(&mut Context::from_waker(&Arc::clone(&count).into())).is_pending());
                Poll::Ready(())
            })
            .await;
            for (seconds, woken) in [(0, 0), (4, 0), (2, 1)] {
                sleep(Duration::from_secs(seconds)).await;
                assert_eq!(count.0.load(Ordering::Relaxed), woken);
            }
        });
    }

    #[test]
    fn a_deadline_at_the_end_of_time_is_no_problem() {
        paused(async {
            let mut timer = TokioTimer::default();
            timer.arm(Instant::from_micros(u64::MAX));
            assert!(poll_fn(|cx| Poll::Ready(timer.poll(cx))).await.is_pending());
        });
    }
}
