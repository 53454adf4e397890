//! The streams that URLs lead to.

use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use wirebahn_drive::Delay;

/// A stream to or from the other end.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stream {
    /// Over TCP.
    Tcp(TcpStream),
    /// Over a Unix socket.
    #[cfg(unix)]
    Unix(UnixStream),
    /// TLS over another one.
    #[cfg(feature = "tls")]
    Tls(Box<crate::TlsStream>),
}

impl Stream {
    /// A TCP stream with or without Nagle's algorithm.
    pub(crate) fn tcp(stream: TcpStream, delay: Delay) -> Self {
        if delay == Delay::Off {
            // Only an optimisation: a stream that refuses works all the same.
            let _ = stream.set_nodelay(true);
        }
        Self::Tcp(stream)
    }

    /// What the TLS handshake came to; `None` without TLS.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls_info(&self) -> Option<wirebahn_tls::TlsInfo> {
        if let Self::Tls(stream) = self { Some(stream.info()) } else { None }
    }
}

#[cfg(feature = "tls")]
impl From<crate::TlsStream> for Stream {
    fn from(stream: crate::TlsStream) -> Self {
        Self::Tls(Box::new(stream))
    }
}

impl From<TcpStream> for Stream {
    /// With [`Delay::Off`].
    fn from(stream: TcpStream) -> Self {
        Self::tcp(stream, Delay::Off)
    }
}

#[cfg(unix)]
impl From<UnixStream> for Stream {
    fn from(stream: UnixStream) -> Self {
        Self::Unix(stream)
    }
}

macro_rules! each {
    ($self:ident, $stream:ident => $call:expr) => {
        match $self.get_mut() {
            Self::Tcp(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            #[cfg(unix)]
            Self::Unix(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            #[cfg(feature = "tls")]
            Self::Tls(stream) => {
                let $stream = Pin::new(&mut **stream);
                $call
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        each!(self, stream => stream.poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        each!(self, stream => stream.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        each!(self, stream => stream.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        each!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        each!(self, stream => stream.poll_shutdown(cx))
    }
}
