use alloc::boxed::Box;
use core::fmt;

use super::SessionViolation;
use crate::wamp::message::{Error, Event, Invocation, Result, Welcome};
use crate::wamp::{
    Dict, InterruptOptions, MessageType, PublicationId, RegistrationId, RequestId, SubscriptionId, Text, Uri,
};

/// What a [`Session`](super::Session) tells the application.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SessionEvent {
    /// The session has begun.
    Joined(Box<Welcome>),
    /// The router wants a proof: answer with [`Session::authenticate`](super::Session::authenticate).
    Challenge(Challenge),
    /// The answer to a SUBSCRIBE.
    Subscribed {
        /// The request.
        request: RequestId,
        /// The subscription.
        subscription: SubscriptionId,
    },
    /// The answer to an UNSUBSCRIBE.
    Unsubscribed {
        /// The request.
        request: RequestId,
    },
    /// The answer to a PUBLISH that was to be acknowledged.
    Published {
        /// The request.
        request: RequestId,
        /// The publication.
        publication: PublicationId,
    },
    /// The answer to a REGISTER.
    Registered {
        /// The request.
        request: RequestId,
        /// The registration.
        registration: RegistrationId,
    },
    /// The answer to an UNREGISTER.
    Unregistered {
        /// The request.
        request: RequestId,
    },
    /// A result of a call, or with `details.progress` a piece of it.
    Result(Result),
    /// A request of any kind failed.
    RequestFailed(Error),
    /// A call took longer than its timeout.
    CallTimedOut {
        /// The request.
        request: RequestId,
    },
    /// An event of a subscription.
    Event(Event),
    /// A call of a registered procedure, or with an id that is known a further piece of its arguments.
    Invocation(Invocation),
    /// The caller does not want a result any more, or the router does not wait for one.
    Interrupt {
        /// The invocation.
        request: RequestId,
        /// How, and perhaps why.
        options: InterruptOptions,
    },
    /// The router took a subscription back.
    SubscriptionRevoked {
        /// The subscription.
        subscription: SubscriptionId,
        /// Why.
        reason: Option<Text>,
    },
    /// The router took a registration back.
    RegistrationRevoked {
        /// The registration.
        registration: RegistrationId,
        /// Why.
        reason: Option<Text>,
    },
    /// The session has ended: the last event. Requests that were not answered never will be.
    Left(Left),
}

/// A CHALLENGE.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Challenge {
    /// How the proof is to be made.
    pub method: Text,
    /// What the method needs.
    pub extra: Dict,
}

impl Challenge {
    pub(super) const fn new(method: Text, extra: Dict) -> Self {
        Self { method, extra }
    }
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Left {
    /// Why.
    pub cause: LeftCause,
}

/// Why a session ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum LeftCause {
    /// With GOODBYE, in order.
    Goodbye {
        /// Who wanted it.
        by: Initiator,
        /// The reason that the router gave, such as `wamp.close.system_shutdown`.
        reason: Uri,
        /// Its explanation for humans.
        message: Option<Text>,
    },
    /// With ABORT: the router refused the session, or ended it because of something that it takes for a violation.
    Aborted {
        /// Who sent it.
        by: Initiator,
        /// The reason, such as `wamp.error.no_such_realm`.
        reason: Uri,
        /// Its explanation for humans.
        message: Option<Text>,
    },
    /// The router broke the protocol.
    Violation(SessionViolation),
    /// A timer ran out.
    TimedOut(SessionTimer),
    /// A message of this type was longer than the transport takes, without having a payload: HELLO, say.
    Unsendable(MessageType),
    /// The transport ended.
    TransportLost,
}

/// Which end began something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a session has two ends")]
pub enum Initiator {
    /// This client.
    Us,
    /// The router.
    Router,
}

/// Which timer ended a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionTimer {
    /// [`SessionConfig::join_timeout`](super::SessionConfig::join_timeout).
    Join,
    /// [`SessionConfig::leave_timeout`](super::SessionConfig::leave_timeout).
    Leave,
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.cause, f)
    }
}

impl core::error::Error for Left {}

impl fmt::Display for LeftCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, reason, message) = match self {
            Self::Goodbye { by: Initiator::Us, reason, message } => ("this client left", reason, message),
            Self::Goodbye { reason, message, .. } => ("the router ended the session", reason, message),
            Self::Aborted { by: Initiator::Us, reason, message } => {
                ("this client aborted the session", reason, message)
            }
            Self::Aborted { reason, message, .. } => ("the router aborted the session", reason, message),
            Self::Violation(violation) => return write!(f, "the router broke the protocol: {violation}"),
            Self::TimedOut(SessionTimer::Join) => return f.write_str("joining the realm took too long"),
            Self::TimedOut(SessionTimer::Leave) => {
                return f.write_str("the router did not answer GOODBYE in time");
            }
            Self::Unsendable(message) => return write!(f, "{message} is longer than the transport takes"),
            Self::TransportLost => return f.write_str("the connection to the router ended"),
        };
        write!(f, "{what}: {reason}")?;
        match message {
            Some(message) => write!(f, " ({message})"),
            None => Ok(()),
        }
    }
}
