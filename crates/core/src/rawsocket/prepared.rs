use bytes::{BufMut, Bytes, BytesMut};

use super::{FrameHeader, FrameType, HEADER_LEN};

/// A message that is framed once and sent on many connections. Cloning and sending share the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedFrame {
    frame: Bytes,
}

impl PreparedFrame {
    /// Frames a message; `None` if it has more than 16 MiB, which RawSocket cannot send.
    #[must_use]
    pub fn new(payload: &[u8]) -> Option<Self> {
        let header = FrameHeader::new(FrameType::Message, payload.len())?;
        let mut frame = BytesMut::with_capacity(HEADER_LEN + payload.len());
        frame.put_slice(&header.encode());
        frame.put_slice(payload);
        Some(Self { frame: frame.freeze() })
    }

    /// Header and payload.
    #[must_use]
    pub const fn frame(&self) -> &Bytes {
        &self.frame
    }

    /// Bytes of payload.
    #[must_use]
    pub fn payload_len(&self) -> usize {
        self.frame.len() - HEADER_LEN
    }
}
