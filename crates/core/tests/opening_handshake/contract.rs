//! The contract of engines, under arbitrary inputs in arbitrary order.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use wirebahn_core::http::StatusCode;
use wirebahn_core::websocket::opening::{
    Acceptance, ClientOpening, ClientOpeningEvent, ClientRequest, HttpResponse, PlainHttp, Refusal,
    ServerOpening, ServerOpeningEvent, ServerOptions,
};
use wirebahn_core::{Engine, Instant, Transport};

use super::support::{Counter, at, feed};

#[derive(Clone, Debug)]
enum Input {
    Bytes(Vec<u8>),
    Eof,
    Wait(u64),
    Poll,
    Write(usize),
    Accept,
    Refuse,
    Respond,
}

/// Pieces that make up heads often enough to get past the first checks.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "GET / HTTP/1.1\r\nHost: a\r\n",
        "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
        "Upgrade: websocket\r\nConnection: Upgrade\r\n",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n",
        "Sec-WebSocket-Accept: Bz3qJYTGdOe8gUSpLosEdiLKDrk=\r\n\r\n",
        "HTTP/1.1 103 Early\r\n\r\n",
        "HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 404 No\r\nContent-Length: 10\r\n\r\n",
        "5\r\nhello\r\n",
        "0\r\n\r\n",
        "\r\n",
        "X: y\r\n",
    ];
    prop_oneof![
        9 => proptest::sample::select(pieces.map(|piece| piece.as_bytes().to_vec()).to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..20),
    ]
}

fn inputs() -> impl Strategy<Value = Vec<Input>> {
    let input = prop_oneof![
        8 => bytes().prop_map(Input::Bytes),
        1 => Just(Input::Eof),
        1 => (0_u64..3_000).prop_map(Input::Wait),
        2 => Just(Input::Poll),
        2 => (0_usize..200).prop_map(Input::Write),
        1 => Just(Input::Accept),
        1 => Just(Input::Refuse),
        1 => Just(Input::Respond),
    ];
    proptest::collection::vec(input, 0..30)
}

/// Runs an engine through the inputs and holds it to the contract after each.
fn check<E: Engine<Event: Debug>>(
    mut engine: E,
    inputs: &[Input],
    is_terminal: impl Fn(&E::Event) -> bool,
    operate: impl Fn(&mut E, &Input, Instant),
) {
    let mut now = at(0);
    let mut terminal = 0;
    for input in inputs {
        match input {
            Input::Bytes(bytes) => feed(&mut engine, bytes, now),
            Input::Eof => engine.handle_eof(now),
            Input::Wait(millis) => {
                now = now + Duration::from_millis(*millis);
                engine.handle_timeout(now);
                assert!(engine.poll_timeout().is_none_or(|deadline| deadline > now));
            }
            Input::Poll => {
                while let Some(event) = engine.poll_event() {
                    assert_eq!(terminal, 0, "{event:?} after the terminal event");
                    terminal += usize::from(is_terminal(&event));
                }
            }
            Input::Write(len) => engine.outbox().advance(*len),
            operation => operate(&mut engine, operation, now),
        }
        if terminal > 0 {
            assert_eq!((engine.transport(), engine.poll_timeout()), (Transport::Close, None));
        }
        if engine.transport() == Transport::Close {
            assert_eq!(engine.poll_timeout(), None);
        }
    }
}

proptest! {
    #[test]
    fn the_server_keeps_the_contract(inputs in inputs()) {
        let mut options = ServerOptions::default();
        options.plain_http = PlainHttp::HandOver;
        let engine = ServerOpening::new(Arc::new(options), None, Box::new(Counter(0)), at(0));
        let is_terminal = |event: &ServerOpeningEvent| matches!(event, ServerOpeningEvent::Failed(_));
        // Whether an operation fits is not at issue here.
        check(engine, &inputs, is_terminal, |engine, input, now| match input {
            Input::Accept => drop(engine.accept(Acceptance::default(), now)),
            Input::Refuse => drop(engine.refuse(Refusal::new(StatusCode::FORBIDDEN), now)),
            _ => drop(engine.respond(HttpResponse::new(StatusCode::OK), now)),
        });
    }

    #[test]
    fn the_client_keeps_the_contract(inputs in inputs()) {
        let request = ClientRequest::new("ws://a".parse().unwrap());
        let engine = ClientOpening::new(request, Arc::default(), Box::new(Counter(0)), at(0));
        let is_terminal = |event: &ClientOpeningEvent| matches!(event, ClientOpeningEvent::Failed(_));
        check(engine, &inputs, is_terminal, |_, _, _| {});
    }
}
