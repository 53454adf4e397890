use core::fmt;

use super::CloseCode;

/// An operation that was not possible. Nothing has changed; see what each one says to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The connection is closing or closed: nothing can be sent any more.
    Closed,
    /// A close code that applications must not send: use 1000, 1001, 1003, 1007 to 1014 or 3000 to 4999.
    CloseCodeForbidden(CloseCode),
    /// A close reason of more than 123 bytes: shorten it.
    CloseReasonTooLong,
    /// A ping or pong with a payload of more than 125 bytes: shorten it.
    ControlTooLong,
    /// Too many pings wait for the frame that is being streamed: finish it first.
    ControlBacklog,
    /// More payload than the frame was announced with.
    FrameOverrun {
        /// How many bytes the frame still takes.
        remaining: u64,
    },
    /// A frame length of 2^63 or more.
    FrameTooLong,
    /// The frame that was begun is not finished.
    FrameUnfinished {
        /// How many bytes it still takes.
        remaining: u64,
    },
    /// A message longer than [`Limits::max_message_len`](super::Limits::max_message_len).
    MessageTooLong {
        /// The limit in bytes.
        limit: u64,
    },
    /// The message that was begun is not finished.
    MessageUnfinished,
    /// No message was begun.
    NoMessage,
    /// No frame was begun.
    NoFrame,
    /// Too much waits to be sent: wait until [`Outbox::is_ready`](crate::Outbox::is_ready).
    NotReady,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the connection is closing or closed"),
            Self::CloseCodeForbidden(code) => {
                write!(f, "close code {code} must not be sent; use 1000 or 3000 to 4999")
            }
            Self::CloseReasonTooLong => f.write_str("a close reason may have at most 123 bytes"),
            Self::ControlTooLong => f.write_str("a ping or pong may have at most 125 bytes"),
            Self::ControlBacklog => {
                f.write_str("too many pings wait for the frame that is being sent; finish it")
            }
            Self::FrameOverrun { remaining } => {
                write!(f, "more payload than announced: the frame takes {remaining} more bytes")
            }
            Self::FrameTooLong => f.write_str("a frame must be shorter than 2^63 bytes"),
            Self::FrameUnfinished { remaining } => {
                write!(f, "the frame that was begun takes {remaining} more bytes")
            }
            Self::MessageTooLong { limit } => write!(f, "a message may have at most {limit} bytes"),
            Self::MessageUnfinished => f.write_str("the message that was begun is not finished"),
            Self::NoMessage => f.write_str("begin a message first"),
            Self::NoFrame => f.write_str("begin a frame first"),
            Self::NotReady => f.write_str("too much waits to be sent; wait until the outbox is ready"),
        }
    }
}

impl core::error::Error for SendError {}
