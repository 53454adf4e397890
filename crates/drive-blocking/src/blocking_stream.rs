//! The streams that URLs lead to, on any network.

use std::io::{IoSlice, Read, Result, Write};
use std::time::Duration;

#[cfg(feature = "tls")]
use wirebahn_core::{Instant, http::Host};
#[cfg(feature = "tls")]
use wirebahn_tls::{ClientTls, ServerTls, TlsError, TlsInfo};

use crate::{Duplex, TryClone};

/// A stream to or from the other end, over a network's TCP streams `T` and Unix sockets `U`.
#[derive(Debug)]
#[non_exhaustive]
pub enum BlockingStream<T, U> {
    /// Over TCP.
    Tcp(T),
    /// Over a Unix socket.
    Unix(U),
    /// TLS over another one.
    #[cfg(feature = "tls")]
    Tls(Box<crate::TlsStream<Self>>),
}

#[cfg(feature = "tls")]
impl<T: Duplex, U: Duplex> BlockingStream<T, U> {
    /// Speaks TLS over this stream, as the client, until `deadline` at most.
    ///
    /// # Errors
    ///
    /// The server does not, is not the one that was asked for, or takes too long.
    pub fn secure(
        self,
        tls: &ClientTls,
        host: &Host,
        deadline: Option<Instant>,
    ) -> std::result::Result<Self, TlsError> {
        Ok(Self::Tls(Box::new(crate::secure(self, tls, host, deadline)?)))
    }

    /// Speaks TLS over this stream, as the server, until `deadline` at most; `received` was read from it already.
    ///
    /// # Errors
    ///
    /// The client does not, refuses, or takes too long.
    pub fn secure_accepted(
        self,
        received: bytes::BytesMut,
        tls: &ServerTls,
        deadline: Option<Instant>,
    ) -> std::result::Result<Self, TlsError> {
        Ok(Self::Tls(Box::new(crate::secure_accepted(self, received, tls, deadline)?)))
    }

    /// What the TLS handshake came to; `None` without TLS.
    #[must_use]
    pub fn tls_info(&self) -> Option<TlsInfo> {
        if let Self::Tls(stream) = self { Some(stream.info()) } else { None }
    }
}

impl<T: TryClone, U: TryClone> TryClone for BlockingStream<T, U> {
    fn try_clone(&self) -> Result<Self> {
        match self {
            Self::Tcp(stream) => stream.try_clone().map(Self::Tcp),
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
            Self::Unix($stream) => $call,
            #[cfg(feature = "tls")]
            Self::Tls($stream) => $call,
        }
    };
}

impl<T: Duplex, U: Duplex> Read for BlockingStream<T, U> {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        each!(self, stream => stream.read(buf))
    }
}

impl<T: Duplex, U: Duplex> Write for BlockingStream<T, U> {
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

impl<T: Duplex, U: Duplex> Duplex for BlockingStream<T, U> {
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
