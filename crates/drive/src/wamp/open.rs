//! From a stream that leads to a router to a wire.

use std::sync::Arc;

use bytes::BytesMut;
use wirebahn_core::rawsocket::RawSocket;
use wirebahn_core::rawsocket::opening as raw;
use wirebahn_core::wamp::link::MessageLink;
use wirebahn_core::wamp::{Serializer, Subprotocol};
use wirebahn_core::websocket::Messages;
use wirebahn_core::websocket::opening::{
    ClientOpening, ClientOpeningError, ClientOpeningEvent, ClientOptions, ClientRequest,
};
use wirebahn_core::{Engine, Entropy};

use super::{LinkWire, OpenError};
use crate::websocket::Admission;
use crate::{Io, Runtime, Socket};

/// A wire and the serializer that was agreed on.
#[derive(Debug)]
#[non_exhaustive]
pub struct OpenedWire<W> {
    /// The wire.
    pub wire: W,
    /// How messages become bytes.
    pub serializer: Serializer,
}

/// Opens a WebSocket over a stream that leads to a router, offering `subprotocols`, the first of which is preferred.
/// `received` was read from the stream already.
///
/// # Errors
///
/// The router refuses, answers wrongly or not in time, or chooses no subprotocol.
pub async fn open_websocket<I: Io, R: Runtime>(
    io: I,
    received: BytesMut,
    mut request: ClientRequest,
    subprotocols: &[Subprotocol],
    options: Arc<ClientOptions>,
    entropy: Box<dyn Entropy>,
) -> Result<OpenedWire<LinkWire<Messages, I, R>>, OpenError> {
    for subprotocol in subprotocols {
        request.add_subprotocol(subprotocol.name())?;
    }
    let mut opening = ClientOpening::new(request, options, entropy, R::now());
    opening.recv_buf().unsplit(received);
    let mut socket: Box<Socket<_, I, R>> = Box::new(Socket::new(opening, io));
    let response = match socket.next_event().await {
        Some(ClientOpeningEvent::Open(response)) => response,
        Some(ClientOpeningEvent::Failed(error)) => return Err(OpenError::WebSocket(error)),
        _ => return Err(OpenError::WebSocket(ClientOpeningError::TransportLost)),
    };
    let chosen = response.subprotocol.as_deref().and_then(Subprotocol::from_name);
    let subprotocol = chosen.ok_or(OpenError::NoSubprotocol)?;
    let socket = (*socket).map_engine(|opening| {
        let established = opening.into_established().expect("the event says that the connection is open");
        MessageLink::with_subprotocol(Messages::new(established), subprotocol)
    });
    Ok(OpenedWire { wire: LinkWire::new(socket), serializer: subprotocol.serializer })
}

/// Opens a RawSocket over a stream that leads to a router. `received` was read from the stream already.
///
/// # Errors
///
/// The router refuses, answers wrongly or not in time.
pub async fn open_rawsocket<I: Io, R: Runtime>(
    io: I,
    received: BytesMut,
    serializer: Serializer,
    mut options: raw::ClientOptions,
    entropy: Box<dyn Entropy>,
) -> Result<OpenedWire<LinkWire<RawSocket, I, R>>, OpenError> {
    options.serializer = raw::SerializerId::new(serializer.rawsocket_number())
        .expect("the numbers of serializers are from 1 to 15");
    let mut opening = raw::ClientOpening::new(Arc::new(options), entropy, R::now());
    opening.recv_buf().unsplit(received);
    let mut socket: Box<Socket<_, I, R>> = Box::new(Socket::new(opening, io));
    match socket.next_event().await {
        Some(raw::ClientOpeningEvent::Open) => {}
        Some(raw::ClientOpeningEvent::Failed(error)) => return Err(OpenError::RawSocket(error)),
        _ => return Err(OpenError::RawSocket(raw::ClientOpeningError::TransportLost)),
    }
    let socket = (*socket).map_engine(|opening| {
        let established = opening.into_established().expect("the event says that the connection is open");
        MessageLink::new(RawSocket::new(established), serializer)
    });
    Ok(OpenedWire { wire: LinkWire::new(socket), serializer })
}

/// Takes a RawSocket of a client over a stream on which nothing was received yet. With [`Admission::OverCapacity`] even a
/// valid client is refused. Serializers that are not known here are not spoken, whatever the options say.
///
/// # Errors
///
/// The client asks for what there is not, or speaks something else; it was told so.
pub async fn accept_rawsocket<I: Io, R: Runtime>(
    io: I,
    options: Arc<raw::ServerOptions>,
    entropy: Box<dyn Entropy>,
    admission: Admission,
) -> Result<OpenedWire<LinkWire<RawSocket, I, R>>, raw::OpeningFailure> {
    accept_rawsocket_after(io, BytesMut::new(), options, entropy, admission).await
}

/// As [`accept_rawsocket`], over a stream from which `received` was read already.
///
/// # Errors
///
/// As [`accept_rawsocket`].
pub async fn accept_rawsocket_after<I: Io, R: Runtime>(
    io: I,
    received: BytesMut,
    mut options: Arc<raw::ServerOptions>,
    entropy: Box<dyn Entropy>,
    admission: Admission,
) -> Result<OpenedWire<LinkWire<RawSocket, I, R>>, raw::OpeningFailure> {
    if options.serializers.iter().any(|number| known(*number).is_none()) {
        Arc::make_mut(&mut options).serializers.retain(|number| known(*number).is_some());
    }
    let mut opening = raw::ServerOpening::new(options, entropy, R::now());
    opening.recv_buf().unsplit(received);
    if admission == Admission::OverCapacity {
        opening.refuse_over_capacity();
    }
    let mut socket: Box<Socket<_, I, R>> = Box::new(Socket::new(opening, io));
    match socket.next_event().await {
        Some(raw::ServerOpeningEvent::Open) => {}
        Some(raw::ServerOpeningEvent::Failed(failure)) => return Err(failure),
        _ => return Err(raw::OpeningFailure::TransportLost),
    }
    let mut serializer = None;
    let socket = (*socket).map_engine(|opening| {
        let established = opening.into_established().expect("the event says that the connection is open");
        let spoken = known(established.serializer).expect("only known serializers are agreed to");
        serializer = Some(spoken);
        MessageLink::new(RawSocket::new(established), spoken)
    });
    Ok(OpenedWire { wire: LinkWire::new(socket), serializer: serializer.unwrap_or_default() })
}

fn known(number: raw::SerializerId) -> Option<Serializer> {
    Serializer::from_rawsocket_number(number.get())
}
