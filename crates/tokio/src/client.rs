//! Opening connections.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use wirebahn_core::http::{Endpoint, Host, WsUrl};
use wirebahn_core::websocket::Messages;
use wirebahn_core::websocket::opening::{ClientOptions, ClientRequest, Response};
use wirebahn_drive::OsEntropy;
use wirebahn_drive::websocket::{ConnectError, Connection, Layer, open};

use crate::{Delay, Stream, TokioIo, TokioRuntime, WebSocket};

/// How long reaching the server may take, name resolution included, unless [`Client::connect_timeout`] says otherwise:
/// long enough for a lost packet to be sent again twice.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens a connection to the server at `url`: `ws://host:port/path`, or `ws+unix:///socket:/path`.
///
/// [`Client`] has headers, subprotocols, options and other layers.
///
/// # Errors
///
/// The URL is invalid, or the server cannot be reached, refuses, or does not answer in time.
pub async fn connect(url: &str) -> Result<WebSocket, ConnectError> {
    Ok(Client::new(url)?.connect().await?.connection)
}

/// Opens a connection over a stream that leads to the server: a TLS stream, a tunnel, a pipe.
///
/// # Errors
///
/// The server refuses, answers wrongly or not in time.
pub async fn connect_on<S>(
    stream: S,
    request: ClientRequest,
    options: Arc<ClientOptions>,
) -> Result<Opened<Messages, S>, ConnectError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    open_on(stream, request, options).await
}

/// An open connection and what the server answered.
#[derive(Debug)]
#[non_exhaustive]
pub struct Opened<L: Layer, S = Stream> {
    /// The connection.
    pub connection: Connection<L, TokioIo<S>, TokioRuntime>,
    /// The response: headers, subprotocol.
    pub response: Box<Response>,
}

/// A connection to be opened.
///
/// ```no_run
/// # async fn run() -> Result<(), wirebahn_tokio::ConnectError> {
/// use wirebahn_tokio::Client;
///
/// let opened = Client::new("ws://example.com/chat")?
///     .header("Authorization", "Bearer 4711")?
///     .subprotocol("chat")?
///     .connect()
///     .await?;
/// println!("speaking {:?}", opened.response.subprotocol);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Client {
    request: ClientRequest,
    options: Arc<ClientOptions>,
    connect_timeout: Option<Duration>,
    delay: Delay,
}

impl Client {
    /// A connection to the server at `url`.
    ///
    /// # Errors
    ///
    /// The URL is invalid.
    pub fn new(url: &str) -> Result<Self, ConnectError> {
        let url: WsUrl = url.parse()?;
        Ok(Self {
            request: ClientRequest::new(url),
            options: Arc::default(),
            connect_timeout: Some(CONNECT_TIMEOUT),
            delay: Delay::default(),
        })
    }

    /// Adds a header to the request.
    ///
    /// # Errors
    ///
    /// The header is invalid, or the handshake writes it itself.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, ConnectError> {
        self.request.add_header(name, value)?;
        Ok(self)
    }

    /// Offers a subprotocol; the first one offered is preferred.
    ///
    /// # Errors
    ///
    /// The name is invalid or was offered before.
    pub fn subprotocol(mut self, name: &str) -> Result<Self, ConnectError> {
        self.request.add_subprotocol(name)?;
        Ok(self)
    }

    /// Sets the `Origin` that the request claims to come from.
    ///
    /// # Errors
    ///
    /// The origin is no valid header value.
    pub fn origin(mut self, origin: &str) -> Result<Self, ConnectError> {
        self.request.set_origin(origin)?;
        Ok(self)
    }

    /// Sets the `User-Agent`. Default: none.
    ///
    /// # Errors
    ///
    /// The name is no valid header value.
    pub fn user_agent(mut self, name: &str) -> Result<Self, ConnectError> {
        self.request.set_user_agent(name)?;
        Ok(self)
    }

    /// Sets the options of the handshake and of the connection.
    #[must_use]
    pub fn options(mut self, options: impl Into<Arc<ClientOptions>>) -> Self {
        self.options = options.into();
        self
    }

    /// How long reaching the server may take; `None` waits for as long as the system does. Default: 10 s. The
    /// handshake after that has [`ClientOptions::open_timeout`].
    #[must_use]
    pub const fn connect_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Whether the system may hold back small writes on TCP. Default: it may not.
    #[must_use]
    pub const fn delay(mut self, delay: Delay) -> Self {
        self.delay = delay;
        self
    }

    /// Opens the connection at the level of whole messages.
    ///
    /// # Errors
    ///
    /// The server cannot be reached, refuses, or does not answer in time.
    pub async fn connect(self) -> Result<Opened<Messages>, ConnectError> {
        self.connect_layer().await
    }

    /// Opens the connection at the layer `L`: `Messages`, `Frames` or `Streaming`.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub async fn connect_layer<L: Layer>(self) -> Result<Opened<L>, ConnectError> {
        let reach = reach(self.request.url(), self.delay);
        let stream = match self.connect_timeout {
            Some(timeout) => {
                tokio::time::timeout(timeout, reach).await.map_err(|_| ConnectError::TimedOut)??
            }
            None => reach.await?,
        };
        open_on(stream, self.request, self.options).await
    }
}

async fn open_on<L, S>(
    stream: S,
    request: ClientRequest,
    options: Arc<ClientOptions>,
) -> Result<Opened<L, S>, ConnectError>
where
    L: Layer,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let opened = open(TokioIo::new(stream), request, options, Box::new(OsEntropy::default())).await?;
    Ok(Opened { connection: opened.connection, response: opened.response })
}

/// A stream to where `url` leads.
pub(crate) async fn reach(url: &WsUrl, delay: Delay) -> Result<Stream, ConnectError> {
    if url.is_secure() {
        return Err(ConnectError::Unsupported(
            "wss: this client has no TLS; make a TLS stream and pass it to `connect_on`",
        ));
    }
    match url.endpoint() {
        Endpoint::Tcp { host, port, .. } => {
            let stream = match host {
                Host::Name(name) => TcpStream::connect((name.as_str(), *port)).await,
                Host::V4(address) => TcpStream::connect((*address, *port)).await,
                Host::V6(address) => TcpStream::connect((*address, *port)).await,
            };
            Ok(Stream::tcp(stream?, delay))
        }
        #[cfg(unix)]
        Endpoint::Unix { path, .. } => Ok(tokio::net::UnixStream::connect(path).await?.into()),
        _ => Err(ConnectError::Unsupported("this kind of URL is not supported on this system")),
    }
}
