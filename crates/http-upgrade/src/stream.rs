//! The transport that an HTTP server hands over.

use std::fmt;

use hyper::upgrade::Upgraded;

/// A stream that was HTTP, with the bytes that the HTTP server has read too many of in front.
///
/// It implements `AsyncRead` and `AsyncWrite`, with the feature `tokio-io` tokio's, with the feature `futures-io` those of
/// that crate.
pub struct HttpStream(Upgraded);

impl HttpStream {
    pub(super) const fn new(upgraded: Upgraded) -> Self {
        Self(upgraded)
    }

    /// What hyper handed over, to look for the transport under it with `downcast`.
    #[must_use]
    pub fn into_upgraded(self) -> Upgraded {
        self.0
    }
}

#[cfg(feature = "tokio-io")]
mod tokio_io {
    use std::io::{IoSlice, Result};
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll};

    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    use super::HttpStream;

    impl AsyncRead for HttpStream {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<Result<()>> {
            pin!(TokioIo::new(&mut self.0)).poll_read(cx, buf)
        }
    }

    impl AsyncWrite for HttpStream {
        fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
            pin!(TokioIo::new(&mut self.0)).poll_write(cx, buf)
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bufs: &[IoSlice<'_>],
        ) -> Poll<Result<usize>> {
            pin!(TokioIo::new(&mut self.0)).poll_write_vectored(cx, bufs)
        }

        fn is_write_vectored(&self) -> bool {
            hyper::rt::Write::is_write_vectored(&self.0)
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
            pin!(TokioIo::new(&mut self.0)).poll_flush(cx)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
            pin!(TokioIo::new(&mut self.0)).poll_shutdown(cx)
        }
    }
}

#[cfg(feature = "futures-io")]
mod futures_io {
    use std::io::{IoSlice, Result};
    use std::pin::Pin;
    use std::task::{Context, Poll, ready};

    use futures_io::{AsyncRead, AsyncWrite};
    use hyper::rt::{Read, ReadBuf, Write};

    use super::HttpStream;

    impl AsyncRead for HttpStream {
        fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<Result<usize>> {
            let mut buf = ReadBuf::new(buf);
            ready!(Read::poll_read(Pin::new(&mut self.0), cx, buf.unfilled()))?;
            Poll::Ready(Ok(buf.filled().len()))
        }
    }

    impl AsyncWrite for HttpStream {
        fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
            Write::poll_write(Pin::new(&mut self.0), cx, buf)
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bufs: &[IoSlice<'_>],
        ) -> Poll<Result<usize>> {
            Write::poll_write_vectored(Pin::new(&mut self.0), cx, bufs)
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
            Write::poll_flush(Pin::new(&mut self.0), cx)
        }

        fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
            Write::poll_shutdown(Pin::new(&mut self.0), cx)
        }
    }
}

impl fmt::Debug for HttpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpStream").finish_non_exhaustive()
    }
}
