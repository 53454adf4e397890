//! The client's opening handshake as an engine.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use bytes::{Buf, BytesMut};

use super::handshake::{MAX_LEFTOVER, encode, nibbles};
use super::{HANDSHAKE_LEN, MAGIC, RefusalCode, SerializerId};
use crate::rawsocket::{Config, Established, MaxLen, TimerKind};
use crate::{Engine, Entropy, Instant, Outbox, Transport};

/// How a client opens connections.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientOptions {
    /// The options of connections once they are open.
    pub config: Arc<Config>,
    /// The serializer to speak. Default: [`SerializerId::MSGPACK`].
    pub serializer: SerializerId,
    /// How long the server may take to answer, from the construction of the engine on; `None` waits for ever. Default:
    /// 5 s.
    pub open_timeout: Option<Duration>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            config: Arc::default(),
            serializer: SerializerId::MSGPACK,
            open_timeout: Some(Duration::from_secs(5)),
        }
    }
}

/// The client's opening handshake.
///
/// ```
/// # struct Zeros;
/// # impl wirebahn_core::Entropy for Zeros { fn fill(&mut self, out: &mut [u8]) { out.fill(0) } }
/// use std::sync::Arc;
/// use wirebahn_core::rawsocket::opening::{ClientOpening, ClientOpeningEvent, ClientOptions};
/// use wirebahn_core::{Engine, Instant};
///
/// let now = Instant::ZERO;
/// let mut opening = ClientOpening::new(Arc::new(ClientOptions::default()), Box::new(Zeros), now);
/// opening.recv_buf().extend_from_slice(&[0x7f, 0xa2, 0, 0]);
/// opening.handle_recv(now);
/// assert_eq!(opening.poll_event(), Some(ClientOpeningEvent::Open));
/// let established = opening.into_established().expect("the connection is open");
/// assert_eq!(established.peer_max_len.bytes(), 512 * 1024);
/// ```
#[derive(Debug)]
pub struct ClientOpening {
    options: Arc<ClientOptions>,
    entropy: Box<dyn Entropy>,
    received: BytesMut,
    outbox: Outbox,
    state: State,
    event: Option<ClientOpeningEvent>,
    deadline: Option<Instant>,
    eof: bool,
}

/// What happens during the client's opening handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientOpeningEvent {
    /// The connection is open: continue with [`ClientOpening::into_established`].
    Open,
    /// The last event: no connection was opened.
    Failed(ClientOpeningError),
}

/// Why no connection was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientOpeningError {
    /// The server refused.
    Refused(RefusalCode),
    /// The first octet is not [`MAGIC`]: the server speaks something else.
    NotRawSocket(u8),
    /// The server used octets that are reserved.
    ReservedBits([u8; 2]),
    /// The server chose a serializer that was not asked for; its number.
    SerializerUnasked(u8),
    /// A timer ran out.
    TimedOut(TimerKind),
    /// The transport ended before the server had answered.
    TransportLost,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Reading,
    Open { peer_max_len: MaxLen, now: Instant },
    Ended,
}

impl ClientOpening {
    /// Puts our octets into the outbox and waits for the server's.
    #[must_use]
    pub fn new(options: Arc<ClientOptions>, entropy: Box<dyn Entropy>, now: Instant) -> Self {
        let mut outbox = Outbox::new(options.config.outbox_high_water);
        outbox.put_slice(&encode(options.config.max_len, options.serializer));
        Self {
            deadline: options.open_timeout.map(|timeout| now + timeout),
            options,
            entropy,
            received: BytesMut::new(),
            outbox,
            state: State::Reading,
            event: None,
            eof: false,
        }
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
        let State::Open { peer_max_len, now } = self.state else { return Err(self) };
        let config = Arc::clone(&self.options.config);
        let serializer = self.options.serializer;
        let mut established = Established::new(config, serializer, peer_max_len, self.entropy, now);
        established.received = self.received;
        established.outbox = self.outbox;
        Ok(established)
    }

    fn read(&mut self, now: Instant) {
        match self.received.first() {
            None => return,
            Some(&MAGIC) => {}
            Some(&first) => return self.end(ClientOpeningError::NotRawSocket(first)),
        }
        let Some(&[_, second, reserved @ ..]) = self.received.first_chunk::<HANDSHAKE_LEN>() else { return };
        let (max_len, serializer) = nibbles(second);
        if serializer == 0 {
            return self.end(ClientOpeningError::Refused(RefusalCode::new(max_len)));
        }
        if reserved != [0, 0] {
            return self.end(ClientOpeningError::ReservedBits(reserved));
        }
        if serializer != self.options.serializer.get() {
            return self.end(ClientOpeningError::SerializerUnasked(serializer));
        }
        let Some(peer_max_len) = MaxLen::from_exponent(max_len) else { return };
        self.received.advance(HANDSHAKE_LEN);
        self.state = State::Open { peer_max_len, now };
        self.deadline = None;
        self.event = Some(ClientOpeningEvent::Open);
    }

    fn end(&mut self, error: ClientOpeningError) {
        self.state = State::Ended;
        self.deadline = None;
        self.received = BytesMut::new();
        self.event = Some(ClientOpeningEvent::Failed(error));
    }
}

impl Engine for ClientOpening {
    type Event = ClientOpeningEvent;

    fn recv_buf(&mut self) -> &mut BytesMut {
        &mut self.received
    }

    fn handle_recv(&mut self, now: Instant) {
        match self.state {
            State::Reading => self.read(now),
            State::Open { .. } => {}
            State::Ended => self.received.clear(),
        }
    }

    fn handle_eof(&mut self, now: Instant) {
        self.handle_recv(now);
        self.eof = true;
        if let State::Reading = self.state {
            self.end(ClientOpeningError::TransportLost);
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            self.outbox.clear();
            self.end(ClientOpeningError::TimedOut(TimerKind::OpenHandshake));
        }
    }

    fn poll_event(&mut self) -> Option<ClientOpeningEvent> {
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
            State::Ended => Transport::Close,
        }
    }
}

impl fmt::Display for ClientOpeningError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(code) => write!(f, "the server refused the connection: {code}"),
            Self::NotRawSocket(first) => {
                write!(f, "the server does not speak RawSocket: its first octet is {first:#04x}")
            }
            Self::ReservedBits(_) => f.write_str("the server used reserved octets of the handshake"),
            Self::SerializerUnasked(number) => {
                write!(f, "the server chose serializer {number}, which was not asked for")
            }
            Self::TimedOut(timer) => fmt::Display::fmt(timer, f),
            Self::TransportLost => f.write_str("the server ended the connection during the handshake"),
        }
    }
}

impl core::error::Error for ClientOpeningError {}
