//! Two halves of a connection, for two threads.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use bytes::Bytes;
use wirebahn_core::websocket::{
    CloseCode, Closed, Message, MessageEvent, Messages, PreparedMessage, SendError,
};
use wirebahn_core::{Engine, Transport};

use crate::socket::{TimedOut, Timeouts, WRITE_SLICE, is_temporary, now, with_scratch};
use crate::{Duplex, Stream, WebSocket};

/// The reader looks at deadlines that the writer may have brought about at least this often.
const LONGEST_READ: Duration = Duration::from_millis(250);

/// How much is taken out of the outbox for one write, for which nobody else has to wait.
const WRITE_LEN: usize = 64 * 1024;

/// The half of a [`WebSocket`] that receives.
///
/// It does what the connection needs, too: it answers pings and runs timers. A connection whose reader nobody uses
/// stands still.
pub struct WebSocketReader {
    shared: Arc<Shared>,
    stream: Stream,
    timeouts: Timeouts,
    closed: Option<Closed>,
}

/// The half of a [`WebSocket`] that sends; clones send on the same connection. Dropping them ends nothing: say
/// [`close`](Self::close).
#[derive(Clone)]
pub struct WebSocketWriter {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// Whoever holds this writes, so that bytes stay in order.
    writer: Mutex<Writer>,
}

struct State {
    engine: Messages,
    is_broken: bool,
    /// Our direction was ended.
    is_finished: bool,
    has_ended: bool,
}

struct Writer {
    stream: Stream,
    timeouts: Timeouts,
    is_shut_down: bool,
}

impl WebSocket {
    /// Two halves, for two threads.
    ///
    /// # Errors
    ///
    /// The connection has ended, or its stream cannot be used by two threads: the system refuses, or TLS is spoken.
    pub fn split(self) -> io::Result<(WebSocketReader, WebSocketWriter)> {
        let (engine, stream) = self.socket.into_parts();
        let stream = stream.ok_or(io::ErrorKind::NotConnected)?;
        let writer = Writer { stream: stream.try_clone()?, timeouts: Timeouts::new(), is_shut_down: false };
        let state = State { engine, is_broken: false, is_finished: false, has_ended: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), writer: Mutex::new(writer) });
        let reader =
            WebSocketReader { shared: Arc::clone(&shared), stream, timeouts: Timeouts::new(), closed: None };
        Ok((reader, WebSocketWriter { shared }))
    }
}

impl WebSocketReader {
    /// The next message; `None` once the connection has ended, when [`closed`](Self::closed) tells how.
    pub fn recv(&mut self) -> Option<Message> {
        loop {
            match self.recv_event() {
                Some(MessageEvent::Message(message)) => return Some(message),
                Some(MessageEvent::Closed(_)) | None => return None,
                Some(_) => {}
            }
        }
    }

    /// The next event, pongs and the end included; `None` after the last one.
    pub fn recv_event(&mut self) -> Option<MessageEvent> {
        loop {
            if let Ok(event) = self.recv_event_timeout(LONGEST_READ) {
                return event;
            }
        }
    }

    /// As [`recv_event`](Self::recv_event), for `limit` at most.
    ///
    /// # Errors
    ///
    /// Nothing came in time. Nothing is lost either.
    pub fn recv_event_timeout(&mut self, limit: Duration) -> Result<Option<MessageEvent>, TimedOut> {
        let limit = now() + limit;
        loop {
            let mut state = self.shared.state();
            let mut event = state.engine.poll_event();
            if event.is_none() && !state.engine.recv_buf().is_empty() {
                state.engine.handle_recv(now());
                event = state.engine.poll_event();
            }
            if let Some(event) = event {
                let is_over = state.engine.transport() == Transport::Close;
                drop(state);
                if is_over {
                    self.end();
                }
                if let MessageEvent::Closed(closed) = &event {
                    self.closed = Some(closed.clone());
                }
                return Ok(Some(event));
            }
            if state.has_ended {
                return Ok(None);
            }
            let transport = state.engine.transport();
            let deadline = state.engine.poll_timeout();
            drop(state);
            self.shared.write_if_nobody_does();
            let until = [deadline, Some(limit), Some(now() + LONGEST_READ)].into_iter().flatten().min();
            let wait = until.map(|until| until.saturating_duration_since(now()));
            match transport {
                Transport::Open | Transport::Finish => self.read(wait, transport),
                _ => std::thread::sleep(wait.unwrap_or(WRITE_SLICE).min(WRITE_SLICE)),
            }
            let (now, mut state) = (now(), self.shared.state());
            if state.engine.poll_timeout().is_some_and(|deadline| deadline <= now) {
                state.engine.handle_timeout(now);
            } else if limit <= now {
                return Err(TimedOut);
            }
        }
    }

    /// Reads once, without keeping anyone from sending.
    fn read(&mut self, wait: Option<Duration>, transport: Transport) {
        let read = self.timeouts.set_read(&self.stream, wait).and_then(|()| {
            with_scratch(|scratch| {
                let len = io::Read::read(&mut self.stream, scratch)?;
                let mut state = self.shared.state();
                if transport != Transport::Finish {
                    state.engine.recv_buf().extend_from_slice(scratch.get(..len).unwrap_or_default());
                }
                match len {
                    0 => state.engine.handle_eof(now()),
                    _ => state.engine.handle_recv(now()),
                }
                Ok(())
            })
        });
        match read {
            Ok(()) => {}
            Err(error) if is_temporary(&error) => {}
            Err(_) => {
                let mut state = self.shared.state();
                state.is_broken = true;
                state.engine.handle_eof(now());
            }
        }
    }

    fn end(&self) {
        self.shared.write();
        // Both clones are of one stream: the peer learns of the end although a writer is left.
        self.shared.writer().shut_down();
        self.shared.state().has_ended = true;
    }

    /// How the connection ended, once the last event was taken.
    #[must_use]
    pub const fn closed(&self) -> Option<&Closed> {
        self.closed.as_ref()
    }
}

impl WebSocketWriter {
    /// Sends a message and waits until it is written to the stream.
    ///
    /// # Errors
    ///
    /// The message is too long, or the connection is closing.
    pub fn send(&self, message: impl Into<Message>) -> Result<(), SendError> {
        self.operate(|engine| engine.send(message.into()))
    }

    /// Sends a message that was encoded once for many connections.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_prepared(&self, message: &PreparedMessage) -> Result<(), SendError> {
        self.operate(|engine| engine.send_prepared(message))
    }

    /// Sends a ping with up to 125 bytes of payload. The reader gets the answer as an event.
    ///
    /// # Errors
    ///
    /// The payload is too long, or the connection is closing.
    pub fn ping(&self, payload: impl Into<Bytes>) -> Result<(), SendError> {
        self.operate(|engine| engine.ping(payload))
    }

    /// Sends a Close frame. The reader learns how the connection ends.
    ///
    /// # Errors
    ///
    /// The code or the reason must not be sent, or the connection is closing already.
    pub fn close(&self, code: CloseCode, reason: &str) -> Result<(), SendError> {
        self.shared.state().engine.close(code, reason, now())?;
        // The connection may have ended by the time that this looks: that is what was wanted.
        self.shared.write();
        Ok(())
    }

    fn operate(
        &self,
        operation: impl FnOnce(&mut Messages) -> Result<(), SendError>,
    ) -> Result<(), SendError> {
        loop {
            let mut state = self.shared.state();
            if state.is_broken || state.has_ended {
                return Err(SendError::Closed);
            }
            if state.engine.outbox().is_ready() {
                operation(&mut state.engine)?;
                break;
            }
            drop(state);
            self.shared.write();
        }
        self.shared.write();
        if self.shared.state().is_broken { Err(SendError::Closed) } else { Ok(()) }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes everything there is, after whoever is writing.
    fn write(&self) {
        self.drain(&mut self.writer());
        self.write_if_nobody_does();
    }

    /// Writes everything there is, unless somebody does already: then he sees it before he stops, or after.
    fn write_if_nobody_does(&self) {
        while self.has_output() {
            match self.writer.try_lock() {
                Ok(mut writer) => self.drain(&mut writer),
                Err(TryLockError::Poisoned(poisoned)) => self.drain(&mut poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => return,
            }
            if self.state().engine.transport() == Transport::Close {
                return;
            }
        }
    }

    fn has_output(&self) -> bool {
        let mut state = self.state();
        let is_finishing = state.engine.transport() == Transport::Finish && !state.is_finished;
        !state.is_broken && (is_finishing || !state.engine.outbox().is_empty())
    }

    fn drain(&self, writer: &mut Writer) {
        let mut chunk = Vec::new();
        loop {
            chunk.clear();
            let mut state = self.state();
            if state.is_broken {
                return state.engine.outbox().clear();
            }
            for piece in state.engine.outbox().pieces() {
                let room = WRITE_LEN - chunk.len();
                chunk.extend_from_slice(piece.get(..room).unwrap_or(piece));
            }
            if chunk.is_empty() {
                let is_finishing = state.engine.transport() == Transport::Finish;
                state.is_finished |= is_finishing;
                drop(state);
                if is_finishing {
                    writer.shut_down();
                }
                return;
            }
            drop(state);
            if !self.write_all(writer, &chunk) {
                return;
            }
        }
    }

    /// Whether all of `bytes`, which stand at the front of the outbox, could be written.
    fn write_all(&self, writer: &mut Writer, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            let Writer { stream, timeouts, .. } = writer;
            let written =
                timeouts.set_write(stream, WRITE_SLICE).and_then(|()| io::Write::write(stream, bytes));
            let mut state = self.state();
            match written {
                Ok(len @ 1..) => {
                    state.engine.outbox().advance(len);
                    bytes = bytes.get(len..).unwrap_or_default();
                }
                // An engine that has given up on its peer has nothing more to say to it.
                Err(error) if is_temporary(&error) && state.engine.transport() != Transport::Close => {}
                _ => {
                    state.is_broken = true;
                    state.engine.outbox().clear();
                    return false;
                }
            }
        }
        true
    }
}

impl Writer {
    fn shut_down(&mut self) {
        if !std::mem::replace(&mut self.is_shut_down, true) {
            // A stream that refuses is broken, which the reader finds out.
            let _ = self.stream.shut_down_write();
        }
    }
}

/// The messages, as [`WebSocketReader::recv`] returns them.
impl Iterator for WebSocketReader {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        self.recv()
    }
}

impl fmt::Debug for WebSocketReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketReader").field("closed", &self.closed).finish_non_exhaustive()
    }
}

impl fmt::Debug for WebSocketWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketWriter").finish_non_exhaustive()
    }
}
