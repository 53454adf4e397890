//! From the events of a session to those who wait for them.

use std::mem;
use std::sync::Arc;
use std::thread::Thread;

use wirebahn_core::wamp::session::{Left, SessionEvent};
use wirebahn_core::wamp::{CancelMode, Payload, RequestId, Uri, error_uri, message};

use super::invocation::InvocationState;
use super::pool::Job;
use super::shared::{Shared, State};
use super::tables::{Answer, OnGranted};

impl Shared {
    /// Hands out what the session has to tell. Gives the threads to wake, and whether something has changed that others
    /// watch.
    pub(super) fn dispatch(self: &Arc<Self>, state: &mut State, threads: &mut Vec<Thread>) -> bool {
        let mut has_changed = false;
        while let Some(event) = state.poll_event() {
            has_changed |= self.dispatch_event(state, event, threads);
        }
        if let (None, Some(left)) = (&state.extra.left, state.engine.left()) {
            let left = left.clone();
            end(state, left, threads);
            has_changed = true;
        }
        has_changed
    }

    fn dispatch_event(
        self: &Arc<Self>,
        state: &mut State,
        event: SessionEvent,
        threads: &mut Vec<Thread>,
    ) -> bool {
        match event {
            SessionEvent::Result(result) if result.details.progress => {
                answer(state, result.request, Answer::Piece(result), threads);
            }
            SessionEvent::Result(message::Result { request, .. })
            | SessionEvent::RequestFailed(message::Error { request, .. })
            | SessionEvent::CallTimedOut { request }
            | SessionEvent::Published { request, .. }
            | SessionEvent::Unsubscribed { request }
            | SessionEvent::Unregistered { request } => {
                answer(state, request, Answer::Event(event), threads);
            }
            SessionEvent::Subscribed { request, subscription } => match state.extra.granted(request) {
                Some(OnGranted::Events(queue)) => {
                    state.extra.subscriptions.entry(subscription).or_default().push(queue);
                    answer(state, request, Answer::Event(event), threads);
                }
                // Whoever asked has gone: nobody wants it.
                _ => {
                    let _ = state.engine.session().unsubscribe(subscription);
                }
            },
            SessionEvent::Registered { request, registration } => match state.extra.granted(request) {
                Some(OnGranted::Calls(pool)) => {
                    state.extra.procedures.insert(registration, pool);
                    answer(state, request, Answer::Event(event), threads);
                }
                _ => {
                    let _ = state.engine.session().unregister(registration);
                }
            },
            SessionEvent::Event(event) => {
                for queue in state.extra.subscriptions.get(&event.subscription).into_iter().flatten() {
                    queue.push(event.clone());
                }
            }
            SessionEvent::Invocation(invocation) => self.invoke(state, invocation),
            SessionEvent::Interrupt { request, options } => {
                if let Some(invocation) = state.extra.invocations.get(&request) {
                    invocation.interrupt(options);
                }
                if !state.engine.session().awaits_answer(request) {
                    state.extra.invocations.remove(&request);
                }
            }
            SessionEvent::SubscriptionRevoked { subscription, reason } => {
                for queue in state.extra.subscriptions.remove(&subscription).unwrap_or_default() {
                    queue.end(reason.clone());
                }
            }
            SessionEvent::RegistrationRevoked { registration, .. } => {
                if let Some(pool) = state.extra.procedures.remove(&registration) {
                    pool.close();
                }
                return true;
            }
            SessionEvent::Joined(welcome) => {
                state.extra.joined = Some(Arc::from(welcome));
                return true;
            }
            SessionEvent::Challenge(challenge) => {
                state.extra.challenge = Some(challenge);
                return true;
            }
            SessionEvent::Left(left) if state.extra.left.is_none() => {
                end(state, left, threads);
                return true;
            }
            _ => {}
        }
        false
    }

    fn invoke(self: &Arc<Self>, state: &mut State, invocation: message::Invocation) {
        let request = invocation.request;
        if let Some(running) = state.extra.invocations.get(&request) {
            return running.push_arguments(invocation);
        }
        let refusal = match state.extra.procedures.get(&invocation.registration) {
            Some(pool) => {
                let running = InvocationState::new(&invocation);
                let job = Job { invocation, state: Arc::clone(&running) };
                if pool.push(self, job) {
                    state.extra.invocations.insert(request, running);
                    return;
                }
                // The system starts no more threads.
                error_uri::UNAVAILABLE
            }
            // The handle was dropped, and the invocation has crossed the UNREGISTER.
            None => error_uri::NO_SUCH_REGISTRATION,
        };
        let refusal = Uri::from_static(refusal);
        // An error means that nobody waits for the answer any more.
        let _ = state.engine.session().yield_error(request, refusal, Default::default(), Payload::empty());
    }
}

fn answer(state: &mut State, request: RequestId, answer: Answer, threads: &mut Vec<Thread>) {
    if !state.extra.answer(request, answer, threads) {
        // The call may have been answered already; then there is nothing to cancel.
        let _ = state.engine.session().cancel(request, CancelMode::KillNoWait);
    }
}

/// Nothing is answered any more: whoever waits learns of it.
fn end(state: &mut State, left: Left, threads: &mut Vec<Thread>) {
    let tables = &mut state.extra;
    tables.left = Some(Arc::new(left));
    threads.extend(tables.waiting_threads());
    for queue in mem::take(&mut tables.subscriptions).into_values().flatten() {
        queue.end(None);
    }
    for invocation in mem::take(&mut tables.invocations).into_values() {
        invocation.interrupt(Default::default());
    }
    for pool in mem::take(&mut tables.procedures).into_values() {
        pool.close();
    }
}
