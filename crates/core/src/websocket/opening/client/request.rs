//! What a client asks for.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::http::{HeaderError, HeaderValue, Headers, RequestHead, WsUrl, basic_credentials, is_token};
use crate::websocket::extension::{self, Extension};
use crate::websocket::opening::{ProtocolVersion, is_reserved};

/// A request for a WebSocket.
///
/// ```
/// use wirebahn_core::websocket::opening::ClientRequest;
///
/// let mut request = ClientRequest::new("wss://example.com/chat".parse()?);
/// request.add_subprotocol("wamp.2.json")?;
/// request.add_header("Authorization", "Bearer 1234")?;
/// assert!(request.add_header("Sec-WebSocket-Key", "mine").is_err());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ClientRequest {
    url: WsUrl,
    host: Option<HeaderValue>,
    user_agent: Option<HeaderValue>,
    origin: Option<HeaderValue>,
    headers: Headers,
    subprotocols: Vec<String>,
    version: ProtocolVersion,
}

/// A request cannot be made like this. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientRequestError {
    /// The header must not go on the wire.
    Header(HeaderError),
    /// A header that the handshake writes itself.
    HeaderReserved(String),
    /// The subprotocol is not a token (RFC 6455 4.1 item 10).
    SubprotocolInvalid,
    /// The subprotocol is offered already (RFC 6455 4.1 item 10).
    SubprotocolRepeated,
}

impl ClientRequest {
    /// A request for what `url` names. Credentials in it are sent with the `Basic` scheme (RFC 7617), unless an
    /// `Authorization` header is added.
    #[must_use]
    pub const fn new(url: WsUrl) -> Self {
        Self {
            url,
            host: None,
            user_agent: None,
            origin: None,
            headers: Headers::new(),
            subprotocols: Vec::new(),
            version: ProtocolVersion::V13,
        }
    }

    /// Adds a header; repeats are sent as such. `Host`, `User-Agent` and `Origin` replace what would be sent without.
    ///
    /// # Errors
    ///
    /// It must not go on the wire, or the handshake writes it itself: `Sec-WebSocket-*`, `Upgrade`, `Connection` and
    /// those that announce a body.
    pub fn add_header(
        &mut self,
        name: &str,
        value: impl AsRef<[u8]>,
    ) -> Result<&mut Self, ClientRequestError> {
        if is_reserved(name) {
            return Err(ClientRequestError::HeaderReserved(name.into()));
        }
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("Host") {
            self.host = Some(HeaderValue::new(value)?);
        } else if is("User-Agent") {
            self.user_agent = Some(HeaderValue::new(value)?);
        } else if is("Origin") {
            self.origin = Some(HeaderValue::new(value)?);
        } else {
            self.headers.append(name, value)?;
        }
        Ok(self)
    }

    /// Names the web page or application that connects (RFC 6455 10.2). Default: no origin.
    ///
    /// # Errors
    ///
    /// It has control characters in it.
    pub fn set_origin(&mut self, origin: &str) -> Result<&mut Self, ClientRequestError> {
        self.origin = Some(HeaderValue::new(origin)?);
        Ok(self)
    }

    /// Names the software that connects. Default: no user agent.
    ///
    /// # Errors
    ///
    /// It has control characters in it.
    pub fn set_user_agent(&mut self, user_agent: &str) -> Result<&mut Self, ClientRequestError> {
        self.user_agent = Some(HeaderValue::new(user_agent)?);
        Ok(self)
    }

    /// Offers a subprotocol, after those that were offered before (RFC 6455 1.9).
    ///
    /// # Errors
    ///
    /// It is not a token, or is offered already.
    pub fn add_subprotocol(&mut self, name: &str) -> Result<&mut Self, ClientRequestError> {
        if !is_token(name.as_bytes()) {
            return Err(ClientRequestError::SubprotocolInvalid);
        }
        if self.subprotocols.iter().any(|other| other == name) {
            return Err(ClientRequestError::SubprotocolRepeated);
        }
        self.subprotocols.push(name.into());
        Ok(self)
    }

    /// Speaks another version of the protocol. Default: 13.
    pub const fn set_version(&mut self, version: ProtocolVersion) -> &mut Self {
        self.version = version;
        self
    }

    /// Where the request goes.
    #[must_use]
    pub const fn url(&self) -> &WsUrl {
        &self.url
    }

    /// The headers that were added.
    #[must_use]
    pub const fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The subprotocols that are offered, by preference.
    #[must_use]
    pub fn subprotocols(&self) -> &[String] {
        &self.subprotocols
    }

    /// The version of the protocol.
    #[must_use]
    pub const fn version(&self) -> ProtocolVersion {
        self.version
    }

    /// Goes elsewhere; to another server without what was meant for this one.
    pub(super) fn move_to(&mut self, url: WsUrl, is_same_server: bool) {
        let credentials = self.url.credentials().filter(|_| is_same_server).cloned();
        self.url = url.or_credentials(credentials);
        if !is_same_server {
            self.host = None;
            self.headers.remove("Authorization");
            self.headers.remove("Cookie");
        }
    }

    /// The bytes of the request (RFC 6455 4.1).
    pub(super) fn encode(&self, key: &str, extensions: &[Arc<dyn Extension>]) -> Vec<u8> {
        let mut headers = Headers::new();
        match &self.host {
            Some(host) => headers.push("Host", host.as_bytes()),
            None => headers.push("Host", self.url.host_header()),
        }
        if let Some(user_agent) = &self.user_agent {
            headers.push("User-Agent", user_agent.as_bytes());
        }
        headers.push("Upgrade", "websocket");
        headers.push("Connection", "Upgrade");
        if let Some(credentials) = self.url.credentials().filter(|_| !self.headers.contains("Authorization"))
        {
            headers.push("Authorization", basic_credentials(credentials));
        }
        headers.extend_except(&self.headers, |_| false);
        headers.push("Sec-WebSocket-Key", key);
        if let Some(origin) = &self.origin {
            headers.push(self.version.origin_header(), origin.as_bytes());
        }
        if !self.subprotocols.is_empty() {
            headers.push("Sec-WebSocket-Protocol", self.subprotocols.join(", "));
        }
        if !extensions.is_empty() {
            headers.push("Sec-WebSocket-Extensions", extension::offers(extensions));
        }
        headers.push("Sec-WebSocket-Version", self.version.number().to_string());
        let head = RequestHead::new("GET", self.url.resource(), headers);
        head.expect("a method that is a token, and a resource that WsUrl has checked to be visible ASCII")
            .encode()
    }
}

impl From<HeaderError> for ClientRequestError {
    fn from(error: HeaderError) -> Self {
        Self::Header(error)
    }
}

impl fmt::Display for ClientRequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(error) => fmt::Display::fmt(error, f),
            Self::HeaderReserved(name) => write!(f, "leave the header {name} out: the handshake writes it"),
            Self::SubprotocolInvalid => {
                f.write_str("the subprotocol is not a token: use letters, digits, . and -")
            }
            Self::SubprotocolRepeated => f.write_str("the subprotocol is offered already"),
        }
    }
}

impl core::error::Error for ClientRequestError {}
