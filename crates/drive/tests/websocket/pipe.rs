//! A stream in memory that takes and gives bytes as a seed says.

use std::collections::VecDeque;
use std::io::{IoSlice, Result};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::BytesMut;
use wirebahn_drive::Io;
use wirebahn_testkit::SeededEntropy;

/// How many bytes are on their way at most.
const CAPACITY: usize = 3000;

#[derive(Debug, Default)]
struct Direction {
    bytes: VecDeque<u8>,
    ended: bool,
}

/// One end. Wakes nobody: whoever uses it polls again by himself.
pub(crate) struct Pipe {
    random: SeededEntropy,
    incoming: Arc<Mutex<Direction>>,
    outgoing: Arc<Mutex<Direction>>,
}

pub(crate) fn pair(seed: u64) -> (Pipe, Pipe) {
    let (there, back) = <(Arc<_>, Arc<_>)>::default();
    let near =
        Pipe { random: SeededEntropy::new(seed), incoming: Arc::clone(&back), outgoing: Arc::clone(&there) };
    (near, Pipe { random: SeededEntropy::new(!seed), incoming: there, outgoing: back })
}

impl Pipe {
    fn is_in_the_mood(&mut self) -> bool {
        self.random.up_to(3) > 1
    }
}

impl Io for Pipe {
    fn poll_read(&mut self, _cx: &mut Context<'_>, buf: &mut BytesMut) -> Poll<Result<usize>> {
        let most = self.random.up_to(2000).min(buf.capacity() - buf.len());
        let ready = self.is_in_the_mood();
        let mut incoming = self.incoming.lock().unwrap();
        if !ready || (incoming.bytes.is_empty() && !incoming.ended) {
            return Poll::Pending;
        }
        let len = most.min(incoming.bytes.len());
        buf.extend(incoming.bytes.drain(..len));
        Poll::Ready(Ok(len))
    }

    fn poll_write(&mut self, _cx: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        let most = self.random.up_to(2000);
        let ready = self.is_in_the_mood();
        let mut outgoing = self.outgoing.lock().unwrap();
        assert!(!outgoing.ended, "a write after the end");
        let room = most.min(CAPACITY - outgoing.bytes.len());
        if !ready || room == 0 {
            return Poll::Pending;
        }
        let before = outgoing.bytes.len();
        outgoing.bytes.extend(pieces.iter().flat_map(|piece| piece.iter()).take(room));
        Poll::Ready(Ok(outgoing.bytes.len() - before))
    }

    fn poll_flush(&mut self, _cx: &mut Context<'_>) -> Poll<Result<()>> {
        if self.is_in_the_mood() { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn poll_shutdown(&mut self, _cx: &mut Context<'_>) -> Poll<Result<()>> {
        if !self.is_in_the_mood() {
            return Poll::Pending;
        }
        self.outgoing.lock().unwrap().ended = true;
        Poll::Ready(Ok(()))
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.outgoing.lock().unwrap().ended = true;
    }
}
