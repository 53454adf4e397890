//! The streams that URLs lead to.

use std::io::{IoSlice, Read, Result, Write};
use std::net::TcpStream;
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::Duration;

use wirebahn_drive_blocking::{Duplex, TryClone};

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

#[cfg(feature = "tls")]
impl Stream {
    /// What the TLS handshake came to; `None` without TLS.
    #[must_use]
    pub fn tls_info(&self) -> Option<wirebahn_tls::TlsInfo> {
        if let Self::Tls(stream) = self { Some(stream.info()) } else { None }
    }
}

impl TryClone for Stream {
    fn try_clone(&self) -> Result<Self> {
        match self {
            Self::Tcp(stream) => stream.try_clone().map(Self::Tcp),
            #[cfg(unix)]
            Self::Unix(stream) => stream.try_clone().map(Self::Unix),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.try_clone().map(Box::new).map(Self::Tls),
        }
    }
}

macro_rules! each {
    ($self:expr, $stream:ident => $call:expr) => {
        match $self {
            Self::Tcp($stream) => $call,
            #[cfg(unix)]
            Self::Unix($stream) => $call,
            #[cfg(feature = "tls")]
            Self::Tls($stream) => $call,
        }
    };
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        each!(self, stream => stream.read(buf))
    }
}

impl Write for Stream {
    fn write(&mut self, buf: &[u8]) -> Result<usize> {
        each!(self, stream => stream.write(buf))
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> Result<usize> {
        each!(self, stream => stream.write_vectored(bufs))
    }

    fn flush(&mut self) -> Result<()> {
        each!(self, stream => stream.flush())
    }
}

impl Duplex for Stream {
    fn set_read_timeout(&self, timeout: Option<Duration>) -> Result<()> {
        each!(self, stream => stream.set_read_timeout(timeout))
    }

    fn set_write_timeout(&self, timeout: Option<Duration>) -> Result<()> {
        each!(self, stream => stream.set_write_timeout(timeout))
    }

    fn shut_down_write(&mut self) -> Result<()> {
        each!(self, stream => stream.shut_down_write())
    }
}
