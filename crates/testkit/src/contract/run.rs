//! One engine going through one script, watched.

use std::fmt;
use std::time::Duration;

use wirebahn_core::{Engine, Instant, Transport};

use super::script::Step;
use super::{Line, START, Subject};

/// More events than any input here gives, before `poll_event` is taken for endless.
const MAX_EVENTS: usize = 1_000_000;

/// More rounds of polling and resuming than any input here needs.
const MAX_ROUNDS: usize = 100_000;

/// More timers than any engine fires between the end of the input and its own end.
const MAX_TIMERS: usize = 1_000;

/// Long after every deadline.
const LONG: Duration = Duration::from_secs(1_000_000);

/// An engine in the middle of a script.
///
/// Methods return `Err` when the line in focus is violated; violations of other lines are left to their own checks.
pub(super) struct Run<'a, E: Engine> {
    subject: &'a Subject<E>,
    focus: Line,
    /// The part of the input that is still to be fed.
    input: &'a [u8],
    now: Instant,
    eof: bool,
    ended: bool,
    handed_over: bool,
    skips_no_ops: bool,
    pub(super) engine: E,
    /// The bytes written so far.
    pub(super) output: Vec<u8>,
    /// The events so far, joined.
    pub(super) events: Vec<E::Event>,
    /// What could be seen after each step.
    pub(super) seen: Vec<Observation>,
}

/// Everything that can be seen of an engine without changing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Observation {
    transport: Transport,
    timeout: Option<Instant>,
    queued: u64,
    pending: usize,
    received: usize,
}

impl<'a, E> Run<'a, E>
where
    E: Engine,
    E::Event: fmt::Debug,
{
    pub(super) fn new(subject: &'a Subject<E>, focus: Line, input: &'a [u8]) -> Self {
        Self {
            subject,
            focus,
            input,
            now: START,
            eof: false,
            ended: false,
            handed_over: false,
            skips_no_ops: false,
            engine: (subject.make)(),
            output: Vec::new(),
            events: Vec::new(),
            seen: Vec::new(),
        }
    }

    /// Leaves out the calls that must make no difference.
    pub(super) fn without_no_ops(mut self) -> Self {
        self.skips_no_ops = true;
        self
    }

    /// Goes through `script`, then brings the engine to its end.
    pub(super) fn play(mut self, script: &[Step]) -> Result<Self, String> {
        for step in script {
            if self.handed_over {
                break;
            }
            self.step(step)?;
            self.watch()?;
        }
        self.finish()?;
        Ok(self)
    }

    /// Feeds the whole input in chunks of `sizes` as a driver does, then brings the engine to its end.
    pub(super) fn drive(mut self, sizes: &[usize]) -> Result<Self, String> {
        self.settle()?;
        for size in sizes.iter().cycle() {
            if self.input.is_empty() || self.handed_over || self.engine.transport() == Transport::Close {
                break;
            }
            self.feed(*size);
            self.settle()?;
        }
        self.finish()?;
        Ok(self)
    }

    /// Feeds the whole input in chunks of `sizes` and looks at nothing before all of it is in.
    pub(super) fn pour(mut self, sizes: &[usize]) -> Result<Self, String> {
        for size in sizes.iter().cycle() {
            if self.input.is_empty() {
                break;
            }
            self.feed(*size);
        }
        self.finish()?;
        Ok(self)
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        match *step {
            Step::Feed(size) => self.feed(size),
            Step::HandleRecv => self.engine.handle_recv(self.now),
            Step::HandleEof => self.handle_eof(),
            Step::PollEvent => {
                self.take_event()?;
            }
            Step::Advance(size) => {
                self.flush(size);
            }
            Step::Settle => self.settle()?,
            Step::Elapse(micros) => self.now = self.now + Duration::from_micros(micros),
            Step::Timeout => self.handle_timeout(self.now)?,
            Step::TimeoutTooEarly => {
                if let Some(deadline) = self.engine.poll_timeout() {
                    self.handle_timeout(Instant::from_micros(deadline.as_micros().saturating_sub(1)))?;
                }
            }
            Step::TimeoutAtDeadline => {
                if let Some(deadline) = self.engine.poll_timeout() {
                    self.handle_timeout(deadline)?;
                }
            }
            Step::Operate(index) => {
                if let Some(index) = index.checked_rem(self.subject.operations.len()) {
                    self.operate(index)?;
                }
            }
        }
        Ok(())
    }

    fn feed(&mut self, size: usize) {
        let (chunk, rest) = self.input.split_at(size.min(self.input.len()));
        self.input = rest;
        self.receive(chunk);
    }

    /// Appends `bytes` to the receive buffer and has them handled.
    pub(super) fn receive(&mut self, bytes: &[u8]) {
        self.engine.recv_buf().extend_from_slice(bytes);
        self.engine.handle_recv(self.now);
    }

    fn handle_eof(&mut self) {
        let skip = self.skips_no_ops && self.focus == Line::AnyOrder && self.eof;
        if !skip {
            self.engine.handle_eof(self.now);
        }
        self.eof = true;
    }

    /// Calls `handle_timeout` at `at`, or now if that has passed.
    fn handle_timeout(&mut self, at: Instant) -> Result<(), String> {
        self.now = self.now.max(at);
        let early = self.engine.poll_timeout().is_none_or(|deadline| deadline > self.now);
        if self.skips_no_ops && self.focus == Line::TimersMoveOn && early {
            return Ok(());
        }
        self.engine.handle_timeout(self.now);
        let next = self.engine.poll_timeout();
        self.require(Line::TimersMoveOn, next.is_none_or(|next| next > self.now), || {
            format!("after handle_timeout({:?}), poll_timeout is {next:?}", self.now)
        })
    }

    fn operate(&mut self, index: usize) -> Result<(), String> {
        let Some(operation) = self.subject.operations.get(index) else {
            return Ok(());
        };
        let before = self.observe();
        let result = (operation.apply)(&mut self.engine, self.now);
        let after = self.observe();
        self.require(Line::PeerIsHarmless, result.is_err() || !self.ended, || {
            format!("operation `{}` returned Ok after the end", operation.name)
        })?;
        self.require(Line::PeerIsHarmless, result.is_ok() || before == after, || {
            format!("operation `{}` returned {result:?} but changed {before:?} to {after:?}", operation.name)
        })
    }

    /// Polls one event; says whether there was one.
    pub(super) fn take_event(&mut self) -> Result<bool, String> {
        if self.handed_over {
            return Ok(false);
        }
        let Some(event) = self.engine.poll_event() else {
            return Ok(false);
        };
        self.require(Line::OneEnd, !self.ended, || format!("after the terminal event came {event:?}"))?;
        self.ended |= (self.subject.is_terminal)(&event);
        self.handed_over = (self.subject.hands_over)(&event);
        (self.subject.join)(&mut self.events, event);
        Ok(true)
    }

    /// Takes all events and has the engine make more of what it has received, until there are no more.
    pub(super) fn take_events_and_resume(&mut self) -> Result<(), String> {
        while self.take_events()? {
            self.engine.handle_recv(self.now);
        }
        Ok(())
    }

    /// Polls all events; says whether there was one.
    fn take_events(&mut self) -> Result<bool, String> {
        for taken in 0..MAX_EVENTS {
            if !self.take_event()? {
                return Ok(taken > 0);
            }
        }
        Err(format!("poll_event still returns events after {MAX_EVENTS} of them"))
    }

    /// Writes up to `size` bytes of the outbox; says whether there were any.
    pub(super) fn flush(&mut self, size: usize) -> bool {
        let outbox = self.engine.outbox();
        let before = self.output.len();
        let size = size.min(outbox.len());
        for piece in outbox.pieces() {
            let left = size - (self.output.len() - before);
            self.output.extend_from_slice(piece.get(..left).unwrap_or(piece));
        }
        outbox.advance(size);
        size > 0
    }

    /// What a driver does when nothing new arrives: takes all events, writes everything, lets the engine resume.
    fn settle(&mut self) -> Result<(), String> {
        for round in 0..MAX_ROUNDS {
            let took = self.take_events()?;
            let wrote = self.flush(usize::MAX);
            if self.handed_over {
                return Ok(());
            }
            if !took && !wrote && round > 0 {
                let transport = self.engine.transport();
                return self.require(Line::Resumes, transport != Transport::Paused, || {
                    "Paused although all events were polled and the outbox is empty".to_owned()
                });
            }
            if !self.engine.recv_buf().is_empty() {
                self.engine.handle_recv(self.now);
            }
        }
        Err(format!("the engine still has events or output after {MAX_ROUNDS} rounds without new input"))
    }

    /// Brings the engine to its end: the peer half-closes, then time passes. Afterwards nothing may happen any more.
    fn finish(&mut self) -> Result<(), String> {
        self.settle()?;
        if !self.ended && !self.handed_over {
            self.handle_eof();
            self.settle()?;
        }
        for _ in 0..MAX_TIMERS {
            let Some(deadline) = self.engine.poll_timeout().filter(|_| !self.ended && !self.handed_over)
            else {
                break;
            };
            self.handle_timeout(deadline)?;
            self.settle()?;
        }
        self.require(Line::OneEnd, self.ended || self.handed_over, || {
            "no terminal event came, although the peer has half-closed, everything was polled and written, and all \
             timers have fired"
                .to_owned()
        })?;
        if self.ended { self.poke() } else { Ok(()) }
    }

    /// Every input and operation after the end: nothing may come of them.
    fn poke(&mut self) -> Result<(), String> {
        self.watch()?;
        let queued = self.engine.outbox().queued_total();
        self.receive(&self.subject.input);
        self.watch()?;
        self.engine.handle_eof(self.now);
        self.watch()?;
        self.handle_timeout(self.now + LONG)?;
        self.watch()?;
        for index in 0..self.subject.operations.len() {
            self.operate(index)?;
            self.watch()?;
        }
        self.take_events()?;
        let quiet = self.engine.outbox().queued_total() == queued;
        self.require(Line::OneEnd, quiet, || "bytes were queued after the terminal event".to_owned())
    }

    /// Notes what can be seen, and checks what holds at any time.
    fn watch(&mut self) -> Result<(), String> {
        let seen = self.observe();
        self.seen.push(seen);
        let over = seen.transport == Transport::Close && seen.timeout.is_none();
        self.require(Line::OneEnd, over || !self.ended, || {
            format!(
                "after the terminal event transport is {:?} and poll_timeout {:?}",
                seen.transport, seen.timeout
            )
        })
    }

    fn observe(&mut self) -> Observation {
        Observation {
            transport: self.engine.transport(),
            timeout: self.engine.poll_timeout(),
            queued: self.engine.outbox().queued_total(),
            pending: self.engine.outbox().len(),
            received: self.engine.recv_buf().len(),
        }
    }

    fn require(&self, line: Line, holds: bool, reason: impl FnOnce() -> String) -> Result<(), String> {
        if holds || line != self.focus { Ok(()) } else { Err(reason()) }
    }
}
