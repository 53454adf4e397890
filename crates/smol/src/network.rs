//! The network and the tasks of smol.

use smol::Async;
#[cfg(unix)]
use smol::net::unix::{UnixListener, UnixStream};
use smol::net::{TcpListener, TcpStream};

use crate::SmolRuntime;

wirebahn_drive::futures_network! {
    runtime: SmolRuntime,
    tcp: TcpListener, TcpStream,
    unix: UnixListener, UnixStream,
    socket: Async,
    register: |stream| stream.into(),
    resolve: |host, port| smol::net::resolve((host, port)).await,
    connect_unix: |path| UnixStream::connect(path).await?,
    bind_unix: |path| UnixListener::bind(path)?,
    spawn: |future| Task(smol::spawn(future)),
    detach: |future| smol::spawn(future).detach(),
}

/// A task that ends when this is dropped.
#[derive(Debug)]
pub struct Task(#[expect(dead_code, reason = "held, so that the task runs")] smol::Task<()>);
