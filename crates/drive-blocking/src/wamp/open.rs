//! From a stream that leads to a router to a session's engine.

use std::sync::Arc;

use bytes::BytesMut;
use wirebahn_adapter::OsEntropy;
use wirebahn_adapter::wamp::OpenError;
use wirebahn_core::Engine;
use wirebahn_core::rawsocket::RawSocket;
use wirebahn_core::rawsocket::opening as raw;
use wirebahn_core::wamp::link::MessageLink;
use wirebahn_core::wamp::session::SessionConfig;
use wirebahn_core::wamp::{Peer, Serializer, Subprotocol};
use wirebahn_core::websocket::Messages;
use wirebahn_core::websocket::opening::{
    ClientOpening, ClientOpeningError, ClientOpeningEvent, ClientOptions, ClientRequest,
};

use super::any_stream::AnyStream;
use super::peer::AnyPeer;
use crate::socket::{Socket, now};
use crate::{Duplex, TryClone};

/// An open connection, over which HELLO is on its way, and the serializer that was agreed on.
pub(super) struct Opened {
    pub(super) socket: Socket<AnyPeer, AnyStream>,
    pub(super) serializer: Serializer,
}

/// Opens a WebSocket, offering `subprotocols`. `received` was read from the stream already.
pub(super) fn open_websocket(
    stream: impl Duplex + TryClone + Send + 'static,
    received: BytesMut,
    mut request: ClientRequest,
    subprotocols: &[Subprotocol],
    options: Arc<ClientOptions>,
    config: SessionConfig,
) -> Result<Opened, OpenError> {
    for subprotocol in subprotocols {
        request.add_subprotocol(subprotocol.name())?;
    }
    let mut opening = ClientOpening::new(request, options, Box::new(OsEntropy::default()), now());
    opening.recv_buf().unsplit(received);
    let mut socket = Socket::new(opening, AnyStream::new(stream));
    // Without a limit there is no time to run out of.
    let response = match socket.next_event(None).ok().flatten() {
        Some(ClientOpeningEvent::Open(response)) => response,
        Some(ClientOpeningEvent::Failed(error)) => return Err(OpenError::WebSocket(error)),
        _ => return Err(OpenError::WebSocket(ClientOpeningError::TransportLost)),
    };
    let chosen = response.subprotocol.as_deref().and_then(Subprotocol::from_name);
    let subprotocol = chosen.ok_or(OpenError::NoSubprotocol)?;
    let socket = socket.map_engine(|opening| {
        let established = opening.into_established().expect("the event says that the connection is open");
        let link = MessageLink::with_subprotocol(Messages::new(established), subprotocol);
        AnyPeer::WebSocket(Box::new(Peer::new(link, config, now())))
    });
    Ok(Opened { socket, serializer: subprotocol.serializer })
}

/// Opens a RawSocket. `received` was read from the stream already.
pub(super) fn open_rawsocket(
    stream: impl Duplex + TryClone + Send + 'static,
    received: BytesMut,
    serializer: Serializer,
    mut options: raw::ClientOptions,
    config: SessionConfig,
) -> Result<Opened, OpenError> {
    options.serializer = raw::SerializerId::new(serializer.rawsocket_number())
        .expect("the numbers of serializers are from 1 to 15");
    let mut opening = raw::ClientOpening::new(Arc::new(options), Box::new(OsEntropy::default()), now());
    opening.recv_buf().unsplit(received);
    let mut socket = Socket::new(opening, AnyStream::new(stream));
    // Without a limit there is no time to run out of.
    match socket.next_event(None).ok().flatten() {
        Some(raw::ClientOpeningEvent::Open) => {}
        Some(raw::ClientOpeningEvent::Failed(error)) => return Err(OpenError::RawSocket(error)),
        _ => return Err(OpenError::RawSocket(raw::ClientOpeningError::TransportLost)),
    }
    let socket = socket.map_engine(|opening| {
        let established = opening.into_established().expect("the event says that the connection is open");
        let link = MessageLink::new(RawSocket::new(established), serializer);
        AnyPeer::RawSocket(Box::new(Peer::new(link, config, now())))
    });
    Ok(Opened { socket, serializer })
}
