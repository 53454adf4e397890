//! Open connections.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use wirebahn_core::Instant;
use wirebahn_core::websocket::{
    Chunk, CloseCode, Closed, Event, Fin, Frames, Layer, Message, MessageEvent, MessageKind, MessageRef,
    Messages, PartsLayer, PreparedMessage, Replies, SendError, Streaming, TrafficStats,
};

use crate::Duplex;
use crate::socket::{Socket, TimedOut, now};

/// How often whoever waits looks whether a shutdown was requested.
pub(crate) const SHUTDOWN_POLL: Duration = Duration::from_millis(250);

/// An open WebSocket connection, driven by the thread that uses it.
///
/// Waiting for what comes next does everything there is to do: it reads, answers pings, sends keepalive pings, writes
/// what waits and runs timers. A connection that nobody uses stands still.
///
/// Dropping a connection drops the stream without a closing handshake; call [`close`](Self::close) to end it in order.
pub struct Connection<L: Layer, S> {
    pub(crate) socket: Socket<L, S>,
    closed: Option<Closed>,
    /// Asks for the end, once.
    shutdown: Option<Arc<AtomicBool>>,
}

/// A connection at the level of whole messages.
pub type WebSocket<S> = Connection<Messages, S>;

/// A connection at the level of whole frames.
pub type FrameSocket<S> = Connection<Frames, S>;

/// A connection at the level of payload as it arrives.
pub type StreamingSocket<S> = Connection<Streaming, S>;

impl<L: Layer, S: Duplex> Connection<L, S> {
    pub(crate) const fn new(socket: Socket<L, S>) -> Self {
        Self { socket, closed: None, shutdown: None }
    }

    /// The next event, pongs and the end included; `None` after the last one.
    pub fn recv_event(&mut self) -> Option<L::Event> {
        loop {
            // Without a limit there is none to reach.
            if let Ok(event) = self.event_before(None) {
                return event;
            }
        }
    }

    /// As [`recv_event`](Self::recv_event), for `limit` at most.
    ///
    /// # Errors
    ///
    /// Nothing came in time. Nothing is lost either.
    pub fn recv_event_timeout(&mut self, limit: Duration) -> Result<Option<L::Event>, TimedOut> {
        self.event_before(Some(now() + limit))
    }

    fn event_before(&mut self, limit: Option<Instant>) -> Result<Option<L::Event>, TimedOut> {
        loop {
            if self.shutdown.as_ref().is_some_and(|shutdown| shutdown.load(Ordering::Acquire)) {
                self.shutdown = None;
                // A connection that is closing already needs no second reason.
                let _ = self.socket.engine_mut().close(CloseCode::GOING_AWAY, "", now());
            }
            let look = self.shutdown.as_ref().map(|_| now() + SHUTDOWN_POLL);
            match self.socket.next_event([limit, look].into_iter().flatten().min()) {
                Ok(event) => {
                    event.iter().for_each(|event| self.note(event));
                    return Ok(event);
                }
                Err(TimedOut) if limit.is_some_and(|limit| limit <= now()) => return Err(TimedOut),
                Err(TimedOut) => {}
            }
        }
    }

    /// Remembers how the connection has ended, if that is what the event tells.
    fn note(&mut self, event: &L::Event) {
        if let Some(closed) = L::closed(event) {
            self.closed = Some(closed.clone());
        }
    }

    /// Sends a ping with up to 125 bytes of payload. The answer comes as an event.
    ///
    /// # Errors
    ///
    /// The payload is too long, or the connection is closing.
    pub fn ping(&mut self, payload: impl Into<Bytes>) -> Result<(), SendError> {
        self.operate(|engine| engine.ping(payload.into()))
    }

    /// Sends a pong that nobody asked for.
    ///
    /// # Errors
    ///
    /// The payload is too long, or the connection is closing.
    pub fn pong(&mut self, payload: impl Into<Bytes>) -> Result<(), SendError> {
        self.operate(|engine| engine.pong(payload.into()))
    }

    /// Closes the connection and waits for its end. Messages that come meanwhile are dropped.
    ///
    /// # Errors
    ///
    /// The code or the reason must not be sent. A connection that is closing already is no error.
    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<Closed, SendError> {
        match self.start_close(code, reason) {
            Ok(()) | Err(SendError::Closed) => Ok(self.wait_closed()),
            Err(error) => Err(error),
        }
    }

    /// Sends a Close frame. Go on receiving, the last event says how the connection ended.
    ///
    /// # Errors
    ///
    /// The code or the reason must not be sent, or the connection is closing already.
    pub fn start_close(&mut self, code: CloseCode, reason: &str) -> Result<(), SendError> {
        self.socket.engine_mut().close(code, reason, now())?;
        self.flush()
    }

    /// Takes events until the connection has ended, and tells how.
    pub fn wait_closed(&mut self) -> Closed {
        loop {
            if let Some(closed) = &self.closed {
                return closed.clone();
            }
            self.recv_event();
        }
    }

    /// Drops the connection without a closing handshake.
    pub fn abort(&mut self) {
        self.socket.engine_mut().abort();
    }

    /// Waits until everything is written to the stream.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`] if not everything could be written.
    pub fn flush(&mut self) -> Result<(), SendError> {
        if self.socket.flush() { Ok(()) } else { Err(SendError::Closed) }
    }

    /// How the connection ended, once the last event was taken.
    #[must_use]
    pub const fn closed(&self) -> Option<&Closed> {
        self.closed.as_ref()
    }

    /// The error that broke the stream, if one did.
    #[must_use]
    pub const fn io_error(&self) -> Option<&io::Error> {
        self.socket.io_error()
    }

    /// What has gone over the connection so far.
    #[must_use]
    pub fn stats(&self) -> TrafficStats {
        self.engine().streaming().stats()
    }

    /// The round-trip time that the last answered keepalive ping measured.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.engine().streaming().round_trip()
    }

    /// The layer.
    #[must_use]
    pub const fn engine(&self) -> &L {
        self.socket.engine()
    }

    /// The layer, for its own operations. What they bring about happens when the connection is waited on next.
    pub const fn engine_mut(&mut self) -> &mut L {
        self.socket.engine_mut()
    }

    /// The stream, unless the connection has ended.
    #[must_use]
    pub const fn stream(&self) -> Option<&S> {
        self.socket.stream()
    }

    /// Ends the connection with [`CloseCode::GOING_AWAY`] once `shutdown` is set.
    pub fn end_on(&mut self, shutdown: &Arc<AtomicBool>) {
        self.shutdown = Some(Arc::clone(shutdown));
    }

    /// Does something that sends, when there is room, and writes it.
    pub(crate) fn operate(
        &mut self,
        operation: impl FnOnce(&mut L) -> Result<(), SendError>,
    ) -> Result<(), SendError> {
        self.feed_with(operation)?;
        self.flush()
    }

    fn feed_with(
        &mut self,
        operation: impl FnOnce(&mut L) -> Result<(), SendError>,
    ) -> Result<(), SendError> {
        if !self.socket.ready() {
            return Err(SendError::Closed);
        }
        operation(self.socket.engine_mut())
    }
}

impl<S: Duplex> WebSocket<S> {
    /// The next message; `None` once the connection has ended, when [`closed`](Self::closed) tells how.
    ///
    /// Pings are answered and pongs dropped; [`recv_event`](Self::recv_event) shows them, too.
    pub fn recv(&mut self) -> Option<Message> {
        loop {
            // Most messages of a burst were received with the first one.
            let event = match self.socket.poll_event() {
                Some(MessageEvent::Message(message)) => return Some(message),
                Some(event) => {
                    self.socket.close_if_over();
                    self.note(&event);
                    Some(event)
                }
                None => self.recv_event(),
            };
            match event {
                Some(MessageEvent::Message(message)) => return Some(message),
                Some(MessageEvent::Closed(_)) | None => return None,
                Some(_) => {}
            }
        }
    }

    /// As [`recv`](Self::recv), for `limit` at most.
    ///
    /// # Errors
    ///
    /// No message came in time. Nothing is lost either.
    pub fn recv_timeout(&mut self, limit: Duration) -> Result<Option<Message>, TimedOut> {
        let limit = Some(now() + limit);
        loop {
            match self.event_before(limit)? {
                Some(MessageEvent::Message(message)) => return Ok(Some(message)),
                Some(MessageEvent::Closed(_)) | None => return Ok(None),
                Some(_) => {}
            }
        }
    }

    /// Hands every message to `handle` until the connection has ended: short ones where they lie in the receive buffer,
    /// with a way to answer them right away. Everything that one read brought is answered with one write.
    ///
    /// # Errors
    ///
    /// What `handle` returned; it ends the loop, not the connection.
    pub fn serve<H>(&mut self, mut handle: H) -> Result<(), SendError>
    where
        H: FnMut(MessageRef<'_>, &mut Replies<'_>) -> Result<(), SendError>,
    {
        loop {
            while self.socket.ready() {
                let Some(handled) = self.engine_mut().with_message(&mut handle) else { break };
                handled?;
            }
            match self.recv_event() {
                Some(MessageEvent::Message(message)) => {
                    handle(MessageRef::from(&message), &mut self.engine_mut().replies())?;
                }
                Some(MessageEvent::Closed(_)) | None => return Ok(()),
                Some(_) => {}
            }
        }
    }

    /// Sends a message and waits until it is written to the stream.
    ///
    /// # Errors
    ///
    /// The message is too long, or the connection is closing.
    pub fn send(&mut self, message: impl Into<Message>) -> Result<(), SendError> {
        self.operate(|engine| engine.send(message.into()))
    }

    /// Queues a message, after waiting for room if need be. It is written with the next call that waits. A loop of
    /// [`recv`](Self::recv) and `feed` answers everything that one read brought with one write.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn feed(&mut self, message: impl Into<Message>) -> Result<(), SendError> {
        self.feed_with(|engine| engine.send(message.into()))
    }

    /// Sends a message that was encoded once for many connections.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_prepared(&mut self, message: &PreparedMessage) -> Result<(), SendError> {
        self.operate(|engine| engine.send_prepared(message))
    }

    /// Sends a message in frames of at most `size` payload bytes.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_fragmented(&mut self, message: impl Into<Message>, size: usize) -> Result<(), SendError> {
        self.operate(|engine| engine.send_fragmented(message.into(), size))
    }
}

/// The messages, as [`WebSocket::recv`] returns them: `for message in &mut socket`.
impl<S: Duplex> Iterator for WebSocket<S> {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        self.recv()
    }
}

impl<L: PartsLayer, S: Duplex> Connection<L, S> {
    /// Begins a message that is sent in parts.
    ///
    /// # Errors
    ///
    /// The last message is unfinished, or the connection is closing.
    pub fn begin_message(&mut self, kind: MessageKind) -> Result<(), SendError> {
        self.engine_mut().begin_message(kind)
    }

    /// Ends the message that was begun, with an empty frame.
    ///
    /// # Errors
    ///
    /// No message was begun, a frame is unfinished, or the connection is closing.
    pub fn end_message(&mut self) -> Result<(), SendError> {
        self.operate(L::end_message)
    }

    /// The next part of a message: a frame, or less at the level of [`StreamingSocket`]; `None` once the connection has
    /// ended.
    pub fn recv_part(&mut self) -> Option<Chunk> {
        loop {
            match self.recv_event() {
                Some(Event::Data(chunk)) => return Some(chunk),
                Some(Event::Closed(_)) | None => return None,
                Some(_) => {}
            }
        }
    }
}

impl<S: Duplex> FrameSocket<S> {
    /// Sends a frame of the message that was begun.
    ///
    /// # Errors
    ///
    /// No message was begun, the message gets too long, or the connection is closing.
    pub fn send_frame(&mut self, payload: impl Into<Bytes>, fin: Fin) -> Result<(), SendError> {
        self.operate(|engine| engine.send_frame(payload, fin))
    }
}

impl<S: Duplex> StreamingSocket<S> {
    /// Begins a frame of the message that was begun, of `len` bytes.
    ///
    /// # Errors
    ///
    /// No message was begun, the last frame is unfinished, or the connection is closing.
    pub fn begin_frame(&mut self, len: u64, fin: Fin) -> Result<(), SendError> {
        self.feed_with(|engine| engine.begin_frame(len, fin))
    }

    /// Queues a part of the frame that was begun; how many bytes the frame still takes. It is written with the next call
    /// that waits; [`flush`](Connection::flush) waits for that.
    ///
    /// # Errors
    ///
    /// No frame was begun, it is too much for it, or the connection is closing.
    pub fn send_data(&mut self, payload: impl Into<Bytes>) -> Result<u64, SendError> {
        let mut left = 0;
        self.feed_with(|engine| {
            left = engine.send_data(payload)?;
            Ok(())
        })?;
        Ok(left)
    }
}

impl<L: Layer + fmt::Debug, S> fmt::Debug for Connection<L, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("socket", &self.socket)
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}
