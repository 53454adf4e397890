//! Why there is no connection with a router.

use std::fmt;

use wirebahn_core::rawsocket::opening as raw;
use wirebahn_core::websocket::opening::{ClientOpeningError, ClientRequestError};

/// Why nothing opened on a stream that leads to a router.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// The request cannot be made like this.
    Request(ClientRequestError),
    /// No WebSocket opened.
    WebSocket(ClientOpeningError),
    /// The server speaks WebSocket, but none of the subprotocols of WAMP that were offered.
    NoSubprotocol,
    /// No RawSocket opened.
    RawSocket(raw::ClientOpeningError),
}

impl OpenError {
    /// Whether the router speaks RawSocket, but not with this serializer: another one may be tried.
    #[must_use]
    pub const fn is_about_the_serializer(&self) -> bool {
        matches!(
            self,
            Self::RawSocket(raw::ClientOpeningError::Refused(raw::RefusalCode::SerializerUnsupported))
        )
    }
}

impl From<ClientRequestError> for OpenError {
    fn from(error: ClientRequestError) -> Self {
        Self::Request(error)
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(error) => write!(f, "invalid request: {error}"),
            Self::WebSocket(error) => fmt::Display::fmt(error, f),
            Self::NoSubprotocol => {
                f.write_str("the server speaks none of the subprotocols that were offered")
            }
            Self::RawSocket(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Request(error) => Some(error),
            Self::WebSocket(error) => Some(error),
            Self::RawSocket(error) => Some(error),
            Self::NoSubprotocol => None,
        }
    }
}
