//! TLS over any stream.

use std::fmt;
use std::io::{self, ErrorKind, IoSlice, Read, Result, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Buf, BufMut, BytesMut};
use wirebahn_core::Instant;
use wirebahn_core::http::Host;
use wirebahn_tls::rustls::{ClientConnection, Connection, ServerConnection};
use wirebahn_tls::{ClientTls, ServerTls, TlsError, TlsFailure, TlsInfo, server_name};

use crate::socket::{is_temporary, now, with_scratch};
use crate::{Duplex, TryClone};

/// The most that is read of the stream at a time: a record of the greatest length (RFC 8446 5.2) and its header.
const READ_LEN: usize = 5 + 16 * 1024 + 256;

/// A stream with TLS on it. Its two directions may be used by two threads, through
/// [`try_clone`](TryClone::try_clone).
pub struct TlsStream<S> {
    tls: Arc<Tls>,
    stream: S,
}

/// What the handles of one stream share. Nobody holds the lock of the state while the stream blocks, so that one thread can
/// write while another one waits for something to read.
struct Tls {
    state: Mutex<State>,
    /// Records on their way. Whoever holds this writes, so that they stay in order. Never taken while the state is locked.
    outgoing: Mutex<BytesMut>,
}

struct State {
    connection: Connection,
    /// What was read from the stream, and not taken in yet.
    incoming: BytesMut,
}

/// Speaks TLS as the client, until `deadline` at most.
///
/// # Errors
///
/// The server does not, is not the one that was asked for, or takes too long.
pub fn secure<S: Duplex>(
    stream: S,
    tls: &ClientTls,
    host: &Host,
    deadline: Option<Instant>,
) -> std::result::Result<TlsStream<S>, TlsError> {
    let name = host.to_string();
    let connection = ClientConnection::new(Arc::clone(tls.config()), server_name(&name)?)
        .map_err(|error| TlsError::new(name.as_str(), error.into()))?;
    let stream = TlsStream::new(connection.into(), BytesMut::new(), stream);
    stream.shake_hands(&name, deadline)
}

/// Speaks TLS as the server, until `deadline` at most; `received` was read already.
///
/// # Errors
///
/// The client does not, refuses, or takes too long.
pub fn secure_accepted<S: Duplex>(
    stream: S,
    received: BytesMut,
    tls: &ServerTls,
    deadline: Option<Instant>,
) -> std::result::Result<TlsStream<S>, TlsError> {
    let name = "a client";
    let connection =
        ServerConnection::new(Arc::clone(tls.config())).map_err(|error| TlsError::new(name, error.into()))?;
    TlsStream::new(connection.into(), received, stream).shake_hands(name, deadline)
}

impl<S: Duplex> TlsStream<S> {
    fn new(connection: Connection, incoming: BytesMut, stream: S) -> Self {
        let state = Mutex::new(State { connection, incoming });
        Self { tls: Arc::new(Tls { state, outgoing: Mutex::default() }), stream }
    }

    fn shake_hands(mut self, name: &str, deadline: Option<Instant>) -> std::result::Result<Self, TlsError> {
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Err(TlsError::new(name, TlsFailure::TimedOut));
            }
            match self.shake_hands_once(left) {
                Ok(true) => return Ok(self),
                Err(error) if !is_temporary(&error) => return Err(TlsError::from_io(name, error)),
                Ok(false) | Err(_) => {}
            }
        }
    }

    /// One step of the handshake; whether it is complete.
    fn shake_hands_once(&mut self, left: Option<Duration>) -> Result<bool> {
        self.stream.set_read_timeout(left)?;
        self.stream.set_write_timeout(left)?;
        self.send()?;
        let mut state = self.tls.state();
        if !state.connection.is_handshaking() {
            return Ok(true);
        }
        let has_progressed = state.take_in_again();
        drop(state);
        match has_progressed {
            Ok(true) => {}
            Ok(false) if self.receive()? == 0 => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(false) => {}
            Err(error) => return Err(self.fail(error)),
        }
        Ok(false)
    }

    /// What the handshake came to: certificates of the other end, the channel binding.
    #[must_use]
    pub fn info(&self) -> TlsInfo {
        match &self.tls.state().connection {
            Connection::Client(connection) => TlsInfo::of_client(connection),
            Connection::Server(connection) => TlsInfo::of_server(connection),
        }
    }

    /// The stream under it.
    #[must_use]
    pub const fn get_ref(&self) -> &S {
        &self.stream
    }

    /// Reads records, and takes them in; how many octets, 0 at the end of the stream.
    fn receive(&mut self) -> Result<usize> {
        let (stream, tls) = (&mut self.stream, &self.tls);
        let (len, taken_in) = with_scratch(|scratch| {
            let scratch = scratch.get_mut(..READ_LEN).unwrap_or_default();
            let len = stream.read(scratch)?;
            Ok::<_, io::Error>((len, tls.state().take_in(scratch.get(..len).unwrap_or_default())))
        })?;
        taken_in.map_err(|error| self.fail(error))?;
        Ok(len)
    }

    /// The other end broke the protocol: tells it so, if nothing keeps that from being sent.
    fn fail(&mut self, error: wirebahn_tls::rustls::Error) -> io::Error {
        if let Ok(mut outgoing) = self.tls.outgoing.try_lock() {
            // It is about to learn that something is wrong in any case.
            let _ = self.tls.send(&mut outgoing, &mut self.stream);
        }
        io::Error::new(ErrorKind::InvalidData, error)
    }

    /// Writes all records there are.
    fn send(&mut self) -> Result<()> {
        self.tls.send(&mut self.tls.outgoing(), &mut self.stream)
    }

    /// Takes plaintext, once everything before it is written: what is taken is on its way.
    fn write_with(&mut self, write: impl FnOnce(&mut dyn Write) -> Result<usize>) -> Result<usize> {
        self.send()?;
        let taken = write(&mut self.tls.state().connection.writer())?;
        match self.send() {
            Err(error) if !is_temporary(&error) => Err(error),
            _ => Ok(taken),
        }
    }
}

impl Tls {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn outgoing(&self) -> MutexGuard<'_, BytesMut> {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, outgoing: &mut BytesMut, stream: &mut impl Write) -> Result<()> {
        loop {
            let mut state = self.state();
            while state.connection.wants_write() {
                state.connection.write_tls(&mut outgoing.writer())?;
            }
            drop(state);
            if outgoing.is_empty() {
                return Ok(());
            }
            match stream.write(outgoing)? {
                0 => return Err(ErrorKind::WriteZero.into()),
                // A connection that has nothing to send holds no memory for it.
                len if len == outgoing.len() => *outgoing = BytesMut::new(),
                len => outgoing.advance(len),
            }
        }
    }
}

impl State {
    /// Takes in records, as far as there is room for what is in them. An empty slice is the end of the stream.
    fn take_in(&mut self, mut octets: &[u8]) -> std::result::Result<(), wirebahn_tls::rustls::Error> {
        if octets.is_empty() {
            // To learn of the end never fails.
            let _ = self.connection.read_tls(&mut octets);
        }
        while !octets.is_empty() {
            match self.connection.read_tls(&mut octets) {
                // After the other end's farewell nothing counts.
                Ok(0) => return Ok(()),
                Ok(_) => {
                    self.connection.process_new_packets()?;
                }
                // There is no room before somebody has read.
                Err(_) => break,
            }
        }
        self.incoming.extend_from_slice(octets);
        Ok(())
    }

    /// Takes in what was left; whether there was anything.
    fn take_in_again(&mut self) -> std::result::Result<bool, wirebahn_tls::rustls::Error> {
        if self.incoming.is_empty() {
            return Ok(false);
        }
        let incoming = std::mem::take(&mut self.incoming);
        self.take_in(&incoming)?;
        Ok(true)
    }
}

impl<S: Duplex> Read for TlsStream<S> {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        loop {
            let mut state = self.tls.state();
            match state.connection.reader().read(buf) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                result => return result,
            }
            let has_progressed = state.take_in_again();
            drop(state);
            match has_progressed {
                Ok(true) => {}
                Ok(false) => {
                    self.receive()?;
                }
                Err(error) => return Err(self.fail(error)),
            }
        }
    }
}

impl<S: Duplex> Write for TlsStream<S> {
    fn write(&mut self, buf: &[u8]) -> Result<usize> {
        self.write_with(|writer| writer.write(buf))
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> Result<usize> {
        self.write_with(|writer| writer.write_vectored(bufs))
    }

    fn flush(&mut self) -> Result<()> {
        self.send()?;
        self.stream.flush()
    }
}

impl<S: TryClone> TryClone for TlsStream<S> {
    fn try_clone(&self) -> Result<Self> {
        Ok(Self { tls: Arc::clone(&self.tls), stream: self.stream.try_clone()? })
    }
}

impl<S: Duplex> Duplex for TlsStream<S> {
    fn set_read_timeout(&self, timeout: Option<Duration>) -> Result<()> {
        self.stream.set_read_timeout(timeout)
    }

    fn set_write_timeout(&self, timeout: Option<Duration>) -> Result<()> {
        self.stream.set_write_timeout(timeout)
    }

    fn shut_down_write(&mut self) -> Result<()> {
        self.tls.state().connection.send_close_notify();
        self.flush()?;
        self.stream.shut_down_write()
    }
}

impl<S: fmt::Debug> fmt::Debug for TlsStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsStream").field("stream", &self.stream).finish_non_exhaustive()
    }
}
