//! A byte stream over a WebSocket.

use std::fmt;
use std::io::{Error, ErrorKind, Result};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use wirebahn_adapter::byte_stream_end;
use wirebahn_core::http::StatusCode;
use wirebahn_core::websocket::byte_stream::{ByteDecoder, ByteEncoding, ByteStreamError, MAX_MESSAGE_BYTES};
use wirebahn_core::websocket::opening::{Acceptance, OpeningFailure, Refusal, Subprotocol};
use wirebahn_core::websocket::{CloseCode, Closed, Event, Streaming};

use super::connection::Inner;
use super::{Client, ConnectError, StreamingSocket, Upgrade};
use crate::shutdown::ShutdownWatch;
use crate::{Disconnected, Io, Network, ReadHalf, Runtime, Shutdown, WriteHalf};

/// After so many pings and empty messages in a row, other tasks get their turn.
const SKIPS_PER_TURN: usize = 64;

/// A WebSocket as a byte stream, interoperable with websockify and with Autobahn's `WrappingWebSocketAdapter`: for
/// protocols that know nothing of messages, behind ports and proxies that know nothing but HTTP.
///
/// It implements `AsyncRead`, `AsyncBufRead` and `AsyncWrite`, with the feature `futures-io` those of that crate, with the
/// feature `tokio-io` tokio's. Every method is cancel-safe, and reader and writer may be two tasks.
///
/// * Each write is one message, of at most [`MAX_MESSAGE_BYTES`]; it is on its way at once if the stream takes it, and
///   waits for room while too much waits to be sent. Whoever does not read holds up the peer, through TCP.
/// * **Closing ends both directions**: WebSocket has no half-closed connections. [`poll_close`](Self::poll_close) sends a
///   Close frame behind what was written before; the peer answers it at once, so that of its own bytes only those still
///   arrive that it had sent by then. A protocol in which one end closes and then waits for an answer needs a mark of its
///   own for the end.
/// * Reading ends with the peer's Close frame, if that has the code 1000 or 1001 or none. Every other end of the connection is
///   an error, so that a stream which was cut off is not taken for a complete one; its source is the [`Closed`].
/// * To end in order, read to the end after closing. Dropping the stream drops the connection.
pub struct ByteStream<I: Io, R: Runtime> {
    read: ReadHalf<Streaming, I, R>,
    write: WriteHalf<Streaming, I, R>,
    shutdown: Option<ShutdownWatch>,
    encoding: ByteEncoding,
    decoder: ByteDecoder,
    /// Received and not read yet.
    received: Bytes,
    /// What the peer has done wrong; told when the connection has ended.
    error: Option<ByteStreamError>,
    closed: Option<Box<Closed>>,
    is_closing: bool,
}

impl<I: Io, R: Runtime> ByteStream<I, R> {
    /// Uses `connection`, on which nothing was sent or received yet, as a byte stream.
    #[must_use]
    pub fn new(connection: StreamingSocket<I, R>, encoding: ByteEncoding) -> Self {
        let Inner { socket, closed, shutdown } = *connection.into_inner();
        // Reader and writer may be two tasks, so that each has to be woken for what the other one brings about.
        let (read, write) = socket.split();
        Self {
            read,
            write,
            shutdown,
            encoding,
            decoder: ByteDecoder::new(encoding),
            received: Bytes::new(),
            error: None,
            closed,
            is_closing: false,
        }
    }

    /// Accepts a client that wants a byte stream, in the encoding that it prefers; one that offers only other subprotocols
    /// is refused with 406, as Autobahn does.
    ///
    /// # Errors
    ///
    /// There is no stream; the client was told so.
    pub async fn accept(upgrade: Upgrade<I, R>) -> std::result::Result<Self, OpeningFailure> {
        let request = upgrade.request();
        let Some(encoding) = ByteEncoding::choose(request) else {
            let status = StatusCode::NOT_ACCEPTABLE;
            // An answer without headers and body is always allowed.
            let _ = upgrade.refuse(Refusal::new(status)).await;
            return Err(OpeningFailure::Refused(status));
        };
        let mut acceptance = Acceptance::default();
        acceptance.subprotocol = match request.subprotocols.is_empty() {
            true => Subprotocol::None,
            false => Subprotocol::Named(encoding.subprotocol().into()),
        };
        match upgrade.accept(acceptance).await {
            Ok(connection) => Ok(Self::new(connection, encoding)),
            Err(_) => unreachable!("the subprotocol was offered, and there are no headers"),
        }
    }

    /// Makes what was received available; nothing is the end. [`consume`](Self::consume) takes some of it.
    ///
    /// # Errors
    ///
    /// The connection ended, but not in order; or the peer sent what does not belong to the stream. Either comes again with
    /// every further call.
    pub fn poll_fill_buf(&mut self, cx: &mut Context<'_>) -> Poll<Result<&[u8]>> {
        if self.received.is_empty() {
            ready!(self.poll_receive(cx))?;
        }
        Poll::Ready(Ok(&self.received))
    }

    /// Takes `len` of the bytes that are available.
    pub fn consume(&mut self, len: usize) {
        self.received.advance(len.min(self.received.len()));
    }

    /// Reads into `buf`, and returns how many bytes; 0 is the end.
    ///
    /// # Errors
    ///
    /// As [`poll_fill_buf`](Self::poll_fill_buf).
    pub fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<Result<usize>> {
        let available = ready!(self.poll_fill_buf(cx))?;
        let len = available.len().min(buf.len());
        for (to, from) in buf.get_mut(..len).into_iter().zip(available.get(..len)) {
            to.copy_from_slice(from);
        }
        self.consume(len);
        Poll::Ready(Ok(len))
    }

    /// Sends a message with bytes from the front of `buf`, once there is room, and returns how many.
    ///
    /// # Errors
    ///
    /// The stream is closed, by either end.
    pub fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        if self.is_closing {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        }
        let part = buf.get(..MAX_MESSAGE_BYTES).unwrap_or(buf);
        if part.is_empty() {
            return Poll::Ready(Ok(0));
        }
        ready!(self.write.poll_ready(cx))?;
        let message = self.encoding.encode(part);
        let sent = self.write.with_engine(|engine| engine.send_message(message));
        sent.map_err(|error| Error::new(ErrorKind::BrokenPipe, error))?;
        // Nobody flushes a TCP stream, so nobody should have to flush this one.
        let _ = self.write.poll_flush(cx);
        Poll::Ready(Ok(part.len()))
    }

    /// Waits until everything is written to the stream under this one.
    ///
    /// # Errors
    ///
    /// Not everything could be written.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.write.poll_flush(cx).map_err(Into::into)
    }

    /// Sends a Close frame, and waits until it is written. That ends both directions, see above.
    ///
    /// # Errors
    ///
    /// The stream under this one broke before everything was written.
    pub fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if !self.is_closing {
            self.is_closing = true;
            self.start_close(CloseCode::NORMAL, "");
        }
        match ready!(self.write.poll_flush(cx)) {
            Ok(()) => Poll::Ready(Ok(())),
            // Closed by both ends is what was wanted.
            Err(Disconnected) => Poll::Ready(self.write.inspect(|socket| match socket.io_error() {
                Some(error) => Err(error.kind().into()),
                None => Ok(()),
            })),
        }
    }

    /// Ends the stream with [`CloseCode::GOING_AWAY`] when `shutdown` is requested and it is read.
    pub fn end_on(&mut self, shutdown: &Shutdown) {
        self.shutdown = Some(shutdown.watch());
    }

    /// How the connection ended, once reading has come to its end.
    #[must_use]
    pub fn closed(&self) -> Option<&Closed> {
        self.closed.as_deref()
    }

    /// How bytes become messages here.
    #[must_use]
    pub const fn encoding(&self) -> ByteEncoding {
        self.encoding
    }

    /// Looks at the stream under this one, unless the connection has ended.
    pub fn with_io<T>(&self, look: impl FnOnce(Option<&I>) -> T) -> T {
        self.read.inspect(|socket| look(socket.io()))
    }

    /// Waits until there is something in `received`, or the end.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        for _ in 0..SKIPS_PER_TURN {
            if self.closed.is_some() {
                return Poll::Ready(self.end());
            }
            self.obey_shutdown(cx);
            match ready!(self.read.poll_event(cx)) {
                // What follows a mistake is not a part of the stream any more.
                Some(Event::Data(chunk)) if self.error.is_none() => match self.decoder.decode(chunk) {
                    Ok(bytes) if bytes.is_empty() => {}
                    Ok(bytes) => {
                        self.received = bytes;
                        return Poll::Ready(Ok(()));
                    }
                    Err(error) => {
                        self.error = Some(error);
                        self.is_closing = true;
                        self.start_close(error.close_code(), &error.to_string());
                    }
                },
                Some(Event::Closed(closed)) => self.closed = Some(Box::new(closed)),
                Some(_) => {}
                None => return Poll::Ready(Err(ErrorKind::NotConnected.into())),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Whether the stream is complete.
    fn end(&self) -> Result<()> {
        if let Some(error) = self.error {
            return Err(Error::new(ErrorKind::InvalidData, error));
        }
        self.closed.as_deref().map_or(Ok(()), byte_stream_end)
    }

    fn obey_shutdown(&mut self, cx: &Context<'_>) {
        if let Some(shutdown) = &mut self.shutdown
            && (shutdown.take_request() || (shutdown.wait(cx.waker()) && shutdown.take_request()))
        {
            self.is_closing = true;
            self.start_close(CloseCode::GOING_AWAY, "");
        }
    }

    /// A connection that is closing already needs no second reason.
    fn start_close(&mut self, code: CloseCode, reason: &str) {
        let now = self.write.now();
        let _ = self.write.with_engine(|engine| engine.close(code, reason, now));
    }
}

impl<N: Network> ByteStream<N::Io, N> {
    /// Opens a byte stream, offering all encodings; a server that chooses none gets binary messages.
    ///
    /// # Errors
    ///
    /// As [`Client::connect`]; also if a subprotocol was offered before.
    pub async fn connect(client: Client<N>) -> std::result::Result<Self, ConnectError> {
        Self::connect_with(client, &ByteEncoding::ALL).await
    }

    /// Opens a byte stream, offering the encodings that are named, by preference.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub async fn connect_with(
        mut client: Client<N>,
        encodings: &[ByteEncoding],
    ) -> std::result::Result<Self, ConnectError> {
        for encoding in encodings {
            client = client.subprotocol(encoding.subprotocol())?;
        }
        let opened = client.connect_layer().await?;
        // The handshake has made sure that it is one of those that were offered.
        let encoding = opened.response.subprotocol.as_deref().and_then(ByteEncoding::from_subprotocol);
        Ok(Self::new(opened.connection, encoding.unwrap_or_default()))
    }
}

impl<I: Io, R: Runtime> fmt::Debug for ByteStream<I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByteStream")
            .field("encoding", &self.encoding)
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}
