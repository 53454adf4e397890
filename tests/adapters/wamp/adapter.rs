//! What the suite sees of WAMP on an adapter: nothing but blocking calls, and nothing of its types.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use wirebahn_adapter::wamp::ComponentEvent;
use wirebahn_core::proxy::Proxy;
use wirebahn_core::wamp::session::Left;
use wirebahn_core::wamp::{BackoffOptions, CancelMode, InvocationPolicy, MatchPolicy, Serializer, Value};
use wirebahn_drive::wamp::{ComponentError, Error, JoinError};
use wirebahn_drive::websocket::ConnectError;
use wirebahn_router::RouterConfig;
use wirebahn_tls::{ClientTls, ServerTls};

use crate::adapter::{STUCK, until};

pub(crate) trait Wamp: 'static {
    /// Starts a router that listens for WebSocket and RawSocket alike.
    fn route(setup: RouterSetup) -> Routing;

    /// Joins a realm.
    fn join(setup: JoinSetup) -> Result<Box<dyn Session>, Refused>;

    /// Runs a component on a thread of its own. It registers `com.add`, which adds two integers, and counts the events of
    /// `com.news`.
    fn run_component(setup: ComponentSetup) -> Running;
}

pub(crate) struct RouterSetup {
    pub(crate) config: RouterConfig,
    pub(crate) address: SocketAddr,
    /// A Unix socket to listen on instead.
    pub(crate) unix: Option<PathBuf>,
    pub(crate) tls: Option<ServerTls>,
    pub(crate) max_connections: usize,
    /// How long a client may take until its connection has opened.
    pub(crate) open_timeout: Duration,
}

pub(crate) struct Routing {
    /// Of no use with a Unix socket.
    pub(crate) address: SocketAddr,
    pub(crate) shut_down: Box<dyn Fn() + Send>,
    /// The connections of the listener.
    pub(crate) connections: Box<dyn Fn() -> usize + Send>,
    pub(crate) thread: JoinHandle<io::Result<()>>,
}

impl Routing {
    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.address)
    }

    /// Ends the router and waits for it.
    pub(crate) fn end(self) {
        (self.shut_down)();
        until(|| self.thread.is_finished());
        self.thread.join().unwrap().unwrap();
    }
}

pub(crate) struct JoinSetup {
    pub(crate) url: String,
    pub(crate) realm: &'static str,
    /// Empty for those that are offered by themselves.
    pub(crate) serializers: Vec<Serializer>,
    pub(crate) connect_timeout: Duration,
    pub(crate) join_timeout: Duration,
    pub(crate) leave_timeout: Duration,
    /// What to answer challenges of the method `ticket` with.
    pub(crate) ticket: Option<&'static str>,
    pub(crate) tls: Option<ClientTls>,
    pub(crate) proxy: Option<Proxy>,
}

impl From<String> for JoinSetup {
    fn from(url: String) -> Self {
        Self {
            url,
            realm: "realm1",
            serializers: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            join_timeout: Duration::from_secs(10),
            leave_timeout: Duration::from_secs(10),
            ticket: None,
            tls: None,
            proxy: None,
        }
    }
}

pub(crate) struct ComponentSetup {
    pub(crate) ways: Vec<JoinSetup>,
    pub(crate) backoff: BackoffOptions,
    pub(crate) on_join: OnJoin,
}

/// What a component does in each of its sessions.
#[derive(Clone, Copy, Debug)]
pub(crate) enum OnJoin {
    Stay,
    Leave,
    /// Calls this, and fails if that does.
    Call(&'static str),
}

pub(crate) struct Running {
    pub(crate) seen: Arc<Seen>,
    pub(crate) shut_down: Box<dyn Fn()>,
    pub(crate) thread: JoinHandle<Result<(), ComponentError>>,
}

impl Running {
    /// Waits for the end of the component.
    pub(crate) fn ended(self) -> Result<(), ComponentError> {
        until(|| self.thread.is_finished());
        self.thread.join().unwrap()
    }
}

/// How often a component has gone through what.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) ready: AtomicUsize,
    pub(crate) join_failed: AtomicUsize,
    pub(crate) setup_failed: AtomicUsize,
    pub(crate) waiting: AtomicUsize,
    /// Events of the topic.
    pub(crate) events: AtomicUsize,
}

impl Seen {
    /// Counts what a component says of itself.
    pub(crate) fn note<S>(&self, event: &ComponentEvent<'_, S>) {
        let counter = match event {
            ComponentEvent::Ready(_) => &self.ready,
            ComponentEvent::JoinFailed(_) => &self.join_failed,
            ComponentEvent::SetupFailed(_) => &self.setup_failed,
            ComponentEvent::Waiting(_) => &self.waiting,
            _ => return,
        };
        counter.fetch_add(1, Ordering::SeqCst);
    }
}

/// Why there is no session.
#[derive(Debug)]
pub(crate) enum Refused {
    /// That is no URL of a router.
    Url,
    /// Nobody is there.
    Unreachable(io::ErrorKind),
    TimedOut,
    Tls,
    Proxy,
    /// Somebody is there, but no connection opened.
    NotOpened,
    Left(Left),
}

/// Why something that was asked did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The answer was an error.
    Request {
        uri: String,
        args: Vec<Value>,
    },
    TimedOut,
    /// The session has ended.
    Ended(Left),
    #[expect(dead_code, reason = "shown where it is not expected")]
    Other(String),
}

impl Failure {
    /// The URI of the error.
    pub(crate) fn uri(&self) -> &str {
        match self {
            Self::Request { uri, .. } => uri,
            other => panic!("this is no error of a router or a callee: {other:?}"),
        }
    }
}

/// A session. Every call ends within [`STUCK`].
pub(crate) trait Session: Send + Sync {
    /// Another handle of the same session.
    fn another(&self) -> Box<dyn Session>;
    fn id(&self) -> u64;
    fn serializer(&self) -> Serializer;
    /// All arguments of the result.
    fn call(&self, call: Call) -> Result<Vec<Value>, Failure>;
    /// The same with the pieces that came before.
    fn call_in_pieces(&self, call: Call) -> (Vec<Vec<Value>>, Result<Vec<Value>, Failure>);
    /// Begins a call, and gives it up without waiting for the result as soon as `has_come_so_far`.
    fn give_up(&self, call: Call, has_come_so_far: &dyn Fn() -> bool);
    fn register(&self, registering: Registering) -> Result<Box<dyn Registration>, Failure>;
    fn subscribe(&self, subscribing: Subscribing) -> Result<Box<dyn Subscription>, Failure>;
    fn publish(&self, publishing: Publishing) -> Result<(), Failure>;
    fn leave(&self) -> Left;
    /// How the session has ended; waits for it.
    fn ended(&self) -> Left;
}

pub(crate) struct Call {
    pub(crate) procedure: &'static str,
    pub(crate) args: Vec<Value>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) cancel_mode: CancelMode,
    pub(crate) disclose_me: bool,
}

pub(crate) struct Registering {
    pub(crate) procedure: &'static str,
    pub(crate) does: Procedure,
    pub(crate) matching: MatchPolicy,
    pub(crate) invoke: InvocationPolicy,
}

/// What a procedure does.
#[derive(Clone, Debug)]
pub(crate) enum Procedure {
    /// Gives its arguments back.
    Echo,
    /// Gives the sum of two integers.
    Add,
    /// Gives this.
    Constant(i64),
    /// Fails with `com.error.no` and its first argument.
    Refuse,
    Panic,
    /// Sends as many pieces as its argument says, the numbers from 0 on, and then `done`; fails with `com.error.whole` if
    /// nobody wants pieces.
    Count,
    /// Says which procedure was called, and by whom, as far as it knows.
    Tell,
    /// Waits until nobody wants its result any more.
    Wait(Arc<Waiting>),
}

/// How many invocations wait, and how many were interrupted.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    begun: AtomicUsize,
    interrupted: AtomicUsize,
}

impl Waiting {
    pub(crate) fn begin(&self) {
        self.begun.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn interrupt(&self) {
        self.interrupted.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }

    pub(crate) fn interrupted(&self) -> usize {
        self.interrupted.load(Ordering::SeqCst)
    }
}

/// A registration; dropping it gives it back.
pub(crate) trait Registration: Send {
    /// Gives it back and waits for the router.
    fn unregister(self: Box<Self>) -> Result<(), Failure>;
}

pub(crate) struct Subscribing {
    pub(crate) topic: &'static str,
    pub(crate) matching: MatchPolicy,
    pub(crate) get_retained: bool,
}

/// A subscription; dropping it gives it back.
pub(crate) trait Subscription: Send {
    /// The next event; `Err` if none came in time, `None` if none can come any more.
    fn next_within(&mut self, limit: Duration) -> Result<Option<Event>, ()>;
    /// Gives it back and waits for the router.
    fn unsubscribe(self: Box<Self>) -> Result<(), Failure>;

    /// The arguments of the next event, which must come.
    fn next_args(&mut self) -> Vec<Value> {
        let event = self.next_within(STUCK).expect("this must not hang");
        event.expect("the session is there").args
    }
}

pub(crate) struct Event {
    pub(crate) args: Vec<Value>,
    /// If the router says it.
    pub(crate) topic: Option<String>,
}

pub(crate) struct Publishing {
    pub(crate) topic: &'static str,
    pub(crate) args: Vec<Value>,
    pub(crate) acknowledge: bool,
    pub(crate) exclude_me: bool,
    pub(crate) retain: bool,
    /// The only sessions that get it.
    pub(crate) eligible: Option<Vec<u64>>,
}

impl From<JoinError> for Refused {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::Url(_) => Self::Url,
            JoinError::Io(error) => Self::Unreachable(error.kind()),
            JoinError::TimedOut => Self::TimedOut,
            JoinError::Connect(error) => match *error {
                ConnectError::Tls(_) => Self::Tls,
                ConnectError::Proxy(_) => Self::Proxy,
                error => panic!("{error:?}"),
            },
            JoinError::Open(_) => Self::NotOpened,
            JoinError::Left(left) => Self::Left((*left).clone()),
            error => panic!("{error:?}"),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Request(error) => {
                let args = error.args().unwrap();
                Self::Request { uri: error.uri.to_string(), args }
            }
            Error::TimedOut => Self::TimedOut,
            Error::Ended(left) => Self::Ended((*left).clone()),
            other => Self::Other(other.to_string()),
        }
    }
}
