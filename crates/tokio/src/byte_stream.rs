//! A byte stream over a WebSocket, with tokio's traits.

use std::io::Result;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};
use wirebahn_core::websocket::Closed;
use wirebahn_core::websocket::opening::OpeningFailure;
use wirebahn_drive::Shutdown;
use wirebahn_drive::websocket::{ByteEncoding, ByteStream as Inner, ConnectError};

use crate::{Client, Stream, StreamingSocket, TokioIo, TokioRuntime, Upgrade};

/// A WebSocket as a byte stream, interoperable with websockify and with Autobahn's `WrappingWebSocketAdapter`: for
/// protocols that know nothing of messages, behind ports and proxies that know nothing but HTTP.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use tokio::io::copy_bidirectional;
/// use tokio::net::TcpStream;
/// use wirebahn_tokio::{ByteStream, Client};
///
/// let mut stream = ByteStream::connect(Client::new("wss://example.com/ssh")?).await?;
/// let mut target = TcpStream::connect("127.0.0.1:22").await?;
/// copy_bidirectional(&mut stream, &mut target).await?;
/// # Ok(())
/// # }
/// ```
///
/// * Each write is one message; it is on its way at once if the stream takes it, and waits for room while too much waits to
///   be sent. Whoever does not read holds up the peer, through TCP. Reader and writer may be two tasks
///   (`tokio::io::split`), and every method is cancel-safe.
/// * **Shutting down ends both directions**: WebSocket has no half-closed connections. A Close frame is sent behind what was
///   written before; the peer answers it at once, so that of its own bytes only those still arrive that it had sent by then.
/// * Reading ends with the peer's Close frame, if that has the code 1000 or 1001 or none. Every other end of the connection
///   is an error, so that a stream which was cut off is not taken for a complete one; its source is the [`Closed`].
/// * To end in order, read to the end after shutting down. Dropping the stream drops the connection.
#[derive(Debug)]
pub struct ByteStream<S: AsyncRead + AsyncWrite + Unpin = Stream> {
    inner: Inner<TokioIo<S>, TokioRuntime>,
}

impl ByteStream {
    /// Opens a byte stream, offering all encodings; a server that chooses none gets binary messages.
    ///
    /// # Errors
    ///
    /// As [`Client::connect`](crate::Client::connect); also if a subprotocol was offered before.
    pub async fn connect(client: Client) -> std::result::Result<Self, ConnectError> {
        Ok(Self { inner: Inner::connect(client).await? })
    }

    /// Opens a byte stream, offering the encodings that are named, by preference.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub async fn connect_with(
        client: Client,
        encodings: &[ByteEncoding],
    ) -> std::result::Result<Self, ConnectError> {
        Ok(Self { inner: Inner::connect_with(client, encodings).await? })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> ByteStream<S> {
    /// Uses `connection`, on which nothing was sent or received yet, as a byte stream.
    #[must_use]
    pub fn new(connection: StreamingSocket<S>, encoding: ByteEncoding) -> Self {
        Self { inner: Inner::new(connection, encoding) }
    }

    /// Accepts a client that wants a byte stream, in the encoding that it prefers; one that offers only other subprotocols
    /// is refused with 406, as Autobahn does.
    ///
    /// # Errors
    ///
    /// There is no stream; the client was told so.
    pub async fn accept(upgrade: Upgrade<S>) -> std::result::Result<Self, OpeningFailure> {
        Ok(Self { inner: Inner::accept(upgrade).await? })
    }

    /// Ends the stream with [`CloseCode::GOING_AWAY`](crate::CloseCode::GOING_AWAY) when `shutdown` is requested and it is
    /// read.
    pub fn end_on(&mut self, shutdown: &Shutdown) {
        self.inner.end_on(shutdown);
    }

    /// How the connection ended, once reading has come to its end.
    #[must_use]
    pub fn closed(&self) -> Option<&Closed> {
        self.inner.closed()
    }

    /// How bytes become messages here.
    #[must_use]
    pub const fn encoding(&self) -> ByteEncoding {
        self.inner.encoding()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for ByteStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let available = ready!(self.inner.poll_fill_buf(cx))?;
        let len = available.len().min(buf.remaining());
        buf.put_slice(available.get(..len).unwrap_or_default());
        self.inner.consume(len);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncBufRead for ByteStream<S> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<&[u8]>> {
        self.get_mut().inner.poll_fill_buf(cx)
    }

    fn consume(mut self: Pin<&mut Self>, len: usize) {
        self.inner.consume(len);
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for ByteStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        self.inner.poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_close(cx)
    }
}
