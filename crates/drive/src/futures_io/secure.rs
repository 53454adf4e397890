//! TLS over any stream of `futures-io`.

use std::io::{IoSlice, Result as IoResult};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Buf;
use futures_io::{AsyncRead, AsyncWrite};

crate::streams::tls_stream!(FuturesTlsStream by futures_rustls over AsyncRead, AsyncWrite);

impl<S: AsyncRead + Unpin> AsyncRead for Prefixed<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<IoResult<usize>> {
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

macro_rules! delegate_write {
    ($type:ident, $inner:tt) => {
        impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for $type<S> {
            fn poll_write(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<IoResult<usize>> {
                Pin::new(&mut self.$inner).poll_write(cx, buf)
            }

            fn poll_write_vectored(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[IoSlice<'_>],
            ) -> Poll<IoResult<usize>> {
                Pin::new(&mut self.$inner).poll_write_vectored(cx, bufs)
            }

            fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<IoResult<()>> {
                Pin::new(&mut self.$inner).poll_flush(cx)
            }

            fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<IoResult<()>> {
                Pin::new(&mut self.$inner).poll_close(cx)
            }
        }
    };
}

delegate_write!(Prefixed, stream);
delegate_write!(FuturesTlsStream, 0);

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for FuturesTlsStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<IoResult<usize>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}
