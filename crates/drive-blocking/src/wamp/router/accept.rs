use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::BytesMut;
use wirebahn_adapter::{OsEntropy, trace};
use wirebahn_core::Engine;
use wirebahn_core::http::{Headers, StatusCode};
use wirebahn_core::rawsocket::RawSocket;
use wirebahn_core::rawsocket::opening as raw;
use wirebahn_core::wamp::link::MessageLink;
use wirebahn_core::wamp::{Batching, Serializer, Subprotocol};
use wirebahn_core::websocket::Messages;
use wirebahn_core::websocket::opening::{Acceptance, Refusal, Subprotocol as Chosen};
use wirebahn_router::TransportInfo;

use super::connection::serve;
use super::handle::Handle;
use crate::incoming::{Admission, Incoming, Upgrade};
use crate::server::{AnswerHttp, Arrival, respond};
use crate::socket::{Socket, is_temporary, now, with_scratch};
use crate::{Duplex, TryClone, WebSocket};

/// Finds out what a client speaks, and serves it until its connection ends.
pub(super) fn serve_arrival<S: Duplex + TryClone + Send + 'static>(
    router: &Arc<Handle>,
    mut arrival: Arrival<S>,
    rawsocket: &Arc<raw::ServerOptions>,
    answer_http: Option<&AnswerHttp>,
    shutdown: &Arc<AtomicBool>,
) {
    let peer = arrival.peer;
    let describe =
        |kind, subprotocol| TransportInfo::of_client(kind, subprotocol, peer.map(|peer| peer.to_string()));
    // Whatever goes wrong from here on, the client learns of it.
    let _ = match first_octet(&mut arrival) {
        Some(raw::MAGIC) => {
            let Arrival { stream, received, admission, .. } = arrival;
            let accepted = accept_rawsocket(stream, received, Arc::clone(rawsocket), admission);
            let accepted = accepted.inspect_err(|failure| trace::refused(peer, failure));
            let Ok((socket, serializer)) = accepted else { return };
            let subprotocol = Subprotocol { serializer, batching: Batching::Single };
            serve(router, socket, describe("rawsocket", subprotocol), shutdown)
        }
        Some(_) => match arrival.receive() {
            Ok(Incoming::Upgrade(upgrade)) => {
                let Some((connection, subprotocol)) = accept_websocket(upgrade, peer) else { return };
                let link = |messages| MessageLink::with_subprotocol(messages, subprotocol);
                let socket = connection.socket.map_engine(link);
                serve(router, socket, describe("websocket", subprotocol), shutdown)
            }
            Ok(Incoming::Http(exchange)) => return respond(exchange, answer_http),
            Err(_) => return,
        },
        // Somebody has only looked whether there is a listener.
        None => return,
    };
}

/// The first octet that the client sends, which stays among those that were received; `None` if none comes in time.
fn first_octet(arrival: &mut Arrival<impl Duplex>) -> Option<u8> {
    let deadline = arrival.options.open_timeout.map(|timeout| now() + timeout);
    while arrival.received.is_empty() {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(now()));
        if left.is_some_and(|left| left.is_zero()) {
            trace::refused(arrival.peer, &"nothing came in time");
            return None;
        }
        arrival.stream.set_read_timeout(left).ok()?;
        let read = with_scratch(|scratch| {
            let len = arrival.stream.read(scratch)?;
            arrival.received.extend_from_slice(scratch.get(..len).unwrap_or_default());
            Ok(len)
        });
        match read {
            Ok(0) => return None,
            Err(error) if !is_temporary(&error) => return None,
            Ok(_) | Err(_) => {}
        }
    }
    arrival.received.first().copied()
}

/// Accepts a WebSocket with the first subprotocol of the client's that is one of WAMP; refuses it if there is none.
fn accept_websocket<S: Duplex>(
    upgrade: Upgrade<S>,
    peer: Option<SocketAddr>,
) -> Option<(WebSocket<S>, Subprotocol)> {
    let known: Vec<&str> = upgrade.request().subprotocols.iter().map(String::as_str).collect();
    let Some(subprotocol) = known.into_iter().find_map(Subprotocol::from_name) else {
        trace::refused(peer, &"none of the offered subprotocols is spoken here");
        let mut refusal = Refusal::new(StatusCode::BAD_REQUEST);
        let mut headers = Headers::new();
        headers.append("Content-Type", "text/plain; charset=utf-8").expect("this is visible ASCII");
        refusal.headers = headers;
        refusal.body = "Offer a subprotocol of WAMP, such as wamp.2.json.\n".into();
        // There is nothing in it that is not allowed.
        let _ = upgrade.refuse(refusal);
        return None;
    };
    let mut acceptance = Acceptance::default();
    acceptance.subprotocol = Chosen::Named(subprotocol.name().into());
    let connection = upgrade.accept::<Messages>(acceptance).ok()?;
    Some((connection, subprotocol))
}

/// Takes a RawSocket. Serializers that are not known here are not spoken, whatever the options say.
pub(super) fn accept_rawsocket<S: Duplex>(
    stream: S,
    received: BytesMut,
    mut options: Arc<raw::ServerOptions>,
    admission: Admission,
) -> Result<(Socket<MessageLink<RawSocket>, S>, Serializer), raw::OpeningFailure> {
    if options.serializers.iter().any(|number| known(*number).is_none()) {
        Arc::make_mut(&mut options).serializers.retain(|number| known(*number).is_some());
    }
    let mut opening = raw::ServerOpening::new(options, Box::new(OsEntropy::default()), now());
    if admission == Admission::OverCapacity {
        opening.refuse_over_capacity();
    }
    opening.recv_buf().unsplit(received);
    let mut socket = Socket::new(opening, stream);
    // Without a limit there is no time to run out of.
    match socket.next_event(None).ok().flatten() {
        Some(raw::ServerOpeningEvent::Open) => {}
        Some(raw::ServerOpeningEvent::Failed(failure)) => return Err(failure),
        _ => return Err(raw::OpeningFailure::TransportLost),
    }
    let mut serializer = Serializer::default();
    let socket = socket.map_engine(|opening| {
        let established = opening.into_established().expect("the event says that the connection is open");
        serializer = known(established.serializer).expect("only known serializers are agreed to");
        MessageLink::new(RawSocket::new(established), serializer)
    });
    Ok((socket, serializer))
}

fn known(number: raw::SerializerId) -> Option<Serializer> {
    Serializer::from_rawsocket_number(number.get())
}
