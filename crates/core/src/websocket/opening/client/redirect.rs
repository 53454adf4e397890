//! Following a redirect.

use core::fmt;

use super::{ClientRequest, Rejection};
use crate::http::{Endpoint, StatusCode, UrlError};

/// A redirect cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectError {
    /// It leads from `wss` to `ws`: what was meant to be secret would not be.
    Downgrade,
    /// The `Location` header is missing or no text.
    LocationMissing,
    /// The `Location` header leads to no WebSocket.
    LocationInvalid(UrlError),
    /// It leads to a Unix socket, on which a server has no say.
    LocationLocal,
    /// There were more redirects than are allowed.
    TooMany,
}

impl Rejection {
    /// Whether this is a redirect (RFC 9110 15.4).
    #[must_use]
    pub const fn is_redirect(&self) -> bool {
        matches!(
            self.status,
            StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT
        )
    }
}

impl ClientRequest {
    /// The same request, at the place that a redirect leads to.
    ///
    /// What was meant for the first host only goes to no other: credentials of the URL, and the headers `Authorization`,
    /// `Cookie` and `Host`.
    ///
    /// # Errors
    ///
    /// The redirect must not be followed.
    pub fn redirected(&self, redirect: &Rejection) -> Result<Self, RedirectError> {
        let location = redirect.headers.get("Location").and_then(|location| location.to_str());
        let location = location.ok_or(RedirectError::LocationMissing)?;
        let url = self.url().join(location).map_err(RedirectError::LocationInvalid)?;
        if self.url().is_secure() && !url.is_secure() {
            return Err(RedirectError::Downgrade);
        }
        let is_same_server =
            url.endpoint() == self.url().endpoint() && url.is_secure() == self.url().is_secure();
        if matches!(url.endpoint(), Endpoint::Unix { .. }) && !is_same_server {
            return Err(RedirectError::LocationLocal);
        }
        let mut next = self.clone();
        next.move_to(url, is_same_server);
        Ok(next)
    }
}

impl fmt::Display for RedirectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Downgrade => "the server redirects from wss to ws",
            Self::LocationMissing => "the server redirects nowhere: its Location header is missing",
            Self::LocationInvalid(error) => {
                return write!(f, "the server redirects to no WebSocket: {error}");
            }
            Self::LocationLocal => "the server redirects to a Unix socket",
            Self::TooMany => "the server redirects more often than is allowed",
        })
    }
}

impl core::error::Error for RedirectError {}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::*;
    use crate::http::Headers;

    fn redirect(location: Option<&str>) -> Rejection {
        let mut headers = Headers::new();
        if let Some(location) = location {
            headers.append("Location", location).unwrap();
        }
        Rejection { status: StatusCode::FOUND, headers, body: Vec::new(), is_complete: true }
    }

    /// The head of the request that follows.
    fn follow(from: &str, location: &str) -> Result<String, RedirectError> {
        let mut request = ClientRequest::new(from.parse().unwrap());
        request.add_header("Cookie", "id=1").unwrap().add_header("Host", "virtual").unwrap();
        request.add_header("X-Kept", "yes").unwrap().add_subprotocol("chat").unwrap();
        let next = request.redirected(&redirect(Some(location)))?;
        Ok(String::from_utf8(next.encode("KEY", &[])).unwrap())
    }

    #[test]
    fn what_was_meant_for_one_host_goes_to_no_other() {
        let same = follow("wss://u:p@a/x", "/y").unwrap();
        for kept in ["GET /y ", "Host: virtual", "Authorization: Basic dTpw", "Cookie: id=1", "X-Kept: yes"] {
            assert!(same.contains(kept), "{kept} in {same}");
        }
        for elsewhere in ["wss://b/y", "wss://a:444/y", "//b/y"] {
            let other = follow("wss://u:p@a/x", elsewhere).unwrap();
            for kept in ["GET /y ", "X-Kept: yes", "Sec-WebSocket-Protocol: chat"] {
                assert!(other.contains(kept), "{kept} in {other}");
            }
            for dropped in ["virtual", "Authorization", "Cookie"] {
                assert!(!other.contains(dropped), "{dropped} in {other}");
            }
        }
        assert!(follow("ws://a/x", "wss://a/").unwrap().contains("Host: a\r\n"));
    }

    #[test]
    fn what_must_not_be_followed_is_not() {
        assert_eq!(follow("wss://a/", "ws://a/"), Err(RedirectError::Downgrade));
        assert_eq!(follow("wss://a/", "http://a/"), Err(RedirectError::Downgrade));
        assert_eq!(follow("ws://a/", "ws+unix:///run/x.sock"), Err(RedirectError::LocationLocal));
        let unknown = UrlError::SchemeUnknown("ftp".into());
        assert_eq!(follow("ws://a/", "ftp://a/"), Err(RedirectError::LocationInvalid(unknown)));
        let request = ClientRequest::new("ws://a/".parse().unwrap());
        assert_eq!(request.redirected(&redirect(None)).map(drop), Err(RedirectError::LocationMissing));
    }
}
