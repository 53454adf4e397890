//! Joining a realm.

use std::fmt;
use std::marker::PhantomData;
#[cfg(unix)]
use std::path::Path;
use std::sync::Arc;

use bytes::BytesMut;
use wirebahn_adapter::wamp::{JoinError, JoinOptions};
use wirebahn_core::wamp::session::Challenge;
use wirebahn_core::wamp::{Dict, RouterUrl, Text, error_uri};
use wirebahn_core::websocket::opening::ClientRequest;

use super::Session;
use super::open::{Opened, open_rawsocket, open_websocket};
use super::shared::Shared;
use super::tables::Tables;
use crate::Network;
use crate::reach::reach;
use crate::shared_socket::SharedSocket;

/// A realm to be joined. Adapters name it without the parameter.
pub struct Join<N> {
    options: JoinOptions,
    on_challenge: Option<OnChallenge>,
    network: PhantomData<fn() -> N>,
}

impl<N: Network> Join<N> {
    /// A realm of the router at `url`.
    ///
    /// # Errors
    ///
    /// The URL is invalid.
    pub fn new(url: &str, realm: &str) -> Result<Self, JoinError> {
        Ok(Self { options: JoinOptions::new(url, realm)?, on_challenge: None, network: PhantomData })
    }

    wirebahn_adapter::join_setters!();

    /// Answers CHALLENGEs: gives the signature and what the method needs beside it, or `None` to give up. The method must
    /// be among [`SessionConfig::authmethods`](wirebahn_core::wamp::session::SessionConfig::authmethods).
    #[must_use]
    pub fn on_challenge(
        mut self,
        answer: impl Fn(Challenge) -> Option<(Text, Dict)> + Send + Sync + 'static,
    ) -> Self {
        self.on_challenge = Some(Arc::new(answer));
        self
    }

    /// Reaches the router and joins.
    ///
    /// # Errors
    ///
    /// The router cannot be reached, or does not let us in.
    pub fn join(self) -> Result<Session, JoinError> {
        let (stream, received) = self.reach()?;
        match &self.options.url {
            RouterUrl::WebSocket(url) => {
                let (request, options) =
                    (ClientRequest::new(url.clone()), Arc::clone(&self.options.websocket));
                let (offered, config) = (&self.options.subprotocols, self.options.config.clone());
                let opened = open_websocket(stream, received, request, offered, options, config)?;
                begin(opened, self.on_challenge.as_ref())
            }
            _ => self.join_rawsocket(stream, received),
        }
    }

    fn join_rawsocket(self, stream: N::Stream, received: BytesMut) -> Result<Session, JoinError> {
        let mut reached = Some((stream, received));
        let mut refused = JoinError::Unsupported("no serializer was offered; add one");
        for subprotocol in &self.options.subprotocols {
            let (stream, received) = match reached.take() {
                Some(reached) => reached,
                None => self.reach()?,
            };
            let (options, config) = (self.options.rawsocket.clone(), self.options.config.clone());
            match open_rawsocket(stream, received, subprotocol.serializer, options, config) {
                Ok(opened) => return begin(opened, self.on_challenge.as_ref()),
                Err(error) if error.is_about_the_serializer() => refused = error.into(),
                Err(error) => return Err(error.into()),
            }
        }
        Err(refused)
    }

    /// A stream to where the URL leads, and what came from there already.
    fn reach(&self) -> Result<(N::Stream, BytesMut), JoinError> {
        #[cfg(unix)]
        if let RouterUrl::RawSocketUnix { path } = &self.options.url {
            return Ok((N::connect_unix(Path::new(path))?, BytesMut::new()));
        }
        Ok(reach::<N>(&self.options.websocket_url()?, &self.options.dialer)?)
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
pub(super) type OnChallenge = Arc<dyn Fn(Challenge) -> Option<(Text, Dict)> + Send + Sync>;
