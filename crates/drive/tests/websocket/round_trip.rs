//! The round-trip time of a keepalive ping whose answer is there as soon as the ping is written.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io::{IoSlice, Result};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::BytesMut;
use wirebahn_core::Instant;
use wirebahn_core::websocket::{Config, Established, MessageEvent, Role};
use wirebahn_drive::websocket::WebSocket;
use wirebahn_drive::{Io, Runtime, Timer};
use wirebahn_testkit::SeededEntropy;

thread_local! {
    static MILLIS: Cell<u64> = const { Cell::new(1) };
}

/// A clock that moves on by a millisecond whenever somebody looks.
pub(crate) struct Ticking;

impl Runtime for Ticking {
    type Timer = Eager;

    fn now() -> Instant {
        let millis = MILLIS.get();
        MILLIS.set(millis + 1);
        Instant::from_micros(millis * 1000)
    }
}

/// A timer that always fires early, so that the driver looks at the clock.
#[derive(Default)]
pub(crate) struct Eager;

impl Timer for Eager {
    fn arm(&mut self, _: Instant) {}

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

/// A client that answers each ping at once.
#[derive(Default)]
struct Client(VecDeque<Vec<u8>>);

impl Io for Client {
    fn poll_read(&mut self, _: &mut Context<'_>, buf: &mut BytesMut) -> Poll<Result<usize>> {
        let Some(pong) = self.0.pop_front() else { return Poll::Pending };
        buf.extend_from_slice(&pong);
        Poll::Ready(Ok(pong.len()))
    }

    fn poll_write(&mut self, _: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        let written: Vec<u8> = pieces.iter().flat_map(|piece| piece.iter().copied()).collect();
        let [0x89, len, payload @ ..] = written.as_slice() else { panic!("no ping: {written:?}") };
        self.0.push_back([&[0x8a, 0x80 | len, 0, 0, 0, 0], payload].concat());
        Poll::Ready(Ok(written.len()))
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn an_answer_that_is_there_at_once_still_took_its_time() {
    let mut config = Config::default();
    config.keepalive.as_mut().unwrap().interval = Duration::from_millis(20);
    let established =
        Established::new(Role::Server, Arc::new(config), Box::new(SeededEntropy::new(1)), Ticking::now());
    let mut socket: WebSocket<Client, Ticking> = WebSocket::from_established(established, Client::default());
    let Poll::Ready(Some(MessageEvent::Pong(pong))) =
        socket.poll_event(&mut Context::from_waker(Waker::noop()))
    else {
        panic!("no pong")
    };
    assert!(pong.round_trip.is_some_and(|round_trip| round_trip > Duration::ZERO), "{pong:?}");
}
