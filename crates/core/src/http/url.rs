//! WebSocket URLs.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use super::escape::{Encoded, decode};
use super::syntax::is_visible;
use super::{AuthorityError, Host, parse_authority};

/// Where a WebSocket connection goes (RFC 6455 3).
///
/// | form | |
/// |---|---|
/// | `ws://host[:port][/path][?query]` | TCP, port 80 if there is none |
/// | `wss://...` | TLS, port 443 if there is none |
/// | `ws+unix:///path/to.sock[:/path][?query]` | a Unix socket, as npm's `ws` writes it |
/// | `ws://unix:/path/to.sock[:/path]` | the same, as Autobahn writes it |
///
/// A host may be a name, an IPv4 address or an IPv6 address in brackets. Credentials in front of the host, which
/// RFC 6455 does not know, are kept apart for Basic authentication. `Display` gives a URL that parses to the same
/// value, **credentials included**; `Debug` hides the password.
///
/// ```
/// use wirebahn_core::http::WsUrl;
///
/// let url: WsUrl = "ws://[::1]:9000/chat?room=1".parse()?;
/// assert!(!url.is_secure());
/// assert_eq!(url.host_header(), "[::1]:9000");
/// assert_eq!(url.resource(), "/chat?room=1");
/// # Ok::<_, wirebahn_core::http::UrlError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct WsUrl {
    is_secure: bool,
    endpoint: Endpoint,
    resource: String,
    credentials: Option<Credentials>,
}

/// What to connect to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// A TCP port.
    #[non_exhaustive]
    Tcp {
        /// The host.
        host: Host,
        /// The port; the scheme's default if the URL had none.
        port: u16,
    },
    /// A Unix socket.
    #[non_exhaustive]
    Unix {
        /// Its path.
        path: String,
    },
}

/// User name and password of a URL, unescaped. `Debug` hides the password.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Credentials {
    /// The user name.
    pub user: String,
    /// The password; empty if there was none.
    pub password: String,
}

/// What is wrong with a URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UrlError {
    /// The host or the port is wrong.
    Authority(AuthorityError),
    /// The scheme is not followed by `//`.
    AuthorityMissing,
    /// A character other than visible ASCII.
    CharacterInvalid(char),
    /// The credentials are not UTF-8, or the user name has a colon in it (RFC 7617 2).
    CredentialsInvalid,
    /// A fragment, which URLs of WebSockets do not have (RFC 6455 3).
    FragmentForbidden,
    /// What follows the path of a socket does not begin with `/`.
    ResourceInvalid,
    /// There is no scheme.
    SchemeMissing,
    /// The scheme is another one.
    SchemeUnknown(String),
    /// The path of the socket is missing or not absolute.
    SocketPathInvalid,
}

impl WsUrl {
    /// Whether the connection uses TLS.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// What to connect to.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Path and query, as the request names them: at least `/`.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// User name and password, if the URL has them.
    #[must_use]
    pub const fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// The value of the `Host` header: the port only if it is not the scheme's default (RFC 6455 4.1). For Unix
    /// sockets `localhost`.
    #[must_use]
    pub fn host_header(&self) -> String {
        match &self.endpoint {
            Endpoint::Tcp { host, port } if *port == self.default_port() => host.to_string(),
            Endpoint::Tcp { host, port } => format!("{host}:{port}"),
            Endpoint::Unix { .. } => "localhost".into(),
        }
    }

    const fn default_port(&self) -> u16 {
        default_port(self.is_secure)
    }

    /// The same server, and another path and query there, which begin with `/` and are visible ASCII.
    pub(super) fn with_resource(&self, resource: String) -> Self {
        Self { resource, ..self.clone() }
    }

    /// The same URL, with these credentials if it has none.
    pub(crate) fn or_credentials(mut self, credentials: Option<Credentials>) -> Self {
        self.credentials = self.credentials.or(credentials);
        self
    }

    /// `ws` or `wss`.
    pub(super) const fn scheme(&self) -> &'static str {
        if self.is_secure { "wss" } else { "ws" }
    }
}

impl FromStr for WsUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        if let Some(bad) = text.chars().find(|&c| !u8::try_from(c).is_ok_and(is_visible)) {
            return Err(UrlError::CharacterInvalid(bad));
        }
        let (scheme, rest) = text.split_once(':').ok_or(UrlError::SchemeMissing)?;
        let (is_secure, is_unix) = match scheme.to_ascii_lowercase().as_str() {
            "ws" => (false, false),
            "wss" => (true, false),
            "ws+unix" => (false, true),
            "wss+unix" => (true, true),
            "" => return Err(UrlError::SchemeMissing),
            other => return Err(UrlError::SchemeUnknown(other.into())),
        };
        // RFC 6455 3: fragments are meaningless here, and a `#` in a path must be escaped.
        if rest.contains('#') {
            return Err(UrlError::FragmentForbidden);
        }
        if is_unix {
            return parse_unix(is_secure, rest.strip_prefix("//").unwrap_or(rest));
        }
        let rest = rest.strip_prefix("//").ok_or(UrlError::AuthorityMissing)?;
        let (authority, resource) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.eq_ignore_ascii_case("unix:") && resource.starts_with('/') {
            return parse_unix(is_secure, resource);
        }
        let (credentials, authority) = match authority.rsplit_once('@') {
            Some((credentials, authority)) => (Some(credentials.parse()?), authority),
            None => (None, authority),
        };
        let (host, port) = parse_authority(authority).map_err(UrlError::Authority)?;
        let endpoint = Endpoint::Tcp { host, port: port.unwrap_or_else(|| default_port(is_secure)) };
        Ok(Self { is_secure, endpoint, resource: absolute(resource), credentials })
    }
}

const fn default_port(is_secure: bool) -> u16 {
    if is_secure { 443 } else { 80 }
}

/// Takes `/path/to.sock[:/path][?query]` apart.
fn parse_unix(is_secure: bool, text: &str) -> Result<WsUrl, UrlError> {
    let (path, resource) = text.split_at(text.find([':', '?']).unwrap_or(text.len()));
    if !path.starts_with('/') || path.len() < 2 {
        return Err(UrlError::SocketPathInvalid);
    }
    let resource = resource.strip_prefix(':').unwrap_or(resource);
    if !(resource.is_empty() || resource.starts_with(['/', '?'])) {
        return Err(UrlError::ResourceInvalid);
    }
    let endpoint = Endpoint::Unix { path: path.to_owned() };
    Ok(WsUrl { is_secure, endpoint, resource: absolute(resource), credentials: None })
}

/// RFC 6455 3: an empty path is `/`.
fn absolute(resource: &str) -> String {
    if resource.starts_with('/') { resource.to_owned() } else { format!("/{resource}") }
}

impl Credentials {
    /// A user name and a password.
    ///
    /// # Errors
    ///
    /// The user name has a colon in it (RFC 7617 2).
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Result<Self, UrlError> {
        let (user, password) = (user.into(), password.into());
        if user.contains(':') { Err(UrlError::CredentialsInvalid) } else { Ok(Self { user, password }) }
    }
}

impl FromStr for Credentials {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        let part = |part| String::from_utf8(decode(part)).map_err(|_| UrlError::CredentialsInvalid);
        Self::new(part(user)?, part(password)?)
    }
}

impl fmt::Display for WsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.endpoint {
            Endpoint::Tcp { .. } => {
                write!(f, "{}://", self.scheme())?;
                if let Some(Credentials { user, password }) = &self.credentials {
                    write!(f, "{}:{}@", Encoded(user), Encoded(password))?;
                }
                write!(f, "{}{}", self.host_header(), self.resource)
            }
            Endpoint::Unix { path } => write!(f, "{}+unix://{path}:{}", self.scheme(), self.resource),
        }
    }
}

impl fmt::Debug for WsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WsUrl")
            .field("is_secure", &self.is_secure)
            .field("endpoint", &self.endpoint)
            .field("resource", &self.resource)
            .field("credentials", &self.credentials)
            .finish()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authority(error) => fmt::Display::fmt(error, f),
            Self::AuthorityMissing => f.write_str("the scheme must be followed by //"),
            Self::CharacterInvalid(c) => write!(f, "percent-encode the character {c:?}"),
            Self::CredentialsInvalid => {
                f.write_str("credentials must be UTF-8, and the user name without a colon")
            }
            Self::FragmentForbidden => f.write_str("WebSocket URLs have no fragment: write # as %23"),
            Self::ResourceInvalid => f.write_str("the path behind the socket's path must begin with /"),
            Self::SchemeMissing => f.write_str("the scheme is missing: begin with ws:// or wss://"),
            Self::SchemeUnknown(scheme) => write!(f, "the scheme is {scheme}, not ws or wss"),
            Self::SocketPathInvalid => f.write_str("the path of the Unix socket must be absolute"),
        }
    }
}

impl core::error::Error for UrlError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_give_host_header_and_resource_and_round_trip() {
        for (text, is_secure, host, resource, shown) in [
            ("ws://localhost", false, "localhost", "/", "ws://localhost/"),
            ("ws://localhost:80/", false, "localhost", "/", "ws://localhost/"),
            ("WSS://Example.COM:443/A?b=C", true, "example.com", "/A?b=C", "wss://example.com/A?b=C"),
            ("ws://example.com:443", false, "example.com:443", "/", "ws://example.com:443/"),
            ("wss://example.com:80", true, "example.com:80", "/", "wss://example.com:80/"),
            ("ws://example.com:/x", false, "example.com", "/x", "ws://example.com/x"),
            ("ws://a?q=/", false, "a", "/?q=/", "ws://a/?q=/"),
            ("ws://127.0.0.1:9000/p%20q", false, "127.0.0.1:9000", "/p%20q", "ws://127.0.0.1:9000/p%20q"),
            ("ws://[::1]:9000", false, "[::1]:9000", "/", "ws://[::1]:9000/"),
            ("ws://[2001:DB8:0::1]/x", false, "[2001:db8::1]", "/x", "ws://[2001:db8::1]/x"),
            ("ws://my_host-1/x", false, "my_host-1", "/x", "ws://my_host-1/x"),
            ("ws+unix:///run/a.sock", false, "localhost", "/", "ws+unix:///run/a.sock:/"),
            ("ws+unix:/run/a.sock:/x?y:z", false, "localhost", "/x?y:z", "ws+unix:///run/a.sock:/x?y:z"),
            ("wss+unix:///run/a.sock?y", true, "localhost", "/?y", "wss+unix:///run/a.sock:/?y"),
            ("ws://unix:/run/a.sock", false, "localhost", "/", "ws+unix:///run/a.sock:/"),
            ("wss://unix:/run/a.sock:/x", true, "localhost", "/x", "wss+unix:///run/a.sock:/x"),
            ("ws://unix/x", false, "unix", "/x", "ws://unix/x"),
        ] {
            let url: WsUrl = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(url.is_secure(), is_secure, "{text}");
            assert_eq!(url.host_header(), host, "{text}");
            assert_eq!(url.resource(), resource, "{text}");
            assert_eq!(url.to_string(), shown, "{text}");
            assert_eq!(shown.parse(), Ok(url), "{text}");
        }
    }

    #[test]
    fn each_mistake_in_a_url_has_its_own_error() {
        use AuthorityError::{HostInvalid, HostMissing, Ipv6Invalid, PortInvalid};
        for (text, error) in [
            ("", UrlError::SchemeMissing),
            ("localhost", UrlError::SchemeMissing),
            ("://x", UrlError::SchemeMissing),
            ("http://localhost", UrlError::SchemeUnknown("http".into())),
            ("ws:localhost", UrlError::AuthorityMissing),
            ("ws:/localhost", UrlError::AuthorityMissing),
            ("ws://", UrlError::Authority(HostMissing)),
            ("ws:///x", UrlError::Authority(HostMissing)),
            ("ws://:80", UrlError::Authority(HostMissing)),
            ("ws://u@/x", UrlError::Authority(HostMissing)),
            ("ws://a,b", UrlError::Authority(HostInvalid)),
            ("ws://256.1.1.1", UrlError::Authority(HostInvalid)),
            ("ws://1.2.3", UrlError::Authority(HostInvalid)),
            ("ws://::1/", UrlError::Authority(Ipv6Invalid)),
            ("ws://[::1", UrlError::Authority(Ipv6Invalid)),
            ("ws://[::1]9000", UrlError::Authority(Ipv6Invalid)),
            ("ws://[127.0.0.1]", UrlError::Authority(Ipv6Invalid)),
            ("ws://a:x", UrlError::Authority(PortInvalid)),
            ("ws://a:0", UrlError::Authority(PortInvalid)),
            ("ws://a:65536", UrlError::Authority(PortInvalid)),
            ("ws://a:+80", UrlError::Authority(PortInvalid)),
            ("ws://a/#f", UrlError::FragmentForbidden),
            ("ws://a#", UrlError::FragmentForbidden),
            ("ws+unix:///a.sock#f", UrlError::FragmentForbidden),
            ("ws://a/b c", UrlError::CharacterInvalid(' ')),
            ("ws://a/\r\nX: y", UrlError::CharacterInvalid('\r')),
            ("ws://bücher.example", UrlError::CharacterInvalid('ü')),
            ("ws://u%3Ax:p@a", UrlError::CredentialsInvalid),
            ("ws://%ff:p@a", UrlError::CredentialsInvalid),
            ("ws+unix://", UrlError::SocketPathInvalid),
            ("ws+unix://run/a.sock", UrlError::SocketPathInvalid),
            ("ws://unix:/", UrlError::SocketPathInvalid),
            ("ws+unix:///a.sock:x", UrlError::ResourceInvalid),
        ] {
            assert_eq!(text.parse::<WsUrl>(), Err(error), "{text}");
        }
    }

    #[test]
    fn credentials_are_kept_apart_and_round_trip_and_the_password_is_not_logged() {
        let url: WsUrl = "wss://j%C3%B6rg:se%3Acret%40@example.com/x".parse().unwrap();
        let credentials = url.credentials().unwrap();
        assert_eq!((credentials.user.as_str(), credentials.password.as_str()), ("jörg", "se:cret@"));
        assert_eq!(url.host_header(), "example.com");
        assert_eq!(url.to_string().parse(), Ok(url.clone()));
        assert!(!format!("{url:?}").contains("cret"));
    }
}
