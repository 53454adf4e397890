//! Why there is no session.

use std::fmt;
use std::io;
use std::sync::Arc;

use wirebahn_core::wamp::session::{Initiator, Left, LeftCause};
use wirebahn_core::wamp::{RouterUrlError, error_uri};

use super::OpenError;
use crate::ConnectError;

/// Why there is no session.
#[derive(Debug)]
#[non_exhaustive]
pub enum JoinError {
    /// The URL is not one of a router.
    Url(RouterUrlError),
    /// The router cannot be reached.
    Io(io::Error),
    /// The router was not reached in time.
    TimedOut,
    /// This kind of URL needs something that is not there, named here.
    Unsupported(&'static str),
    /// There is no way to the router: a proxy, or TLS, is in it.
    Connect(Box<ConnectError>),
    /// The router was reached, but no connection opened.
    Open(OpenError),
    /// A connection opened, but the session ended before it had begun; here is how.
    Left(Arc<Left>),
}

impl JoinError {
    /// Whether trying again is of no use: there is no such realm, say, or the router does not let us in.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::Url(_) | Self::Unsupported(_) | Self::Open(OpenError::Request(_)) => true,
            Self::Left(left) => match &left.cause {
                LeftCause::Aborted { by: Initiator::Router, reason, .. } => FATAL.contains(&reason.as_str()),
                // We could not answer a challenge.
                LeftCause::Aborted { by: Initiator::Us, .. } => true,
                _ => false,
            },
            Self::Io(_) | Self::TimedOut | Self::Connect(_) | Self::Open(_) => false,
        }
    }
}

/// Reasons of ABORT that a router will have the next time, too.
const FATAL: &[&str] = &[
    error_uri::NO_SUCH_REALM,
    error_uri::NO_SUCH_ROLE,
    error_uri::NO_SUCH_PRINCIPAL,
    error_uri::NO_MATCHING_AUTH_METHOD,
    error_uri::NO_AUTH_METHOD,
    error_uri::AUTHENTICATION_DENIED,
    error_uri::AUTHENTICATION_FAILED,
    error_uri::AUTHENTICATION_REQUIRED,
    error_uri::AUTHORIZATION_DENIED,
    error_uri::AUTHORIZATION_REQUIRED,
    error_uri::NOT_AUTHORIZED,
];

impl From<RouterUrlError> for JoinError {
    fn from(error: RouterUrlError) -> Self {
        Self::Url(error)
    }
}

impl From<io::Error> for JoinError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ConnectError> for JoinError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Url(error) => Self::Url(RouterUrlError::WebSocket(error)),
            ConnectError::Io(error) => Self::Io(error),
            ConnectError::TimedOut => Self::TimedOut,
            ConnectError::Unsupported(what) => Self::Unsupported(what),
            error => Self::Connect(Box::new(error)),
        }
    }
}

impl From<OpenError> for JoinError {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(error) => write!(f, "invalid URL: {error}"),
            Self::Io(error) => write!(f, "cannot reach the router: {error}"),
            Self::TimedOut => f.write_str("cannot reach the router: it took too long"),
            Self::Unsupported(what) => f.write_str(what),
            Self::Connect(error) => fmt::Display::fmt(error, f),
            Self::Open(error) => fmt::Display::fmt(error, f),
            Self::Left(left) => fmt::Display::fmt(left, f),
        }
    }
}

impl std::error::Error for JoinError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Url(error) => Some(error),
            Self::Io(error) => Some(error),
            Self::Connect(error) => Some(error),
            Self::Open(error) => Some(error),
            Self::Left(left) => Some(left),
            Self::TimedOut | Self::Unsupported(_) => None,
        }
    }
}
