//! A byte stream over a WebSocket.

use std::fmt;
use std::io::{BufRead, Error, ErrorKind, Read, Result, Write};

use bytes::{Buf, Bytes};
use wirebahn_adapter::{ConnectError, byte_stream_end};
use wirebahn_core::http::StatusCode;
use wirebahn_core::websocket::byte_stream::{ByteDecoder, ByteEncoding, ByteStreamError, MAX_MESSAGE_BYTES};
use wirebahn_core::websocket::opening::{Acceptance, OpeningFailure, Refusal, Subprotocol};
use wirebahn_core::websocket::{CloseCode, Closed, Event};

use crate::{Client, Duplex, Network, StreamingSocket, Upgrade};

/// A WebSocket as `Read` and `Write`, interoperable with websockify and with Autobahn's `WrappingWebSocketAdapter`: for
/// protocols that know nothing of messages, behind ports and proxies that know nothing but HTTP.
///
/// ```no_run
/// use std::io::{BufRead, Write};
///
/// use wirebahn_blocking::{ByteStream, Client};
///
/// let mut stream = ByteStream::connect(Client::new("ws://127.0.0.1:6080/websockify")?)?;
/// stream.write_all(b"HELO example.com\r\n")?;
/// let mut line = String::new();
/// stream.read_line(&mut line)?;
/// stream.close()?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// * Each write is one message, of at most [`MAX_MESSAGE_BYTES`], and waits until it is written. Whoever does not read holds up
///   the peer, through TCP.
/// * **Closing ends both directions**: WebSocket has no half-closed connections. A protocol in which one end closes and then
///   waits for an answer needs a mark of its own for the end.
/// * Reading ends with the peer's Close frame, if that has the code 1000 or 1001 or none. Every other end of the connection is
///   an error, so that a stream which was cut off is not taken for a complete one; its source is the [`Closed`].
/// * Dropping the stream drops the connection; [`close`](Self::close) ends it in order.
pub struct ByteStream<S> {
    connection: StreamingSocket<S>,
    encoding: ByteEncoding,
    decoder: ByteDecoder,
    /// Received and not read yet.
    received: Bytes,
    /// What the peer has done wrong; told when the connection has ended.
    error: Option<ByteStreamError>,
}

impl<S: Duplex> ByteStream<S> {
    /// Opens a byte stream, offering all encodings; a server that chooses none gets binary messages.
    ///
    /// # Errors
    ///
    /// As [`Client::connect`]; also if a subprotocol was offered before.
    pub fn connect<N: Network<Stream = S>>(client: Client<N>) -> std::result::Result<Self, ConnectError> {
        Self::connect_with(client, &ByteEncoding::ALL)
    }

    /// Opens a byte stream, offering the encodings that are named, by preference.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub fn connect_with<N: Network<Stream = S>>(
        mut client: Client<N>,
        encodings: &[ByteEncoding],
    ) -> std::result::Result<Self, ConnectError> {
        for encoding in encodings {
            client = client.subprotocol(encoding.subprotocol())?;
        }
        let opened = client.connect_layer()?;
        // The handshake has made sure that it is one of those that were offered.
        let encoding = opened.response.subprotocol.as_deref().and_then(ByteEncoding::from_subprotocol);
        Ok(Self::new(opened.connection, encoding.unwrap_or_default()))
    }

    /// Uses `connection`, on which nothing was sent or received yet, as a byte stream.
    #[must_use]
    pub const fn new(connection: StreamingSocket<S>, encoding: ByteEncoding) -> Self {
        Self {
            connection,
            encoding,
            decoder: ByteDecoder::new(encoding),
            received: Bytes::new(),
            error: None,
        }
    }

    /// Accepts a client that wants a byte stream, in the encoding that it prefers; one that offers only other subprotocols
    /// is refused with 406, as Autobahn does.
    ///
    /// # Errors
    ///
    /// There is no stream; the client was told so.
    pub fn accept(upgrade: Upgrade<S>) -> std::result::Result<Self, OpeningFailure> {
        let request = upgrade.request();
        let Some(encoding) = ByteEncoding::choose(request) else {
            let status = StatusCode::NOT_ACCEPTABLE;
            // An answer without headers and body is always allowed.
            let _ = upgrade.refuse(Refusal::new(status));
            return Err(OpeningFailure::Refused(status));
        };
        let mut acceptance = Acceptance::default();
        if !request.subprotocols.is_empty() {
            acceptance.subprotocol = Subprotocol::Named(encoding.subprotocol().into());
        }
        match upgrade.accept(acceptance) {
            Ok(connection) => Ok(Self::new(connection, encoding)),
            Err(_) => unreachable!("the subprotocol was offered, and there are no headers"),
        }
    }

    /// Sends a Close frame, and waits for the peer's. What the peer had sent by then is dropped.
    ///
    /// # Errors
    ///
    /// The connection did not end in order.
    pub fn close(&mut self) -> Result<()> {
        // One that is closing already needs no second reason.
        let _ = self.connection.close(CloseCode::NORMAL, "");
        self.received.clear();
        self.end()
    }

    /// Sends a Close frame, so that the peer's reader comes to its end. Go on reading: what the peer had sent by then still comes.
    pub fn start_close(&mut self) {
        let _ = self.connection.start_close(CloseCode::NORMAL, "");
        let _ = self.connection.flush();
    }

    /// How the connection ended, once reading has come to its end.
    #[must_use]
    pub const fn closed(&self) -> Option<&Closed> {
        self.connection.closed()
    }

    /// How bytes become messages here.
    #[must_use]
    pub const fn encoding(&self) -> ByteEncoding {
        self.encoding
    }

    /// The connection under this stream, for timeouts and statistics.
    #[must_use]
    pub const fn connection(&self) -> &StreamingSocket<S> {
        &self.connection
    }

    /// Waits until there is something in `received`, or the end.
    fn receive(&mut self) -> Result<()> {
        while self.received.is_empty() {
            match self.connection.recv_event() {
                // What follows a mistake is not a part of the stream any more.
                Some(Event::Data(chunk)) if self.error.is_none() => match self.decoder.decode(chunk) {
                    Ok(bytes) => self.received = bytes,
                    Err(error) => {
                        self.error = Some(error);
                        let _ = self.connection.start_close(error.close_code(), &error.to_string());
                    }
                },
                Some(_) => {}
                None => return self.end(),
            }
        }
        Ok(())
    }

    /// Whether the stream is complete.
    fn end(&self) -> Result<()> {
        match (self.error, self.connection.closed()) {
            (Some(error), _) => Err(Error::new(ErrorKind::InvalidData, error)),
            (None, Some(closed)) => byte_stream_end(closed),
            (None, None) => Err(ErrorKind::NotConnected.into()),
        }
    }
}

impl<S: Duplex> BufRead for ByteStream<S> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        self.receive()?;
        Ok(&self.received)
    }

    fn consume(&mut self, len: usize) {
        self.received.advance(len.min(self.received.len()));
    }
}

impl<S: Duplex> Read for ByteStream<S> {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        let len = self.fill_buf()?.read(buf)?;
        self.consume(len);
        Ok(len)
    }
}

impl<S: Duplex> Write for ByteStream<S> {
    fn write(&mut self, buf: &[u8]) -> Result<usize> {
        let part = buf.get(..MAX_MESSAGE_BYTES).unwrap_or(buf);
        if part.is_empty() {
            return Ok(0);
        }
        let message = self.encoding.encode(part);
        let sent = self.connection.operate(|engine| engine.send_message(message));
        sent.map_err(|error| Error::new(ErrorKind::BrokenPipe, error))?;
        Ok(part.len())
    }

    fn flush(&mut self) -> Result<()> {
        self.connection.flush().map_err(|error| Error::new(ErrorKind::BrokenPipe, error))
    }
}

impl<S: Duplex> fmt::Debug for ByteStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByteStream")
            .field("encoding", &self.encoding)
            .field("closed", &self.connection.closed())
            .finish_non_exhaustive()
    }
}
