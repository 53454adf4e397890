//! Byte streams.

use std::io::{IoSlice, Read, Result, Write};
use std::net::{Shutdown, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::Duration;

use wirebahn_adapter::Delay;

/// A stream that blocks, but not for longer than it is told.
pub trait Duplex: Read + Write {
    /// How long a read may block; `None` for ever. One that took so long fails with `WouldBlock` or `TimedOut`.
    ///
    /// # Errors
    ///
    /// The stream is broken.
    fn set_read_timeout(&self, timeout: Option<Duration>) -> Result<()>;

    /// How long a write may block; `None` for ever. One that took so long without taking a byte fails with `WouldBlock`
    /// or `TimedOut`.
    ///
    /// # Errors
    ///
    /// The stream is broken.
    fn set_write_timeout(&self, timeout: Option<Duration>) -> Result<()>;

    /// Ends our direction; the other one stays readable.
    ///
    /// # Errors
    ///
    /// The stream is broken.
    fn shut_down_write(&mut self) -> Result<()>;
}

macro_rules! duplex {
    ($stream:ty) => {
        impl Duplex for $stream {
            fn set_read_timeout(&self, timeout: Option<Duration>) -> Result<()> {
                self.set_read_timeout(timeout)
            }

            fn set_write_timeout(&self, timeout: Option<Duration>) -> Result<()> {
                self.set_write_timeout(timeout)
            }

            fn shut_down_write(&mut self) -> Result<()> {
                self.shutdown(Shutdown::Write)
            }
        }
    };
}

duplex!(TcpStream);
#[cfg(unix)]
duplex!(UnixStream);

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

    /// The same stream for another thread: one may read while another one writes. Timeouts are those of the stream, not of
    /// a handle.
    ///
    /// # Errors
    ///
    /// The system refuses.
    pub fn try_clone(&self) -> Result<Self> {
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
