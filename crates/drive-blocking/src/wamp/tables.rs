//! Who waits for what.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::thread::Thread;

use wirebahn_adapter::wamp::Error;
use wirebahn_core::wamp::message::{self, Welcome};
use wirebahn_core::wamp::session::{Challenge, Left, OperationError, SessionEvent};
use wirebahn_core::wamp::{RegistrationId, RequestId, SubscriptionId};

use super::invocation::InvocationState;
use super::pool::Pool;
use super::shared::State;
use super::subscribe::EventQueue;

/// How many pieces of a result may wait to be taken: a caller that asked for them and does not take them must not make
/// memory grow without end.
pub(crate) const MAX_PIECES: usize = 65_536;

/// What there is beside the session itself, under the same lock.
#[derive(Default)]
pub(crate) struct Tables {
    /// Requests that someone waits for.
    pub(crate) waiting: HashMap<RequestId, Waiting>,
    pub(crate) subscriptions: HashMap<SubscriptionId, Vec<Arc<EventQueue>>>,
    pub(crate) procedures: HashMap<RegistrationId, Arc<Pool>>,
    pub(crate) invocations: HashMap<RequestId, Arc<InvocationState>>,
    pub(crate) joined: Option<Arc<Welcome>>,
    pub(crate) challenge: Option<Challenge>,
    pub(crate) left: Option<Arc<Left>>,
}

/// Someone who waits for the answer to a request.
#[derive(Default)]
pub(crate) struct Waiting {
    answers: VecDeque<Answer>,
    thread: Option<Thread>,
    on_granted: Option<OnGranted>,
}

/// What begins with the answer itself, before anything that follows it: no event may get lost.
#[derive(Clone)]
pub(crate) enum OnGranted {
    Events(Arc<EventQueue>),
    Calls(Arc<Pool>),
}

/// The answer to a request, or a piece of it.
#[derive(Debug)]
pub(crate) enum Answer {
    Piece(message::Result),
    Event(SessionEvent),
    Overrun,
    Canceled,
}

impl Tables {
    pub(crate) fn expect(&mut self, request: RequestId, on_granted: Option<OnGranted>) {
        self.waiting.insert(request, Waiting { on_granted, ..Waiting::default() });
    }

    pub(crate) fn granted(&self, request: RequestId) -> Option<OnGranted> {
        self.waiting.get(&request)?.on_granted.clone()
    }

    /// The answer that has come, if one has.
    pub(crate) fn take_answer(&mut self, request: RequestId) -> Option<Answer> {
        let answer = self.waiting.get_mut(&request)?.answers.pop_front()?;
        if !matches!(answer, Answer::Piece(_)) {
            self.waiting.remove(&request);
        }
        Some(answer)
    }

    /// Has this thread woken by the next answer; whether any can come.
    pub(crate) fn await_answer(&mut self, request: RequestId) -> bool {
        let Some(waiting) = self.waiting.get_mut(&request) else { return false };
        waiting.thread = Some(std::thread::current());
        true
    }

    /// Gives an answer to whoever waits for it; whether there was room for it.
    pub(crate) fn answer(&mut self, request: RequestId, answer: Answer, threads: &mut Vec<Thread>) -> bool {
        let Some(waiting) = self.waiting.get_mut(&request) else { return true };
        let has_room = waiting.answers.len() < MAX_PIECES;
        if has_room {
            waiting.answers.push_back(answer);
        } else {
            waiting.answers.clear();
            waiting.answers.push_back(Answer::Overrun);
        }
        threads.extend(waiting.thread.take());
        has_room
    }

    /// Those who wait for an answer.
    pub(crate) fn waiting_threads(&mut self) -> impl Iterator<Item = Thread> {
        self.waiting.values_mut().filter_map(|waiting| waiting.thread.take())
    }

    pub(crate) fn ended_error(&self) -> Error {
        match &self.left {
            Some(left) => Error::Ended(Arc::clone(left)),
            None => Error::Operation(OperationError::NoSuchRequest),
        }
    }
}

impl State {
    /// Nobody waits any more: what was granted in the meantime is given back.
    pub(crate) fn forget(&mut self, request: RequestId) {
        let Some(waiting) = self.extra.waiting.remove(&request) else { return };
        match (waiting.answers.front(), waiting.on_granted) {
            (
                Some(Answer::Event(SessionEvent::Subscribed { subscription, .. })),
                Some(OnGranted::Events(queue)),
            ) => {
                self.drop_subscriber(*subscription, &queue);
            }
            (Some(Answer::Event(SessionEvent::Registered { registration, .. })), _) => {
                self.drop_procedure(*registration);
            }
            _ => {}
        }
    }

    /// Calls of the procedure do not go to its handler any more, and the router is asked to send none.
    pub(crate) fn drop_procedure(&mut self, id: RegistrationId) -> Option<RequestId> {
        self.extra.procedures.remove(&id)?.close();
        // An error means that the session or the registration has ended.
        self.engine.session().unregister(id).ok()
    }

    /// Ends what a subscriber has: events go to it no more, and the router is asked to send none.
    pub(crate) fn drop_subscriber(
        &mut self,
        id: SubscriptionId,
        queue: &Arc<EventQueue>,
    ) -> Option<RequestId> {
        let queues = self.extra.subscriptions.get_mut(&id)?;
        let position = queues.iter().position(|other| Arc::ptr_eq(other, queue))?;
        queues.swap_remove(position);
        if queues.is_empty() {
            self.extra.subscriptions.remove(&id);
        }
        // An error means that the session or the subscription has ended.
        self.engine.session().unsubscribe(id).ok().flatten()
    }
}
