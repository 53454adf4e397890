//! Every future is dropped at every point where it waits, and no byte is lost.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use wirebahn_drive::{Disconnected, Socket};

use crate::clock::Virtual;
use crate::engine::{End, Event, Netstrings};
use crate::pipe::{Pipe, Script, pair};

type TestSocket = Socket<Netstrings, Pipe, Virtual>;

const MESSAGES: usize = 12;

fn payload(number: usize) -> Bytes {
    (0..number * 97).map(|at| ((at + number) % 251) as u8).collect()
}

/// Polls `future` up to `polls` times, then drops it.
fn poll_and_drop<T>(future: impl Future<Output = T>, polls: usize) -> Option<T> {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..polls {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return Some(output);
        }
    }
    None
}

/// One side of the exchange: what it does next depends on what has come about, never on a future that was kept.
struct Side {
    socket: TestSocket,
    /// Messages still to be sent.
    to_send: Vec<Bytes>,
    echoes: bool,
    received: Vec<Bytes>,
    end: Option<End>,
}

impl Side {
    fn step(&mut self, polls: usize, round: usize) {
        if self.end.is_some() {
            return;
        }
        // Dropped without ever being polled.
        drop(self.socket.next_event());
        if round % 3 == 1 {
            let _: Option<Result<(), Disconnected>> = poll_and_drop(self.socket.flush(), polls);
        }
        if !self.to_send.is_empty()
            && let Some(Ok(())) = poll_and_drop(self.socket.ready(), polls)
        {
            let next = self.to_send.remove(0);
            self.socket.engine_mut().send(next);
        }
        match poll_and_drop(self.socket.next_event(), polls) {
            Some(Some(Event::Message(payload))) => {
                if self.echoes {
                    self.to_send.push(payload.clone());
                }
                self.received.push(payload);
                if !self.echoes && self.received.len() == MESSAGES {
                    self.socket.engine_mut().quit();
                }
            }
            Some(Some(Event::Ended(end))) => self.end = Some(end),
            Some(None) => panic!("the last event did not come"),
            None => {}
        }
    }
}

fn exchange(script: Script, polls: usize) {
    let (near, far) = pair(script, script);
    let sent: Vec<_> = (0..MESSAGES).map(payload).collect();
    let side = |io, to_send: &[Bytes], echoes| Side {
        socket: Socket::new(Netstrings::new(), io),
        to_send: to_send.to_vec(),
        echoes,
        received: Vec::new(),
        end: None,
    };
    let (mut near, mut far) = (side(near, &sent, false), side(far, &[], true));
    for round in 0..1_000_000 {
        near.step(polls, round);
        far.step(polls, round);
        if near.end.is_some() && far.end.is_some() {
            break;
        }
    }
    assert_eq!((near.end, far.end), (Some(End::Quit), Some(End::Quit)));
    assert!(
        near.received == sent && far.received == sent,
        "bytes were lost or changed with {script:?}, {polls} polls"
    );
}

#[test]
fn dropping_every_future_at_every_await_point_loses_no_byte() {
    for polls in 1..=6 {
        for limit in [1, 2, 5, 64, 1000, usize::MAX] {
            let script =
                Script { read_limit: limit, write_limit: limit, capacity: usize::MAX, stutter: true };
            exchange(script, polls);
        }
    }
}

#[test]
fn dropping_futures_that_wait_for_a_full_pipe_loses_no_byte() {
    for polls in 1..=4 {
        for capacity in [1, 3, 16, 500] {
            exchange(Script { capacity, stutter: polls % 2 == 0, ..Script::default() }, polls);
        }
    }
}
