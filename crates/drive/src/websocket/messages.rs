//! Whole messages.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_sink::Sink;
use wirebahn_core::Engine;
use wirebahn_core::websocket::{
    CloseCode, Message, MessageEvent, MessageRef, Messages, PreparedMessage, Replies, SendError,
};

use super::WebSocket;
use crate::socket::Step;
use crate::{Io, Runtime};

/// After so many pings and pongs in a row, other tasks get their turn: a peer that floods them does not starve those.
const SKIPS_PER_TURN: usize = 64;

impl<I: Io, R: Runtime> WebSocket<I, R> {
    /// The next message; `None` once the connection has ended, when [`closed`](Self::closed) tells how.
    ///
    /// Pings are answered and pongs dropped; [`recv_event`](Self::recv_event) shows them, too.
    #[inline]
    pub async fn recv(&mut self) -> Option<Message> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// The poll function behind [`recv`](Self::recv).
    #[inline]
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        poll_message(cx, |cx| self.poll_event(cx))
    }

    /// Hands every message to `handle` until the connection has ended, when [`closed`](Self::closed) tells how.
    ///
    /// Short messages are handed over where they lie in the receive buffer, with a way to answer them right away: the
    /// fastest way to serve requests that need no waiting. Everything that one read brought is answered with one
    /// write.
    ///
    /// Dropping the future loses nothing: every message is either handled as a whole or comes again.
    ///
    /// # Errors
    ///
    /// What `handle` returned; it ends the loop, not the connection.
    pub async fn serve<H>(&mut self, mut handle: H) -> Result<(), SendError>
    where
        H: FnMut(MessageRef<'_>, &mut Replies<'_>) -> Result<(), SendError>,
    {
        poll_fn(|cx| self.poll_serve(cx, &mut handle)).await
    }

    fn poll_serve<H>(&mut self, cx: &mut Context<'_>, handle: &mut H) -> Poll<Result<(), SendError>>
    where
        H: FnMut(MessageRef<'_>, &mut Replies<'_>) -> Result<(), SendError>,
    {
        loop {
            // Without room nothing more is answered; at the end of the connection there is none, but events are left.
            let open = self.inner.socket.is_ready() || ready!(self.poll_ready(cx)).is_ok();
            let lend = |engine: &mut Messages| if open { lend_all(engine, handle) } else { None };
            let event = match ready!(self.inner.poll_event_after(cx, lend)) {
                Step::Event(event) => event,
                Step::Stopped(Lent::UntilFull) => continue,
                Step::Stopped(Lent::UntilFailed(error)) => return Poll::Ready(Err(error)),
            };
            match event {
                Some(MessageEvent::Message(message)) => {
                    handle(MessageRef::from(&message), &mut self.engine_mut().replies())?;
                }
                Some(MessageEvent::Closed(_)) | None => return Poll::Ready(Ok(())),
                Some(_) => {}
            }
        }
    }

    /// Sends a message and waits until it is written to the stream.
    ///
    /// To answer many messages that came together with one write, use [`feed`](Self::feed).
    ///
    /// # Errors
    ///
    /// The message is too long, or the connection is closing.
    pub fn send(&mut self, message: impl Into<Message>) -> impl Future<Output = Result<(), SendError>> {
        // No `async fn`: it would keep the message twice, in the future of every handler.
        let message = message.into();
        async move {
            self.ready().await?;
            self.engine_mut().send(message)?;
            self.flush().await
        }
    }

    /// Queues a message, after waiting for room if need be. It is written with the next call that waits:
    /// [`recv`](Self::recv) when no further message has arrived yet, [`flush`](Self::flush), or `feed` itself when
    /// there is no room.
    ///
    /// A loop of `recv` and `feed` answers everything that one read brought with one write.
    ///
    /// # Errors
    ///
    /// The message is too long, or the connection is closing.
    #[inline]
    pub async fn feed(&mut self, message: impl Into<Message>) -> Result<(), SendError> {
        let message = message.into();
        if !self.inner.socket.is_ready() {
            self.ready().await?;
        }
        self.engine_mut().send(message)
    }

    /// Sends a message that was encoded once for many connections, and waits until it is written to the stream.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn send_prepared(&mut self, message: &PreparedMessage) -> Result<(), SendError> {
        self.feed_prepared(message).await?;
        self.flush().await
    }

    /// Queues a message that was encoded once for many connections; see [`feed`](Self::feed).
    ///
    /// # Errors
    ///
    /// As [`feed`](Self::feed).
    pub async fn feed_prepared(&mut self, message: &PreparedMessage) -> Result<(), SendError> {
        self.ready().await?;
        self.engine_mut().send_prepared(message)
    }

    /// Sends a message in frames of at most `size` payload bytes, and waits until it is written to the stream.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn send_fragmented(
        &mut self,
        message: impl Into<Message>,
        size: usize,
    ) -> Result<(), SendError> {
        let message = message.into();
        self.ready().await?;
        self.engine_mut().send_fragmented(message, size)?;
        self.flush().await
    }
}

/// The next message of the events that `poll_event` polls for; `None` once the connection has ended.
#[inline]
pub(super) fn poll_message(
    cx: &mut Context<'_>,
    mut poll_event: impl FnMut(&mut Context<'_>) -> Poll<Option<MessageEvent>>,
) -> Poll<Option<Message>> {
    for _ in 0..SKIPS_PER_TURN {
        match ready!(poll_event(cx)) {
            Some(MessageEvent::Message(message)) => return Poll::Ready(Some(message)),
            Some(MessageEvent::Closed(_)) | None => return Poll::Ready(None),
            Some(_) => {}
        }
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// Why lending messages stopped although there may be more.
enum Lent {
    /// The outbox has no room for answers.
    UntilFull,
    /// A message was not handled.
    UntilFailed(SendError),
}

/// Lends `handle` every message that can be lent. `None` if whatever comes next is something else.
#[inline]
fn lend_all<H>(engine: &mut Messages, handle: &mut H) -> Option<Lent>
where
    H: FnMut(MessageRef<'_>, &mut Replies<'_>) -> Result<(), SendError>,
{
    while let Some(handled) = engine.with_message(&mut *handle) {
        if let Err(error) = handled {
            return Some(Lent::UntilFailed(error));
        }
    }
    if engine.outbox().is_ready() { None } else { Some(Lent::UntilFull) }
}

/// The messages, as [`WebSocket::recv`] returns them.
impl<I: Io, R: Runtime> Stream for WebSocket<I, R> {
    type Item = Message;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        self.poll_recv(cx)
    }
}

/// Messages to be sent. Closing the sink is [`WebSocket::close`] with [`CloseCode::NORMAL`].
impl<I: Io, R: Runtime> Sink<Message> for WebSocket<I, R> {
    type Error = SendError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        Self::poll_ready(&mut self, cx)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), SendError> {
        self.engine_mut().send(message)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        Self::poll_flush(&mut self, cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        // Closed already is what is wanted.
        let _ = self.start_close(CloseCode::NORMAL, "");
        while self.closed().is_none() {
            ready!(self.poll_event(cx));
        }
        Poll::Ready(Ok(()))
    }
}
