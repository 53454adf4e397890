//! Components, on virtual time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wirebahn_core::wamp::message::Abort;
use wirebahn_core::wamp::{AbortDetails, BackoffOptions, Payload};
use wirebahn_drive::Shutdown;
use wirebahn_drive::wamp::{
    Component, ComponentError, ComponentEvent, JoinError, JoinTransport, Session, finish_join,
};
use wirebahn_testkit::SeededEntropy;
use wirebahn_tokio::TokioRuntime;

use crate::router::{Router, begin, expect_msg, goodbye, registered, subscribed, welcome};
use crate::runtimes::Rt;

/// What a transport does the next time.
enum Attempt {
    Unreachable,
    Reached(Session),
}

type Attempts = Arc<Mutex<VecDeque<Attempt>>>;

fn transport(attempts: &Attempts) -> JoinTransport {
    let attempts = Arc::clone(attempts);
    Arc::new(move || {
        let attempt = attempts.lock().unwrap().pop_front();
        Box::pin(async move {
            match attempt {
                Some(Attempt::Reached(session)) => finish_join(session, None).await,
                _ => Err(JoinError::TimedOut),
            }
        })
    })
}

/// A router that will be reached.
fn reached() -> (Attempt, Router) {
    let (session, router) = begin::<TokioRuntime>();
    (Attempt::Reached(session), router)
}

fn attempts(list: impl IntoIterator<Item = Attempt>) -> Attempts {
    Arc::new(Mutex::new(list.into_iter().collect()))
}

async fn run(component: Component<TokioRuntime>) -> Result<(), ComponentError> {
    component.run_with(Box::new(SeededEntropy::new(1))).await
}

fn without_jitter() -> BackoffOptions {
    let mut options = BackoffOptions::default();
    options.jitter = 0.0;
    options
}

/// Notes every wait.
fn noting(component: Component<TokioRuntime>) -> (Component<TokioRuntime>, Arc<Mutex<Vec<Duration>>>) {
    let waits = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&waits);
    let component = component.observe(move |event| {
        if let ComponentEvent::Waiting(delay) = event {
            noted.lock().unwrap().push(delay);
        }
    });
    (component, waits)
}

#[test]
fn everything_is_registered_and_subscribed_to_again_in_every_session() {
    TokioRuntime::block_on(async {
        let ((first, router_1), (second, router_2)) = (reached(), reached());
        let component = Component::over(vec![transport(&attempts([first, second]))])
            .register("com.add", |(a, b): (i64, i64)| async move { Ok(a + b) })
            .subscribe("com.news", |_| async move {});
        tokio::spawn(async move {
            for (router, is_last) in [(router_1, false), (router_2, true)] {
                expect_msg!(router, Hello);
                router.say(welcome());
                let register = expect_msg!(router, Register);
                router.say(registered(register.request));
                let subscribe = expect_msg!(router, Subscribe);
                router.say(subscribed(subscribe.request));
                if is_last {
                    tokio::time::sleep(Duration::from_secs(5)).await;
                }
                router.hang_up();
            }
        });
        let shutdown = Shutdown::new();
        let ending = shutdown.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(4)).await;
            ending.request();
        });
        let start = tokio::time::Instant::now();
        run(component.backoff(without_jitter()).end_on(&shutdown)).await.unwrap();
        assert!(start.elapsed() >= Duration::from_secs(4));
    });
}

#[test]
fn transports_are_tried_in_turn_with_delays_of_their_own() {
    TokioRuntime::block_on(async {
        let (attempt, router) = reached();
        let first = attempts([Attempt::Unreachable, Attempt::Unreachable, Attempt::Unreachable]);
        let second = attempts([Attempt::Unreachable, Attempt::Unreachable, attempt]);
        let component = Component::over(vec![transport(&first), transport(&second)])
            .backoff(without_jitter())
            .on_join(|session| async move {
                session.leave().await;
                Ok(())
            });
        let (component, waits) = noting(component);
        tokio::spawn(async move {
            expect_msg!(router, Hello);
            router.say(welcome());
            expect_msg!(router, Goodbye);
            router.say(goodbye());
        });
        run(component).await.unwrap();
        let millis: Vec<_> = waits.lock().unwrap().iter().map(Duration::as_millis).collect();
        assert_eq!(millis, [1500, 1500, 2250, 2250]);
        assert!(first.lock().unwrap().is_empty());
    });
}

#[test]
fn a_fatal_refusal_ends_it() {
    TokioRuntime::block_on(async {
        let (attempt, router) = reached();
        tokio::spawn(async move {
            expect_msg!(router, Hello);
            let reason = "wamp.error.no_such_realm".into();
            router.say(Abort { details: AbortDetails::default(), reason, payload: Payload::empty() });
        });
        let component = Component::over(vec![transport(&attempts([attempt]))]);
        let failed = run(component).await.unwrap_err();
        assert!(matches!(failed, ComponentError::Join(JoinError::Left(_))), "{failed:?}");
    });
}

#[test]
fn attempts_end_at_their_number() {
    TokioRuntime::block_on(async {
        let mut options = without_jitter();
        options.max_retries = Some(3);
        let component = Component::over(vec![transport(&attempts([]))]).backoff(options);
        let (component, waits) = noting(component);
        let failed = run(component).await.unwrap_err();
        assert!(matches!(failed, ComponentError::Join(JoinError::TimedOut)));
        assert_eq!(waits.lock().unwrap().len(), 3);
        assert!(matches!(run(Component::over(vec![])).await, Err(ComponentError::NoTransport)));
    });
}

#[test]
fn a_procedure_that_cannot_be_registered_is_tried_again_later() {
    TokioRuntime::block_on(async {
        let ((first, router_1), (second, router_2)) = (reached(), reached());
        tokio::spawn(async move {
            expect_msg!(router_1, Hello);
            router_1.say(welcome());
            let request = expect_msg!(router_1, Register).request;
            let kind = wirebahn_core::wamp::RequestType::Register;
            router_1.say(crate::router::error(kind, request, "wamp.error.procedure_already_exists"));
            expect_msg!(router_1, Goodbye);
            router_1.say(goodbye());
            expect_msg!(router_2, Hello);
            router_2.say(welcome());
            let request = expect_msg!(router_2, Register).request;
            router_2.say(registered(request));
            expect_msg!(router_2, Goodbye);
            router_2.say(goodbye());
        });
        let component = Component::over(vec![transport(&attempts([first, second]))])
            .register("com.add", |(a, b): (i64, i64)| async move { Ok(a + b) })
            .on_join(|session| async move {
                session.leave().await;
                Ok(())
            });
        let mut failures = 0;
        let component = component.observe(move |event| {
            failures += usize::from(matches!(event, ComponentEvent::SetupFailed(_)));
            if let ComponentEvent::Ready(_) = event {
                assert_eq!(failures, 1);
            }
        });
        run(component).await.unwrap();
    });
}

#[test]
fn a_shutdown_ends_it_while_it_waits() {
    TokioRuntime::block_on(async {
        let shutdown = Shutdown::new();
        let component = Component::over(vec![transport(&attempts([]))]).end_on(&shutdown);
        let running = tokio::spawn(run(component));
        tokio::time::sleep(Duration::from_secs(100)).await;
        assert!(!running.is_finished());
        shutdown.request();
        running.await.unwrap().unwrap();
    });
}
