//! A byte stream in memory that misbehaves as told.

use std::collections::VecDeque;
use std::io::{ErrorKind, IoSlice, Result};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};

use bytes::BytesMut;
use wirebahn_drive::Io;

/// How one end of a pipe behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Script {
    /// Bytes per read at most.
    pub(crate) read_limit: usize,
    /// Bytes per write at most.
    pub(crate) write_limit: usize,
    /// Bytes on their way from this end at most.
    pub(crate) capacity: usize,
    /// Every other call of each kind is `Pending` and wakes at once.
    pub(crate) stutter: bool,
}

impl Default for Script {
    fn default() -> Self {
        Self { read_limit: usize::MAX, write_limit: usize::MAX, capacity: usize::MAX, stutter: false }
    }
}

/// What was done to one end, and what it shall do from now on.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) reads: usize,
    pub(crate) writes: usize,
    pub(crate) pieces: Vec<usize>,
    pub(crate) shutdowns: usize,
    pub(crate) room_offered: usize,
    pub(crate) fail_write: Option<ErrorKind>,
    pub(crate) fail_read: Option<ErrorKind>,
    pub(crate) block_flush: bool,
    pub(crate) unflushed: bool,
    pub(crate) dropped: bool,
}

#[derive(Debug)]
pub(crate) struct Pipe {
    script: Script,
    /// Of reads, writes, flushes and shutdowns.
    calls: [usize; 4],
    incoming: Arc<Mutex<Direction>>,
    outgoing: Arc<Mutex<Direction>>,
    log: Arc<Mutex<Log>>,
}

#[derive(Debug, Default)]
struct Direction {
    bytes: VecDeque<u8>,
    ended: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

pub(crate) fn pair(near: Script, far: Script) -> (Pipe, Pipe) {
    let (there, back) = (Arc::default(), Arc::default());
    let end = |script, incoming: &Arc<_>, outgoing: &Arc<_>| Pipe {
        script,
        calls: [0; 4],
        incoming: Arc::clone(incoming),
        outgoing: Arc::clone(outgoing),
        log: Arc::default(),
    };
    (end(near, &back, &there), end(far, &there, &back))
}

impl Pipe {
    pub(crate) fn log(&self) -> Arc<Mutex<Log>> {
        Arc::clone(&self.log)
    }

    /// Sends from this end without a driver.
    pub(crate) fn put(&self, bytes: impl AsRef<[u8]>) {
        let mut outgoing = self.outgoing.lock().unwrap();
        outgoing.bytes.extend(bytes.as_ref());
        wake(&mut outgoing.reader);
    }

    /// Takes everything that has arrived at this end without a driver.
    pub(crate) fn take(&self) -> Vec<u8> {
        let mut incoming = self.incoming.lock().unwrap();
        wake(&mut incoming.writer);
        incoming.bytes.drain(..).collect()
    }

    /// Ends the direction from this end.
    pub(crate) fn end(&self) {
        let mut outgoing = self.outgoing.lock().unwrap();
        outgoing.ended = true;
        wake(&mut outgoing.reader);
    }

    pub(crate) fn peer_has_ended(&self) -> bool {
        self.incoming.lock().unwrap().ended
    }

    fn stutters(&mut self, kind: usize, cx: &Context<'_>) -> bool {
        self.calls[kind] += 1;
        let pending = self.script.stutter && self.calls[kind] % 2 == 1;
        if pending {
            cx.waker().wake_by_ref();
        }
        pending
    }

    fn logged(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap()
    }
}

impl Io for Pipe {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut BytesMut) -> Poll<Result<usize>> {
        let spare = buf.capacity() - buf.len();
        assert!(spare > 0, "a read without room");
        {
            let mut log = self.logged();
            log.reads += 1;
            log.room_offered = spare;
            if let Some(kind) = log.fail_read {
                return Poll::Ready(Err(kind.into()));
            }
        }
        if self.stutters(0, cx) {
            return Poll::Pending;
        }
        let mut incoming = self.incoming.lock().unwrap();
        let len = incoming.bytes.len().min(spare).min(self.script.read_limit);
        if len == 0 && !incoming.ended {
            incoming.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        buf.extend(incoming.bytes.drain(..len));
        wake(&mut incoming.writer);
        Poll::Ready(Ok(len))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        assert!(pieces.iter().all(|piece| !piece.is_empty()), "an empty piece");
        {
            let mut log = self.logged();
            log.writes += 1;
            log.pieces.push(pieces.len());
            if let Some(kind) = log.fail_write {
                return Poll::Ready(Err(kind.into()));
            }
        }
        if self.stutters(1, cx) {
            return Poll::Pending;
        }
        let mut outgoing = self.outgoing.lock().unwrap();
        assert!(!outgoing.ended, "a write after the shutdown");
        let room = (self.script.capacity - outgoing.bytes.len()).min(self.script.write_limit);
        let before = outgoing.bytes.len();
        outgoing.bytes.extend(pieces.iter().flat_map(|piece| piece.iter()).take(room));
        let len = outgoing.bytes.len() - before;
        if len == 0 {
            outgoing.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        self.log.lock().unwrap().unflushed = true;
        wake(&mut outgoing.reader);
        Poll::Ready(Ok(len))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if self.stutters(2, cx) || self.logged().block_flush {
            return Poll::Pending;
        }
        self.logged().unflushed = false;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if self.stutters(3, cx) {
            return Poll::Pending;
        }
        self.logged().shutdowns += 1;
        self.end();
        Poll::Ready(Ok(()))
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.logged().dropped = true;
        self.end();
    }
}

fn wake(slot: &mut Option<Waker>) {
    if let Some(waker) = slot.take() {
        waker.wake();
    }
}

/// A task that only counts how often it was woken.
#[derive(Debug, Default)]
pub(crate) struct Task(AtomicUsize);

impl Task {
    pub(crate) fn new() -> (Arc<Self>, Waker) {
        let task = Arc::new(Self::default());
        (Arc::clone(&task), Waker::from(task))
    }

    /// How often it was woken since the last call.
    pub(crate) fn woken(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
