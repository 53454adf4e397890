//! Netstrings (`5:hello,`) as an engine: small, and with every demand on a driver that the contract knows.
//!
//! `ping` is answered with `pong` and no event, `quit` asks for an orderly end, `abort` for a quick one.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use wirebahn_core::{Engine, Instant, Outbox, Transport};

pub(crate) const HIGH_WATER: usize = 64 * 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Message(Bytes),
    Ended(End),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Eof,
    Quit,
    Aborted,
    Malformed,
    TimedOut,
}

#[derive(Debug)]
pub(crate) struct Netstrings {
    recv: BytesMut,
    outbox: Outbox,
    event: Option<Event>,
    hint: usize,
    state: State,
    eof: bool,
    on_hold: bool,
    idle: Option<Duration>,
    deadline: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Finishing,
    Closing(End),
    Closed,
}

impl Netstrings {
    pub(crate) fn new() -> Self {
        Self {
            recv: BytesMut::new(),
            outbox: Outbox::new(HIGH_WATER),
            event: None,
            hint: 0,
            state: State::Open,
            eof: false,
            on_hold: false,
            idle: None,
            deadline: None,
        }
    }

    /// Ends the connection when nothing was received for `idle`.
    pub(crate) fn with_idle_timeout(idle: Duration, now: Instant) -> Self {
        Self { idle: Some(idle), deadline: Some(now + idle), ..Self::new() }
    }

    pub(crate) fn send(&mut self, payload: impl Into<Bytes>) {
        let payload = payload.into();
        if self.state == State::Open {
            self.outbox.put_slice(format!("{}:", payload.len()).as_bytes());
            self.outbox.put_bytes(payload);
            self.outbox.put_slice(b",");
        }
    }

    pub(crate) fn quit(&mut self) {
        self.send("quit");
        self.state = State::Finishing;
    }

    /// Hands out no events and wants no bytes until [`resume`](Self::resume).
    pub(crate) fn hold(&mut self) {
        self.on_hold = true;
    }

    pub(crate) fn resume(&mut self) {
        self.on_hold = false;
    }

    pub(crate) fn close_in(&mut self, now: Instant, wait: Duration) {
        self.deadline = Some(now + wait);
    }

    /// Nothing allocated: the outbox holds no memory while it is empty.
    pub(crate) fn holds_no_buffers(&self) -> bool {
        self.recv.capacity() == 0 && self.outbox.is_empty()
    }

    pub(crate) fn recv_capacity(&self) -> usize {
        self.recv.capacity()
    }

    pub(crate) fn queued(&self) -> usize {
        self.outbox.len()
    }

    fn advance(&mut self) {
        while self.event.is_none() && !self.on_hold {
            match self.state {
                State::Open => {
                    let Some(payload) = self.parse() else { break };
                    match &payload[..] {
                        b"ping" => self.send("pong"),
                        b"quit" => self.state = State::Finishing,
                        b"abort" => {
                            self.send("bye");
                            self.state = State::Closing(End::Aborted);
                        }
                        _ => self.event = Some(Event::Message(payload)),
                    }
                }
                State::Finishing if self.eof => self.state = State::Closing(End::Quit),
                State::Finishing | State::Closed => break,
                State::Closing(end) => {
                    self.deadline = None;
                    self.state = State::Closed;
                    self.event = Some(Event::Ended(end));
                }
            }
        }
        if self.event.is_none() && self.eof && self.state == State::Open && !self.on_hold {
            self.state = State::Closing(End::Eof);
            self.advance();
        }
    }

    fn parse(&mut self) -> Option<Bytes> {
        self.hint = 0;
        let Some(colon) = self.recv.iter().take(10).position(|&byte| byte == b':') else {
            if self.recv.len() >= 10 {
                self.malformed();
            }
            return None;
        };
        let Some(len) =
            std::str::from_utf8(&self.recv[..colon]).ok().and_then(|len| len.parse::<usize>().ok())
        else {
            self.malformed();
            return None;
        };
        let total = colon + 1 + len + 1;
        if self.recv.len() < total {
            self.hint = total - self.recv.len();
            return None;
        }
        let _ = self.recv.split_to(colon + 1);
        let payload = self.recv.split_to(len).freeze();
        if &self.recv.split_to(1)[..] != b"," {
            self.malformed();
            return None;
        }
        Some(payload)
    }

    fn malformed(&mut self) {
        self.send("error");
        self.state = State::Closing(End::Malformed);
        self.advance();
    }
}

impl Engine for Netstrings {
    type Event = Event;

    fn recv_buf(&mut self) -> &mut BytesMut {
        &mut self.recv
    }

    fn recv_hint(&self) -> usize {
        self.hint
    }

    fn handle_recv(&mut self, now: Instant) {
        if let (Some(idle), Some(_)) = (self.idle, self.deadline) {
            self.deadline = Some(now + idle);
        }
        self.advance();
    }

    fn handle_eof(&mut self, _now: Instant) {
        self.eof = true;
        self.advance();
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            self.deadline = None;
            self.state = State::Closing(End::TimedOut);
            self.advance();
        }
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.advance();
        self.event.take()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.deadline
    }

    fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    fn transport(&self) -> Transport {
        match self.state {
            State::Open if self.event.is_some() || self.on_hold => Transport::Paused,
            State::Open => Transport::Open,
            State::Finishing => Transport::Finish,
            State::Closing(_) | State::Closed => Transport::Close,
        }
    }
}
