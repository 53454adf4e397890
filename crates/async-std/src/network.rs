//! The network and the tasks of async-std.

use std::sync::Arc;

use async_io::Async;
use async_std::net::{TcpListener, TcpStream, ToSocketAddrs};
#[cfg(unix)]
use async_std::os::unix::net::{UnixListener, UnixStream};

use crate::AsyncStdRuntime;

wirebahn_drive::reactor_socket!(Async);

wirebahn_drive::network! {
    runtime: AsyncStdRuntime,
    io: FuturesIo over futures_io::AsyncRead, futures_io::AsyncWrite,
    streams: FuturesStream,
    tcp: TcpListener, TcpStream => ReactorSocket<std::net::TcpStream>,
    unix: UnixListener, UnixStream => ReactorSocket<std::os::unix::net::UnixStream>,
    register: |stream| ReactorSocket::new(Arc::new(Async::new(stream.try_into()?)?)),
    resolve: |host, port| Ok(ToSocketAddrs::to_socket_addrs(&(host, port)).await?.collect()),
    connect_unix: |path| UnixStream::connect(async_std::path::Path::new(path)).await?,
    bind_unix: |path| std::os::unix::net::UnixListener::bind(path)?.into(),
    spawn: |future| Task(Some(async_std::task::spawn(future))),
    spawner: Arc::new(|future| drop(async_std::task::spawn(future))),
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
