//! Streams of tokio's traits: tokio's own, and those of whatever stands in for its network.

mod byte_stream;
#[cfg(feature = "tokio-io-tls")]
mod secure;
mod stream;

use std::io::{IoSlice, Result};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};

use crate::Io;
#[cfg(feature = "tokio-io-tls")]
pub use secure::TokioTlsStream;
pub use stream::TokioStream;

crate::streams::wrapper! {
    /// Makes an [`Io`] of a stream that implements tokio's `AsyncRead` and `AsyncWrite`.
    ///
    /// Turn Nagle's algorithm off on TCP streams (`set_nodelay(true)`): writes are coalesced already.
    TokioIo
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

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::io::{AsyncWriteExt, duplex};

    use super::*;

    #[test]
    fn a_read_fills_the_spare_capacity_and_no_more() {
        let (near, mut far) = duplex(100);
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(pin!(far.write_all(b"hello, you")).poll(cx).is_ready());
        let mut io = TokioIo::new(near);
        let mut buf = BytesMut::with_capacity(8);
        buf.extend_from_slice(b"x");
        assert!(matches!(io.poll_read(cx, &mut buf), Poll::Ready(Ok(7))));
        assert_eq!((&buf[..], buf.capacity()), (&b"xhello, "[..], 8));
        buf.clear();
        assert!(matches!(io.poll_read(cx, &mut buf), Poll::Ready(Ok(3))));
        assert!(io.poll_read(cx, &mut buf).is_pending());
        drop(far);
        assert!(matches!(io.poll_read(cx, &mut buf), Poll::Ready(Ok(0))));
        assert_eq!(&buf[..], b"you");
    }

    #[test]
    fn pieces_are_written_at_once_where_the_stream_can() {
        let (near, far) = duplex(100);
        let cx = &mut Context::from_waker(Waker::noop());
        let mut io = TokioIo::new(near);
        assert!(io.get_ref().is_write_vectored());
        let pieces = [IoSlice::new(b"hello"), IoSlice::new(b", you")];
        assert!(matches!(io.poll_write(cx, &pieces), Poll::Ready(Ok(10))));
        assert!(matches!(io.poll_flush(cx), Poll::Ready(Ok(()))));
        assert!(matches!(io.poll_shutdown(cx), Poll::Ready(Ok(()))));
        let mut buf = BytesMut::with_capacity(100);
        assert!(matches!(TokioIo::new(far).poll_read(cx, &mut buf), Poll::Ready(Ok(10))));
        assert_eq!(&buf[..], b"hello, you");
    }
}
