//! Joining a realm.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use wirebahn_core::http::Host;
use wirebahn_core::rawsocket::opening as raw;
use wirebahn_core::wamp::session::{Challenge, SessionConfig};
use wirebahn_core::wamp::{Batching, Dict, RouterUrl, Serializer, Subprotocol, Text};
use wirebahn_core::websocket::opening::{ClientOptions, ClientRequest};
use wirebahn_drive::OsEntropy;
use wirebahn_drive::wamp::{
    Driver, JoinError, OnChallenge, OpenError, OpenedWire, Session, Wire, finish_join, open_rawsocket,
    open_websocket,
};

use super::spawner;
use crate::client::reach;
use crate::{CONNECT_TIMEOUT, ConnectError, Delay, Stream, TokioIo, TokioRuntime};

/// Joins a realm of the router at `url`: `ws://host:port/path`, `rs://host:port`, `unix:/path` or
/// `ws+unix:///path`.
///
/// [`Join`] has serializers, authentication and options.
///
/// # Errors
///
/// The URL is invalid, the router cannot be reached, or it does not let us in.
pub async fn join(url: &str, realm: &str) -> Result<Session, JoinError> {
    Join::new(url, realm)?.join().await
}

/// A realm to be joined.
///
/// ```no_run
/// # async fn run() -> Result<(), wirebahn_tokio::wamp::JoinError> {
/// use wirebahn_tokio::wamp::{Join, Serializer};
///
/// let session = Join::new("rs://router.example.com:8081", "realm1")?
///     .serializers([Serializer::Cbor])
///     .session(|config| config.authid = Some("joe".into()))
///     .join()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Join {
    url: RouterUrl,
    subprotocols: Vec<Subprotocol>,
    config: SessionConfig,
    on_challenge: Option<OnChallenge>,
    websocket: Arc<ClientOptions>,
    rawsocket: raw::ClientOptions,
    connect_timeout: Option<Duration>,
    delay: Delay,
}

impl Join {
    /// A realm of the router at `url`.
    ///
    /// # Errors
    ///
    /// The URL is invalid.
    pub fn new(url: &str, realm: &str) -> Result<Self, JoinError> {
        Ok(Self {
            url: url.parse()?,
            subprotocols: [Serializer::MsgPack, Serializer::Json].map(single).to_vec(),
            config: SessionConfig::new(realm),
            on_challenge: None,
            websocket: Arc::default(),
            rawsocket: raw::ClientOptions::default(),
            connect_timeout: Some(CONNECT_TIMEOUT),
            delay: Delay::default(),
        })
    }

    /// The serializers to offer, the first of which is preferred. Default: MessagePack and JSON.
    ///
    /// Over RawSocket, which knows no offers, they are tried one after the other.
    #[must_use]
    pub fn serializers(mut self, serializers: impl IntoIterator<Item = Serializer>) -> Self {
        self.subprotocols = serializers.into_iter().map(single).collect();
        self
    }

    /// The subprotocols to offer over WebSocket, batched ones among them, the first of which is preferred.
    #[must_use]
    pub fn subprotocols(mut self, subprotocols: impl IntoIterator<Item = Subprotocol>) -> Self {
        self.subprotocols = subprotocols.into_iter().collect();
        self
    }

    /// Changes how the session is joined: who to be, which roles to announce, how long to wait.
    #[must_use]
    pub fn session(mut self, change: impl FnOnce(&mut SessionConfig)) -> Self {
        change(&mut self.config);
        self
    }

    /// Answers CHALLENGEs: gives the signature and what the method needs beside it, or `None` to give up. The method must
    /// be among [`SessionConfig::authmethods`].
    #[must_use]
    pub fn on_challenge<F>(mut self, answer: impl Fn(Challenge) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<(Text, Dict)>> + Send + 'static,
    {
        self.on_challenge = Some(Arc::new(move |challenge| Box::pin(answer(challenge))));
        self
    }

    /// Sets the options of a WebSocket.
    #[must_use]
    pub fn websocket(mut self, options: impl Into<Arc<ClientOptions>>) -> Self {
        self.websocket = options.into();
        self
    }

    /// Sets the options of a RawSocket; its serializer is one of [`serializers`](Self::serializers).
    #[must_use]
    pub fn rawsocket(mut self, options: raw::ClientOptions) -> Self {
        self.rawsocket = options;
        self
    }

    /// How long reaching the router may take; `None` waits for as long as the system does. Default: 10 s. The handshake
    /// after that has a timeout of its own, and joining [`SessionConfig::join_timeout`].
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

    /// Reaches the router and joins. The session's driver runs on the runtime that this is called on.
    ///
    /// # Errors
    ///
    /// The router cannot be reached, or does not let us in.
    pub async fn join(self) -> Result<Session, JoinError> {
        let stream = self.reach().await?;
        match &self.url {
            RouterUrl::WebSocket(url) => {
                let request = ClientRequest::new(url.clone());
                let (options, entropy) = (Arc::clone(&self.websocket), Box::new(OsEntropy::default()));
                let io = TokioIo::new(stream);
                let opened =
                    open_websocket::<_, TokioRuntime>(io, request, &self.subprotocols, options, entropy);
                let opened = opened.await?;
                self.begin(opened).await
            }
            _ => self.join_rawsocket(stream).await,
        }
    }

    async fn join_rawsocket(self, stream: Stream) -> Result<Session, JoinError> {
        let mut stream = Some(stream);
        let mut refused = JoinError::Unsupported("no serializer was offered; add one");
        for subprotocol in &self.subprotocols {
            let stream = match stream.take() {
                Some(stream) => stream,
                None => self.reach().await?,
            };
            let (options, entropy) = (self.rawsocket.clone(), Box::new(OsEntropy::default()));
            let io = TokioIo::new(stream);
            match open_rawsocket::<_, TokioRuntime>(io, subprotocol.serializer, options, entropy).await {
                Ok(opened) => return self.begin(opened).await,
                Err(error) if is_about_the_serializer(&error) => refused = error.into(),
                Err(error) => return Err(error.into()),
            }
        }
        Err(refused)
    }

    async fn begin<W>(&self, opened: OpenedWire<W>) -> Result<Session, JoinError>
    where
        W: Wire + Send + 'static,
    {
        let config = self.config.clone();
        let (session, driver) =
            Driver::<W, TokioRuntime>::new(opened.wire, opened.serializer, config, spawner());
        tokio::spawn(driver);
        finish_join(session, self.on_challenge.clone()).await
    }

    async fn reach(&self) -> Result<Stream, JoinError> {
        let reach = reach_router(&self.url, self.delay);
        match self.connect_timeout {
            Some(timeout) => tokio::time::timeout(timeout, reach).await.map_err(|_| JoinError::TimedOut)?,
            None => reach.await,
        }
    }
}

const fn single(serializer: Serializer) -> Subprotocol {
    Subprotocol { serializer, batching: Batching::Single }
}

const fn is_about_the_serializer(error: &OpenError) -> bool {
    matches!(
        error,
        OpenError::RawSocket(raw::ClientOpeningError::Refused(raw::RefusalCode::SerializerUnsupported))
    )
}

/// A stream to where `url` leads.
async fn reach_router(url: &RouterUrl, delay: Delay) -> Result<Stream, JoinError> {
    match url {
        RouterUrl::WebSocket(url) => reach(url, delay).await.map_err(|error| match error {
            ConnectError::Io(error) => JoinError::Io(error),
            ConnectError::Unsupported(what) => JoinError::Unsupported(what),
            _ => JoinError::TimedOut,
        }),
        RouterUrl::RawSocket { is_secure: true, .. } => {
            Err(JoinError::Unsupported("rss: this client has no TLS; use another URL"))
        }
        RouterUrl::RawSocket { host, port, .. } => {
            let stream = match host {
                Host::Name(name) => TcpStream::connect((name.as_str(), *port)).await,
                Host::V4(address) => TcpStream::connect((*address, *port)).await,
                Host::V6(address) => TcpStream::connect((*address, *port)).await,
            };
            Ok(Stream::tcp(stream?, delay))
        }
        #[cfg(unix)]
        RouterUrl::RawSocketUnix { path } => Ok(tokio::net::UnixStream::connect(path).await?.into()),
        _ => Err(JoinError::Unsupported("this kind of URL is not supported on this system")),
    }
}

impl fmt::Debug for Join {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Join")
            .field("url", &self.url)
            .field("subprotocols", &self.subprotocols)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
