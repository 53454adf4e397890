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
    /// Whether another attempt would fail in the same way: what was asked for is wrong or refused, or the server is not the
    /// one that was meant. The others come from networks and overload, and may pass.
    ///
    /// Of the answers of a server those are fatal that blame the request or lead elsewhere (3xx, 4xx), but not 408, 425 and
    /// 429, which ask for patience; of what goes wrong with TLS all but a stream that broke.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::Url(_)
            | Self::Request(_)
            | Self::Unsupported(_)
            | Self::ProxyUrl(_)
            | Self::ProxyVariable(_)
            | Self::Redirect(_) => true,
            Self::Opening(ClientOpeningError::Handshake(_)) => true,
            Self::Opening(ClientOpeningError::Rejected(rejection)) => match rejection.status.get() {
                408 | 425 | 429 => false,
                status => (300..500).contains(&status),
            },
            Self::Io(_) | Self::TimedOut | Self::Opening(_) => false,
            Self::Proxy(error) => match &error.kind {
                ProxyErrorKind::Request(_) | ProxyErrorKind::Unsupported(_) => true,
                #[cfg(feature = "tls")]
                ProxyErrorKind::Tls(error) => is_fatal_tls(error),
                // A proxy may have no way to a server that is about to come back.
                ProxyErrorKind::Io(_) | ProxyErrorKind::TimedOut | ProxyErrorKind::Tunnel(_) => false,
            },
            #[cfg(feature = "tls")]
            Self::Tls(error) => is_fatal_tls(error),
        }
    }

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

#[cfg(feature = "tls")]
fn is_fatal_tls(error: &TlsError) -> bool {
    use wirebahn_tls::TlsFailure;
    !matches!(error.failure, TlsFailure::Io(_) | TlsFailure::Lost | TlsFailure::TimedOut)
}

#[cfg(test)]
mod tests {
    use wirebahn_core::http::{Headers, StatusCode};
    use wirebahn_core::websocket::opening::{ClientOpening, ClientRequest};

    use super::*;

    /// What a client gets from a server that answers with this status.
    fn rejected(status: u16) -> ConnectError {
        use wirebahn_core::http::ResponseHead;
        use wirebahn_core::websocket::opening::ClientOpeningEvent;
        use wirebahn_core::{Engine, Instant};

        let request = ClientRequest::new("ws://localhost/".parse().unwrap());
        let entropy = Box::new(crate::OsEntropy::default());
        let mut opening = ClientOpening::new(request, Default::default(), entropy, Instant::ZERO);
        let mut headers = Headers::new();
        headers.append("Content-Length", "0").unwrap();
        let head = ResponseHead::new(StatusCode::new(status).unwrap(), headers);
        opening.recv_buf().extend_from_slice(&head.encode());
        opening.handle_recv(Instant::ZERO);
        let Some(ClientOpeningEvent::Failed(error)) = opening.poll_event() else { panic!("not rejected") };
        error.into()
    }

    #[test]
    fn answers_that_would_come_again_are_fatal() {
        for (status, is_fatal) in [
            (200, false),
            (302, true),
            (400, true),
            (401, true),
            (404, true),
            (408, false),
            (425, false),
            (429, false),
        ] {
            assert_eq!(rejected(status).is_fatal(), is_fatal, "{status}");
        }
        for status in [500, 502, 503, 504] {
            assert!(!rejected(status).is_fatal(), "{status}");
        }
        assert!(!ConnectError::TimedOut.is_fatal());
        assert!(!ConnectError::Io(io::ErrorKind::ConnectionRefused.into()).is_fatal());
        assert!(ConnectError::Unsupported("x").is_fatal());
    }

    #[cfg(feature = "tls")]
    #[test]
    fn a_server_that_is_not_the_one_that_was_meant_is_fatal_and_a_stream_that_broke_is_not() {
        use wirebahn_tls::TlsFailure;
        for failure in [TlsFailure::SelfSigned, TlsFailure::HostMismatch, TlsFailure::CertificateExpired] {
            assert!(ConnectError::from(TlsError::new("a", failure)).is_fatal());
        }
        for failure in
            [TlsFailure::Lost, TlsFailure::TimedOut, TlsFailure::Io(io::ErrorKind::BrokenPipe.into())]
        {
            assert!(!ConnectError::from(TlsError::new("a", failure)).is_fatal());
        }
    }
}
