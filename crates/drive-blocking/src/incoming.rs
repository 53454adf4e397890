//! Clients' requests, and what to answer.

use std::fmt;
use std::sync::Arc;

use bytes::BytesMut;
use wirebahn_adapter::OsEntropy;
use wirebahn_core::Engine;
use wirebahn_core::websocket::Layer;
use wirebahn_core::websocket::opening::{
    AcceptError, Acceptance, AnswerError, HttpRequest, HttpResponse, OpeningFailure, Refusal, Request,
    ServerOpening, ServerOpeningEvent, ServerOptions,
};

use crate::socket::{Socket, now};
use crate::{Connection, Duplex, WebSocket};

/// Accepts a WebSocket over a stream, whatever its path and subprotocols.
///
/// # Errors
///
/// The client made no valid request; it was told so.
pub fn accept<S: Duplex>(stream: S) -> Result<WebSocket<S>, OpeningFailure> {
    match receive(stream, Arc::default(), None)? {
        Incoming::Upgrade(upgrade) => {
            upgrade.accept(Acceptance::default()).map_err(|_| OpeningFailure::TransportLost)
        }
        // The default options refuse plain HTTP.
        Incoming::Http(_) => Err(OpeningFailure::TransportLost),
    }
}

/// Waits for the request of a client over a stream, to be accepted or refused. `peer` is the address of the stream's
/// other end, if it has one.
///
/// # Errors
///
/// The client made no valid request; it was told so.
pub fn receive<S: Duplex>(
    stream: S,
    options: Arc<ServerOptions>,
    peer: Option<String>,
) -> Result<Incoming<S>, OpeningFailure> {
    receive_after(stream, BytesMut::new(), options, peer, Admission::Admit)
}

/// Whether one more connection is welcome.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    Admit,
    OverCapacity,
}

pub(crate) fn receive_after<S: Duplex>(
    stream: S,
    received: BytesMut,
    options: Arc<ServerOptions>,
    peer: Option<String>,
    admission: Admission,
) -> Result<Incoming<S>, OpeningFailure> {
    let mut opening = ServerOpening::new(options, peer, Box::new(OsEntropy::default()), now());
    if admission == Admission::OverCapacity {
        opening.refuse_over_capacity();
    }
    opening.recv_buf().unsplit(received);
    let mut socket = Socket::new(opening, stream);
    // Without a limit there is no time to run out of.
    match socket.next_event(None).ok().flatten() {
        Some(ServerOpeningEvent::Request(request)) => Ok(Incoming::Upgrade(Upgrade { request, socket })),
        Some(ServerOpeningEvent::Http(request)) => Ok(Incoming::Http(HttpExchange { request, socket })),
        Some(ServerOpeningEvent::Failed(failure)) => Err(failure),
        _ => Err(OpeningFailure::TransportLost),
    }
}

/// A request that a client has made over a new stream, waiting for an answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum Incoming<S> {
    /// The client wants a WebSocket.
    Upgrade(Upgrade<S>),
    /// The client wants something else; only if
    /// [`PlainHttp::HandOver`](wirebahn_core::websocket::opening::PlainHttp::HandOver) says so.
    Http(HttpExchange<S>),
}

/// A client that wants a WebSocket. Accept or refuse it, now or later; dropping it drops the stream.
#[derive(Debug)]
pub struct Upgrade<S> {
    request: Box<Request>,
    socket: Socket<ServerOpening, S>,
}

impl<S: Duplex> Upgrade<S> {
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
    #[expect(
        clippy::result_large_err,
        reason = "the request is given back unchanged, which costs only a move"
    )]
    pub fn accept<L: Layer>(
        mut self,
        acceptance: Acceptance,
    ) -> Result<Connection<L, S>, (AcceptError, Self)> {
        if let Err(error) = self.socket.engine_mut().accept(acceptance, now()) {
            return Err((error, self));
        }
        let mut connection = Connection::new(self.socket.map_engine(|opening| {
            L::new(opening.into_established().expect("the request was accepted just now"))
        }));
        // If the client is gone already, the connection's events will say so.
        let _ = connection.flush();
        Ok(connection)
    }

    /// Refuses, and waits until the client has been told.
    ///
    /// # Errors
    ///
    /// The answer is not allowed; here is the request again, to be answered otherwise.
    #[expect(
        clippy::result_large_err,
        reason = "the request is given back unchanged, which costs only a move"
    )]
    pub fn refuse(mut self, refusal: Refusal) -> Result<(), (AnswerError, Self)> {
        if let Err(error) = self.socket.engine_mut().refuse(refusal, now()) {
            return Err((error, self));
        }
        while let Ok(Some(_)) = self.socket.next_event(None) {}
        Ok(())
    }

    /// The stream.
    #[must_use]
    pub const fn stream(&self) -> Option<&S> {
        self.socket.stream()
    }
}

/// A client that has made a plain HTTP request. Answer it; dropping it drops the stream.
#[derive(Debug)]
pub struct HttpExchange<S> {
    request: Box<HttpRequest>,
    socket: Socket<ServerOpening, S>,
}

impl<S: Duplex> HttpExchange<S> {
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
    #[expect(
        clippy::result_large_err,
        reason = "the request is given back unchanged, which costs only a move"
    )]
    pub fn respond(mut self, response: HttpResponse) -> Result<(), (AnswerError, Self)> {
        if let Err(error) = self.socket.engine_mut().respond(response, now()) {
            return Err((error, self));
        }
        while let Ok(Some(_)) = self.socket.next_event(None) {}
        Ok(())
    }
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Admit { "Admit" } else { "OverCapacity" })
    }
}
