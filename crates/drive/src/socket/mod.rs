//! An engine and a byte stream, driven by whoever polls. `drive` is what one poll does.

mod drive;

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
use crate::recv_buffer::RecvBuffer;
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
