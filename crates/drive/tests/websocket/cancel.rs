//! Every future of a connection is polled a few times and dropped, again and again, over a stream that is never ready
//! when it is wanted. No message is lost, repeated or torn.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use wirebahn_core::Instant;
use wirebahn_core::websocket::{CloseCode, Closed, Config, Established, Message, Role, SendError};
use wirebahn_drive::websocket::{WebSocket, WebSocketReader, WebSocketWriter};
use wirebahn_drive::{Runtime, Timer};
use wirebahn_testkit::SeededEntropy;
use wirebahn_tokio::TokioRuntime;

use crate::pipe::{Pipe, pair};

const MESSAGES: u64 = 25;

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

/// Says which one it is, and is of a length and content that nothing else has.
fn message(number: u64) -> Message {
    let len = SeededEntropy::new(number).up_to(5000);
    Message::text(format!("{number}:{}", number.to_string().repeat(len / 3)))
}

fn number_of(message: &Message) -> u64 {
    message.as_text().and_then(|text| text.split(':').next()?.parse().ok()).expect("a number")
}

enum Ends<R: Runtime> {
    Whole(Box<WebSocket<Pipe, R>>),
    Halves(WebSocketReader<Pipe, R>, WebSocketWriter<Pipe, R>),
}

impl<R: Runtime> Ends<R> {
    fn recv(&mut self, polls: usize) -> Option<Option<Message>> {
        match self {
            Self::Whole(socket) => poll_and_drop(socket.recv(), polls),
            Self::Halves(reader, _) => poll_and_drop(reader.recv(), polls),
        }
    }

    fn send(&mut self, message: Message, polls: usize) -> Option<Result<(), SendError>> {
        match self {
            Self::Whole(socket) => poll_and_drop(socket.send(message), polls),
            Self::Halves(_, writer) => poll_and_drop(writer.send(message), polls),
        }
    }

    fn feed(&mut self, message: Message, polls: usize) -> Option<Result<(), SendError>> {
        match self {
            Self::Whole(socket) => poll_and_drop(socket.feed(message), polls),
            Self::Halves(_, writer) => poll_and_drop(writer.feed(message), polls),
        }
    }

    fn flush(&mut self, polls: usize) {
        let _ = match self {
            Self::Whole(socket) => poll_and_drop(socket.flush(), polls),
            Self::Halves(_, writer) => poll_and_drop(writer.flush(), polls),
        };
    }

    fn ping(&mut self, polls: usize) {
        let _ = match self {
            Self::Whole(socket) => poll_and_drop(socket.ping("ping"), polls),
            Self::Halves(_, writer) => poll_and_drop(writer.ping("ping"), polls),
        };
    }

    fn close(&mut self, polls: usize) {
        match self {
            Self::Whole(socket) => {
                let _ = poll_and_drop(socket.close(CloseCode::NORMAL, "done"), polls);
            }
            Self::Halves(_, writer) => {
                let _ = poll_and_drop(writer.close(CloseCode::NORMAL, "done"), polls);
            }
        }
    }

    fn closed(&self) -> Option<&Closed> {
        match self {
            Self::Whole(socket) => socket.closed(),
            Self::Halves(reader, _) => reader.closed(),
        }
    }
}

/// One end of the exchange: what it does next depends on what has come about, never on a future that was kept.
struct Party<R: Runtime> {
    ends: Ends<R>,
    random: SeededEntropy,
    polls: usize,
    /// The number of the next message.
    next: u64,
    /// Messages of which it is known that they were taken.
    taken: Vec<u64>,
    received: Vec<u64>,
}

impl<R: Runtime> Party<R> {
    fn step(&mut self) {
        if self.ends.closed().is_some() {
            return;
        }
        match self.random.up_to(8) {
            1 => self.ends.flush(self.polls),
            2 => self.ends.ping(self.polls),
            3 if self.next < MESSAGES => {
                // Dropped while it waits for room, it has not been taken.
                if let Some(result) = self.ends.feed(message(self.next), self.polls) {
                    result.expect("nobody has closed");
                    self.taken.push(self.next);
                    self.next += 1;
                }
            }
            4 | 5 if self.next < MESSAGES => {
                // Dropped while it waits, it has been taken as a whole or not at all.
                if let Some(result) = self.ends.send(message(self.next), self.polls) {
                    result.expect("nobody has closed");
                    self.taken.push(self.next);
                }
                self.next += 1;
            }
            _ => {
                if let Some(Some(received)) = self.ends.recv(self.polls) {
                    let number = number_of(&received);
                    assert!(received == message(number), "message {number} was torn");
                    self.received.push(number);
                }
            }
        }
    }

    fn assert_has_all_of(&self, peer: &Self) {
        assert!(self.received.is_sorted_by(|a, b| a < b), "repeated or out of order: {:?}", self.received);
        for number in &peer.taken {
            assert!(self.received.contains(number), "message {number} was lost");
        }
    }
}

fn exchange<R: Runtime>(seed: u64, polls: usize, split: bool) {
    let (near, far) = pair(seed);
    let mut config = Config::default();
    // Small enough that senders have to wait for room.
    config.limits.outbox_high_water = 4000;
    let config = Arc::new(config);
    let party = |role, io, salt| {
        let entropy = Box::new(SeededEntropy::new(seed ^ salt));
        let established = Established::new(role, Arc::clone(&config), entropy, R::now());
        let socket = WebSocket::<Pipe, R>::from_established(established, io);
        let ends = if split {
            let (reader, writer) = socket.split();
            Ends::Halves(reader, writer)
        } else {
            Ends::Whole(Box::new(socket))
        };
        let random = SeededEntropy::new(seed.wrapping_mul(salt));
        Party { ends, random, polls, next: 0, taken: Vec::new(), received: Vec::new() }
    };
    let (mut near, mut far) = (party(Role::Client, near, 77), party(Role::Server, far, 99));
    let both_have_all = |near: &Party<R>, far: &Party<R>| {
        let has_all = |a: &Party<R>, b: &Party<R>| b.taken.iter().all(|number| a.received.contains(number));
        near.next == MESSAGES && far.next == MESSAGES && has_all(near, far) && has_all(far, near)
    };
    let mut rounds = 0..200_000;
    while !both_have_all(&near, &far) {
        assert!(
            rounds.next().is_some(),
            "stuck: {:?} of {:?}, {:?} of {:?}",
            near.received,
            far.taken,
            far.received,
            near.taken
        );
        near.step();
        far.step();
    }
    while near.ends.closed().is_none() || far.ends.closed().is_none() {
        assert!(rounds.next().is_some(), "the closing handshake is stuck");
        if near.ends.closed().is_none() {
            near.ends.close(polls);
        }
        for party in [&mut near, &mut far] {
            if let Some(Some(late)) = party.ends.recv(polls) {
                party.received.push(number_of(&late));
            }
        }
    }
    near.assert_has_all_of(&far);
    far.assert_has_all_of(&near);
    for (party, reason) in [(&near, "done"), (&far, "done")] {
        let closed = party.ends.closed().unwrap();
        assert!(closed.clean && closed.code == CloseCode::NORMAL && closed.reason == reason, "{closed}");
    }
}

fn exchanges<R: Runtime>() {
    for polls in 1..=6 {
        for seed in 0..5 {
            exchange::<R>(seed, polls, false);
            exchange::<R>(seed, polls, true);
        }
    }
}

#[test]
fn nothing_is_lost_or_torn_by_dropping_futures_on_tokio() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { exchanges::<TokioRuntime>() });
}

#[test]
fn nothing_is_lost_or_torn_by_dropping_futures_on_smol() {
    smol::block_on(async { exchanges::<Smol>() });
}

struct Smol;

#[derive(Default)]
struct SmolTimer {
    timer: Option<smol::Timer>,
}

impl Runtime for Smol {
    type Timer = SmolTimer;

    fn now() -> Instant {
        std::time::Instant::now().into()
    }
}

impl Timer for SmolTimer {
    fn arm(&mut self, deadline: Instant) {
        self.timer = Some(smol::Timer::after(deadline.saturating_duration_since(Smol::now())));
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.timer {
            Some(timer) => std::pin::Pin::new(timer).poll(cx).map(drop),
            None => Poll::Ready(()),
        }
    }
}
