//! The network and the tasks of tokio.

use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::TokioRuntime;

wirebahn_drive::network! {
    runtime: TokioRuntime,
    io: TokioIo over tokio::io::AsyncRead, tokio::io::AsyncWrite,
    streams: TokioStream,
    tcp: TcpListener, TcpStream => TcpStream,
    unix: UnixListener, UnixStream => UnixStream,
    register: |stream| stream,
    resolve: |host, port| Ok(tokio::net::lookup_host((host, port)).await?.collect()),
    connect_unix: |path| UnixStream::connect(path).await?,
    bind_unix: |path| UnixListener::bind(path)?,
    spawn: |future| Task(tokio::spawn(future)),
    spawner: {
        let handle = Handle::current();
        Arc::new(move |future| drop(handle.spawn(future)))
    },
}

/// A task that ends when this is dropped.
#[derive(Debug)]
pub struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
