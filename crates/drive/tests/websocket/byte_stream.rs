//! Byte streams over a stream that is never ready when it is wanted: every operation is polled once and dropped, and no
//! byte is lost, repeated or out of order.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use wirebahn_core::websocket::{Config, Established, Role};
use wirebahn_drive::Runtime;
use wirebahn_drive::websocket::{ByteEncoding, ByteStream, StreamingSocket};
use wirebahn_testkit::SeededEntropy;
use wirebahn_tokio::TokioRuntime;

use crate::pipe::{Pipe, pair};

const LEN: usize = 30_000;

struct End {
    stream: ByteStream<Pipe, TokioRuntime>,
    random: SeededEntropy,
    written: usize,
    received: Vec<u8>,
    has_ended: bool,
}

impl End {
    fn new(role: Role, io: Pipe, encoding: ByteEncoding, seed: u64) -> Self {
        let entropy = Box::new(SeededEntropy::new(seed));
        let established = Established::new(role, Arc::new(Config::default()), entropy, TokioRuntime::now());
        let stream = ByteStream::new(StreamingSocket::from_established(established, io), encoding);
        Self { stream, random: SeededEntropy::new(!seed), written: 0, received: Vec::new(), has_ended: false }
    }

    /// Does one thing, once.
    fn act(&mut self, data: &[u8], closes: bool) {
        let cx = &mut Context::from_waker(Waker::noop());
        match self.random.up_to(4) {
            1 if self.written < data.len() => {
                let until = (self.written + self.random.up_to(900)).min(data.len());
                if let Poll::Ready(len) = self.stream.poll_write(cx, &data[self.written..until]) {
                    self.written += len.unwrap();
                }
            }
            2 => drop(self.stream.poll_flush(cx)),
            3 if closes && self.written == data.len() => drop(self.stream.poll_close(cx)),
            _ => {
                let mut buf = vec![0; self.random.up_to(500)];
                if let Poll::Ready(len) = self.stream.poll_read(cx, &mut buf) {
                    let len = len.unwrap();
                    self.received.extend_from_slice(&buf[..len]);
                    self.has_ended |= len == 0;
                }
            }
        }
    }
}

#[tokio::test]
async fn no_byte_is_lost_or_repeated_whatever_is_dropped() {
    let data: Vec<u8> = (0..LEN).map(|at| (at / 3 + at) as u8).collect();
    for seed in 0..20 {
        let encoding = ByteEncoding::ALL[seed as usize % 2];
        let (near, far) = pair(seed);
        let mut near = End::new(Role::Client, near, encoding, seed);
        let mut far = End::new(Role::Server, far, encoding, seed + 1000);
        for turn in 0.. {
            let all_received = far.received.len() + near.received.len() == 2 * LEN;
            near.act(&data, all_received);
            far.act(&data, false);
            if near.has_ended && far.has_ended {
                break;
            }
            assert!(turn < 1_000_000, "stuck: {near:?} {far:?}");
        }
        assert!(near.received == data && far.received == data);
    }
}

impl std::fmt::Debug for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} written, {} received, {:?}", self.written, self.received.len(), self.stream)
    }
}
