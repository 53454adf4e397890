use core::fmt;

use crate::{rawsocket, websocket};

/// Why a link is closed, for the peer where the transport can say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LinkClose {
    /// The session is over.
    Done,
    /// This end goes away.
    GoingAway,
    /// The peer broke the protocol.
    Violation,
    /// The peer sent a kind of data that cannot be accepted.
    Unsupported,
    /// The peer broke a rule of this end, such as reading too slowly.
    Policy,
}

impl LinkClose {
    /// The close code of WebSocket.
    #[must_use]
    pub const fn close_code(self) -> websocket::CloseCode {
        match self {
            Self::Done => websocket::CloseCode::NORMAL,
            Self::GoingAway => websocket::CloseCode::GOING_AWAY,
            Self::Violation => websocket::CloseCode::PROTOCOL_ERROR,
            Self::Unsupported => websocket::CloseCode::UNSUPPORTED,
            Self::Policy => websocket::CloseCode::POLICY_VIOLATION,
        }
    }
}

/// How the transport under a link ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkClosed {
    /// A WebSocket.
    WebSocket(websocket::Closed),
    /// A RawSocket.
    RawSocket(rawsocket::Closed),
}

impl fmt::Display for LinkClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WebSocket(closed) => fmt::Display::fmt(closed, f),
            Self::RawSocket(closed) => fmt::Display::fmt(closed, f),
        }
    }
}

impl core::error::Error for LinkClosed {}
