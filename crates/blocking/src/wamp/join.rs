//! Joining a realm.

use std::fmt;
use std::sync::Arc;

use bytes::BytesMut;
use wirebahn_adapter::Dialer;
use wirebahn_adapter::wamp::JoinError;
use wirebahn_core::http::WsUrl;
use wirebahn_core::rawsocket::opening as raw;
use wirebahn_core::wamp::session::{Challenge, SessionConfig};
use wirebahn_core::wamp::{
    Batching, Dict, RouterUrl, RouterUrlError, Serializer, Subprotocol, Text, error_uri,
};
use wirebahn_core::websocket::opening::{ClientOptions, ClientRequest};

use super::Session;
use super::open::{Opened, open_rawsocket, open_websocket};
use super::shared::Shared;
use super::tables::Tables;
use crate::Stream;
use crate::reach::reach;
use crate::shared_socket::SharedSocket;

/// Joins a realm of the router at `url`: `ws://host:port/path`, `rs://host:port`, `unix:/path` or
/// `ws+unix:///path`; with the feature `tls` also `wss` and `rss`.
///
/// [`Join`] has serializers, authentication and options.
///
/// # Errors
///
/// The URL is invalid, the router cannot be reached, or it does not let us in.
pub fn join(url: &str, realm: &str) -> Result<Session, JoinError> {
    Join::new(url, realm)?.join()
}

/// A realm to be joined.
///
/// ```no_run
/// use wirebahn_blocking::wamp::{Join, Serializer};
///
/// let session = Join::new("rs://router.example.com:8081", "realm1")?
///     .serializers([Serializer::MsgPack])
///     .session(|config| config.authid = Some("joe".into()))
///     .join()?;
/// # Ok::<_, wirebahn_blocking::wamp::JoinError>(())
/// ```
#[derive(Clone)]
pub struct Join {
    url: RouterUrl,
    subprotocols: Vec<Subprotocol>,
    config: SessionConfig,
    on_challenge: Option<OnChallenge>,
    websocket: Arc<ClientOptions>,
    rawsocket: raw::ClientOptions,
    dialer: Dialer,
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
            dialer: Dialer::default(),
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
    pub fn on_challenge(
        mut self,
        answer: impl Fn(Challenge) -> Option<(Text, Dict)> + Send + Sync + 'static,
    ) -> Self {
        self.on_challenge = Some(Arc::new(answer));
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

    /// Reaches the router and joins.
    ///
    /// # Errors
    ///
    /// The router cannot be reached, or does not let us in.
    pub fn join(self) -> Result<Session, JoinError> {
        let (stream, received) = self.reach()?;
        match &self.url {
            RouterUrl::WebSocket(url) => {
                let (request, options) = (ClientRequest::new(url.clone()), Arc::clone(&self.websocket));
                let (offered, config) = (&self.subprotocols, self.config.clone());
                let opened = open_websocket(stream, received, request, offered, options, config)?;
                begin(opened, self.on_challenge.as_ref())
            }
            _ => self.join_rawsocket(stream, received),
        }
    }

    fn join_rawsocket(self, stream: Stream, received: BytesMut) -> Result<Session, JoinError> {
        let mut reached = Some((stream, received));
        let mut refused = JoinError::Unsupported("no serializer was offered; add one");
        for subprotocol in &self.subprotocols {
            let (stream, received) = match reached.take() {
                Some(reached) => reached,
                None => self.reach()?,
            };
            let (options, config) = (self.rawsocket.clone(), self.config.clone());
            match open_rawsocket(stream, received, subprotocol.serializer, options, config) {
                Ok(opened) => return begin(opened, self.on_challenge.as_ref()),
                Err(error) if error.is_about_the_serializer() => refused = error.into(),
                Err(error) => return Err(error.into()),
            }
        }
        Err(refused)
    }

    /// A stream to where the URL leads, and what came from there already.
    fn reach(&self) -> Result<(Stream, BytesMut), JoinError> {
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
                let stream = std::os::unix::net::UnixStream::connect(path)?;
                return Ok((Stream::Unix(stream), BytesMut::new()));
            }
            _ => return Err(JoinError::Unsupported("this kind of URL is not supported on this system")),
        };
        Ok(reach(&url, &self.dialer)?)
    }
}

/// Starts the thread that reads, and waits until the session has begun. Without `on_challenge` a CHALLENGE ends it.
pub(super) fn begin(opened: Opened, on_challenge: Option<&OnChallenge>) -> Result<Session, JoinError> {
    let (socket, read_half) = SharedSocket::new(opened.socket, Tables::default())?;
    let shared = Shared::new(socket, opened.serializer);
    let reader = Arc::clone(&shared);
    std::thread::Builder::new().name("wamp session".into()).spawn(move || reader.read(read_half))?;
    let session = Session::new(shared);
    while let Some(challenge) = session.challenge() {
        match on_challenge.and_then(|answer| answer(challenge)) {
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
    session.joined().map_err(JoinError::Left)?;
    Ok(session)
}

const fn single(serializer: Serializer) -> Subprotocol {
    Subprotocol { serializer, batching: Batching::Single }
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

/// Answers CHALLENGEs: gives the signature and what the method needs beside it, or `None` to give up.
pub(super) type OnChallenge = Arc<dyn Fn(Challenge) -> Option<(Text, Dict)> + Send + Sync>;
