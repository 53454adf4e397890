//! What the layers have in common.

use bytes::Bytes;

use super::{
    CloseCode, Closed, Established, Event, Frames, MessageEvent, MessageKind, Messages, SendError, Streaming,
};
use crate::{Engine, Instant};

/// What the three layers of a connection have in common, so that drivers write a connection once.
pub trait Layer: Engine + Unpin {
    /// The layer on top of an open connection.
    fn new(established: Established) -> Self;

    /// Sends a ping; see [`Streaming::ping`].
    ///
    /// # Errors
    ///
    /// As [`Streaming::ping`].
    fn ping(&mut self, payload: Bytes) -> Result<(), SendError>;

    /// Sends an unsolicited pong; see [`Streaming::pong`].
    ///
    /// # Errors
    ///
    /// As [`Streaming::pong`].
    fn pong(&mut self, payload: Bytes) -> Result<(), SendError>;

    /// Starts the closing handshake; see [`Streaming::close`].
    ///
    /// # Errors
    ///
    /// As [`Streaming::close`].
    fn close(&mut self, code: CloseCode, reason: &str, now: Instant) -> Result<(), SendError>;

    /// Drops the connection without a closing handshake.
    fn abort(&mut self);

    /// The layer at the bottom.
    fn streaming(&self) -> &Streaming;

    /// How the connection ended, if `event` says that.
    fn closed(event: &Self::Event) -> Option<&Closed>;
}

/// What the two layers below whole messages have in common: messages come and go in parts.
pub trait PartsLayer: Layer<Event = Event> {
    /// Begins a message; see [`Streaming::begin_message`].
    ///
    /// # Errors
    ///
    /// As [`Streaming::begin_message`].
    fn begin_message(&mut self, kind: MessageKind) -> Result<(), SendError>;

    /// Ends the message that was begun; see [`Streaming::end_message`].
    ///
    /// # Errors
    ///
    /// As [`Streaming::end_message`].
    fn end_message(&mut self) -> Result<(), SendError>;
}

macro_rules! parts_layer {
    ($layer:ident) => {
        impl PartsLayer for $layer {
            fn begin_message(&mut self, kind: MessageKind) -> Result<(), SendError> {
                self.begin_message(kind)
            }

            fn end_message(&mut self) -> Result<(), SendError> {
                self.end_message()
            }
        }
    };
}

parts_layer!(Frames);
parts_layer!(Streaming);

macro_rules! layer {
    ($layer:ident, $event:ident, |$this:ident| $streaming:expr) => {
        impl Layer for $layer {
            fn new(established: Established) -> Self {
                Self::new(established)
            }

            fn ping(&mut self, payload: Bytes) -> Result<(), SendError> {
                self.ping(payload)
            }

            fn pong(&mut self, payload: Bytes) -> Result<(), SendError> {
                self.pong(payload)
            }

            fn close(&mut self, code: CloseCode, reason: &str, now: Instant) -> Result<(), SendError> {
                self.close(code, reason, now)
            }

            fn abort(&mut self) {
                self.abort();
            }

            fn streaming(&self) -> &Streaming {
                let $this = self;
                $streaming
            }

            fn closed(event: &$event) -> Option<&Closed> {
                if let $event::Closed(closed) = event { Some(closed) } else { None }
            }
        }
    };
}

layer!(Messages, MessageEvent, |this| this.streaming());
layer!(Frames, Event, |this| this.streaming());
layer!(Streaming, Event, |this| this);
