use core::fmt;

use super::LinkClose;
use crate::wamp::{BatchError, MessageError};

/// Something that a peer sent, and that is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// Bytes that are no message.
    Message(MessageError),
    /// A batch that is none.
    Batch(BatchError),
    /// A WebSocket message of the wrong kind: JSON is text, the other serializers are binary.
    FrameType {
        /// Whether it was text.
        is_text: bool,
    },
}

impl Malformed {
    /// How the link is to be closed.
    #[must_use]
    pub const fn link_close(&self) -> LinkClose {
        match self {
            Self::FrameType { .. } => LinkClose::Unsupported,
            _ => LinkClose::Violation,
        }
    }
}

impl From<MessageError> for Malformed {
    fn from(error: MessageError) -> Self {
        Self::Message(error)
    }
}

impl From<BatchError> for Malformed {
    fn from(error: BatchError) -> Self {
        Self::Batch(error)
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(error) => fmt::Display::fmt(error, f),
            Self::Batch(error) => fmt::Display::fmt(error, f),
            Self::FrameType { is_text: true } => f.write_str("a text message, but the serializer is binary"),
            Self::FrameType { is_text: false } => f.write_str("a binary message, but the serializer is text"),
        }
    }
}

impl core::error::Error for Malformed {}
