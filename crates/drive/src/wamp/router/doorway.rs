use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use wirebahn_adapter::trace;
use wirebahn_core::http::{Headers, StatusCode};
use wirebahn_core::rawsocket::opening as raw;
use wirebahn_core::wamp::{Batching, Serializer, Subprotocol};
use wirebahn_core::websocket::Messages;
use wirebahn_core::websocket::opening::{Acceptance, Refusal, Subprotocol as Chosen};
use wirebahn_router::TransportInfo;

use super::{RouterConnection, RouterHandle, RouterWire};
use crate::net::{Accepted, first_octet};
use crate::shutdown::ShutdownWatch;
use crate::wamp::{LinkWire, accept_rawsocket_after};
use crate::websocket::{Admission, Incoming, Passed, Setup, Upgrade, respond};
use crate::{Listen, OsEntropy, Shutdown, timeout};

/// Finds out what a client speaks, and opens a wire to it.
pub(super) struct Doorway {
    handle: RouterHandle,
    shutdown: Shutdown,
    setup: Setup,
    /// The names of the subprotocols that are spoken.
    subprotocols: Vec<String>,
    rawsocket: Arc<raw::ServerOptions>,
}

/// A client's connection, until it ends. On the heap, so that it takes as much memory as its transport needs.
pub(super) type Serving = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Doorway {
    /// Connections end when `shutdown` is requested.
    pub(super) fn new(
        handle: RouterHandle,
        shutdown: Shutdown,
        mut setup: Setup,
        rawsocket: Arc<raw::ServerOptions>,
    ) -> Self {
        if setup.options.subprotocols.is_empty() {
            Arc::make_mut(&mut setup.options).subprotocols = all_subprotocols();
        }
        let known = |name: &&String| Subprotocol::from_name(name).is_some();
        let subprotocols = setup.options.subprotocols.iter().filter(known).cloned().collect();
        Self { handle, shutdown, setup, subprotocols, rawsocket }
    }

    /// `None` if no session can begin; the client was told as far as possible.
    pub(super) async fn open<N: Listen>(
        self: Arc<Self>,
        accepted: Accepted<N::Io>,
        admission: Admission,
    ) -> Option<Serving> {
        let mut passed = self.setup.pass_front::<N>(accepted).await?;
        let peer = passed.peer;
        let first = first_octet(&mut passed.io, &mut passed.received);
        let first = timeout::<N, _>(self.setup.options.open_timeout, first).await;
        let first = first.inspect_err(|_| trace::refused(peer, &"nothing came in time")).ok()?;
        // If there is none, somebody has only looked whether there is a listener.
        if first.ok()?? == raw::MAGIC {
            return self.open_rawsocket::<N>(passed, admission).await;
        }
        match passed.receive::<N>(Arc::clone(&self.setup.options), admission).await? {
            Incoming::Upgrade(upgrade) => self.accept(upgrade, peer).await,
            Incoming::Http(exchange) => {
                respond(exchange, self.setup.answer_http.clone()).await;
                None
            }
        }
    }

    async fn open_rawsocket<N: Listen>(
        &self,
        passed: Passed<N::Io>,
        admission: Admission,
    ) -> Option<Serving> {
        let Passed { io, peer, received } = passed;
        let (options, entropy) = (Arc::clone(&self.rawsocket), Box::new(OsEntropy::default()));
        let opened = accept_rawsocket_after::<_, N>(io, received, options, entropy, admission).await;
        let opened = opened.inspect_err(|failure| trace::refused(peer, failure)).ok()?;
        let subprotocol = Subprotocol { serializer: opened.serializer, batching: Batching::Single };
        let transport = TransportInfo::of_client("rawsocket", subprotocol, peer.map(|peer| peer.to_string()));
        Some(self.serve(opened.wire, transport))
    }

    async fn accept<N: Listen>(
        &self,
        upgrade: Upgrade<N::Io, N>,
        peer: Option<SocketAddr>,
    ) -> Option<Serving> {
        let request = upgrade.request();
        let chosen = request.choose_subprotocol(&self.subprotocols).and_then(Subprotocol::from_name);
        let Some(subprotocol) = chosen else {
            trace::refused(peer, &"none of the offered subprotocols is spoken here");
            let mut refusal = Refusal::new(StatusCode::BAD_REQUEST);
            let mut headers = Headers::new();
            headers.append("Content-Type", "text/plain; charset=utf-8").expect("this is visible ASCII");
            refusal.headers = headers;
            refusal.body =
                format!("Offer one of the subprotocols {}.\n", self.subprotocols.join(", ")).into();
            // A client that has gone needs no refusal.
            let _ = upgrade.refuse(refusal).await;
            return None;
        };
        let transport =
            TransportInfo::of_client("websocket", subprotocol, request.http.client().map(Into::into));
        let mut acceptance = Acceptance::default();
        acceptance.subprotocol = Chosen::Named(subprotocol.name().into());
        let connection = upgrade.accept::<Messages>(acceptance).await.ok()?;
        Some(self.serve(LinkWire::from_websocket(connection, subprotocol), transport))
    }

    fn serve<W: RouterWire + Send + 'static>(&self, wire: W, transport: TransportInfo) -> Serving {
        let connection = self.handle.serve(wire, transport);
        Box::pin(Dismissible { connection, shutdown: self.shutdown.watch() })
    }
}

/// A connection that ends in order when a shutdown is requested.
struct Dismissible<W: RouterWire> {
    connection: RouterConnection<W>,
    shutdown: ShutdownWatch,
}

impl<W: RouterWire> Future for Dismissible<W> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let shutdown = &mut self.shutdown;
        if shutdown.take_request() || shutdown.wait(cx.waker()) && shutdown.take_request() {
            self.connection.dismiss();
        }
        Pin::new(&mut self.connection).poll(cx)
    }
}

fn all_subprotocols() -> Vec<String> {
    let with = |batching| move |serializer| Subprotocol { serializer, batching }.name().to_owned();
    let names = |batching| Serializer::ALL.into_iter().map(with(batching));
    names(Batching::Single).chain(names(Batching::Batched)).collect()
}
