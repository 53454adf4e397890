//! WebSockets behind HTTP servers of others: hyper 1, and what is built on it, on any runtime that Wirebahn has an adapter
//! for.
//!
//! The server reads the request and writes the response; the checks, the answer and the connection are those of
//! [`Server`](wirebahn_drive::websocket::Server). On tokio, with axum for example, use `http_upgrade` of `wirebahn-tokio`
//! (feature `http-upgrade`), which names the runtime. On others it is a parameter; on smol:
//!
//! ```
//! use std::sync::Arc;
//!
//! use wirebahn_http_upgrade::{HttpReply, HttpStream, HttpUpgrade};
//! use wirebahn_smol::opening::{Acceptance, ServerOptions};
//! use wirebahn_smol::{SmolRuntime, WebSocket};
//!
//! async fn chat<B>(mut request: http::Request<B>) -> HttpReply {
//!     let options = Arc::new(ServerOptions::default());
//!     let upgrade = match HttpUpgrade::<SmolRuntime>::receive(&mut request, options, None) {
//!         Ok(upgrade) => upgrade,
//!         Err(refused) => return refused.response,
//!     };
//!     let accepted = upgrade.accept(Acceptance::default()).expect("nothing is asked for that must not be");
//!     accepted.serve(|mut socket: WebSocket<HttpStream>| async move {
//!         while let Some(message) = socket.recv().await {
//!             if socket.send(message).await.is_err() {
//!                 break;
//!             }
//!         }
//!     })
//! }
//! ```
//!
//! hyper has to serve its connections `with_upgrades`. Only HTTP/1.1 has this way to a WebSocket.
#![forbid(unsafe_code)]

mod convert;
mod stream;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::upgrade::OnUpgrade;
use wirebahn_core::http::StatusCode;
use wirebahn_core::websocket::opening::{
    AcceptError, Acceptance, AnswerError, HttpAccepted, HttpOpening, HttpRejection, OpeningFailure, Refusal,
    Request, ServerOptions,
};
use wirebahn_core::websocket::{Layer, extension::ExtensionParams};
use wirebahn_drive::websocket::Connection;
#[cfg(feature = "router")]
use wirebahn_drive::websocket::WebSocket;
use wirebahn_drive::{Network, OsEntropy, Wrap};

pub use stream::HttpStream;

/// A response for hyper; axum takes it as it is.
pub type HttpReply = http::Response<Full<Bytes>>;

/// A valid request for a WebSocket that an HTTP server has received, for connections on the runtime `R`. Accept or refuse
/// it, now or later.
pub struct HttpUpgrade<R> {
    opening: HttpOpening,
    on_upgrade: OnUpgrade,
    runtime: PhantomData<fn() -> R>,
}

/// There will be no WebSocket; answer with [`response`](Self::response).
#[derive(Debug)]
#[non_exhaustive]
pub struct HttpRefused {
    /// Why.
    pub failure: OpeningFailure,
    /// What to answer.
    pub response: HttpReply,
}

/// A request that was accepted: the response is still to be sent, and then the connection opens.
pub struct Accepted<R> {
    accepted: HttpAccepted,
    on_upgrade: OnUpgrade,
    runtime: PhantomData<fn() -> R>,
}

impl<R> HttpUpgrade<R> {
    /// Checks the request of a client, and takes the connection's upgrade out of it. `peer` is the address of its other
    /// end, if it is known.
    ///
    /// [`ServerOptions::open_timeout`] and [`ServerOptions::plain_http`] are the HTTP server's business, and so is what
    /// has changed the request on its way here: a router that strips a part of the path, for example.
    ///
    /// # Errors
    ///
    /// The request is not valid, or the HTTP server cannot hand over the connection: here is what to answer.
    pub fn receive<B>(
        request: &mut http::Request<B>,
        options: Arc<ServerOptions>,
        peer: Option<String>,
    ) -> Result<Self, Box<HttpRefused>> {
        let on_upgrade = request.extensions_mut().remove::<OnUpgrade>();
        let opening = match convert::head(request) {
            Ok(head) => HttpOpening::new(head, peer.as_deref(), options)
                .map_err(|rejection| Box::new(HttpRefused::from(*rejection)))?,
            Err(error) => return Err(Box::new(HttpRejection::wrong_request(error, &options).into())),
        };
        match on_upgrade {
            Some(on_upgrade) => Ok(Self { opening, on_upgrade, runtime: PhantomData }),
            None => Err(Box::new(HttpRefused::without_upgrade(opening))),
        }
    }

    /// What the client asks for.
    #[must_use]
    pub fn request(&self) -> &Request {
        self.opening.request()
    }

    /// Accepts the request.
    ///
    /// # Errors
    ///
    /// The answer is not allowed; here is the request again, to be answered otherwise.
    pub fn accept(self, acceptance: Acceptance) -> Result<Accepted<R>, (AcceptError, Self)> {
        let Self { opening, on_upgrade, runtime } = self;
        match opening.accept(acceptance) {
            Ok(accepted) => Ok(Accepted { accepted, on_upgrade, runtime }),
            Err((error, opening)) => Err((error, Self { opening, on_upgrade, runtime })),
        }
    }

    /// Refuses the request.
    ///
    /// # Errors
    ///
    /// The answer is not allowed; here is the request again, to be answered otherwise.
    pub fn refuse(self, refusal: Refusal) -> Result<HttpReply, (AnswerError, Self)> {
        let Self { opening, on_upgrade, runtime } = self;
        match opening.refuse(refusal) {
            Ok(rejection) => Ok(HttpRefused::from(rejection).response),
            Err((error, opening)) => Err((error, Self { opening, on_upgrade, runtime })),
        }
    }

    /// Lets the client into `router`, with the first of the subprotocols it offers that is one of WAMP's; one that offers
    /// none is refused with 400. The connection is served by a task of its own.
    #[cfg(feature = "router")]
    #[must_use = "the client waits for the response"]
    pub fn serve_wamp(self, router: &wirebahn_drive::wamp::router::Router<R>) -> HttpReply
    where
        R: Network + Wrap<HttpStream, Wrapped: Send + 'static>,
    {
        use wirebahn_core::wamp::Subprotocol;
        use wirebahn_core::websocket::opening;

        let offered = &self.request().subprotocols;
        let Some(subprotocol) = offered.iter().find_map(|name| Subprotocol::from_name(name)) else {
            let body = "offer a subprotocol of WAMP, such as wamp.2.json\n";
            return self.refuse_in_words(StatusCode::BAD_REQUEST, body).response;
        };
        let mut acceptance = Acceptance::default();
        acceptance.subprotocol = opening::Subprotocol::Named(subprotocol.name().into());
        let router = router.clone();
        match self.accept(acceptance) {
            Ok(accepted) => accepted.serve(move |socket: WebSocket<R::Wrapped, R>| async move {
                router.serve_websocket(socket, subprotocol).await;
            }),
            Err((error, upgrade)) => {
                upgrade.refuse_in_words(StatusCode::INTERNAL_SERVER_ERROR, &format!("{error}\n")).response
            }
        }
    }

    #[cfg(feature = "router")]
    fn refuse_in_words(self, status: StatusCode, body: &str) -> HttpRefused {
        HttpRefused::in_words(self.opening, status, body)
    }
}

impl<R> Accepted<R> {
    /// The response to send, and the connection at the layer `L` (`Messages`, `Frames` or `Streaming`), which opens once
    /// the HTTP server has sent it: wait for it in another task than the one that sends the response.
    ///
    /// The connection fails to open if the HTTP server could not hand over the transport, which may be gone.
    pub fn into_parts<L: Layer>(
        self,
    ) -> (HttpReply, impl Future<Output = hyper::Result<Connection<L, R::Wrapped, R>>> + use<L, R>)
    where
        R: Wrap<HttpStream>,
    {
        let Self { accepted, on_upgrade, .. } = self;
        let response = convert::response(accepted.response());
        let connection = async move {
            let stream = HttpStream::new(on_upgrade.await?);
            let established = accepted.into_established(Box::new(OsEntropy::default()), R::now());
            Ok(Connection::from_established(established, R::wrap(stream)))
        };
        (response, connection)
    }

    /// The response to send. A task of its own, on the runtime that this is called on, then hands the connection to
    /// `handler`.
    #[must_use = "the client waits for the response"]
    pub fn serve<L, H, F>(self, handler: H) -> HttpReply
    where
        R: Network + Wrap<HttpStream, Wrapped: Send + 'static>,
        L: Layer + Send + 'static,
        H: FnOnce(Connection<L, R::Wrapped, R>) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let (response, connection) = self.into_parts();
        R::spawner()(Box::pin(async move {
            // A client that is gone before it has its response needs no handler.
            let Ok(connection) = connection.await else { return };
            handler(connection).await;
        }));
        response
    }

    /// The extension that is used, as the client is told.
    #[must_use]
    pub fn extension(&self) -> Option<&ExtensionParams> {
        self.accepted.extension()
    }
}

impl HttpRefused {
    /// hyper was not asked to serve `with_upgrades`.
    fn without_upgrade(opening: HttpOpening) -> Self {
        let body = "this server cannot hand over its connections\n";
        Self::in_words(opening, StatusCode::NOT_IMPLEMENTED, body)
    }

    fn in_words(opening: HttpOpening, status: StatusCode, body: &str) -> Self {
        let mut refusal = Refusal::new(status);
        let value = "text/plain; charset=utf-8";
        refusal.headers.append("Content-Type", value).expect("the value is visible ASCII");
        refusal.body = body.to_owned().into();
        let refused = opening.refuse(refusal).map_err(|(error, _)| error);
        refused.expect("the status is an error's, and the header is not written elsewhere").into()
    }
}

impl From<HttpRejection> for HttpRefused {
    fn from(rejection: HttpRejection) -> Self {
        Self { failure: rejection.failure, response: convert::rejection(rejection.response) }
    }
}

impl<R> fmt::Debug for HttpUpgrade<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpUpgrade").field("request", self.request()).finish_non_exhaustive()
    }
}

impl<R> fmt::Debug for Accepted<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accepted").field("response", self.accepted.response()).finish_non_exhaustive()
    }
}
