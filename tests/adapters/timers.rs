//! What a driver expects of a runtime's timers.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use wirebahn_core::Instant;
use wirebahn_drive::{Runtime, Timer};

use crate::driven::{BlockOn, soon};

/// All tests for `$runtime`.
macro_rules! timer_tests {
    (@each $runtime:ty; $($name:ident)+) => {
        $(#[test]
        fn $name() {
            $crate::timers::$name::<$runtime>();
        })+
    };
    ($runtime:ty) => {
        $crate::timers::timer_tests! { @each $runtime;
            a_timer_waits_for_its_deadline_each_time_it_is_armed
            an_armed_timer_can_be_armed_for_an_earlier_moment_and_for_a_later_one
            a_deadline_at_the_end_of_time_is_no_problem
        }
    };
}
pub(crate) use timer_tests;

/// So far away that no test gets there.
const FAR: Duration = Duration::from_secs(3600);

async fn fired<R: Runtime>(timer: &mut R::Timer) {
    poll_fn(|cx| timer.poll(cx)).await;
}

/// Also leaves the waker behind.
async fn is_waiting<R: Runtime>(timer: &mut R::Timer) -> bool {
    poll_fn(|cx| Poll::Ready(timer.poll(cx).is_pending())).await
}

pub(crate) fn a_timer_waits_for_its_deadline_each_time_it_is_armed<N: BlockOn>() {
    soon::<N, _>(async {
        let mut timer = N::Timer::default();
        for millis in [5, 50, 0, 1] {
            let deadline = N::now() + Duration::from_millis(millis);
            timer.arm(deadline);
            fired::<N>(&mut timer).await;
            assert!(N::now() >= deadline);
        }
    });
}

pub(crate) fn an_armed_timer_can_be_armed_for_an_earlier_moment_and_for_a_later_one<N: BlockOn>() {
    soon::<N, _>(async {
        let start = N::now();
        let mut timer = N::Timer::default();
        timer.arm(start + FAR);
        assert!(is_waiting::<N>(&mut timer).await);
        timer.arm(start + Duration::from_millis(1));
        fired::<N>(&mut timer).await;

        let later = N::now() + Duration::from_millis(50);
        timer.arm(N::now() + Duration::from_millis(1));
        is_waiting::<N>(&mut timer).await;
        timer.arm(later);
        fired::<N>(&mut timer).await;
        assert!(N::now() >= later);
    });
}

pub(crate) fn a_deadline_at_the_end_of_time_is_no_problem<N: BlockOn>() {
    soon::<N, _>(async {
        let mut timer = N::Timer::default();
        timer.arm(Instant::from_micros(u64::MAX));
        assert!(is_waiting::<N>(&mut timer).await);
        timer.arm(N::now() + Duration::from_millis(1));
        fired::<N>(&mut timer).await;
    });
}
