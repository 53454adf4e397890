use core::fmt;

use crate::{rawsocket, websocket};

/// A message that could not be sent. Nothing has changed; see what each one says to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkSendError {
    /// The link is closing or closed: nothing can be sent any more.
    Closed,
    /// A message longer than the peer accepts: split it.
    MessageTooLong {
        /// The limit in bytes.
        limit: u64,
    },
    /// Too much waits to be sent: wait until [`MessageLink::is_ready`](super::MessageLink::is_ready).
    NotReady,
}

impl From<websocket::SendError> for LinkSendError {
    fn from(error: websocket::SendError) -> Self {
        match error {
            websocket::SendError::NotReady => Self::NotReady,
            websocket::SendError::MessageTooLong { limit } => Self::MessageTooLong { limit },
            // The others are about frames and control frames, which a link does not send one by one.
            _ => Self::Closed,
        }
    }
}

impl From<rawsocket::SendError> for LinkSendError {
    fn from(error: rawsocket::SendError) -> Self {
        match error {
            rawsocket::SendError::NotReady => Self::NotReady,
            rawsocket::SendError::MessageTooLong { limit } => Self::MessageTooLong { limit: limit as u64 },
            rawsocket::SendError::Closed => Self::Closed,
        }
    }
}

impl fmt::Display for LinkSendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the link is closing or closed"),
            Self::MessageTooLong { limit } => write!(f, "a message may have at most {limit} bytes"),
            Self::NotReady => f.write_str("too much waits to be sent; wait until the link is ready"),
        }
    }
}

impl core::error::Error for LinkSendError {}
