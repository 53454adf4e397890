//! Close codes, and what is known of a connection once it has ended.

use alloc::string::String;
use core::fmt;

use super::Violation;

/// A close code (RFC 6455 7.4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CloseCode(u16);

impl CloseCode {
    /// The purpose of the connection is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// The endpoint goes away: a server shuts down, a browser leaves the page.
    pub const GOING_AWAY: Self = Self(1001);
    /// The peer broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// The peer sent a kind of data that cannot be accepted.
    pub const UNSUPPORTED: Self = Self(1003);
    /// Never on the wire: the Close frame had no code.
    pub const NO_STATUS: Self = Self(1005);
    /// Never on the wire: there was no Close frame.
    pub const ABNORMAL: Self = Self(1006);
    /// The payload does not fit the message's kind, such as text that is not UTF-8.
    pub const INVALID_PAYLOAD: Self = Self(1007);
    /// The message breaks a policy of the endpoint.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// The message is too big.
    pub const TOO_BIG: Self = Self(1009);
    /// The server did not negotiate an extension that the client needs.
    pub const MISSING_EXTENSION: Self = Self(1010);
    /// The endpoint met an unexpected condition.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// The service restarts (registered after RFC 6455).
    pub const SERVICE_RESTART: Self = Self(1012);
    /// The service is overloaded: try again later (registered after RFC 6455).
    pub const TRY_AGAIN_LATER: Self = Self(1013);
    /// A gateway got an invalid response (registered after RFC 6455).
    pub const BAD_GATEWAY: Self = Self(1014);
    /// Never on the wire: the TLS handshake failed.
    pub const TLS_HANDSHAKE: Self = Self(1015);

    /// The code with this number, whether or not it may be used.
    #[must_use]
    pub const fn new(code: u16) -> Self {
        Self(code)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// Whether the code may stand in a Close frame (RFC 6455 7.4.1, 7.4.2, and the codes that were registered since).
    #[must_use]
    pub const fn is_valid_on_wire(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

impl From<u16> for CloseCode {
    fn from(code: u16) -> Self {
        Self(code)
    }
}

impl From<CloseCode> for u16 {
    fn from(code: CloseCode) -> Self {
        code.0
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloseCode({})", self.0)
    }
}

/// How a connection ended: the one terminal event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed {
    /// Whether the closing handshake was completed: both Close frames went over the wire, neither because of a failure.
    pub clean: bool,
    /// The code of the peer's Close frame; [`CloseCode::NO_STATUS`] if it had none, [`CloseCode::ABNORMAL`] if no
    /// Close frame came (RFC 6455 7.1.5).
    pub code: CloseCode,
    /// The reason in the peer's Close frame; empty if there was none.
    pub reason: String,
    /// Why the connection ended.
    pub cause: Cause,
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.clean {
            write!(f, "closed with code {}", self.code)?;
        } else {
            write!(f, "closed uncleanly, code {}", self.code)?;
        }
        if !self.reason.is_empty() {
            write!(f, " ({})", self.reason)?;
        }
        write!(f, ": {}", self.cause)
    }
}

impl core::error::Error for Closed {}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The peer sent the first Close frame.
    ClosedByPeer,
    /// We sent the first Close frame.
    ClosedByUs,
    /// The peer broke the protocol or a limit, and we failed the connection.
    Violation(Violation),
    /// A timer ran out.
    TimedOut(TimerKind),
    /// The transport ended before the closing handshake was completed.
    TransportLost,
    /// The application dropped the connection without a closing handshake.
    Aborted,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClosedByPeer => f.write_str("the peer closed the connection"),
            Self::ClosedByUs => f.write_str("this end closed the connection"),
            Self::Violation(violation) => fmt::Display::fmt(violation, f),
            Self::TimedOut(timer) => fmt::Display::fmt(timer, f),
            Self::TransportLost => f.write_str("the peer dropped the connection without a closing handshake"),
            Self::Aborted => f.write_str("this end dropped the connection without a closing handshake"),
        }
    }
}

/// Which timer ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimerKind {
    /// The opening handshake took too long.
    OpenHandshake,
    /// The peer did not answer our Close frame in time.
    CloseHandshake,
    /// The server did not drop the connection in time after the closing handshake.
    ServerDrop,
    /// The peer did not answer a keepalive ping in time, or did not even take it off the wire.
    Keepalive,
    /// Nothing was received for too long.
    Idle,
}

impl fmt::Display for TimerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenHandshake => "the peer did not finish the opening handshake in time",
            Self::CloseHandshake => "the peer did not answer the Close frame in time",
            Self::ServerDrop => "the server did not drop the connection in time",
            Self::Keepalive => "the peer did not answer a keepalive ping in time",
            Self::Idle => "nothing was received for too long",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_must_not_be_sent_are_not_valid_on_the_wire() {
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535] {
            assert!(!CloseCode::new(code).is_valid_on_wire(), "{code}");
        }
    }

    #[test]
    fn registered_and_private_codes_are_valid_on_the_wire() {
        for code in
            [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]
        {
            assert!(CloseCode::new(code).is_valid_on_wire(), "{code}");
        }
    }
}
