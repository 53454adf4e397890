//! Two halves of a connection, for two threads.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wirebahn_core::websocket::{
    CloseCode, Closed, Message, MessageEvent, Messages, PreparedMessage, SendError,
};
use wirebahn_core::{Engine, Transport};

use crate::shared_socket::{LONGEST_READ, ReadHalf, SharedSocket};
use crate::socket::{TimedOut, now};
use crate::{Duplex, TryClone, WebSocket};

/// The half of a [`WebSocket`] that receives.
///
/// It does what the connection needs, too: it answers pings and runs timers. A connection whose reader nobody uses
/// stands still.
pub struct WebSocketReader<S> {
    shared: Arc<Shared<S>>,
    read_half: ReadHalf<S>,
    closed: Option<Closed>,
}

/// The half of a [`WebSocket`] that sends; clones send on the same connection. Dropping them ends nothing: say
/// [`close`](Self::close).
pub struct WebSocketWriter<S> {
    shared: Arc<Shared<S>>,
}

type Shared<S> = SharedSocket<Messages, (), S>;

impl<S: Duplex + TryClone> WebSocket<S> {
    /// Two halves, for two threads.
    ///
    /// # Errors
    ///
    /// The connection has ended, or the system refuses a second handle of its stream.
    pub fn split(self) -> io::Result<(WebSocketReader<S>, WebSocketWriter<S>)> {
        let (shared, read_half) = SharedSocket::new(self.socket, ())?;
        let shared = Arc::new(shared);
        let reader = WebSocketReader { shared: Arc::clone(&shared), read_half, closed: None };
        Ok((reader, WebSocketWriter { shared }))
    }
}

impl<S: Duplex> WebSocketReader<S> {
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
        let mut has_waited = false;
        loop {
            let mut state = self.shared.lock();
            if let Some(event) = state.poll_event() {
                let is_over = state.engine.transport() == Transport::Close;
                drop(state);
                if is_over {
                    self.shared.end();
                }
                if let MessageEvent::Closed(closed) = &event {
                    self.closed = Some(closed.clone());
                }
                return Ok(Some(event));
            }
            if state.has_ended {
                return Ok(None);
            }
            drop(state);
            if has_waited && limit <= now() {
                return Err(TimedOut);
            }
            has_waited = true;
            self.read_half.turn(&self.shared, Some(limit));
        }
    }

    /// How the connection ended, once the last event was taken.
    #[must_use]
    pub const fn closed(&self) -> Option<&Closed> {
        self.closed.as_ref()
    }
}

impl<S: Duplex> WebSocketWriter<S> {
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
        self.shared.lock().engine.close(code, reason, now())?;
        // The connection may have ended by the time that this looks: that is what was wanted.
        self.shared.write(None);
        Ok(())
    }

    fn operate(
        &self,
        operation: impl FnOnce(&mut Messages) -> Result<(), SendError>,
    ) -> Result<(), SendError> {
        loop {
            let mut state = self.shared.lock();
            if state.is_broken || state.has_ended {
                return Err(SendError::Closed);
            }
            if state.engine.outbox().is_ready() {
                operation(&mut state.engine)?;
                break;
            }
            drop(state);
            self.shared.write(None);
        }
        self.shared.write(None);
        if self.shared.lock().is_broken { Err(SendError::Closed) } else { Ok(()) }
    }
}

/// The messages, as [`WebSocketReader::recv`] returns them.
impl<S: Duplex> Iterator for WebSocketReader<S> {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        self.recv()
    }
}

impl<S> Clone for WebSocketWriter<S> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<S> fmt::Debug for WebSocketReader<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketReader").field("closed", &self.closed).finish_non_exhaustive()
    }
}

impl<S> fmt::Debug for WebSocketWriter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketWriter").finish_non_exhaustive()
    }
}
