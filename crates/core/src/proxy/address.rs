//! Where a proxy is and what it speaks.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use crate::http::{AuthorityError, Credentials, Host, parse_authority};

/// A proxy to reach servers through.
///
/// | form | |
/// |---|---|
/// | `http://[user:password@]host[:port]` | HTTP CONNECT (RFC 9110 9.3.6), port 80 if there is none |
/// | `https://...` | the same, over TLS to the proxy, port 443 |
/// | `socks5://...` | SOCKS 5 (RFC 1928, 1929) with names resolved here, port 1080 |
/// | `socks5h://...` | SOCKS 5 with names resolved by the proxy, port 1080 |
/// | `host[:port]` | as `http://` |
///
/// `Display` and `Debug` leave the password out.
///
/// ```
/// use wirebahn_core::proxy::{Proxy, ProxyScheme};
///
/// let proxy: Proxy = "socks5h://user:secret@proxy.example".parse()?;
/// assert_eq!((proxy.scheme(), proxy.port()), (ProxyScheme::Socks5h, 1080));
/// assert_eq!(proxy.to_string(), "socks5h://proxy.example:1080");
/// # Ok::<_, wirebahn_core::proxy::ProxyUrlError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Proxy {
    scheme: ProxyScheme,
    host: Host,
    port: u16,
    credentials: Option<Credentials>,
}

/// What a proxy speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProxyScheme {
    /// HTTP CONNECT.
    Http,
    /// HTTP CONNECT over TLS.
    Https,
    /// SOCKS 5, with addresses.
    Socks5,
    /// SOCKS 5, with names, which the proxy resolves.
    Socks5h,
}

/// What is wrong with the URL of a proxy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProxyUrlError {
    /// The host or the port is wrong.
    Authority(AuthorityError),
    /// The credentials are not UTF-8, or the user name has a colon in it (RFC 7617 2).
    CredentialsInvalid,
    /// There is something behind the port.
    PathForbidden,
    /// The scheme is another one.
    SchemeUnknown(String),
}

impl Proxy {
    /// A proxy without credentials.
    #[must_use]
    pub const fn new(scheme: ProxyScheme, host: Host, port: u16) -> Self {
        Self { scheme, host, port, credentials: None }
    }

    /// Gives it credentials.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// What it speaks.
    #[must_use]
    pub const fn scheme(&self) -> ProxyScheme {
        self.scheme
    }

    /// Where it is.
    #[must_use]
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// The port that it listens on.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// User name and password for it.
    #[must_use]
    pub const fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// Whether the connection to the proxy itself uses TLS.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        matches!(self.scheme, ProxyScheme::Https)
    }

    /// Whether the proxy resolves the names of servers. If not, whoever uses it does, and gives it addresses.
    #[must_use]
    pub const fn resolves_names(&self) -> bool {
        !matches!(self.scheme, ProxyScheme::Socks5)
    }
}

impl ProxyScheme {
    const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks5 => "socks5",
            Self::Socks5h => "socks5h",
        }
    }

    const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
            // RFC 1928 3.
            Self::Socks5 | Self::Socks5h => 1080,
        }
    }
}

impl FromStr for Proxy {
    type Err = ProxyUrlError;

    fn from_str(text: &str) -> Result<Self, ProxyUrlError> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => ProxyScheme::Http,
            "https" => ProxyScheme::Https,
            "socks5" => ProxyScheme::Socks5,
            "socks5h" => ProxyScheme::Socks5h,
            other => return Err(ProxyUrlError::SchemeUnknown(other.into())),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (credentials, authority) = match rest.rsplit_once('@') {
            Some((credentials, authority)) => {
                let credentials = credentials.parse().map_err(|_| ProxyUrlError::CredentialsInvalid)?;
                (Some(credentials), authority)
            }
            None => (None, rest),
        };
        if authority.contains(['/', '?', '#']) {
            return Err(ProxyUrlError::PathForbidden);
        }
        let (host, port) = parse_authority(authority).map_err(ProxyUrlError::Authority)?;
        Ok(Self { scheme, host, port: port.unwrap_or_else(|| scheme.default_port()), credentials })
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme.name(), self.host, self.port)
    }
}

impl fmt::Display for ProxyUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authority(error) => fmt::Display::fmt(error, f),
            Self::CredentialsInvalid => {
                f.write_str("credentials must be UTF-8, and the user name without a colon")
            }
            Self::PathForbidden => f.write_str("nothing may follow the port of a proxy"),
            Self::SchemeUnknown(scheme) => {
                write!(f, "the scheme is {scheme}, not http, https, socks5 or socks5h")
            }
        }
    }
}

impl core::error::Error for ProxyUrlError {}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn urls_give_scheme_host_and_port() {
        for (text, scheme, shown) in [
            ("proxy:3128", ProxyScheme::Http, "http://proxy:3128"),
            ("proxy", ProxyScheme::Http, "http://proxy:80"),
            ("HTTP://Proxy/", ProxyScheme::Http, "http://proxy:80"),
            ("https://proxy", ProxyScheme::Https, "https://proxy:443"),
            ("socks5://10.0.0.1", ProxyScheme::Socks5, "socks5://10.0.0.1:1080"),
            ("socks5h://[::1]:9050", ProxyScheme::Socks5h, "socks5h://[::1]:9050"),
        ] {
            let proxy: Proxy = text.parse().unwrap();
            assert_eq!((proxy.scheme(), proxy.to_string().as_str()), (scheme, shown), "{text}");
            assert_eq!(shown.parse(), Ok(proxy), "{text}");
        }
    }

    #[test]
    fn credentials_are_unescaped_and_not_shown() {
        let proxy: Proxy = "http://us%40er:se%2Fcret@proxy:1".parse().unwrap();
        let credentials = proxy.credentials().unwrap();
        assert_eq!((credentials.user.as_str(), credentials.password.as_str()), ("us@er", "se/cret"));
        assert!(!format!("{proxy} {proxy:?}").contains("cret"));
    }

    #[test]
    fn each_mistake_has_its_own_error() {
        for (text, error) in [
            ("", ProxyUrlError::Authority(AuthorityError::HostMissing)),
            ("http://", ProxyUrlError::Authority(AuthorityError::HostMissing)),
            ("http://a:0", ProxyUrlError::Authority(AuthorityError::PortInvalid)),
            ("http://a b", ProxyUrlError::Authority(AuthorityError::HostInvalid)),
            ("http://a/path", ProxyUrlError::PathForbidden),
            ("http://a?x", ProxyUrlError::PathForbidden),
            ("http://%ff@a", ProxyUrlError::CredentialsInvalid),
            ("socks4://a", ProxyUrlError::SchemeUnknown("socks4".into())),
        ] {
            assert_eq!(text.parse::<Proxy>(), Err(error), "{text}");
        }
    }
}
