//! What the suite sees of an adapter.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use wirebahn_core::http::StatusCode;
use wirebahn_core::proxy::{Proxy, ProxyHeaderOptions};
use wirebahn_core::websocket::opening::{ClientOptions, ServerOptions};
use wirebahn_core::websocket::{CloseCode, Closed, Message, SendError};
use wirebahn_drive::websocket::ConnectError;
use wirebahn_tls::{ClientTls, ServerTls};

/// No test waits longer for anything: it would be stuck.
pub(crate) const STUCK: Duration = Duration::from_secs(60);

pub(crate) trait Adapter: 'static {
    /// Starts a server on a port of its choice.
    fn serve(setup: ServerSetup) -> Running;

    /// Opens a connection at the level of whole messages.
    fn connect(setup: ClientSetup) -> Result<Box<dyn Socket>, ConnectError>;
}

pub(crate) struct ServerSetup {
    pub(crate) options: ServerOptions,
    pub(crate) max_connections: usize,
    pub(crate) shutdown_grace: Duration,
    pub(crate) proxy_header: Option<ProxyHeaderOptions>,
    pub(crate) tls: Option<ServerTls>,
    pub(crate) behaviour: Behaviour,
}

impl From<Behaviour> for ServerSetup {
    fn from(behaviour: Behaviour) -> Self {
        let mut options = ServerOptions::default();
        // Most tests end with a client that does not look at its connection any more.
        Arc::make_mut(&mut options.config).close.handshake_timeout = Some(Duration::from_millis(300));
        Self {
            options,
            max_connections: usize::MAX,
            shutdown_grace: Duration::from_secs(10),
            proxy_header: None,
            tls: None,
            behaviour,
        }
    }
}

/// What a server does with its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// Sends every message back, one by one.
    Echo,
    /// Answers everything that one read brought with one write.
    Serve,
    /// Sends every frame back as it is.
    Frames,
    /// Sends payload back as it comes.
    Streaming,
    /// Reads in one task or thread and sends in another.
    Split,
    /// Sends messages of a mebibyte until it cannot any more.
    Flood,
    /// Tells the client whom it takes it for.
    WhoAmI,
    /// Refuses with a header and a body.
    Refuse(StatusCode),
    /// Does not look at the connection any more.
    Ignore,
}

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) shut_down: Box<dyn Fn() + Send>,
    pub(crate) connections: Box<dyn Fn() -> usize + Send>,
    pub(crate) thread: JoinHandle<io::Result<()>>,
}

impl Running {
    pub(crate) fn url(&self) -> String {
        format!("ws://{}/", self.address)
    }

    /// Ends the server and waits for it.
    pub(crate) fn end(self) {
        (self.shut_down)();
        until(|| self.thread.is_finished());
        self.thread.join().unwrap().unwrap();
    }
}

pub(crate) struct ClientSetup {
    pub(crate) url: String,
    pub(crate) options: ClientOptions,
    pub(crate) subprotocols: Vec<&'static str>,
    pub(crate) timeout: Duration,
    pub(crate) max_redirects: usize,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) tls: Option<ClientTls>,
}

impl From<String> for ClientSetup {
    fn from(url: String) -> Self {
        Self {
            url,
            options: ClientOptions::default(),
            subprotocols: Vec::new(),
            timeout: Duration::from_secs(10),
            max_redirects: 0,
            proxy: None,
            tls: None,
        }
    }
}

/// A connection.
pub(crate) trait Socket: Send {
    /// The next message, within [`STUCK`].
    fn recv(&mut self) -> Option<Message> {
        self.recv_timeout(STUCK).expect("this must not hang")
    }

    /// `Err` if none came in time.
    fn recv_timeout(&mut self, limit: Duration) -> Result<Option<Message>, ()>;
    fn send(&mut self, message: Message) -> Result<(), SendError>;
    fn feed(&mut self, message: Message) -> Result<(), SendError>;
    fn flush(&mut self) -> Result<(), SendError>;
    fn send_fragmented(&mut self, message: Message, size: usize) -> Result<(), SendError>;
    /// Sends a ping and waits for the payload of the next pong.
    fn ping(&mut self, payload: &'static str) -> Option<Vec<u8>>;
    fn close(&mut self, code: CloseCode, reason: &str) -> Result<Closed, SendError>;
    fn wait_closed(&mut self) -> Closed;
    fn abort(&mut self);
    fn subprotocol(&self) -> Option<String>;
    /// The name of the extension that was agreed on.
    fn extension(&self) -> Option<String>;
    fn split(self: Box<Self>) -> (Box<dyn Reader>, Box<dyn Writer>);
}

pub(crate) trait Reader: Send {
    fn recv(&mut self) -> Option<Message>;
    fn closed(&self) -> Option<Closed>;
}

pub(crate) trait Writer: Send {
    fn send(&mut self, message: Message) -> Result<(), SendError>;
    fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), SendError>;
}

/// Waits until `reached`.
pub(crate) fn until(mut reached: impl FnMut() -> bool) {
    let start = Instant::now();
    while !reached() {
        assert!(start.elapsed() < STUCK, "this must not hang");
        std::thread::sleep(Duration::from_millis(1));
    }
}
