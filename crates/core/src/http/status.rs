use core::fmt;

/// A status code of an HTTP response (RFC 9110 15).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusCode(u16);

macro_rules! status_codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $reason:literal;)+) => {
        impl StatusCode {
            $($(#[doc = $doc])+ pub const $name: Self = Self($code);)+

            /// The phrase that goes with the code (RFC 9110 15); empty for codes without a name here.
            #[must_use]
            pub const fn reason(self) -> &'static str {
                match self.0 {
                    $($code => $reason,)+
                    _ => "",
                }
            }
        }
    };
}

status_codes! {
    /// The connection is a WebSocket from here on.
    SWITCHING_PROTOCOLS = 101, "Switching Protocols";
    /// Success, with a body.
    OK = 200, "OK";
    /// Success, without a body.
    NO_CONTENT = 204, "No Content";
    /// Elsewhere, for good.
    MOVED_PERMANENTLY = 301, "Moved Permanently";
    /// Elsewhere, for now.
    FOUND = 302, "Found";
    /// Look elsewhere with GET.
    SEE_OTHER = 303, "See Other";
    /// What the client has is still current.
    NOT_MODIFIED = 304, "Not Modified";
    /// Elsewhere, for now, with the same method.
    TEMPORARY_REDIRECT = 307, "Temporary Redirect";
    /// Elsewhere, for good, with the same method.
    PERMANENT_REDIRECT = 308, "Permanent Redirect";
    /// The request is malformed.
    BAD_REQUEST = 400, "Bad Request";
    /// Credentials are missing or wrong; goes with a `WWW-Authenticate` header.
    UNAUTHORIZED = 401, "Unauthorized";
    /// Not for this client.
    FORBIDDEN = 403, "Forbidden";
    /// Nothing is there.
    NOT_FOUND = 404, "Not Found";
    /// Not with this method; goes with an `Allow` header.
    METHOD_NOT_ALLOWED = 405, "Method Not Allowed";
    /// Not in a form that the client accepts.
    NOT_ACCEPTABLE = 406, "Not Acceptable";
    /// The proxy wants credentials.
    PROXY_AUTHENTICATION_REQUIRED = 407, "Proxy Authentication Required";
    /// The request took too long.
    REQUEST_TIMEOUT = 408, "Request Timeout";
    /// Gone for good.
    GONE = 410, "Gone";
    /// The server serves this over another protocol; goes with an `Upgrade` header.
    UPGRADE_REQUIRED = 426, "Upgrade Required";
    /// Too often.
    TOO_MANY_REQUESTS = 429, "Too Many Requests";
    /// The head is too large (RFC 6585 5).
    HEADER_FIELDS_TOO_LARGE = 431, "Request Header Fields Too Large";
    /// The server failed.
    INTERNAL_SERVER_ERROR = 500, "Internal Server Error";
    /// The server cannot do this.
    NOT_IMPLEMENTED = 501, "Not Implemented";
    /// The server behind a gateway failed.
    BAD_GATEWAY = 502, "Bad Gateway";
    /// Not now: overload or maintenance.
    SERVICE_UNAVAILABLE = 503, "Service Unavailable";
    /// The server behind a gateway took too long.
    GATEWAY_TIMEOUT = 504, "Gateway Timeout";
    /// Not in this version of HTTP.
    HTTP_VERSION_NOT_SUPPORTED = 505, "HTTP Version Not Supported";
}

impl StatusCode {
    /// The code with this number; `None` unless it has three digits and does not begin with 0.
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        if matches!(code, 100..=999) { Some(Self(code)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// Whether another response follows this one (1xx), 101 excepted.
    #[must_use]
    pub const fn is_interim(self) -> bool {
        matches!(self.0, 100 | 102..=199)
    }

    /// Whether responses with this code never have a body (RFC 9110 6.4.1).
    #[must_use]
    pub const fn is_bodyless(self) -> bool {
        matches!(self.0, 100..=199 | 204 | 304)
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        if self.reason().is_empty() { Ok(()) } else { write!(f, " {}", self.reason()) }
    }
}

impl fmt::Debug for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StatusCode({})", self.0)
    }
}
