//! Taking connections.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use wirebahn_adapter::{ACCEPT_PAUSE, Delay, SHUTDOWN_GRACE, concerns_one_connection, trace};
use wirebahn_core::http::StatusCode;
use wirebahn_core::proxy::{ProxyHeaderExpectation, ProxyHeaderGate, ProxyHeaderOptions};
use wirebahn_core::websocket::Messages;
use wirebahn_core::websocket::opening::{
    Acceptance, HttpRequest, HttpResponse, OpeningFailure, PlainHttp, ServerOptions,
};

use crate::incoming::{Admission, HttpExchange, Incoming, Upgrade, receive_after};
use crate::reach::converse;
use crate::socket::now;
use crate::{Accepted, Duplex, Listen, Wake, WebSocket};

/// A listening server: one thread per connection. Adapters name it without the parameter.
pub struct Server<N: Listen> {
    listener: N::Listener,
    options: Arc<ServerOptions>,
    max_connections: usize,
    shutdown_grace: Duration,
    delay: Delay,
    front: Front,
    answer_http: Option<Arc<AnswerHttp>>,
    handle: ServerHandle,
}

/// Answers plain HTTP.
pub(crate) type AnswerHttp = dyn Fn(&HttpRequest) -> HttpResponse + Send + Sync;

/// What comes before the request.
#[derive(Clone, Debug, Default)]
struct Front {
    proxy_header: Option<ProxyHeaderOptions>,
    #[cfg(feature = "tls")]
    tls: Option<wirebahn_tls::ServerTls>,
}

/// Ends a [`Server`] from elsewhere. Clones are of the same server.
#[derive(Clone)]
pub struct ServerHandle(Arc<Shared>);

struct Shared {
    shutdown: Arc<AtomicBool>,
    /// Where a connection ends the wait for connections.
    wake: Wake,
    connections: Mutex<Counts>,
    /// Told when a connection has ended.
    ended: Condvar,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    /// Those that are not about to be refused with 503.
    admitted: usize,
}

impl<N: Listen> Server<N> {
    /// Listens on an address. Port 0 lets the system choose; [`local_addr`](Self::local_addr) tells which.
    ///
    /// # Errors
    ///
    /// The address is invalid, in use, or not allowed.
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        let mut last_error = None;
        for address in address.to_socket_addrs()? {
            match N::bind(address) {
                Ok(listener) => return Ok(Self::new(listener)),
                Err(error) => last_error = Some(error),
            }
        }
        let none = || io::Error::new(io::ErrorKind::InvalidInput, "there is no address to listen on");
        Err(last_error.unwrap_or_else(none))
    }

    /// Listens on a Unix socket at a path where there is nothing yet. The file stays when the server ends.
    ///
    /// # Errors
    ///
    /// There is something, or the path is not allowed.
    pub fn bind_unix(path: impl AsRef<Path>) -> io::Result<Self> {
        Ok(Self::new(N::bind_unix(path.as_ref())?))
    }

    /// Takes connections of a listener that there is already; it must be one that blocks.
    #[must_use]
    pub fn new(listener: impl Into<N::Listener>) -> Self {
        let listener = listener.into();
        let shared = Shared {
            shutdown: Arc::default(),
            wake: N::wake(&listener),
            connections: Mutex::default(),
            ended: Condvar::default(),
        };
        Self {
            listener,
            options: Arc::default(),
            max_connections: usize::MAX,
            shutdown_grace: SHUTDOWN_GRACE,
            delay: Delay::default(),
            front: Front::default(),
            answer_http: None,
            handle: ServerHandle(Arc::new(shared)),
        }
    }

    /// Sets the options of handshakes and connections.
    #[must_use]
    pub fn options(mut self, options: impl Into<Arc<ServerOptions>>) -> Self {
        self.options = options.into();
        self
    }

    /// Answers plain HTTP requests, which are refused with 426 otherwise; each on the thread of its connection.
    ///
    /// ```
    /// use wirebahn_core::http::StatusCode;
    /// use wirebahn_core::websocket::opening::HttpResponse;
    /// use wirebahn_drive_blocking::{Listen, Server};
    ///
    /// fn say_what_this_is<N: Listen>(server: Server<N>) -> Server<N> {
    ///     server.http(|request| {
    ///         let mut response = HttpResponse::new(StatusCode::OK);
    ///         response.body = format!("There is nothing at {} but a WebSocket.\n", request.resource).into();
    ///         response
    ///     })
    /// }
    /// ```
    #[must_use]
    pub fn http(mut self, answer: impl Fn(&HttpRequest) -> HttpResponse + Send + Sync + 'static) -> Self {
        self.answer_http = Some(Arc::new(answer));
        self
    }

    /// How many connections there may be at a time, those whose handshake is not complete included; further ones are
    /// refused with 503, and count no more. Default: no limit.
    #[must_use]
    pub const fn max_connections(mut self, max: usize) -> Self {
        self.max_connections = max;
        self
    }

    /// How long connections may take to end after a shutdown was requested; threads that still run then are left to
    /// themselves. Default: 10 s.
    #[must_use]
    pub const fn shutdown_grace(mut self, grace: Duration) -> Self {
        self.shutdown_grace = grace;
        self
    }

    /// Whether the system may hold back small writes. Default: it may not.
    #[must_use]
    pub const fn delay(mut self, delay: Delay) -> Self {
        self.delay = delay;
        self
    }

    /// Takes the client's address from the PROXY header that a proxy in front of this server sends. Default: none is
    /// looked for.
    #[must_use]
    pub fn proxy_header(mut self, options: ProxyHeaderOptions) -> Self {
        self.front.proxy_header = Some(options);
        self
    }

    /// Speaks TLS. The handshake has to be over within [`ServerOptions::open_timeout`].
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: wirebahn_tls::ServerTls) -> Self {
        self.front.tls = Some(tls);
        self
    }

    #[cfg(feature = "router")]
    pub(crate) fn answer_http(&self) -> Option<Arc<AnswerHttp>> {
        self.answer_http.clone()
    }

    /// The address that the server listens on.
    ///
    /// # Errors
    ///
    /// The system does not know, or the server listens on a Unix socket.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        N::local_addr(&self.listener)
    }

    /// A handle that ends the server.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.handle.clone()
    }

    /// Accepts every valid request and hands the connections to `handler`, each on a thread of its own, until a
    /// shutdown is requested.
    ///
    /// # Errors
    ///
    /// No thread can be started.
    pub fn serve(self, handler: impl Fn(WebSocket<N::Stream>) + Send + Sync + 'static) -> io::Result<()> {
        let shutdown = Arc::clone(&self.handle.0.shutdown);
        self.serve_upgrades(move |upgrade| {
            // The default acceptance is always allowed; if the client has gone there is nobody to serve.
            if let Ok(mut socket) = upgrade.accept::<Messages>(Acceptance::default()) {
                socket.end_on(&shutdown);
                handler(socket);
            }
        })
    }

    /// Hands every valid request to `handler`, which accepts or refuses it, each on a thread of its own, until a
    /// shutdown is requested. Requests for anything but WebSockets are refused with 426, unless [`http`](Self::http)
    /// answers them.
    ///
    /// Connections that should end with the server watch [`ServerHandle::shutdown_signal`] through
    /// [`Connection::end_on`](crate::Connection::end_on).
    ///
    /// # Errors
    ///
    /// No thread can be started.
    pub fn serve_upgrades(
        self,
        handler: impl Fn(Upgrade<N::Stream>) + Send + Sync + 'static,
    ) -> io::Result<()> {
        let answer_http = self.answer_http.clone();
        self.serve_arrivals(move |arrival| match (arrival.receive(), &answer_http) {
            (Ok(Incoming::Upgrade(upgrade)), _) => handler(upgrade),
            (Ok(Incoming::Http(exchange)), answer) => respond(exchange, answer.as_deref()),
            // The client was told what is wrong with its request.
            (Err(_), _) => {}
        })
    }

    /// Hands every stream to `handler`, each on a thread of its own, until a shutdown is requested.
    pub(crate) fn serve_arrivals(
        mut self,
        handler: impl Fn(Arrival<N::Stream>) + Send + Sync + 'static,
    ) -> io::Result<()> {
        if self.answer_http.is_some() {
            Arc::make_mut(&mut self.options).plain_http = PlainHttp::HandOver;
        }
        let (handler, shared) = (Arc::new(handler), Arc::clone(&self.handle.0));
        while !shared.is_ending() {
            let Accepted { stream, peer } = match N::accept(&self.listener, self.delay) {
                Ok(accepted) => accepted,
                Err(error) if concerns_one_connection(&error) => continue,
                Err(error) => {
                    trace::cannot_accept(&error);
                    std::thread::sleep(ACCEPT_PAUSE);
                    continue;
                }
            };
            if shared.is_ending() {
                break;
            }
            let guard = Guard::new(&shared, self.max_connections);
            let (handler, front, options) =
                (Arc::clone(&handler), self.front.clone(), Arc::clone(&self.options));
            std::thread::Builder::new().spawn(move || {
                // Not only the field that is used here: it counts for as long as the thread lives.
                let guard = guard;
                let admission = guard.admission;
                let Some((stream, peer, received)) = front.pass::<N>(stream, peer, &options) else { return };
                handler(Arrival { stream, peer, received, options, admission });
            })?;
        }
        drop(self.listener);
        shared.wait_until_idle(self.shutdown_grace);
        Ok(())
    }
}

/// A stream of a client that has not said yet what it wants.
pub(crate) struct Arrival<S> {
    pub(crate) stream: S,
    pub(crate) peer: Option<SocketAddr>,
    /// What was read from the stream already.
    pub(crate) received: BytesMut,
    pub(crate) options: Arc<ServerOptions>,
    pub(crate) admission: Admission,
}

impl<S: Duplex> Arrival<S> {
    /// Waits for the request.
    pub(crate) fn receive(self) -> Result<Incoming<S>, OpeningFailure> {
        let peer = self.peer.map(|peer| peer.to_string());
        let incoming = receive_after(self.stream, self.received, self.options, peer, self.admission);
        incoming.inspect_err(|failure| trace::refused(self.peer, failure))
    }
}

pub(crate) fn respond<S: Duplex>(exchange: HttpExchange<S>, answer: Option<&AnswerHttp>) {
    let response = match answer {
        Some(answer) => answer(exchange.request()),
        None => HttpResponse::new(StatusCode::NOT_FOUND),
    };
    if let Err((_, exchange)) = exchange.respond(response) {
        // The application's response is not allowed: a bug of its own, which must not leave the client without one.
        let _ = exchange.respond(HttpResponse::new(StatusCode::INTERNAL_SERVER_ERROR));
    }
}

impl Front {
    /// What is left once all that comes before the request has come.
    fn pass<N: Listen>(
        &self,
        mut stream: N::Stream,
        mut peer: Option<SocketAddr>,
        #[cfg_attr(
            not(feature = "tls"),
            expect(unused_variables, reason = "only TLS has a deadline of its own")
        )]
        options: &ServerOptions,
    ) -> Option<(N::Stream, Option<SocketAddr>, BytesMut)> {
        let mut received = BytesMut::new();
        if let Some(expected) = &self.proxy_header {
            let expectation = expected.expectation(peer.map(|peer| peer.ip()));
            let expectation = expectation.inspect_err(|error| trace::refused(peer, error)).ok()?;
            if expectation != ProxyHeaderExpectation::None {
                let header;
                let gate = ProxyHeaderGate::open(expectation, expected, now());
                let passed = converse(gate, stream).inspect_err(|error| trace::refused(peer, error));
                (header, stream, received) = passed.ok()?;
                peer = header.and_then(|header| header.source()).or(peer);
            }
        }
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            let deadline = options.open_timeout.map(|timeout| now() + timeout);
            let secured = N::secure_accepted(stream, std::mem::take(&mut received), tls, deadline);
            stream = secured.inspect_err(|error| trace::refused(peer, error)).ok()?;
        }
        Some((stream, peer, received))
    }
}

impl ServerHandle {
    /// Stops listening, and asks the connections to end: they send Close frames with
    /// [`CloseCode::GOING_AWAY`](wirebahn_core::websocket::CloseCode::GOING_AWAY) within a quarter of a second, and those
    /// with a router GOODBYE before.
    pub fn shut_down(&self) {
        self.0.shutdown.store(true, Ordering::Release);
        (self.0.wake)();
    }

    /// What [`shut_down`](Self::shut_down) sets.
    #[must_use]
    pub fn shutdown_signal(&self) -> &Arc<AtomicBool> {
        &self.0.shutdown
    }

    /// How many connections there are, those whose handshake is not complete included.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.0.counts().all
    }
}

impl Shared {
    fn is_ending(&self) -> bool {
        self.shutdown.load(Ordering::Acquire)
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_until_idle(&self, grace: Duration) {
        let counts = self.counts();
        // Whether it is the time or the last connection that has ended makes no difference.
        drop(self.ended.wait_timeout_while(counts, grace, |counts| counts.all > 0));
    }
}

/// Counts a connection for as long as it lives.
struct Guard {
    shared: Arc<Shared>,
    admission: Admission,
}

impl Guard {
    fn new(shared: &Arc<Shared>, max: usize) -> Self {
        let mut counts = shared.counts();
        let admission = if counts.admitted < max { Admission::Admit } else { Admission::OverCapacity };
        counts.all += 1;
        counts.admitted += usize::from(admission == Admission::Admit);
        drop(counts);
        Self { shared: Arc::clone(shared), admission }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut counts = self.shared.counts();
        counts.all -= 1;
        counts.admitted -= usize::from(self.admission == Admission::Admit);
        drop(counts);
        self.shared.ended.notify_all();
    }
}

impl<N: Listen> fmt::Debug for Server<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("listener", &self.listener)
            .field("options", &self.options)
            .field("max_connections", &self.max_connections)
            .field("front", &self.front)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ServerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerHandle")
            .field("shutdown", &self.0.shutdown)
            .field("connections", &self.0.connections)
            .finish_non_exhaustive()
    }
}
