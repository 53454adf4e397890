//! An open connection.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::mem;
use core::time::Duration;

use bytes::{Bytes, BytesMut};

use super::opening::SerializerId;
use super::receive::{Receiver, Step};
use super::{
    Cause, Closed, Config, Established, FrameHeader, FrameType, MaxLen, Pong, PreparedFrame, SendError,
    TimerKind, Violation,
};
use crate::websocket::streaming::keepalive::{Due, Keepalive};
use crate::websocket::streaming::timers::{Deadline, earlier};
use crate::{COPY_THRESHOLD, Engine, Entropy, Instant, Outbox, Transport};

/// What a [`RawSocket`] tells the application.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A whole message: a slice of the receive buffer, which it keeps alive.
    Message(Bytes),
    /// The peer sent a ping with this payload. It has been answered.
    Ping(Bytes),
    /// The peer sent a pong.
    Pong(Pong),
    /// The connection has ended: the last event.
    Closed(Closed),
}

/// An open RawSocket connection, at the level of whole messages.
///
/// ```text
///        close(), violation                  end of the transport, deadline
///   Open ──────────────────▶ Draining ──────────────────────────────────────▶ Ended
///     └── end of the transport, keepalive, abort() ──────────────────────────────▲
/// ```
///
/// ```
/// use std::sync::Arc;
/// use wirebahn_core::rawsocket::opening::SerializerId;
/// use wirebahn_core::rawsocket::{Config, Established, Event, MaxLen, RawSocket};
/// use wirebahn_core::{Engine, Entropy, Instant};
///
/// # struct Fixed;
/// # impl Entropy for Fixed { fn fill(&mut self, out: &mut [u8]) { out.fill(7) } }
/// let open = || {
///     let config = Arc::new(Config::default());
///     RawSocket::new(Established::new(config, SerializerId::JSON, MaxLen::MAX, Box::new(Fixed), Instant::ZERO))
/// };
/// let (mut client, mut server) = (open(), open());
///
/// client.send("[1,\"realm1\",{}]".into())?;
/// for piece in client.outbox().pieces() {
///     server.recv_buf().extend_from_slice(piece);
/// }
/// server.handle_recv(Instant::ZERO);
/// assert_eq!(server.poll_event(), Some(Event::Message("[1,\"realm1\",{}]".into())));
/// # Ok::<(), wirebahn_core::rawsocket::SendError>(())
/// ```
#[derive(Debug)]
pub struct RawSocket {
    config: Arc<Config>,
    serializer: SerializerId,
    peer_max_len: MaxLen,
    entropy: Box<dyn Entropy>,
    received: BytesMut,
    /// How much of `received` had been looked at when `handle_recv` was last called.
    known: usize,
    receiver: Receiver,
    outbox: Outbox,
    /// The payload of the last ping, if there was no room for the answer.
    unanswered: Option<Bytes>,
    keepalive: Option<Box<Keepalive>>,
    phase: Phase,
    eof: bool,
    /// Ends the wait for the end of the transport.
    deadline: Deadline,
    /// The event that waits to be polled. Nothing more is taken in before it is gone, which bounds the queue.
    event: Option<Event>,
    last_received: Instant,
    /// The last moment we were told.
    now: Instant,
    round_trip: Option<Duration>,
}

#[derive(Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// Our direction ends; the end of the transport is awaited.
    Draining(Cause),
    /// The terminal event waits.
    Ending(Cause),
    Ended,
}

impl RawSocket {
    /// A connection after its opening handshake.
    #[must_use]
    pub fn new(established: Established) -> Self {
        let Established { config, serializer, peer_max_len, entropy, received, mut outbox, now } =
            established;
        outbox.set_high_water(config.outbox_high_water);
        let mut socket = Self {
            receiver: Receiver::new(config.max_len),
            keepalive: config.keepalive.map(|options| Box::new(Keepalive::new(options))),
            config,
            serializer,
            peer_max_len,
            entropy,
            received,
            known: 0,
            outbox,
            unanswered: None,
            phase: Phase::Open,
            eof: false,
            deadline: Deadline::Off,
            event: None,
            last_received: now,
            now,
            round_trip: None,
        };
        socket.handle_recv(now);
        socket
    }

    /// Sends a message. Long ones are sent from where they are, short ones are copied next to each other.
    ///
    /// # Errors
    ///
    /// The message is longer than the peer accepts, the outbox is not ready, or the connection is closing.
    #[inline]
    pub fn send(&mut self, payload: Bytes) -> Result<(), SendError> {
        self.check_send(payload.len())?;
        self.put_frame(FrameType::Message, payload);
        Ok(())
    }

    /// Sends a message that was framed once for many connections.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    #[inline]
    pub fn send_prepared(&mut self, frame: &PreparedFrame) -> Result<(), SendError> {
        self.check_send(frame.payload_len())?;
        self.outbox.put_bytes(frame.frame().clone());
        Ok(())
    }

    /// Sends a ping. The answer comes as [`Event::Pong`]. Many peers in the field do not know pings and end the
    /// connection.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn ping(&mut self, payload: impl Into<Bytes>) -> Result<(), SendError> {
        let payload = payload.into();
        self.check_send(payload.len())?;
        self.put_frame(FrameType::Ping, payload);
        Ok(())
    }

    /// Sends what waits, then ends the connection. What the peer still sends is discarded.
    ///
    /// # Errors
    ///
    /// The connection is closing already.
    pub fn close(&mut self, now: Instant) -> Result<(), SendError> {
        self.check_open()?;
        self.note_time(now);
        self.drain(Cause::ClosedByUs);
        self.note_time(now);
        Ok(())
    }

    /// Drops the connection at once. What waits to be sent is lost.
    pub fn abort(&mut self) {
        if matches!(self.phase, Phase::Open | Phase::Draining(_)) {
            self.outbox.clear();
            self.end(Cause::Aborted);
        }
    }

    /// The serializer that was agreed on.
    #[must_use]
    pub const fn serializer(&self) -> SerializerId {
        self.serializer
    }

    /// The longest message that the peer accepts.
    #[must_use]
    pub const fn peer_max_len(&self) -> MaxLen {
        self.peer_max_len
    }

    /// The options of the connection.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Whether messages can be sent: neither end has ended the connection.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    /// The round-trip time that the last answered keepalive ping measured.
    #[must_use]
    pub const fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    const fn check_open(&self) -> Result<(), SendError> {
        if self.is_open() { Ok(()) } else { Err(SendError::Closed) }
    }

    #[inline]
    fn check_send(&self, len: usize) -> Result<(), SendError> {
        self.check_open()?;
        let limit = self.peer_max_len.bytes();
        if len > limit {
            return Err(SendError::MessageTooLong { limit });
        }
        if self.outbox.is_ready() { Ok(()) } else { Err(SendError::NotReady) }
    }

    #[inline]
    fn put_frame(&mut self, frame_type: FrameType, payload: Bytes) {
        let header = FrameHeader::new(frame_type, payload.len())
            .expect("no payload is sent that is longer than the peer accepts, 16 MiB at most");
        if payload.len() <= COPY_THRESHOLD {
            self.outbox.put_pair(header.encode(), &payload);
        } else {
            self.outbox.put_slice(&header.encode());
            self.outbox.put_bytes(payload);
        }
    }

    /// Takes in received bytes up to the next event.
    #[inline]
    fn take_in(&mut self) -> Option<Event> {
        if self.phase != Phase::Open {
            self.discard();
            return None;
        }
        let event = match self.receiver.next(&mut self.received) {
            Step::Frame(FrameType::Message, payload) => Some(Event::Message(payload)),
            Step::Frame(FrameType::Ping, payload) => Some(self.answer(payload)),
            Step::Frame(FrameType::Pong, payload) => Some(self.match_pong(payload)),
            Step::Violation(violation) => {
                self.fail(violation);
                None
            }
            Step::NeedMore => {
                if self.eof {
                    let is_cut = self.receiver.is_inside_frame(&self.received);
                    self.end(if is_cut { Cause::TransportLost } else { Cause::ClosedByPeer });
                }
                None
            }
        };
        self.known = self.received.len();
        event
    }

    /// Nothing that still arrives counts; the end of the transport does.
    #[cold]
    fn discard(&mut self) {
        self.received.clear();
        self.known = 0;
        if self.eof
            && let Phase::Draining(cause) = &self.phase
        {
            self.end(cause.clone());
        }
    }

    fn answer(&mut self, payload: Bytes) -> Event {
        if payload.len() > self.peer_max_len.bytes() {
            // The peer sends longer pings than it accepts answers: it cannot have one.
        } else if self.outbox.is_ready() {
            self.put_frame(FrameType::Pong, payload.clone());
        } else {
            // A peer that pings faster than it reads gets the answer to its last ping, so that a flood of pings costs
            // one payload of memory.
            self.unanswered = Some(payload.clone());
        }
        Event::Ping(payload)
    }

    fn match_pong(&mut self, payload: Bytes) -> Event {
        let now = self.now;
        let round_trip = self.keepalive.as_mut().and_then(|keepalive| keepalive.match_pong(&payload, now));
        self.round_trip = round_trip.or(self.round_trip);
        Event::Pong(Pong::new(payload, round_trip))
    }

    #[cold]
    fn fail(&mut self, violation: Violation) {
        self.drain(Cause::Violation(violation));
        self.discard();
    }

    fn drain(&mut self, cause: Cause) {
        self.unanswered = None;
        self.phase = Phase::Draining(cause);
        self.deadline = Deadline::start(self.config.drop_timeout);
    }

    fn end(&mut self, cause: Cause) {
        self.phase = Phase::Ending(cause);
        self.deadline = Deadline::Off;
        self.unanswered = None;
        self.received.clear();
        self.known = 0;
    }

    fn take_closed(&mut self) -> Option<Event> {
        match mem::replace(&mut self.phase, Phase::Ended) {
            Phase::Ending(cause) => Some(Event::Closed(Closed { cause })),
            phase => {
                self.phase = phase;
                None
            }
        }
    }

    /// Answers the ping that had to wait.
    fn release(&mut self) {
        if self.unanswered.is_some()
            && self.outbox.is_ready()
            && let Some(payload) = self.unanswered.take()
        {
            self.put_frame(FrameType::Pong, payload);
        }
    }

    /// Starts the timers that wait to be told the time.
    fn note_time(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.deadline.note_time(self.now);
        if let Some(keepalive) = &mut self.keepalive {
            keepalive.note_time(self.now, &self.outbox);
        }
    }

    fn handle_keepalive(&mut self) {
        let (now, paused) = (self.now, self.event.is_some());
        let Some(keepalive) = &mut self.keepalive else { return };
        match keepalive.due(now, self.last_received, paused, &self.outbox) {
            Due::Nothing => {}
            Due::SendPing => {
                let payload = keepalive.next_payload(&mut *self.entropy);
                keepalive.sent(payload.clone(), now, &self.outbox);
                self.put_frame(FrameType::Ping, payload);
                if let Some(keepalive) = &mut self.keepalive {
                    keepalive.queued(&self.outbox);
                }
            }
            Due::GiveUp => {
                self.outbox.clear();
                self.end(Cause::TimedOut(TimerKind::Keepalive));
            }
        }
    }
}

impl Engine for RawSocket {
    type Event = Event;

    #[inline]
    fn recv_buf(&mut self) -> &mut BytesMut {
        &mut self.received
    }

    #[inline]
    fn recv_hint(&self) -> usize {
        self.receiver.missing(self.received.len())
    }

    #[inline]
    fn handle_recv(&mut self, now: Instant) {
        self.note_time(now);
        if self.received.len() > self.known {
            self.last_received = self.now;
            if let Some(keepalive) = &mut self.keepalive {
                keepalive.note_life();
            }
        }
        if self.event.is_none() {
            self.event = self.take_in();
        }
        self.deadline.note_time(self.now);
    }

    fn handle_eof(&mut self, now: Instant) {
        if self.eof {
            return;
        }
        self.eof = true;
        self.note_time(now);
        if self.event.is_none() {
            self.event = self.take_in();
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.note_time(now);
        match &self.phase {
            Phase::Draining(cause) if self.deadline.has_passed(self.now) => {
                let cause = cause.clone();
                self.outbox.clear();
                self.end(cause);
            }
            Phase::Open => self.handle_keepalive(),
            _ => {}
        }
    }

    #[inline]
    fn poll_event(&mut self) -> Option<Event> {
        match self.event.take() {
            Some(event) => Some(event),
            None => self.take_in().or_else(|| self.take_closed()),
        }
    }

    #[inline]
    fn poll_timeout(&self) -> Option<Instant> {
        let keepalive = self.keepalive.as_ref().filter(|_| self.is_open());
        let keepalive = keepalive.map(|keepalive| keepalive.poll_timeout(self.last_received, &self.outbox));
        earlier(self.deadline.poll(), keepalive)
    }

    #[inline]
    fn outbox(&mut self) -> &mut Outbox {
        self.release();
        &mut self.outbox
    }

    #[inline]
    fn transport(&self) -> Transport {
        match self.phase {
            Phase::Open if self.event.is_some() || self.eof => Transport::Paused,
            Phase::Open => Transport::Open,
            Phase::Draining(_) => Transport::Finish,
            Phase::Ending(_) | Phase::Ended => Transport::Close,
        }
    }
}
