//! Timers, on paused time. What is the same on every runtime is in the suite of all adapters.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake};
use std::time::Duration;

use tokio::task::consume_budget;
use wirebahn_drive::{Runtime, Timer};
use wirebahn_tokio::{TokioRuntime, TokioTimer};

#[tokio::test(start_paused = true)]
async fn a_timer_follows_the_paused_clock() {
    let mut timer = TokioTimer::default();
    for millis in [5, 50_000, 0] {
        let deadline = TokioRuntime::now() + Duration::from_millis(millis);
        timer.arm(deadline);
        poll_fn(|cx| timer.poll(cx)).await;
        let late = TokioRuntime::now().saturating_duration_since(deadline);
        assert!(TokioRuntime::now() >= deadline && late <= Duration::from_millis(2), "{late:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_timer_that_is_polled_by_a_task_whose_turn_is_over_still_wakes_at_its_deadline() {
    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    let count = Arc::new(Count::default());
    let mut timer = TokioTimer::default();
    poll_fn(|cx| {
        while pin!(consume_budget()).poll(cx).is_ready() {}
        timer.arm(TokioRuntime::now() + Duration::from_secs(5));
        assert!(timer.poll(&mut Context::from_waker(&Arc::clone(&count).into())).is_pending());
        Poll::Ready(())
    })
    .await;
    for (seconds, woken) in [(0, 0), (4, 0), (2, 1)] {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        assert_eq!(count.0.load(Ordering::Relaxed), woken);
    }
}
