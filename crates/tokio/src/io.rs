//! tokio's streams.

use std::io::{IoSlice, Result};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use wirebahn_drive::Io;

/// Makes an [`Io`] of a stream that implements tokio's `AsyncRead` and `AsyncWrite`.
///
/// Turn Nagle's algorithm off on TCP streams (`set_nodelay(true)`): writes are coalesced already.
#[derive(Debug)]
pub struct TokioIo<S> {
    stream: S,
}

impl<S> TokioIo<S> {
    /// Wraps `stream`.
    pub const fn new(stream: S) -> Self {
        Self { stream }
    }

    /// The stream.
    pub const fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream. Reading or writing it directly breaks the order of bytes.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Unwraps the stream.
    pub fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Io for TokioIo<S> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut BytesMut) -> Poll<Result<usize>> {
        // The one safe way into the spare capacity without initialising it. The future is cancel-safe: it holds no
        // bytes, so one per call will do.
        pin!(self.stream.read_buf(buf)).poll(cx)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        let stream = Pin::new(&mut self.stream);
        match pieces {
            [_, _, ..] if stream.is_write_vectored() => stream.poll_write_vectored(cx, pieces),
            [first, ..] => stream.poll_write(cx, first),
            [] => Poll::Ready(Ok(0)),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
