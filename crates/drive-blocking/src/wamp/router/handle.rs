use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Thread;
use std::time::Duration;

use wirebahn_adapter::{OsEntropy, since_1970};
use wirebahn_core::Instant;
use wirebahn_router::{Outgoing, Question, Router, RouterConfig, SessionKey, TransportInfo};

use crate::TimedOut;
use crate::socket::now;

/// A wait without limit is cut into pieces of this length.
const LONG: Duration = Duration::from_secs(24 * 60 * 60);

/// A router that many threads use. Dropping it ends the thread of its timers.
pub(crate) struct Handle {
    core: Arc<Core>,
}

struct Core {
    state: Mutex<State>,
    /// Told when there is a question.
    asked: Condvar,
    /// Told when the router wants to know the time earlier than it said, and when it is over.
    armed: Condvar,
    unsendable: AtomicU64,
}

struct State {
    router: Router,
    /// Threads of connections that wait for something to send, or for being read again.
    waiting: HashMap<SessionKey, Vec<Thread>>,
    /// What the thread of the timers waits for.
    due: Option<Instant>,
    is_over: bool,
}

/// What there is for a thread that writes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// Something.
    Some,
    /// Nothing: the thread is unparked when there is.
    Nothing,
}

impl Handle {
    pub(super) fn new(config: RouterConfig) -> io::Result<Arc<Self>> {
        let mut router = Router::new(config, Box::new(OsEntropy::default()));
        router.set_date(now(), since_1970());
        let state = State { router, waiting: HashMap::new(), due: None, is_over: false };
        let core = Arc::new(Core {
            state: Mutex::new(state),
            asked: Condvar::new(),
            armed: Condvar::new(),
            unsendable: AtomicU64::new(0),
        });
        let timers = Arc::clone(&core);
        std::thread::Builder::new().name("wamp router timers".into()).spawn(move || timers.run_timers())?;
        Ok(Arc::new(Self { core }))
    }

    pub(super) fn with<T>(&self, operation: impl FnOnce(&mut Router, Instant) -> T) -> T {
        let mut state = self.core.lock();
        let result = operation(&mut state.router, now());
        self.core.settle(state);
        result
    }

    pub(super) fn question(&self) -> Question {
        loop {
            if let Ok(question) = self.question_timeout(LONG) {
                return question;
            }
        }
    }

    pub(super) fn question_timeout(&self, limit: Duration) -> Result<Question, TimedOut> {
        let waited =
            self.core.asked.wait_timeout_while(self.core.lock(), limit, |state| !state.router.has_question());
        waited.unwrap_or_else(PoisonError::into_inner).0.router.poll_question().ok_or(TimedOut)
    }

    pub(super) fn unsendable(&self) -> u64 {
        self.core.unsendable.load(Ordering::Relaxed)
    }

    pub(super) fn note_unsendable(&self) {
        self.core.unsendable.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn attach(&self, transport: TransportInfo) -> SessionKey {
        self.with(|router, now| {
            // It may have been set, or the system may have slept, since anybody has looked.
            router.set_date(now, since_1970());
            router.attach(transport, now)
        })
    }

    /// The connection is gone; its threads look again.
    pub(super) fn detach(&self, key: SessionKey) {
        let mut state = self.core.lock();
        state.router.handle_detach(key, now());
        let threads = state.waiting.remove(&key).unwrap_or_default();
        self.core.settle(state);
        threads.iter().for_each(Thread::unpark);
    }

    /// Nobody waits for anything any more.
    pub(super) fn forget(&self, key: SessionKey) {
        self.core.lock().waiting.remove(&key);
    }

    /// Takes outputs of a connection, up to `limit`; all of them once the router has done with the connection, since a
    /// stream without room may never have any again.
    pub(super) fn take(&self, key: SessionKey, outgoing: &mut VecDeque<Outgoing>, limit: usize) -> Taken {
        let mut state = self.core.lock();
        let is_closing = state.router.is_closing(key);
        let mut taken = Taken::Nothing;
        while (is_closing || outgoing.len() < limit)
            && let Some(output) = state.router.poll_output(key)
        {
            taken = Taken::Some;
            outgoing.push_back(output);
        }
        if taken == Taken::Nothing {
            state.wait(key);
        }
        // What was in the queue may have held others back.
        self.core.settle(state);
        taken
    }

    /// Whether the connection should not be read from for now: then the thread is unparked when it may be.
    pub(super) fn is_held(&self, key: SessionKey) -> bool {
        let mut state = self.core.lock();
        let is_held = state.router.is_held(key);
        if is_held {
            state.wait(key);
        }
        is_held
    }

    pub(super) fn is_closing(&self, key: SessionKey) -> bool {
        self.core.lock().router.is_closing(key)
    }
}

impl Core {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes whom the last inputs concern, and lets go of the router.
    fn settle(&self, mut state: MutexGuard<'_, State>) {
        let mut threads = Vec::new();
        while let Some(key) = state.router.next_ready() {
            threads.extend(state.waiting.remove(&key).into_iter().flatten());
        }
        // They stay with the router, which withdraws those about sessions that go.
        let has_asked = state.router.has_question();
        let is_earlier = match (state.router.poll_timeout(), state.due) {
            (Some(next), Some(due)) => next < due,
            (next, None) => next.is_some(),
            (None, Some(_)) => false,
        };
        drop(state);
        threads.iter().for_each(Thread::unpark);
        if has_asked {
            self.asked.notify_all();
        }
        if is_earlier {
            self.armed.notify_all();
        }
    }

    fn run_timers(&self) {
        loop {
            let mut state = self.lock();
            if state.is_over {
                return;
            }
            let now = now();
            let due = state.router.poll_timeout();
            if due.is_some_and(|due| due <= now) {
                state.router.handle_timeout(now);
                self.settle(state);
                continue;
            }
            state.due = due;
            let left = due.map_or(LONG, |due| due.saturating_duration_since(now));
            drop(self.armed.wait_timeout(state, left));
        }
    }
}

impl State {
    fn wait(&mut self, key: SessionKey) {
        let (threads, current) = (self.waiting.entry(key).or_default(), std::thread::current());
        if threads.iter().all(|thread| thread.id() != current.id()) {
            threads.push(current);
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.core.lock().is_over = true;
        self.core.armed.notify_all();
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("connections", &self.core.lock().router.connections())
            .finish_non_exhaustive()
    }
}
