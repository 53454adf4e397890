//! Tasks that end with their owner.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Listen;

/// Handles of running tasks. Dropping the set drops the handles, and with them the tasks.
pub(crate) struct TaskSet<N: Listen> {
    tasks: HashMap<u64, N::Task>,
    next: u64,
    ended: Arc<Mutex<Vec<u64>>>,
}

impl<N: Listen> TaskSet<N> {
    pub(crate) fn new() -> Self {
        Self { tasks: HashMap::new(), next: 0, ended: Arc::default() }
    }

    /// Runs the future that `make` makes, which holds on to the [`Ticket`] until it has ended, and lets go of tasks that
    /// have ended before.
    pub(crate) fn spawn<F>(&mut self, make: impl FnOnce(Ticket) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let ended = std::mem::take(&mut *self.ended.lock().unwrap_or_else(PoisonError::into_inner));
        for id in ended {
            self.tasks.remove(&id);
        }
        // Not a future around the future: that would take twice the memory.
        let task = N::spawn(make(Ticket { id: self.next, ended: Arc::clone(&self.ended) }));
        self.tasks.insert(self.next, task);
        self.next += 1;
    }
}

/// Notes the end of a task, also if it panics.
pub(crate) struct Ticket {
    id: u64,
    ended: Arc<Mutex<Vec<u64>>>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).push(self.id);
    }
}
