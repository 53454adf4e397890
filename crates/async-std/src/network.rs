//! The network and the tasks of async-std.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use async_std::net::{TcpListener, TcpStream};
#[cfg(unix)]
use async_std::os::unix::net::{UnixListener, UnixStream};
use futures_io::{AsyncRead, AsyncWrite};
use wirebahn_drive::{Accepted, Delay, FuturesIo, FuturesStream, Listen, Network, Spawn, Wrap};

use crate::{AsyncStdRuntime, Closing};

#[cfg(unix)]
pub(crate) type Stream = FuturesStream<Closing<TcpStream>, Closing<UnixStream>>;
#[cfg(not(unix))]
pub(crate) type Stream = FuturesStream<Closing<TcpStream>, Closing<TcpStream>>;

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

fn tcp(stream: TcpStream, delay: Delay) -> FuturesIo<Stream> {
    if delay == Delay::Off {
        // Only an optimisation: a stream that refuses works all the same.
        let _ = stream.set_nodelay(true);
    }
    FuturesIo::new(FuturesStream::Tcp(Closing::new(stream)))
}

impl Network for AsyncStdRuntime {
    type Io = FuturesIo<Stream>;

    async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(async_std::net::ToSocketAddrs::to_socket_addrs(&(host, port)).await?.collect())
    }

    async fn connect(address: SocketAddr, delay: Delay) -> io::Result<Self::Io> {
        Ok(tcp(TcpStream::connect(address).await?, delay))
    }

    #[cfg(unix)]
    async fn connect_unix(path: &Path) -> io::Result<Self::Io> {
        Ok(FuturesIo::new(FuturesStream::Unix(Closing::new(
            UnixStream::connect(async_std::path::Path::new(path)).await?,
        ))))
    }

    #[cfg(not(unix))]
    async fn connect_unix(_: &Path) -> io::Result<Self::Io> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn spawner() -> Spawn {
        Arc::new(|future| drop(async_std::task::spawn(future)))
    }

    #[cfg(feature = "tls")]
    async fn secure(
        io: Self::Io,
        tls: &wirebahn_tls::ClientTls,
        host: &wirebahn_core::http::Host,
    ) -> Result<Self::Io, wirebahn_tls::TlsError> {
        let stream = wirebahn_drive::secure(io.into_inner(), tls, host).await?;
        Ok(FuturesIo::new(FuturesStream::Tls(Box::new(stream))))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wrap<S> for AsyncStdRuntime {
    type Wrapped = FuturesIo<S>;

    fn wrap(stream: S) -> FuturesIo<S> {
        FuturesIo::new(stream)
    }
}

impl Listen for AsyncStdRuntime {
    type Listener = Listener;
    type Task = Task;

    async fn bind(address: SocketAddr) -> io::Result<Listener> {
        Ok(Listener::Tcp(TcpListener::bind(address).await?))
    }

    #[cfg(unix)]
    fn bind_unix(path: &Path) -> io::Result<Listener> {
        let listener = std::os::unix::net::UnixListener::bind(path)?;
        Ok(Listener::Unix(listener.into()))
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

    async fn accept(listener: &Listener, delay: Delay) -> io::Result<Accepted<Self::Io>> {
        match listener {
            Listener::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                Ok(Accepted { io: tcp(stream, delay), peer: Some(peer) })
            }
            #[cfg(unix)]
            Listener::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok(Accepted { io: FuturesIo::new(FuturesStream::Unix(Closing::new(stream))), peer: None })
            }
        }
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) -> Task {
        Task(Some(async_std::task::spawn(future)))
    }

    #[cfg(feature = "tls")]
    async fn secure_accepted(
        io: Self::Io,
        received: bytes::BytesMut,
        tls: &wirebahn_tls::ServerTls,
    ) -> Result<Self::Io, wirebahn_tls::TlsError> {
        let stream = wirebahn_drive::secure_accepted(io.into_inner(), received, tls).await?;
        Ok(FuturesIo::new(FuturesStream::Tls(Box::new(stream))))
    }
}

/// A task that ends when this is dropped.
#[derive(Debug)]
pub struct Task(Option<async_std::task::JoinHandle<()>>);

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(handle) = self.0.take() {
            async_std::task::spawn(handle.cancel());
        }
    }
}
