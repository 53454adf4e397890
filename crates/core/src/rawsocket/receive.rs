//! From received bytes to frames.

use bytes::{Buf, Bytes, BytesMut};

use super::{FrameHeader, FrameType, HEADER_LEN, MaxLen, Violation};

/// Reads frames from the front of a buffer.
#[derive(Debug)]
pub(super) struct Receiver {
    max_len: MaxLen,
    /// The header of the frame whose payload is not complete.
    pending: Option<FrameHeader>,
}

/// What the front of the buffer holds.
pub(super) enum Step {
    NeedMore,
    Frame(FrameType, Bytes),
    Violation(Violation),
}

impl Receiver {
    pub(super) const fn new(max_len: MaxLen) -> Self {
        Self { max_len, pending: None }
    }

    /// Whether a frame has begun of which some is missing.
    pub(super) fn is_inside_frame(&self, buf: &[u8]) -> bool {
        self.pending.is_some() || !buf.is_empty()
    }

    /// How many bytes of the current frame are missing.
    pub(super) fn missing(&self, buffered: usize) -> usize {
        self.pending.map_or(0, |header| (header.len as usize).saturating_sub(buffered))
    }

    /// Takes the next whole frame out of `buf`, as a slice of it.
    #[inline]
    pub(super) fn next(&mut self, buf: &mut BytesMut) -> Step {
        let header = match self.pending {
            Some(header) => header,
            None => {
                let Some(octets) = buf.first_chunk() else { return Step::NeedMore };
                match self.check(*octets) {
                    Ok(header) => header,
                    Err(violation) => return Step::Violation(violation),
                }
            }
        };
        let start = if self.pending.is_some() { 0 } else { HEADER_LEN };
        if buf.len() - start < header.len as usize {
            buf.advance(start);
            self.pending = Some(header);
            return Step::NeedMore;
        }
        self.pending = None;
        let mut frame = buf.split_to(start + header.len as usize).freeze();
        frame.advance(start);
        Step::Frame(header.frame_type, frame)
    }

    fn check(&self, octets: [u8; HEADER_LEN]) -> Result<FrameHeader, Violation> {
        let header = FrameHeader::decode(octets)?;
        let (len, limit) = (header.len as usize, self.max_len.bytes());
        if len > limit { Err(Violation::FrameTooLong { len, limit }) } else { Ok(header) }
    }
}
