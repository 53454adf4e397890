//! One WebSocket for two tasks.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use futures_sink::Sink;
use wirebahn_core::websocket::{
    CloseCode, Closed, Message, MessageEvent, Messages, PreparedMessage, SendError,
};

use super::WebSocket;
use super::connection::Inner;
use super::messages::poll_message;
use crate::shutdown::ShutdownWatch;
use crate::{Disconnected, Io, ReadHalf, Runtime, WriteHalf};

/// The half of a [`WebSocket`] that receives; see [`WebSocket::split`].
pub struct WebSocketReader<I, R: Runtime> {
    half: ReadHalf<Messages, I, R>,
    closed: Option<Box<Closed>>,
    shutdown: Option<ShutdownWatch>,
}

/// The half of a [`WebSocket`] that sends; see [`WebSocket::split`].
pub struct WebSocketWriter<I, R: Runtime> {
    half: WriteHalf<Messages, I, R>,
    /// Of its own: a reader that nobody polls would not notice the signal.
    shutdown: Option<ShutdownWatch>,
}

impl<I: Io, R: Runtime> WebSocket<I, R> {
    /// Makes two halves that two tasks can use at the same time, at the price of a lock and of more wake-ups.
    ///
    /// Either half drives the connection while it waits. Dropping one leaves the connection to the other; dropping both
    /// drops the stream.
    pub fn split(self) -> (WebSocketReader<I, R>, WebSocketWriter<I, R>) {
        let Inner { socket, closed, shutdown } = *self.into_inner();
        let (read, write) = socket.split();
        let watch = shutdown.as_ref().map(ShutdownWatch::another);
        (WebSocketReader { half: read, closed, shutdown }, WebSocketWriter { half: write, shutdown: watch })
    }
}

impl<I: Io, R: Runtime> WebSocketReader<I, R> {
    /// As [`WebSocket::recv`].
    pub async fn recv(&mut self) -> Option<Message> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// As [`WebSocket::recv_event`](super::Connection::recv_event).
    pub async fn recv_event(&mut self) -> Option<MessageEvent> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// The poll function behind [`recv`](Self::recv).
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        poll_message(cx, |cx| self.poll_event(cx))
    }

    /// The poll function behind [`recv_event`](Self::recv_event).
    pub fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<MessageEvent>> {
        if let Some(shutdown) = &mut self.shutdown
            && (shutdown.take_request() || (shutdown.wait(cx.waker()) && shutdown.take_request()))
        {
            let now = self.half.now();
            // A connection that is closing already needs no second reason.
            let _ = self.half.with_engine(|engine| engine.close(CloseCode::GOING_AWAY, "", now));
        }
        let event = ready!(self.half.poll_event(cx));
        if let Some(MessageEvent::Closed(closed)) = &event {
            self.closed = Some(Box::new(closed.clone()));
        }
        Poll::Ready(event)
    }

    /// How the connection ended, once the last event was taken.
    #[must_use]
    pub fn closed(&self) -> Option<&Closed> {
        self.closed.as_deref()
    }

    /// Makes one WebSocket of the two halves again.
    ///
    /// # Errors
    ///
    /// Both halves, if they are not of the same WebSocket.
    pub fn reunite(
        self,
        writer: WebSocketWriter<I, R>,
    ) -> Result<WebSocket<I, R>, (Self, WebSocketWriter<I, R>)> {
        let Self { half, closed, shutdown } = self;
        match half.reunite(writer.half) {
            Ok(socket) => Ok(WebSocket::from_inner(Box::new(Inner { socket, closed, shutdown }))),
            Err(error) => {
                let writer = WebSocketWriter { half: error.write, shutdown: writer.shutdown };
                Err((Self { half: error.read, closed, shutdown }, writer))
            }
        }
    }
}

impl<I: Io, R: Runtime> WebSocketWriter<I, R> {
    /// As [`WebSocket::send`].
    ///
    /// # Errors
    ///
    /// The message is too long, or the connection is closing.
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), SendError> {
        self.feed(message).await?;
        self.flush().await
    }

    /// As [`WebSocket::feed`].
    ///
    /// # Errors
    ///
    /// The message is too long, or the connection is closing.
    pub async fn feed(&mut self, message: impl Into<Message>) -> Result<(), SendError> {
        let message = message.into();
        self.ready().await?;
        self.half.with_engine(|engine| engine.send(message))
    }

    /// As [`WebSocket::send_prepared`].
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn send_prepared(&mut self, message: &PreparedMessage) -> Result<(), SendError> {
        self.feed_prepared(message).await?;
        self.flush().await
    }

    /// As [`WebSocket::feed_prepared`].
    ///
    /// # Errors
    ///
    /// As [`feed`](Self::feed).
    pub async fn feed_prepared(&mut self, message: &PreparedMessage) -> Result<(), SendError> {
        self.ready().await?;
        self.half.with_engine(|engine| engine.send_prepared(message))
    }

    /// Sends a ping with up to 125 bytes of payload. The reader gets the answer as an event.
    ///
    /// # Errors
    ///
    /// The payload is too long, or the connection is closing.
    pub async fn ping(&mut self, payload: impl Into<Bytes>) -> Result<(), SendError> {
        let payload = payload.into();
        self.ready().await?;
        self.half.with_engine(|engine| engine.ping(payload))?;
        self.flush().await
    }

    /// Sends a Close frame. The reader learns how the connection ends.
    ///
    /// # Errors
    ///
    /// The code or the reason must not be sent, or the connection is closing already.
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), SendError> {
        let now = self.half.now();
        self.half.with_engine(|engine| engine.close(code, reason, now))?;
        // The connection may have ended by the time that this looks: that is what was wanted.
        let _ = self.flush().await;
        Ok(())
    }

    /// Waits until everything is written to the stream.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`] if not everything could be written.
    pub async fn flush(&mut self) -> Result<(), SendError> {
        poll_fn(|cx| self.poll_output(cx, WriteHalf::poll_flush)).await
    }

    async fn ready(&mut self) -> Result<(), SendError> {
        poll_fn(|cx| self.poll_output(cx, WriteHalf::poll_ready)).await
    }

    /// Waits with `poll` for the outbox, and meanwhile for the shutdown.
    fn poll_output(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl Fn(&mut WriteHalf<Messages, I, R>, &mut Context<'_>) -> Poll<Result<(), Disconnected>>,
    ) -> Poll<Result<(), SendError>> {
        // Before the outbox is written, so that the Close frame leaves with it.
        self.obey_shutdown();
        let mut polled = poll(&mut self.half, cx);
        if polled.is_pending()
            && let Some(shutdown) = &mut self.shutdown
            && shutdown.wait(cx.waker())
        {
            self.obey_shutdown();
            polled = poll(&mut self.half, cx);
        }
        polled.map_err(|Disconnected| SendError::Closed)
    }

    fn obey_shutdown(&mut self) {
        if self.shutdown.as_mut().is_some_and(ShutdownWatch::take_request) {
            let now = self.half.now();
            // A connection that is closing already needs no second reason.
            let _ = self.half.with_engine(|engine| engine.close(CloseCode::GOING_AWAY, "", now));
        }
    }
}

/// The messages, as [`WebSocketReader::recv`] returns them.
impl<I: Io, R: Runtime> Stream for WebSocketReader<I, R> {
    type Item = Message;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        self.poll_recv(cx)
    }
}

/// Messages to be sent. Closing the sink sends a Close frame with [`CloseCode::NORMAL`].
impl<I: Io, R: Runtime> Sink<Message> for WebSocketWriter<I, R> {
    type Error = SendError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.poll_output(cx, WriteHalf::poll_ready)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), SendError> {
        self.half.with_engine(|engine| engine.send(message))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.poll_output(cx, WriteHalf::poll_flush)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        let now = self.half.now();
        // Closed already is what is wanted.
        let _ = self.half.with_engine(|engine| engine.close(CloseCode::NORMAL, "", now));
        Sink::poll_flush(self, cx).map(|_| Ok(()))
    }
}

impl<I, R: Runtime> fmt::Debug for WebSocketReader<I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketReader").field("closed", &self.closed).finish_non_exhaustive()
    }
}

impl<I, R: Runtime> fmt::Debug for WebSocketWriter<I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketWriter").finish_non_exhaustive()
    }
}
