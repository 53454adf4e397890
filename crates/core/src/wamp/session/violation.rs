use core::fmt;

use crate::wamp::link::Malformed;
use crate::wamp::{Feature, MessageType, RequestId, RequestType};

/// A way in which the router broke the protocol. The session ends with ABORT and `wamp.error.protocol_violation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionViolation {
    /// Something that is no message.
    Malformed(Malformed),
    /// A message that must not come before WELCOME.
    BeforeWelcome(MessageType),
    /// A second CHALLENGE before the first was answered.
    ChallengeUnexpected,
    /// A message that must not come in a session: HELLO, WELCOME, CHALLENGE, or one that only clients send.
    Unexpected(MessageType),
    /// A WELCOME without roles.
    RolesMissing,
    /// An answer to a request that was never made.
    RequestUnknown {
        /// The answer.
        message: MessageType,
        /// Its request.
        request: RequestId,
    },
    /// An answer to a request of another kind.
    RequestMismatch {
        /// The answer.
        message: MessageType,
        /// Its request.
        request: RequestId,
    },
    /// An ERROR for a request that routers do not answer.
    ErrorTypeInvalid(RequestType),
    /// A piece of a result that was not asked for in pieces.
    ProgressUnasked(RequestId),
    /// An INVOCATION with the number of one that is not answered yet and has all its arguments.
    InvocationRepeated(RequestId),
    /// A message that makes use of a feature which was not announced.
    FeatureNotAnnounced(Feature),
    /// UNSUBSCRIBED or UNREGISTERED with the request 0 but without saying what is taken back.
    RevocationIncomplete(MessageType),
    /// More messages that have to be answered than the router reads answers.
    RepliesNotRead,
}

impl fmt::Display for SessionViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => fmt::Display::fmt(error, f),
            Self::BeforeWelcome(message) => write!(f, "{message} before WELCOME"),
            Self::ChallengeUnexpected => f.write_str("CHALLENGE before the last one was answered"),
            Self::Unexpected(message) => write!(f, "{message} must not be sent to a client in a session"),
            Self::RolesMissing => f.write_str("WELCOME without roles"),
            Self::RequestUnknown { message, request } => {
                write!(f, "{message} for the request {request}, which was never made")
            }
            Self::RequestMismatch { message, request } => {
                write!(f, "{message} for the request {request}, which is of another kind")
            }
            Self::ErrorTypeInvalid(request) => {
                write!(f, "ERROR for {}, which a router does not answer", request.message_type())
            }
            Self::ProgressUnasked(request) => {
                write!(f, "a piece of the result of {request}, which was not asked for in pieces")
            }
            Self::InvocationRepeated(request) => {
                write!(f, "INVOCATION {request}, which is not answered yet")
            }
            Self::FeatureNotAnnounced(feature) => {
                write!(f, "the feature {} was used, but not announced", feature.name())
            }
            Self::RevocationIncomplete(message) => write!(f, "{message} 0 does not say what is taken back"),
            Self::RepliesNotRead => f.write_str("the router provokes answers and does not read them"),
        }
    }
}

impl core::error::Error for SessionViolation {}
