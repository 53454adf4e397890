//! Why a connection is to be closed.

use std::fmt;

use wirebahn_core::wamp::link::LinkClose;
use wirebahn_core::wamp::{MessageType, RequestId, Uri};

/// Why the router has done with a connection. Everything that is to be said to the peer is in its queue, before this.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The session was killed or shut down by the router, and the peer has answered, or taken too long for it.
    ShutDown,
    /// The peer has sent ABORT.
    AbortedByPeer {
        /// Its reason.
        reason: Uri,
    },
    /// The peer may not join.
    Refused {
        /// The reason of the ABORT.
        reason: Uri,
    },
    /// The peer broke the protocol.
    Violation(Violation),
    /// The peer reads more slowly than others send, and its queue is full.
    TooSlow,
    /// The peer was connected for too long without joining a realm.
    JoinTimeout,
}

impl CloseReason {
    /// How to close a link for this reason.
    #[must_use]
    pub const fn link_close(&self) -> LinkClose {
        match self {
            Self::Violation(_) => LinkClose::Violation,
            Self::TooSlow | Self::JoinTimeout => LinkClose::Policy,
            Self::ShutDown => LinkClose::GoingAway,
            Self::AbortedByPeer { .. } | Self::Refused { .. } => LinkClose::Done,
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShutDown => f.write_str("the router has ended the session"),
            Self::AbortedByPeer { reason } => write!(f, "the peer has aborted the session: {reason}"),
            Self::Refused { reason } => write!(f, "the peer may not join: {reason}"),
            Self::Violation(violation) => write!(f, "protocol violation: {violation}"),
            Self::TooSlow => {
                f.write_str("messages come in faster than they are read; read them without delay")
            }
            Self::JoinTimeout => f.write_str("no realm was joined in time; send HELLO at once"),
        }
    }
}

/// What a peer has done that the protocol does not allow. Answered with ABORT.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// A message that cannot be understood. Noted by who decodes messages.
    Malformed(String),
    /// A message before HELLO, or between HELLO and WELCOME.
    NotJoined(MessageType),
    /// A message that only routers send, or that comes once in a session.
    OutOfPlace(MessageType),
    /// HELLO announces no role.
    NoRoles,
    /// The id of a request is not the one after that of the request before.
    RequestId {
        /// What it should be.
        expected: RequestId,
        /// What it is.
        found: RequestId,
    },
    /// A CALL has the id of another one that is not answered yet, and is no continuation of it.
    CallIdInUse(RequestId),
    /// A continuation of a call names another procedure.
    ProcedureChanged(RequestId),
    /// A YIELD or ERROR for an invocation that never was.
    NoSuchInvocation(RequestId),
    /// A progressive call by a caller that has not announced the feature.
    ProgressNotAnnounced,
    /// Payload passthru by a peer that has not announced the feature.
    PassthruNotAnnounced,
    /// More messages than the driver was told to read.
    BacklogFull,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what) => f.write_str(what),
            Self::NotJoined(message) => write!(f, "{message} came before the session was established"),
            Self::OutOfPlace(message) => write!(f, "a client must not send {message} here"),
            Self::NoRoles => f.write_str("HELLO must announce at least one role"),
            Self::RequestId { expected, found } => {
                write!(f, "the request must have the id {expected}, not {found}: ids are counted from 1")
            }
            Self::CallIdInUse(id) => {
                write!(f, "the call {id} is not answered yet, so its id must not be used again")
            }
            Self::ProcedureChanged(id) => {
                write!(f, "all parts of the call {id} must name the same procedure")
            }
            Self::NoSuchInvocation(id) => write!(f, "there has been no invocation {id}"),
            Self::ProgressNotAnnounced => {
                f.write_str("progressive calls need the feature progressive_call_invocations in HELLO")
            }
            Self::PassthruNotAnnounced => {
                f.write_str("payload passthru needs the feature payload_passthru_mode in HELLO")
            }
            Self::BacklogFull => f.write_str("too many messages came while the session had to wait"),
        }
    }
}
