use std::sync::Arc;
use std::time::Duration;

use wirebahn_core::rawsocket::opening::{
    ClientOpening, ClientOpeningError, ClientOpeningEvent, ClientOptions, OpeningFailure, RefusalCode,
    SerializerId, ServerOpening, ServerOpeningEvent, ServerOptions,
};
use wirebahn_core::rawsocket::{Config, MaxLen, RawSocket, TimerKind};
use wirebahn_core::{Engine, Transport};
use wirebahn_testkit::{Pair, SeededEntropy, at};

use super::support::{events, feed, message, sent};

fn client(options: ClientOptions) -> ClientOpening {
    ClientOpening::new(Arc::new(options), Box::new(SeededEntropy::new(1)), at(0))
}

fn server(options: ServerOptions) -> ServerOpening {
    ServerOpening::new(Arc::new(options), Box::new(SeededEntropy::new(2)), at(0))
}

/// How a client ends that gets this answer, whole and byte by byte.
fn client_failure(answer: &[u8]) -> ClientOpeningError {
    let mut whole = client(ClientOptions::default());
    feed(&mut whole, answer, at(1));
    let mut pieces = client(ClientOptions::default());
    for byte in answer {
        feed(&mut pieces, &[*byte], at(1));
    }
    let event = whole.poll_event();
    assert_eq!(event, pieces.poll_event());
    assert_eq!((whole.transport(), whole.poll_timeout()), (Transport::Close, None));
    match event {
        Some(ClientOpeningEvent::Failed(error)) => error,
        event => panic!("{event:?}"),
    }
}

/// What a server answers to these octets, whole and byte by byte, before it drops the connection.
fn refusal(mut make: impl FnMut() -> ServerOpening, request: &[u8]) -> (Vec<u8>, OpeningFailure) {
    let mut answers = [true, false].map(|is_whole| {
        let mut server = make();
        for piece in request.chunks(if is_whole { request.len() } else { 1 }) {
            feed(&mut server, piece, at(1));
        }
        let answer = sent(server.outbox());
        if server.transport() == Transport::Finish {
            assert_eq!(server.poll_event(), None, "the answer has to be read first");
            server.handle_eof(at(2));
        }
        assert_eq!((server.transport(), server.poll_timeout()), (Transport::Close, None));
        match server.poll_event() {
            Some(ServerOpeningEvent::Failed(failure)) => (answer, failure),
            event => panic!("{event:?}"),
        }
    });
    assert_eq!(answers[0], answers[1]);
    std::mem::replace(&mut answers[0], (Vec::new(), OpeningFailure::TransportLost))
}

#[test]
fn client_and_server_agree_on_serializer_and_lengths() {
    let mut ours = ClientOptions::default();
    ours.serializer = SerializerId::CBOR;
    let mut config = Config::default();
    config.max_len = MaxLen::for_len(1024).unwrap();
    ours.config = Arc::new(config);
    let mut pair = Pair::new(client(ours), server(ServerOptions::default()), at(0));
    pair.settle();
    assert_eq!(pair.a.events, [ClientOpeningEvent::Open]);
    assert_eq!(pair.b.events, [ServerOpeningEvent::Open]);
    let client = pair.a.engine.into_established().unwrap();
    let server = pair.b.engine.into_established().unwrap();
    assert_eq!((client.serializer, server.serializer), (SerializerId::CBOR, SerializerId::CBOR));
    assert_eq!((client.peer_max_len, server.peer_max_len.bytes()), (MaxLen::MAX, 1024));
}

#[test]
fn the_octets_are_those_of_the_specification() {
    let mut client = client(ClientOptions::default());
    assert_eq!(sent(client.outbox()), [0x7f, 0xf2, 0, 0]);
    let mut server = server(ServerOptions::default());
    feed(&mut server, &[0x7f, 0x53, 0, 0], at(0));
    assert_eq!(sent(server.outbox()), [0x7f, 0xf3, 0, 0]);
}

#[test]
fn bytes_behind_the_handshake_travel_along() {
    let behind = [0, 0, 0, 2, b'[', b']'];
    let mut client = client(ClientOptions::default());
    feed(&mut client, &[&[0x7f, 0xf2, 0, 0][..], &behind].concat(), at(1));
    let mut server = server(ServerOptions::default());
    feed(&mut server, &[&[0x7f, 0xf2, 0, 0][..], &behind].concat(), at(1));
    for established in [client.into_established().unwrap(), server.into_established().unwrap()] {
        let mut socket = RawSocket::new(established);
        assert_eq!(sent(socket.outbox())[..2], [0x7f, 0xf2]);
        assert_eq!(events(&mut socket), [message("[]")]);
    }
}

#[test]
fn every_error_of_a_server_reaches_the_client() {
    for (octet, code) in [
        (0x10, RefusalCode::SerializerUnsupported),
        (0x20, RefusalCode::LengthUnacceptable),
        (0x30, RefusalCode::ReservedBits),
        (0x40, RefusalCode::TooManyConnections),
        (0x00, RefusalCode::Unknown(0)),
        (0xf0, RefusalCode::Unknown(15)),
    ] {
        assert_eq!(client_failure(&[0x7f, octet, 0, 0]), ClientOpeningError::Refused(code));
    }
}

#[test]
fn a_client_refuses_answers_that_are_none() {
    assert_eq!(client_failure(b"HTTP"), ClientOpeningError::NotRawSocket(b'H'));
    assert_eq!(client_failure(&[0x7f, 0xf1, 0, 0]), ClientOpeningError::SerializerUnasked(1));
    assert_eq!(client_failure(&[0x7f, 0xf2, 0, 1]), ClientOpeningError::ReservedBits([0, 1]));
    assert_eq!(client_failure(&[0x7f, 0xf2, 8, 0]), ClientOpeningError::ReservedBits([8, 0]));
}

#[test]
fn a_server_tells_a_client_why_it_is_refused() {
    let refused = |octets: &[u8]| refusal(|| server(ServerOptions::default()), octets);
    let expect = |octet, code| (vec![0x7f, octet, 0, 0], OpeningFailure::Refused(code));
    for serializer in [0, 4, 15] {
        let expected = expect(0x10, RefusalCode::SerializerUnsupported);
        assert_eq!(refused(&[0x7f, 0xf0 | serializer, 0, 0]), expected);
    }
    assert_eq!(refused(&[0x7f, 0xf1, 1, 0]), expect(0x30, RefusalCode::ReservedBits));
    assert_eq!(refused(&[0x7f, 0xf1, 0, 0x80]), expect(0x30, RefusalCode::ReservedBits));
}

#[test]
fn a_server_can_ask_for_a_length_and_be_full() {
    let mut options = ServerOptions::default();
    options.min_peer_max_len = MaxLen::for_len(1024).unwrap();
    let (answer, _) = refusal(|| server(options.clone()), &[0x7f, 0x01, 0, 0]);
    assert_eq!(answer, [0x7f, 0x20, 0, 0]);
    let full = || {
        let mut server = server(ServerOptions::default());
        server.refuse_over_capacity();
        server
    };
    let (answer, failure) = refusal(full, &[0x7f, 0xf1, 0, 0]);
    assert_eq!(answer, [0x7f, 0x40, 0, 0]);
    assert_eq!(failure, OpeningFailure::Refused(RefusalCode::TooManyConnections));
}

#[test]
fn a_server_says_nothing_to_who_speaks_something_else() {
    let (answer, failure) = refusal(|| server(ServerOptions::default()), b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!((answer, failure), (vec![], OpeningFailure::NotRawSocket(b'G')));
}

#[test]
fn neither_end_waits_for_ever() {
    let mut client = client(ClientOptions::default());
    feed(&mut client, &[0x7f, 0xf2, 0], at(1));
    let mut server = server(ServerOptions::default());
    feed(&mut server, &[0x7f], at(1));
    let deadline = at(0) + Duration::from_secs(5);
    assert_eq!((client.poll_timeout(), server.poll_timeout()), (Some(deadline), Some(deadline)));
    client.handle_timeout(deadline);
    server.handle_timeout(deadline);
    let error = ClientOpeningError::TimedOut(TimerKind::OpenHandshake);
    assert_eq!(client.poll_event(), Some(ClientOpeningEvent::Failed(error)));
    let failure = OpeningFailure::TimedOut(TimerKind::OpenHandshake);
    assert_eq!(server.poll_event(), Some(ServerOpeningEvent::Failed(failure)));
}

#[test]
fn a_client_that_is_refused_cannot_stay() {
    let mut server = server(ServerOptions::default());
    feed(&mut server, &[0x7f, 0xf9, 0, 0], at(0));
    feed(&mut server, &[0; 1000], at(10));
    assert_eq!((server.transport(), server.recv_buf().len()), (Transport::Finish, 0));
    server.handle_timeout(server.poll_timeout().unwrap());
    assert_eq!(server.transport(), Transport::Close);
}

#[test]
fn the_end_of_the_transport_ends_an_unfinished_handshake() {
    let mut client = client(ClientOptions::default());
    client.handle_eof(at(1));
    let error = ClientOpeningError::TransportLost;
    assert_eq!(client.poll_event(), Some(ClientOpeningEvent::Failed(error)));
    let mut server = server(ServerOptions::default());
    feed(&mut server, &[0x7f, 0xf1], at(1));
    server.handle_eof(at(1));
    assert_eq!(server.poll_event(), Some(ServerOpeningEvent::Failed(OpeningFailure::TransportLost)));
}
