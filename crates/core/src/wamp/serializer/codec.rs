//! From messages to bytes and back.

use bytes::{Bytes, BytesMut};

use super::cbor::{CborReader, CborWriter};
use super::json::{JsonReader, JsonWriter};
use super::msgpack::{MsgPackReader, MsgPackWriter};
use super::{Reader, Serializer, Token};
use crate::wamp::message::{MAX_VALUES, Rest, Source};
use crate::wamp::{Message, MessageError, MessageType};

impl Serializer {
    /// Appends the message to `out`.
    ///
    /// A payload in this serializer is copied as it is, one in another is transcoded on the way. To send one event to
    /// many, encode it once for each serializer, and [`transcode`](crate::wamp::Payload::transcode) its payload first if
    /// it goes into several messages.
    ///
    /// ```
    /// use bytes::{Bytes, BytesMut};
    /// use wirebahn_core::wamp::message::Subscribed;
    /// use wirebahn_core::wamp::{Message, RequestId, Serializer, SubscriptionId};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let message =
    ///     Message::from(Subscribed { request: RequestId::FIRST, subscription: SubscriptionId::new(7)? });
    /// let mut out = BytesMut::new();
    /// Serializer::Json.encode(&message, &mut out);
    /// assert_eq!(out, "[33,1,7]");
    /// assert_eq!(Serializer::Json.decode(&out.freeze())?, message);
    /// # Ok(())
    /// # }
    /// ```
    pub fn encode(self, message: &Message, out: &mut BytesMut) {
        match self {
            Self::Json => message.write(&mut JsonWriter::new(out)),
            Self::MsgPack => message.write(&mut MsgPackWriter::new(out)),
            Self::Cbor => message.write(&mut CborWriter::new(out)),
        }
    }

    /// The bytes of the message.
    #[must_use]
    pub fn encode_to_bytes(self, message: &Message) -> Bytes {
        let mut out = BytesMut::with_capacity(INITIAL_CAPACITY);
        self.encode(message, &mut out);
        out.freeze()
    }

    /// The message that these bytes are, all of them.
    ///
    /// URIs, texts and the payload are slices of `message`. The payload is checked, but not decoded.
    ///
    /// # Errors
    ///
    /// With the rule that is broken: a violation of the protocol by the peer.
    pub fn decode(self, message: &Bytes) -> Result<Message, MessageError> {
        // Lengths of what is in the message then fit into 32 bits, whatever it is transcoded to.
        if u32::try_from(message.len()).is_err() {
            return Err(MessageError::TooLong);
        }
        match self {
            Self::Json => decode::<JsonReader<'_>>(message),
            Self::MsgPack => decode::<MsgPackReader<'_>>(message),
            Self::Cbor => decode::<CborReader<'_>>(message),
        }
    }
}

/// Enough for most messages.
const INITIAL_CAPACITY: usize = 128;

fn decode<'a, R: Reader<'a>>(message: &'a Bytes) -> Result<Message, MessageError> {
    let mut source = Source { reader: R::new(message)?, message, values_left: MAX_VALUES };
    let Token::List(mut items) = source.reader.token()? else { return Err(MessageError::NotAList) };
    if !source.reader.more(&mut items)? {
        return Err(MessageError::Empty);
    }
    let code = source.unsigned().map_err(|fault| match fault.into_syntax() {
        Some(error) => MessageError::Syntax(error),
        None => MessageError::CodeMissing,
    })?;
    let Some(message_type) = MessageType::from_code(code) else {
        return Err(MessageError::CodeUnknown(code));
    };
    let mut rest = Rest { message: message_type, items, index: 1 };
    let decoded = Message::read(&mut source, message_type, &mut rest)?;
    rest.end(&mut source.reader)?;
    source.reader.end()?;
    Ok(decoded)
}
