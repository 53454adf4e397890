//! Why there is no connection to a server.

use std::fmt;
use std::io;

use wirebahn_core::http::{UrlError, WsUrl};
use wirebahn_core::proxy::{Proxy, ProxyUrlError, ProxyVariableError, TunnelError, TunnelRequestError};
use wirebahn_core::websocket::opening::{ClientOpeningError, ClientRequestError, RedirectError};
#[cfg(feature = "tls")]
use wirebahn_tls::TlsError;

/// Why there is no connection to a server.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is not one of a WebSocket.
    Url(UrlError),
    /// The request cannot be made like this.
    Request(ClientRequestError),
    /// The server cannot be reached.
    Io(io::Error),
    /// The server was not reached in time.
    TimedOut,
    /// This kind of URL needs something that is not there, named here.
    Unsupported(&'static str),
    /// The server was reached, but no connection opened.
    Opening(ClientOpeningError),
    /// A proxy did not lead to the server.
    Proxy(Box<ProxyError>),
    /// The URL is not one of a proxy.
    ProxyUrl(ProxyUrlError),
    /// The environment variable that decides about the proxy is no proxy.
    ProxyVariable(ProxyVariableError),
    /// A redirect cannot be followed.
    Redirect(RedirectError),
    /// There is no TLS connection with the server.
    #[cfg(feature = "tls")]
    Tls(Box<TlsError>),
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(error) => write!(f, "invalid URL: {error}"),
            Self::Request(error) => write!(f, "invalid request: {error}"),
            Self::Io(error) => write!(f, "cannot reach the server: {error}"),
            Self::TimedOut => f.write_str("cannot reach the server: it took too long"),
            Self::Unsupported(what) => f.write_str(what),
            Self::Opening(error) => fmt::Display::fmt(error, f),
            Self::Proxy(error) => fmt::Display::fmt(error, f),
            Self::ProxyUrl(error) => write!(f, "invalid URL of a proxy: {error}"),
            Self::ProxyVariable(error) => fmt::Display::fmt(error, f),
            Self::Redirect(error) => fmt::Display::fmt(error, f),
            #[cfg(feature = "tls")]
            Self::Tls(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Url(error) => Some(error),
            Self::Request(error) => Some(error),
            Self::Io(error) => Some(error),
            Self::Opening(error) => Some(error),
            Self::Proxy(error) => Some(error),
            Self::ProxyUrl(error) => Some(error),
            Self::ProxyVariable(error) => Some(error),
            Self::Redirect(error) => Some(error),
            #[cfg(feature = "tls")]
            Self::Tls(error) => Some(error),
            Self::TimedOut | Self::Unsupported(_) => None,
        }
    }
}

impl From<UrlError> for ConnectError {
    fn from(error: UrlError) -> Self {
        Self::Url(error)
    }
}

impl From<ClientRequestError> for ConnectError {
    fn from(error: ClientRequestError) -> Self {
        Self::Request(error)
    }
}

impl From<io::Error> for ConnectError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ClientOpeningError> for ConnectError {
    fn from(error: ClientOpeningError) -> Self {
        Self::Opening(error)
    }
}

impl From<ProxyUrlError> for ConnectError {
    fn from(error: ProxyUrlError) -> Self {
        Self::ProxyUrl(error)
    }
}

impl From<ProxyVariableError> for ConnectError {
    fn from(error: ProxyVariableError) -> Self {
        Self::ProxyVariable(error)
    }
}

impl From<RedirectError> for ConnectError {
    fn from(error: RedirectError) -> Self {
        Self::Redirect(error)
    }
}

#[cfg(feature = "tls")]
impl From<TlsError> for ConnectError {
    fn from(error: TlsError) -> Self {
        Self::Tls(Box::new(error))
    }
}

/// Why a proxy did not lead to the server.
#[derive(Debug)]
#[non_exhaustive]
pub struct ProxyError {
    /// The proxy.
    pub proxy: Proxy,
    /// Why.
    pub kind: ProxyErrorKind,
}

/// Why a proxy did not lead to the server.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProxyErrorKind {
    /// The proxy cannot be reached.
    Io(io::Error),
    /// The proxy cannot be asked for this server.
    Request(TunnelRequestError),
    /// The proxy was not reached in time.
    TimedOut,
    /// There is no TLS connection with the proxy.
    #[cfg(feature = "tls")]
    Tls(TlsError),
    /// The proxy made no tunnel.
    Tunnel(TunnelError),
    /// The proxy needs something that is not there, named here.
    Unsupported(&'static str),
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no way through the proxy {}: ", self.proxy)?;
        match &self.kind {
            ProxyErrorKind::Io(error) => fmt::Display::fmt(error, f),
            ProxyErrorKind::Request(error) => fmt::Display::fmt(error, f),
            ProxyErrorKind::TimedOut => f.write_str("reaching it took too long"),
            #[cfg(feature = "tls")]
            ProxyErrorKind::Tls(error) => fmt::Display::fmt(error, f),
            ProxyErrorKind::Tunnel(error) => fmt::Display::fmt(error, f),
            ProxyErrorKind::Unsupported(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for ProxyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            ProxyErrorKind::Io(error) => Some(error),
            ProxyErrorKind::Request(error) => Some(error),
            #[cfg(feature = "tls")]
            ProxyErrorKind::Tls(error) => Some(error),
            ProxyErrorKind::Tunnel(error) => Some(error),
            ProxyErrorKind::TimedOut | ProxyErrorKind::Unsupported(_) => None,
        }
    }
}

impl ConnectError {
    /// No way to the server through `proxy`.
    #[must_use]
    pub fn proxy(proxy: &Proxy, kind: ProxyErrorKind) -> Self {
        Self::Proxy(Box::new(ProxyError { proxy: proxy.clone(), kind }))
    }

    /// No connection at `url`, because of `error`, and of `cause` in the stream.
    ///
    /// With TLS 1.3 a server refuses a client's certificate only after the handshake: the stream's error says that.
    #[cfg_attr(
        not(feature = "tls"),
        expect(unused_variables, reason = "there is no TLS that could say more")
    )]
    #[must_use]
    pub fn opening(url: &WsUrl, error: ClientOpeningError, cause: Option<io::Error>) -> Self {
        #[cfg(feature = "tls")]
        if let (ClientOpeningError::TransportLost, Some(cause)) = (&error, cause) {
            use wirebahn_core::http::Endpoint;
            use wirebahn_tls::TlsFailure;

            let host = match url.endpoint() {
                Endpoint::Tcp { host, .. } => host.to_string(),
                _ => url.host_header(),
            };
            let lost = TlsError::from_io(host, cause);
            if url.is_secure() && !matches!(lost.failure, TlsFailure::Lost | TlsFailure::Io(_)) {
                return lost.into();
            }
        }
        error.into()
    }
}
