//! Opening connections.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use wirebahn_core::websocket::Messages;
use wirebahn_core::websocket::opening::{ClientOptions, ClientRequest};
use wirebahn_drive::OsEntropy;
use wirebahn_drive::websocket::{ConnectError, open};

use crate::{Client, Opened, TokioIo, WebSocket};

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
    Ok(open(TokioIo::new(stream), request, options, Box::new(OsEntropy::default())).await?)
}
