//! A client's connection that comes back.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use wirebahn_core::websocket::opening::Response;
use wirebahn_core::websocket::{CloseCode, Closed, Message, MessageEvent, Messages, SendError};
use wirebahn_core::{Backoff, BackoffOptions, Engine};

use super::{Client, ConnectError, Opened, WebSocket};
use crate::net::Wait;
use crate::shutdown::ShutdownWatch;
use crate::{Network, OsEntropy, Shutdown};

/// After so many pings and pongs in a row, other tasks get their turn.
const SKIPS_PER_TURN: usize = 64;

/// A client's connection that connects again when it is lost, waiting longer after each failure. Adapters name it without
/// the parameter.
///
/// It is driven by the task that takes its events: [`recv_event`](Self::recv_event) connects, waits and receives. What was lost is told
/// with [`ReconnectEvent::Lost`], and nothing is ever sent twice behind the application's back: that is its decision, since
/// only it knows which messages may arrive twice.
///
/// It ends when it is closed, when a shutdown is requested (see [`end_on`](Self::end_on)), after an error that would come
/// again (see [`ConnectError::is_fatal`]: a URL or a certificate that is wrong, a status like 404), and when
/// [`BackoffOptions::max_retries`] says so.
///
/// ```
/// use wirebahn_drive::Network;
/// use wirebahn_drive::websocket::{Client, ConnectError, ReconnectEvent, Reconnecting};
///
/// async fn follow<N: Network>() -> Result<(), ConnectError> {
///     let mut socket = Reconnecting::new(Client::<N>::new("ws://example.com/news")?);
///     while let Some(event) = socket.recv_event().await {
///         match event {
///             ReconnectEvent::Connected(_) => {
///                 let _ = socket.send("subscribe").await;
///             }
///             ReconnectEvent::Message(message) => println!("{message:?}"),
///             ReconnectEvent::Lost(lost) => println!("{}, again in {:?}", lost.closed, lost.retry_in),
///             ReconnectEvent::Failed(failed) => println!("{}, again in {:?}", failed.error, failed.retry_in),
///             _ => {}
///         }
///     }
///     Ok(())
/// }
/// ```
pub struct Reconnecting<N: Network> {
    client: Client<N>,
    backoff: Backoff,
    entropy: OsEntropy,
    /// Obeyed while there is no connection; one that is open obeys by itself.
    shutdown: Option<ShutdownWatch>,
    state: State<N>,
}

/// What a [`Reconnecting`] connection goes through.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReconnectEvent {
    /// There is a connection; here is what the server answered.
    Connected(Box<Response>),
    /// A message has come.
    Message(Message),
    /// The connection has ended, and this end had not asked for it.
    Lost(ConnectionLost),
    /// An attempt to connect has failed.
    Failed(ConnectFailed),
    /// The connection has ended as this end had asked: the last event.
    Closed(Closed),
}

/// A connection that was lost.
#[derive(Debug)]
#[non_exhaustive]
pub struct ConnectionLost {
    /// How it ended.
    pub closed: Closed,
    /// The messages that were not, or not as a whole, handed to the system, in order: the server has none of them.
    pub unwritten: Vec<Message>,
    /// How many messages were handed to the system over this connection. WebSocket has no acknowledgements: the last ones of
    /// them may be lost, too.
    pub written: u64,
    /// When the next attempt is made; `None` if there is none, and this is the last event.
    pub retry_in: Option<Duration>,
}

/// An attempt to connect that has failed.
#[derive(Debug)]
#[non_exhaustive]
pub struct ConnectFailed {
    /// Why.
    pub error: ConnectError,
    /// When the next attempt is made; `None` if there is none, and this is the last event.
    pub retry_in: Option<Duration>,
}

type Attempt<N> =
    Pin<Box<dyn Future<Output = Result<Opened<Messages, <N as Network>::Io, N>, ConnectError>> + Send>>;

enum State<N: Network> {
    Connecting(Attempt<N>),
    Open(Open<N>),
    Waiting(Wait<N>),
    Ended,
}

/// A connection and the account of what was sent over it.
struct Open<N: Network> {
    socket: WebSocket<N::Io, N>,
    /// What counts as written when nothing of the application's is: the handshake.
    offset: u64,
    /// Messages that are not written yet, and how many bytes are when they are.
    unwritten: VecDeque<(u64, Message)>,
    written: u64,
    /// This end has asked for the end.
    is_closing: bool,
}

impl<N: Network> Reconnecting<N> {
    /// A connection as `client` makes it. Nothing happens before the first event is waited for.
    #[must_use]
    pub fn new(client: Client<N>) -> Self {
        let state = State::Connecting(attempt(&client));
        Self {
            client,
            backoff: Backoff::new(BackoffOptions::default()),
            entropy: OsEntropy::default(),
            shutdown: None,
            state,
        }
    }

    /// How attempts are spaced. Default: without end, 1.5 s after the first failure, each time half as long again, up to
    /// 300 s. After a connection that was open they begin anew.
    #[must_use]
    pub fn backoff(mut self, options: BackoffOptions) -> Self {
        self.backoff = Backoff::new(options);
        self
    }

    /// Ends it for good when `shutdown` is requested: a connection with [`CloseCode::GOING_AWAY`], so that what waits for
    /// events gets [`ReconnectEvent::Closed`] and what sends gets [`SendError::Closed`]. Without one there are no more
    /// attempts, and no more events.
    pub fn end_on(&mut self, shutdown: &Shutdown) {
        self.shutdown = Some(shutdown.watch());
        if let State::Open(open) = &mut self.state {
            open.socket.end_on(shutdown);
        }
    }

    /// What happens next; `None` after the last event. Cancel-safe.
    pub fn recv_event(&mut self) -> impl Future<Output = Option<ReconnectEvent>> {
        poll_fn(|cx| self.poll_event(cx))
    }

    /// The poll function behind [`recv_event`](Self::recv_event).
    pub fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<ReconnectEvent>> {
        if matches!(self.state, State::Connecting(_) | State::Waiting(_))
            && let Some(shutdown) = &mut self.shutdown
            && (shutdown.is_requested() || shutdown.wait(cx.waker()))
        {
            self.state = State::Ended;
        }
        for _ in 0..SKIPS_PER_TURN {
            match &mut self.state {
                State::Waiting(wait) => {
                    ready!(wait.poll(cx));
                    self.state = State::Connecting(attempt(&self.client));
                }
                State::Connecting(attempt) => {
                    let event = match ready!(attempt.as_mut().poll(cx)) {
                        Ok(mut opened) => {
                            opened.connection.inner.shutdown =
                                self.shutdown.as_ref().map(ShutdownWatch::another);
                            self.state = State::Open(Open::new(opened.connection));
                            ReconnectEvent::Connected(opened.response)
                        }
                        Err(error) => {
                            let retry_in = if error.is_fatal() { None } else { self.next_delay() };
                            self.wait(retry_in);
                            ReconnectEvent::Failed(ConnectFailed { error, retry_in })
                        }
                    };
                    return Poll::Ready(Some(event));
                }
                State::Open(open) => {
                    let polled = open.socket.poll_event(cx);
                    open.note_written();
                    match ready!(polled) {
                        Some(MessageEvent::Message(message)) => {
                            return Poll::Ready(Some(ReconnectEvent::Message(message)));
                        }
                        Some(MessageEvent::Closed(closed)) => {
                            return Poll::Ready(Some(self.handle_closed(closed)));
                        }
                        Some(_) => {}
                        None => self.state = State::Ended,
                    }
                }
                State::Ended => return Poll::Ready(None),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Sends a message, and waits until it is handed to the system, or the connection is lost.
    ///
    /// `Ok` means that the message was taken: if it could not be written after all, [`ConnectionLost::unwritten`] has it. That is also
    /// where it is if the future is dropped while it is being written.
    ///
    /// # Errors
    ///
    /// The message was not taken: it is too long, or there is no connection at the moment ([`SendError::Closed`]).
    pub fn send(&mut self, message: impl Into<Message>) -> impl Future<Output = Result<(), SendError>> {
        let message = message.into();
        async move {
            self.feed(message).await?;
            // Whether that is possible is told with the next event.
            let _ = self.flush().await;
            Ok(())
        }
    }

    /// Takes a message, after waiting for room if need be. It is written while [`recv_event`](Self::recv_event) or
    /// [`flush`](Self::flush) waits.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn feed(&mut self, message: impl Into<Message>) -> Result<(), SendError> {
        let message = message.into();
        let State::Open(open) = &mut self.state else { return Err(SendError::Closed) };
        let ready = open.socket.ready().await;
        open.note_written();
        ready?;
        open.socket.engine_mut().send(message.clone())?;
        let end = open.socket.engine_mut().outbox().queued_total();
        open.unwritten.push_back((end, message));
        Ok(())
    }

    /// Waits until everything is handed to the system.
    ///
    /// # Errors
    ///
    /// There is no connection, or none any more ([`SendError::Closed`]).
    pub async fn flush(&mut self) -> Result<(), SendError> {
        let State::Open(open) = &mut self.state else { return Err(SendError::Closed) };
        let flushed = open.socket.flush().await;
        open.note_written();
        flushed
    }

    /// Ends the connection in order, and for good; messages that still come are dropped. Tells how it ended, if there was one.
    ///
    /// # Errors
    ///
    /// The code or the reason must not be sent.
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<Option<Closed>, SendError> {
        self.start_close(code, reason)?;
        while let Some(event) = self.recv_event().await {
            if let ReconnectEvent::Closed(closed) = event {
                return Ok(Some(closed));
            }
        }
        Ok(None)
    }

    /// Starts to end the connection in order, and for good. What still comes is taken with [`recv_event`](Self::recv_event), up to
    /// [`ReconnectEvent::Closed`].
    ///
    /// # Errors
    ///
    /// The code or the reason must not be sent.
    pub fn start_close(&mut self, code: CloseCode, reason: &str) -> Result<(), SendError> {
        match &mut self.state {
            State::Open(open) => match open.socket.start_close(code, reason) {
                Ok(()) | Err(SendError::Closed) => open.is_closing = true,
                Err(error) => return Err(error),
            },
            State::Connecting(_) | State::Waiting(_) => self.state = State::Ended,
            State::Ended => {}
        }
        Ok(())
    }

    /// The connection, if there is one at the moment. Messages that are sent with it directly are in no account.
    #[must_use]
    pub const fn connection(&self) -> Option<&WebSocket<N::Io, N>> {
        match &self.state {
            State::Open(open) => Some(&open.socket),
            _ => None,
        }
    }

    fn handle_closed(&mut self, closed: Closed) -> ReconnectEvent {
        let State::Open(open) = mem::replace(&mut self.state, State::Ended) else {
            return ReconnectEvent::Closed(closed);
        };
        if open.is_closing || self.shutdown.as_ref().is_some_and(ShutdownWatch::is_requested) {
            return ReconnectEvent::Closed(closed);
        }
        // Not all clients of a server that is gone should come back to it at the same moment.
        self.backoff.reset();
        let retry_in = self.next_delay();
        self.wait(retry_in);
        let unwritten = open.unwritten.into_iter().map(|(_, message)| message).collect();
        ReconnectEvent::Lost(ConnectionLost { closed, unwritten, written: open.written, retry_in })
    }

    fn next_delay(&mut self) -> Option<Duration> {
        self.backoff.next_delay(&mut self.entropy)
    }

    fn wait(&mut self, delay: Option<Duration>) {
        self.state = match delay {
            Some(delay) => State::Waiting(Wait::until(N::now() + delay)),
            None => State::Ended,
        };
    }
}

fn attempt<N: Network>(client: &Client<N>) -> Attempt<N> {
    Box::pin(client.clone().connect())
}

impl<N: Network> Open<N> {
    fn new(mut socket: WebSocket<N::Io, N>) -> Self {
        // What the engine counts begins with what of its outbox was written already.
        let counted = socket.engine_mut().outbox().written_total();
        let offset = socket.inner.socket.written().saturating_sub(counted);
        Self { socket, offset, unwritten: VecDeque::new(), written: 0, is_closing: false }
    }

    fn note_written(&mut self) {
        let written = self.socket.inner.socket.written().saturating_sub(self.offset);
        while self.unwritten.front().is_some_and(|(end, _)| *end <= written) {
            self.unwritten.pop_front();
            self.written += 1;
        }
    }
}

impl<N: Network> fmt::Debug for Reconnecting<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Connecting(_) => "Connecting",
            State::Open(_) => "Open",
            State::Waiting(_) => "Waiting",
            State::Ended => "Ended",
        };
        f.debug_struct("Reconnecting").field("client", &self.client).field("state", &state).finish()
    }
}
