use bytes::{BufMut, Bytes, BytesMut};

use super::Message;
use super::frame::{FrameHeader, Opcode};

/// A message that is encoded once and sent on many connections.
///
/// Cloning and sending share the bytes. Clients, which have to mask each frame with a key of its own, send the
/// message behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedMessage {
    message: Message,
    frame: Bytes,
}

impl PreparedMessage {
    /// Encodes a message.
    #[must_use]
    pub fn new(message: Message) -> Self {
        let header = FrameHeader::new(true, Opcode::from(message.kind()), None, message.len() as u64);
        let (bytes, used) = header.encode();
        let mut frame = BytesMut::with_capacity(used + message.len());
        frame.put_slice(bytes.get(..used).unwrap_or(&bytes));
        frame.put_slice(message.payload());
        Self { message, frame: frame.freeze() }
    }

    /// The message.
    #[must_use]
    pub const fn message(&self) -> &Message {
        &self.message
    }

    /// The message as one unmasked frame.
    #[must_use]
    pub const fn frame(&self) -> &Bytes {
        &self.frame
    }
}

impl From<Message> for PreparedMessage {
    fn from(message: Message) -> Self {
        Self::new(message)
    }
}
