use core::fmt;

use super::Violation;

/// How a connection ended: the one terminal event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed {
    /// Why the connection ended.
    pub cause: Cause,
}

impl Closed {
    /// Whether the transport was ended by either side between two frames. RawSocket has no closing handshake that could
    /// tell more; the layer above says whether that was meant.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        matches!(self.cause, Cause::ClosedByPeer | Cause::ClosedByUs)
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.cause, f)
    }
}

impl core::error::Error for Closed {}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The peer ended the transport between two frames.
    ClosedByPeer,
    /// We ended the transport.
    ClosedByUs,
    /// The peer broke the protocol or a limit, and we failed the connection.
    Violation(Violation),
    /// A timer ran out.
    TimedOut(TimerKind),
    /// The transport ended inside a frame.
    TransportLost,
    /// The application dropped the connection at once.
    Aborted,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClosedByPeer => f.write_str("the peer ended the connection"),
            Self::ClosedByUs => f.write_str("this end closed the connection"),
            Self::Violation(violation) => fmt::Display::fmt(violation, f),
            Self::TimedOut(timer) => fmt::Display::fmt(timer, f),
            Self::TransportLost => f.write_str("the connection was lost inside a frame"),
            Self::Aborted => f.write_str("this end dropped the connection"),
        }
    }
}

/// Which timer ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimerKind {
    /// The opening handshake took too long.
    OpenHandshake,
    /// The peer did not answer a keepalive ping in time, or did not even take it off the wire.
    Keepalive,
}

impl fmt::Display for TimerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenHandshake => "the peer did not finish the opening handshake in time",
            Self::Keepalive => "the peer did not answer a keepalive ping in time",
        })
    }
}
