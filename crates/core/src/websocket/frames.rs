//! The frames layer: whole frames.

use bytes::{Bytes, BytesMut};

use super::streaming::Delivery;
use super::{CloseCode, Established, Event, Fin, MessageKind, SendError, Streaming};
use crate::{Engine, Instant, Outbox, Transport};

/// An open WebSocket connection, at the level of whole frames.
///
/// Every [`Event::Data`] is a whole frame, delivered as one slice of the receive buffer; its payload was unmasked and
/// checked as it arrived. A frame is held until it is complete, so
/// [`Limits::max_frame_len`](super::Limits::max_frame_len) bounds the memory of a connection. A frame of a compressed
/// message is delivered as what it inflates to, which
/// [`Limits::max_message_len`](super::Limits::max_message_len) bounds. What is sent frame by frame is compressed frame
/// by frame, if the first one is not too short for it.
#[derive(Debug)]
pub struct Frames {
    streaming: Streaming,
}

impl Frames {
    /// A connection after its opening handshake.
    #[must_use]
    pub fn new(established: Established) -> Self {
        let mut streaming = Streaming::idle(established);
        streaming.set_delivery(Delivery::WholeFrames);
        streaming.take_in_leftovers();
        Self { streaming }
    }

    /// Begins a message that is sent frame by frame.
    ///
    /// # Errors
    ///
    /// The last message is unfinished, or the connection is closing.
    pub fn begin_message(&mut self, kind: MessageKind) -> Result<(), SendError> {
        self.streaming.begin_message(kind)
    }

    /// Sends a frame of the message that was begun.
    ///
    /// # Errors
    ///
    /// No message was begun, the message gets too long, the outbox is not ready, or the connection is closing.
    #[inline]
    pub fn send_frame(&mut self, payload: impl Into<Bytes>, fin: Fin) -> Result<(), SendError> {
        self.streaming.send_frame(payload.into(), fin)
    }

    /// Ends the message that was begun, with an empty frame.
    ///
    /// # Errors
    ///
    /// No message was begun, or the connection is closing.
    pub fn end_message(&mut self) -> Result<(), SendError> {
        self.streaming.end_message()
    }

    /// Sends a ping; see [`Streaming::ping`].
    ///
    /// # Errors
    ///
    /// As [`Streaming::ping`].
    pub fn ping(&mut self, payload: impl Into<Bytes>) -> Result<(), SendError> {
        self.streaming.ping(payload)
    }

    /// Sends an unsolicited pong; see [`Streaming::pong`].
    ///
    /// # Errors
    ///
    /// As [`Streaming::pong`].
    pub fn pong(&mut self, payload: impl Into<Bytes>) -> Result<(), SendError> {
        self.streaming.pong(payload)
    }

    /// Starts the closing handshake; see [`Streaming::close`].
    ///
    /// # Errors
    ///
    /// As [`Streaming::close`].
    pub fn close(&mut self, code: CloseCode, reason: &str, now: Instant) -> Result<(), SendError> {
        self.streaming.close(code, reason, now)
    }

    /// Drops the connection without a closing handshake.
    pub fn abort(&mut self) {
        self.streaming.abort();
    }

    /// The layer below, for what all layers share: role, options, statistics.
    #[must_use]
    pub const fn streaming(&self) -> &Streaming {
        &self.streaming
    }

    #[inline]
    pub(super) const fn streaming_mut(&mut self) -> &mut Streaming {
        &mut self.streaming
    }
}

impl Engine for Frames {
    type Event = Event;

    #[inline]
    fn recv_buf(&mut self) -> &mut BytesMut {
        self.streaming.recv_buf()
    }

    #[inline]
    fn recv_hint(&self) -> usize {
        self.streaming.recv_hint()
    }

    #[inline]
    fn handle_recv(&mut self, now: Instant) {
        self.streaming.handle_recv(now);
    }

    fn handle_eof(&mut self, now: Instant) {
        self.streaming.handle_eof(now);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.streaming.handle_timeout(now);
    }

    #[inline]
    fn poll_event(&mut self) -> Option<Event> {
        self.streaming.poll_event()
    }

    #[inline]
    fn poll_timeout(&self) -> Option<Instant> {
        self.streaming.poll_timeout()
    }

    #[inline]
    fn outbox(&mut self) -> &mut Outbox {
        self.streaming.outbox()
    }

    #[inline]
    fn transport(&self) -> Transport {
        self.streaming.transport()
    }
}
