//! One EVENT for many sessions.

use std::sync::OnceLock;

use bytes::Bytes;
use wirebahn_core::rawsocket::{PreparedFrame, RawSocket};
use wirebahn_core::wamp::link::{ByteLink, LinkSendError, MessageLink};
use wirebahn_core::wamp::message::Event;
use wirebahn_core::wamp::{Message, Serializer};
use wirebahn_core::websocket::{Messages, PreparedMessage};

/// An EVENT that goes to any number of sessions, encoded once for each serializer and framed once for each transport, by
/// whoever needs it first.
#[derive(Debug)]
pub struct SharedEvent {
    /// Always an EVENT.
    message: Message,
    encoded: [OnceLock<Bytes>; SERIALIZERS],
    websocket: [OnceLock<Option<PreparedMessage>>; SERIALIZERS],
    rawsocket: [OnceLock<Option<PreparedFrame>>; SERIALIZERS],
}

/// A transport on which shared events are framed once.
pub trait SharedFrame: ByteLink {
    /// The frame; `None` if the event is too long for any frame.
    fn shared_frame(event: &SharedEvent, serializer: Serializer) -> Option<&Self::Prepared>;
}

impl SharedFrame for Messages {
    fn shared_frame(event: &SharedEvent, serializer: Serializer) -> Option<&PreparedMessage> {
        event.websocket(serializer)
    }
}

impl SharedFrame for RawSocket {
    fn shared_frame(event: &SharedEvent, serializer: Serializer) -> Option<&PreparedFrame> {
        event.rawsocket(serializer)
    }
}

const SERIALIZERS: usize = Serializer::ALL.len();

impl SharedEvent {
    /// An event that is encoded as soon as somebody asks.
    #[must_use]
    pub fn new(event: Event) -> Self {
        Self {
            message: event.into(),
            encoded: Default::default(),
            websocket: Default::default(),
            rawsocket: Default::default(),
        }
    }

    /// The message, which is an EVENT.
    #[must_use]
    pub const fn message(&self) -> &Message {
        &self.message
    }

    /// The event.
    #[must_use]
    pub fn event(&self) -> &Event {
        match &self.message {
            Message::Event(event) => event,
            _ => unreachable!("made of an EVENT, and never changed"),
        }
    }

    /// Queues the event on a link.
    ///
    /// # Errors
    ///
    /// It is too long, there is no room, or the link has ended.
    pub fn send_over<L: SharedFrame>(&self, link: &mut MessageLink<L>) -> Result<(), LinkSendError> {
        match L::shared_frame(self, link.serializer()) {
            Some(frame) => link.send_prepared(frame),
            None => Err(LinkSendError::MessageTooLong { limit: link.max_message_len() }),
        }
    }

    /// The bytes of the message.
    #[must_use]
    pub fn encoded(&self, serializer: Serializer) -> Bytes {
        let encode = || serializer.encode_to_bytes(&self.message);
        match self.encoded.get(number(serializer)) {
            Some(slot) => slot.get_or_init(encode).clone(),
            None => encode(),
        }
    }

    /// The message in a frame of WebSocket.
    #[must_use]
    pub fn websocket(&self, serializer: Serializer) -> Option<&PreparedMessage> {
        let prepare = || Messages::prepare(serializer, &self.encoded(serializer));
        self.websocket.get(number(serializer))?.get_or_init(prepare).as_ref()
    }

    /// The message in a frame of RawSocket; `None` if it is too long for that.
    #[must_use]
    pub fn rawsocket(&self, serializer: Serializer) -> Option<&PreparedFrame> {
        let prepare = || RawSocket::prepare(serializer, &self.encoded(serializer));
        self.rawsocket.get(number(serializer))?.get_or_init(prepare).as_ref()
    }
}

fn number(serializer: Serializer) -> usize {
    serializer as usize
}

#[cfg(test)]
mod tests {
    use wirebahn_core::wamp::{EventDetails, Payload, PublicationId, SubscriptionId};

    use super::*;

    fn event() -> SharedEvent {
        SharedEvent::new(Event {
            subscription: SubscriptionId::new(1).unwrap(),
            publication: PublicationId::new(2).unwrap(),
            details: EventDetails::default(),
            payload: Payload::empty(),
        })
    }

    #[test]
    fn it_is_encoded_once_for_each_serializer() {
        let event = event();
        for serializer in Serializer::ALL {
            let first = event.encoded(serializer);
            assert_eq!(first.as_ptr(), event.encoded(serializer).as_ptr());
            assert_eq!(serializer.decode(&first).as_ref(), Ok(event.message()));
        }
    }

    #[test]
    fn it_is_framed_once_for_each_serializer_and_transport() {
        let event = event();
        for serializer in Serializer::ALL {
            let frame = |event: &SharedEvent| event.websocket(serializer).unwrap().frame().clone();
            assert_eq!(frame(&event).as_ptr(), frame(&event).as_ptr());
            assert!(frame(&event).ends_with(&event.encoded(serializer)));
            let frame = |event: &SharedEvent| event.rawsocket(serializer).unwrap().frame().clone();
            assert_eq!(frame(&event).as_ptr(), frame(&event).as_ptr());
            assert!(frame(&event).ends_with(&event.encoded(serializer)));
        }
    }
}
