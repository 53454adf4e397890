//! Serving a peer that goes away.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io::{ErrorKind, IoSlice, Result};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::BytesMut;
use wirebahn_core::Engine;
use wirebahn_core::websocket::{Config, Established, Message, Messages, Role};
use wirebahn_drive::websocket::WebSocket;
use wirebahn_drive::{Io, Runtime};
use wirebahn_testkit::SeededEntropy;

use crate::round_trip::Ticking;

/// Takes nothing, and gives what was sent before the peer went away, in reads of at most [`READ`] bytes.
struct Gone(VecDeque<u8>);

const READ: usize = 1000;

impl Io for Gone {
    fn poll_read(&mut self, _cx: &mut Context<'_>, buf: &mut BytesMut) -> Poll<Result<usize>> {
        let len = self.0.len().min(READ).min(buf.capacity() - buf.len());
        buf.extend(self.0.drain(..len));
        Poll::Ready(Ok(len))
    }

    fn poll_write(&mut self, _cx: &mut Context<'_>, _pieces: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        Poll::Ready(Err(ErrorKind::ConnectionReset.into()))
    }

    fn poll_flush(&mut self, _cx: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, _cx: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn established(role: Role, outbox_high_water: usize) -> Established {
    let mut config = Config::default();
    config.limits.outbox_high_water = outbox_high_water;
    Established::new(role, Arc::new(config), Box::new(SeededEntropy::new(1)), Ticking::now())
}

#[test]
fn answers_that_nobody_takes_do_not_keep_a_server_busy() {
    let mut client = Messages::new(established(Role::Client, usize::MAX));
    // Short ones are lent, long ones are not.
    for len in [10, 300, 10, 100_000, 10, 100_000, 300, 300] {
        client.send(Message::binary(vec![7; len])).unwrap();
    }
    let sent: VecDeque<u8> = client.outbox().pieces().flatten().copied().collect();
    let mut socket: WebSocket<Gone, Ticking> =
        WebSocket::from_established(established(Role::Server, 100), Gone(sent));
    let handled = Cell::new(0);
    let mut serving = pin!(socket.serve(|message, replies| {
        handled.set(handled.get() + 1);
        replies.forward(message)
    }));
    let cx = &mut Context::from_waker(Waker::noop());
    // Lets other tasks run now and then.
    assert!((0..100).any(|_| serving.as_mut().poll(cx) == Poll::Ready(Ok(()))));
    assert_eq!(handled.get(), 8);
}
