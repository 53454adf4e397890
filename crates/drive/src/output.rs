//! Emptying an outbox.

use std::io::{self, ErrorKind, IoSlice};
use std::task::{Context, Poll, ready};

use wirebahn_core::Outbox;

use crate::Io;

/// How many pieces one vectored write takes at most: with large pieces the write is long enough anyway.
pub const MAX_PIECES: usize = 64;

/// Writes until `outbox` is empty, and adds the bytes that were taken to `written` whatever the outcome.
pub(crate) fn poll_write_all<I: Io>(
    io: &mut I,
    cx: &mut Context<'_>,
    outbox: &mut Outbox,
    written: &mut usize,
) -> Poll<io::Result<()>> {
    while !outbox.is_empty() {
        match ready!(poll_write_once(io, cx, outbox)) {
            Ok(0) => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
            Ok(taken) => {
                outbox.advance(taken);
                *written += taken;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Poll::Ready(Err(error)),
        }
    }
    Poll::Ready(Ok(()))
}

fn poll_write_once<I: Io>(io: &mut I, cx: &mut Context<'_>, outbox: &Outbox) -> Poll<io::Result<usize>> {
    if let Some(piece) = outbox.single_piece() {
        return io.poll_write(cx, &[IoSlice::new(piece)]);
    }
    let mut pieces = outbox.pieces();
    let (Some(first), second) = (pieces.next(), pieces.next()) else {
        return Poll::Ready(Ok(0));
    };
    let Some(second) = second else {
        return io.poll_write(cx, &[IoSlice::new(first)]);
    };
    let mut slices = [IoSlice::new(&[]); MAX_PIECES];
    let mut used = 0;
    for (slot, piece) in slices.iter_mut().zip([first, second].into_iter().chain(pieces)) {
        *slot = IoSlice::new(piece);
        used += 1;
    }
    io.poll_write(cx, slices.get(..used).unwrap_or_default())
}
