//! Why something that was asked did not succeed.

use std::fmt;
use std::io;
use std::sync::Arc;

use serde::Deserialize;
use wirebahn_core::wamp::session::{Left, OperationError};
use wirebahn_core::wamp::{DecodeError, EncodeError, ErrorDetails, Payload, RequestType, Uri, message};

use super::result::First;

/// Why something that was asked did not succeed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// The router, or the callee behind it, answered with an error.
    Request(Box<RequestError>),
    /// The call took longer than its timeout.
    TimedOut,
    /// The call was canceled at this end.
    Canceled,
    /// The session has ended; here is how.
    Ended(Arc<Left>),
    /// It was not possible, and nothing was sent.
    Operation(OperationError),
    /// The arguments cannot be encoded.
    Encode(EncodeError),
    /// What came cannot be decoded into the type that was asked for.
    Decode(DecodeError),
    /// More pieces of a result came than were taken: the call was canceled.
    Overrun,
    /// The system starts no more threads, and it needs one.
    Thread(Arc<io::Error>),
}

impl Error {
    /// The URI of the error that the router or the callee answered with.
    #[must_use]
    pub fn uri(&self) -> Option<&Uri> {
        match self {
            Self::Request(error) => Some(&error.uri),
            _ => None,
        }
    }

    /// Whether the router or the callee answered with the error of this URI.
    #[must_use]
    pub fn is(&self, uri: &str) -> bool {
        self.uri().is_some_and(|found| found == uri)
    }
}

/// An error that the router, or the callee behind it, answered with.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RequestError {
    /// What was asked.
    pub request_type: RequestType,
    /// What went wrong.
    pub uri: Uri,
    /// Circumstances.
    pub details: ErrorDetails,
    /// Arguments of the error.
    pub payload: Payload,
}

impl RequestError {
    /// The arguments of the error.
    ///
    /// # Errors
    ///
    /// They are not of this type.
    pub fn args<'de, T: Deserialize<'de>>(&'de self) -> Result<T, DecodeError> {
        self.payload.args()
    }

    /// The keyword arguments of the error.
    ///
    /// # Errors
    ///
    /// They are not of this type.
    pub fn kwargs<'de, T: Deserialize<'de>>(&'de self) -> Result<T, DecodeError> {
        self.payload.kwargs()
    }
}

impl From<message::Error> for Error {
    fn from(error: message::Error) -> Self {
        let message::Error { request_type, details, error: uri, payload, .. } = error;
        Self::Request(Box::new(RequestError { request_type, uri, details, payload }))
    }
}

impl From<OperationError> for Error {
    fn from(error: OperationError) -> Self {
        Self::Operation(error)
    }
}

impl From<EncodeError> for Error {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.uri, f)?;
        // Most errors have an explanation as their first argument.
        match self.payload.args::<First<String>>() {
            Ok(First(text)) if !text.is_empty() => write!(f, ": {text}"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for RequestError {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(error) => fmt::Display::fmt(error, f),
            Self::TimedOut => f.write_str("the call took longer than its timeout"),
            Self::Canceled => f.write_str("the call was canceled"),
            Self::Ended(left) => write!(f, "the session has ended: {left}"),
            Self::Operation(error) => fmt::Display::fmt(error, f),
            Self::Encode(error) => write!(f, "the arguments cannot be encoded: {error}"),
            Self::Decode(error) => write!(f, "what came is not what was expected: {error}"),
            Self::Overrun => f.write_str("more pieces of a result came than were taken"),
            Self::Thread(error) => write!(f, "no thread can be started: {error}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Request(error) => Some(error),
            Self::Ended(left) => Some(left),
            Self::Operation(error) => Some(error),
            Self::Encode(error) => Some(error),
            Self::Decode(error) => Some(error),
            Self::Thread(error) => Some(error),
            Self::TimedOut | Self::Canceled | Self::Overrun => None,
        }
    }
}
