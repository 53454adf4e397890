use std::sync::Arc;
use std::time::Duration;

use wirebahn_core::rawsocket::opening::{
    ClientOpening, ClientOpeningEvent, ClientOptions, ServerOpening, ServerOpeningEvent, ServerOptions,
};
use wirebahn_core::rawsocket::{Config, Event, Keepalive, MaxLen, SendError};
use wirebahn_testkit::SeededEntropy;
use wirebahn_testkit::contract::{self, Bounds, START, Subject};

use super::support::{frame, socket};

fn config() -> Config {
    let mut keepalive = Keepalive::default();
    keepalive.interval = Duration::from_secs(5);
    keepalive.timeout = Some(Duration::from_secs(3));
    let mut config = Config::default();
    config.max_len = MaxLen::MIN;
    config.outbox_high_water = 400;
    config.keepalive = Some(keepalive);
    config
}

/// Whether the output is frames, perhaps with the last one cut off.
fn is_a_sequence_of_frames(mut bytes: &[u8]) -> bool {
    while let Some(([number, len @ ..], rest)) = bytes.split_first_chunk::<4>() {
        if *number > 2 {
            return false;
        }
        let len = u32::from_be_bytes([0, len[0], len[1], len[2]]) as usize;
        bytes = rest.get(len..).unwrap_or_default();
    }
    true
}

#[test]
fn an_open_connection_keeps_the_contract() {
    let input =
        [frame(0, b"a message"), frame(1, b"ping"), frame(0, b""), frame(2, b"pong"), frame(0, &[7; 500])];
    let bounds = Bounds { outbox: 2000, received: 2000, ..Bounds::default() };
    let subject =
        Subject::new(|| socket(config(), START), &input.concat(), |event| matches!(event, Event::Closed(_)))
            .bounds(bounds)
            .flood(&frame(1, &[1; 300]))
            .flood(&frame(2, b""))
            .flood(&frame(0, b"message"))
            .operation("send", |socket, _| socket.send("hello".into()))
            .operation("send too much", |socket, _| socket.send(vec![0; 70_000].into()))
            .operation("ping", |socket, _| socket.ping("p"))
            .operation("close", |socket, now| socket.close(now))
            .operation("abort", |socket, _| {
                if socket.is_open() {
                    socket.abort();
                    return Ok(());
                }
                Err(SendError::Closed)
            })
            .frame_boundaries(is_a_sequence_of_frames);
    contract::check_all(&subject);
}

#[test]
fn the_client_opening_keeps_the_contract() {
    let make = || {
        let mut options = ClientOptions::default();
        options.config = Arc::new(config());
        ClientOpening::new(Arc::new(options), Box::new(SeededEntropy::new(1)), START)
    };
    for input in [[0x7f, 0xf2, 0, 0], [0x7f, 0x10, 0, 0], [0x7f, 0xf1, 0, 0]] {
        let subject = Subject::new(make, &input, |event| matches!(event, ClientOpeningEvent::Failed(_)))
            .hands_over(|event| matches!(event, ClientOpeningEvent::Open));
        contract::check_all(&subject);
    }
}

#[test]
fn the_server_opening_keeps_the_contract() {
    let make = || {
        let mut options = ServerOptions::default();
        options.config = Arc::new(config());
        ServerOpening::new(Arc::new(options), Box::new(SeededEntropy::new(1)), START)
    };
    for input in [[0x7f, 0xf1, 0, 0], [0x7f, 0xf9, 0, 0], [0x7f, 0xf1, 0, 7]] {
        let subject = Subject::new(make, &input, |event| matches!(event, ServerOpeningEvent::Failed(_)))
            .hands_over(|event| matches!(event, ServerOpeningEvent::Open));
        contract::check_all(&subject);
    }
}
