//! The network of the standard library.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
#[cfg(unix)]
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use wirebahn_drive_blocking::{Accepted, BlockingStream, Delay, Listen, Network, Wake};

/// How long a server that is shutting down tries to reach its own port.
const WAKE_TIMEOUT: Duration = Duration::from_secs(1);

#[cfg(unix)]
pub(crate) type Stream = BlockingStream<TcpStream, UnixStream>;
#[cfg(not(unix))]
pub(crate) type Stream = BlockingStream<TcpStream, TcpStream>;

/// The network of the standard library, as a [`Network`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct StdNetwork;

/// What a [`Server`](crate::Server) takes connections from.
#[derive(Debug)]
#[non_exhaustive]
pub enum Listener {
    /// A TCP port.
    Tcp(TcpListener),
    /// A Unix socket.
    #[cfg(unix)]
    Unix(UnixListener),
}

impl Network for StdNetwork {
    type Stream = Stream;

    fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok((host, port).to_socket_addrs()?.collect())
    }

    fn connect(address: SocketAddr, delay: Delay, limit: Option<Duration>) -> io::Result<Stream> {
        let stream = match limit {
            Some(limit) => TcpStream::connect_timeout(&address, limit)?,
            None => TcpStream::connect(address)?,
        };
        Ok(tcp(stream, delay))
    }

    #[cfg(unix)]
    fn connect_unix(path: &Path) -> io::Result<Stream> {
        Ok(Stream::Unix(UnixStream::connect(path)?))
    }

    #[cfg(not(unix))]
    fn connect_unix(_: &Path) -> io::Result<Stream> {
        Err(io::ErrorKind::Unsupported.into())
    }

    #[cfg(feature = "tls")]
    fn secure(
        stream: Stream,
        tls: &wirebahn_tls::ClientTls,
        host: &wirebahn_core::http::Host,
        deadline: Option<wirebahn_core::Instant>,
    ) -> Result<Stream, wirebahn_tls::TlsError> {
        stream.secure(tls, host, deadline)
    }
}

impl Listen for StdNetwork {
    type Listener = Listener;

    fn bind(address: SocketAddr) -> io::Result<Listener> {
        Ok(TcpListener::bind(address)?.into())
    }

    #[cfg(unix)]
    fn bind_unix(path: &Path) -> io::Result<Listener> {
        Ok(UnixListener::bind(path)?.into())
    }

    #[cfg(not(unix))]
    fn bind_unix(_: &Path) -> io::Result<Listener> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn local_addr(listener: &Listener) -> io::Result<SocketAddr> {
        match listener {
            Listener::Tcp(listener) => listener.local_addr(),
            #[cfg(unix)]
            Listener::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn accept(listener: &Listener, delay: Delay) -> io::Result<Accepted<Stream>> {
        match listener {
            Listener::Tcp(listener) => {
                let (stream, peer) = listener.accept()?;
                Ok(Accepted { stream: tcp(stream, delay), peer: Some(peer) })
            }
            #[cfg(unix)]
            Listener::Unix(listener) => {
                Ok(Accepted { stream: Stream::Unix(listener.accept()?.0), peer: None })
            }
        }
    }

    /// Nothing but a connection ends a wait for one. If there can be none, the server ends with the next client.
    fn wake(listener: &Listener) -> Wake {
        match listener {
            Listener::Tcp(listener) => match listener.local_addr().map(reachable) {
                Ok(address) => Box::new(move || drop(TcpStream::connect_timeout(&address, WAKE_TIMEOUT))),
                Err(_) => Box::new(|| {}),
            },
            #[cfg(unix)]
            Listener::Unix(listener) => {
                match listener.local_addr().ok().and_then(|address| Some(address.as_pathname()?.to_owned())) {
                    Some(path) => Box::new(move || drop(UnixStream::connect(&path))),
                    None => Box::new(|| {}),
                }
            }
        }
    }

    #[cfg(feature = "tls")]
    fn secure_accepted(
        stream: Stream,
        received: bytes::BytesMut,
        tls: &wirebahn_tls::ServerTls,
        deadline: Option<wirebahn_core::Instant>,
    ) -> Result<Stream, wirebahn_tls::TlsError> {
        stream.secure_accepted(received, tls, deadline)
    }
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::Tcp(listener)
    }
}

#[cfg(unix)]
impl From<UnixListener> for Listener {
    fn from(listener: UnixListener) -> Self {
        Self::Unix(listener)
    }
}

/// A TCP stream with or without Nagle's algorithm.
fn tcp(stream: TcpStream, delay: Delay) -> Stream {
    if delay == Delay::Off {
        // Only an optimisation: a stream that refuses works all the same.
        let _ = stream.set_nodelay(true);
    }
    Stream::Tcp(stream)
}

/// The address by which a listener on `address` is reached from this machine.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            Ipv4Addr::LOCALHOST.into()
        } else {
            Ipv6Addr::LOCALHOST.into()
        });
    }
    address
}
