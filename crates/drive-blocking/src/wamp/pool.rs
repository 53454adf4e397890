//! The threads that answer calls of one procedure.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use wirebahn_adapter::wamp::InvocationError;
use wirebahn_core::wamp::session::OperationError;
use wirebahn_core::wamp::{ErrorDetails, Payload, Uri, YieldOptions, error_uri, message};

use super::invocation::{Invocation, InvocationState};
use super::procedure::Procedure;
use super::shared::Shared;

/// Calls that wait for a thread, and the threads. They are started when they are needed, and end when the procedure is
/// given back.
pub(crate) struct Pool {
    procedure: Arc<dyn Procedure>,
    max_threads: usize,
    queue: Mutex<Queue>,
    /// Told when there is a call, and when there will be none.
    work: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
    is_closed: bool,
}

/// A call to be answered.
pub(crate) struct Job {
    pub(crate) invocation: message::Invocation,
    pub(crate) state: Arc<InvocationState>,
}

impl Pool {
    pub(super) fn new(procedure: Arc<dyn Procedure>, max_threads: usize) -> Arc<Self> {
        let (queue, work) = (Mutex::default(), Condvar::new());
        Arc::new(Self { procedure, max_threads: max_threads.max(1), queue, work })
    }

    /// Hands over a call; whether there will be a thread for it.
    pub(super) fn push(self: &Arc<Self>, shared: &Arc<Shared>, job: Job) -> bool {
        let mut queue = self.lock();
        if queue.idle <= queue.jobs.len() && queue.threads < self.max_threads {
            let (pool, shared) = (Arc::clone(self), Arc::clone(shared));
            let spawned = std::thread::Builder::new()
                .name("wamp procedure".into())
                .spawn(move || while pool.work_on_one(&shared) {});
            if spawned.is_ok() {
                queue.threads += 1;
            }
        }
        if queue.threads == 0 {
            return false;
        }
        queue.jobs.push_back(job);
        drop(queue);
        self.work.notify_one();
        true
    }

    /// No more calls come. Those that have come are answered.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.work.notify_all();
    }

    /// Waits for a call and answers it; whether there may be another one.
    fn work_on_one(&self, shared: &Arc<Shared>) -> bool {
        let mut queue = self.lock();
        queue.idle += 1;
        let waited = self.work.wait_while(queue, |queue| queue.jobs.is_empty() && !queue.is_closed);
        queue = waited.unwrap_or_else(PoisonError::into_inner);
        queue.idle -= 1;
        let Some(job) = queue.jobs.pop_front() else { return false };
        drop(queue);
        self.answer(shared, job);
        true
    }

    fn answer(&self, shared: &Arc<Shared>, job: Job) {
        let request = job.invocation.request;
        let result = if job.state.is_interrupted() {
            // It was canceled while it waited for a thread.
            Err(InvocationError::new(Uri::from_static(error_uri::CANCELED)))
        } else {
            let invocation = Invocation::new(Arc::clone(shared), job);
            let run = || self.procedure.call(invocation, shared.serializer);
            // A panic of a handler is an error for its caller, and for nobody else.
            catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err(InvocationError::panicked()))
        };
        shared.operate(None, |state| {
            state.extra.invocations.remove(&request);
            let session = state.engine.session();
            // An error means that nobody waits for the answer any more.
            let answered = match result {
                Ok(payload) => session.yield_result(request, YieldOptions::default(), payload),
                Err(error) => {
                    let payload = error.payload(shared.serializer);
                    session.yield_error(request, error.uri().clone(), ErrorDetails::default(), payload)
                }
            };
            if let Err(OperationError::PayloadTooLong { .. }) = answered {
                let uri = Uri::from_static(error_uri::PAYLOAD_SIZE_EXCEEDED);
                let _ = session.yield_error(request, uri, ErrorDetails::default(), Payload::empty());
            }
        });
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
