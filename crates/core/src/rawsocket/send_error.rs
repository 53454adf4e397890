use core::fmt;

/// An operation that was not possible. Nothing has changed; see what each one says to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The connection is closing or closed: nothing can be sent any more.
    Closed,
    /// A message longer than the peer accepts: split it.
    MessageTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// Too much waits to be sent: wait until [`Outbox::is_ready`](crate::Outbox::is_ready).
    NotReady,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the connection is closing or closed"),
            Self::MessageTooLong { limit } => write!(f, "the peer accepts at most {limit} bytes"),
            Self::NotReady => f.write_str("too much waits to be sent; wait until the outbox is ready"),
        }
    }
}

impl core::error::Error for SendError {}
