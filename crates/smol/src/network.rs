//! The network and the tasks of smol.

#[cfg(unix)]
use smol::net::unix::{UnixListener, UnixStream};
use smol::net::{TcpListener, TcpStream};

use crate::SmolRuntime;

/// smol's streams are what is needed as they are.
type Socket<S> = S;

wirebahn_drive::futures_network! {
    runtime: SmolRuntime,
    tcp: TcpListener, TcpStream,
    unix: UnixListener, UnixStream,
    socket: Socket, std::convert::identity,
    resolve: |host, port| smol::net::resolve((host, port)).await,
    connect_unix: |path| UnixStream::connect(path).await?,
    bind_unix: |path| UnixListener::bind(path)?,
    spawn: |future| Task(smol::spawn(future)),
    detach: |future| smol::spawn(future).detach(),
}

/// A task that ends when this is dropped.
#[derive(Debug)]
pub struct Task(#[expect(dead_code, reason = "held, so that the task runs")] smol::Task<()>);
