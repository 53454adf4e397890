//! One connection: finding out what is spoken over it, and answering, or opening a link for a session.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::BytesMut;
use wirebahn_core::rawsocket::{self, RawSocket};
use wirebahn_core::wamp::{Batching, Serializer, Subprotocol};
use wirebahn_core::websocket::Messages;
use wirebahn_drive::wamp::{LinkWire, accept_rawsocket_after};
use wirebahn_drive::websocket::{Admission, HttpExchange, Incoming, Upgrade};
use wirebahn_drive::{OsEntropy, first_octet};
use wirebahn_router::TransportInfo;
use wirebahn_tokio::TokioRuntime;
use wirebahn_tokio::http::{Headers, StatusCode};
use wirebahn_tokio::opening::{
    Acceptance, HttpResponse, OpeningFailure, Refusal as RefusedRequest, Subprotocol as Chosen,
};

use crate::config::Protocol;
use crate::http::Site;
use crate::metrics::{Refusal, Spoken};
use crate::node::{Listener, Live, Place, Shared};
use crate::wire::Wire;

/// What a `RawSocket` client begins with; no HTTP request does.
const RAWSOCKET_MAGIC: u8 = rawsocket::opening::MAGIC;

type Link<L> = LinkWire<L, Wire, TokioRuntime>;

/// What a connection has come to: one that can carry a session.
#[expect(clippy::large_enum_variant, reason = "it is taken apart at once")]
enum Opened {
    WebSocket(Link<Messages>, Subprotocol),
    RawSocket(Link<RawSocket>, Serializer),
}

pub(crate) async fn serve(
    shared: Arc<Shared>,
    listener: Arc<Listener>,
    wire: Wire,
    peer: Option<SocketAddr>,
    place: Place,
) {
    let opening = Opening { live: shared.live(), shared: &shared, listener: &listener, peer, place: &place };
    let describe =
        |kind, subprotocol| TransportInfo::of_client(kind, subprotocol, peer.map(|peer| peer.to_string()));
    // On the heap, and gone when the session begins: only that determines how large the task of a connection is.
    match Box::pin(opening.run(wire)).await {
        Some(Opened::WebSocket(link, subprotocol)) => {
            let _open = (shared.busy(), shared.metrics.opened(&listener.name, Spoken::WebSocket));
            shared.router.serve(link, describe("websocket", subprotocol)).await;
        }
        Some(Opened::RawSocket(link, serializer)) => {
            let _open = (shared.busy(), shared.metrics.opened(&listener.name, Spoken::RawSocket));
            let subprotocol = Subprotocol { serializer, batching: Batching::Single };
            shared.router.serve(link, describe("rawsocket", subprotocol)).await;
        }
        None => {}
    }
}

/// A connection until it has opened.
struct Opening<'a> {
    shared: &'a Shared,
    listener: &'a Listener,
    live: Arc<Live>,
    peer: Option<SocketAddr>,
    place: &'a Place,
}

impl Opening<'_> {
    async fn run(self, mut wire: Wire) -> Option<Opened> {
        let listener = self.live.listener(self.listener);
        let speaks_http = listener.speaks(Protocol::WebSocket) || listener.speaks(Protocol::Http);
        let patience = self.live.config.websocket.open_timeout;
        let mut received = BytesMut::new();
        let first = first_octet(&mut wire, &mut received);
        let Ok(first) = tokio::time::timeout(patience, first).await else {
            self.refused(Refusal::Timeout, "nothing came");
            return None;
        };
        match first {
            Ok(Some(RAWSOCKET_MAGIC)) if listener.speaks(Protocol::RawSocket) => {
                self.rawsocket(wire, received).await
            }
            Ok(Some(octet)) if speaks_http && octet != RAWSOCKET_MAGIC => self.http(wire, received).await,
            Ok(Some(octet)) => {
                let why = format_args!("nothing that begins with {octet:#04x} is spoken here");
                self.refused(Refusal::Invalid, why);
                None
            }
            // Somebody has only looked whether there is a listener.
            Ok(None) | Err(_) => None,
        }
    }

    async fn rawsocket(&self, wire: Wire, received: BytesMut) -> Option<Opened> {
        use rawsocket::opening::OpeningFailure;

        let options = Arc::clone(&self.live.rawsocket);
        let entropy = Box::new(OsEntropy::default());
        match accept_rawsocket_after(wire, received, options, entropy, self.admission()).await {
            Ok(opened) => return Some(Opened::RawSocket(opened.wire, opened.serializer)),
            Err(OpeningFailure::TransportLost) => {}
            Err(failure @ OpeningFailure::TimedOut(_)) => self.refused(Refusal::Timeout, failure),
            Err(failure) if self.admission() == Admission::OverCapacity => {
                self.refused(Refusal::Capacity, failure);
            }
            Err(failure) => self.refused(Refusal::Invalid, failure),
        }
        None
    }

    async fn http(&self, wire: Wire, received: BytesMut) -> Option<Opened> {
        let options = Arc::clone(&self.live.websocket);
        let peer = self.peer.map(|peer| peer.to_string());
        let entropy = Box::new(OsEntropy::default());
        match Incoming::receive_after(wire, received, options, peer, entropy, self.admission()).await {
            Ok(Incoming::Upgrade(upgrade)) => return self.upgrade(upgrade).await,
            Ok(Incoming::Http(exchange)) => self.exchange(exchange).await,
            // Nobody has asked for anything.
            Err(OpeningFailure::TransportLost) => {}
            Err(failure @ OpeningFailure::OverCapacity) => self.refused(Refusal::Capacity, failure),
            Err(failure @ OpeningFailure::TimedOut(_)) => self.refused(Refusal::Timeout, failure),
            Err(failure) => self.refused(Refusal::Invalid, failure),
            // There is nothing else that a client can ask for.
            Ok(_) => {}
        }
        None
    }

    async fn exchange(&self, exchange: HttpExchange<Wire, TokioRuntime>) {
        let _open = self.shared.metrics.opened(&self.listener.name, Spoken::Http);
        let listener = self.live.listener(self.listener);
        let response = if listener.speaks(Protocol::Http) {
            let site = Site {
                config: &self.live.config,
                listener,
                metrics: &self.shared.metrics,
                is_draining: self.shared.is_draining(),
            };
            site.answer(exchange.request())
        } else {
            HttpResponse::new(StatusCode::NOT_FOUND)
        };
        if let Err((error, _)) = exchange.respond(response).await {
            tracing::error!("a response was not allowed: {error}");
        }
    }

    async fn upgrade(&self, upgrade: Upgrade<Wire, TokioRuntime>) -> Option<Opened> {
        let request = upgrade.request();
        let listener = self.live.listener(self.listener);
        let path = request.http.path();
        if !listener.speaks(Protocol::WebSocket)
            || !listener.websocket_paths.iter().any(|known| known == path)
        {
            let why =
                format!("There is no WebSocket at {path}: take {}.", listener.websocket_paths.join(" or "));
            return self.refuse(upgrade, StatusCode::NOT_FOUND, Refusal::Invalid, why).await;
        }
        if !self.live.config.websocket.allowed_origins.admit(request.origin.as_deref(), &request.http) {
            let origin = request.origin.as_deref().unwrap_or_default();
            let why = format!("Pages from {origin} may not connect: see websocket.allowed_origins.");
            return self.refuse(upgrade, StatusCode::FORBIDDEN, Refusal::Origin, why).await;
        }
        let known = &self.live.subprotocols;
        let Some(subprotocol) = request.choose_subprotocol(known).and_then(Subprotocol::from_name) else {
            let why = format!("Offer one of the subprotocols {}.", known.join(", "));
            return self.refuse(upgrade, StatusCode::BAD_REQUEST, Refusal::Invalid, why).await;
        };
        let mut acceptance = Acceptance::default();
        acceptance.subprotocol = Chosen::Named(subprotocol.name().into());
        match upgrade.accept(acceptance).await {
            Ok(connection) => {
                Some(Opened::WebSocket(LinkWire::from_websocket(connection, subprotocol), subprotocol))
            }
            Err((error, _)) => {
                tracing::error!("an acceptance was not allowed: {error}");
                None
            }
        }
    }

    async fn refuse(
        &self,
        upgrade: Upgrade<Wire, TokioRuntime>,
        status: StatusCode,
        reason: Refusal,
        why: String,
    ) -> Option<Opened> {
        self.refused(reason, &why);
        let mut refusal = RefusedRequest::new(status);
        let mut headers = Headers::new();
        headers.append("Content-Type", "text/plain; charset=utf-8").expect("this is visible ASCII");
        refusal.headers = headers;
        refusal.body = format!("{why}\n").into();
        if let Err((error, _)) = upgrade.refuse(refusal).await {
            tracing::error!("a refusal was not allowed: {error}");
        }
        None
    }

    /// New sessions are refused when there are too many connections, and while the node shuts down.
    fn admission(&self) -> Admission {
        if self.shared.is_draining() { Admission::OverCapacity } else { self.place.admission() }
    }

    fn refused(&self, reason: Refusal, why: impl fmt::Display) {
        self.shared.metrics.refused(&self.listener.name, reason);
        let peer = self.peer.map(tracing::field::display);
        tracing::debug!(listener = &*self.listener.name, peer, "connection refused: {why}");
    }
}
