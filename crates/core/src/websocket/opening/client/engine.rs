//! The client's opening handshake as an engine.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::mem;
use core::time::Duration;

use bytes::BytesMut;

use super::body::{BodyReader, Progress};
use super::check::check;
use super::{ClientOpeningError, ClientRequest, HandshakeError, Rejection};
use crate::http::{HeadLimits, Headers, ResponseHead, ResponseReader, StatusCode};
use crate::websocket::extension::{Agreement, ExtensionParams, Extensions};
use crate::websocket::opening::{ProtocolVersion, key};
use crate::websocket::{Config, Established, Role, TimerKind};
use crate::{Engine, Entropy, Instant, Outbox, Transport};

/// Interim responses that are skipped before the real one: 103 Early Hints may come a few times.
const MAX_INTERIM: usize = 8;

/// How a client opens connections. Clone and change it to give one connection options of its own.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientOptions {
    /// The options of connections once they are open.
    pub config: Arc<Config>,
    /// How long the server may take until its response is complete, from the construction of the engine on; `None`
    /// waits for ever. Default: 5 s.
    pub open_timeout: Option<Duration>,
    /// How large the head of a response may be.
    pub head_limits: HeadLimits,
    /// The extensions that are offered, by preference. Default: none.
    pub extensions: Extensions,
    /// How many bytes of a [`Rejection`]'s body are kept. Default: 64 KiB: error pages are read by people.
    pub max_body_len: usize,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            config: Arc::default(),
            open_timeout: Some(Duration::from_secs(5)),
            head_limits: HeadLimits::default(),
            extensions: Extensions::new(),
            max_body_len: 64 * 1024,
        }
    }
}

/// The client's opening handshake (RFC 6455 4.1).
///
/// ```text
///   request sent ──101──▶ Open, into_established()
///        ├───other status──▶ reading the body ──▶ Failed(Rejected)
///        └ wrong response, timer, end of the transport ──▶ Failed
/// ```
///
/// ```
/// # struct Zeros;
/// # impl wirebahn_core::Entropy for Zeros { fn fill(&mut self, out: &mut [u8]) { out.fill(0) } }
/// use std::sync::Arc;
/// use wirebahn_core::websocket::opening::{ClientOpening, ClientOpeningEvent, ClientOptions, ClientRequest};
/// use wirebahn_core::{Engine, Instant};
///
/// let now = Instant::ZERO;
/// let request = ClientRequest::new("ws://example.com/chat".parse()?);
/// let mut opening = ClientOpening::new(request, Arc::new(ClientOptions::default()), Box::new(Zeros), now);
/// opening.recv_buf().extend_from_slice(
///     b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
///       Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n",
/// );
/// opening.handle_recv(now);
/// assert!(matches!(opening.poll_event(), Some(ClientOpeningEvent::Open(_))));
/// let established = opening.into_established().expect("the connection is open");
/// # Ok::<_, wirebahn_core::http::UrlError>(())
/// ```
pub struct ClientOpening {
    options: Arc<ClientOptions>,
    request: ClientRequest,
    /// The answer to our key.
    accept: String,
    entropy: Box<dyn Entropy>,
    received: BytesMut,
    /// Bytes of the response.
    head_len: u64,
    outbox: Outbox,
    event: Option<ClientOpeningEvent>,
    state: State,
    deadline: Option<Instant>,
    eof: bool,
}

/// What happens during the client's opening handshake.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ClientOpeningEvent {
    /// The connection is open: continue with [`ClientOpening::into_established`].
    Open(Box<Response>),
    /// The last event: no connection was opened.
    Failed(ClientOpeningError),
}

/// A valid 101 response.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Response {
    /// The header fields.
    pub headers: Headers,
    /// The subprotocol that the server chose, one of those that were offered.
    pub subprotocol: Option<String>,
    /// The extension that the server chose, one of those that were offered, with its parameters.
    pub extension: Option<ExtensionParams>,
    /// The version of the protocol that is spoken.
    pub version: ProtocolVersion,
}

enum State {
    /// The response's head is not complete yet.
    Reading { reader: ResponseReader, interim: usize },
    /// The head of a response other than a 101 is there.
    Rejected { head: ResponseHead, body: BodyReader },
    /// The connection is open.
    Open { now: Instant, extension: Option<Agreement> },
    /// The terminal event is queued or out.
    Ended,
}

impl ClientOpening {
    /// Puts the request into the outbox and waits for the response.
    #[must_use]
    pub fn new(
        request: ClientRequest,
        options: Arc<ClientOptions>,
        mut entropy: Box<dyn Entropy>,
        now: Instant,
    ) -> Self {
        let key = key::generate(&mut *entropy);
        let mut outbox = Outbox::new(options.config.limits.outbox_high_water);
        outbox.put_slice(&request.encode(&key, &options.extensions));
        Self {
            accept: key::accept_for(key.as_bytes()),
            entropy,
            received: BytesMut::new(),
            head_len: 0,
            outbox,
            event: None,
            state: State::Reading { reader: ResponseReader::new(options.head_limits), interim: 0 },
            deadline: options.open_timeout.map(|timeout| now + timeout),
            eof: false,
            request,
            options,
        }
    }

    /// Moves on to the open connection: options, entropy, bytes received behind the response, and what is not sent yet.
    /// If the transport has ended in the meantime, tell the next engine again.
    ///
    /// # Errors
    ///
    /// The engine itself, if the connection is not open.
    #[expect(
        clippy::result_large_err,
        reason = "the engine is given back unchanged, which costs only a move"
    )]
    pub fn into_established(self) -> Result<Established, Self> {
        let State::Open { now, extension } = self.state else { return Err(self) };
        let mut established =
            Established::new(Role::Client, Arc::clone(&self.options.config), self.entropy, now);
        established.extension = extension;
        established.received = self.received;
        established.opening_octets = self.head_len;
        established.outbox = self.outbox;
        Ok(established)
    }

    /// Whether the connection is open.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// What was asked for.
    #[must_use]
    pub const fn request(&self) -> &ClientRequest {
        &self.request
    }

    fn read_head(&mut self, now: Instant) {
        while let State::Reading { reader, interim } = &mut self.state {
            let before = self.received.len();
            let head = reader.read(&mut self.received);
            self.head_len += (before - self.received.len()) as u64;
            match head {
                Ok(None) => return,
                Err(error) => return self.fail(HandshakeError::Head(error)),
                Ok(Some(head)) if head.status.is_interim() => {
                    *interim += 1;
                    if *interim > MAX_INTERIM {
                        return self.fail(HandshakeError::InterimTooMany);
                    }
                }
                Ok(Some(head)) if head.status == StatusCode::SWITCHING_PROTOCOLS => self.open(head, now),
                Ok(Some(head)) => {
                    let body = BodyReader::new(&head, self.options.max_body_len);
                    self.state = State::Rejected { head, body };
                }
            }
        }
    }

    fn open(&mut self, head: ResponseHead, now: Instant) {
        match check(&head, &self.accept, &self.request, &self.options.extensions) {
            Ok((subprotocol, extension)) => {
                let version = self.request.version();
                let (extension, agreement) = extension.unzip();
                let response = Response { headers: head.headers, subprotocol, extension, version };
                self.state = State::Open { now, extension: agreement };
                self.deadline = None;
                self.event = Some(ClientOpeningEvent::Open(Box::new(response)));
            }
            Err(error) => self.fail(error),
        }
    }

    fn read_body(&mut self) {
        let State::Rejected { body, .. } = &mut self.state else { return };
        match body.read(&mut self.received) {
            Progress::Unfinished => {}
            Progress::Complete => self.reject(|body| (body.into_body(), true)),
            Progress::Cut => self.reject(|body| (body.into_body(), false)),
        }
    }

    fn fail(&mut self, error: HandshakeError) {
        self.end(ClientOpeningError::Handshake(error));
    }

    /// Ends with the response that is there; `finish` gives its body and whether that is complete.
    fn reject(&mut self, finish: impl FnOnce(BodyReader) -> (alloc::vec::Vec<u8>, bool)) {
        if let State::Rejected { head, body } = mem::replace(&mut self.state, State::Ended) {
            let (body, is_complete) = finish(body);
            let rejection = Rejection { status: head.status, headers: head.headers, body, is_complete };
            self.end(ClientOpeningError::Rejected(Box::new(rejection)));
        }
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
        self.read_head(now);
        self.read_body();
        if let State::Ended = self.state {
            self.received.clear();
        }
    }

    fn handle_eof(&mut self, now: Instant) {
        self.handle_recv(now);
        self.eof = true;
        match self.state {
            State::Reading { .. } => self.end(ClientOpeningError::TransportLost),
            State::Rejected { .. } => self.reject(BodyReader::finish_at_eof),
            State::Open { .. } | State::Ended => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        // What has not gone out by now is of no use any more.
        self.outbox.clear();
        match self.state {
            State::Reading { .. } => self.end(ClientOpeningError::TimedOut(TimerKind::OpenHandshake)),
            State::Rejected { .. } => self.reject(|body| (body.into_body(), false)),
            State::Open { .. } | State::Ended => {}
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

    /// Once the connection is open, reading goes on only until as much has come as a head may have.
    fn transport(&self) -> Transport {
        match self.state {
            State::Reading { .. } | State::Rejected { .. } => Transport::Open,
            State::Open { .. } if self.eof || self.received.len() >= self.options.head_limits.max_len => {
                Transport::Paused
            }
            State::Open { .. } => Transport::Open,
            State::Ended => Transport::Close,
        }
    }
}

impl fmt::Debug for ClientOpening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Reading { .. } => "Reading",
            State::Rejected { .. } => "Rejected",
            State::Open { .. } => "Open",
            State::Ended => "Ended",
        };
        f.debug_struct("ClientOpening")
            .field("state", &state)
            .field("url", self.request.url())
            .finish_non_exhaustive()
    }
}
