//! The client's side of the opening handshake, over any stream.

use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::BytesMut;
use wirebahn_core::http::UrlError;
use wirebahn_core::proxy::{ProxyUrlError, ProxyVariableError};
use wirebahn_core::websocket::opening::{
    ClientOpening, ClientOpeningError, ClientOpeningEvent, ClientOptions, ClientRequest, ClientRequestError,
    RedirectError, Response,
};
use wirebahn_core::{Engine, Entropy};

use super::{Connection, Layer};
use crate::{Io, ProxyError, Runtime, Socket};

/// An open connection and what the server answered.
#[non_exhaustive]
pub struct Opened<L: Layer, I, R: Runtime> {
    /// The connection.
    pub connection: Connection<L, I, R>,
    /// The response: headers, subprotocol.
    pub response: Box<Response>,
}

/// Opens a connection at the layer `L` over a stream that leads to the server.
///
/// Takes no longer than [`ClientOptions::open_timeout`].
///
/// # Errors
///
/// The server refused, answered wrongly or not in time.
pub async fn open<L: Layer, I: Io, R: Runtime>(
    io: I,
    request: ClientRequest,
    options: Arc<ClientOptions>,
    entropy: Box<dyn Entropy>,
) -> Result<Opened<L, I, R>, ClientOpeningError> {
    open_received(io, BytesMut::new(), request, options, entropy).await.map_err(|(error, _)| error)
}

/// As [`open`], over a stream from which `received` was read already. The error comes with that of the stream.
pub(super) async fn open_received<L: Layer, I: Io, R: Runtime>(
    io: I,
    received: BytesMut,
    request: ClientRequest,
    options: Arc<ClientOptions>,
    entropy: Box<dyn Entropy>,
) -> Result<Opened<L, I, R>, (ClientOpeningError, Option<io::Error>)> {
    let mut opening = ClientOpening::new(request, options, entropy, R::now());
    opening.recv_buf().unsplit(received);
    // On the heap, so that the future of a whole connection does not have to have room for it.
    let mut socket: Box<Socket<_, I, R>> = Box::new(Socket::new(opening, io));
    match socket.next_event().await {
        Some(ClientOpeningEvent::Open(response)) => {
            let connection = Connection::from_socket((*socket).map_engine(|opening| {
                L::new(opening.into_established().expect("the event says that the connection is open"))
            }));
            Ok(Opened { connection, response })
        }
        Some(ClientOpeningEvent::Failed(error)) => Err((error, socket.take_io_error())),
        _ => Err((ClientOpeningError::TransportLost, None)),
    }
}

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
    Tls(Box<wirebahn_tls::TlsError>),
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
impl From<wirebahn_tls::TlsError> for ConnectError {
    fn from(error: wirebahn_tls::TlsError) -> Self {
        Self::Tls(Box::new(error))
    }
}

impl<L: Layer, I, R: Runtime> fmt::Debug for Opened<L, I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("response", &self.response).finish_non_exhaustive()
    }
}
