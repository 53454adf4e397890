use bytes::Bytes;

use super::{ByteLink, Incoming, LinkClose, LinkClosed, LinkSendError};
use crate::Instant;
use crate::wamp::Serializer;
use crate::websocket::{Message, MessageEvent, MessageKind, Messages, PreparedMessage};

impl ByteLink for Messages {
    type Prepared = PreparedMessage;

    fn prepare(serializer: Serializer, message: &Bytes) -> Option<PreparedMessage> {
        Some(PreparedMessage::new(Message::from_parts(kind(serializer), message.clone())))
    }

    fn prepared_message(prepared: &PreparedMessage) -> Bytes {
        prepared.message().payload().clone()
    }

    fn incoming(event: MessageEvent) -> Incoming {
        match event {
            MessageEvent::Message(message) => {
                let is_text = Some(message.is_text());
                Incoming::Message { payload: message.into_payload(), is_text }
            }
            MessageEvent::Ping(_) | MessageEvent::Pong(_) => Incoming::Nothing,
            MessageEvent::Closed(closed) => Incoming::Closed(LinkClosed::WebSocket(closed)),
        }
    }

    fn send(&mut self, serializer: Serializer, message: Bytes) -> Result<(), LinkSendError> {
        Ok(Self::send(self, Message::from_parts(kind(serializer), message))?)
    }

    fn send_prepared(&mut self, message: &PreparedMessage) -> Result<(), LinkSendError> {
        Ok(Self::send_prepared(self, message)?)
    }

    fn check_open(&self) -> Result<(), LinkSendError> {
        if self.streaming().is_open() { Ok(()) } else { Err(LinkSendError::Closed) }
    }

    fn close(&mut self, reason: LinkClose, now: Instant) {
        // A connection that is closing already needs no second reason.
        let _ = Self::close(self, reason.close_code(), "", now);
    }

    fn abort(&mut self) {
        Self::abort(self);
    }

    fn max_message_len(&self) -> u64 {
        self.streaming().config().limits.max_message_len
    }
}

const fn kind(serializer: Serializer) -> MessageKind {
    if serializer.is_text() { MessageKind::Text } else { MessageKind::Binary }
}
