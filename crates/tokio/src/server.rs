//! Taking connections.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use wirebahn_core::websocket::opening::{OpeningFailure, ServerOptions};
use wirebahn_drive::OsEntropy;
use wirebahn_drive::websocket::{Admission, accept_any};

use crate::{Incoming, TokioIo, WebSocket};

/// Accepts a WebSocket over a stream, whatever its path and subprotocols.
///
/// # Errors
///
/// The client made no valid request; it was told so.
pub async fn accept<S>(stream: S) -> Result<WebSocket<S>, OpeningFailure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    accept_any(TokioIo::new(stream)).await
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
    Incoming::receive(TokioIo::new(stream), options, peer, entropy, Admission::Admit).await
}
