//! How a byte stream over a WebSocket ends.

use std::io::{Error, ErrorKind, Result};

use wirebahn_core::websocket::{Cause, CloseCode, Closed};

/// What a reader is told at the end: that the stream is complete if the peer has closed with the code 1000 or 1001 or
/// none.
///
/// # Errors
///
/// The connection ended in any other way, so that the stream was cut off.
pub fn byte_stream_end(closed: &Closed) -> Result<()> {
    if matches!(closed.code, CloseCode::NORMAL | CloseCode::GOING_AWAY | CloseCode::NO_STATUS) {
        return Ok(());
    }
    let kind = match &closed.cause {
        Cause::TransportLost => ErrorKind::UnexpectedEof,
        Cause::TimedOut(_) => ErrorKind::TimedOut,
        Cause::Violation(_) => ErrorKind::InvalidData,
        _ => ErrorKind::ConnectionAborted,
    };
    Err(Error::new(kind, closed.clone()))
}
