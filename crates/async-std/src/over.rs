//! Connections over streams that are there already, and the shortest way to one that is not.

use std::sync::Arc;

use futures_io::{AsyncRead, AsyncWrite};
use wirebahn_core::websocket::Messages;
use wirebahn_core::websocket::opening::{ClientOptions, ClientRequest, OpeningFailure, ServerOptions};
use wirebahn_drive::OsEntropy;
use wirebahn_drive::websocket::{Admission, ConnectError, accept_any, open};

use crate::{Client, FuturesIo, Incoming, Opened, WebSocket};

/// Opens a connection to the server at `url`: `ws://host:port/path`, or `ws+unix:///socket:/path`; with the feature
/// `tls` also `wss`.
///
/// [`Client`] has headers, subprotocols, proxies, options and other layers.
///
/// # Errors
///
/// The URL is invalid, or the server cannot be reached, refuses, or does not answer in time.
pub async fn connect(url: &str) -> Result<WebSocket, ConnectError> {
    Ok(Client::new(url)?.connect().await?.connection)
}

/// Opens a connection over a stream that leads to the server: a TLS stream, a tunnel, a pipe.
///
/// # Errors
///
/// The server refuses, answers wrongly or not in time.
pub async fn connect_on<S>(
    stream: S,
    request: ClientRequest,
    options: Arc<ClientOptions>,
) -> Result<Opened<Messages, S>, ConnectError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    Ok(open(FuturesIo::new(stream), request, options, Box::new(OsEntropy::default())).await?)
}

/// Accepts a WebSocket over a stream, whatever its path and subprotocols.
///
/// # Errors
///
/// The client made no valid request; it was told so.
pub async fn accept<S>(stream: S) -> Result<WebSocket<S>, OpeningFailure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    accept_any(FuturesIo::new(stream)).await
}

/// Waits for the request of a client over a stream, to be accepted or refused. `peer` is the address of the stream's
/// other end, if it has one.
///
/// # Errors
///
/// The client made no valid request; it was told so.
pub async fn receive<S>(
    stream: S,
    options: Arc<ServerOptions>,
    peer: Option<String>,
) -> Result<Incoming<S>, OpeningFailure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let entropy = Box::new(OsEntropy::default());
    Incoming::receive(FuturesIo::new(stream), options, peer, entropy, Admission::Admit).await
}
