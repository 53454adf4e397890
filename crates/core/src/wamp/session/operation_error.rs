use core::fmt;

use crate::wamp::Feature;

/// An operation that was not possible. Nothing has changed; see what each one says to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OperationError {
    /// There is no session (any more): wait for [`SessionEvent::Joined`](super::SessionEvent::Joined), or join anew.
    NotJoined,
    /// No CHALLENGE waits for an answer.
    NotChallenged,
    /// No request with this number waits for an answer: it has been answered, canceled or timed out.
    NoSuchRequest,
    /// The call has all its arguments.
    ArgumentsComplete,
    /// The session has no such subscription.
    NoSuchSubscription,
    /// The session has no such registration.
    NoSuchRegistration,
    /// The invocation is answered, or the router does not wait for an answer any more: drop it.
    NoSuchInvocation,
    /// The caller did not ask for results in pieces: send the whole result at the end.
    ProgressNotWanted,
    /// A payload that is too long for the transport: send less.
    PayloadTooLong {
        /// How long a message may be, in bytes.
        limit: u64,
    },
    /// The router does not have this feature: do without it.
    NotSupported(Feature),
}

impl fmt::Display for OperationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJoined => f.write_str("there is no session; join one"),
            Self::NotChallenged => f.write_str("no CHALLENGE waits for an answer"),
            Self::NoSuchRequest => f.write_str("the request does not wait for an answer any more"),
            Self::ArgumentsComplete => f.write_str("the call has all its arguments already"),
            Self::NoSuchSubscription => f.write_str("the session has no such subscription"),
            Self::NoSuchRegistration => f.write_str("the session has no such registration"),
            Self::NoSuchInvocation => f.write_str("the invocation does not wait for an answer any more"),
            Self::ProgressNotWanted => {
                f.write_str("the caller did not ask for results in pieces; send the whole result")
            }
            Self::PayloadTooLong { limit } => {
                write!(f, "the transport takes messages of at most {limit} bytes; send less")
            }
            Self::NotSupported(feature) => {
                write!(f, "the router does not have the feature {}; do without it", feature.name())
            }
        }
    }
}

impl core::error::Error for OperationError {}
