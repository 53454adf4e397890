//! The streaming layer: payload as it arrives.
//!
//! * `receive` turns bytes into chunks and control frames, `send` operations into frames.
//! * `decoding` and `encoding` are what a negotiated extension does in between.
//! * `closing` is the closing handshake and every other way to the end.
//! * `keepalive` and `timers` are the passing of time.

mod closing;
mod decoding;
mod encoding;
mod event;
pub(crate) mod keepalive;
mod lazy;
mod receive;
mod replies;
mod send;
pub(crate) mod timers;

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::time::Duration;

use bytes::{Buf, Bytes, BytesMut};

pub use event::{Chunk, Event, Pong};
pub use replies::{MessageRef, Replies};
pub use send::Fin;

use closing::Closing;
use keepalive::{Due, Keepalive};
pub(in crate::websocket) use receive::Delivery;
use receive::{Located, Receiver, Step};
use send::{Released, Sender};
use timers::{earlier, later};

use super::frame::Opcode;
use super::trace::{self, Direction};
use super::{
    Cause, CloseCode, Config, Established, Message, MessageKind, PreparedMessage, Role, SendError, TimerKind,
    Traffic, TrafficStats,
};
use crate::{Engine, Instant, Outbox, Transport};

/// An open WebSocket connection, at the level of payload as it arrives.
///
/// Compressed messages are inflated as they arrive, in chunks of bounded size. What is sent at this level is not
/// compressed: the length of a frame has to be known before its payload.
///
/// Frames of any size up to 2^63-1 bytes go through without being held: for messages that do not fit into memory, or
/// whose start is wanted before their end. [`Frames`](super::Frames) and [`Messages`](super::Messages) are the
/// layers above.
///
/// ```
/// use std::sync::Arc;
/// use wirebahn_core::websocket::{Config, Established, Event, Fin, MessageKind, Role, Streaming};
/// use wirebahn_core::{Engine, Entropy, Instant};
///
/// # struct Fixed;
/// # impl Entropy for Fixed { fn fill(&mut self, out: &mut [u8]) { out.fill(7) } }
/// let now = Instant::ZERO;
/// let config = Arc::new(Config::default());
/// let mut client = Streaming::new(Established::new(Role::Client, config.clone(), Box::new(Fixed), now));
/// let mut server = Streaming::new(Established::new(Role::Server, config, Box::new(Fixed), now));
///
/// client.begin_message(MessageKind::Text)?;
/// client.begin_frame(5, Fin::Last)?;
/// assert_eq!(client.send_data("Hel")?, 2);
///
/// for piece in client.outbox().pieces() {
///     server.recv_buf().extend_from_slice(piece);
/// }
/// server.handle_recv(now);
/// let Some(Event::Data(chunk)) = server.poll_event() else { panic!() };
/// assert_eq!((&chunk.payload()[..], chunk.frame_len(), chunk.ends_frame()), (&b"Hel"[..], 5, false));
/// # Ok::<(), wirebahn_core::websocket::SendError>(())
/// ```
#[derive(Debug)]
pub struct Streaming {
    config: Arc<Config>,
    role: Role,
    received: BytesMut,
    /// How much of `received` had been looked at when `handle_recv` was last called.
    known: usize,
    receiver: Receiver,
    sender: Sender,
    closing: Closing,
    keepalive: Option<Box<Keepalive>>,
    last_received: Instant,
    /// The last moment we were told.
    now: Instant,
    /// The event that waits to be polled. Nothing more is taken in before it is gone, which bounds the queue.
    event: Option<Event>,
    /// The other kind of event that waits: a message that still stands at the front of `received`, unmasked, checked
    /// and counted, so that it can be lent. There is never one of both kinds.
    located: Option<Located>,
    incoming: Traffic,
    round_trip: Option<Duration>,
}

impl Streaming {
    /// A connection after its opening handshake.
    #[must_use]
    pub fn new(established: Established) -> Self {
        let mut streaming = Self::idle(established);
        streaming.take_in_leftovers();
        streaming
    }

    /// A connection that has not looked at the bytes behind its opening handshake yet.
    pub(in crate::websocket) fn idle(established: Established) -> Self {
        let Established { role, config, entropy, received, mut outbox, extension, opening_octets, now } =
            established;
        outbox.set_high_water(config.limits.outbox_high_water);
        Self {
            receiver: Receiver::new(role, &config, extension.clone()),
            sender: Sender::new(role, &config, entropy, outbox, extension),
            closing: Closing::default(),
            keepalive: config.keepalive.map(|options| Box::new(Keepalive::new(options))),
            config,
            role,
            received,
            known: 0,
            last_received: now,
            now,
            event: None,
            located: None,
            incoming: Traffic { opening_octets, ..Traffic::default() },
            round_trip: None,
        }
    }

    pub(in crate::websocket) fn take_in_leftovers(&mut self) {
        self.handle_recv(self.now);
    }

    /// Begins a message that is sent frame by frame.
    ///
    /// # Errors
    ///
    /// The last message is unfinished, or the connection is closing.
    pub fn begin_message(&mut self, kind: MessageKind) -> Result<(), SendError> {
        self.check_open()?;
        self.sender.begin_message(kind)
    }

    /// Begins a frame of `len` payload bytes; [`send_data`](Self::send_data) then brings them.
    ///
    /// Until then, control frames wait: nothing can go over the wire inside a frame.
    ///
    /// # Errors
    ///
    /// No message was begun, the last frame is unfinished, the outbox is not ready, the message gets too long, or the
    /// connection is closing.
    pub fn begin_frame(&mut self, len: u64, fin: Fin) -> Result<(), SendError> {
        self.check_open()?;
        let released = self.sender.begin_frame(len, fin, self.config.limits.max_message_len)?;
        self.note_released(released);
        Ok(())
    }

    /// Sends payload of the frame that was begun; returns how many bytes it still takes. The frame ends with its last
    /// byte.
    ///
    /// A text message has to be UTF-8 as a whole; characters may be cut between calls and frames.
    ///
    /// # Errors
    ///
    /// No frame was begun, `payload` is longer than what the frame still takes, or the outbox is not ready.
    pub fn send_data(&mut self, payload: impl Into<Bytes>) -> Result<u64, SendError> {
        if self.closing.has_ended() {
            return Err(SendError::Closed);
        }
        let (remaining, released) = self.sender.frame_data(payload.into())?;
        self.note_released(released);
        Ok(remaining)
    }

    /// Ends the message that was begun, with an empty frame.
    ///
    /// # Errors
    ///
    /// No message was begun, a frame is unfinished, or the connection is closing.
    pub fn end_message(&mut self) -> Result<(), SendError> {
        self.check_open()?;
        self.sender.end_message(self.config.limits.max_message_len)
    }

    /// Sends a ping with up to 125 bytes of payload. The answer comes as [`Event::Pong`].
    ///
    /// # Errors
    ///
    /// The payload is too long, too many pings wait, the outbox is not ready, or the connection is closing.
    pub fn ping(&mut self, payload: impl Into<Bytes>) -> Result<(), SendError> {
        self.check_open()?;
        self.sender.ping(payload.into())
    }

    /// Sends a pong that nobody asked for, with up to 125 bytes of payload (RFC 6455 5.5.3). Pings are answered
    /// without it.
    ///
    /// # Errors
    ///
    /// The payload is too long, the outbox is not ready, or the connection is closing.
    pub fn pong(&mut self, payload: impl Into<Bytes>) -> Result<(), SendError> {
        self.check_open()?;
        self.sender.pong(payload.into())
    }

    /// Starts the closing handshake. Messages of the peer still arrive until its answer.
    ///
    /// [`CloseCode::NO_STATUS`] sends a Close frame without a code. `reason` is for people who debug, at most 123
    /// bytes.
    ///
    /// # Errors
    ///
    /// The code must not be sent, the reason is too long, or the connection is closing already.
    pub fn close(&mut self, code: CloseCode, reason: &str, now: Instant) -> Result<(), SendError> {
        self.check_open()?;
        let payload = closing::checked_close_payload(code, reason)?;
        self.note_time(now);
        self.start_close(payload, Cause::ClosedByUs);
        self.note_time(now);
        Ok(())
    }

    /// Drops the connection without a closing handshake. What waits to be sent is lost.
    pub fn abort(&mut self) {
        self.end(Cause::Aborted);
    }

    /// Which end of the connection we are.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The options of the connection.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What has gone over the connection so far.
    #[must_use]
    pub fn stats(&self) -> TrafficStats {
        let mut stats = TrafficStats { incoming: self.incoming, outgoing: self.sender.stats };
        let (octets_in, octets_out) = self.receiver.decoded_octets();
        stats.incoming.websocket_octets =
            (stats.incoming.websocket_octets + octets_in).saturating_sub(octets_out);
        stats.outgoing.wire_octets = self.sender.outbox.queued_total() - self.sender.stats.opening_octets;
        stats
    }

    /// The round-trip time that the last answered keepalive ping measured.
    #[must_use]
    pub const fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// Whether messages can be sent: neither end has started to close.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.closing.is_open()
    }

    /// Gives up the engine after its end, for the bytes that were received behind it.
    #[must_use]
    pub fn into_received(self) -> BytesMut {
        self.received
    }

    #[inline]
    pub(in crate::websocket) const fn check_open(&self) -> Result<(), SendError> {
        if self.closing.is_open() { Ok(()) } else { Err(SendError::Closed) }
    }

    pub(in crate::websocket) const fn set_delivery(&mut self, delivery: Delivery) {
        self.receiver.delivery = delivery;
    }

    /// Sends a whole message in one frame.
    ///
    /// # Errors
    ///
    /// The message is too long, the last one is unfinished, the outbox is not ready, or the connection is closing.
    #[inline]
    pub fn send_message(&mut self, message: Message) -> Result<(), SendError> {
        self.check_open()?;
        let (kind, coding) = (message.kind(), message.coding());
        self.sender.message(kind, message.into_payload(), coding, self.config.limits.max_message_len)
    }

    #[inline]
    pub(in crate::websocket) fn send_prepared(&mut self, message: &PreparedMessage) -> Result<(), SendError> {
        self.check_open()?;
        self.sender.prepared(message, self.config.limits.max_message_len)
    }

    pub(in crate::websocket) fn send_frame(&mut self, payload: Bytes, fin: Fin) -> Result<(), SendError> {
        self.check_open()?;
        self.sender.message_frame(payload, fin, self.config.limits.max_message_len)
    }

    /// A whole message in frames of at most `size` bytes. The caller has checked that it may be sent.
    pub(in crate::websocket) fn send_in_frames(&mut self, message: Message, size: usize) {
        let (kind, coding) = (message.kind(), message.coding());
        self.sender.in_frames(kind, message.into_payload(), coding, size);
    }

    pub(in crate::websocket) fn check_may_send(&self) -> Result<(), SendError> {
        self.check_open()?;
        self.sender.check_idle()?;
        self.sender.check_ready()
    }

    /// Hands the next message to `handle` where it lies in the receive buffer, if that is a short one in one frame and
    /// all there; anything else is left to [`poll_event`](Engine::poll_event).
    #[inline]
    pub(in crate::websocket) fn lend_message<T>(
        &mut self,
        handle: impl FnOnce(MessageRef<'_>, &mut Replies<'_>) -> T,
    ) -> Option<T> {
        if !self.sender.outbox.is_ready() {
            return None;
        }
        self.locate();
        let Located { kind, header_len, len } = self.located.take()?;
        let payload = self.received.get(header_len..header_len + len).unwrap_or_default();
        let mut replies = Replies {
            sender: &mut self.sender,
            limit: self.config.limits.max_message_len,
            is_open: self.closing.is_open(),
        };
        let result = handle(MessageRef::lent(kind, payload), &mut replies);
        self.received.advance(header_len + len);
        self.known = self.received.len();
        Some(result)
    }

    /// A way to answer without the rest of the connection.
    pub(in crate::websocket) fn replies(&mut self) -> Replies<'_> {
        Replies {
            sender: &mut self.sender,
            limit: self.config.limits.max_message_len,
            is_open: self.closing.is_open(),
        }
    }

    /// Takes in received bytes up to the next event.
    #[inline(always)]
    fn take_in(&mut self) -> Option<Event> {
        if self.received.is_empty() && !self.closing.eof && !self.receiver.holds_output() {
            self.known = 0;
            return None;
        }
        let mut event = None;
        while self.closing.reads_frames() {
            match self.receiver.next(&mut self.received, &self.config) {
                Step::Chunk(chunk) => {
                    self.count(&chunk);
                    event = Some(Event::Data(chunk));
                    break;
                }
                Step::Control(opcode, payload) => {
                    event = self.handle_control(opcode, payload);
                    if event.is_some() {
                        break;
                    }
                }
                Step::Violation(violation) => self.fail(violation),
                Step::NeedMore => {
                    if self.closing.eof {
                        self.end(Cause::TransportLost);
                    }
                    break;
                }
            }
        }
        if self.closing.is_draining() {
            self.drain_received();
        }
        self.known = self.received.len();
        event
    }

    #[cold]
    fn drain_received(&mut self) {
        self.received.clear();
        if self.closing.eof {
            self.end_after_close();
        }
    }

    /// Takes in received bytes if no event waits. A short whole message stays where it is.
    #[inline]
    fn take_in_one(&mut self) {
        self.locate();
        if !self.has_event() {
            self.event = self.take_in();
        }
    }

    #[inline]
    const fn has_event(&self) -> bool {
        self.event.is_some() || self.located.is_some()
    }

    /// Finds the next message in the receive buffer, if no event waits and it is a short one in one frame.
    #[inline]
    fn locate(&mut self) {
        if self.has_event() || !self.closing.reads_frames() {
            return;
        }
        self.located = self.receiver.locate_message(&mut self.received, &self.config);
        if let Some(located) = &self.located {
            self.incoming.websocket_octets += located.len as u64;
            self.incoming.app_octets += located.len as u64;
            self.incoming.frames += 1;
            self.incoming.messages += 1;
            self.known = self.received.len();
        }
    }

    /// Takes the located message out of the receive buffer.
    #[inline]
    fn own_located(&mut self) -> Option<Event> {
        let located = self.located.take()?;
        let chunk = located.take_out(&mut self.received);
        self.known = self.received.len();
        Some(Event::Data(chunk))
    }

    #[inline]
    fn count(&mut self, chunk: &Chunk) {
        let len = chunk.payload().len() as u64;
        self.incoming.websocket_octets += len;
        self.incoming.app_octets += len;
        self.incoming.frames += u64::from(chunk.ends_frame());
        self.incoming.messages += u64::from(chunk.ends_message());
    }

    fn handle_control(&mut self, opcode: Opcode, payload: Bytes) -> Option<Event> {
        match opcode {
            Opcode::Close => {
                self.handle_close(&payload);
                None
            }
            Opcode::Pong => {
                let now = self.now;
                let round_trip =
                    self.keepalive.as_mut().and_then(|keepalive| keepalive.match_pong(&payload, now));
                self.round_trip = round_trip.or(self.round_trip);
                Some(Event::Pong(Pong::new(payload, round_trip)))
            }
            _ => {
                if self.closing.is_open() {
                    // RFC 6455 5.5.2: a Pong with the same payload.
                    self.sender.answer_ping(payload.clone());
                }
                Some(Event::Ping(payload))
            }
        }
    }

    fn note_released(&mut self, released: Released) {
        if released.probe
            && let Some(keepalive) = &mut self.keepalive
        {
            keepalive.queued(&self.sender.outbox);
        }
    }

    /// Starts the timers that wait to be told the time.
    #[inline]
    fn note_time(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.closing.deadline.note_time(self.now);
        if let Some(keepalive) = &mut self.keepalive {
            keepalive.note_time(self.now, &self.sender.outbox);
        }
    }

    fn handle_keepalive(&mut self, now: Instant) {
        let paused = self.has_event();
        let Some(keepalive) = &mut self.keepalive else { return };
        match keepalive.due(now, self.last_received, paused, &self.sender.outbox) {
            Due::Nothing => {}
            Due::SendPing => {
                let payload = keepalive.next_payload(&mut *self.sender.entropy);
                keepalive.sent(payload.clone(), now, &self.sender.outbox);
                if self.sender.probe(payload) {
                    keepalive.queued(&self.sender.outbox);
                }
            }
            Due::GiveUp => self.end(Cause::TimedOut(TimerKind::Keepalive)),
        }
    }

    fn idle_deadline(&self) -> Option<Instant> {
        self.config.idle_timeout.map(|idle| later(self.last_received, idle))
    }
}

impl Engine for Streaming {
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
        let fresh = self.received.len().saturating_sub(self.known);
        self.note_time(now);
        if fresh > 0 {
            self.last_received = self.now;
            self.incoming.wire_octets += fresh as u64;
            if let Some(keepalive) = &mut self.keepalive {
                keepalive.note_life();
            }
            trace::octets(Direction::Received, self.received.get(self.known..).unwrap_or_default());
        }
        self.take_in_one();
        self.closing.deadline.note_time(self.now);
    }

    fn handle_eof(&mut self, now: Instant) {
        if self.closing.eof {
            return;
        }
        self.note_time(now);
        self.closing.eof = true;
        self.take_in_one();
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.note_time(now);
        let now = self.now;
        if self.closing.deadline.has_passed(now) {
            return self.end_on_deadline();
        }
        if !self.closing.is_open() {
            return;
        }
        if self.idle_deadline().is_some_and(|deadline| deadline <= now) {
            if self.has_event() {
                // What arrived meanwhile may lie unread behind an event that the application has not taken.
                self.last_received = now;
            } else {
                self.close_idle();
                self.note_time(now);
                return;
            }
        }
        self.handle_keepalive(now);
    }

    #[inline]
    fn poll_event(&mut self) -> Option<Event> {
        match self.own_located().or_else(|| self.event.take()) {
            Some(event) => Some(event),
            None => self.take_in().or_else(|| self.closing.take_closed().map(Event::Closed)),
        }
    }

    #[inline]
    fn poll_timeout(&self) -> Option<Instant> {
        let mut timeout = self.closing.deadline.poll();
        if self.closing.is_open() {
            timeout = earlier(timeout, self.idle_deadline());
            if let Some(keepalive) = &self.keepalive {
                timeout =
                    earlier(timeout, Some(keepalive.poll_timeout(self.last_received, &self.sender.outbox)));
            }
        }
        timeout
    }

    #[inline]
    fn outbox(&mut self) -> &mut Outbox {
        let released = self.sender.release();
        self.note_released(released);
        &mut self.sender.outbox
    }

    #[inline]
    fn transport(&self) -> Transport {
        self.closing.transport(self.role, self.has_event(), || self.sender.holds_close())
    }
}
