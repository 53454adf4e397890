//! The server's side of the opening handshake, over any stream.

use std::fmt;
use std::sync::Arc;

use bytes::BytesMut;
use wirebahn_core::websocket::Config;
use wirebahn_core::websocket::opening::{
    AcceptError, Acceptance, AnswerError, HttpRequest, HttpResponse, OpeningFailure, Refusal, Request,
    ServerOpening, ServerOpeningEvent, ServerOptions,
};
use wirebahn_core::{Engine, Entropy};

use super::{Connection, Layer, WebSocket};
use crate::{Io, OsEntropy, Runtime, Socket};

/// A request that a client has made over a new stream, waiting for an answer.
#[non_exhaustive]
pub enum Incoming<I: Io, R: Runtime> {
    /// The client wants a WebSocket.
    Upgrade(Upgrade<I, R>),
    /// The client wants something else; only if
    /// [`PlainHttp::HandOver`](wirebahn_core::websocket::opening::PlainHttp::HandOver) says so.
    Http(HttpExchange<I, R>),
}

/// Whether one more connection is welcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Admission {
    /// It is.
    #[default]
    Admit,
    /// There are too many: a valid request is answered with 503.
    OverCapacity,
}

impl<I: Io, R: Runtime> Incoming<I, R> {
    /// Waits for the request of a client. `peer` is the address of the stream's other end, if it has one.
    ///
    /// Takes no longer than [`ServerOptions::open_timeout`]. Requests that are not valid are answered here.
    ///
    /// # Errors
    ///
    /// There was no request that an application could answer; the client was told so as far as possible.
    pub async fn receive(
        io: I,
        options: Arc<ServerOptions>,
        peer: Option<String>,
        entropy: Box<dyn Entropy>,
        admission: Admission,
    ) -> Result<Self, OpeningFailure> {
        Self::receive_after(io, BytesMut::new(), options, peer, entropy, admission).await
    }

    /// As [`receive`](Self::receive), over a stream from which `received` was read already.
    ///
    /// # Errors
    ///
    /// As [`receive`](Self::receive).
    pub async fn receive_after(
        io: I,
        received: BytesMut,
        options: Arc<ServerOptions>,
        peer: Option<String>,
        entropy: Box<dyn Entropy>,
        admission: Admission,
    ) -> Result<Self, OpeningFailure> {
        let mut opening = ServerOpening::new(options, peer, entropy, R::now());
        opening.recv_buf().unsplit(received);
        if admission == Admission::OverCapacity {
            opening.refuse_over_capacity();
        }
        // On the heap, so that the future of a whole connection does not have to have room for it.
        let mut socket = Box::new(Socket::new(opening, io));
        match socket.next_event().await {
            Some(ServerOpeningEvent::Request(request)) => Ok(Self::Upgrade(Upgrade { request, socket })),
            Some(ServerOpeningEvent::Http(request)) => Ok(Self::Http(HttpExchange { request, socket })),
            Some(ServerOpeningEvent::Failed(failure)) => Err(failure),
            _ => Err(OpeningFailure::TransportLost),
        }
    }
}

/// Accepts a WebSocket over a stream, whatever its path and subprotocols.
///
/// # Errors
///
/// The client made no valid request; it was told so.
pub async fn accept_any<I: Io, R: Runtime>(io: I) -> Result<WebSocket<I, R>, OpeningFailure> {
    let entropy = Box::new(OsEntropy::default());
    match Incoming::receive(io, Arc::default(), None, entropy, Admission::Admit).await? {
        Incoming::Upgrade(upgrade) => match upgrade.accept(Acceptance::default()).await {
            Ok(socket) => Ok(socket),
            Err(_) => Err(OpeningFailure::TransportLost),
        },
        // The default options refuse plain HTTP.
        Incoming::Http(_) => Err(OpeningFailure::TransportLost),
    }
}

/// A client that wants a WebSocket. Accept or refuse it, now or later; dropping it drops the stream.
pub struct Upgrade<I: Io, R: Runtime> {
    request: Box<Request>,
    socket: Box<Socket<ServerOpening, I, R>>,
}

impl<I: Io, R: Runtime> Upgrade<I, R> {
    /// What the client asks for.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Accepts, and opens the connection at the layer `L`: `Messages`, `Frames` or `Streaming`.
    ///
    /// # Errors
    ///
    /// The answer is not allowed; here is the request again, to be answered otherwise.
    pub async fn accept<L: Layer>(
        self,
        acceptance: Acceptance,
    ) -> Result<Connection<L, I, R>, (AcceptError, Self)> {
        self.accept_with(acceptance, None).await
    }

    /// As [`accept`](Self::accept), with options of this connection's own.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    pub async fn accept_with<L: Layer>(
        mut self,
        acceptance: Acceptance,
        config: Option<Arc<Config>>,
    ) -> Result<Connection<L, I, R>, (AcceptError, Self)> {
        let now = R::now();
        if let Err(error) = self.socket.engine_mut().accept(acceptance, now) {
            return Err((error, self));
        }
        let mut connection = Connection::from_socket((*self.socket).map_engine(|opening| {
            let mut established = opening.into_established().expect("the request was accepted just now");
            if let Some(config) = config {
                established.config = config;
            }
            L::new(established)
        }));
        // If the client is gone already, the connection's events will say so.
        let _ = connection.flush().await;
        Ok(connection)
    }

    /// Refuses, and waits until the client has been told.
    ///
    /// # Errors
    ///
    /// The answer is not allowed; here is the request again, to be answered otherwise.
    pub async fn refuse(mut self, refusal: Refusal) -> Result<(), (AnswerError, Self)> {
        let now = R::now();
        if let Err(error) = self.socket.engine_mut().refuse(refusal, now) {
            return Err((error, self));
        }
        while self.socket.next_event().await.is_some() {}
        Ok(())
    }

    /// The stream.
    #[must_use]
    pub fn io(&self) -> Option<&I> {
        self.socket.io()
    }
}

/// A client that has made a plain HTTP request. Answer it; dropping it drops the stream.
pub struct HttpExchange<I: Io, R: Runtime> {
    request: Box<HttpRequest>,
    socket: Box<Socket<ServerOpening, I, R>>,
}

impl<I: Io, R: Runtime> HttpExchange<I, R> {
    /// What the client asks for.
    #[must_use]
    pub fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// Answers, and waits until the client has got it.
    ///
    /// # Errors
    ///
    /// The answer is not allowed; here is the request again, to be answered otherwise.
    pub async fn respond(mut self, response: HttpResponse) -> Result<(), (AnswerError, Self)> {
        let now = R::now();
        if let Err(error) = self.socket.engine_mut().respond(response, now) {
            return Err((error, self));
        }
        while self.socket.next_event().await.is_some() {}
        Ok(())
    }
}

impl<I: Io, R: Runtime> fmt::Debug for Incoming<I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upgrade(upgrade) => fmt::Debug::fmt(upgrade, f),
            Self::Http(exchange) => fmt::Debug::fmt(exchange, f),
        }
    }
}

impl<I: Io, R: Runtime> fmt::Debug for Upgrade<I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrade").field("request", &self.request).finish_non_exhaustive()
    }
}

impl<I: Io, R: Runtime> fmt::Debug for HttpExchange<I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpExchange").field("request", &self.request).finish_non_exhaustive()
    }
}
