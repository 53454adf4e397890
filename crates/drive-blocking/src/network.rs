//! What an adapter adds to clients and servers: names, connections, listeners. The rest of both is here.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use wirebahn_adapter::Delay;
#[cfg(feature = "tls")]
use wirebahn_core::{Instant, http::Host};
#[cfg(feature = "tls")]
use wirebahn_tls::{ClientTls, ServerTls, TlsError, TlsFailure};

use crate::{Duplex, TryClone};

/// How servers are reached.
pub trait Network: Sized + 'static {
    /// A stream to the other end, whatever lies under it.
    type Stream: Duplex + TryClone + fmt::Debug + Send + 'static;

    /// The addresses of a host, in the order in which the system would try them. May take its time: a client with a
    /// deadline asks on a thread of its own.
    ///
    /// # Errors
    ///
    /// The host is not known, or nobody says so.
    fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;

    /// A TCP connection, which may take `limit` to come about.
    ///
    /// # Errors
    ///
    /// There is none; [`TimedOut`](io::ErrorKind::TimedOut) if there was none in time.
    fn connect(address: SocketAddr, delay: Delay, limit: Option<Duration>) -> io::Result<Self::Stream>;

    /// A connection to a Unix socket.
    ///
    /// # Errors
    ///
    /// There is none.
    fn connect_unix(path: &Path) -> io::Result<Self::Stream>;

    /// Speaks TLS over a stream, as the client, until `deadline` at most.
    ///
    /// # Errors
    ///
    /// The server does not, is not the one that was asked for, or takes too long.
    #[cfg(feature = "tls")]
    fn secure(
        stream: Self::Stream,
        tls: &ClientTls,
        host: &Host,
        deadline: Option<Instant>,
    ) -> Result<Self::Stream, TlsError> {
        let _ = (stream, tls, deadline);
        Err(TlsError::new(host.to_string(), TlsFailure::Unsupported))
    }
}

/// How clients are taken.
pub trait Listen: Network {
    /// What connections come from.
    type Listener: fmt::Debug + Send + 'static;

    /// Listens on a TCP port.
    ///
    /// # Errors
    ///
    /// The address is in use, or not allowed.
    fn bind(address: SocketAddr) -> io::Result<Self::Listener>;

    /// Listens on a Unix socket at a path where there is nothing yet.
    ///
    /// # Errors
    ///
    /// There is something, or the path is not allowed.
    fn bind_unix(path: &Path) -> io::Result<Self::Listener>;

    /// The address of a TCP listener.
    ///
    /// # Errors
    ///
    /// The system does not know it, or the listener has none.
    fn local_addr(listener: &Self::Listener) -> io::Result<SocketAddr>;

    /// The next connection, however long it takes.
    ///
    /// # Errors
    ///
    /// The connection is gone already, or the system has no room for one more.
    fn accept(listener: &Self::Listener, delay: Delay) -> io::Result<Accepted<Self::Stream>>;

    /// What ends a wait in [`accept`](Self::accept) from another thread. That may take a connection, which the server then drops.
    fn wake(listener: &Self::Listener) -> Wake;

    /// Speaks TLS over a stream, as the server, until `deadline` at most. `received` was read from it already.
    ///
    /// # Errors
    ///
    /// The client does not, refuses, or takes too long.
    #[cfg(feature = "tls")]
    fn secure_accepted(
        stream: Self::Stream,
        received: bytes::BytesMut,
        tls: &ServerTls,
        deadline: Option<Instant>,
    ) -> Result<Self::Stream, TlsError> {
        let _ = (stream, received, tls, deadline);
        Err(TlsError::new("a client", TlsFailure::Unsupported))
    }
}

/// Ends a wait for connections.
pub type Wake = Box<dyn Fn() + Send + Sync>;

/// A connection that was accepted.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "adapters make it")]
pub struct Accepted<S> {
    /// The stream.
    pub stream: S,
    /// The address of its other end, if it has one.
    pub peer: Option<SocketAddr>,
}
