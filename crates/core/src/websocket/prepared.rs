use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use bytes::{BufMut, Bytes, BytesMut};
use once_cell::race::OnceBox;

use super::Message;
use super::extension::Standalone;
use super::frame::{FrameHeader, Opcode, ReservedBits};

/// How many encodings of a message are kept: connections hardly differ in more ways than there are windows.
const MAX_ENCODINGS: usize = 8;

/// A message that is encoded once and sent on many connections.
///
/// Cloning and sending share the bytes. Clients, which have to mask each frame with a key of its own, send the
/// message behind it.
///
/// Where compression was negotiated, the message is compressed once for all connections with the same parameters, and
/// without reference to the messages before it: that is what makes the result fit all of them.
#[derive(Clone)]
pub struct PreparedMessage {
    message: Message,
    frame: Bytes,
    encodings: Arc<Slot>,
}

/// A list that only grows, without locks.
type Slot = OnceBox<Encoded>;

struct Encoded {
    identity: Standalone,
    frame: EncodedFrame,
    next: Slot,
}

/// A message that went through an extension, as one unmasked frame.
#[derive(Debug)]
pub(super) struct EncodedFrame {
    bytes: Bytes,
    header_len: usize,
}

impl PreparedMessage {
    /// Encodes a message.
    #[must_use]
    pub fn new(message: Message) -> Self {
        let frame = EncodedFrame::new(&message, ReservedBits::NONE, message.payload()).bytes;
        Self { message, frame, encodings: Arc::default() }
    }

    /// The message.
    #[must_use]
    pub const fn message(&self) -> &Message {
        &self.message
    }

    /// The message as one unmasked frame, not compressed.
    #[must_use]
    pub const fn frame(&self) -> &Bytes {
        &self.frame
    }

    /// The message as an extension encodes it; `None` if it is kept in too many forms already.
    pub(super) fn encoded(
        &self,
        identity: Standalone,
        bits: ReservedBits,
        encode: impl FnOnce(&[u8], &mut Vec<u8>),
    ) -> Option<&EncodedFrame> {
        let mut encode = Some(encode);
        let mut slot = &*self.encodings;
        for _ in 0..MAX_ENCODINGS {
            let encoded = slot.get_or_init(|| {
                let mut payload = Vec::new();
                if let Some(encode) = encode.take() {
                    encode(self.message.payload(), &mut payload);
                }
                let frame = EncodedFrame::new(&self.message, bits, &payload);
                Box::new(Encoded { identity, frame, next: Slot::new() })
            });
            if encoded.identity == identity {
                return Some(&encoded.frame);
            }
            // If our result is gone, another thread was faster with something else.
            encode.as_ref()?;
            slot = &encoded.next;
        }
        None
    }
}

impl EncodedFrame {
    fn new(message: &Message, bits: ReservedBits, payload: &[u8]) -> Self {
        let header = FrameHeader::new(true, Opcode::from(message.kind()), None, payload.len() as u64);
        let (bytes, header_len) = header.with_reserved(bits).encode();
        let mut frame = BytesMut::with_capacity(header_len + payload.len());
        frame.put_slice(bytes.get(..header_len).unwrap_or(&bytes));
        frame.put_slice(payload);
        Self { bytes: frame.freeze(), header_len }
    }

    /// The frame.
    pub(super) const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    pub(super) fn payload_len(&self) -> usize {
        self.bytes.len() - self.header_len
    }

    /// What is behind the header.
    pub(super) fn payload(&self) -> Bytes {
        self.bytes.slice(self.header_len..)
    }
}

impl From<Message> for PreparedMessage {
    fn from(message: Message) -> Self {
        Self::new(message)
    }
}

impl PartialEq for PreparedMessage {
    fn eq(&self, other: &Self) -> bool {
        self.message == other.message
    }
}

impl Eq for PreparedMessage {}

impl fmt::Debug for PreparedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PreparedMessage").field(&self.message).finish()
    }
}
