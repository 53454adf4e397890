use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;

use wirebahn_core::rawsocket::opening as raw;
use wirebahn_core::wamp::session::SessionConfig;
use wirebahn_core::wamp::{Batching, Subprotocol};
use wirebahn_router::{RouterConfig, TransportInfo};

use super::{Doorway, RouterHandle};
use crate::wamp::{JoinError, LinkWire, Session, accept_rawsocket, finish_join};
use crate::websocket::{Admission, Server, WebSocket};
use crate::{Io, Listen, Network, OsEntropy, Wrap};

/// A WAMP router in this process: for applications that bring their own, for tests, and for whatever listens on its
/// behalf. Adapters name it without the parameter.
///
/// ```
/// use std::io;
///
/// use wirebahn_drive::Listen;
/// use wirebahn_drive::wamp::router::Router;
/// use wirebahn_drive::websocket::Server;
///
/// /// Serves sessions over WebSocket and RawSocket on one port.
/// async fn serve<N: Listen>(router: &Router<N>) -> io::Result<()> {
///     router.serve(Server::bind("127.0.0.1:8080").await?).await
/// }
/// ```
///
/// Clones are of the same router. It lives as long as one of them, or a connection, does.
pub struct Router<N> {
    handle: RouterHandle,
    network: PhantomData<fn() -> N>,
}

impl<N: Network> Router<N> {
    /// A router without connections, whose timers run on the runtime that this is called on.
    #[must_use]
    pub fn new(config: RouterConfig) -> Self {
        let router = wirebahn_router::Router::new(config, Box::new(OsEntropy::default()));
        let handle = RouterHandle::new::<N>(router);
        N::spawner()(Box::pin(handle.timers::<N>()));
        Self { handle, network: PhantomData }
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
        let (session, driver) = self.handle.join::<N>(config, N::spawner());
        driver.detach();
        finish_join(session, None).await
    }

    /// Serves the clients of a server, those who speak WebSocket and those who speak RawSocket, until
    /// [`ServerHandle::shut_down`](crate::websocket::ServerHandle::shut_down): sessions then end with GOODBYE.
    ///
    /// The server's own options count: for how long clients may take, how many there may be, TLS, PROXY headers, plain
    /// HTTP. The subprotocols are all of WAMP's that there are serializers for, unless its options name others. Any web
    /// page may connect, unless [`ServerOptions::origins`](wirebahn_core::websocket::opening::ServerOptions::origins) says
    /// otherwise.
    ///
    /// # Errors
    ///
    /// The listener is broken.
    pub async fn serve(&self, server: Server<N>) -> io::Result<()>
    where
        N: Listen,
    {
        self.serve_with(server, raw::ServerOptions::default()).await
    }

    /// As [`serve`](Self::serve), with options for those who speak RawSocket.
    ///
    /// # Errors
    ///
    /// The listener is broken.
    pub async fn serve_with(
        &self,
        mut server: Server<N>,
        rawsocket: impl Into<Arc<raw::ServerOptions>>,
    ) -> io::Result<()>
    where
        N: Listen,
    {
        let shutdown = server.handle().shutdown_signal().clone();
        let doorway = Doorway::new(self.handle.clone(), shutdown, server.take_setup(), rawsocket.into());
        let doorway = Arc::new(doorway);
        server
            .serve_streams(|accepted, admission, held| {
                // On the heap, and gone when the session begins.
                let opening = Box::pin(Arc::clone(&doorway).open::<N>(accepted, admission));
                async move {
                    let _held = held;
                    if let Some(serving) = opening.await {
                        serving.await;
                    }
                }
            })
            .await
    }

    /// Serves a client over an open WebSocket on which `subprotocol` was agreed, until the connection ends.
    pub async fn serve_websocket<I: Io>(&self, connection: WebSocket<I, N>, subprotocol: Subprotocol) {
        let wire = LinkWire::from_websocket(connection, subprotocol);
        self.handle.serve(wire, TransportInfo::of_client("websocket", subprotocol, None)).await;
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
        N: Wrap<S>,
    {
        let (io, entropy) = (N::wrap(stream), Box::new(OsEntropy::default()));
        let opened = accept_rawsocket::<_, N>(io, options, entropy, Admission::Admit).await?;
        let subprotocol = Subprotocol { serializer: opened.serializer, batching: Batching::Single };
        self.handle.serve(opened.wire, TransportInfo::of_client("rawsocket", subprotocol, None)).await;
        Ok(())
    }

    /// The router itself, for what asks and answers its questions, and for metrics.
    #[must_use]
    pub const fn handle(&self) -> &RouterHandle {
        &self.handle
    }
}

impl<N> Clone for Router<N> {
    fn clone(&self) -> Self {
        Self { handle: self.handle.clone(), network: PhantomData }
    }
}

impl<N> fmt::Debug for Router<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").field("handle", &self.handle).finish()
    }
}
