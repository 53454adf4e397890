//! From the URL of a router to a session that has begun.

use std::fmt;
use std::marker::PhantomData;
#[cfg(unix)]
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use bytes::BytesMut;
use wirebahn_core::http::WsUrl;
use wirebahn_core::rawsocket::opening as raw;
use wirebahn_core::wamp::session::{Challenge, SessionConfig};
use wirebahn_core::wamp::{
    Batching, Dict, RouterUrl, RouterUrlError, Serializer, Subprotocol, Text, error_uri,
};
use wirebahn_core::websocket::opening::{ClientOptions, ClientRequest};

use super::{Driver, JoinError, OpenedWire, Session, Wire, open_rawsocket, open_websocket};
#[cfg(unix)]
use crate::timeout;
use crate::{Dialer, Network, OsEntropy, reach};

/// A realm to be joined.
///
/// Adapters name it without the parameter.
///
/// ```
/// use wirebahn_core::wamp::Serializer;
/// use wirebahn_drive::Network;
/// use wirebahn_drive::wamp::{Join, JoinError, Session};
///
/// async fn join<N: Network>() -> Result<Session, JoinError> {
///     Join::<N>::new("rs://router.example.com:8081", "realm1")?
///         .serializers([Serializer::MsgPack])
///         .session(|config| config.authid = Some("joe".into()))
///         .join()
///         .await
/// }
/// ```
pub struct Join<N> {
    url: RouterUrl,
    subprotocols: Vec<Subprotocol>,
    config: SessionConfig,
    on_challenge: Option<OnChallenge>,
    websocket: Arc<ClientOptions>,
    rawsocket: raw::ClientOptions,
    dialer: Dialer,
    network: PhantomData<fn() -> N>,
}

impl<N: Network> Join<N> {
    /// A realm of the router at `url`: `ws://host:port/path`, `rs://host:port`, `unix:/path` or `ws+unix:///path`, and with
    /// TLS `wss` and `rss`.
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
            dialer: Dialer::default(),
            network: PhantomData,
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

    wirebahn_adapter::dialer_setters!();

    /// Reaches the router and joins. The session's driver runs on the runtime that this is called on.
    ///
    /// # Errors
    ///
    /// The router cannot be reached, or does not let us in.
    pub async fn join(self) -> Result<Session, JoinError> {
        // On the heap: every function that a future is passed through copies it, and this one is large.
        Box::pin(self.open_and_begin()).await
    }

    async fn open_and_begin(self) -> Result<Session, JoinError> {
        let (io, received) = self.reach().await?;
        match &self.url {
            RouterUrl::WebSocket(url) => {
                let request = ClientRequest::new(url.clone());
                let (options, entropy) = (Arc::clone(&self.websocket), Box::new(OsEntropy::default()));
                let offered = &self.subprotocols;
                let opened = open_websocket::<_, N>(io, received, request, offered, options, entropy);
                let opened = opened.await?;
                self.begin(opened).await
            }
            _ => self.join_rawsocket(io, received).await,
        }
    }

    async fn join_rawsocket(self, io: N::Io, received: BytesMut) -> Result<Session, JoinError> {
        let mut reached = Some((io, received));
        let mut refused = JoinError::Unsupported("no serializer was offered; add one");
        for subprotocol in &self.subprotocols {
            let (io, received) = match reached.take() {
                Some(reached) => reached,
                None => self.reach().await?,
            };
            let (options, entropy) = (self.rawsocket.clone(), Box::new(OsEntropy::default()));
            let serializer = subprotocol.serializer;
            match open_rawsocket::<_, N>(io, received, serializer, options, entropy).await {
                Ok(opened) => return self.begin(opened).await,
                Err(error) if error.is_about_the_serializer() => refused = error.into(),
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
        let (session, driver) = Driver::<W, N>::new(opened.wire, opened.serializer, config, N::spawner());
        driver.detach();
        finish_join(session, self.on_challenge.clone()).await
    }

    /// A stream to where the URL leads, and what came from there already.
    async fn reach(&self) -> Result<(N::Io, BytesMut), JoinError> {
        let url = match &self.url {
            RouterUrl::WebSocket(url) => url.clone(),
            // The same way leads to a RawSocket, only that something else is spoken at its end.
            RouterUrl::RawSocket { host, port, is_secure } => {
                let scheme = if *is_secure { "wss" } else { "ws" };
                let url: Result<WsUrl, _> = format!("{scheme}://{host}:{port}/").parse();
                url.map_err(|error| JoinError::Url(RouterUrlError::WebSocket(error)))?
            }
            #[cfg(unix)]
            RouterUrl::RawSocketUnix { path } => {
                let connect = timeout::<N, _>(self.dialer.timeout, N::connect_unix(Path::new(path)));
                return Ok((connect.await.map_err(|_| JoinError::TimedOut)??, BytesMut::new()));
            }
            _ => return Err(JoinError::Unsupported("this kind of URL is not supported on this system")),
        };
        Ok(reach::<N>(&url, &self.dialer).await?)
    }
}

const fn single(serializer: Serializer) -> Subprotocol {
    Subprotocol { serializer, batching: Batching::Single }
}

impl<N> Clone for Join<N> {
    fn clone(&self) -> Self {
        Self {
            url: self.url.clone(),
            subprotocols: self.subprotocols.clone(),
            config: self.config.clone(),
            on_challenge: self.on_challenge.clone(),
            websocket: Arc::clone(&self.websocket),
            rawsocket: self.rawsocket.clone(),
            dialer: self.dialer.clone(),
            network: PhantomData,
        }
    }
}

impl<N> fmt::Debug for Join<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Join")
            .field("url", &self.url)
            .field("subprotocols", &self.subprotocols)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// Answers CHALLENGEs: gives the signature and what the method needs beside it, or `None` to give up.
pub type OnChallenge = Arc<dyn Fn(Challenge) -> ChallengeFuture + Send + Sync>;

/// The answer to a CHALLENGE.
pub type ChallengeFuture = Pin<Box<dyn Future<Output = Option<(Text, Dict)>> + Send>>;

/// Waits until `session`, whose driver is running, has begun. Without `on_challenge` a CHALLENGE ends it.
///
/// # Errors
///
/// [`JoinError::Left`]: how the session ended instead.
pub async fn finish_join(session: Session, on_challenge: Option<OnChallenge>) -> Result<Session, JoinError> {
    while let Some(challenge) = session.challenge().await {
        let answer = match &on_challenge {
            Some(answer) => answer(challenge).await,
            None => None,
        };
        match answer {
            Some((signature, extra)) => {
                // The session may have ended in the meantime; that is found out below.
                let _ = session.authenticate(signature, extra);
            }
            None => {
                let reason = error_uri::NO_MATCHING_AUTH_METHOD;
                session.start_leave(reason, Some(Text::from_static("the challenge cannot be answered")));
            }
        }
    }
    session.joined().await.map_err(JoinError::Left)?;
    Ok(session)
}
