//! One EVENT for many sessions.

use std::sync::OnceLock;

use bytes::Bytes;
use wirebahn_core::wamp::message::Event;
use wirebahn_core::wamp::{Message, Serializer};

/// An EVENT that goes to any number of sessions, encoded once for each serializer and framed once for each transport, by
/// whoever needs it first.
#[derive(Debug)]
pub struct SharedEvent {
    /// Always an EVENT.
    message: Message,
    encoded: [OnceLock<Bytes>; SERIALIZERS],
    framed: [OnceLock<Bytes>; SERIALIZERS * Framing::ALL.len()],
}

const SERIALIZERS: usize = Serializer::ALL.len();

/// How messages are framed on a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Framing {
    /// Frames of WebSocket without a mask and without compression, as a server sends them.
    WebSocket,
    /// Frames of RawSocket.
    RawSocket,
}

impl Framing {
    const ALL: [Self; 2] = [Self::WebSocket, Self::RawSocket];
}

impl SharedEvent {
    /// An event that is encoded as soon as somebody asks.
    #[must_use]
    pub fn new(event: Event) -> Self {
        Self { message: event.into(), encoded: Default::default(), framed: Default::default() }
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

    /// The bytes of the message.
    #[must_use]
    pub fn encoded(&self, serializer: Serializer) -> Bytes {
        let encode = || serializer.encode_to_bytes(&self.message);
        match self.encoded.get(number(serializer)) {
            Some(slot) => slot.get_or_init(encode).clone(),
            None => encode(),
        }
    }

    /// The bytes of the message in a frame, which `frame` makes of those of the message if it was not done before.
    pub fn framed(
        &self,
        serializer: Serializer,
        framing: Framing,
        frame: impl FnOnce(Bytes) -> Bytes,
    ) -> Bytes {
        match self.framed.get(number(serializer) * Framing::ALL.len() + framing as usize) {
            Some(slot) => slot.get_or_init(|| frame(self.encoded(serializer))).clone(),
            None => frame(self.encoded(serializer)),
        }
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
        for framing in Framing::ALL {
            for serializer in Serializer::ALL {
                let frame = |bytes: Bytes| Bytes::from([&[framing as u8], &*bytes].concat());
                let framed = event.framed(serializer, framing, frame);
                assert_eq!(framed, frame(event.encoded(serializer)));
                assert_eq!(
                    framed,
                    event.framed(serializer, framing, |_| unreachable!("it is there already"))
                );
            }
        }
    }
}
