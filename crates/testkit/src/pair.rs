//! Two engines, two pipes, one clock.

use std::fmt;
use std::iter;
use std::time::Duration;

use wirebahn_core::{Engine, Instant, Transport};

use crate::pipe::{Arrival, Pipe, PipeOptions};

/// See [`Pair::limit_steps`]. Large enough for a megabyte that arrives byte by byte.
const MAX_STEPS: usize = 2_000_000;

/// How many events in a row are believed before `poll_event` is taken for endless.
const MAX_EVENTS: usize = 1_000_000;

/// Two engines joined by two pipes on virtual time, each obeyed as a driver must obey it.
///
/// Nothing happens until a method is called; between the calls a test runs operations on `pair.a.engine` and looks at
/// `pair.b.events`. The crate's documentation has an example.
pub struct Pair<A: Engine, B: Engine> {
    /// One end.
    pub a: Side<A>,
    /// The other end.
    pub b: Side<B>,
    /// What `a` sends.
    pub a_to_b: Pipe,
    /// What `b` sends.
    pub b_to_a: Pipe,
    now: Instant,
    max_steps: usize,
}

/// One end of a [`Pair`].
pub struct Side<E: Engine> {
    /// The engine, for the test to run operations on.
    pub engine: E,
    /// The events taken so far, in order. A test may drain them.
    pub events: Vec<E::Event>,
    holds_events: bool,
    eof_read: bool,
    shut_down: bool,
    dropped: bool,
}

/// What a [`Pair::step`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is nothing else a step can do")]
pub enum Step {
    /// Events, bytes or timers were handled; the time stayed the same.
    Worked,
    /// Nothing was left to do at that time, so the clock went on to the next deadline or arrival.
    Waited,
    /// Nothing will ever happen again without the test doing something.
    Idle,
}

impl<A: Engine, B: Engine> Pair<A, B> {
    /// A pair over perfect pipes, at `now`.
    pub fn new(a: A, b: B, now: Instant) -> Self {
        Self::with_pipes(a, b, now, PipeOptions::default(), PipeOptions::default())
    }

    /// A pair at `now` over pipes from `a` to `b` and from `b` to `a`.
    pub fn with_pipes(a: A, b: B, now: Instant, a_to_b: PipeOptions, b_to_a: PipeOptions) -> Self {
        Self {
            a: Side::new(a),
            b: Side::new(b),
            a_to_b: Pipe::new(a_to_b),
            b_to_a: Pipe::new(b_to_a),
            now,
            max_steps: MAX_STEPS,
        }
    }

    /// How many steps one call makes before it decides that the engines will never come to rest, and panics. Default:
    /// two million.
    pub fn limit_steps(&mut self, max_steps: usize) {
        self.max_steps = max_steps;
    }

    /// Does what is to be done now; if that is nothing, goes on to the earliest deadline of the engines or arrival in
    /// the pipes.
    pub fn step(&mut self) -> Step {
        if self.work() {
            return Step::Worked;
        }
        let Some(next) = earliest(self.next_deadline(), self.next_arrival()) else {
            return Step::Idle;
        };
        self.now = self.now.max(next);
        Step::Waited
    }

    /// Steps until every byte in flight has arrived and was answered. Time passes only as the pipes' latency asks for
    /// it: timers fire if they are due by then, but are not waited for.
    ///
    /// # Panics
    ///
    /// If the engines keep each other busy for ever.
    pub fn settle(&mut self) {
        self.repeat("settle", |pair| {
            if pair.work() {
                return true;
            }
            let Some(arrival) = pair.next_arrival() else {
                return false;
            };
            let next = pair.next_deadline().map_or(arrival, |deadline| arrival.min(deadline));
            pair.now = pair.now.max(next);
            true
        });
    }

    /// Steps until nothing is left to wait for, all timers included.
    ///
    /// # Panics
    ///
    /// If that never happens: engines with a keepalive need [`settle`](Self::settle) or [`advance`](Self::advance).
    pub fn run_until_idle(&mut self) {
        self.repeat("run_until_idle", |pair| pair.step() != Step::Idle);
    }

    /// Steps until `condition` holds, and says whether it ever did: `false` if the pair came to rest before.
    ///
    /// # Panics
    ///
    /// If neither happens.
    pub fn run_until(&mut self, mut condition: impl FnMut(&Self) -> bool) -> bool {
        let mut held = false;
        self.repeat("run_until", |pair| {
            held = condition(pair);
            !held && pair.step() != Step::Idle
        });
        held
    }

    /// Lets exactly `duration` pass, with everything that happens within it, its last moment included.
    ///
    /// # Panics
    ///
    /// If the engines keep each other busy for ever without time passing.
    pub fn advance(&mut self, duration: Duration) {
        let until = self.now + duration;
        self.repeat("advance", |pair| {
            if pair.work() {
                return true;
            }
            let next = earliest(pair.next_deadline(), pair.next_arrival()).filter(|next| *next <= until);
            pair.now = next.map_or(until, |next| pair.now.max(next));
            next.is_some()
        });
    }

    /// The virtual time.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    fn work(&mut self) -> bool {
        let a = self.a.turn(self.now, &mut self.a_to_b, &mut self.b_to_a);
        let b = self.b.turn(self.now, &mut self.b_to_a, &mut self.a_to_b);
        // Bytes that have arrived count before deadlines that have passed.
        a || b || self.a.fire(self.now) | self.b.fire(self.now)
    }

    fn next_deadline(&self) -> Option<Instant> {
        earliest(self.a.deadline(), self.b.deadline())
    }

    fn next_arrival(&self) -> Option<Instant> {
        let at_a = self.b_to_a.readable_at().filter(|_| self.a.reads());
        let at_b = self.a_to_b.readable_at().filter(|_| self.b.reads());
        earliest(at_a, at_b)
    }

    fn repeat(&mut self, what: &str, mut again: impl FnMut(&mut Self) -> bool) {
        for _ in 0..self.max_steps {
            if !again(self) {
                return;
            }
        }
        panic!("{what}: the engines do not come to rest: {self:?}");
    }
}

impl<E: Engine> Side<E> {
    fn new(engine: E) -> Self {
        Self {
            engine,
            events: Vec::new(),
            holds_events: false,
            eof_read: false,
            shut_down: false,
            dropped: false,
        }
    }

    /// From now on the application takes no events: it is behind.
    pub fn hold_events(&mut self) {
        self.holds_events = true;
    }

    /// The application takes events again.
    pub fn take_events(&mut self) {
        self.holds_events = false;
    }

    /// Whether the engine was told that the peer's direction has ended.
    #[must_use]
    pub fn has_seen_eof(&self) -> bool {
        self.eof_read
    }

    /// Whether our direction was shut down, as [`Transport::Finish`] and [`Transport::Close`] ask for.
    #[must_use]
    pub fn has_shut_down(&self) -> bool {
        self.shut_down
    }

    /// Whether the connection was dropped, as [`Transport::Close`] asks for.
    #[must_use]
    pub fn has_dropped(&self) -> bool {
        self.dropped
    }

    /// One round of a driver's loop, timers aside; says whether anything happened.
    fn turn(&mut self, now: Instant, outgoing: &mut Pipe, incoming: &mut Pipe) -> bool {
        let took = self.poll_events(now);
        if self.dropped {
            return took;
        }
        let wrote = self.write(now, outgoing);
        let obeyed = self.obey(now, outgoing, incoming);
        let read = self.reads() && self.read(now, incoming);
        took || wrote || obeyed || read
    }

    fn poll_events(&mut self, now: Instant) -> bool {
        if self.holds_events {
            return false;
        }
        let before = self.events.len();
        let mut resumed = false;
        loop {
            let polled = self.events.len();
            self.events.extend(iter::from_fn(|| self.engine.poll_event()).take(MAX_EVENTS));
            let fresh = self.events.len() - polled;
            assert!(fresh < MAX_EVENTS, "poll_event does not come to an end");
            if self.dropped || self.engine.recv_buf().is_empty() || (resumed && fresh == 0) {
                break;
            }
            self.engine.handle_recv(now);
            resumed = true;
        }
        self.events.len() > before
    }

    fn write(&mut self, now: Instant, outgoing: &mut Pipe) -> bool {
        let outbox = self.engine.outbox();
        let mut written = 0;
        for piece in outbox.pieces() {
            let taken = outgoing.write(now, piece);
            written += taken;
            if taken < piece.len() {
                break;
            }
        }
        outbox.advance(written);
        written > 0
    }

    fn obey(&mut self, now: Instant, outgoing: &mut Pipe, incoming: &mut Pipe) -> bool {
        let transport = self.engine.transport();
        let flushed = self.engine.outbox().is_empty();
        let ending = matches!(transport, Transport::Finish | Transport::Close) && flushed;
        let shuts_down = ending && !self.shut_down;
        if shuts_down {
            outgoing.shutdown(now);
            self.shut_down = true;
        }
        if ending && transport == Transport::Close {
            incoming.abandon();
            self.dropped = true;
        }
        shuts_down || self.dropped
    }

    fn read(&mut self, now: Instant, incoming: &mut Pipe) -> bool {
        match incoming.read(now) {
            Some(Arrival::Data(bytes)) => {
                self.engine.recv_buf().extend_from_slice(&bytes);
                self.engine.handle_recv(now);
            }
            Some(Arrival::Eof) => {
                self.eof_read = true;
                self.engine.handle_eof(now);
            }
            None => return false,
        }
        true
    }

    fn fire(&mut self, now: Instant) -> bool {
        let due = self.deadline().is_some_and(|deadline| deadline <= now);
        if due {
            self.engine.handle_timeout(now);
            let next = self.engine.poll_timeout();
            assert!(
                next.is_none_or(|next| next > now),
                "contract line 4: after handle_timeout({now:?}), poll_timeout is {next:?}"
            );
        }
        due
    }

    fn reads(&self) -> bool {
        !self.dropped
            && !self.eof_read
            && matches!(self.engine.transport(), Transport::Open | Transport::Finish)
    }

    fn deadline(&self) -> Option<Instant> {
        self.engine.poll_timeout().filter(|_| !self.dropped)
    }
}

impl<A: Engine, B: Engine> fmt::Debug for Pair<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair")
            .field("now", &self.now)
            .field("a", &self.a)
            .field("b", &self.b)
            .finish_non_exhaustive()
    }
}

impl<E: Engine> fmt::Debug for Side<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Side")
            .field("transport", &self.engine.transport())
            .field("deadline", &self.engine.poll_timeout())
            .field("events", &self.events.len())
            .field("holds_events", &self.holds_events)
            .field("eof_read", &self.eof_read)
            .field("shut_down", &self.shut_down)
            .field("dropped", &self.dropped)
            .finish_non_exhaustive()
    }
}

fn earliest(first: Option<Instant>, second: Option<Instant>) -> Option<Instant> {
    first.into_iter().chain(second).min()
}
