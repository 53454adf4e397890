//! The server's opening handshake as an engine.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use bytes::{Buf, BytesMut};

use super::handshake::{MAX_LEFTOVER, encode, nibbles};
use super::{HANDSHAKE_LEN, MAGIC, RefusalCode, SerializerId};
use crate::rawsocket::{Config, Established, MaxLen, TimerKind};
use crate::{Engine, Entropy, Instant, Outbox, Transport};

/// How a server opens connections.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerOptions {
    /// The options of connections once they are open. [`Config::drop_timeout`] also says how long a client that was
    /// refused may take to drop the connection.
    pub config: Arc<Config>,
    /// The serializers that are spoken. Default: JSON, MessagePack, CBOR.
    pub serializers: Vec<SerializerId>,
    /// The least that a client must accept to receive; others are refused with
    /// [`RefusalCode::LengthUnacceptable`]. Default: 512 octets, that is any.
    pub min_peer_max_len: MaxLen,
    /// How long the client may take, from the construction of the engine on; `None` waits for ever. Default: 5 s.
    pub open_timeout: Option<Duration>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            config: Arc::default(),
            serializers: vec![SerializerId::JSON, SerializerId::MSGPACK, SerializerId::CBOR],
            min_peer_max_len: MaxLen::MIN,
            open_timeout: Some(Duration::from_secs(5)),
        }
    }
}

/// The server's opening handshake. What a client asks for is agreed to or refused by the options alone.
///
/// ```
/// # struct Zeros;
/// # impl wirebahn_core::Entropy for Zeros { fn fill(&mut self, out: &mut [u8]) { out.fill(0) } }
/// use std::sync::Arc;
/// use wirebahn_core::rawsocket::opening::{SerializerId, ServerOpening, ServerOpeningEvent, ServerOptions};
/// use wirebahn_core::{Engine, Instant};
///
/// let now = Instant::ZERO;
/// let mut opening = ServerOpening::new(Arc::new(ServerOptions::default()), Box::new(Zeros), now);
/// opening.recv_buf().extend_from_slice(&[0x7f, 0xf1, 0, 0]);
/// opening.handle_recv(now);
/// assert_eq!(opening.poll_event(), Some(ServerOpeningEvent::Open));
/// let established = opening.into_established().expect("the connection is open");
/// assert_eq!(established.serializer, SerializerId::JSON);
/// ```
#[derive(Debug)]
pub struct ServerOpening {
    options: Arc<ServerOptions>,
    entropy: Box<dyn Entropy>,
    is_over_capacity: bool,
    received: BytesMut,
    outbox: Outbox,
    state: State,
    event: Option<ServerOpeningEvent>,
    deadline: Option<Instant>,
    eof: bool,
}

/// What happens during the server's opening handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerOpeningEvent {
    /// The connection is open: continue with [`ServerOpening::into_established`].
    Open,
    /// The last event: no connection was opened.
    Failed(OpeningFailure),
}

/// Why no connection was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpeningFailure {
    /// The client was refused.
    Refused(RefusalCode),
    /// The first octet is not [`MAGIC`]: the client speaks something else.
    NotRawSocket(u8),
    /// A timer ran out.
    TimedOut(TimerKind),
    /// The transport ended before the client had asked.
    TransportLost,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Reading,
    Open {
        serializer: SerializerId,
        peer_max_len: MaxLen,
        now: Instant,
    },
    /// The refusal is being written; the client's end is awaited.
    Refusing(RefusalCode),
    Ended,
}

impl ServerOpening {
    /// Waits for the client's octets.
    #[must_use]
    pub fn new(options: Arc<ServerOptions>, entropy: Box<dyn Entropy>, now: Instant) -> Self {
        Self {
            deadline: options.open_timeout.map(|timeout| now + timeout),
            outbox: Outbox::new(options.config.outbox_high_water),
            options,
            entropy,
            is_over_capacity: false,
            received: BytesMut::new(),
            state: State::Reading,
            event: None,
            eof: false,
        }
    }

    /// From now on even a valid request is refused, with [`RefusalCode::TooManyConnections`].
    pub const fn refuse_over_capacity(&mut self) {
        self.is_over_capacity = true;
    }

    /// Moves on to the open connection. If the transport has ended in the meantime, tell the next engine again.
    ///
    /// # Errors
    ///
    /// The engine itself, if the connection is not open.
    #[expect(
        clippy::result_large_err,
        reason = "the engine is given back unchanged, which costs only a move"
    )]
    pub fn into_established(self) -> Result<Established, Self> {
        let State::Open { serializer, peer_max_len, now } = self.state else { return Err(self) };
        let config = Arc::clone(&self.options.config);
        let mut established = Established::new(config, serializer, peer_max_len, self.entropy, now);
        established.received = self.received;
        established.outbox = self.outbox;
        Ok(established)
    }

    fn read(&mut self, now: Instant) {
        match self.received.first() {
            None => return,
            Some(&MAGIC) => {}
            // Whatever it is, it would not understand an answer.
            Some(&first) => return self.end(OpeningFailure::NotRawSocket(first)),
        }
        let Some(&octets) = self.received.first_chunk() else { return };
        match self.check(octets) {
            Ok((serializer, peer_max_len)) => {
                self.received.advance(HANDSHAKE_LEN);
                self.outbox.put_slice(&encode(self.options.config.max_len, serializer));
                self.state = State::Open { serializer, peer_max_len, now };
                self.deadline = None;
                self.event = Some(ServerOpeningEvent::Open);
            }
            Err(code) => {
                self.outbox.put_slice(&code.encode());
                self.received = BytesMut::new();
                self.state = State::Refusing(code);
                self.deadline = self.options.config.drop_timeout.map(|timeout| now + timeout);
            }
        }
    }

    fn check(&self, octets: [u8; HANDSHAKE_LEN]) -> Result<(SerializerId, MaxLen), RefusalCode> {
        let [_, second, reserved @ ..] = octets;
        if reserved != [0, 0] {
            return Err(RefusalCode::ReservedBits);
        }
        let (max_len, serializer) = nibbles(second);
        let serializer = SerializerId::new(serializer)
            .filter(|serializer| self.options.serializers.contains(serializer))
            .ok_or(RefusalCode::SerializerUnsupported)?;
        let peer_max_len = MaxLen::from_exponent(max_len)
            .filter(|max_len| *max_len >= self.options.min_peer_max_len)
            .ok_or(RefusalCode::LengthUnacceptable)?;
        if self.is_over_capacity {
            return Err(RefusalCode::TooManyConnections);
        }
        Ok((serializer, peer_max_len))
    }

    fn end(&mut self, failure: OpeningFailure) {
        self.state = State::Ended;
        self.deadline = None;
        self.received = BytesMut::new();
        self.event = Some(ServerOpeningEvent::Failed(failure));
    }
}

impl Engine for ServerOpening {
    type Event = ServerOpeningEvent;

    fn recv_buf(&mut self) -> &mut BytesMut {
        &mut self.received
    }

    fn handle_recv(&mut self, now: Instant) {
        match self.state {
            State::Reading => self.read(now),
            State::Open { .. } => {}
            State::Refusing(_) | State::Ended => self.received.clear(),
        }
    }

    fn handle_eof(&mut self, now: Instant) {
        self.handle_recv(now);
        self.eof = true;
        match self.state {
            State::Reading => self.end(OpeningFailure::TransportLost),
            State::Refusing(code) => self.end(OpeningFailure::Refused(code)),
            State::Open { .. } | State::Ended => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        match self.state {
            State::Reading => self.end(OpeningFailure::TimedOut(TimerKind::OpenHandshake)),
            State::Refusing(code) => {
                self.outbox.clear();
                self.end(OpeningFailure::Refused(code));
            }
            State::Open { .. } | State::Ended => {}
        }
    }

    fn poll_event(&mut self) -> Option<ServerOpeningEvent> {
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
            State::Open { .. } if self.eof || self.received.len() >= MAX_LEFTOVER => Transport::Paused,
            State::Reading | State::Open { .. } => Transport::Open,
            State::Refusing(_) => Transport::Finish,
            State::Ended => Transport::Close,
        }
    }
}

impl fmt::Display for OpeningFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(code) => write!(f, "the client was refused: {code}"),
            Self::NotRawSocket(first) => {
                write!(f, "the client does not speak RawSocket: its first octet is {first:#04x}")
            }
            Self::TimedOut(timer) => fmt::Display::fmt(timer, f),
            Self::TransportLost => f.write_str("the client ended the connection during the handshake"),
        }
    }
}

impl core::error::Error for OpeningFailure {}
