//! What a driver needs of a byte stream.

use std::io::{IoSlice, Result};
use std::task::{Context, Poll};

use bytes::BytesMut;

use crate::Runtime;

/// A byte stream: TCP, TLS, a pipe, or anything else that keeps bytes in order.
///
/// `Poll::Pending` means that the waker of `cx` will be woken when it is worth trying again. Every call may come with
/// another waker; the last one counts, per direction. A method that returned `Pending` has taken or given no byte.
pub trait Io: Unpin {
    /// Appends bytes to the spare capacity of `buf`, of which there is some, and returns how many; 0 is the end.
    ///
    /// # Errors
    ///
    /// The stream is broken: it is not read again.
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut BytesMut) -> Poll<Result<usize>>;

    /// Writes from the front of `pieces`, none of which is empty, and returns how many bytes were taken.
    ///
    /// After `Pending` the next call may have more pieces, but begins with the same bytes.
    ///
    /// # Errors
    ///
    /// The stream is broken: it is not written again.
    fn poll_write(&mut self, cx: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<Result<usize>>;

    /// Sends what the stream itself still holds back, as TLS streams may.
    ///
    /// # Errors
    ///
    /// The stream is broken: it is not written again.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>>;

    /// Ends our direction; the other one stays readable.
    ///
    /// # Errors
    ///
    /// The stream is broken: it is not written again.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>>;
}

/// Makes an [`Io`] of the streams of a runtime, so that applications need not know the name of the wrapper.
pub trait Wrap<S>: Runtime {
    /// The stream as a driver needs it.
    type Wrapped: Io;

    /// Wraps a stream.
    fn wrap(stream: S) -> Self::Wrapped;
}

impl<I: Io + ?Sized> Io for Box<I> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut BytesMut) -> Poll<Result<usize>> {
        (**self).poll_read(cx, buf)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        (**self).poll_write(cx, pieces)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        (**self).poll_flush(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        (**self).poll_shutdown(cx)
    }
}
