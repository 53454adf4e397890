//! From the URL of a router to a session that has begun.

use std::fmt;
use std::marker::PhantomData;
#[cfg(unix)]
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use bytes::BytesMut;
use wirebahn_adapter::wamp::JoinOptions;
use wirebahn_core::wamp::session::Challenge;
use wirebahn_core::wamp::{Dict, RouterUrl, Text, error_uri};
use wirebahn_core::websocket::opening::ClientRequest;

use super::{Driver, JoinError, OpenedWire, Session, Wire, open_rawsocket, open_websocket};
#[cfg(unix)]
use crate::timeout;
use crate::{Network, OsEntropy, reach};

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
    options: JoinOptions,
    on_challenge: Option<OnChallenge>,
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
        let options = JoinOptions::new(url, realm)?;
        Ok(Self { options, on_challenge: None, network: PhantomData })
    }

    wirebahn_adapter::join_setters!();

    /// Answers CHALLENGEs: gives the signature and what the method needs beside it, or `None` to give up. The method must
    /// be among [`SessionConfig::authmethods`](wirebahn_core::wamp::session::SessionConfig::authmethods).
    #[must_use]
    pub fn on_challenge<F>(mut self, answer: impl Fn(Challenge) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<(Text, Dict)>> + Send + 'static,
    {
        self.on_challenge = Some(Arc::new(move |challenge| Box::pin(answer(challenge))));
        self
    }

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
        match &self.options.url {
            RouterUrl::WebSocket(url) => {
                let request = ClientRequest::new(url.clone());
                let (options, entropy) =
                    (Arc::clone(&self.options.websocket), Box::new(OsEntropy::default()));
                let offered = &self.options.subprotocols;
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
        for subprotocol in &self.options.subprotocols {
            let (io, received) = match reached.take() {
                Some(reached) => reached,
                None => self.reach().await?,
            };
            let (options, entropy) = (self.options.rawsocket.clone(), Box::new(OsEntropy::default()));
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
        let config = self.options.config.clone();
        let (session, driver) = Driver::<W, N>::new(opened.wire, opened.serializer, config, N::spawner());
        driver.detach();
        finish_join(session, self.on_challenge.clone()).await
    }

    /// A stream to where the URL leads, and what came from there already.
    async fn reach(&self) -> Result<(N::Io, BytesMut), JoinError> {
        #[cfg(unix)]
        if let RouterUrl::RawSocketUnix { path } = &self.options.url {
            let connect = timeout::<N, _>(self.options.dialer.timeout, N::connect_unix(Path::new(path)));
            return Ok((connect.await.map_err(|_| JoinError::TimedOut)??, BytesMut::new()));
        }
        Ok(reach::<N>(&self.options.websocket_url()?, &self.options.dialer).await?)
    }
}

impl<N> Clone for Join<N> {
    fn clone(&self) -> Self {
        Self { options: self.options.clone(), on_challenge: self.on_challenge.clone(), network: PhantomData }
    }
}

impl<N> fmt::Debug for Join<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Join").field("options", &self.options).finish_non_exhaustive()
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
