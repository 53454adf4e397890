//! A running router.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::Notify;
use tokio::task::JoinSet;
use wirebahn_core::rawsocket;
use wirebahn_core::wamp::session::SessionConfig;
use wirebahn_drive::wamp::router::RouterHandle;
use wirebahn_drive::wamp::{JoinError, Session, finish_join};
use wirebahn_drive::websocket::Admission;
use wirebahn_drive::{Network as _, concerns_one_connection};
use wirebahn_tokio::opening::ServerOptions;
use wirebahn_tokio::{ACCEPT_PAUSE, TokioRuntime};

use crate::config::{Config, Endpoint, ListenerConfig};
use crate::listener::{BoundEndpoint, Socket};
use crate::metrics::{Metrics, Refusal, Traffic};
use crate::reload::{self, Reloaded};
use crate::router;
use crate::{connection, wire::Wire};

/// Connections beyond the maximum of a listener that are told so, and may ask for health and metrics. Further ones are
/// dropped at once, so that a flood of them does not use up the files that the process may open.
const SPARE_PLACES: u64 = 1000;

/// A router that runs: listeners, sessions, and what is served over HTTP.
///
/// It runs in tasks of the runtime that it was started on, until it is [shut down](Self::shut_down) or dropped; the
/// latter cuts everything off.
///
/// ```no_run
/// use wirebahn_node::{Config, Node};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let node = Node::start(Config::default()).await?;
/// for listener in node.listeners() {
///     println!("{} listens on {}", listener.name, listener.endpoint);
/// }
/// tokio::signal::ctrl_c().await?;
/// node.shut_down().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Node {
    shared: Arc<Shared>,
    listeners: Vec<Bound>,
    accepting: JoinSet<()>,
}

/// A listener that listens.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Bound {
    /// Its name.
    pub name: String,
    /// Where it listens: with the port that the system chose, if it was to choose one.
    pub endpoint: BoundEndpoint,
}

/// What the tasks of a node share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) metrics: Metrics,
    pub(crate) router: RouterHandle,
    live: RwLock<Arc<Live>>,
    is_draining: AtomicBool,
    /// Connections that have, or may get, a session.
    busy: AtomicUsize,
    /// Told when the last of them has ended.
    idle: Notify,
}

/// What new connections go by.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) config: Config,
    /// The same for opening handshakes of WebSocket connections.
    pub(crate) websocket: Arc<ServerOptions>,
    /// The same for those of `RawSocket` connections.
    pub(crate) rawsocket: Arc<rawsocket::opening::ServerOptions>,
    /// The subprotocols that are spoken.
    pub(crate) subprotocols: Vec<&'static str>,
}

/// A listener, as its connections see it.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) name: Arc<str>,
    /// Its place in [`Config::listeners`].
    index: usize,
    connections: AtomicUsize,
    pub(crate) traffic: Arc<Traffic>,
}

impl Node {
    /// Listens, and serves whoever comes.
    ///
    /// # Errors
    ///
    /// One of the listeners cannot listen.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let mut sockets = Vec::new();
        for listener in &config.listeners {
            let (socket, endpoint) =
                Socket::bind(&listener.endpoint).await.map_err(|error| StartError::new(listener, error))?;
            sockets.push((socket, Bound { name: listener.name.clone(), endpoint }));
        }
        let router = router::start(&config);
        let shared = Arc::new(Shared {
            metrics: Metrics::new(Some(router::collector(&router))),
            router,
            live: RwLock::new(Arc::new(Live::new(config))),
            is_draining: AtomicBool::new(false),
            busy: AtomicUsize::new(0),
            idle: Notify::new(),
        });
        let mut node = Self { shared, listeners: Vec::new(), accepting: JoinSet::new() };
        for (index, (socket, bound)) in sockets.into_iter().enumerate() {
            let name: Arc<str> = bound.name.as_str().into();
            tracing::info!(listener = bound.name, "listening on {}", bound.endpoint);
            let traffic = Arc::new(node.shared.metrics.traffic(&name));
            let listener = Listener { name, index, connections: AtomicUsize::new(0), traffic };
            node.accepting.spawn(accept_all(Arc::clone(&node.shared), Arc::new(listener), socket));
            node.listeners.push(bound);
        }
        Ok(node)
    }

    /// The listeners, in the order of the configuration.
    #[must_use]
    pub fn listeners(&self) -> &[Bound] {
        &self.listeners
    }

    /// Joins a realm without a socket: for procedures and subscriptions of the program that the node is a part of.
    ///
    /// ```
    /// use wirebahn_node::{Config, Node};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let config = Config::parse("[[listeners]]\naddress = \"tcp://127.0.0.1:0\"")?;
    /// let node = Node::start(config).await?;
    /// let session = node.local_session("realm1").await?;
    /// let add = |(a, b): (i64, i64)| async move { Ok(a + b) };
    /// let _add = session.register("com.example.add", add).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The router does not let it in: there is no such realm, or the node shuts down.
    pub async fn local_session(&self, realm: &str) -> Result<Session, JoinError> {
        self.local_session_with(SessionConfig::new(realm)).await
    }

    /// Joins a realm without a socket, with options.
    ///
    /// # Errors
    ///
    /// The router does not let it in.
    pub async fn local_session_with(&self, config: SessionConfig) -> Result<Session, JoinError> {
        let spawner = TokioRuntime::spawner();
        let (session, driver) = self.shared.router.join::<TokioRuntime>(config, spawner);
        tokio::spawn(driver);
        finish_join(session, None).await
    }

    /// The configuration that new connections go by.
    #[must_use]
    pub fn config(&self) -> Config {
        self.shared.live().config.clone()
    }

    /// Takes of a new configuration what can be had without a restart: realms that were added, and whatever concerns
    /// new connections. The level of the log is up to the [`Logging`](crate::Logging) of the process.
    pub fn reload(&self, config: Config) -> Reloaded {
        let mut live = self.shared.live.write().unwrap_or_else(PoisonError::into_inner);
        let (merged, report) = reload::merge(&live.config, config);
        router::add_realms(&self.shared.router, &merged);
        *live = Arc::new(Live::new(merged));
        report
    }

    /// Says GOODBYE to all sessions, and waits until they have left, no longer than the grace of the configuration;
    /// those that are left then are cut off. Meanwhile new connections are refused, and health is 503.
    pub async fn shut_down(self) {
        let grace = self.shared.live().config.shutdown_grace;
        self.shared.is_draining.store(true, Ordering::Release);
        self.shared.router.with(wirebahn_router::Router::shut_down);
        match tokio::time::timeout(grace, self.shared.until_idle()).await {
            Ok(()) => tracing::info!("all sessions have left"),
            Err(_) => {
                let left = self.shared.busy.load(Ordering::Acquire);
                tracing::warn!("{left} connections are cut off, since the grace of {grace:?} is over");
            }
        }
    }
}

impl Shared {
    pub(crate) fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Acquire)
    }

    /// A connection that a shutdown waits for, for as long as what this gives lives.
    pub(crate) fn busy(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::AcqRel);
        Busy(Arc::clone(self))
    }

    async fn until_idle(&self) {
        loop {
            let mut idle = std::pin::pin!(self.idle.notified());
            idle.as_mut().enable();
            if self.busy.load(Ordering::Acquire) == 0 {
                return;
            }
            idle.await;
        }
    }
}

impl Live {
    fn new(config: Config) -> Self {
        Self {
            websocket: Arc::new(config.websocket.server_options()),
            rawsocket: Arc::new(config.rawsocket.server_options()),
            subprotocols: config.websocket.subprotocols(),
            config,
        }
    }

    pub(crate) fn listener(&self, listener: &Listener) -> &ListenerConfig {
        self.config.listeners.get(listener.index).expect("reloading keeps the listeners that listen")
    }
}

/// See [`Shared::busy`].
#[derive(Debug)]
pub(crate) struct Busy(Arc<Shared>);

impl Drop for Busy {
    fn drop(&mut self) {
        if self.0.busy.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}

/// One task per connection, until this is dropped.
async fn accept_all(shared: Arc<Shared>, listener: Arc<Listener>, socket: Socket) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let (stream, peer) = match socket.accept().await {
            Ok(accepted) => accepted,
            Err(error) if concerns_one_connection(&error) => continue,
            Err(error) => {
                tracing::warn!(listener = &*listener.name, "cannot accept connections: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Some(place) = Place::take(&listener, shared.live().listener(&listener).max_connections) else {
            shared.metrics.refused(&listener.name, Refusal::Capacity);
            continue;
        };
        let wire = Wire::new(stream, Arc::clone(&listener.traffic));
        let (shared, listener) = (Arc::clone(&shared), Arc::clone(&listener));
        connections.spawn(connection::serve(shared, listener, wire, peer, place));
    }
}

/// A connection, counted for as long as this lives.
#[derive(Debug)]
pub(crate) struct Place {
    listener: Arc<Listener>,
    admission: Admission,
}

impl Place {
    /// `None` if there are too many connections even to tell this one so. Called by one task per listener.
    fn take(listener: &Arc<Listener>, max: u64) -> Option<Self> {
        let count = listener.connections.load(Ordering::Acquire) as u64;
        if count >= max.saturating_add(SPARE_PLACES) {
            return None;
        }
        listener.connections.fetch_add(1, Ordering::AcqRel);
        let admission = if count < max { Admission::Admit } else { Admission::OverCapacity };
        Some(Self { listener: Arc::clone(listener), admission })
    }

    pub(crate) const fn admission(&self) -> Admission {
        self.admission
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.listener.connections.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A node cannot be started: a listener cannot listen.
#[derive(Debug)]
#[non_exhaustive]
pub struct StartError {
    /// The name of the listener.
    pub listener: String,
    /// Where it was to listen.
    pub endpoint: Endpoint,
    /// Why it cannot.
    pub error: io::Error,
}

impl StartError {
    fn new(listener: &ListenerConfig, error: io::Error) -> Self {
        Self { listener: listener.name.clone(), endpoint: listener.endpoint.clone(), error }
    }

    /// What to do about an error of whatever listens, for the end of the line that tells of it; empty if there is
    /// nothing to say.
    #[must_use]
    pub fn hint(error: &io::Error) -> &'static str {
        match error.kind() {
            io::ErrorKind::AddrInUse => "; end what listens there, or choose another address",
            io::ErrorKind::PermissionDenied => {
                "; choose a port from 1024 on, or a path that you may write to"
            }
            _ => "",
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot listen on {}: {}{}", self.endpoint, self.error, Self::hint(&self.error))
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}
