//! async-std's streams, made to end their direction when they are closed.

use std::io::{IoSlice, IoSliceMut, Result};
use std::net::Shutdown;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_std::net::TcpStream;
#[cfg(unix)]
use async_std::os::unix::net::UnixStream;
use futures_io::{AsyncRead, AsyncWrite};

/// A stream whose `poll_close` shuts its direction down; that of async-std's streams only flushes, so that the peer
/// would not learn of the end.
#[derive(Debug)]
pub struct Closing<S>(S);

/// A stream of async-std that can be shut down.
pub trait ShutDown {
    /// Ends one direction or both.
    ///
    /// # Errors
    ///
    /// The stream is broken.
    fn shut_down(&self, how: Shutdown) -> Result<()>;
}

impl ShutDown for TcpStream {
    fn shut_down(&self, how: Shutdown) -> Result<()> {
        self.shutdown(how)
    }
}

#[cfg(unix)]
impl ShutDown for UnixStream {
    fn shut_down(&self, how: Shutdown) -> Result<()> {
        self.shutdown(how)
    }
}

impl<S> Closing<S> {
    pub(crate) const fn new(stream: S) -> Self {
        Self(stream)
    }

    /// The stream.
    pub const fn get_ref(&self) -> &S {
        &self.0
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Closing<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<Result<usize>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }

    fn poll_read_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.0).poll_read_vectored(cx, bufs)
    }
}

impl<S: AsyncWrite + ShutDown + Unpin> AsyncWrite for Closing<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        ready!(Pin::new(&mut self.0).poll_flush(cx))?;
        Poll::Ready(self.0.shut_down(Shutdown::Write))
    }
}
