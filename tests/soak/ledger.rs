//! What was done, and what came of it.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Counters that workers and keeper share.
#[derive(Default)]
pub(crate) struct Ledger {
    messages: AtomicU64,
    lives: AtomicU64,
    pub(crate) calls: Counter,
    pub(crate) results: Counter,
    pub(crate) errors: Counter,
    pub(crate) acknowledged: Counter,
    pub(crate) killed: Counter,
    pub(crate) faults: Counter,
    /// Invocations of the procedure that never ends by itself.
    pub(crate) endless_begun: Counter,
    pub(crate) endless_interrupted: Counter,
    events: Mutex<HashMap<u64, Events>>,
}

/// The events of one life of a worker: they are numbered from 1.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Events {
    /// The last one that was acknowledged.
    pub(crate) acknowledged: u64,
    /// The last one that the keeper has; all before it came before it.
    pub(crate) received: u64,
}

#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Ledger {
    /// Messages went over the wire, in whatever direction.
    pub(crate) fn count_messages(&self, count: u64) {
        self.messages.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn messages(&self) -> u64 {
        self.messages.load(Ordering::Relaxed)
    }

    /// A number for a new life.
    pub(crate) fn next_life(&self) -> u64 {
        self.lives.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn acknowledge(&self, life: u64, number: u64) {
        self.acknowledged.add();
        self.with_events(|events| events.entry(life).or_default().acknowledged = number);
    }

    /// The keeper has an event; an error if it is not the one after the last.
    pub(crate) fn receive(&self, life: u64, number: u64) -> Result<(), String> {
        self.with_events(|events| {
            let entry = events.entry(life).or_default();
            if number != entry.received + 1 {
                return Err(format!("life {life}: event {number} came after {}", entry.received));
            }
            entry.received = number;
            Ok(())
        })
    }

    /// A life whose acknowledged events the keeper does not have yet.
    pub(crate) fn behind(&self) -> Option<(u64, Events)> {
        self.with_events(|events| {
            events.iter().find(|(_, e)| e.received < e.acknowledged).map(|(life, events)| (*life, *events))
        })
    }

    /// Forgets lives, once all is quiet.
    pub(crate) fn forget_events(&self) {
        self.with_events(HashMap::clear);
    }

    fn with_events<T>(&self, act: impl FnOnce(&mut HashMap<u64, Events>) -> T) -> T {
        act(&mut self.events.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} messages, {} sessions ({} killed), {} calls ({} results, {} errors), {} events, {} faults",
            self.messages(),
            self.lives.load(Ordering::Relaxed),
            self.killed.get(),
            self.calls.get(),
            self.results.get(),
            self.errors.get(),
            self.acknowledged.get(),
            self.faults.get(),
        )
    }
}
