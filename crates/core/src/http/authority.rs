//! Hosts and ports.

use alloc::string::String;
use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};

/// A host (RFC 3986 3.2.2), as URLs and `Host` headers name it. Shown in brackets if it is an IPv6 address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 3986 has no fourth kind in use")]
pub enum Host {
    /// A name to be resolved, in lower case.
    Name(String),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address.
    V6(Ipv6Addr),
}

/// What is wrong with a host and port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthorityError {
    /// The host is missing.
    HostMissing,
    /// The host has characters that names do not have, or ends in a number without being an IPv4 address.
    HostInvalid,
    /// The IPv6 address is malformed or not in brackets.
    Ipv6Invalid,
    /// The port is not a number from 1 to 65535.
    PortInvalid,
}

/// Takes `host[:port]` apart. An empty port counts as none (RFC 3986 3.2.3).
pub(crate) fn parse_authority(text: &str) -> Result<(Host, Option<u16>), AuthorityError> {
    if let Some(rest) = text.strip_prefix('[') {
        let (address, rest) = rest.split_once(']').ok_or(AuthorityError::Ipv6Invalid)?;
        let host = Host::V6(address.parse().map_err(|_| AuthorityError::Ipv6Invalid)?);
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, parse_port(port)?)),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(AuthorityError::Ipv6Invalid),
        };
    }
    let (host, port) = text.split_once(':').unwrap_or((text, ""));
    if port.contains(':') {
        return Err(AuthorityError::Ipv6Invalid);
    }
    Ok((parse_host(host)?, parse_port(port)?))
}

fn parse_host(text: &str) -> Result<Host, AuthorityError> {
    if text.is_empty() {
        return Err(AuthorityError::HostMissing);
    }
    if let Ok(address) = text.parse() {
        return Ok(Host::V4(address));
    }
    // RFC 3986 also allows sub-delimiters; no name that can be resolved has them.
    let is_name =
        text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'%'));
    let ends_in_number = text.rsplit('.').next().is_some_and(is_number);
    if is_name && !ends_in_number {
        Ok(Host::Name(text.to_ascii_lowercase()))
    } else {
        Err(AuthorityError::HostInvalid)
    }
}

fn parse_port(text: &str) -> Result<Option<u16>, AuthorityError> {
    match text {
        "" => Ok(None),
        _ if is_number(text) => {
            text.parse().ok().filter(|&port| port > 0).map(Some).ok_or(AuthorityError::PortInvalid)
        }
        _ => Err(AuthorityError::PortInvalid),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::V4(address) => fmt::Display::fmt(address, f),
            Self::V6(address) => write!(f, "[{address}]"),
        }
    }
}

impl fmt::Display for AuthorityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HostMissing => "the host is missing",
            Self::HostInvalid => {
                "the host is neither a name nor an address (write other scripts in punycode)"
            }
            Self::Ipv6Invalid => "the IPv6 address is malformed or not in brackets",
            Self::PortInvalid => "the port is not a number from 1 to 65535",
        })
    }
}

impl core::error::Error for AuthorityError {}
