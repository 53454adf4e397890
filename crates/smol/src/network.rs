//! The network and the tasks of smol.

use std::sync::Arc;

use smol::Async;
#[cfg(unix)]
use smol::net::unix::{UnixListener, UnixStream};
use smol::net::{TcpListener, TcpStream};

use crate::SmolRuntime;

wirebahn_drive::reactor_socket!(Async);

wirebahn_drive::network! {
    runtime: SmolRuntime,
    io: FuturesIo over futures_io::AsyncRead, futures_io::AsyncWrite,
    streams: FuturesStream,
    tcp: TcpListener, TcpStream => ReactorSocket<std::net::TcpStream>,
    unix: UnixListener, UnixStream => ReactorSocket<std::os::unix::net::UnixStream>,
    register: |stream| ReactorSocket::new(stream.into()),
    resolve: |host, port| smol::net::resolve((host, port)).await,
    connect_unix: |path| UnixStream::connect(path).await?,
    bind_unix: |path| UnixListener::bind(path)?,
    spawn: |future| Task(smol::spawn(future)),
    spawner: Arc::new(|future| smol::spawn(future).detach()),
}

/// A task that ends when this is dropped.
#[derive(Debug)]
pub struct Task(#[expect(dead_code, reason = "held, so that the task runs")] smol::Task<()>);
