//! Why an opening handshake did not lead to a connection.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::http::{HeadError, Headers, StatusCode};
use crate::websocket::TimerKind;
use crate::websocket::extension::ExtensionError;

/// Why no connection was opened: the one terminal event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientOpeningError {
    /// The server answered that it does open a connection, but wrongly.
    Handshake(HandshakeError),
    /// The server answered with another status than 101.
    Rejected(Box<Rejection>),
    /// The server took too long.
    TimedOut(TimerKind),
    /// The transport ended before the handshake did.
    TransportLost,
}

/// A response with another status than 101: a refusal, a redirect, a request for credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejection {
    /// The status.
    pub status: StatusCode,
    /// The header fields; `Location` and `WWW-Authenticate` among them.
    pub headers: Headers,
    /// The body, of which at most [`ClientOptions::max_body_len`](super::ClientOptions::max_body_len) bytes are kept.
    pub body: Vec<u8>,
    /// Whether the body is all there: it is not if it was too long or broken, or if the timer or the transport ended it.
    pub is_complete: bool,
}

/// How a server broke the handshake (RFC 6455 4.1, 4.2.2), in the order in which it is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The head is not HTTP, is broken, or exceeds a limit.
    Head(HeadError),
    /// More interim responses than a server has reason to send.
    InterimTooMany,
    /// HTTP is not 1.1.
    HttpVersionUnsupported,
    /// There is no `Upgrade` header.
    UpgradeMissing,
    /// There are several `Upgrade` headers.
    UpgradeRepeated,
    /// The `Upgrade` header is not `websocket`.
    UpgradeInvalid,
    /// The `Connection` header is missing or does not list `Upgrade`.
    ConnectionInvalid,
    /// There is no `Sec-WebSocket-Accept` header.
    AcceptMissing,
    /// There are several `Sec-WebSocket-Accept` headers.
    AcceptRepeated,
    /// The `Sec-WebSocket-Accept` header does not go with our key: a server or cache that does not know WebSockets.
    AcceptMismatch,
    /// There are several `Sec-WebSocket-Extensions` headers.
    ExtensionsRepeated,
    /// The server's answer fits none of the extensions that were offered.
    Extension(ExtensionError),
    /// The server uses an extension although none was offered; the value of the header.
    ExtensionUnasked(String),
    /// There are several `Sec-WebSocket-Protocol` headers.
    SubprotocolRepeated,
    /// The server chose a subprotocol that was not offered.
    SubprotocolUnasked(String),
}

impl fmt::Display for ClientOpeningError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handshake(error) => fmt::Display::fmt(error, f),
            Self::Rejected(rejection) => write!(f, "the server answered {}", rejection.status),
            Self::TimedOut(timer) => fmt::Display::fmt(timer, f),
            Self::TransportLost => {
                f.write_str("the server dropped the connection during the opening handshake")
            }
        }
    }
}

impl core::error::Error for ClientOpeningError {}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Head(error) => return fmt::Display::fmt(error, f),
            Self::Extension(error) => {
                return write!(f, "the server's choice of extensions does not fit the offer: {error}");
            }
            Self::ExtensionUnasked(value) => {
                return write!(f, "the server uses extensions that were not offered: {value:?}");
            }
            Self::SubprotocolUnasked(name) => {
                return write!(f, "the server chose the subprotocol {name:?}, which was not offered");
            }
            Self::InterimTooMany => "the server sends interim responses without end",
            Self::HttpVersionUnsupported => "the server's version of HTTP is not 1.1",
            Self::UpgradeMissing => "the server's Upgrade header is missing",
            Self::UpgradeRepeated => "the server sent several Upgrade headers",
            Self::UpgradeInvalid => "the server's Upgrade header is not websocket",
            Self::ConnectionInvalid => "the server's Connection header does not list Upgrade",
            Self::AcceptMissing => "the server's Sec-WebSocket-Accept header is missing",
            Self::AcceptRepeated => "the server sent several Sec-WebSocket-Accept headers",
            Self::AcceptMismatch => "the server's Sec-WebSocket-Accept header does not go with the key",
            Self::ExtensionsRepeated => "the server sent several Sec-WebSocket-Extensions headers",
            Self::SubprotocolRepeated => "the server sent several Sec-WebSocket-Protocol headers",
        })
    }
}

impl core::error::Error for HandshakeError {}
