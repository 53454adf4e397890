//! Why an opening handshake did not lead to a connection.

use core::fmt;

use crate::http::{AuthorityError, HeadError, StatusCode};
use crate::websocket::TimerKind;

/// Why no connection was opened: the one terminal event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpeningFailure {
    /// The application answered a plain HTTP request, with this status. Nothing went wrong.
    Answered(StatusCode),
    /// There are too many connections already; the client was told so with 503.
    OverCapacity,
    /// The request was wrong, and the client was told so.
    Request(RequestError),
    /// The application refused the request with this status.
    Refused(StatusCode),
    /// The client took too long.
    TimedOut(TimerKind),
    /// The transport ended before the handshake did.
    TransportLost,
}

impl OpeningFailure {
    /// The status that the client was answered with, if it was.
    #[must_use]
    pub const fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Answered(status) | Self::Refused(status) => Some(*status),
            Self::OverCapacity => Some(StatusCode::SERVICE_UNAVAILABLE),
            Self::Request(error) => Some(error.status()),
            Self::TimedOut(_) | Self::TransportLost => None,
        }
    }
}

impl fmt::Display for OpeningFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(status) => write!(f, "a plain HTTP request was answered with {status}"),
            Self::OverCapacity => f.write_str("maximum number of connections reached"),
            Self::Request(error) => fmt::Display::fmt(error, f),
            Self::Refused(status) => write!(f, "the application refused the request with {status}"),
            Self::TimedOut(timer) => fmt::Display::fmt(timer, f),
            Self::TransportLost => {
                f.write_str("the client dropped the connection during the opening handshake")
            }
        }
    }
}

impl core::error::Error for OpeningFailure {}

/// What is wrong with a request (RFC 6455 4.2.1), in the order in which it is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestError {
    /// The head is not HTTP, is broken, or exceeds a limit.
    Head(HeadError),
    /// The method is not GET.
    MethodNotAllowed,
    /// HTTP is not 1.1.
    HttpVersionUnsupported,
    /// The target is neither a path nor an absolute `http`, `https`, `ws` or `wss` URI.
    TargetInvalid,
    /// The target has a fragment.
    TargetFragment,
    /// The request announces a body.
    BodyForbidden,
    /// There is no `Host` header.
    HostMissing,
    /// There are several `Host` headers.
    HostRepeated,
    /// The `Host` header is malformed.
    HostInvalid(AuthorityError),
    /// The port is not [`ServerOptions::external_port`](super::ServerOptions::external_port).
    PortMismatch {
        /// The port that is expected.
        expected: u16,
    },
    /// There is no `Upgrade` header: this is plain HTTP.
    UpgradeMissing,
    /// The `Upgrade` header does not list `websocket`.
    UpgradeInvalid,
    /// The `Connection` header does not list `Upgrade`.
    ConnectionInvalid,
    /// There is no `Sec-WebSocket-Version` header.
    VersionMissing,
    /// There are several `Sec-WebSocket-Version` headers.
    VersionRepeated,
    /// The `Sec-WebSocket-Version` header is not a number.
    VersionInvalid,
    /// The version is none of [`ServerOptions::versions`](super::ServerOptions::versions).
    VersionUnsupported,
    /// A subprotocol is not a token.
    SubprotocolInvalid,
    /// A subprotocol is offered twice.
    SubprotocolRepeated,
    /// There are several origins.
    OriginRepeated,
    /// The origin is malformed.
    OriginInvalid,
    /// The origin is none of [`ServerOptions::origins`](super::ServerOptions::origins).
    OriginForbidden,
    /// There is no `Sec-WebSocket-Key` header.
    KeyMissing,
    /// There are several `Sec-WebSocket-Key` headers.
    KeyRepeated,
    /// The key is not 16 bytes in base64.
    KeyInvalid,
}

impl RequestError {
    /// The status that the client is answered with.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Head(error) => error.status(),
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::HttpVersionUnsupported => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            Self::UpgradeMissing => StatusCode::UPGRADE_REQUIRED,
            Self::OriginForbidden => StatusCode::FORBIDDEN,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Head(error) => return fmt::Display::fmt(error, f),
            Self::HostInvalid(error) => return write!(f, "the Host header is invalid: {error}"),
            Self::PortMismatch { expected } => {
                return write!(f, "the Host header does not name port {expected}");
            }
            Self::MethodNotAllowed => "the method is not GET",
            Self::HttpVersionUnsupported => "the version of HTTP is not 1.1",
            Self::TargetInvalid => "the request target is neither a path nor an absolute URI",
            Self::TargetFragment => "the request target has a fragment",
            Self::BodyForbidden => "the request announces a body",
            Self::HostMissing => "the Host header is missing",
            Self::HostRepeated => "there are several Host headers",
            Self::UpgradeMissing => "this is a WebSocket endpoint: connect with a WebSocket client",
            Self::UpgradeInvalid => "the Upgrade header does not list websocket",
            Self::ConnectionInvalid => "the Connection header does not list Upgrade",
            Self::VersionMissing => "the Sec-WebSocket-Version header is missing",
            Self::VersionRepeated => "there are several Sec-WebSocket-Version headers",
            Self::VersionInvalid => "the Sec-WebSocket-Version header is not a number",
            Self::VersionUnsupported => "the version of the WebSocket protocol is not supported",
            Self::SubprotocolInvalid => "a subprotocol is not a token",
            Self::SubprotocolRepeated => "a subprotocol is offered twice",
            Self::OriginRepeated => "there are several origins",
            Self::OriginInvalid => "the origin is malformed",
            Self::OriginForbidden => "pages of this origin may not connect",
            Self::KeyMissing => "the Sec-WebSocket-Key header is missing",
            Self::KeyRepeated => "there are several Sec-WebSocket-Key headers",
            Self::KeyInvalid => "the Sec-WebSocket-Key header is not 16 bytes in base64",
        })
    }
}

impl core::error::Error for RequestError {}
