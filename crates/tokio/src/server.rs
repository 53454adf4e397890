//! Taking connections.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use wirebahn_core::http::StatusCode;
use wirebahn_core::websocket::Messages;
use wirebahn_core::websocket::opening::{
    Acceptance, HttpRequest, HttpResponse, OpeningFailure, PlainHttp, ServerOptions,
};
use wirebahn_drive::websocket::Admission;
use wirebahn_drive::{OsEntropy, Shutdown};

use crate::{Delay, Incoming, Stream, TokioIo, Upgrade, WebSocket};

/// How long to wait after the system refused to accept a connection, typically for lack of file descriptors: trying
/// again at once would only burn processor time.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long connections may take to end after a shutdown was requested, unless [`Server::shutdown_grace`] says
/// otherwise: longer than the closing handshake may take by default.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);

/// Accepts a WebSocket over a stream, whatever its path and subprotocols.
///
/// # Errors
///
/// The client made no valid request; it was told so.
pub async fn accept<S>(stream: S) -> Result<WebSocket<S>, OpeningFailure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match receive(stream, Arc::default(), None).await? {
        Incoming::Upgrade(upgrade) => match upgrade.accept(Acceptance::default()).await {
            Ok(socket) => Ok(socket),
            Err(_) => Err(OpeningFailure::TransportLost),
        },
        // The default options refuse plain HTTP.
        _ => Err(OpeningFailure::TransportLost),
    }
}

/// Waits for the request of a client over a stream, to be accepted or refused. `peer` is the address of the stream's
/// other end, if it has one.
///
/// # Errors
///
/// The client made no valid request; it was told so.
pub async fn receive<S>(
    stream: S,
    options: Arc<ServerOptions>,
    peer: Option<String>,
) -> Result<Incoming<S>, OpeningFailure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let entropy = Box::new(OsEntropy::default());
    Incoming::receive(TokioIo::new(stream), options, peer, entropy, Admission::Admit).await
}

/// A listening server: one task per connection, on the runtime that [`serve`](Self::serve) runs on.
///
/// ```no_run
/// use wirebahn_tokio::{Server, WebSocket};
///
/// # async fn run() -> std::io::Result<()> {
/// let server = Server::bind("127.0.0.1:9001").await?.max_connections(10_000);
/// let handle = server.handle();
/// tokio::spawn(async move {
///     let _ = tokio::signal::ctrl_c().await;
///     handle.shut_down();
/// });
/// server.serve(|mut socket: WebSocket| async move { while socket.recv().await.is_some() {} }).await
/// # }
/// ```
pub struct Server {
    listener: TcpListener,
    options: Arc<ServerOptions>,
    max_connections: usize,
    shutdown_grace: Duration,
    delay: Delay,
    answer_http: Option<Arc<AnswerHttp>>,
    handle: ServerHandle,
}

type AnswerHttp = dyn Fn(&HttpRequest) -> HttpResponse + Send + Sync;

/// Ends a [`Server`] from elsewhere. Clones are of the same server.
#[derive(Clone, Debug, Default)]
pub struct ServerHandle(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    shutdown: Shutdown,
    /// Told when the shutdown is requested, and when the last connection has ended.
    changed: Notify,
    connections: AtomicUsize,
    /// Those of them that are not about to be refused with 503.
    admitted: AtomicUsize,
}

impl Server {
    /// Listens on an address. Port 0 lets the system choose; [`local_addr`](Self::local_addr) tells which.
    ///
    /// # Errors
    ///
    /// The address is invalid, in use, or not allowed.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        Ok(Self::new(TcpListener::bind(address).await?))
    }

    /// Takes connections from a listener.
    #[must_use]
    pub fn new(listener: TcpListener) -> Self {
        Self {
            listener,
            options: Arc::default(),
            max_connections: usize::MAX,
            shutdown_grace: SHUTDOWN_GRACE,
            delay: Delay::default(),
            answer_http: None,
            handle: ServerHandle::default(),
        }
    }

    /// Sets the options of handshakes and connections.
    #[must_use]
    pub fn options(mut self, options: impl Into<Arc<ServerOptions>>) -> Self {
        self.options = options.into();
        self
    }

    /// Answers plain HTTP requests, which are refused with 426 otherwise.
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

    /// The address that the server listens on.
    ///
    /// # Errors
    ///
    /// The system does not know.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
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
        H: Fn(WebSocket) -> F + Send + Sync + 'static,
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
    /// [`Connection::end_on`](wirebahn_drive::websocket::Connection::end_on).
    ///
    /// # Errors
    ///
    /// The listener is broken.
    pub async fn serve_upgrades<H, F>(mut self, handler: H) -> io::Result<()>
    where
        H: Fn(Upgrade) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        if self.answer_http.is_some() {
            Arc::make_mut(&mut self.options).plain_http = PlainHttp::HandOver;
        }
        let handler = Arc::new(handler);
        let shared = Arc::clone(&self.handle.0);
        let mut tasks = JoinSet::new();
        while let Some(accepted) = shared.until_shutdown(accept_next(&self.listener, &mut tasks)).await {
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) if concerns_one_connection(&error) => continue,
                Err(_) => {
                    shared.until_shutdown(tokio::time::sleep(ACCEPT_PAUSE)).await;
                    continue;
                }
            };
            let guard = Guard::new(&shared, self.max_connections);
            let admission = if guard.admitted { Admission::Admit } else { Admission::OverCapacity };
            let io = TokioIo::new(Stream::tcp(stream, self.delay));
            let (options, entropy) = (Arc::clone(&self.options), Box::new(OsEntropy::default()));
            // On the heap: only the handler's future should determine how large a connection's task is.
            let opening =
                Box::pin(Incoming::receive(io, options, Some(peer.to_string()), entropy, admission));
            let (handler, answer_http) = (Arc::clone(&handler), self.answer_http.clone());
            tasks.spawn(async move {
                let _guard = guard;
                match opening.await {
                    Ok(Incoming::Upgrade(upgrade)) => {
                        drop(answer_http);
                        handler(upgrade).await;
                    }
                    Ok(Incoming::Http(exchange)) => Box::pin(respond(exchange, answer_http)).await,
                    // The client was told as far as possible.
                    _ => {}
                }
            });
        }
        drop(self.listener);
        let _ = tokio::time::timeout(self.shutdown_grace, shared.until_idle()).await;
        // Dropped, which cuts off those that are left.
        drop(tasks);
        Ok(())
    }
}

impl ServerHandle {
    /// Stops listening, and asks the connections to end: they send Close frames with
    /// [`CloseCode::GOING_AWAY`](crate::CloseCode::GOING_AWAY).
    pub fn shut_down(&self) {
        self.0.shutdown.request();
        self.0.changed.notify_waiters();
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

impl Shared {
    /// What `future` returns; `None` once a shutdown is requested.
    async fn until_shutdown<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = std::pin::pin!(future);
        let mut changed = std::pin::pin!(self.changed.notified());
        changed.as_mut().enable();
        std::future::poll_fn(|cx| {
            if self.shutdown.is_requested() {
                return Poll::Ready(None);
            }
            // Told only when something changed, so there is no need to look at what.
            let _ = changed.as_mut().poll(cx);
            future.as_mut().poll(cx).map(Some)
        })
        .await
    }

    async fn until_idle(&self) {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if self.connections.load(Ordering::Acquire) == 0 {
                return;
            }
            changed.await;
        }
    }
}

/// The next connection. Meanwhile lets go of tasks that have ended.
async fn accept_next(listener: &TcpListener, tasks: &mut JoinSet<()>) -> io::Result<(TcpStream, SocketAddr)> {
    std::future::poll_fn(|cx| {
        while let Poll::Ready(Some(_)) = tasks.poll_join_next(cx) {}
        listener.poll_accept(cx)
    })
    .await
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
            self.shared.changed.notify_waiters();
        }
    }
}

async fn respond(exchange: crate::HttpExchange, answer: Option<Arc<AnswerHttp>>) {
    let response = match answer {
        Some(answer) => answer(exchange.request()),
        None => HttpResponse::new(StatusCode::NOT_FOUND),
    };
    if let Err((_, exchange)) = exchange.respond(response).await {
        // The application's response is not allowed: a bug of its own, which must not leave the client without one.
        let _ = exchange.respond(HttpResponse::new(StatusCode::INTERNAL_SERVER_ERROR)).await;
    }
}

/// Whether an error of `accept` is about the connection that was to be accepted, not about the listener.
fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset
    )
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("listener", &self.listener)
            .field("options", &self.options)
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}
