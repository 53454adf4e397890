use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use bytes::BytesMut;
use wirebahn_core::http::{Headers, StatusCode};
use wirebahn_core::rawsocket::RawSocket;
use wirebahn_core::rawsocket::opening as raw;
use wirebahn_core::wamp::{Batching, Serializer, Subprotocol};
use wirebahn_core::websocket::Messages;
use wirebahn_core::websocket::opening::{Acceptance, Refusal, Subprotocol as Chosen};
use wirebahn_router::TransportInfo;

use super::{RouterConnection, RouterHandle, RouterWire};
use crate::net::Accepted;
use crate::wamp::{LinkWire, accept_rawsocket_after};
use crate::websocket::{Admission, Incoming, Passed, Setup, Upgrade, respond};
use crate::{Io, Listen, OsEntropy, Shutdown, timeout};

/// Room for the first read: the whole opening request of a usual client.
const FIRST_READ: usize = 2048;

/// Finds out what a client speaks, and opens a wire to it.
pub(super) struct Doorway {
    setup: Setup,
    /// The names of the subprotocols that are spoken.
    subprotocols: Vec<String>,
    rawsocket: Arc<raw::ServerOptions>,
}

/// A client that can begin a session.
#[expect(clippy::large_enum_variant, reason = "it is taken apart at once")]
pub(super) enum OpenedClient<N: Listen> {
    WebSocket(LinkWire<Messages, N::Io, N>, TransportInfo),
    RawSocket(LinkWire<RawSocket, N::Io, N>, TransportInfo),
}

impl Doorway {
    pub(super) fn new(mut setup: Setup, rawsocket: Arc<raw::ServerOptions>) -> Self {
        if setup.options.subprotocols.is_empty() {
            Arc::make_mut(&mut setup.options).subprotocols = all_subprotocols();
        }
        let known = |name: &&String| Subprotocol::from_name(name).is_some();
        let subprotocols = setup.options.subprotocols.iter().filter(known).cloned().collect();
        Self { setup, subprotocols, rawsocket }
    }

    /// `None` if no session can begin; the client was told as far as possible.
    pub(super) async fn open<N: Listen>(
        self: Arc<Self>,
        accepted: Accepted<N::Io>,
        admission: Admission,
    ) -> Option<OpenedClient<N>> {
        let mut passed = self.setup.pass_front::<N>(accepted).await?;
        let first = timeout::<N, _>(self.setup.options.open_timeout, first_octet(&mut passed));
        if first.await.ok()?? == raw::MAGIC {
            return self.open_rawsocket(passed, admission).await;
        }
        match passed.receive::<N>(Arc::clone(&self.setup.options), admission).await? {
            Incoming::Upgrade(upgrade) => self.accept(upgrade).await,
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
    ) -> Option<OpenedClient<N>> {
        let Passed { io, peer, received } = passed;
        let (options, entropy) = (Arc::clone(&self.rawsocket), Box::new(OsEntropy::default()));
        let opened = accept_rawsocket_after(io, received, options, entropy, admission).await.ok()?;
        let subprotocol = Subprotocol { serializer: opened.serializer, batching: Batching::Single };
        let transport = describe("rawsocket", subprotocol, peer.map(|peer| peer.to_string()));
        Some(OpenedClient::RawSocket(opened.wire, transport))
    }

    async fn accept<N: Listen>(&self, upgrade: Upgrade<N::Io, N>) -> Option<OpenedClient<N>> {
        let request = upgrade.request();
        let chosen = request.choose_subprotocol(&self.subprotocols).and_then(Subprotocol::from_name);
        let Some(subprotocol) = chosen else {
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
        let transport = describe("websocket", subprotocol, request.http.client().map(Into::into));
        let mut acceptance = Acceptance::default();
        acceptance.subprotocol = Chosen::Named(subprotocol.name().into());
        let connection = upgrade.accept::<Messages>(acceptance).await.ok()?;
        Some(OpenedClient::WebSocket(LinkWire::from_websocket(connection, subprotocol), transport))
    }
}

impl<N: Listen> OpenedClient<N> {
    /// Serves the client until its connection ends; once a shutdown is requested, that is soon.
    pub(super) async fn serve(self, handle: RouterHandle, shutdown: &Shutdown) {
        match self {
            Self::WebSocket(wire, transport) => run(handle.serve(wire, transport), shutdown).await,
            Self::RawSocket(wire, transport) => run(handle.serve(wire, transport), shutdown).await,
        }
    }
}

async fn run<W: RouterWire>(mut connection: RouterConnection<W>, shutdown: &Shutdown) {
    let mut shutdown = shutdown.watch();
    poll_fn(|cx| {
        if shutdown.take_request() || shutdown.wait(cx.waker()) && shutdown.take_request() {
            connection.dismiss();
        }
        Pin::new(&mut connection).poll(cx)
    })
    .await;
}

/// The first octet, which stays to be read; `None` if the stream ends before it.
async fn first_octet<I: Io>(passed: &mut Passed<I>) -> Option<u8> {
    if passed.received.is_empty() {
        passed.received = BytesMut::with_capacity(FIRST_READ);
        poll_fn(|cx| passed.io.poll_read(cx, &mut passed.received)).await.ok()?;
    }
    passed.received.first().copied()
}

/// What others may learn of a connection through the session meta API.
fn describe(kind: &str, subprotocol: Subprotocol, peer: Option<String>) -> TransportInfo {
    let mut transport = TransportInfo::new(subprotocol.serializer);
    transport.details.insert("type", kind);
    transport.details.insert("protocol", subprotocol.name());
    if let Some(peer) = peer {
        transport.details.insert("peer", peer);
    }
    transport
}

fn all_subprotocols() -> Vec<String> {
    let with = |batching| move |serializer| Subprotocol { serializer, batching }.name().to_owned();
    let names = |batching| Serializer::ALL.into_iter().map(with(batching));
    names(Batching::Single).chain(names(Batching::Batched)).collect()
}
