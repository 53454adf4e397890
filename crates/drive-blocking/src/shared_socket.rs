//! An engine and a byte stream that many threads use.

use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use wirebahn_core::{Engine, Instant, Transport};

use crate::socket::{
    BLOCKED_READ, READS_PER_WRITE, Socket, Timeouts, WRITE_SLICE, is_temporary, now, with_scratch,
};
use crate::{Duplex, TryClone};

/// The reader looks at deadlines that others may have brought about at least this often.
pub(crate) const LONGEST_READ: Duration = Duration::from_millis(250);

/// An [`Engine`] and a stream. One thread reads, through its [`ReadHalf`]; whoever has something to send writes. `T` is
/// what else is under the lock.
///
/// Nobody holds the lock of the state while the stream blocks, so no thread waits for the stream but those that read or
/// write.
pub(crate) struct SharedSocket<E, T, S> {
    state: Mutex<SocketState<E, T>>,
    /// Whoever holds this writes, so that bytes stay in order. Never taken while the state is locked.
    writer: Mutex<Writer<S>>,
    /// Told when there is room for whoever waits for it, and when `T` has changed in a way that others watch.
    changed: Condvar,
}

pub(crate) struct SocketState<E, T> {
    pub(crate) engine: E,
    #[cfg_attr(not(feature = "wamp"), expect(dead_code, reason = "only sessions have something"))]
    pub(crate) extra: T,
    /// Nothing can be written any more.
    pub(crate) is_broken: bool,
    /// The reader has seen the last event.
    pub(crate) has_ended: bool,
    /// Our direction was ended.
    is_finished: bool,
    /// The stream has taken bytes, and not passed on all of them.
    is_unflushed: bool,
    /// How many threads wait for room.
    waiting_for_room: usize,
}

struct Writer<S> {
    stream: S,
    timeouts: Timeouts,
    is_shut_down: bool,
}

/// What the thread that reads has to itself.
pub(crate) struct ReadHalf<S> {
    stream: S,
    timeouts: Timeouts,
    /// How many reads are made before a write that was blocked is tried again.
    reads_first: u8,
    /// There is nothing to read any more.
    has_ended: bool,
}

/// Whether everything is on its way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// It is, or somebody else sees to it.
    Yes,
    /// The stream takes nothing at the moment.
    Blocked,
}

impl<E: Engine, T, S: Duplex> SharedSocket<E, T, S> {
    /// # Errors
    ///
    /// The connection has ended, or the system refuses a second handle of its stream.
    pub(crate) fn new(socket: Socket<E, S>, extra: T) -> io::Result<(Self, ReadHalf<S>)>
    where
        S: TryClone,
    {
        let (engine, stream) = socket.into_parts();
        let stream = stream.ok_or(io::ErrorKind::NotConnected)?;
        let writer = Writer { stream: stream.try_clone()?, timeouts: Timeouts::new(), is_shut_down: false };
        let state = SocketState {
            engine,
            extra,
            is_broken: false,
            has_ended: false,
            is_finished: false,
            // What the single owner of the stream has left in it.
            is_unflushed: true,
            waiting_for_room: 0,
        };
        let read_half = ReadHalf { stream, timeouts: Timeouts::new(), reads_first: 0, has_ended: false };
        let (state, writer, changed) = (Mutex::new(state), Mutex::new(writer), Condvar::new());
        Ok((Self { state, writer, changed }, read_half))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, SocketState<E, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writer(&self) -> MutexGuard<'_, Writer<S>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes everything there is, after whoever is writing; gives up at `give_up`, if the stream blocks.
    pub(crate) fn write(&self, give_up: Option<Instant>) -> Written {
        match self.drain(&mut self.writer(), give_up) {
            Written::Yes => self.write_if_nobody_does(give_up),
            Written::Blocked => Written::Blocked,
        }
    }

    /// Writes everything there is, unless somebody does already: then he sees it before he stops, or after.
    pub(crate) fn write_if_nobody_does(&self, give_up: Option<Instant>) -> Written {
        while self.has_output() {
            let written = match self.writer.try_lock() {
                Ok(mut writer) => self.drain(&mut writer, give_up),
                Err(TryLockError::Poisoned(poisoned)) => self.drain(&mut poisoned.into_inner(), give_up),
                Err(TryLockError::WouldBlock) => return Written::Yes,
            };
            if written == Written::Blocked {
                return Written::Blocked;
            }
            if self.lock().engine.transport() == Transport::Close {
                return Written::Yes;
            }
        }
        Written::Yes
    }

    fn has_output(&self) -> bool {
        let mut state = self.lock();
        let is_finishing = state.engine.transport() == Transport::Finish && !state.is_finished;
        !state.is_broken && (is_finishing || state.is_unflushed || !state.engine.outbox().is_empty())
    }

    fn drain(&self, writer: &mut Writer<S>, give_up: Option<Instant>) -> Written {
        with_scratch(|scratch| {
            loop {
                let mut state = self.lock();
                if state.is_broken {
                    state.engine.outbox().clear();
                    return Written::Yes;
                }
                let mut len = 0;
                for piece in state.engine.outbox().pieces() {
                    let room = scratch.get_mut(len..).unwrap_or_default();
                    let fitting = piece.get(..room.len()).unwrap_or(piece);
                    if let Some(slot) = room.get_mut(..fitting.len()) {
                        slot.copy_from_slice(fitting);
                    }
                    len += fitting.len();
                }
                if len > 0 {
                    state.is_unflushed = true;
                    drop(state);
                    match self.write_all(writer, scratch.get(..len).unwrap_or_default(), give_up) {
                        Written::Yes => continue,
                        Written::Blocked => return Written::Blocked,
                    }
                }
                if state.is_unflushed {
                    drop(state);
                    match self.flush(writer, give_up) {
                        Written::Yes => continue,
                        Written::Blocked => return Written::Blocked,
                    }
                }
                let is_finishing = state.engine.transport() == Transport::Finish;
                state.is_finished |= is_finishing;
                drop(state);
                if is_finishing {
                    writer.shut_down();
                }
                return Written::Yes;
            }
        })
    }

    /// Writes `bytes`, which stand at the front of the outbox.
    fn write_all(&self, writer: &mut Writer<S>, mut bytes: &[u8], give_up: Option<Instant>) -> Written {
        while !bytes.is_empty() {
            let Writer { stream, timeouts, .. } = writer;
            let written =
                timeouts.set_write(stream, WRITE_SLICE).and_then(|()| io::Write::write(stream, bytes));
            match written {
                Ok(len @ 1..) => {
                    let mut state = self.lock();
                    state.engine.outbox().advance(len);
                    if state.waiting_for_room > 0 {
                        self.changed.notify_all();
                    }
                    drop(state);
                    bytes = bytes.get(len..).unwrap_or_default();
                }
                Ok(_) => self.break_output(),
                Err(error) => {
                    if self.handle(&error, give_up) == Written::Blocked {
                        return Written::Blocked;
                    }
                }
            }
            if self.lock().is_broken {
                return Written::Yes;
            }
        }
        Written::Yes
    }

    fn flush(&self, writer: &mut Writer<S>, give_up: Option<Instant>) -> Written {
        loop {
            let Writer { stream, timeouts, .. } = writer;
            match timeouts.set_write(stream, WRITE_SLICE).and_then(|()| io::Write::flush(stream)) {
                Ok(()) => {
                    self.lock().is_unflushed = false;
                    return Written::Yes;
                }
                Err(error) if self.handle(&error, give_up) == Written::Blocked => return Written::Blocked,
                Err(_) if self.lock().is_broken => return Written::Yes,
                Err(_) => {}
            }
        }
    }

    /// What becomes of a write that has failed: `Blocked` if it is time to give up, otherwise it is tried again unless
    /// the output is broken.
    fn handle(&self, error: &io::Error, give_up: Option<Instant>) -> Written {
        // An engine that has given up on its peer has nothing more to say to it.
        if !is_temporary(error) || self.lock().engine.transport() == Transport::Close {
            self.break_output();
            return Written::Yes;
        }
        if give_up.is_some_and(|give_up| give_up <= now()) { Written::Blocked } else { Written::Yes }
    }

    fn break_output(&self) {
        let mut state = self.lock();
        state.is_broken = true;
        state.engine.outbox().clear();
        self.changed.notify_all();
    }

    /// Waits until somebody who writes has made room, or something has changed; for `limit` at most.
    #[cfg(feature = "wamp")]
    pub(crate) fn wait_for_room(&self, mut state: MutexGuard<'_, SocketState<E, T>>, limit: Duration) {
        state.waiting_for_room += 1;
        let waited = self.changed.wait_timeout(state, limit);
        waited.unwrap_or_else(PoisonError::into_inner).0.waiting_for_room -= 1;
    }

    /// Waits until something has changed; for `limit` at most.
    #[cfg(feature = "wamp")]
    pub(crate) fn wait_for_change<'a>(
        &self,
        state: MutexGuard<'a, SocketState<E, T>>,
        limit: Duration,
    ) -> MutexGuard<'a, SocketState<E, T>> {
        self.changed.wait_timeout(state, limit).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Something has changed in a way that others watch.
    #[cfg(feature = "wamp")]
    pub(crate) fn note_change(&self) {
        self.changed.notify_all();
    }

    /// The reader has seen the last event: writes the last bytes.
    pub(crate) fn end(&self) {
        self.write(None);
        // All handles are of one stream: the peer learns of the end although one is left.
        self.writer().shut_down();
        self.lock().has_ended = true;
    }
}

impl<E: Engine, T> SocketState<E, T> {
    /// The next event of what was received.
    pub(crate) fn poll_event(&mut self) -> Option<E::Event> {
        let event = self.engine.poll_event();
        if event.is_some() || self.engine.recv_buf().is_empty() {
            return event;
        }
        // There may not have been room for it before.
        self.engine.handle_recv(now());
        self.engine.poll_event()
    }
}

impl<S: Duplex> ReadHalf<S> {
    /// One round of the reader: writes what nobody else does, reads, and looks at the time; until `limit` at most.
    ///
    /// Take all events before, without keeping the lock.
    pub(crate) fn turn<E: Engine, T>(&mut self, shared: &SharedSocket<E, T, S>, limit: Option<Instant>) {
        // Not longer than a moment: perhaps the other end cannot read because it waits for us to do so.
        let is_blocked = self.reads_first > 0 || shared.write_if_nobody_does(Some(now())) == Written::Blocked;
        let (transport, deadline) = {
            let mut state = shared.lock();
            if state.engine.poll_timeout() == Some(Instant::ZERO) {
                state.engine.handle_recv(now());
            }
            (state.engine.transport(), state.engine.poll_timeout())
        };
        let before = now();
        let until = [deadline, limit, Some(before + LONGEST_READ)].into_iter().flatten().min();
        let wait = until.map_or(LONGEST_READ, |until| until.saturating_duration_since(before));
        let wait = if is_blocked { BLOCKED_READ } else { wait };
        match transport {
            Transport::Open | Transport::Finish if !self.has_ended => {
                let has_read = self.read(shared, wait, transport);
                self.reads_first = match (is_blocked, has_read) {
                    (true, true) if self.reads_first == 0 => READS_PER_WRITE,
                    (true, true) => self.reads_first - 1,
                    _ => 0,
                };
                if has_read {
                    return;
                }
            }
            Transport::Close => {}
            // Nothing but time, or somebody else, brings anything about.
            _ => std::thread::sleep(wait.min(WRITE_SLICE)),
        }
        shared.run_timers();
    }

    /// Reads once, without keeping anyone from sending; whether something was found: bytes or the end.
    fn read<E: Engine, T>(
        &mut self,
        shared: &SharedSocket<E, T, S>,
        wait: Duration,
        transport: Transport,
    ) -> bool {
        let read = self.timeouts.set_read(&self.stream, Some(wait)).and_then(|()| {
            with_scratch(|scratch| {
                let len = io::Read::read(&mut self.stream, scratch)?;
                let mut state = shared.lock();
                if transport != Transport::Finish {
                    state.engine.recv_buf().extend_from_slice(scratch.get(..len).unwrap_or_default());
                }
                match len {
                    0 => state.engine.handle_eof(now()),
                    _ => state.engine.handle_recv(now()),
                }
                Ok(len > 0)
            })
        });
        match read {
            Ok(is_open) => {
                self.has_ended = !is_open;
                true
            }
            Err(error) if is_temporary(&error) => false,
            Err(_) => {
                self.has_ended = true;
                let mut state = shared.lock();
                state.is_broken = true;
                state.engine.handle_eof(now());
                true
            }
        }
    }
}

impl<E: Engine, T, S: Duplex> SharedSocket<E, T, S> {
    /// Lets the engine do what is due.
    pub(crate) fn run_timers(&self) {
        let (now, mut state) = (now(), self.lock());
        if state.engine.poll_timeout().is_some_and(|deadline| deadline <= now) {
            state.engine.handle_timeout(now);
        }
    }
}

impl<S: Duplex> Writer<S> {
    fn shut_down(&mut self) {
        if !std::mem::replace(&mut self.is_shut_down, true) {
            // A stream that refuses is broken, which the reader finds out.
            let _ = self.stream.shut_down_write();
        }
    }
}
