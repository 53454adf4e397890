//! An engine and a byte stream, driven by the thread that uses them.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, ErrorKind, IoSlice};
use std::time::Duration;

use wirebahn_core::{Engine, Instant, Outbox, Transport};

use crate::Duplex;

/// How long the last bytes before [`Transport::Close`] may take to leave: the engine has given up on the peer by then.
const CLOSE_WRITE_TIMEOUT: Duration = Duration::from_secs(1);

/// How long one write may block before it is looked whether the peer waits for us to read.
pub(crate) const WRITE_SLICE: Duration = Duration::from_millis(20);

/// How long to look for something to read while a write is blocked.
pub(crate) const BLOCKED_READ: Duration = Duration::from_millis(1);

/// After so many reads in a row while a write is blocked, the write is tried again.
pub(crate) const READS_PER_WRITE: u8 = 64;

/// The most that is read at a time.
const READ_LEN: usize = 64 * 1024;

/// The most pieces of one vectored write.
const MAX_PIECES: usize = 16;

/// An [`Engine`] and a stream. Whoever waits for an event or for the outbox does everything else meanwhile.
pub(crate) struct Socket<E: Engine, S> {
    engine: E,
    /// `None` once closed.
    stream: Option<S>,
    input: Side,
    output: Side,
    error: Option<io::Error>,
    /// The engine was used, so it may go on with what it has received.
    touched: bool,
    timeouts: Timeouts,
    unflushed: bool,
    /// How many reads are made before the write that is blocked is tried again.
    reads_first: u8,
}

/// The wait was limited, and the limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "says all there is to say")]
pub struct TimedOut;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Open,
    /// Ended in order.
    Ended,
    Broken,
}

impl<E: Engine, S: Duplex> Socket<E, S> {
    pub(crate) const fn new(engine: E, stream: S) -> Self {
        Self {
            engine,
            stream: Some(stream),
            input: Side::Open,
            output: Side::Open,
            error: None,
            touched: true,
            timeouts: Timeouts::new(),
            unflushed: false,
            reads_first: 0,
        }
    }

    /// The next event, `None` after the last one; gives up at `limit`.
    pub(crate) fn next_event(&mut self, limit: Option<Instant>) -> Result<Option<E::Event>, TimedOut> {
        loop {
            if let Some(event) = self.poll_event() {
                self.close_if_over();
                return Ok(Some(event));
            }
            if self.stream.is_none() {
                return Ok(None);
            }
            self.turn(limit)?;
        }
    }

    /// The next event of what was received already. After the last one say [`close_if_over`](Self::close_if_over).
    pub(crate) fn poll_event(&mut self) -> Option<E::Event> {
        let event = self.engine.poll_event();
        self.touched |= event.is_some();
        event
    }

    pub(crate) fn close_if_over(&mut self) {
        if self.engine.transport() == Transport::Close {
            self.close();
        }
    }

    /// Waits until everything is written; whether it could be.
    pub(crate) fn flush(&mut self) -> bool {
        self.until(Self::is_written)
    }

    /// Waits until there is room to send; whether there is any.
    pub(crate) fn ready(&mut self) -> bool {
        self.output == Side::Open && self.engine.outbox().is_ready()
            || self.until(|socket| socket.engine.outbox().is_ready())
    }

    fn is_written(&mut self) -> bool {
        self.engine.outbox().is_empty() && !self.unflushed
    }

    fn until(&mut self, reached: impl Fn(&mut Self) -> bool) -> bool {
        // Most writes are taken at once, with nothing else to do.
        self.write();
        loop {
            if self.stream.is_none()
                || self.output != Side::Open
                || self.engine.transport() == Transport::Close
            {
                return false;
            }
            if reached(self) {
                return true;
            }
            // Without a limit there is no time to run out of.
            let _ = self.turn(None);
        }
    }

    pub(crate) const fn engine(&self) -> &E {
        &self.engine
    }

    pub(crate) const fn engine_mut(&mut self) -> &mut E {
        self.touched = true;
        &mut self.engine
    }

    pub(crate) const fn stream(&self) -> Option<&S> {
        self.stream.as_ref()
    }

    pub(crate) const fn io_error(&self) -> Option<&io::Error> {
        self.error.as_ref()
    }

    pub(crate) const fn take_io_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    /// Replaces the engine by one made of it. What has ended is told to it again.
    pub(crate) fn map_engine<T: Engine>(self, map: impl FnOnce(E) -> T) -> Socket<T, S> {
        let mut engine = map(self.engine);
        if self.input != Side::Open {
            engine.handle_eof(now());
        }
        Socket {
            engine,
            stream: self.stream,
            input: self.input,
            output: self.output,
            error: self.error,
            touched: true,
            timeouts: self.timeouts,
            unflushed: self.unflushed,
            reads_first: 0,
        }
    }

    pub(crate) fn into_parts(self) -> (E, Option<S>) {
        (self.engine, self.stream)
    }

    /// One round: let the engine go on, write, read, look at the time.
    fn turn(&mut self, limit: Option<Instant>) -> Result<(), TimedOut> {
        if std::mem::replace(&mut self.touched, false) && !self.engine.recv_buf().is_empty() {
            self.engine.handle_recv(now());
            return Ok(());
        }
        if self.engine.transport() == Transport::Close {
            self.close();
            return Ok(());
        }
        if !self.is_written() && self.reads_first == 0 {
            self.write();
            if self.is_written() {
                // Whoever waits for just that need not wait for anything to read.
                return Ok(());
            }
        }
        if self.engine.poll_timeout() == Some(Instant::ZERO) {
            self.engine.handle_recv(now());
        }
        let is_written = self.is_written();
        let transport = self.engine.transport();
        if transport == Transport::Finish && is_written && self.output == Side::Open {
            self.shut_down();
        }
        let before = now();
        let deadline = [self.engine.poll_timeout(), limit].into_iter().flatten().min();
        let wait = deadline.map(|deadline| deadline.saturating_duration_since(before));
        if matches!(transport, Transport::Open | Transport::Finish) && self.input == Side::Open {
            let wait = if is_written && self.output != Side::Broken { wait } else { Some(BLOCKED_READ) };
            if self.read(wait, transport) {
                self.reads_first = self.reads_first.saturating_sub(1);
                return Ok(());
            }
            self.reads_first = 0;
        } else {
            self.reads_first = 0;
            if is_written {
                // Nothing but time brings anything about.
                std::thread::sleep(wait.unwrap_or(WRITE_SLICE));
            }
        }
        let now = now();
        if self.engine.poll_timeout().is_some_and(|deadline| deadline <= now) {
            self.engine.handle_timeout(now);
        } else if limit.is_some_and(|limit| limit <= now) {
            return Err(TimedOut);
        }
        Ok(())
    }

    /// Writes what can be written within [`WRITE_SLICE`].
    fn write(&mut self) {
        let outbox = self.engine.outbox();
        if outbox.is_empty() && !self.unflushed {
            return;
        }
        let (Some(stream), Side::Open) = (&mut self.stream, self.output) else {
            return outbox.clear();
        };
        let written = self.timeouts.set_write(stream, WRITE_SLICE).and_then(|()| {
            while !outbox.is_empty() {
                let taken = write_once(stream, outbox)?;
                outbox.advance(taken);
                self.unflushed = true;
            }
            stream.flush()
        });
        match written {
            Ok(()) => self.unflushed = false,
            // Perhaps the other end cannot read because it waits for us to do so.
            Err(error) if is_temporary(&error) => self.reads_first = READS_PER_WRITE,
            Err(error) => self.break_output(error),
        }
    }

    /// Nothing can be written any more. What has arrived is still read, and then the engine learns of the end.
    fn break_output(&mut self, error: io::Error) {
        self.error.get_or_insert(error);
        self.output = Side::Broken;
        self.unflushed = false;
        self.engine.outbox().clear();
    }

    /// Reads once; whether something was found: bytes or the end.
    fn read(&mut self, wait: Option<Duration>, transport: Transport) -> bool {
        let Some(stream) = &mut self.stream else { return false };
        let read = self.timeouts.set_read(stream, wait).and_then(|()| {
            with_scratch(|scratch| {
                let len = stream.read(scratch)?;
                if transport != Transport::Finish {
                    self.engine.recv_buf().extend_from_slice(scratch.get(..len).unwrap_or_default());
                }
                Ok(len)
            })
        });
        match read {
            Ok(0) => self.end_input(Side::Ended),
            Ok(_) if transport == Transport::Finish => {}
            Ok(_) => self.engine.handle_recv(now()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if is_temporary(&error) && self.output != Side::Broken => return false,
            Err(error) if is_temporary(&error) => self.end_input(Side::Broken),
            Err(error) => {
                self.break_output(error);
                self.end_input(Side::Broken);
            }
        }
        true
    }

    fn end_input(&mut self, end: Side) {
        self.input = end;
        self.engine.handle_eof(now());
    }

    fn shut_down(&mut self) {
        let Some(stream) = &mut self.stream else { return };
        match stream.shut_down_write() {
            Ok(()) => self.output = Side::Ended,
            Err(error) => self.break_output(error),
        }
    }

    /// Writes the last bytes and drops the stream.
    fn close(&mut self) {
        let give_up = now() + CLOSE_WRITE_TIMEOUT;
        while self.output == Side::Open && !self.engine.outbox().is_empty() && now() < give_up {
            self.write();
        }
        if self.output == Side::Open {
            self.shut_down();
        }
        self.stream = None;
        self.engine.outbox().clear();
        if self.input == Side::Open {
            self.end_input(Side::Ended);
        }
    }
}

/// The time, as engines count it.
pub(crate) fn now() -> Instant {
    std::time::Instant::now().into()
}

/// One vectored write from the front of `outbox`.
pub(crate) fn write_once(stream: &mut impl Duplex, outbox: &Outbox) -> io::Result<usize> {
    let mut slices = [IoSlice::new(&[]); MAX_PIECES];
    let mut used = 0;
    for (slot, piece) in slices.iter_mut().zip(outbox.pieces()) {
        *slot = IoSlice::new(piece);
        used += 1;
    }
    let taken = match slices.get(..used) {
        Some([only]) => stream.write(only)?,
        pieces => stream.write_vectored(pieces.unwrap_or_default())?,
    };
    if taken == 0 { Err(ErrorKind::WriteZero.into()) } else { Ok(taken) }
}

/// Whether trying again may help: the stream's timeout has passed.
pub(crate) fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// Lends an initialised buffer of the thread; another one to a stream that reads through another one inside.
pub(crate) fn with_scratch<T>(read: impl FnOnce(&mut [u8]) -> T) -> T {
    thread_local! {
        static SCRATCH: RefCell<Vec<Box<[u8]>>> = const { RefCell::new(Vec::new()) };
    }
    let spare = SCRATCH.try_with(|spare| spare.borrow_mut().pop()).ok().flatten();
    let mut scratch = spare.unwrap_or_else(|| vec![0; READ_LEN].into());
    let result = read(&mut scratch);
    // While the thread ends there is no place to put it back to, and no need to.
    let _ = SCRATCH.try_with(|spare| spare.borrow_mut().push(scratch));
    result
}

/// The timeouts of a stream as they were set last: a system call for each read would cost more than the read.
#[derive(Debug)]
pub(crate) struct Timeouts {
    read: Option<Option<Duration>>,
    write: Option<Duration>,
}

impl Timeouts {
    pub(crate) const fn new() -> Self {
        Self { read: None, write: None }
    }

    /// Has reads wait for `wait` at most. A timeout that is somewhat shorter already is left as it is: whoever waits
    /// looks at the clock and waits again.
    pub(crate) fn set_read(&mut self, stream: &impl Duplex, wait: Option<Duration>) -> io::Result<()> {
        let wait = wait.map(|wait| wait.max(Duration::from_millis(1)));
        let is_good = match (self.read, wait) {
            (Some(Some(set)), Some(wait)) => set <= wait && set >= wait.mul_f32(0.75),
            (Some(set), wait) => set == wait,
            (None, _) => false,
        };
        if !is_good {
            // Short of it, so that the same wait a moment later needs no other.
            let slightly_less = wait.map(|wait| if wait > WRITE_SLICE { wait.mul_f32(0.9) } else { wait });
            stream.set_read_timeout(slightly_less)?;
            self.read = Some(slightly_less);
        }
        Ok(())
    }

    pub(crate) fn set_write(&mut self, stream: &impl Duplex, wait: Duration) -> io::Result<()> {
        if self.write != Some(wait) {
            stream.set_write_timeout(Some(wait))?;
            self.write = Some(wait);
        }
        Ok(())
    }
}

impl<E: Engine + fmt::Debug, S> fmt::Debug for Socket<E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("engine", &self.engine)
            .field("input", &self.input)
            .field("output", &self.output)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing came in time")
    }
}

impl std::error::Error for TimedOut {}
