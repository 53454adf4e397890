//! Opening connections.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::BytesMut;
use wirebahn_adapter::{ConnectError, Dialer, OsEntropy};
use wirebahn_core::Engine;
use wirebahn_core::http::WsUrl;
use wirebahn_core::websocket::opening::{
    ClientOpening, ClientOpeningError, ClientOpeningEvent, ClientOptions, ClientRequest, RedirectError,
    Response,
};
use wirebahn_core::websocket::{Layer, Messages};

use crate::reach::reach;
use crate::socket::{Socket, now};
use crate::{Connection, Duplex, Network};

/// Opens a connection over a stream that leads to the server.
///
/// # Errors
///
/// The server refuses, answers wrongly or not in time.
pub fn connect_on<S: Duplex>(
    stream: S,
    request: ClientRequest,
    options: Arc<ClientOptions>,
) -> Result<Opened<Messages, S>, ConnectError> {
    Ok(open(stream, BytesMut::new(), request, options).map_err(|(error, _)| error)?)
}

/// An open connection and what the server answered.
#[derive(Debug)]
#[non_exhaustive]
pub struct Opened<L: Layer, S> {
    /// The connection.
    pub connection: Connection<L, S>,
    /// The response: headers, subprotocol.
    pub response: Box<Response>,
}

/// A connection to be opened. Adapters name it without the parameter.
///
/// ```
/// use wirebahn_drive_blocking::{Client, ConnectError, Network};
///
/// fn subprotocol<N: Network>() -> Result<Option<String>, ConnectError> {
///     let opened = Client::<N>::new("ws://example.com/chat")?
///         .header("Authorization", "Bearer 4711")?
///         .subprotocol("chat")?
///         .proxy("socks5h://127.0.0.1:9050".parse()?)
///         .connect()?;
///     Ok(opened.response.subprotocol)
/// }
/// ```
pub struct Client<N> {
    request: ClientRequest,
    options: Arc<ClientOptions>,
    dialer: Dialer,
    max_redirects: usize,
    network: PhantomData<fn() -> N>,
}

impl<N: Network> Client<N> {
    /// A connection to the server at `url`.
    ///
    /// # Errors
    ///
    /// The URL is invalid.
    pub fn new(url: &str) -> Result<Self, ConnectError> {
        let url: WsUrl = url.parse()?;
        Ok(Self {
            request: ClientRequest::new(url),
            options: Arc::default(),
            dialer: Dialer::default(),
            max_redirects: 0,
            network: PhantomData,
        })
    }

    wirebahn_adapter::client_setters!();

    /// Opens the connection at the level of whole messages.
    ///
    /// # Errors
    ///
    /// The server cannot be reached, refuses, or does not answer in time.
    pub fn connect(self) -> Result<Opened<Messages, N::Stream>, ConnectError> {
        self.connect_layer()
    }

    /// Opens the connection at the layer `L`: `Messages`, `Frames` or `Streaming`.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub fn connect_layer<L: Layer>(self) -> Result<Opened<L, N::Stream>, ConnectError> {
        let mut request = self.request;
        let mut redirects = 0;
        loop {
            let url = request.url().clone();
            let (stream, received) = reach::<N>(&url, &self.dialer)?;
            match open(stream, received, request.clone(), Arc::clone(&self.options)) {
                Ok(opened) => return Ok(opened),
                Err((ClientOpeningError::Rejected(rejection), _))
                    if self.max_redirects > 0 && rejection.is_redirect() =>
                {
                    if redirects == self.max_redirects {
                        return Err(RedirectError::TooMany.into());
                    }
                    redirects += 1;
                    request = request.redirected(&rejection)?;
                }
                Err((error, cause)) => return Err(ConnectError::opening(&url, error, cause)),
            }
        }
    }
}

/// The opening handshake. An error comes with that of the stream.
fn open<L: Layer, S: Duplex>(
    stream: S,
    received: BytesMut,
    request: ClientRequest,
    options: Arc<ClientOptions>,
) -> Result<Opened<L, S>, (ClientOpeningError, Option<io::Error>)> {
    let mut opening = ClientOpening::new(request, options, Box::new(OsEntropy::default()), now());
    opening.recv_buf().unsplit(received);
    let mut socket = Socket::new(opening, stream);
    // Without a limit there is no time to run out of.
    match socket.next_event(None).ok().flatten() {
        Some(ClientOpeningEvent::Open(response)) => {
            let socket = socket.map_engine(|opening| {
                L::new(opening.into_established().expect("the event says that the connection is open"))
            });
            Ok(Opened { connection: Connection::new(socket), response })
        }
        Some(ClientOpeningEvent::Failed(error)) => Err((error, socket.take_io_error())),
        _ => Err((ClientOpeningError::TransportLost, socket.take_io_error())),
    }
}

impl<N> Clone for Client<N> {
    fn clone(&self) -> Self {
        Self {
            request: self.request.clone(),
            options: Arc::clone(&self.options),
            dialer: self.dialer.clone(),
            max_redirects: self.max_redirects,
            network: PhantomData,
        }
    }
}

impl<N> fmt::Debug for Client<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("url", self.request.url())
            .field("dialer", &self.dialer)
            .finish_non_exhaustive()
    }
}
