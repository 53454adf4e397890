//! The messages layer: whole messages.

use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};

use super::{
    Chunk, CloseCode, Closed, Established, Event, Frames, Message, MessageRef, Pong, PreparedMessage,
    Replies, SendError, Streaming, joined,
};
use crate::{Engine, Instant, Outbox, Transport};

/// What [`Messages`] tells the application.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageEvent {
    /// A whole message.
    Message(Message),
    /// The peer sent a ping with this payload. It has been answered.
    Ping(Bytes),
    /// The peer sent a pong.
    Pong(Pong),
    /// The connection has ended: the last event.
    Closed(Closed),
}

/// An open WebSocket connection, at the level of whole messages: what most applications want.
///
/// A message in one frame is delivered as one slice of the receive buffer; one in several is joined.
///
/// ```
/// use std::sync::Arc;
/// use wirebahn_core::websocket::{Config, Established, Message, MessageEvent, Messages, Role};
/// use wirebahn_core::{Engine, Entropy, Instant};
///
/// # struct Fixed;
/// # impl Entropy for Fixed { fn fill(&mut self, out: &mut [u8]) { out.fill(7) } }
/// let now = Instant::ZERO;
/// let config = Arc::new(Config::default());
/// let mut client = Messages::new(Established::new(Role::Client, config.clone(), Box::new(Fixed), now));
/// let mut server = Messages::new(Established::new(Role::Server, config, Box::new(Fixed), now));
///
/// client.send(Message::text("Hello"))?;
/// for piece in client.outbox().pieces() {
///     server.recv_buf().extend_from_slice(piece);
/// }
/// server.handle_recv(now);
/// assert_eq!(server.poll_event(), Some(MessageEvent::Message(Message::text("Hello"))));
/// # Ok::<(), wirebahn_core::websocket::SendError>(())
/// ```
#[derive(Debug)]
pub struct Messages {
    frames: Frames,
    /// The frames of an unfinished message, joined.
    partial: Vec<u8>,
}

impl Messages {
    /// A connection after its opening handshake.
    #[must_use]
    pub fn new(established: Established) -> Self {
        Self { frames: Frames::new(established), partial: Vec::new() }
    }

    /// Sends a message, in frames of [`Config::auto_fragment`](super::Config::auto_fragment) bytes if that is set.
    ///
    /// # Errors
    ///
    /// The message is too long, the outbox is not ready, or the connection is closing.
    #[inline]
    pub fn send(&mut self, message: Message) -> Result<(), SendError> {
        let streaming = self.frames.streaming_mut();
        match streaming.config().auto_fragment {
            Some(size) if message.len() > size.get() => self.send_fragmented(message, size.get()),
            _ => streaming.send_message(message),
        }
    }

    /// Sends a message in frames of at most `size` payload bytes.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_fragmented(&mut self, message: Message, size: usize) -> Result<(), SendError> {
        let streaming = self.frames.streaming_mut();
        streaming.check_may_send()?;
        let limit = streaming.config().limits.max_message_len;
        if message.len() as u64 > limit {
            return Err(SendError::MessageTooLong { limit });
        }
        streaming.send_in_frames(message, size.max(1));
        Ok(())
    }

    /// Sends a message that was encoded once for many connections.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    #[inline]
    pub fn send_prepared(&mut self, message: &PreparedMessage) -> Result<(), SendError> {
        let streaming = self.frames.streaming_mut();
        if streaming.config().auto_fragment.is_some() {
            return self.send(message.message().clone());
        }
        streaming.send_prepared(message)
    }

    /// Hands the next message to `handle` where it lies in the receive buffer, with a way to answer it, and returns what
    /// `handle` returns. That costs less than owning the message.
    ///
    /// `None` if there is nothing of the kind: what comes next is incomplete, fragmented, long, or no message, and
    /// [`poll_event`](Engine::poll_event) has it. Also `None` while the outbox is not ready, so that answers stay
    /// bounded.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use wirebahn_core::websocket::{Config, Established, Messages, Role};
    /// # use wirebahn_core::{Engine, Entropy, Instant};
    /// # struct Fixed;
    /// # impl Entropy for Fixed { fn fill(&mut self, out: &mut [u8]) { out.fill(7) } }
    /// # let now = Instant::ZERO;
    /// # let config = Arc::new(Config::default());
    /// # let mut server = Messages::new(Established::new(Role::Server, config, Box::new(Fixed), now));
    /// server.recv_buf().extend_from_slice(&[0x82, 0x82, 0, 0, 0, 0, b'o', b'k', 0x82, 0x82]);
    /// let echoed = server.with_message(|message, replies| replies.forward(message));
    /// assert_eq!(echoed, Some(Ok(())));
    /// assert_eq!(server.with_message(|_, _| ()), None);
    /// ```
    #[inline]
    pub fn with_message<T>(
        &mut self,
        handle: impl FnOnce(MessageRef<'_>, &mut Replies<'_>) -> T,
    ) -> Option<T> {
        self.frames.streaming_mut().lend_message(handle)
    }

    /// A way to send without the rest of the connection, as [`with_message`](Self::with_message) hands it out.
    pub fn replies(&mut self) -> Replies<'_> {
        self.frames.streaming_mut().replies()
    }

    /// Sends a ping; see [`Streaming::ping`].
    ///
    /// # Errors
    ///
    /// As [`Streaming::ping`].
    pub fn ping(&mut self, payload: impl Into<Bytes>) -> Result<(), SendError> {
        self.frames.ping(payload)
    }

    /// Sends an unsolicited pong; see [`Streaming::pong`].
    ///
    /// # Errors
    ///
    /// As [`Streaming::pong`].
    pub fn pong(&mut self, payload: impl Into<Bytes>) -> Result<(), SendError> {
        self.frames.pong(payload)
    }

    /// Starts the closing handshake; see [`Streaming::close`].
    ///
    /// # Errors
    ///
    /// As [`Streaming::close`].
    pub fn close(&mut self, code: CloseCode, reason: &str, now: Instant) -> Result<(), SendError> {
        self.frames.close(code, reason, now)
    }

    /// Drops the connection without a closing handshake.
    pub fn abort(&mut self) {
        self.frames.abort();
    }

    /// The layer at the bottom, for what all layers share: role, options, statistics.
    #[must_use]
    pub const fn streaming(&self) -> &Streaming {
        self.frames.streaming()
    }

    /// Adds a frame; returns the message if that completes it.
    #[inline]
    fn join(&mut self, chunk: Chunk) -> Option<Message> {
        let kind = chunk.kind();
        if chunk.starts_message() && chunk.ends_message() {
            return Some(Message::from_parts(kind, chunk.into_payload()));
        }
        let limit = self.frames.streaming().config().limits.max_message_len;
        let allowed = limit.saturating_sub(self.partial.len() as u64);
        joined::append(&mut self.partial, chunk.payload(), allowed);
        if !chunk.ends_message() {
            return None;
        }
        Some(Message::from_parts(kind, core::mem::take(&mut self.partial).into()))
    }
}

impl Engine for Messages {
    type Event = MessageEvent;

    #[inline]
    fn recv_buf(&mut self) -> &mut BytesMut {
        self.frames.recv_buf()
    }

    #[inline]
    fn recv_hint(&self) -> usize {
        self.frames.recv_hint()
    }

    #[inline]
    fn handle_recv(&mut self, now: Instant) {
        self.frames.handle_recv(now);
    }

    fn handle_eof(&mut self, now: Instant) {
        self.frames.handle_eof(now);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.frames.handle_timeout(now);
    }

    #[inline]
    fn poll_event(&mut self) -> Option<MessageEvent> {
        loop {
            match self.frames.poll_event()? {
                Event::Data(chunk) => {
                    if let Some(message) = self.join(chunk) {
                        return Some(MessageEvent::Message(message));
                    }
                }
                Event::Ping(payload) => return Some(MessageEvent::Ping(payload)),
                Event::Pong(pong) => return Some(MessageEvent::Pong(pong)),
                Event::Closed(closed) => {
                    self.partial = Vec::new();
                    return Some(MessageEvent::Closed(closed));
                }
            }
        }
    }

    #[inline]
    fn poll_timeout(&self) -> Option<Instant> {
        self.frames.poll_timeout()
    }

    #[inline]
    fn outbox(&mut self) -> &mut Outbox {
        self.frames.outbox()
    }

    #[inline]
    fn transport(&self) -> Transport {
        self.frames.transport()
    }
}
