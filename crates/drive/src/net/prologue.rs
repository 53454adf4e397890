//! What is said before the protocol proper.

use bytes::BytesMut;
use wirebahn_core::proxy::{Dialogue, Prologue, PrologueEvent};

use crate::{Io, Runtime, Socket};

/// Drives an exchange to its end: what was agreed on, the stream again, and the bytes that came behind it.
///
/// # Errors
///
/// What the exchange failed for; the stream is dropped.
pub async fn converse<D: Dialogue, I: Io, R: Runtime>(
    prologue: Prologue<D>,
    io: I,
) -> Result<(D::Output, I, BytesMut), D::Error> {
    let mut socket = Socket::<_, I, R>::new(prologue, io);
    match socket.next_event().await {
        Some(PrologueEvent::Done(output)) => {
            // If that fails, the next one to use the stream learns why.
            let _ = socket.flush().await;
            let parts = socket.into_parts();
            let lost = parts.engine.dialogue().lost();
            match (parts.engine.into_leftover(), parts.io) {
                (Ok(leftover), Some(io)) => Ok((output, io, leftover.received)),
                _ => Err(lost),
            }
        }
        Some(PrologueEvent::Failed(error)) => Err(error),
        None => Err(socket.engine().dialogue().lost()),
    }
}
