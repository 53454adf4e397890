//! Messages over a transport: a serializer, and WebSocket or RawSocket under it.

mod byte_link;
mod closed;
mod malformed;
mod rawsocket;
mod send_error;
mod websocket;

use bytes::{Bytes, BytesMut};

pub use byte_link::{ByteLink, Incoming};
pub use closed::{LinkClose, LinkClosed};
pub use malformed::Malformed;
pub use send_error::LinkSendError;

use super::serializer::{SEPARATOR, SEPARATOR_OF_AUTOBAHN};
use super::{Batch, Batching, Message, Serializer, Subprotocol};
use crate::{Engine, Instant, Outbox, Transport};

/// Up to how many bytes a batch grows before it is sent although there might be more to come: more than that costs
/// latency and saves nothing.
pub const MAX_BATCH: usize = 64 * 1024;

/// Up to how many bytes a received message gets an allocation of its own. What is kept of a message, in a queue or by an
/// application, keeps the block that it was received in; this bounds by how much that is more than the message.
const OWNED_UP_TO: usize = 16 * 1024;

/// What a [`MessageLink`] tells.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all events are messages; a box would cost an allocation each"
)]
pub enum LinkEvent {
    /// A message.
    Message(Message),
    /// The peer sent something that is no message. Nothing it sends after that counts; say ABORT, and then
    /// [`close`](MessageLink::close) the link.
    Malformed(Malformed),
    /// The transport has ended: the last event.
    Closed(LinkClosed),
}

/// Messages of WAMP over a byte link: [`Messages`](crate::websocket::Messages) of WebSocket, or a
/// [`RawSocket`](crate::rawsocket::RawSocket).
///
/// With a batched subprotocol messages are collected until the driver asks for what is to be written.
///
/// ```
/// use std::sync::Arc;
/// use wirebahn_core::rawsocket::opening::SerializerId;
/// use wirebahn_core::rawsocket::{Config, Established, MaxLen, RawSocket};
/// use wirebahn_core::wamp::link::{LinkEvent, MessageLink};
/// use wirebahn_core::wamp::message::{Message, Subscribed};
/// use wirebahn_core::wamp::{RequestId, Serializer, SubscriptionId};
/// use wirebahn_core::{Engine, Entropy, Instant};
///
/// # struct Fixed;
/// # impl Entropy for Fixed { fn fill(&mut self, out: &mut [u8]) { out.fill(7) } }
/// let open = || {
///     let config = Arc::new(Config::default());
///     let socket = Established::new(config, SerializerId::JSON, MaxLen::MAX, Box::new(Fixed), Instant::ZERO);
///     MessageLink::new(RawSocket::new(socket), Serializer::Json)
/// };
/// let (mut broker, mut subscriber) = (open(), open());
/// let message: Message =
///     Subscribed { request: RequestId::FIRST, subscription: SubscriptionId::new(7)? }.into();
///
/// broker.send(&message)?;
/// for piece in broker.outbox().pieces() {
///     subscriber.recv_buf().extend_from_slice(piece);
/// }
/// subscriber.handle_recv(Instant::ZERO);
/// assert_eq!(subscriber.poll_event(), Some(LinkEvent::Message(message)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct MessageLink<L: ByteLink> {
    link: L,
    subprotocol: Subprotocol,
    /// What is left of the last batch that was received.
    received: Option<Batch>,
    /// The batch that is being made.
    batch: BytesMut,
    /// The peer sent something that is no message.
    is_broken: bool,
    /// The peer separates messages in JSON as Autobahn does, and understands nothing else.
    separates_as_autobahn: bool,
}

impl<L: ByteLink> MessageLink<L> {
    /// A link on which each message has a frame of its own.
    #[must_use]
    pub fn new(link: L, serializer: Serializer) -> Self {
        Self::with_subprotocol(link, Subprotocol { serializer, batching: Batching::Single })
    }

    /// A link that speaks this subprotocol.
    #[must_use]
    pub fn with_subprotocol(link: L, subprotocol: Subprotocol) -> Self {
        Self {
            link,
            subprotocol,
            received: None,
            batch: BytesMut::new(),
            is_broken: false,
            separates_as_autobahn: false,
        }
    }

    /// Sends a message.
    ///
    /// # Errors
    ///
    /// The message is longer than the peer accepts, the outbox is not ready, or the link is closing.
    pub fn send(&mut self, message: &Message) -> Result<(), LinkSendError> {
        if self.subprotocol.batching == Batching::Single {
            return self.link.send(self.serializer(), self.serializer().encode_to_bytes(message));
        }
        self.check_batch()?;
        let before = self.batch.len();
        self.subprotocol.encode(message, &mut self.batch);
        self.check_batched(before)
    }

    /// Sends a message that is in the bytes of [`serializer`](Self::serializer) already.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_encoded(&mut self, message: Bytes) -> Result<(), LinkSendError> {
        if self.subprotocol.batching == Batching::Single {
            return self.link.send(self.serializer(), message);
        }
        self.check_batch()?;
        let before = self.batch.len();
        self.subprotocol.join(&message, &mut self.batch);
        self.check_batched(before)
    }

    /// Sends a message that was encoded and framed once for many links; see [`ByteLink::prepare`]. It must be in the bytes
    /// of [`serializer`](Self::serializer).
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_prepared(&mut self, message: &L::Prepared) -> Result<(), LinkSendError> {
        if self.subprotocol.batching == Batching::Single {
            return self.link.send_prepared(message);
        }
        self.send_encoded(L::prepared_message(message))
    }

    /// Ends the link in order: what was sent leaves first. Closing it again changes nothing.
    pub fn close(&mut self, reason: LinkClose, now: Instant) {
        self.flush();
        self.link.close(reason, now);
    }

    /// Drops the transport at once.
    pub fn abort(&mut self) {
        self.batch = BytesMut::new();
        self.received = None;
        self.link.abort();
    }

    /// How messages become bytes.
    #[must_use]
    pub const fn serializer(&self) -> Serializer {
        self.subprotocol.serializer
    }

    /// How messages become bytes, and how many go in a frame.
    #[must_use]
    pub const fn subprotocol(&self) -> Subprotocol {
        self.subprotocol
    }

    /// How long a message may be, in bytes.
    #[must_use]
    pub fn max_message_len(&self) -> u64 {
        self.link.max_message_len()
    }

    /// Whether there is room for more messages.
    #[must_use]
    pub fn is_ready(&mut self) -> bool {
        self.batch.len() < MAX_BATCH && self.link.outbox().is_ready()
    }

    /// The byte link.
    #[must_use]
    pub const fn byte_link(&self) -> &L {
        &self.link
    }

    /// Whether a message may be added to the batch.
    fn check_batch(&mut self) -> Result<(), LinkSendError> {
        self.link.check_open()?;
        if self.batch.len() >= MAX_BATCH {
            self.flush();
        }
        if self.is_ready() { Ok(()) } else { Err(LinkSendError::NotReady) }
    }

    /// Takes back what is longer than the peer accepts, and sends what is not to grow further.
    fn check_batched(&mut self, before: usize) -> Result<(), LinkSendError> {
        let limit = self.max_message_len();
        if (self.batch.len() - before) as u64 > limit {
            self.batch.truncate(before);
            return Err(LinkSendError::MessageTooLong { limit });
        }
        if self.batch.len() as u64 > limit {
            let last = self.batch.split_off(before);
            self.flush();
            self.batch.unsplit(last);
        }
        if self.batch.len() >= MAX_BATCH {
            self.flush();
        }
        Ok(())
    }

    /// Sends the batch, if there is room for it.
    fn flush(&mut self) {
        if !self.batch.is_empty() && self.link.outbox().is_ready() {
            let mut batch = self.batch.split();
            if self.separates_as_autobahn {
                // JSON has no such octet in it but between messages.
                batch
                    .iter_mut()
                    .filter(|octet| **octet == SEPARATOR)
                    .for_each(|octet| *octet = SEPARATOR_OF_AUTOBAHN);
            }
            let batch = batch.freeze();
            // It may be dropped only if the link has ended: its length was checked, and there is room.
            let _ = self.link.send(self.subprotocol.serializer, batch);
        }
    }

    /// What the next bytes are.
    fn take_in(&mut self, incoming: Incoming) -> Option<LinkEvent> {
        match incoming {
            Incoming::Message { .. } | Incoming::Nothing if self.is_broken => None,
            Incoming::Nothing => None,
            Incoming::Message { is_text: Some(is_text), .. } if is_text != self.serializer().is_text() => {
                Some(self.fail(Malformed::FrameType { is_text }))
            }
            Incoming::Message { payload, .. } if self.subprotocol.batching == Batching::Single => {
                Some(self.decode(&payload))
            }
            Incoming::Message { payload, .. } => {
                self.separates_as_autobahn |=
                    self.serializer().is_text() && payload.last() == Some(&SEPARATOR_OF_AUTOBAHN);
                self.received = Some(self.subprotocol.split(payload));
                self.next_of_batch()
            }
            Incoming::Closed(closed) => {
                self.batch = BytesMut::new();
                Some(LinkEvent::Closed(closed))
            }
        }
    }

    fn next_of_batch(&mut self) -> Option<LinkEvent> {
        match self.received.as_mut()?.next() {
            Some(Ok(message)) => Some(self.decode(&message)),
            Some(Err(error)) => Some(self.fail(Malformed::Batch(error))),
            None => {
                self.received = None;
                None
            }
        }
    }

    fn decode(&mut self, message: &Bytes) -> LinkEvent {
        let own = (message.len() <= OWNED_UP_TO).then(|| Bytes::copy_from_slice(message));
        match self.serializer().decode(own.as_ref().unwrap_or(message)) {
            Ok(message) => LinkEvent::Message(message),
            Err(error) => self.fail(Malformed::Message(error)),
        }
    }

    #[cold]
    fn fail(&mut self, malformed: Malformed) -> LinkEvent {
        self.is_broken = true;
        self.received = None;
        LinkEvent::Malformed(malformed)
    }
}

impl<L: ByteLink> Engine for MessageLink<L> {
    type Event = LinkEvent;

    #[inline]
    fn recv_buf(&mut self) -> &mut BytesMut {
        self.link.recv_buf()
    }

    #[inline]
    fn recv_hint(&self) -> usize {
        self.link.recv_hint()
    }

    #[inline]
    fn handle_recv(&mut self, now: Instant) {
        self.link.handle_recv(now);
    }

    fn handle_eof(&mut self, now: Instant) {
        self.link.handle_eof(now);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.link.handle_timeout(now);
    }

    fn poll_event(&mut self) -> Option<LinkEvent> {
        loop {
            if let Some(event) = self.next_of_batch() {
                return Some(event);
            }
            let incoming = L::incoming(self.link.poll_event()?);
            if let Some(event) = self.take_in(incoming) {
                return Some(event);
            }
        }
    }

    #[inline]
    fn poll_timeout(&self) -> Option<Instant> {
        self.link.poll_timeout()
    }

    #[inline]
    fn outbox(&mut self) -> &mut Outbox {
        if !self.batch.is_empty() {
            self.flush();
        }
        self.link.outbox()
    }

    #[inline]
    fn transport(&self) -> Transport {
        match self.link.transport() {
            Transport::Open if self.received.is_some() => Transport::Paused,
            transport => transport,
        }
    }
}
