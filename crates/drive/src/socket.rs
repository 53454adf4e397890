//! An engine and a byte stream, driven by whoever polls.

use std::convert::Infallible;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use wirebahn_core::{Engine, Instant, Transport};

use crate::alarm::Alarm;
use crate::output::poll_write_all;
use crate::recv_buffer::{RecvBuffer, with_block};
use crate::{Io, Runtime};

/// How long the last bytes before [`Transport::Close`] may take to leave. The engine has given up on the peer by then;
/// one that reads at all takes them at once, and one that does not must not hold the connection.
pub const CLOSE_WRITE_TIMEOUT: Duration = Duration::from_secs(1);

/// After so many reads in a row that found bytes, deadlines are looked at although there may be more to read, and a
/// poll that has found no event by then lets other tasks run: a peer that never stops sending stops neither.
pub const READS_PER_TURN: u8 = 16;

/// An [`Engine`] and an [`Io`], driven by the task that polls it.
///
/// [`poll_event`](Self::poll_event) does everything there is to do: it hands out events, writes what the engine wants
/// sent, reads, and runs timers. What a task sends through [`engine_mut`](Self::engine_mut) leaves with the next call
/// that waits; replies queued while the messages of one read are handled leave in one write.
///
/// All state is in the socket and none in the futures: each may be dropped at any point and made anew, and nothing is
/// lost. But a socket that nobody polls stands still, and answers no pings.
///
/// An idle socket holds no buffers, and a timer only if its engine has asked for one.
///
/// ```
/// use wirebahn_core::Engine;
/// use wirebahn_drive::{Io, Runtime, Socket};
///
/// /// Hands all events to `handle` until the connection has ended.
/// async fn serve<E: Engine, I: Io, R: Runtime>(
///     mut socket: Socket<E, I, R>,
///     mut handle: impl FnMut(&mut E, E::Event),
/// ) {
///     while let Some(event) = socket.next_event().await {
///         handle(socket.engine_mut(), event);
///         if socket.ready().await.is_err() {
///             // No more sending; the events that are left say why.
///         }
///     }
/// }
/// ```
pub struct Socket<E: Engine, I, R: Runtime> {
    engine: E,
    /// `None` once closed.
    io: Option<I>,
    /// An event that waits until the engine's last bytes are written: its taker may drop the socket.
    held: Option<E::Event>,
    buffer: RecvBuffer,
    alarm: Alarm<R::Timer>,
    input: Input,
    output: Output,
    /// The first error of the stream. Boxed by `io::Error` itself.
    error: Option<io::Error>,
    /// The latest time we know.
    last: Instant,
    /// When [`CLOSE_WRITE_TIMEOUT`] ends.
    give_up: Option<Instant>,
    /// Bytes that the stream has taken.
    written: u64,
    /// The stream may hold back bytes that we wrote.
    unflushed: bool,
    /// Events were taken or the engine was used, so it may go on with what it has received.
    touched: bool,
    /// The last time there was nothing to do, the engine did not want to read.
    slept_paused: bool,
    /// Something happened since [`take_moved`](Self::take_moved).
    moved: bool,
    reads_in_a_row: u8,
    runtime: PhantomData<fn() -> R>,
}

/// There is nothing to send to any more.
///
/// Not an answer to what happened: go on taking events, the last one says that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "says all there is to say; the last event has the details")]
pub struct Disconnected;

/// What a [`Socket`] was made of; see [`Socket::into_parts`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Parts<E, I> {
    /// The engine, with everything received and not yet handled, and everything not yet sent.
    pub engine: E,
    /// The stream, unless it is closed.
    pub io: Option<I>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    Open,
    /// The end was found; the engine has not been told.
    Ended,
    /// The engine knows.
    Reported,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Output {
    Open,
    /// Our direction was ended in order.
    ShutDown,
    /// Writing failed.
    Broken,
}

/// What came of [`Socket::poll_event_after`].
pub(crate) enum Step<T, E> {
    /// The next event; `None` after the last one.
    Event(Option<E>),
    /// What was to come first wants the caller to do something else.
    Stopped(T),
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

impl<E: Engine, I: Io, R: Runtime> Socket<E, I, R> {
    /// Drives `engine` over `io`. Nothing happens before the first poll.
    pub const fn new(engine: E, io: I) -> Self {
        Self {
            engine,
            io: Some(io),
            held: None,
            buffer: RecvBuffer::new(),
            alarm: Alarm::new(),
            input: Input::Open,
            output: Output::Open,
            error: None,
            last: Instant::ZERO,
            give_up: None,
            written: 0,
            unflushed: false,
            touched: true,
            slept_paused: false,
            moved: false,
            reads_in_a_row: 0,
            runtime: PhantomData,
        }
    }

    /// The next event; `None` after the last one.
    ///
    /// While the engine has events from the bytes that were read already this is free of system calls. When the engine
    /// wants the connection closed, what is left is handed out after that is done.
    #[inline]
    pub fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<E::Event>> {
        match ready!(self.poll_event_after(cx, |_| None::<Infallible>)) {
            Step::Event(event) => Poll::Ready(event),
            Step::Stopped(never) => match never {},
        }
    }

    /// As [`poll_event`](Self::poll_event), but before an event is taken `first` can use the engine, to take in some of
    /// what has arrived in a cheaper way than as an event. It must not do more to the engine than that and sending.
    /// What it returns ends the call.
    #[inline]
    pub(crate) fn poll_event_after<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut first: impl FnMut(&mut E) -> Option<T>,
    ) -> Poll<Step<T, E::Event>> {
        if self.held.is_none()
            && let Some(stop) = first(&mut self.engine)
        {
            return Poll::Ready(Step::Stopped(stop));
        }
        if let Some(event) = self.take_event() {
            return Poll::Ready(Step::Event(Some(event)));
        }
        self.drive_to_event(cx, first)
    }

    /// Whether there is room to send right now.
    #[inline]
    pub fn is_ready(&mut self) -> bool {
        self.output == Output::Open && self.engine.outbox().is_ready()
    }

    /// Waits until the outbox has room, and meanwhile does everything else that needs no one to take events.
    ///
    /// # Errors
    ///
    /// [`Disconnected`] if nothing can be sent any more.
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Disconnected>> {
        match self.output {
            Output::Open if self.engine.outbox().is_ready() => return Poll::Ready(Ok(())),
            Output::Open => {}
            Output::ShutDown | Output::Broken => return Poll::Ready(Err(Disconnected)),
        }
        self.drive_to_output(cx, |socket| socket.engine.outbox().is_ready())
    }

    /// Waits until everything is written, and meanwhile does everything else that needs no one to take events.
    ///
    /// # Errors
    ///
    /// [`Disconnected`] if not everything could be sent.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Disconnected>> {
        self.drive_to_output(cx, |socket| socket.engine.outbox().is_empty() && !socket.unflushed)
    }

    /// The next event, as [`poll_event`](Self::poll_event). Cancel-safe.
    pub fn next_event(&mut self) -> impl Future<Output = Option<E::Event>> {
        poll_fn(|cx| self.poll_event(cx))
    }

    /// Waits for room, as [`poll_ready`](Self::poll_ready). Cancel-safe.
    ///
    /// # Errors
    ///
    /// [`Disconnected`] if nothing can be sent any more.
    pub fn ready(&mut self) -> impl Future<Output = Result<(), Disconnected>> {
        poll_fn(|cx| self.poll_ready(cx))
    }

    /// Waits until everything is written, as [`poll_flush`](Self::poll_flush). Cancel-safe.
    ///
    /// # Errors
    ///
    /// [`Disconnected`] if not everything could be sent.
    pub fn flush(&mut self) -> impl Future<Output = Result<(), Disconnected>> {
        poll_fn(|cx| self.poll_flush(cx))
    }

    /// The engine.
    pub const fn engine(&self) -> &E {
        &self.engine
    }

    /// The engine, for its own operations. What they bring about happens when the socket is polled next.
    pub const fn engine_mut(&mut self) -> &mut E {
        self.touched = true;
        &mut self.engine
    }

    /// The stream, unless it is closed.
    pub const fn io(&self) -> Option<&I> {
        self.io.as_ref()
    }

    /// The time now, for operations of the engine that ask for it. Reads the clock.
    #[must_use]
    pub fn now(&self) -> Instant {
        R::now()
    }

    /// The error that ended the stream, if one did. The engine was told of an end only.
    pub const fn io_error(&self) -> Option<&io::Error> {
        self.error.as_ref()
    }

    /// How many bytes the stream has taken. Unlike [`Outbox::written_total`](wirebahn_core::Outbox::written_total) it does not
    /// count those that were dropped.
    pub(crate) const fn written(&self) -> u64 {
        self.written
    }

    pub(crate) const fn take_io_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    /// Replaces the engine by one made of it, for example after an opening handshake. Received bytes that the new
    /// engine carries over are handed to it again, and so is the end of the stream.
    ///
    /// An event of the old engine that was waiting for the connection to be closed is dropped.
    pub fn map_engine<T: Engine>(self, map: impl FnOnce(E) -> T) -> Socket<T, I, R> {
        let input = if self.input == Input::Reported { Input::Ended } else { self.input };
        Socket {
            engine: map(self.engine),
            io: self.io,
            held: None,
            buffer: self.buffer,
            alarm: self.alarm,
            input,
            output: self.output,
            error: self.error,
            last: self.last,
            give_up: None,
            written: self.written,
            unflushed: self.unflushed,
            touched: true,
            slept_paused: self.slept_paused,
            moved: true,
            reads_in_a_row: 0,
            runtime: PhantomData,
        }
    }

    /// Takes the socket apart. An event that was waiting for the connection to be closed is dropped.
    pub fn into_parts(self) -> Parts<E, I> {
        Parts { engine: self.engine, io: self.io }
    }

    /// Whether anything happened since the last call that another task may be waiting for.
    pub(crate) const fn take_moved(&mut self) -> bool {
        std::mem::replace(&mut self.moved, false)
    }

    /// Whether the engine wants to read again, and did not when a task went to sleep.
    pub(crate) fn take_resumed(&mut self) -> bool {
        let resumed = self.slept_paused && self.engine.transport() != Transport::Paused;
        self.slept_paused &= !resumed;
        resumed
    }

    #[inline]
    fn take_event(&mut self) -> Option<E::Event> {
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

    fn drive_to_event<T>(
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

    fn drive_to_output(
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

/// The events. Ends after the last one.
impl<E, I, R> Stream for Socket<E, I, R>
where
    E: Engine + Unpin,
    E::Event: Unpin,
    I: Io,
    R: Runtime,
{
    type Item = E::Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<E::Event>> {
        self.poll_event(cx)
    }
}

impl<E: Engine + fmt::Debug, I, R: Runtime> fmt::Debug for Socket<E, I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("engine", &self.engine)
            .field("input", &self.input)
            .field("output", &self.output)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Disconnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection takes no more data; take the remaining events, the last one says why")
    }
}

impl std::error::Error for Disconnected {}

impl From<Disconnected> for io::Error {
    fn from(disconnected: Disconnected) -> Self {
        Self::new(io::ErrorKind::BrokenPipe, disconnected)
    }
}
