use core::time::Duration;

use bytes::Bytes;

use crate::websocket::{Closed, MessageKind};

/// What [`Streaming`](super::Streaming) and [`Frames`](crate::websocket::Frames) tell the application.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Payload of a message: a part of a frame from [`Streaming`](super::Streaming), a whole frame from
    /// [`Frames`](crate::websocket::Frames).
    Data(Chunk),
    /// The peer sent a ping with this payload. It has been answered.
    Ping(Bytes),
    /// The peer sent a pong.
    Pong(Pong),
    /// The connection has ended: the last event.
    Closed(Closed),
}

/// A pong of the peer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pong {
    /// The payload.
    pub payload: Bytes,
    /// If this answers a keepalive ping: the time from its last byte being written to the answer being received.
    pub round_trip: Option<Duration>,
}

impl Pong {
    pub(crate) const fn new(payload: Bytes, round_trip: Option<Duration>) -> Self {
        Self { payload, round_trip }
    }
}

/// A piece of a message, with its place in the frame and in the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    payload: Bytes,
    frame_len: u64,
    kind: MessageKind,
    place: u8,
}

const STARTS_MESSAGE: u8 = 1;
const STARTS_FRAME: u8 = 2;
const ENDS_FRAME: u8 = 4;
const ENDS_MESSAGE: u8 = 8;

impl Chunk {
    /// The payload, unmasked and, for text, checked so far. A character may be cut at either end.
    #[must_use]
    pub const fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// The payload, by value.
    #[must_use]
    pub fn into_payload(self) -> Bytes {
        self.payload
    }

    /// The kind of the message.
    #[must_use]
    pub const fn kind(&self) -> MessageKind {
        self.kind
    }

    /// The announced payload length of the whole frame in bytes.
    #[must_use]
    pub const fn frame_len(&self) -> u64 {
        self.frame_len
    }

    /// Whether a message starts with this chunk.
    #[inline]
    #[must_use]
    pub const fn starts_message(&self) -> bool {
        self.place & STARTS_MESSAGE != 0
    }

    /// Whether a frame starts with this chunk.
    #[inline]
    #[must_use]
    pub const fn starts_frame(&self) -> bool {
        self.place & STARTS_FRAME != 0
    }

    /// Whether a frame ends with this chunk.
    #[inline]
    #[must_use]
    pub const fn ends_frame(&self) -> bool {
        self.place & ENDS_FRAME != 0
    }

    /// Whether the message ends with this chunk.
    #[inline]
    #[must_use]
    pub const fn ends_message(&self) -> bool {
        self.place & ENDS_MESSAGE != 0
    }

    /// Appends the chunk that follows in the same frame; hands it back if it does not.
    ///
    /// # Errors
    ///
    /// The other chunk, if it begins a new frame.
    pub fn join(&mut self, next: Self) -> Result<(), Self> {
        if self.ends_frame() || next.starts_frame() {
            return Err(next);
        }
        self.payload = [self.payload.as_ref(), next.payload.as_ref()].concat().into();
        self.place |= next.place;
        Ok(())
    }

    #[inline]
    pub(in crate::websocket) const fn new(kind: MessageKind, payload: Bytes, frame_len: u64) -> Self {
        Self { payload, frame_len, kind, place: 0 }
    }

    #[inline]
    pub(super) const fn starting(mut self, frame: bool, message: bool) -> Self {
        self.place |= if frame { STARTS_FRAME } else { 0 } | if message { STARTS_MESSAGE } else { 0 };
        self
    }

    #[inline]
    pub(in crate::websocket) const fn ending(mut self, frame: bool, message: bool) -> Self {
        self.place |= if frame { ENDS_FRAME } else { 0 } | if message { ENDS_MESSAGE } else { 0 };
        self
    }
}
