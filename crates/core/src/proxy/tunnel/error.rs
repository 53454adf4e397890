//! Why there is no tunnel.

use core::fmt;

use crate::http::{HeadError, Headers, StatusCode};

/// Why a proxy made no tunnel: the one terminal event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TunnelError {
    /// The proxy does not take the credentials.
    AuthenticationFailed,
    /// The proxy wants credentials, and none were given.
    AuthenticationRequired,
    /// The proxy does not follow its protocol.
    Malformed(TunnelViolation),
    /// The proxy made no tunnel to this server.
    Refused(TunnelRefusal),
    /// The proxy took too long.
    TimedOut,
    /// The head of the proxy's response is longer than
    /// [`HeadLimits::max_len`](crate::http::HeadLimits::max_len).
    #[non_exhaustive]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The transport ended before the proxy had answered.
    TransportLost,
}

/// What a proxy said when it made no tunnel.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TunnelRefusal {
    /// An HTTP proxy answered with another status than 2xx.
    #[non_exhaustive]
    Status {
        /// The status.
        status: StatusCode,
        /// The header fields.
        headers: Headers,
    },
    /// A SOCKS proxy answered with another code than 0.
    Reply(Socks5Reply),
}

/// The code of a SOCKS 5 reply that is no success (RFC 1928 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Socks5Reply(pub(super) u8);

/// How a proxy broke its protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TunnelViolation {
    /// The head of an HTTP proxy's response is not HTTP, is broken, or has too many fields.
    Head(HeadError),
    /// More interim responses than a proxy has reason to send.
    InterimTooMany,
    /// The answer to user name and password has another version than 1 (RFC 1929 2).
    LoginVersion(u8),
    /// The reply has an address of a kind that does not exist (RFC 1928 6).
    SocksAddressType(u8),
    /// The proxy chose a method of authentication that was not offered (RFC 1928 3).
    SocksMethod(u8),
    /// The answer has another version than 5 (RFC 1928 3, 6): this is no SOCKS 5 proxy.
    SocksVersion(u8),
}

/// A proxy cannot be asked like this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TunnelRequestError {
    /// User name or password has more than 255 bytes (RFC 1929 2).
    CredentialsTooLong,
    /// The name of the host is none: empty, or not of visible ASCII, as those of URLs are.
    HostInvalid,
    /// The name of the host has more than 255 bytes (RFC 1928 5).
    HostTooLong,
}

impl Socks5Reply {
    /// The code.
    #[must_use]
    pub const fn code(self) -> u8 {
        self.0
    }

    /// What the code means (RFC 1928 6); empty if RFC 1928 does not say.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self.0 {
            1 => "general failure",
            2 => "not allowed by its rules",
            3 => "network unreachable",
            4 => "host unreachable",
            5 => "connection refused",
            6 => "TTL expired",
            7 => "command not supported",
            8 => "address type not supported",
            _ => "",
        }
    }
}

impl fmt::Display for TunnelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AuthenticationFailed => f.write_str("the proxy does not take these credentials"),
            Self::AuthenticationRequired => f.write_str("the proxy wants a user name and a password"),
            Self::Malformed(violation) => fmt::Display::fmt(violation, f),
            Self::Refused(refusal) => fmt::Display::fmt(refusal, f),
            Self::TimedOut => f.write_str("the proxy took too long"),
            Self::TooLarge { limit } => {
                write!(f, "the head of the proxy's response is longer than {limit} bytes")
            }
            Self::TransportLost => f.write_str("the proxy dropped the connection before it had answered"),
        }
    }
}

impl core::error::Error for TunnelError {}

impl fmt::Display for TunnelRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { status, .. } => write!(f, "the proxy answered {status}"),
            Self::Reply(reply) => write!(f, "the proxy answered {reply}"),
        }
    }
}

impl fmt::Display for Socks5Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        if self.reason().is_empty() { Ok(()) } else { write!(f, " {}", self.reason()) }
    }
}

impl fmt::Display for TunnelViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head(error) => write!(f, "the proxy does not speak HTTP as it should: {error}"),
            Self::InterimTooMany => f.write_str("the proxy sends interim responses without end"),
            Self::LoginVersion(version) => {
                write!(f, "the proxy answered the login in version {version}, not 1")
            }
            Self::SocksAddressType(kind) => {
                write!(f, "the proxy's reply has an address of unknown type {kind}")
            }
            Self::SocksMethod(method) => {
                write!(f, "the proxy chose the authentication method {method}, which was not offered")
            }
            Self::SocksVersion(version) => {
                write!(f, "the proxy does not speak SOCKS 5: it answered with version {version}")
            }
        }
    }
}

impl core::error::Error for TunnelViolation {}

impl fmt::Display for TunnelRequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CredentialsTooLong => "SOCKS 5 takes user names and passwords of up to 255 bytes",
            Self::HostInvalid => "a host is a name in visible ASCII; write others in Punycode",
            Self::HostTooLong => "SOCKS 5 takes names of up to 255 bytes",
        })
    }
}

impl core::error::Error for TunnelRequestError {}
