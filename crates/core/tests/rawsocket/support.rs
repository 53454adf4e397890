use std::sync::Arc;

use wirebahn_core::rawsocket::opening::SerializerId;
use wirebahn_core::rawsocket::{Config, Established, Event, MaxLen, RawSocket};
use wirebahn_core::{Engine, Instant, Outbox};
use wirebahn_testkit::SeededEntropy;

/// A connection to a peer that accepts 64 KiB.
pub(crate) fn socket(config: Config, now: Instant) -> RawSocket {
    let peer = MaxLen::for_len(64 * 1024).unwrap();
    RawSocket::new(Established::new(
        Arc::new(config),
        SerializerId::JSON,
        peer,
        Box::new(SeededEntropy::new(1)),
        now,
    ))
}

/// A frame with the number of its type.
pub(crate) fn frame(number: u8, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&[number], &len[1..], payload].concat()
}

pub(crate) fn feed<E: Engine>(engine: &mut E, bytes: &[u8], now: Instant) {
    engine.recv_buf().extend_from_slice(bytes);
    engine.handle_recv(now);
}

pub(crate) fn sent(outbox: &mut Outbox) -> Vec<u8> {
    let sent = outbox.pieces().collect::<Vec<_>>().concat();
    outbox.clear();
    sent
}

pub(crate) fn events(socket: &mut RawSocket) -> Vec<Event> {
    std::iter::from_fn(|| socket.poll_event()).collect()
}

pub(crate) fn message(payload: &'static str) -> Event {
    Event::Message(payload.into())
}
