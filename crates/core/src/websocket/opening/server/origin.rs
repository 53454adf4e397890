//! Which web pages may connect.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use crate::http::{is_token, parse_authority};

/// Which web pages may connect (RFC 6455 10.2). Requests without an origin, which do not come from browsers, are
/// always admitted.
///
/// ```
/// use wirebahn_core::websocket::opening::Origins;
///
/// let origins = Origins::allow(["https://good.com", "http://*.good.com:*"])?;
/// assert!(origins.admits("https://good.com:443"));
/// assert!(origins.admits("http://www.good.com:8080"));
/// assert!(!origins.admits("https://good.com.evil.org"));
/// assert!(!origins.admits("null"));
/// # Ok::<_, wirebahn_core::websocket::opening::OriginPatternError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origins {
    /// All.
    #[default]
    Any,
    /// Those that are listed.
    Only(AllowedOrigins),
}

/// The web pages that may connect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AllowedOrigins {
    /// An origin must match one of these.
    pub patterns: Vec<OriginPattern>,
    /// Whether pages without an origin of their own may connect. Default: no.
    pub null: NullOrigin,
}

/// What becomes of the origin `null` (and `file://`), which sandboxed and local pages have, whoever wrote them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NullOrigin {
    /// It is refused.
    #[default]
    Refuse,
    /// It is admitted.
    Admit,
}

/// `scheme://host[:port]`, with `*` for any characters within scheme or host, or for any port.
///
/// A pattern matches the whole origin, and each part of it only the same part. Without a port it matches the default
/// port of the origin's scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginPattern {
    scheme: String,
    host: String,
    port: PortPattern,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PortPattern {
    Any,
    Default,
    Exact(u16),
}

/// A text is not a pattern for origins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OriginPatternError {
    /// The host is missing, or has a path or other things that hosts do not have.
    Host,
    /// The port is neither a number nor `*`.
    Port,
    /// The scheme is missing.
    Scheme,
}

impl Origins {
    /// Only those that match one of `patterns`, and not `null`.
    ///
    /// # Errors
    ///
    /// One of them is not a pattern.
    pub fn allow<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, OriginPatternError> {
        let patterns = patterns.into_iter().map(str::parse).collect::<Result<_, _>>()?;
        Ok(Self::Only(AllowedOrigins { patterns, null: NullOrigin::default() }))
    }

    /// Whether a page with this origin may connect; not if it is malformed.
    #[must_use]
    pub fn admits(&self, origin: &str) -> bool {
        Origin::parse(origin).is_some_and(|origin| self.admits_parsed(&origin))
    }

    pub(super) fn admits_parsed(&self, origin: &Origin) -> bool {
        match (self, origin) {
            (Self::Any, _) => true,
            (Self::Only(allowed), Origin::Null) => allowed.null == NullOrigin::Admit,
            (Self::Only(allowed), Origin::Page { scheme, host, port }) => {
                allowed.patterns.iter().any(|pattern| pattern.matches(scheme, host, *port))
            }
        }
    }
}

impl OriginPattern {
    fn matches(&self, scheme: &str, host: &str, port: Option<u16>) -> bool {
        let port_matches = match self.port {
            PortPattern::Any => true,
            PortPattern::Default => port == default_port(scheme),
            PortPattern::Exact(expected) => port == Some(expected),
        };
        port_matches
            && glob(self.scheme.as_bytes(), scheme.as_bytes())
            && glob(self.host.as_bytes(), host.as_bytes())
    }
}

impl FromStr for OriginPattern {
    type Err = OriginPatternError;

    fn from_str(text: &str) -> Result<Self, OriginPatternError> {
        let (scheme, rest) = text.split_once("://").ok_or(OriginPatternError::Scheme)?;
        if !is_token(scheme.as_bytes()) {
            return Err(OriginPatternError::Scheme);
        }
        // A colon inside of brackets belongs to an IPv6 address.
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (rest, None),
        };
        let port = match port {
            None => PortPattern::Default,
            Some("*") => PortPattern::Any,
            Some(port) => PortPattern::Exact(port.parse().map_err(|_| OriginPatternError::Port)?),
        };
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"*-._~%[]:".contains(&byte);
        let is_bracketed = host.starts_with('[') && host.ends_with(']');
        if host.is_empty() || !host.bytes().all(is_host) || (host.contains([':', '[', ']']) && !is_bracketed)
        {
            return Err(OriginPatternError::Host);
        }
        Ok(Self { scheme: scheme.to_ascii_lowercase(), host: host.to_ascii_lowercase(), port })
    }
}

impl fmt::Display for OriginPatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => {
                "the host of the pattern is missing or invalid: write scheme://host:port, without path"
            }
            Self::Port => "the port of the pattern is neither a number nor *",
            Self::Scheme => "the pattern has no scheme: write scheme://host:port",
        })
    }
}

impl core::error::Error for OriginPatternError {}

/// An origin (RFC 6454 7).
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Null,
    /// The port is the scheme's default if it has one and the origin names none.
    Page {
        scheme: String,
        host: String,
        port: Option<u16>,
    },
}

impl Origin {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "null" || text.eq_ignore_ascii_case("file://") {
            return Some(Self::Null);
        }
        let (scheme, authority) = text.split_once("://")?;
        if !is_token(scheme.as_bytes()) {
            return None;
        }
        let scheme = scheme.to_ascii_lowercase();
        let (host, port) = parse_authority(authority).ok()?;
        let port = port.or_else(|| default_port(&scheme));
        Some(Self::Page { scheme, host: host.to_string(), port })
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

/// Whether `pattern` matches all of `text`, `*` being any characters. Linear in the text for each `*`.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let mut pieces = pattern.split(|&byte| byte == b'*');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    let Some(middle) = rest.strip_suffix(last) else { return false };
    rest = middle;
    // The leftmost place of each piece leaves the most room for those behind it.
    pieces.filter(|piece| !piece.is_empty()).all(|piece| {
        let found = rest.windows(piece.len()).position(|window| window == piece);
        let after = found.and_then(|at| rest.get(at + piece.len()..));
        rest = after.unwrap_or_default();
        after.is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_origins_part_by_part() {
        for (pattern, origin, admitted) in [
            ("https://good.com", "https://good.com", true),
            ("https://good.com", "https://good.com:443", true),
            ("https://good.com:443", "https://good.com", true),
            ("https://good.com", "HTTPS://GOOD.com", true),
            ("https://good.com", "https://good.com:444", false),
            ("https://good.com", "https://good.com.evil.org", false),
            ("https://good.com", "https://evilgood.com", false),
            ("https://good.com", "https://good-com", false),
            ("https://good.com", "http://good.com", false),
            ("https://good.com", "null", false),
            ("https://*.good.com", "https://a.good.com", true),
            ("https://*.good.com", "https://a.b.good.com", true),
            ("https://*.good.com", "https://good.com", false),
            ("https://*.good.com", "https://good.com.evil.org", false),
            ("https://*.good.com", "https://a.good.com.evil.org", false),
            ("https://*.good.com", "https://a.good.com:8443", false),
            ("https://*.good.com:*", "https://a.good.com:8443", true),
            ("https://good.*", "https://good.de:1", false),
            ("https://good.*:1", "https://good.de:1", true),
            ("*://good.com", "http://good.com", true),
            ("*://good.com", "https://good.com:443", true),
            ("*://good.com", "https://good.com:80", false),
            ("*://*:*", "moz-extension://0a1b", true),
            ("chrome-extension://abcdef", "chrome-extension://abcdef", true),
            ("http://[::1]:*", "http://[0:0::1]:8080", true),
            ("http://[::1]", "http://[::1]:80", true),
            ("http://a*b*c", "http://a1bb2c", true),
            ("http://a*b*c", "http://abc", true),
            ("http://a*b*c", "http://ac", false),
            ("http://ab*ba", "http://aba", false),
            ("http://good.com", "http://good.com/path", false),
            ("http://*", "http://a@b", false),
            ("http://*", "http://a http://b", false),
            ("http://*", "good.com", false),
        ] {
            assert_eq!(Origins::allow([pattern]).unwrap().admits(origin), admitted, "{pattern} {origin}");
        }
    }

    #[test]
    fn null_is_admitted_only_on_request() {
        let mut allowed = AllowedOrigins { patterns: [].into(), null: NullOrigin::Refuse };
        for origin in ["null", "file://"] {
            assert!(!Origins::Only(allowed.clone()).admits(origin));
        }
        allowed.null = NullOrigin::Admit;
        for origin in ["null", "file://"] {
            assert!(Origins::Only(allowed.clone()).admits(origin));
        }
    }

    #[test]
    fn what_is_not_a_pattern_is_refused() {
        for (text, error) in [
            ("good.com", OriginPatternError::Scheme),
            ("*", OriginPatternError::Scheme),
            ("://good.com", OriginPatternError::Scheme),
            ("http://", OriginPatternError::Host),
            ("http://good.com/", OriginPatternError::Host),
            ("http://::1:80", OriginPatternError::Host),
            ("http://good.com:", OriginPatternError::Port),
            ("http://good.com:8*", OriginPatternError::Port),
        ] {
            assert_eq!(text.parse::<OriginPattern>(), Err(error), "{text}");
        }
    }
}
