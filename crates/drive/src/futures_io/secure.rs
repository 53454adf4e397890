//! TLS over any stream of `futures-io`.

use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Buf;
use futures_io::{AsyncRead, AsyncWrite};

crate::streams::tls_stream!(FuturesTlsStream by futures_rustls over AsyncRead, AsyncWrite: poll_close);

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for FuturesTlsStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<Result<usize>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Prefixed<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<Result<usize>> {
        if self.prefix.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buf);
        }
        let len = self.prefix.len().min(buf.len());
        if let Some(room) = buf.get_mut(..len) {
            self.prefix.copy_to_slice(room);
        }
        Poll::Ready(Ok(len))
    }
}
