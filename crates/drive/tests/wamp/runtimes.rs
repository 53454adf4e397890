//! tokio and smol, as far as the cases need them.

use std::sync::Arc;

use wirebahn_core::Instant;
use wirebahn_drive::wamp::Spawn;
use wirebahn_drive::{Runtime, Timer};
use wirebahn_tokio::TokioRuntime;

/// What the cases need of a runtime.
pub(crate) trait Rt: Runtime<Timer: Send> + 'static {
    fn block_on<T>(future: impl Future<Output = T>) -> T;
    fn spawn(future: impl Future<Output = ()> + Send + 'static);

    fn spawner() -> Spawn {
        Arc::new(|future| Self::spawn(future))
    }
}

impl Rt for TokioRuntime {
    /// With time that passes when there is nothing else to do.
    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_time().start_paused(true).build().unwrap().block_on(future)
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(future);
    }
}

pub(crate) struct Smol;

#[derive(Default)]
pub(crate) struct SmolTimer(Option<smol::Timer>);

impl Runtime for Smol {
    type Timer = SmolTimer;

    fn now() -> Instant {
        std::time::Instant::now().into()
    }
}

impl Timer for SmolTimer {
    fn arm(&mut self, deadline: Instant) {
        let wait = deadline.saturating_duration_since(Smol::now());
        match &mut self.0 {
            Some(timer) => timer.set_after(wait),
            None => self.0 = Some(smol::Timer::after(wait)),
        }
    }

    fn poll(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<()> {
        match &mut self.0 {
            Some(timer) => std::pin::Pin::new(timer).poll(cx).map(drop),
            None => std::task::Poll::Ready(()),
        }
    }
}

impl Rt for Smol {
    fn block_on<T>(future: impl Future<Output = T>) -> T {
        smol::block_on(future)
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) {
        smol::spawn(future).detach();
    }
}

/// A case, on each runtime.
macro_rules! on_both {
    ($(async fn $name:ident<$rt:ident>() $body:block)*) => { $(
        mod $name {
            use super::*;

            async fn case<$rt: crate::runtimes::Rt>() $body

            #[test]
            fn on_tokio() {
                <wirebahn_tokio::TokioRuntime as crate::runtimes::Rt>::block_on(case::<wirebahn_tokio::TokioRuntime>());
            }

            #[test]
            fn on_smol() {
                <crate::runtimes::Smol as crate::runtimes::Rt>::block_on(case::<crate::runtimes::Smol>());
            }
        }
    )* };
}
pub(crate) use on_both;
