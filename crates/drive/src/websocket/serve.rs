//! A listening server.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use bytes::BytesMut;
use wirebahn_adapter::{ACCEPT_PAUSE, SHUTDOWN_GRACE, concerns_one_connection, trace};
use wirebahn_core::http::StatusCode;
use wirebahn_core::proxy::{ProxyHeaderExpectation, ProxyHeaderGate, ProxyHeaderOptions};
use wirebahn_core::websocket::Messages;
use wirebahn_core::websocket::opening::{Acceptance, HttpRequest, HttpResponse, PlainHttp, ServerOptions};
#[cfg(feature = "tls")]
use wirebahn_tls::{TlsError, TlsFailure};

use super::{Admission, HttpExchange, Incoming, Upgrade, WebSocket};
use crate::net::{Accepted, TaskSet, converse};
use crate::{Delay, Io, Listen, OsEntropy, Runtime, Shutdown, sleep, timeout};

/// A listening server: one task per connection. Adapters name it without the parameter.
pub struct Server<N: Listen> {
    listener: N::Listener,
    setup: Setup,
    max_connections: usize,
    shutdown_grace: Duration,
    delay: Delay,
    handle: ServerHandle,
}

/// Ends a [`Server`] from elsewhere. Clones are of the same server.
#[derive(Clone, Debug, Default)]
pub struct ServerHandle(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    shutdown: Shutdown,
    connections: AtomicUsize,
    /// Those of them that are not about to be refused with 503.
    admitted: AtomicUsize,
    /// Whoever waits for the last connection to end.
    idle_waker: Mutex<Option<Waker>>,
}

impl<N: Listen> Server<N> {
    /// Listens on an address. Port 0 lets the system choose; [`local_addr`](Self::local_addr) tells which.
    ///
    /// # Errors
    ///
    /// The address is invalid, in use, or not allowed.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        let mut last_error = None;
        for address in address.to_socket_addrs()? {
            match N::bind(address).await {
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

    /// Takes connections from a listener.
    #[must_use]
    pub fn new(listener: impl Into<N::Listener>) -> Self {
        Self {
            listener: listener.into(),
            setup: Setup::default(),
            max_connections: usize::MAX,
            shutdown_grace: SHUTDOWN_GRACE,
            delay: Delay::default(),
            handle: ServerHandle::default(),
        }
    }

    /// Sets the options of handshakes and connections.
    #[must_use]
    pub fn options(mut self, options: impl Into<Arc<ServerOptions>>) -> Self {
        self.setup.options = options.into();
        self
    }

    /// Answers plain HTTP requests, which are refused with 426 otherwise.
    #[must_use]
    pub fn http(mut self, answer: impl Fn(&HttpRequest) -> HttpResponse + Send + Sync + 'static) -> Self {
        self.setup.answer_http = Some(Arc::new(answer));
        self
    }

    /// How many connections there may be at a time, those whose handshake is not complete included; further ones are
    /// refused with 503, and count no more. Default: no limit.
    #[must_use]
    pub const fn max_connections(mut self, max: usize) -> Self {
        self.max_connections = max;
        self
    }

    /// How long connections may take to end after a shutdown was requested; handlers that still run then are dropped.
    /// Default: 10 s.
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
        Arc::make_mut(self.setup.front.get_or_insert_default()).proxy_header = Some(options);
        self
    }

    /// Speaks TLS. The handshake has to be over within
    /// [`ServerOptions::open_timeout`](wirebahn_core::websocket::opening::ServerOptions::open_timeout). Keep a clone to
    /// [`reload`](wirebahn_tls::ServerTls::reload) the certificate.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: wirebahn_tls::ServerTls) -> Self {
        Arc::make_mut(self.setup.front.get_or_insert_default()).tls = Some(tls);
        self
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

    /// Accepts every valid request and hands the connections to `handler`, until a shutdown is requested. Dropping the
    /// future drops the handlers.
    ///
    /// # Errors
    ///
    /// The listener is broken.
    pub async fn serve<H, F>(self, handler: H) -> io::Result<()>
    where
        H: Fn(WebSocket<N::Io, N>) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let handler = Arc::new(handler);
        let shutdown = self.handle.0.shutdown.clone();
        self.serve_upgrades(move |upgrade| {
            let (handler, shutdown) = (Arc::clone(&handler), shutdown.clone());
            async move {
                // The default acceptance is always allowed; if the client has gone there is nobody to serve.
                if let Ok(mut socket) = upgrade.accept::<Messages>(Acceptance::default()).await {
                    socket.end_on(&shutdown);
                    drop(shutdown);
                    handler(socket).await;
                }
            }
        })
        .await
    }

    /// Hands every valid request to `handler`, which accepts or refuses it, until a shutdown is requested.
    ///
    /// Connections that should end with the server watch [`ServerHandle::shutdown_signal`] through
    /// [`Connection::end_on`](super::Connection::end_on).
    ///
    /// # Errors
    ///
    /// The listener is broken.
    pub async fn serve_upgrades<H, F>(mut self, handler: H) -> io::Result<()>
    where
        H: Fn(Upgrade<N::Io, N>) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let setup = self.take_setup();
        let handler = Arc::new(handler);
        self.serve_streams(move |accepted, admission, held| {
            // On the heap: only the handler's future should determine how large a connection's task is.
            let opening = Box::pin(setup.clone().receive::<N>(accepted, admission));
            let (handler, answer_http) = (Arc::clone(&handler), setup.answer_http.clone());
            async move {
                let _held = held;
                match opening.await {
                    Some(Incoming::Upgrade(upgrade)) => {
                        drop(answer_http);
                        handler(upgrade).await;
                    }
                    Some(Incoming::Http(exchange)) => Box::pin(respond(exchange, answer_http)).await,
                    None => {}
                }
            }
        })
        .await
    }

    /// Hands every stream to the future that `begin` makes, as it was accepted: before TLS and whatever else
    /// [`Setup::pass_front`] does.
    pub(crate) async fn serve_streams<B, F>(self, begin: B) -> io::Result<()>
    where
        B: Fn(Accepted<N::Io>, Admission, Held) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        let shared = Arc::clone(&self.handle.0);
        let mut tasks = TaskSet::<N>::new();
        while let Some(accepted) = shared.until_shutdown(N::accept(&self.listener, self.delay)).await {
            let accepted = match accepted {
                Ok(accepted) => accepted,
                Err(error) if concerns_one_connection(&error) => continue,
                Err(error) => {
                    trace::cannot_accept(&error);
                    shared.until_shutdown(sleep::<N>(ACCEPT_PAUSE)).await;
                    continue;
                }
            };
            let guard = Guard::new(&shared, self.max_connections);
            let admission = if guard.admitted { Admission::Admit } else { Admission::OverCapacity };
            // On the heap, too: tasks come in sizes with wide gaps between them.
            tasks.spawn(|ticket| begin(accepted, admission, Box::new((guard, ticket))));
        }
        drop(self.listener);
        let _ = timeout::<N, _>(Some(self.shutdown_grace), shared.until_idle()).await;
        // Dropped, which cuts off those that are left.
        drop(tasks);
        Ok(())
    }

    /// What the server does with new connections.
    pub(crate) fn take_setup(&mut self) -> Setup {
        let mut setup = std::mem::take(&mut self.setup);
        if setup.answer_http.is_some() {
            Arc::make_mut(&mut setup.options).plain_http = PlainHttp::HandOver;
        }
        setup
    }
}

impl ServerHandle {
    /// Stops listening, and asks the connections to end: they send Close frames with
    /// [`CloseCode::GOING_AWAY`](wirebahn_core::websocket::CloseCode::GOING_AWAY).
    pub fn shut_down(&self) {
        self.0.shutdown.request();
    }

    /// The signal that [`shut_down`](Self::shut_down) gives.
    #[must_use]
    pub fn shutdown_signal(&self) -> &Shutdown {
        &self.0.shutdown
    }

    /// How many connections there are, those whose handshake is not complete included.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.0.connections.load(Ordering::Relaxed)
    }
}

/// Keeps a connection counted for as long as its task lives.
pub(crate) type Held = Box<dyn Send>;

/// What a server does with new connections.
#[derive(Clone, Default)]
pub(crate) struct Setup {
    pub(crate) options: Arc<ServerOptions>,
    pub(crate) answer_http: Option<Arc<AnswerHttp>>,
    front: Option<Arc<Front>>,
}

pub(crate) type AnswerHttp = dyn Fn(&HttpRequest) -> HttpResponse + Send + Sync;

/// What comes before the request.
#[derive(Clone, Debug, Default)]
struct Front {
    proxy_header: Option<ProxyHeaderOptions>,
    #[cfg(feature = "tls")]
    tls: Option<wirebahn_tls::ServerTls>,
}

/// A stream behind whatever comes before the protocol proper.
pub(crate) struct Passed<I> {
    pub(crate) io: I,
    pub(crate) peer: Option<SocketAddr>,
    /// Was read already.
    pub(crate) received: BytesMut,
}

impl Setup {
    /// The request of a client; `None` if there is none. The client was told as far as possible.
    async fn receive<N: Listen>(
        self,
        accepted: Accepted<N::Io>,
        admission: Admission,
    ) -> Option<Incoming<N::Io, N>> {
        let passed = self.pass_front::<N>(accepted).await?;
        passed.receive(self.options, admission).await
    }

    /// Takes the header of a proxy, and speaks TLS, if that is wanted.
    pub(crate) async fn pass_front<N: Listen>(&self, accepted: Accepted<N::Io>) -> Option<Passed<N::Io>> {
        let Accepted { mut io, mut peer } = accepted;
        let mut received = BytesMut::new();
        let Some(front) = &self.front else { return Some(Passed { io, peer, received }) };
        if let Some(expected) = &front.proxy_header {
            let expectation = expected.expectation(peer.map(|peer| peer.ip()));
            let expectation = expectation.inspect_err(|error| trace::refused(peer, error)).ok()?;
            if expectation != ProxyHeaderExpectation::None {
                let gate = ProxyHeaderGate::open(expectation, expected, N::now());
                let header;
                let passed = converse::<_, _, N>(gate, io).await;
                (header, io, received) = passed.inspect_err(|error| trace::refused(peer, error)).ok()?;
                peer = header.and_then(|header| header.source()).or(peer);
            }
        }
        #[cfg(feature = "tls")]
        if let Some(tls) = &front.tls {
            let secured = N::secure_accepted(io, std::mem::take(&mut received), tls);
            let secured = timeout::<N, _>(self.options.open_timeout, secured).await;
            let too_late = |_| Err(TlsError::new("a client", TlsFailure::TimedOut));
            let secured = secured.unwrap_or_else(too_late);
            io = secured.inspect_err(|error| trace::refused(peer, error)).ok()?;
        }
        Some(Passed { io, peer, received })
    }
}

impl<I: Io> Passed<I> {
    /// The request of a client; `None` if there is none. The client was told as far as possible.
    pub(crate) async fn receive<R: Runtime>(
        self,
        options: Arc<ServerOptions>,
        admission: Admission,
    ) -> Option<Incoming<I, R>> {
        let (peer, entropy) = (self.peer.map(|peer| peer.to_string()), Box::new(OsEntropy::default()));
        let incoming =
            Incoming::receive_after(self.io, self.received, options, peer, entropy, admission).await;
        incoming.inspect_err(|failure| trace::refused(self.peer, failure)).ok()
    }
}

impl Shared {
    /// What `future` returns; `None` once a shutdown is requested.
    async fn until_shutdown<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        let mut shutdown = self.shutdown.watch();
        poll_fn(|cx| {
            if shutdown.take_request() || shutdown.wait(cx.waker()) {
                return Poll::Ready(None);
            }
            future.as_mut().poll(cx).map(Some)
        })
        .await
    }

    async fn until_idle(&self) {
        poll_fn(|cx| {
            let is_idle = || self.connections.load(Ordering::Acquire) == 0;
            if is_idle() {
                return Poll::Ready(());
            }
            *self.idle_waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
            // The last one may have ended before it could see the waker.
            if is_idle() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// Counts a connection for as long as it lives.
struct Guard {
    shared: Arc<Shared>,
    /// Whether it is one of those that [`Server::max_connections`] allows.
    admitted: bool,
}

impl Guard {
    fn new(shared: &Arc<Shared>, max: usize) -> Self {
        shared.connections.fetch_add(1, Ordering::AcqRel);
        let admitted = shared.admitted.load(Ordering::Acquire) < max;
        shared.admitted.fetch_add(usize::from(admitted), Ordering::AcqRel);
        Self { shared: Arc::clone(shared), admitted }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.shared.admitted.fetch_sub(usize::from(self.admitted), Ordering::AcqRel);
        if self.shared.connections.fetch_sub(1, Ordering::AcqRel) == 1 && self.shared.shutdown.is_requested()
        {
            let waker = self.shared.idle_waker.lock().unwrap_or_else(PoisonError::into_inner).take();
            waker.into_iter().for_each(Waker::wake);
        }
    }
}

/// Answers a plain HTTP request.
pub(crate) async fn respond<N: Listen>(exchange: HttpExchange<N::Io, N>, answer: Option<Arc<AnswerHttp>>) {
    let response = match answer {
        Some(answer) => answer(exchange.request()),
        None => HttpResponse::new(StatusCode::NOT_FOUND),
    };
    if let Err((_, exchange)) = exchange.respond(response).await {
        // The application's response is not allowed: a bug of its own, which must not leave the client without one.
        let _ = exchange.respond(HttpResponse::new(StatusCode::INTERNAL_SERVER_ERROR)).await;
    }
}

impl<N: Listen> fmt::Debug for Server<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("listener", &self.listener)
            .field("options", &self.setup.options)
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}
