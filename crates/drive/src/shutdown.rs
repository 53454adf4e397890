//! Asking many connections at once to end.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// Asks connections to end in order: each sends a Close frame with
/// [`CloseCode::GOING_AWAY`](wirebahn_core::websocket::CloseCode::GOING_AWAY) when it is polled next.
///
/// Clones are the same signal.
#[derive(Clone, Default)]
pub struct Shutdown(Arc<Inner>);

#[derive(Default)]
struct Inner {
    requested: AtomicBool,
    next_id: AtomicU64,
    waiting: Mutex<HashMap<u64, Waker>>,
}

impl Shutdown {
    /// A signal that has not been given.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the signal, once and for all.
    pub fn request(&self) {
        self.0.requested.store(true, Ordering::Release);
        let waiting = std::mem::take(&mut *self.0.lock());
        for (_, waker) in waiting {
            waker.wake();
        }
    }

    /// Whether the signal was given.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.0.requested.load(Ordering::Acquire)
    }

    pub(crate) fn watch(&self) -> ShutdownWatch {
        ShutdownWatch { signal: self.clone(), id: None, waker: None, acted: false }
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Waker>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection's view of a [`Shutdown`].
pub(crate) struct ShutdownWatch {
    signal: Shutdown,
    id: Option<u64>,
    /// What stands in `waiting`, so that waiting again, which every wake-up does, needs no look there.
    waker: Option<Waker>,
    acted: bool,
}

impl ShutdownWatch {
    /// For another task that uses the same connection, or for the next connection.
    pub(crate) fn another(&self) -> Self {
        self.signal.watch()
    }

    /// Whether the signal has been given since this last said so.
    pub(crate) fn take_request(&mut self) -> bool {
        let request = !self.acted && self.signal.is_requested();
        self.acted |= request;
        request
    }

    /// Whether the signal has been given.
    pub(crate) fn is_requested(&self) -> bool {
        self.signal.is_requested()
    }

    /// Wakes `waker` when the signal is given; true if it was given meanwhile.
    #[inline]
    pub(crate) fn wait(&mut self, waker: &Waker) -> bool {
        if self.acted {
            return false;
        }
        // Only `request` takes wakers out, and it sets the flag before.
        if !self.waker.as_ref().is_some_and(|present| present.will_wake(waker)) {
            self.register(waker);
        }
        self.signal.is_requested()
    }

    #[cold]
    fn register(&mut self, waker: &Waker) {
        let inner = &self.signal.0;
        let id = *self.id.get_or_insert_with(|| inner.next_id.fetch_add(1, Ordering::Relaxed));
        inner.lock().insert(id, waker.clone());
        self.waker = Some(waker.clone());
    }
}

impl Drop for ShutdownWatch {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.signal.0.lock().remove(&id);
        }
    }
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shutdown").field(&self.is_requested()).finish()
    }
}

impl fmt::Debug for ShutdownWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.signal, f)
    }
}
