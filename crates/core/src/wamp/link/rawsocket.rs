use bytes::{Buf, Bytes};

use super::{ByteLink, Incoming, LinkClose, LinkClosed, LinkSendError};
use crate::Instant;
use crate::rawsocket::{Event, HEADER_LEN, PreparedFrame, RawSocket};
use crate::wamp::Serializer;

impl ByteLink for RawSocket {
    type Prepared = PreparedFrame;

    fn prepare(_serializer: Serializer, message: &Bytes) -> Option<PreparedFrame> {
        PreparedFrame::new(message)
    }

    fn prepared_message(prepared: &PreparedFrame) -> Bytes {
        let mut frame = prepared.frame().clone();
        frame.advance(HEADER_LEN);
        frame
    }

    fn incoming(event: Event) -> Incoming {
        match event {
            Event::Message(payload) => Incoming::Message { payload, is_text: None },
            Event::Ping(_) | Event::Pong(_) => Incoming::Nothing,
            Event::Closed(closed) => Incoming::Closed(LinkClosed::RawSocket(closed)),
        }
    }

    fn send(&mut self, _serializer: Serializer, message: Bytes) -> Result<(), LinkSendError> {
        Ok(Self::send(self, message)?)
    }

    fn send_prepared(&mut self, message: &PreparedFrame) -> Result<(), LinkSendError> {
        Ok(Self::send_prepared(self, message)?)
    }

    fn check_open(&self) -> Result<(), LinkSendError> {
        if self.is_open() { Ok(()) } else { Err(LinkSendError::Closed) }
    }

    /// RawSocket cannot tell the reason.
    fn close(&mut self, _reason: LinkClose, now: Instant) {
        // A connection that is closing already needs no second end.
        let _ = Self::close(self, now);
    }

    fn abort(&mut self) {
        Self::abort(self);
    }

    fn max_message_len(&self) -> u64 {
        self.peer_max_len().bytes() as u64
    }
}
