//! The client's side of the opening handshake, over any stream.

use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::BytesMut;
use wirebahn_core::websocket::opening::{
    ClientOpening, ClientOpeningError, ClientOpeningEvent, ClientOptions, ClientRequest, Response,
};
use wirebahn_core::{Engine, Entropy};

use super::{Connection, Layer};
use crate::{Io, Runtime, Socket};

/// An open connection and what the server answered.
#[non_exhaustive]
pub struct Opened<L: Layer, I, R: Runtime> {
    /// The connection.
    pub connection: Connection<L, I, R>,
    /// The response: headers, subprotocol.
    pub response: Box<Response>,
}

/// Opens a connection at the layer `L` over a stream that leads to the server.
///
/// Takes no longer than [`ClientOptions::open_timeout`].
///
/// # Errors
///
/// The server refused, answered wrongly or not in time.
pub async fn open<L: Layer, I: Io, R: Runtime>(
    io: I,
    request: ClientRequest,
    options: Arc<ClientOptions>,
    entropy: Box<dyn Entropy>,
) -> Result<Opened<L, I, R>, ClientOpeningError> {
    open_received(io, BytesMut::new(), request, options, entropy).await.map_err(|(error, _)| error)
}

/// As [`open`], over a stream from which `received` was read already. The error comes with that of the stream.
pub(super) async fn open_received<L: Layer, I: Io, R: Runtime>(
    io: I,
    received: BytesMut,
    request: ClientRequest,
    options: Arc<ClientOptions>,
    entropy: Box<dyn Entropy>,
) -> Result<Opened<L, I, R>, (ClientOpeningError, Option<io::Error>)> {
    let mut opening = ClientOpening::new(request, options, entropy, R::now());
    opening.recv_buf().unsplit(received);
    // On the heap, so that the future of a whole connection does not have to have room for it.
    let mut socket: Box<Socket<_, I, R>> = Box::new(Socket::new(opening, io));
    match socket.next_event().await {
        Some(ClientOpeningEvent::Open(response)) => {
            let connection = Connection::from_socket((*socket).map_engine(|opening| {
                L::new(opening.into_established().expect("the event says that the connection is open"))
            }));
            Ok(Opened { connection, response })
        }
        Some(ClientOpeningEvent::Failed(error)) => Err((error, socket.take_io_error())),
        _ => Err((ClientOpeningError::TransportLost, None)),
    }
}

impl<L: Layer, I, R: Runtime> fmt::Debug for Opened<L, I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("response", &self.response).finish_non_exhaustive()
    }
}
