//! A router in this process.
//!
//! `handle` is the router under a lock and the threads that wait for it; `connection` one client's connection, which one
//! thread reads and one writes; `accept` what a client that connects wants.

mod accept;
mod connection;
mod handle;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use wirebahn_adapter::wamp::JoinError;
use wirebahn_core::Instant;
use wirebahn_core::rawsocket::opening as raw;
use wirebahn_core::wamp::link::MessageLink;
use wirebahn_core::wamp::session::SessionConfig;
use wirebahn_core::wamp::{Batching, Serializer, Subprotocol};
use wirebahn_router::{Answer, AnswerError, Question, QuestionId, RouterConfig, TransportInfo};

use super::Session;
use super::join::begin;
use super::open::open_rawsocket;
use crate::incoming::Admission;
use crate::{Duplex, Listen, Server, TimedOut, TryClone, WebSocket};

use accept::{accept_rawsocket, serve_arrival};
use connection::serve;
use handle::Handle;

/// A WAMP router in this process, on plain threads: for applications that bring their own, and for tests.
///
/// ```
/// use wirebahn_blocking::Server;
/// use wirebahn_blocking::wamp::{RealmConfig, Router, RouterConfig, join};
///
/// let mut config = RouterConfig::default();
/// config.realms.push(("realm1".into(), RealmConfig::default()));
/// let router = Router::new(config)?;
///
/// let server = Server::bind("127.0.0.1:0")?;
/// let url = format!("ws://{}/", server.local_addr()?);
/// let (listening, serving) = (server.handle(), router.clone());
/// let thread = std::thread::spawn(move || serving.serve(server));
///
/// let callee = router.join("realm1")?;
/// let _add = callee.register("com.example.add", |(a, b): (i64, i64)| Ok(a + b)).wait()?;
/// let caller = join(&url, "realm1")?;
/// let sum: i64 = caller.call("com.example.add", (2, 3)).wait()?;
/// assert_eq!(sum, 5);
///
/// router.shut_down();
/// listening.shut_down();
/// thread.join().expect("serving does not panic")?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// Clones are of the same router. It lives as long as one of them, or a connection, does.
#[derive(Clone, Debug)]
pub struct Router {
    handle: Arc<Handle>,
}

impl Router {
    /// A router without connections, with a thread for its timers.
    ///
    /// # Errors
    ///
    /// The system starts no more threads.
    pub fn new(config: RouterConfig) -> io::Result<Self> {
        Ok(Self { handle: Handle::new(config)? })
    }

    /// Serves all clients of `server`, over WebSocket and RawSocket on the same port, until it is
    /// [shut down](crate::ServerHandle::shut_down): their sessions then end with GOODBYE, and the router is left to
    /// others. Over WebSocket every path will do; its plain HTTP is answered as [`Server::http`] says. Each client has two
    /// threads.
    ///
    /// Web pages of any origin may connect unless
    /// [`ServerOptions::origins`](wirebahn_core::websocket::opening::ServerOptions::origins) says otherwise.
    ///
    /// # Errors
    ///
    /// No thread can be started.
    pub fn serve<N: Listen>(&self, server: Server<N>) -> io::Result<()> {
        self.serve_with(server, raw::ServerOptions::default())
    }

    /// As [`serve`](Self::serve), with options for RawSockets.
    ///
    /// # Errors
    ///
    /// As [`serve`](Self::serve).
    pub fn serve_with<N: Listen>(
        &self,
        server: Server<N>,
        rawsocket: impl Into<Arc<raw::ServerOptions>>,
    ) -> io::Result<()> {
        let (handle, rawsocket) = (Arc::clone(&self.handle), rawsocket.into());
        let (shutdown, answer_http) = (Arc::clone(server.handle().shutdown_signal()), server.answer_http());
        server.serve_arrivals(move |arrival| {
            serve_arrival(&handle, arrival, &rawsocket, answer_http.as_deref(), &shutdown);
        })
    }

    /// Serves a client over an open WebSocket on which `subprotocol` was agreed, until the connection ends.
    ///
    /// # Errors
    ///
    /// The connection has ended, or the system refuses a second handle of its stream or a thread.
    pub fn serve_websocket<S>(&self, connection: WebSocket<S>, subprotocol: Subprotocol) -> io::Result<()>
    where
        S: Duplex + TryClone + Send + 'static,
    {
        let socket =
            connection.socket.map_engine(|messages| MessageLink::with_subprotocol(messages, subprotocol));
        let transport = TransportInfo::of_client("websocket", subprotocol, None);
        serve(&self.handle, socket, transport, &Arc::default())
    }

    /// Serves a client that speaks RawSocket over a stream on which nothing was received yet, until the connection ends.
    ///
    /// # Errors
    ///
    /// [`InvalidData`](io::ErrorKind::InvalidData) with the [`OpeningFailure`](raw::OpeningFailure) if no connection
    /// opened; otherwise as [`serve_websocket`](Self::serve_websocket).
    pub fn serve_rawsocket<S>(&self, stream: S, options: Arc<raw::ServerOptions>) -> io::Result<()>
    where
        S: Duplex + TryClone + Send + 'static,
    {
        let (socket, serializer) = accept_rawsocket(stream, BytesMut::new(), options, Admission::Admit)
            .map_err(|failure| io::Error::new(io::ErrorKind::InvalidData, failure))?;
        let subprotocol = Subprotocol { serializer, batching: Batching::Single };
        let transport = TransportInfo::of_client("rawsocket", subprotocol, None);
        serve(&self.handle, socket, transport, &Arc::default())
    }

    /// Joins a realm from within this process, over a pair of sockets.
    ///
    /// # Errors
    ///
    /// The router does not let us in, or the system gives no sockets or threads.
    pub fn join(&self, realm: &str) -> Result<Session, JoinError> {
        self.join_with(SessionConfig::new(realm))
    }

    /// As [`join`](Self::join), with options.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join).
    pub fn join_with(&self, config: SessionConfig) -> Result<Session, JoinError> {
        let (ours, theirs) = pair()?;
        let router = self.clone();
        std::thread::Builder::new().name("wamp router".into()).spawn(move || {
            // The session learns of it, whatever goes wrong.
            let _ = router.serve_rawsocket(theirs, Arc::default());
        })?;
        let options = raw::ClientOptions::default();
        let opened = open_rawsocket(ours, BytesMut::new(), Serializer::MsgPack, options, config)?;
        begin(opened, None)
    }

    /// Ends all sessions with GOODBYE, and refuses new ones from then on.
    pub fn shut_down(&self) {
        self.with(|router, now| router.shut_down(now));
    }

    /// Waits for the next thing that the router wants to know; answer it with [`answer`](Self::answer), now or later.
    /// Nothing is asked unless the [`RouterConfig`] says so.
    #[must_use]
    pub fn question(&self) -> Question {
        self.handle.question()
    }

    /// As [`question`](Self::question), for `limit` at most.
    ///
    /// # Errors
    ///
    /// Nothing was asked in time.
    pub fn question_timeout(&self, limit: Duration) -> Result<Question, TimedOut> {
        self.handle.question_timeout(limit)
    }

    /// Answers a question.
    ///
    /// # Errors
    ///
    /// It is no answer to this question, or nobody waits for it any more.
    pub fn answer(&self, question: QuestionId, answer: Answer) -> Result<(), AnswerError> {
        self.with(|router, now| router.answer(question, answer, now))
    }

    /// Uses the router: for metrics, for realms. Whom that concerns is woken.
    ///
    /// `operation` runs under the lock of the router, for which every connection waits: it should be short, and must not use
    /// this router, not even to print it.
    pub fn with<T>(&self, operation: impl FnOnce(&mut wirebahn_router::Router, Instant) -> T) -> T {
        self.handle.with(operation)
    }

    /// How many messages were too long for the transport of those who were to get them. Callers were told; events were
    /// dropped.
    #[must_use]
    pub fn unsendable(&self) -> u64 {
        self.handle.unsendable()
    }
}

/// The two ends of a connection within this process.
#[cfg(unix)]
fn pair() -> io::Result<(std::os::unix::net::UnixStream, std::os::unix::net::UnixStream)> {
    std::os::unix::net::UnixStream::pair()
}

/// The two ends of a connection within this process.
#[cfg(not(unix))]
fn pair() -> io::Result<(std::net::TcpStream, std::net::TcpStream)> {
    use std::net::{Ipv4Addr, TcpListener, TcpStream};

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let one = TcpStream::connect(listener.local_addr()?)?;
    let (other, peer) = listener.accept()?;
    if peer != one.local_addr()? {
        // Somebody else was faster; better none than a stranger.
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    for stream in [&one, &other] {
        // Only an optimisation: a stream that refuses works all the same.
        let _ = stream.set_nodelay(true);
    }
    Ok((one, other))
}
