//! tokio's network and tasks.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use wirebahn_drive::{Accepted, Delay, Listen, Network, Spawn};

use crate::{Stream, TokioIo, TokioRuntime};

wirebahn_drive::listener!(TcpListener, UnixListener);

impl Network for TokioRuntime {
    type Io = TokioIo<Stream>;

    async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host, port)).await?.collect())
    }

    async fn connect(address: SocketAddr, delay: Delay) -> io::Result<Self::Io> {
        Ok(TokioIo::new(Stream::tcp(TcpStream::connect(address).await?, delay)))
    }

    #[cfg(unix)]
    async fn connect_unix(path: &Path) -> io::Result<Self::Io> {
        Ok(TokioIo::new(UnixStream::connect(path).await?.into()))
    }

    #[cfg(not(unix))]
    async fn connect_unix(_: &Path) -> io::Result<Self::Io> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn spawner() -> Spawn {
        let handle = Handle::current();
        Arc::new(move |future| drop(handle.spawn(future)))
    }

    #[cfg(feature = "tls")]
    async fn secure(
        io: Self::Io,
        tls: &wirebahn_tls::ClientTls,
        host: &wirebahn_core::http::Host,
    ) -> Result<Self::Io, wirebahn_tls::TlsError> {
        Ok(TokioIo::new(crate::secure::secure(io.into_inner(), tls, host).await?.into()))
    }
}

impl Listen for TokioRuntime {
    type Listener = Listener;
    type Task = Task;

    async fn bind(address: SocketAddr) -> io::Result<Listener> {
        Ok(TcpListener::bind(address).await?.into())
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

    async fn accept(listener: &Listener, delay: Delay) -> io::Result<Accepted<Self::Io>> {
        match listener {
            Listener::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                Ok(Accepted { io: TokioIo::new(Stream::tcp(stream, delay)), peer: Some(peer) })
            }
            #[cfg(unix)]
            Listener::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok(Accepted { io: TokioIo::new(stream.into()), peer: None })
            }
        }
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) -> Task {
        Task(tokio::spawn(future))
    }

    #[cfg(feature = "tls")]
    async fn secure_accepted(
        io: Self::Io,
        received: bytes::BytesMut,
        tls: &wirebahn_tls::ServerTls,
    ) -> Result<Self::Io, wirebahn_tls::TlsError> {
        Ok(TokioIo::new(crate::secure::secure_accepted(io.into_inner(), received, tls).await?.into()))
    }
}

/// A task that ends when this is dropped.
#[derive(Debug)]
pub struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
