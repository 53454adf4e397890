//! The server's opening handshake as an engine.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::fmt;

use bytes::BytesMut;

use super::answer::check_answer;
use super::check::{Checked, check};
use super::response::{Accepting, Answer, Pending, accept, headers_with_server};
use super::{
    AcceptError, Acceptance, AnswerError, HttpRequest, HttpResponse, OpeningFailure, PlainHttp, Refusal,
    Request, RequestError, ServerOptions,
};
use crate::http::{RequestHead, RequestReader, ResponseHead, StatusCode};
use crate::websocket::extension::{Agreement, ExtensionParams};
use crate::websocket::{Established, Role, TimerKind};
use crate::{Engine, Entropy, Instant, Outbox, Transport};

/// The server's opening handshake (RFC 6455 4.2).
///
/// ```text
///   request incomplete ──▶ Request ──accept()──▶ accepted, into_established()
///        │  │                └─────refuse()───┐
///        │  └────────────▶ Http ──respond()───┤
///        │ malformed, refused                 ▼
///        ├───────────────────────────────▶ response sent, waiting for the client to drop ──▶ Failed
///        └ timer, end of the transport ─────────────────────────────────────────────────────▶ Failed
/// ```
///
/// After [`Request`](ServerOpeningEvent::Request) and [`Http`](ServerOpeningEvent::Http) the engine waits, without a
/// timer, for as long as the application needs to decide.
///
/// ```
/// # struct Zeros;
/// # impl wirebahn_core::Entropy for Zeros { fn fill(&mut self, out: &mut [u8]) { out.fill(0) } }
/// use std::sync::Arc;
/// use wirebahn_core::websocket::opening::{Acceptance, ServerOpening, ServerOpeningEvent, ServerOptions};
/// use wirebahn_core::{Engine, Instant};
///
/// let now = Instant::ZERO;
/// let mut opening = ServerOpening::new(Arc::new(ServerOptions::default()), None, Box::new(Zeros), now);
/// opening.recv_buf().extend_from_slice(
///     b"GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
///       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
/// );
/// opening.handle_recv(now);
/// let Some(ServerOpeningEvent::Request(request)) = opening.poll_event() else { panic!("a valid request") };
/// assert_eq!(request.http.resource, "/chat");
/// opening.accept(Acceptance::default(), now)?;
/// let established = opening.into_established().expect("the request was accepted");
/// assert!(!established.outbox.is_empty());
/// # Ok::<_, wirebahn_core::websocket::opening::AcceptError>(())
/// ```
pub struct ServerOpening {
    options: Arc<ServerOptions>,
    peer: Option<String>,
    entropy: Box<dyn Entropy>,
    received: BytesMut,
    outbox: Outbox,
    /// At most two: a request, and the failure behind it.
    events: VecDeque<ServerOpeningEvent>,
    state: State,
    over_capacity: bool,
    /// Bytes of the request.
    head_len: u64,
    eof: bool,
}

/// What happens during the server's opening handshake.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ServerOpeningEvent {
    /// A valid request for a WebSocket: decide with [`ServerOpening::accept`] or [`ServerOpening::refuse`].
    Request(Box<Request>),
    /// Another request, if [`PlainHttp::HandOver`] is set: answer with [`ServerOpening::respond`].
    Http(Box<HttpRequest>),
    /// The last event: no connection was opened.
    Failed(OpeningFailure),
}

enum State {
    /// The request is not complete yet.
    Reading { reader: RequestReader, deadline: Option<Instant> },
    /// The application decides about a WebSocket.
    Deciding(Pending),
    /// The application answers a plain HTTP request.
    Answering { is_head: bool },
    /// The 101 response is in the outbox.
    Accepted { now: Instant, extension: Option<Box<(ExtensionParams, Agreement)>> },
    /// Another response is in the outbox; the client is given time to read it and drop the connection.
    Finishing { failure: OpeningFailure, deadline: Option<Instant>, written: u64 },
    /// The terminal event is queued or out.
    Ended,
}

impl ServerOpening {
    /// Waits for a request on a new transport. `peer` is the address of its other end, for [`HttpRequest::peer`].
    #[must_use]
    pub fn new(
        options: Arc<ServerOptions>,
        peer: Option<String>,
        entropy: Box<dyn Entropy>,
        now: Instant,
    ) -> Self {
        let reader = RequestReader::new(options.head_limits);
        let deadline = options.open_timeout.map(|timeout| now + timeout);
        Self {
            outbox: Outbox::new(options.config.limits.outbox_high_water),
            options,
            peer,
            entropy,
            received: BytesMut::new(),
            events: VecDeque::new(),
            state: State::Reading { reader, deadline },
            over_capacity: false,
            head_len: 0,
            eof: false,
        }
    }

    /// There are too many connections: refuse the request with 503 if it is valid otherwise. To be called before the
    /// request is complete, best right after construction; later it has no effect.
    pub fn refuse_over_capacity(&mut self) {
        self.over_capacity = true;
    }

    /// Accepts the request: the 101 response is put into the outbox, and there are no more events and timers. Continue
    /// with [`into_established`](Self::into_established).
    ///
    /// # Errors
    ///
    /// No request waits for it, or the acceptance does not fit; nothing was changed.
    pub fn accept(&mut self, acceptance: Acceptance, now: Instant) -> Result<(), AcceptError> {
        let State::Deciding(pending) = &self.state else { return Err(AcceptError::NotWaiting) };
        let Accepting { response, extension } = accept(pending, &acceptance, &self.options)?;
        self.outbox.put_slice(&response.encode());
        self.state = State::Accepted { now, extension: extension.map(Box::new) };
        Ok(())
    }

    /// Refuses the request. [`Failed`](ServerOpeningEvent::Failed) follows once the client has dropped the connection.
    ///
    /// # Errors
    ///
    /// No request for a WebSocket waits for it, or the refusal does not fit; nothing was changed.
    pub fn refuse(&mut self, refusal: Refusal, now: Instant) -> Result<(), AnswerError> {
        let State::Deciding(_) = self.state else { return Err(AnswerError::NotWaiting) };
        let Refusal { status, headers, body } = refusal;
        check_answer(status, &headers)?;
        self.answer(
            OpeningFailure::Refused(status),
            Answer { status, headers, body, ..Answer::default() },
            now,
        );
        Ok(())
    }

    /// Answers a plain HTTP request. [`Failed`](ServerOpeningEvent::Failed) follows once the client has dropped the
    /// connection.
    ///
    /// # Errors
    ///
    /// No plain HTTP request waits for it, or the response does not fit; nothing was changed.
    pub fn respond(&mut self, response: HttpResponse, now: Instant) -> Result<(), AnswerError> {
        let State::Answering { is_head } = self.state else { return Err(AnswerError::NotWaiting) };
        let HttpResponse { status, headers, body } = response;
        check_answer(status, &headers)?;
        self.answer(
            OpeningFailure::Answered(status),
            Answer { status, headers, body, is_head, ..Answer::default() },
            now,
        );
        Ok(())
    }

    /// Moves on to the open connection: options, entropy, bytes received behind the request, and what is not sent yet.
    /// If the transport has ended in the meantime, tell the next engine again.
    ///
    /// # Errors
    ///
    /// The engine itself, if no request was accepted.
    #[expect(
        clippy::result_large_err,
        reason = "the engine is given back unchanged, which costs only a move"
    )]
    pub fn into_established(self) -> Result<Established, Self> {
        let State::Accepted { now, extension } = self.state else { return Err(self) };
        let mut established =
            Established::new(Role::Server, Arc::clone(&self.options.config), self.entropy, now);
        established.extension = extension.map(|extension| extension.1);
        established.received = self.received;
        established.opening_octets = self.head_len;
        established.outbox = self.outbox;
        Ok(established)
    }

    /// Whether a request was accepted.
    #[must_use]
    pub const fn is_accepted(&self) -> bool {
        matches!(self.state, State::Accepted { .. })
    }

    /// The extension that is used, as the client was told, once a request was accepted.
    #[must_use]
    pub fn extension(&self) -> Option<&ExtensionParams> {
        match &self.state {
            State::Accepted { extension, .. } => extension.as_ref().map(|extension| &extension.0),
            _ => None,
        }
    }

    fn read(&mut self, now: Instant) {
        let State::Reading { reader, .. } = &mut self.state else { return };
        let before = self.received.len();
        let head = reader.read(&mut self.received);
        self.head_len += (before - self.received.len()) as u64;
        match head {
            Ok(None) => {}
            Ok(Some(head)) => self.handle_head(head, now),
            Err(error) => self.refuse_wrong(RequestError::Head(error), false, now),
        }
    }

    fn handle_head(&mut self, head: RequestHead, now: Instant) {
        let is_head = head.method() == "HEAD";
        match check(head, self.peer.as_deref(), &self.options) {
            Err(error) => self.refuse_wrong(error, is_head, now),
            Ok(Checked::Plain(_)) if self.options.plain_http == PlainHttp::Refuse => {
                self.refuse_wrong(RequestError::UpgradeMissing, is_head, now);
            }
            Ok(Checked::Plain(request)) => {
                self.state = State::Answering { is_head };
                self.events.push_back(ServerOpeningEvent::Http(Box::new(request)));
            }
            Ok(Checked::WebSocket { .. }) if self.over_capacity => {
                let failure = OpeningFailure::OverCapacity;
                let answer = Answer::text(StatusCode::SERVICE_UNAVAILABLE, &failure);
                self.answer(failure, answer, now);
            }
            Ok(Checked::WebSocket { request, accept }) => {
                self.state = State::Deciding(Pending::new(&request, accept));
                self.events.push_back(ServerOpeningEvent::Request(Box::new(request)));
            }
        }
    }

    fn refuse_wrong(&mut self, error: RequestError, is_head: bool, now: Instant) {
        let answer = Answer { is_head, ..Answer::to_wrong_request(error, &self.options) };
        self.answer(OpeningFailure::Request(error), answer, now);
    }

    /// Queues a final response and waits for the client to take it.
    fn answer(&mut self, failure: OpeningFailure, answer: Answer, now: Instant) {
        let mut headers = headers_with_server(&self.options, &[&answer.headers]);
        headers.push("Connection", answer.connection);
        headers.extend_except(&answer.headers, |_| false);
        let is_bodyless = answer.status.is_bodyless();
        if !is_bodyless {
            headers.push("Content-Length", answer.body.len().to_string());
        }
        self.outbox.put_slice(&ResponseHead::new(answer.status, headers).encode());
        if !is_bodyless && !answer.is_head {
            self.outbox.put_bytes(answer.body);
        }
        self.received = BytesMut::new();
        if self.eof {
            return self.end(failure);
        }
        let deadline = self.options.config.close.drop_timeout.map(|timeout| now + timeout);
        self.state = State::Finishing { failure, deadline, written: self.outbox.written_total() };
    }

    fn end(&mut self, failure: OpeningFailure) {
        self.state = State::Ended;
        self.received = BytesMut::new();
        self.events.push_back(ServerOpeningEvent::Failed(failure));
    }
}

impl Engine for ServerOpening {
    type Event = ServerOpeningEvent;

    fn recv_buf(&mut self) -> &mut BytesMut {
        &mut self.received
    }

    fn handle_recv(&mut self, now: Instant) {
        match self.state {
            State::Reading { .. } => self.read(now),
            State::Finishing { .. } | State::Ended => self.received.clear(),
            State::Deciding(_) | State::Answering { .. } | State::Accepted { .. } => {}
        }
    }

    /// A client that half-closes while a request for a WebSocket waits has given up. One that sent a plain HTTP
    /// request may still read the response.
    fn handle_eof(&mut self, now: Instant) {
        self.handle_recv(now);
        self.eof = true;
        match &self.state {
            State::Reading { .. } | State::Deciding(_) => self.end(OpeningFailure::TransportLost),
            State::Finishing { failure, .. } => {
                let failure = failure.clone();
                self.end(failure);
            }
            State::Answering { .. } | State::Accepted { .. } | State::Ended => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_none_or(|deadline| now < deadline) {
            return;
        }
        match &mut self.state {
            State::Reading { .. } => self.end(OpeningFailure::TimedOut(TimerKind::OpenHandshake)),
            State::Finishing { failure, deadline, written } => {
                // A client that still takes bytes of a long response gets on; one that does not loses the rest.
                let has_progressed = self.outbox.written_total() > *written;
                let next = self.options.config.close.drop_timeout.map(|timeout| now + timeout);
                if !self.outbox.is_empty() && has_progressed && next > Some(now) {
                    (*deadline, *written) = (next, self.outbox.written_total());
                } else {
                    let failure = failure.clone();
                    self.outbox.clear();
                    self.end(failure);
                }
            }
            State::Deciding(_) | State::Answering { .. } | State::Accepted { .. } | State::Ended => {}
        }
    }

    fn poll_event(&mut self) -> Option<ServerOpeningEvent> {
        self.events.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Reading { deadline, .. } | State::Finishing { deadline, .. } => *deadline,
            State::Deciding(_) | State::Answering { .. } | State::Accepted { .. } | State::Ended => None,
        }
    }

    fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    /// While the application decides, reading goes on, to notice the end of the transport, until the client has sent
    /// as much as a head may have.
    fn transport(&self) -> Transport {
        match self.state {
            State::Reading { .. } => Transport::Open,
            State::Deciding(_) | State::Answering { .. } | State::Accepted { .. } => {
                let has_room = self.received.len() < self.options.head_limits.max_len;
                if has_room && !self.eof { Transport::Open } else { Transport::Paused }
            }
            State::Finishing { .. } => Transport::Finish,
            State::Ended => Transport::Close,
        }
    }
}

impl fmt::Debug for ServerOpening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Reading { .. } => "Reading",
            State::Deciding(_) => "Deciding",
            State::Answering { .. } => "Answering",
            State::Accepted { .. } => "Accepted",
            State::Finishing { .. } => "Finishing",
            State::Ended => "Ended",
        };
        f.debug_struct("ServerOpening")
            .field("state", &state)
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}
