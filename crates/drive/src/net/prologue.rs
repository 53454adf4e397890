//! What is said before the protocol proper.

use std::future::poll_fn;

use bytes::BytesMut;
use wirebahn_core::proxy::{Dialogue, Prologue, PrologueEvent};

use crate::{Io, Runtime, Socket};

/// Room for the first read: the whole opening request of a usual client.
const FIRST_READ: usize = 2048;

/// The first octet that comes over a stream, by which protocols are told apart; it stays in `received`, with what came along.
/// `None` if the stream ends before it.
///
/// # Errors
///
/// The stream broke.
pub async fn first_octet<I: Io>(io: &mut I, received: &mut BytesMut) -> std::io::Result<Option<u8>> {
    if received.is_empty() {
        received.reserve(FIRST_READ);
        poll_fn(|cx| io.poll_read(cx, received)).await?;
    }
    Ok(received.first().copied())
}

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
