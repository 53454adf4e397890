//! What one poll of a socket does: rounds of taking in, writing, reading and looking at the time, until there is what was
//! asked for or nothing to do.

use std::io;
use std::task::{Context, Poll, ready};

use wirebahn_core::{Engine, Instant, Transport};

use super::{CLOSE_WRITE_TIMEOUT, Disconnected, Input, Output, READS_PER_TURN, Socket, Step};
use crate::alarm::Alarm;
use crate::output::poll_write_all;
use crate::recv_buffer::with_block;
use crate::{Io, Runtime};

impl<E: Engine, I: Io, R: Runtime> Socket<E, I, R> {
    #[inline]
    pub(super) fn take_event(&mut self) -> Option<E::Event> {
        if self.held.is_some() {
            return None;
        }
        let event = self.engine.poll_event()?;
        self.touched = true;
        if self.io.is_some() && self.engine.transport() == Transport::Close {
            self.held = Some(event);
            return None;
        }
        Some(event)
    }

    pub(super) fn drive_to_event<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut first: impl FnMut(&mut E) -> Option<T>,
    ) -> Poll<Step<T, E::Event>> {
        let mut clock = Clock::default();
        for _ in 0..READS_PER_TURN {
            match self.drive(cx, &mut clock) {
                Round::Moved => {}
                Round::Idle => return Poll::Pending,
                Round::Closed => {
                    return Poll::Ready(Step::Event(self.held.take().or_else(|| self.engine.poll_event())));
                }
            }
            if self.held.is_none()
                && let Some(stop) = first(&mut self.engine)
            {
                return Poll::Ready(Step::Stopped(stop));
            }
            if let Some(event) = self.take_event() {
                return Poll::Ready(Step::Event(Some(event)));
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    pub(super) fn drive_to_output(
        &mut self,
        cx: &mut Context<'_>,
        reached: impl Fn(&mut Self) -> bool,
    ) -> Poll<Result<(), Disconnected>> {
        let mut clock = Clock::default();
        for _ in 0..READS_PER_TURN {
            if self.io.is_some() && self.output == Output::Open {
                // Only to learn whether that suffices: what it cannot write, `drive` waits for.
                let _ = self.poll_output(cx);
            }
            if self.output == Output::Broken {
                return Poll::Ready(Err(Disconnected));
            }
            // An engine that has ended may have dropped what was to be sent.
            if self.engine.transport() != Transport::Close && reached(self) {
                return Poll::Ready(Ok(()));
            }
            match self.drive(cx, &mut clock) {
                Round::Moved => {}
                Round::Idle => return Poll::Pending,
                Round::Closed => return Poll::Ready(Err(Disconnected)),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// One round: let the engine go on, write, read, look at the time.
    fn drive(&mut self, cx: &mut Context<'_>, clock: &mut Clock) -> Round {
        let round = self.step(cx, clock);
        match round {
            Round::Idle => {
                self.reads_in_a_row = 0;
                self.slept_paused = self.engine.transport() == Transport::Paused;
                self.buffer.sleep(self.engine.recv_buf());
            }
            Round::Moved => self.moved = true,
            Round::Closed => {}
        }
        round
    }

    fn step(&mut self, cx: &mut Context<'_>, clock: &mut Clock) -> Round {
        if std::mem::replace(&mut self.touched, false) && !self.engine.recv_buf().is_empty() {
            let now = self.read_clock(clock);
            self.engine.handle_recv(now);
            return Round::Moved;
        }
        if self.input == Input::Ended {
            self.input = Input::Reported;
            let now = self.read_clock(clock);
            self.engine.handle_eof(now);
            return Round::Moved;
        }
        if self.io.is_none() {
            return Round::Closed;
        }
        if self.engine.transport() == Transport::Close {
            return self.close(cx, clock);
        }
        let before = self.engine.outbox().len();
        let written = self.poll_output(cx);
        if before > 0 && self.engine.poll_timeout() == Some(Instant::ZERO) {
            // A timer starts with what was just written: before the answer is read, the engine needs the time, and the
            // answer gets a time of its own.
            clock.now = None;
            let now = self.read_clock(clock);
            self.engine.handle_recv(now);
            clock.now = None;
        }
        if self.engine.transport() == Transport::Finish && written.is_ready() {
            let _ = self.poll_shutdown(cx);
        }
        if self.reads_in_a_row >= READS_PER_TURN {
            self.reads_in_a_row = 0;
            if self.engine.poll_timeout().is_some() {
                // Discarding what is read does not look at the clock.
                self.read_clock(clock);
            }
            if self.handle_timeout_if_due(clock) {
                return Round::Moved;
            }
        }
        if self.poll_input(cx, clock).is_ready() {
            self.reads_in_a_row += 1;
            return Round::Moved;
        }
        self.run_timer(cx, clock)
    }

    /// Writes and flushes. Ready if there is nothing left to do, also because the stream is broken.
    fn poll_output(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let outbox = self.engine.outbox();
        if outbox.is_empty() && !self.unflushed {
            return Poll::Ready(());
        }
        let (Some(io), Output::Open) = (&mut self.io, self.output) else {
            outbox.clear();
            return Poll::Ready(());
        };
        let mut written = 0;
        let mut result = poll_write_all(io, cx, outbox, &mut written);
        if written > 0 {
            self.written += written as u64;
            self.unflushed = true;
            self.moved = true;
        }
        if matches!(result, Poll::Ready(Ok(()))) {
            result = io.poll_flush(cx);
        }
        match ready!(result) {
            Ok(()) => self.unflushed = false,
            Err(error) => self.break_output(error),
        }
        Poll::Ready(())
    }

    /// Ends our direction, once. Ready if that is done, also because the stream is broken.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let (Some(io), Output::Open) = (&mut self.io, self.output) {
            match ready!(io.poll_shutdown(cx)) {
                Ok(()) => self.output = Output::ShutDown,
                Err(error) => self.break_output(error),
            }
        }
        Poll::Ready(())
    }

    /// Nothing can be written any more. What has arrived is still read, and then the engine learns of the end.
    fn break_output(&mut self, error: io::Error) {
        self.error.get_or_insert(error);
        self.output = Output::Broken;
        self.unflushed = false;
        self.moved = true;
        self.engine.outbox().clear();
    }

    /// Reads once, as the engine wants it. Ready if something was found: bytes or the end.
    fn poll_input(&mut self, cx: &mut Context<'_>, clock: &mut Clock) -> Poll<()> {
        let (Some(io), Input::Open) = (&mut self.io, self.input) else {
            return Poll::Pending;
        };
        let transport = self.engine.transport();
        let result = match transport {
            Transport::Open => {
                let hint = self.engine.recv_hint();
                let buf = self.engine.recv_buf();
                self.buffer.make_room(buf, hint);
                io.poll_read(cx, buf)
            }
            Transport::Finish => with_block(|block| io.poll_read(cx, block)),
            Transport::Paused | Transport::Close => return Poll::Pending,
        };
        match result {
            Poll::Ready(Ok(0)) => self.input = Input::Ended,
            Poll::Ready(Ok(_)) if transport == Transport::Finish => {}
            Poll::Ready(Ok(_)) => {
                let now = self.read_clock(clock);
                clock.now = None;
                self.engine.handle_recv(now);
            }
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Poll::Ready(Err(error)) => {
                self.input = Input::Ended;
                self.break_output(error);
            }
            Poll::Pending if self.output == Output::Broken => self.input = Input::Ended,
            Poll::Pending => return Poll::Pending,
        }
        Poll::Ready(())
    }

    fn run_timer(&mut self, cx: &mut Context<'_>, clock: &mut Clock) -> Round {
        loop {
            let Some(deadline) = self.engine.poll_timeout() else { return Round::Idle };
            if deadline <= self.last {
                let now = self.read_clock(clock);
                self.engine.handle_timeout(now);
                return Round::Moved;
            }
            if clock.was_read && self.alarm.will_wake(cx, deadline, self.last)
                || self.alarm.poll(cx, deadline).is_pending()
            {
                return Round::Idle;
            }
            clock.now = None;
            self.read_clock(clock);
        }
    }

    /// Tells the engine the time if the time we know of is past its deadline. Reads the clock only then.
    fn handle_timeout_if_due(&mut self, clock: &mut Clock) -> bool {
        let due = self.engine.poll_timeout().is_some_and(|deadline| deadline <= self.last);
        if due {
            let now = self.read_clock(clock);
            self.engine.handle_timeout(now);
        }
        due
    }

    /// Writes the last bytes and drops the stream, within [`CLOSE_WRITE_TIMEOUT`].
    fn close(&mut self, cx: &mut Context<'_>, clock: &mut Clock) -> Round {
        let done = self.poll_output(cx).is_ready() && self.poll_shutdown(cx).is_ready();
        if !done && !self.out_of_patience(cx, clock) {
            return Round::Idle;
        }
        if self.output == Output::Open {
            self.output = Output::Broken;
        }
        self.io = None;
        self.alarm = Alarm::new();
        self.unflushed = false;
        self.engine.outbox().clear();
        if self.input != Input::Reported {
            self.input = Input::Reported;
            let now = self.read_clock(clock);
            self.engine.handle_eof(now);
        }
        self.buffer.sleep(self.engine.recv_buf());
        Round::Moved
    }

    fn out_of_patience(&mut self, cx: &mut Context<'_>, clock: &mut Clock) -> bool {
        let give_up = self.give_up.unwrap_or_else(|| self.read_clock(clock) + CLOSE_WRITE_TIMEOUT);
        self.give_up = Some(give_up);
        while self.last < give_up {
            if self.alarm.poll(cx, give_up).is_pending() {
                return false;
            }
            self.last = R::now();
        }
        true
    }

    fn read_clock(&mut self, clock: &mut Clock) -> Instant {
        clock.was_read = true;
        self.last = *clock.now.get_or_insert_with(R::now);
        self.last
    }
}

/// What one poll knows of the time.
#[derive(Default)]
struct Clock {
    /// The time, if it was read in this poll and no bytes were read since.
    now: Option<Instant>,
    /// Whether [`Socket::last`] is of this poll.
    was_read: bool,
}

/// What one round of driving came to.
enum Round {
    /// Something happened: look at the engine again.
    Moved,
    /// Nothing to do until the task is woken.
    Idle,
    /// The stream is closed and the engine knows.
    Closed,
}
