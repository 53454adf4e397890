//! TLS over any stream.

use std::io::{IoSlice, Read, Result, Write};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use wirebahn_core::Instant;
use wirebahn_core::http::Host;
use wirebahn_tls::rustls::{ClientConnection, ServerConnection, StreamOwned};
use wirebahn_tls::{ClientTls, ServerTls, TlsError, TlsFailure, TlsInfo, server_name};

use crate::socket::{is_temporary, now};
use crate::{Duplex, Stream};

/// A stream with TLS on it.
#[derive(Debug)]
pub struct TlsStream(Kind);

#[derive(Debug)]
enum Kind {
    Client(StreamOwned<ClientConnection, Prefixed>),
    Server(StreamOwned<ServerConnection, Prefixed>),
}

macro_rules! each {
    ($self:expr, $stream:ident => $call:expr) => {
        match $self {
            Kind::Client($stream) => $call,
            Kind::Server($stream) => $call,
        }
    };
}

/// Speaks TLS as the client.
pub(crate) fn connect(
    stream: Stream,
    tls: &ClientTls,
    host: &Host,
    deadline: Option<Instant>,
) -> std::result::Result<Stream, TlsError> {
    let name = host.to_string();
    let connection = ClientConnection::new(Arc::clone(tls.config()), server_name(&name)?)
        .map_err(|error| TlsError::new(name.as_str(), error.into()))?;
    let stream = Prefixed { prefix: BytesMut::new(), stream };
    shake_hands(Kind::Client(StreamOwned::new(connection, stream)), &name, deadline)
}

/// Speaks TLS as the server; `received` was read already.
pub(crate) fn accept(
    stream: Stream,
    received: BytesMut,
    tls: &ServerTls,
    deadline: Option<Instant>,
) -> std::result::Result<Stream, TlsError> {
    let name = "a client";
    let connection =
        ServerConnection::new(Arc::clone(tls.config())).map_err(|error| TlsError::new(name, error.into()))?;
    let stream = Prefixed { prefix: received, stream };
    shake_hands(Kind::Server(StreamOwned::new(connection, stream)), name, deadline)
}

fn shake_hands(
    mut kind: Kind,
    name: &str,
    deadline: Option<Instant>,
) -> std::result::Result<Stream, TlsError> {
    let fail = |failure| TlsError::new(name, failure);
    while each!(&kind, stream => stream.conn.is_handshaking()) {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(fail(TlsFailure::TimedOut));
        }
        let step = each!(&mut kind, stream => {
            stream.sock.set_read_timeout(left)
                .and_then(|()| stream.sock.set_write_timeout(left))
                .and_then(|()| stream.conn.complete_io(&mut stream.sock).map(drop))
        });
        match step {
            Err(error) if !is_temporary(&error) => return Err(TlsError::from_io(name, error)),
            _ => {}
        }
    }
    Ok(Stream::Tls(Box::new(TlsStream(kind))))
}

impl TlsStream {
    /// What the handshake came to: certificates of the other end, the channel binding.
    #[must_use]
    pub fn info(&self) -> TlsInfo {
        match &self.0 {
            Kind::Client(stream) => TlsInfo::of_client(&stream.conn),
            Kind::Server(stream) => TlsInfo::of_server(&stream.conn),
        }
    }

    /// The stream under it.
    #[must_use]
    pub const fn get_ref(&self) -> &Stream {
        each!(&self.0, stream => &stream.sock.stream)
    }
}

impl Read for TlsStream {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        each!(&mut self.0, stream => stream.read(buf))
    }
}

impl Write for TlsStream {
    fn write(&mut self, buf: &[u8]) -> Result<usize> {
        each!(&mut self.0, stream => stream.write(buf))
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> Result<usize> {
        each!(&mut self.0, stream => stream.write_vectored(bufs))
    }

    fn flush(&mut self) -> Result<()> {
        each!(&mut self.0, stream => stream.flush())
    }
}

impl Duplex for TlsStream {
    fn set_read_timeout(&self, timeout: Option<Duration>) -> Result<()> {
        self.get_ref().set_read_timeout(timeout)
    }

    fn set_write_timeout(&self, timeout: Option<Duration>) -> Result<()> {
        self.get_ref().set_write_timeout(timeout)
    }

    fn shut_down_write(&mut self) -> Result<()> {
        each!(&mut self.0, stream => {
            stream.conn.send_close_notify();
            stream.flush()?;
            stream.sock.stream.shut_down_write()
        })
    }
}

/// A stream of which some bytes were read already.
#[derive(Debug)]
struct Prefixed {
    prefix: BytesMut,
    stream: Stream,
}

impl Prefixed {
    fn set_read_timeout(&self, timeout: Option<Duration>) -> Result<()> {
        self.stream.set_read_timeout(timeout)
    }

    fn set_write_timeout(&self, timeout: Option<Duration>) -> Result<()> {
        self.stream.set_write_timeout(timeout)
    }
}

impl Read for Prefixed {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        if self.prefix.is_empty() {
            return self.stream.read(buf);
        }
        let len = self.prefix.len().min(buf.len());
        if let Some(room) = buf.get_mut(..len) {
            self.prefix.copy_to_slice(room);
        }
        Ok(len)
    }
}

impl Write for Prefixed {
    fn write(&mut self, buf: &[u8]) -> Result<usize> {
        self.stream.write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> Result<usize> {
        self.stream.write_vectored(bufs)
    }

    fn flush(&mut self) -> Result<()> {
        self.stream.flush()
    }
}
