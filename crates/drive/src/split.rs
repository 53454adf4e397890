//! One socket for two tasks.
//!
//! Either half drives the whole socket while it waits, so each must be woken for what the other one brings about:
//!
//! ```text
//!   stream, timer ──▶ both                        (one waker, made of the two tasks' wakers)
//!   one half reads, writes, runs a timer ──▶ the other     (events, room, or the end may be what it waits for)
//!   one half uses the engine ──▶ the other        (to flush, to arm a timer, to take an event)
//!   an event is taken, and the engine wants to read again ──▶ the other     (it drives, and did not ask to read)
//! ```

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use wirebahn_core::{Engine, Instant};

use crate::{Disconnected, Io, Runtime, Socket};

/// The half of a [`Socket`] that takes events; see [`Socket::split`].
pub struct ReadHalf<E: Engine, I, R: Runtime> {
    shared: Arc<Shared<E, I, R>>,
}

/// The half of a [`Socket`] that sends; see [`Socket::split`].
pub struct WriteHalf<E: Engine, I, R: Runtime> {
    shared: Arc<Shared<E, I, R>>,
}

/// The halves are not of the same socket; here they are again.
#[non_exhaustive]
pub struct ReuniteError<E: Engine, I, R: Runtime> {
    /// The half that takes events.
    pub read: ReadHalf<E, I, R>,
    /// The half that sends.
    pub write: WriteHalf<E, I, R>,
}

struct Shared<E: Engine, I, R: Runtime> {
    socket: Mutex<Socket<E, I, R>>,
    wakers: Arc<Wakers>,
    /// Wakes both halves: the only waker that the stream and the timer ever see.
    both: Waker,
}

#[derive(Default)]
struct Wakers {
    reader: Slot,
    writer: Slot,
}

/// Whom to wake, if someone waits.
#[derive(Default)]
struct Slot(Mutex<Option<Waker>>);

#[derive(Clone, Copy)]
enum Side {
    Reader,
    Writer,
}

impl<E: Engine, I: Io, R: Runtime> Socket<E, I, R> {
    /// Makes two halves that two tasks can use at the same time, at the price of a lock and of more wake-ups.
    ///
    /// A half that waits drives the whole socket. If only one is in use, it is all that is needed; if none is, the
    /// socket stands still. Dropping one half leaves the socket to the other; dropping both drops the socket.
    pub fn split(self) -> (ReadHalf<E, I, R>, WriteHalf<E, I, R>) {
        let wakers = Arc::new(Wakers::default());
        let both = Waker::from(Arc::clone(&wakers));
        let shared = Arc::new(Shared { socket: Mutex::new(self), wakers, both });
        (ReadHalf { shared: Arc::clone(&shared) }, WriteHalf { shared })
    }
}

impl<E: Engine, I: Io, R: Runtime> ReadHalf<E, I, R> {
    /// As [`Socket::poll_event`].
    pub fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<E::Event>> {
        self.shared.poll(Side::Reader, cx, Socket::poll_event)
    }

    /// As [`Socket::next_event`]. Cancel-safe.
    pub fn next_event(&mut self) -> impl Future<Output = Option<E::Event>> {
        poll_fn(|cx| self.poll_event(cx))
    }

    /// Uses the engine. What that brings about happens when either half is polled next, and the other one is woken for
    /// it if it waits.
    ///
    /// `operation` runs under the lock of the socket: it should be short, and must not use the other half.
    pub fn with_engine<T>(&mut self, operation: impl FnOnce(&mut E) -> T) -> T {
        self.shared.with_engine(Side::Reader, operation)
    }

    /// Looks at the socket.
    pub fn inspect<T>(&self, look: impl FnOnce(&Socket<E, I, R>) -> T) -> T {
        look(&self.shared.lock())
    }

    /// As [`Socket::now`].
    #[must_use]
    pub fn now(&self) -> Instant {
        R::now()
    }

    /// Whether `write` is the other half of the same socket.
    #[must_use]
    pub fn is_pair_of(&self, write: &WriteHalf<E, I, R>) -> bool {
        Arc::ptr_eq(&self.shared, &write.shared)
    }

    /// Makes one socket of the two halves again.
    ///
    /// # Errors
    ///
    /// [`ReuniteError`] with both halves if they are not of the same socket.
    pub fn reunite(self, write: WriteHalf<E, I, R>) -> Result<Socket<E, I, R>, ReuniteError<E, I, R>> {
        if !self.is_pair_of(&write) {
            return Err(ReuniteError { read: self, write });
        }
        drop(write);
        match Arc::try_unwrap(self.shared) {
            Ok(shared) => Ok(shared.socket.into_inner().unwrap_or_else(PoisonError::into_inner)),
            Err(_) => unreachable!("there are two halves only, and this is the last one"),
        }
    }
}

impl<E: Engine, I: Io, R: Runtime> WriteHalf<E, I, R> {
    /// As [`Socket::poll_ready`].
    ///
    /// # Errors
    ///
    /// [`Disconnected`] if nothing can be sent any more.
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Disconnected>> {
        self.shared.poll(Side::Writer, cx, Socket::poll_ready)
    }

    /// As [`Socket::poll_flush`].
    ///
    /// # Errors
    ///
    /// [`Disconnected`] if not everything could be sent.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Disconnected>> {
        self.shared.poll(Side::Writer, cx, Socket::poll_flush)
    }

    /// As [`Socket::ready`]. Cancel-safe.
    ///
    /// # Errors
    ///
    /// [`Disconnected`] if nothing can be sent any more.
    pub fn ready(&mut self) -> impl Future<Output = Result<(), Disconnected>> {
        poll_fn(|cx| self.poll_ready(cx))
    }

    /// As [`Socket::flush`]. Cancel-safe.
    ///
    /// # Errors
    ///
    /// [`Disconnected`] if not everything could be sent.
    pub fn flush(&mut self) -> impl Future<Output = Result<(), Disconnected>> {
        poll_fn(|cx| self.poll_flush(cx))
    }

    /// Uses the engine; see [`ReadHalf::with_engine`].
    pub fn with_engine<T>(&mut self, operation: impl FnOnce(&mut E) -> T) -> T {
        self.shared.with_engine(Side::Writer, operation)
    }

    /// Looks at the socket.
    pub fn inspect<T>(&self, look: impl FnOnce(&Socket<E, I, R>) -> T) -> T {
        look(&self.shared.lock())
    }

    /// As [`Socket::now`].
    #[must_use]
    pub fn now(&self) -> Instant {
        R::now()
    }
}

impl<E: Engine, I: Io, R: Runtime> Shared<E, I, R> {
    fn poll<T>(
        &self,
        side: Side,
        cx: &Context<'_>,
        poll: impl FnOnce(&mut Socket<E, I, R>, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        // Before anything is looked at: whatever the other half brings about from here on wakes us.
        self.wakers.slot(side).wait(cx.waker());
        let mut socket = self.lock();
        let result = poll(&mut socket, &mut Context::from_waker(&self.both));
        let wake_other = socket.take_moved() | socket.take_resumed();
        drop(socket);
        if result.is_ready() {
            self.wakers.slot(side).take();
        }
        if wake_other {
            self.wakers.slot(side.other()).wake();
        }
        result
    }

    fn with_engine<T>(&self, side: Side, operation: impl FnOnce(&mut E) -> T) -> T {
        let result = operation(self.lock().engine_mut());
        self.wakers.slot(side.other()).wake();
        result
    }

    /// A panic of the engine in one half is no reason for another one in the other.
    fn lock(&self) -> MutexGuard<'_, Socket<E, I, R>> {
        self.socket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Side {
    const fn other(self) -> Self {
        match self {
            Self::Reader => Self::Writer,
            Self::Writer => Self::Reader,
        }
    }
}

impl Wakers {
    const fn slot(&self, side: Side) -> &Slot {
        match side {
            Side::Reader => &self.reader,
            Side::Writer => &self.writer,
        }
    }
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.reader.wake();
        self.writer.wake();
    }
}

impl Slot {
    fn wait(&self, waker: &Waker) {
        let mut slot = self.lock();
        match &mut *slot {
            Some(present) => present.clone_from(waker),
            None => *slot = Some(waker.clone()),
        }
    }

    fn take(&self) -> Option<Waker> {
        self.lock().take()
    }

    /// Wakes outside the lock: a waker may do as it pleases.
    fn wake(&self) {
        if let Some(waker) = self.take() {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Waker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E: Engine, I, R: Runtime> fmt::Debug for ReadHalf<E, I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadHalf").finish_non_exhaustive()
    }
}

impl<E: Engine, I, R: Runtime> fmt::Debug for WriteHalf<E, I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteHalf").finish_non_exhaustive()
    }
}

impl<E: Engine, I, R: Runtime> fmt::Debug for ReuniteError<E, I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReuniteError").finish_non_exhaustive()
    }
}

impl<E: Engine, I, R: Runtime> fmt::Display for ReuniteError<E, I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "these halves are of different sockets; pass the two that came from the same call of `split`",
        )
    }
}

impl<E: Engine, I, R: Runtime> std::error::Error for ReuniteError<E, I, R> {}
