//! What a runtime adds to clients and servers: connecting, listening, spawning. The rest of both is the same everywhere.
//!
//! * [`Network`] and [`Listen`] are what an adapter writes, beside its [`Io`] and [`Runtime`].
//! * `race`, `dial`: reaching a server: addresses, proxies, TLS. `time`: waiting, with and without a deadline.
//! * `prologue`: engines that are over before the protocol proper begins. `tasks`: tasks that end with their owner.

mod dial;
mod prologue;
mod race;
mod tasks;
mod time;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

pub use dial::reach;
pub use prologue::{converse, first_octet};
pub(crate) use tasks::TaskSet;
pub(crate) use time::Wait;
pub use time::{Elapsed, sleep, timeout};
#[cfg(feature = "tls")]
use wirebahn_core::http::Host;

use crate::{Delay, Io, Runtime};

/// How a runtime reaches servers.
pub trait Network: Runtime<Timer: Send + 'static> + Sized + 'static {
    /// A stream to the other end, whatever lies under it.
    type Io: Io + fmt::Debug + Send + 'static;

    /// The addresses of a host, in the order in which the system would try them.
    fn resolve(host: &str, port: u16) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send;

    /// A TCP connection.
    fn connect(address: SocketAddr, delay: Delay) -> impl Future<Output = io::Result<Self::Io>> + Send;

    /// A connection to a Unix socket.
    fn connect_unix(path: &Path) -> impl Future<Output = io::Result<Self::Io>> + Send;

    /// What runs futures to their end in the background, on the runtime that is current now.
    fn spawner() -> Spawn;

    /// Speaks TLS over a stream, as the client.
    #[cfg(feature = "tls")]
    fn secure(
        io: Self::Io,
        tls: &wirebahn_tls::ClientTls,
        host: &Host,
    ) -> impl Future<Output = Result<Self::Io, wirebahn_tls::TlsError>> + Send {
        let _ = (io, tls);
        let error = wirebahn_tls::TlsError::new(host.to_string(), wirebahn_tls::TlsFailure::Unsupported);
        std::future::ready(Err(error))
    }
}

/// Runs futures in the background, to their end: drivers of sessions, handlers of procedures and topics.
pub type Spawn = Arc<dyn Fn(Pin<Box<dyn Future<Output = ()> + Send>>) + Send + Sync>;

/// How a runtime serves.
pub trait Listen: Network {
    /// What connections come from.
    type Listener: fmt::Debug + Send + Sync + 'static;
    /// A task that is dropped, together with the future in it, when this is.
    type Task: Send + 'static;

    /// Listens on a TCP port.
    fn bind(address: SocketAddr) -> impl Future<Output = io::Result<Self::Listener>> + Send;

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

    /// The next connection. Dropping the future loses none.
    fn accept(
        listener: &Self::Listener,
        delay: Delay,
    ) -> impl Future<Output = io::Result<Accepted<Self::Io>>> + Send;

    /// Runs a future beside the others.
    fn spawn(future: impl Future<Output = ()> + Send + 'static) -> Self::Task;

    /// Speaks TLS over a stream, as the server. `received` was read from it already.
    #[cfg(feature = "tls")]
    fn secure_accepted(
        io: Self::Io,
        received: bytes::BytesMut,
        tls: &wirebahn_tls::ServerTls,
    ) -> impl Future<Output = Result<Self::Io, wirebahn_tls::TlsError>> + Send {
        let _ = (io, received, tls);
        let error = wirebahn_tls::TlsError::new("a client", wirebahn_tls::TlsFailure::Unsupported);
        std::future::ready(Err(error))
    }
}

/// A connection that was accepted.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "adapters make it")]
pub struct Accepted<I> {
    /// The stream.
    pub io: I,
    /// The address of its other end, if it has one.
    pub peer: Option<SocketAddr>,
}
