//! Where a router is.

use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use crate::http::{AuthorityError, Host, UrlError, WsUrl, parse_authority};

/// Where a router is, and which transport it speaks there.
///
/// | form | |
/// |---|---|
/// | `ws://host[:port][/path]`, `wss://...`, `ws+unix:///path/to.sock` | WebSocket, see [`WsUrl`] |
/// | `rs://host:port` | RawSocket over TCP |
/// | `rss://host:port` | RawSocket over TLS |
/// | `unix:/path/to.sock`, `unix:///path/to.sock`, `rs://unix:/path/to.sock` | RawSocket over a Unix socket |
///
/// ```
/// use wirebahn_core::wamp::RouterUrl;
///
/// assert!(matches!("ws://localhost:8080/ws".parse()?, RouterUrl::WebSocket(_)));
/// assert!(matches!("rs://localhost:8081".parse()?, RouterUrl::RawSocket { port: 8081, .. }));
/// assert!(matches!("unix:/run/router.sock".parse()?, RouterUrl::RawSocketUnix { .. }));
/// # Ok::<_, wirebahn_core::wamp::RouterUrlError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RouterUrl {
    /// WebSocket.
    WebSocket(WsUrl),
    /// RawSocket over TCP or TLS.
    RawSocket {
        /// The host.
        host: Host,
        /// The port.
        port: u16,
        /// Whether over TLS.
        is_secure: bool,
    },
    /// RawSocket over a Unix socket.
    RawSocketUnix {
        /// The path of the socket.
        path: String,
    },
}

/// What is wrong with the URL of a router.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RouterUrlError {
    /// It is the URL of a WebSocket, and wrong as such.
    WebSocket(UrlError),
    /// The host or the port is wrong.
    Authority(AuthorityError),
    /// There is no port: RawSocket has no usual one.
    PortMissing,
    /// Something follows host and port.
    PathForbidden,
    /// The path of the socket is not absolute.
    SocketPathInvalid,
}

impl FromStr for RouterUrl {
    type Err = RouterUrlError;

    fn from_str(text: &str) -> Result<Self, RouterUrlError> {
        let (scheme, rest) = text.split_once(':').unwrap_or((text, ""));
        let is_secure = match scheme.to_ascii_lowercase().as_str() {
            "unix" => return unix(rest.strip_prefix("//").unwrap_or(rest)),
            "rs" => false,
            "rss" => true,
            _ => return text.parse().map(Self::WebSocket).map_err(RouterUrlError::WebSocket),
        };
        let authority = rest.strip_prefix("//").unwrap_or(rest);
        if let Some(path) = authority.strip_prefix("unix:") {
            return unix(path);
        }
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        if authority.contains(['/', '?', '#']) {
            return Err(RouterUrlError::PathForbidden);
        }
        let (host, port) = parse_authority(authority).map_err(RouterUrlError::Authority)?;
        Ok(Self::RawSocket { host, port: port.ok_or(RouterUrlError::PortMissing)?, is_secure })
    }
}

fn unix(path: &str) -> Result<RouterUrl, RouterUrlError> {
    if path.len() < 2 || !path.starts_with('/') {
        return Err(RouterUrlError::SocketPathInvalid);
    }
    Ok(RouterUrl::RawSocketUnix { path: path.to_string() })
}

impl fmt::Display for RouterUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WebSocket(UrlError::SchemeUnknown(scheme)) => {
                write!(f, "the scheme {scheme} is not one of ws, wss, ws+unix, rs, rss and unix")
            }
            Self::WebSocket(error) => fmt::Display::fmt(error, f),
            Self::Authority(error) => fmt::Display::fmt(error, f),
            Self::PortMissing => f.write_str("name the port: rs://host:port"),
            Self::PathForbidden => f.write_str("nothing may follow host and port: rs://host:port"),
            Self::SocketPathInvalid => f.write_str("name the absolute path of the socket: unix:/path"),
        }
    }
}

impl core::error::Error for RouterUrlError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<RouterUrl, RouterUrlError> {
        text.parse()
    }

    #[test]
    fn rawsockets_have_hosts_and_ports() {
        let url = |name: &str, port, is_secure| {
            Ok(RouterUrl::RawSocket { host: Host::Name(name.into()), port, is_secure })
        };
        assert_eq!(parse("rs://Example.com:8081"), url("example.com", 8081, false));
        assert_eq!(parse("RSS://localhost:1/"), url("localhost", 1, true));
        assert!(matches!(parse("rs://[::1]:80"), Ok(RouterUrl::RawSocket { host: Host::V6(_), .. })));
        assert_eq!(parse("rs://localhost"), Err(RouterUrlError::PortMissing));
        assert_eq!(parse("rs://localhost:80/ws"), Err(RouterUrlError::PathForbidden));
        assert!(matches!(parse("rs://:80"), Err(RouterUrlError::Authority(_))));
    }

    #[test]
    fn unix_sockets_are_named_in_three_ways() {
        for text in ["unix:/run/a.sock", "unix:///run/a.sock", "rs://unix:/run/a.sock"] {
            assert_eq!(parse(text), Ok(RouterUrl::RawSocketUnix { path: "/run/a.sock".into() }));
        }
        for text in ["unix:", "unix:a.sock", "unix:///", "rs://unix:a"] {
            assert_eq!(parse(text), Err(RouterUrlError::SocketPathInvalid), "{text}");
        }
    }

    #[test]
    fn everything_else_is_a_websocket_or_nothing() {
        assert!(matches!(parse("wss://example.com"), Ok(RouterUrl::WebSocket(_))));
        assert!(matches!(parse("ws+unix:///run/a.sock:/ws"), Ok(RouterUrl::WebSocket(_))));
        for text in ["http://example.com", "example.com", "", ":"] {
            assert!(matches!(parse(text), Err(RouterUrlError::WebSocket(_))), "{text}");
        }
    }
}
