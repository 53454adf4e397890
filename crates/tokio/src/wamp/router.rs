//! A router in this process.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use wirebahn_core::rawsocket::opening as raw;
use wirebahn_core::wamp::Subprotocol;
use wirebahn_core::wamp::session::SessionConfig;
use wirebahn_drive::OsEntropy;
use wirebahn_drive::wamp::router::RouterHandle;
use wirebahn_drive::wamp::{JoinError, LinkWire, Session, accept_rawsocket, finish_join};
use wirebahn_drive::websocket::Admission;
use wirebahn_router::{RouterConfig, TransportInfo};

use super::spawner;
use crate::{TokioIo, TokioRuntime, WebSocket};

/// A WAMP router in this process: for applications that bring their own, for tests, and for whatever listens on its
/// behalf.
///
/// ```
/// use wirebahn_tokio::wamp::{RealmConfig, Router, RouterConfig};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut config = RouterConfig::default();
/// config.realms.push(("realm1".into(), RealmConfig::default()));
/// let router = Router::new(config);
///
/// let session = router.join("realm1").await?;
/// let _add = session.register("com.example.add", |(a, b): (i64, i64)| async move { Ok(a + b) }).await?;
/// let sum: i64 = session.call("com.example.add", (2, 3)).await?;
/// assert_eq!(sum, 5);
/// # Ok(())
/// # }
/// ```
///
/// Clones are of the same router. It lives as long as one of them, or a connection, does.
#[derive(Clone, Debug)]
pub struct Router {
    handle: RouterHandle,
}

impl Router {
    /// A router without connections, whose timers run on the runtime that this is called on.
    #[must_use]
    pub fn new(config: RouterConfig) -> Self {
        let router = wirebahn_router::Router::new(config, Box::new(OsEntropy::default()));
        let handle = RouterHandle::new::<TokioRuntime>(router);
        tokio::spawn(handle.timers::<TokioRuntime>());
        Self { handle }
    }

    /// Joins a realm without a socket.
    ///
    /// # Errors
    ///
    /// The router does not let us in.
    pub async fn join(&self, realm: &str) -> Result<Session, JoinError> {
        self.join_with(SessionConfig::new(realm)).await
    }

    /// Joins a realm without a socket, with options.
    ///
    /// # Errors
    ///
    /// The router does not let us in.
    pub async fn join_with(&self, config: SessionConfig) -> Result<Session, JoinError> {
        let (session, driver) = self.handle.join::<TokioRuntime>(config, spawner());
        tokio::spawn(driver);
        finish_join(session, None).await
    }

    /// Serves a client over an open WebSocket on which `subprotocol` was agreed, until the connection ends.
    pub async fn serve_websocket<S>(&self, connection: WebSocket<S>, subprotocol: Subprotocol)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let wire = LinkWire::from_websocket(connection, subprotocol);
        self.handle.serve(wire, TransportInfo::new(subprotocol.serializer)).await;
    }

    /// Serves a client that speaks RawSocket over a stream on which nothing was received yet, until the connection ends.
    ///
    /// # Errors
    ///
    /// No connection opened; the client was told.
    pub async fn serve_rawsocket<S>(
        &self,
        stream: S,
        options: Arc<raw::ServerOptions>,
    ) -> Result<(), raw::OpeningFailure>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (io, entropy) = (TokioIo::new(stream), Box::new(OsEntropy::default()));
        let opened = accept_rawsocket::<_, TokioRuntime>(io, options, entropy, Admission::Admit).await?;
        self.handle.serve(opened.wire, TransportInfo::new(opened.serializer)).await;
        Ok(())
    }

    /// The router itself, for what asks and answers its questions, and for metrics.
    #[must_use]
    pub const fn handle(&self) -> &RouterHandle {
        &self.handle
    }
}
