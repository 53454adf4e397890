use std::convert::Infallible;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use wirebahn_core::websocket::{CloseCode, Closed, Established, SendError, TrafficStats};

use super::Layer;
use crate::shutdown::ShutdownWatch;
use crate::socket::Step;
use crate::{Disconnected, Io, Runtime, Shutdown, Socket};

/// An open WebSocket connection over a stream, driven by the task that uses it.
///
/// Waiting for what comes next does everything there is to do: it reads, answers pings, sends keepalive pings, writes
/// what waits and runs timers. A connection that nobody polls stands still.
///
/// Every method is cancel-safe: its future may be dropped at any point, and nothing is lost or torn. A message that is
/// being sent then has been taken as a whole or not at all.
///
/// Dropping a connection drops the stream without a closing handshake; call [`close`](Self::close) to end it in order.
///
/// Three type aliases name it by its layer: [`WebSocket`](super::WebSocket), [`FrameSocket`](super::FrameSocket) and
/// [`StreamingSocket`](super::StreamingSocket).
pub struct Connection<L: Layer, I, R: Runtime> {
    /// On the heap, so that moving a connection, as every `async` function it is passed to does, costs nothing.
    pub(super) inner: Box<Inner<L, I, R>>,
}

pub(super) struct Inner<L: Layer, I, R: Runtime> {
    pub(super) socket: Socket<L, I, R>,
    /// On the heap, since most connections are open most of the time.
    pub(super) closed: Option<Box<Closed>>,
    pub(super) shutdown: Option<ShutdownWatch>,
}

impl<L: Layer, I: Io, R: Runtime> Connection<L, I, R> {
    /// A connection whose opening handshake was made elsewhere, for example by an HTTP server.
    pub fn from_established(established: Established, io: I) -> Self {
        Self::from_socket(Socket::new(L::new(established), io))
    }

    pub(super) fn from_socket(socket: Socket<L, I, R>) -> Self {
        Self { inner: Box::new(Inner { socket, closed: None, shutdown: None }) }
    }

    pub(super) fn from_inner(inner: Box<Inner<L, I, R>>) -> Self {
        Self { inner }
    }

    pub(super) fn into_inner(self) -> Box<Inner<L, I, R>> {
        self.inner
    }

    /// Ends the connection with [`CloseCode::GOING_AWAY`] when `shutdown` is requested: what waits for events then
    /// gets the end, what sends gets [`SendError::Closed`].
    pub fn end_on(&mut self, shutdown: &Shutdown) {
        self.inner.shutdown = Some(shutdown.watch());
    }

    /// The next event of the layer; `None` after the last one. The future is cancel-safe.
    pub fn recv_event(&mut self) -> impl Future<Output = Option<L::Event>> {
        poll_fn(|cx| self.poll_event(cx))
    }

    /// The poll function behind [`recv_event`](Self::recv_event).
    #[inline]
    pub fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<L::Event>> {
        self.inner.poll_event(cx)
    }

    /// Waits until there is room to send.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`].
    #[inline]
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.inner.poll_output(cx, Socket::poll_ready)
    }

    /// Waits until everything is written to the stream.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`] if not everything could be written.
    #[inline]
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        if self.inner.shutdown.is_some() {
            // Before the flush, so that the Close frame leaves with it: senders may never take an event.
            self.inner.obey_shutdown();
        }
        self.inner.poll_output(cx, Socket::poll_flush)
    }

    /// Waits until there is room to send.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`].
    pub fn ready(&mut self) -> impl Future<Output = Result<(), SendError>> {
        poll_fn(|cx| self.poll_ready(cx))
    }

    /// Waits until everything is written to the stream.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`] if not everything could be written.
    pub fn flush(&mut self) -> impl Future<Output = Result<(), SendError>> {
        poll_fn(|cx| self.poll_flush(cx))
    }

    /// Sends a ping with up to 125 bytes of payload. The answer comes as an event.
    ///
    /// # Errors
    ///
    /// The payload is too long, or the connection is closing.
    pub async fn ping(&mut self, payload: impl Into<Bytes>) -> Result<(), SendError> {
        let payload = payload.into();
        self.ready().await?;
        self.engine_mut().ping(payload)?;
        self.flush().await
    }

    /// Sends a pong that nobody asked for, with up to 125 bytes of payload. Pings are answered without it.
    ///
    /// # Errors
    ///
    /// The payload is too long, or the connection is closing.
    pub async fn pong(&mut self, payload: impl Into<Bytes>) -> Result<(), SendError> {
        let payload = payload.into();
        self.ready().await?;
        self.engine_mut().pong(payload)?;
        self.flush().await
    }

    /// Ends the connection in order: sends a Close frame, waits for the peer's and for the end of the transport, and
    /// tells how it ended. What the peer still sends is dropped; take it with [`start_close`](Self::start_close) and
    /// further events instead if you want it.
    ///
    /// Takes no longer than the timeouts of [`CloseConfig`](wirebahn_core::websocket::CloseConfig).
    ///
    /// # Errors
    ///
    /// The code or the reason must not be sent.
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<Closed, SendError> {
        match self.start_close(code, reason) {
            Ok(()) | Err(SendError::Closed) => {}
            Err(error) => return Err(error),
        }
        Ok(self.wait_closed().await)
    }

    /// Starts to end the connection: the Close frame is sent when the connection is polled next.
    ///
    /// # Errors
    ///
    /// The code or the reason must not be sent, or the connection is closing already.
    pub fn start_close(&mut self, code: CloseCode, reason: &str) -> Result<(), SendError> {
        let now = self.inner.socket.now();
        self.engine_mut().close(code, reason, now)
    }

    /// Drops every event until the connection has ended, and tells how.
    pub async fn wait_closed(&mut self) -> Closed {
        loop {
            if let Some(closed) = &self.inner.closed {
                return Closed::clone(closed);
            }
            self.recv_event().await;
        }
    }

    /// Drops the connection without a closing handshake.
    pub fn abort(&mut self) {
        self.engine_mut().abort();
    }

    /// How the connection ended, once the last event was taken.
    #[must_use]
    pub fn closed(&self) -> Option<&Closed> {
        self.inner.closed.as_deref()
    }

    /// The error that broke the stream, if one did.
    #[must_use]
    pub fn io_error(&self) -> Option<&io::Error> {
        self.inner.socket.io_error()
    }

    /// What has gone over the connection so far.
    #[must_use]
    pub fn stats(&self) -> TrafficStats {
        self.engine().streaming().stats()
    }

    /// The round-trip time that the last answered keepalive ping measured.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.engine().streaming().round_trip()
    }

    /// The layer.
    #[must_use]
    pub fn engine(&self) -> &L {
        self.inner.socket.engine()
    }

    /// The layer, for its own operations. What they bring about happens when the connection is polled next.
    #[inline]
    pub fn engine_mut(&mut self) -> &mut L {
        self.inner.socket.engine_mut()
    }

    /// The stream, unless the connection has ended.
    #[must_use]
    pub fn io(&self) -> Option<&I> {
        self.inner.socket.io()
    }
}

impl<L: Layer, I: Io, R: Runtime> Inner<L, I, R> {
    #[inline]
    pub(super) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<L::Event>> {
        match ready!(self.poll_event_after(cx, |_| None::<Infallible>)) {
            Step::Event(event) => Poll::Ready(event),
            Step::Stopped(never) => match never {},
        }
    }

    /// As [`Socket::poll_event_after`].
    #[inline]
    pub(super) fn poll_event_after<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut first: impl FnMut(&mut L) -> Option<T>,
    ) -> Poll<Step<T, L::Event>> {
        if self.shutdown.is_some() {
            self.obey_shutdown();
        }
        let step = match self.socket.poll_event_after(cx, &mut first) {
            Poll::Pending if self.shutdown.is_some() => {
                ready!(self.wait_with_shutdown(cx, |socket, cx| socket.poll_event_after(cx, &mut first)))
            }
            polled => ready!(polled),
        };
        if let Step::Event(Some(event)) = &step
            && let Some(closed) = L::closed(event)
        {
            self.closed = Some(Box::new(closed.clone()));
        }
        Poll::Ready(step)
    }

    /// Waits with `poll` for the outbox, and meanwhile for the shutdown.
    #[inline]
    fn poll_output(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl Fn(&mut Socket<L, I, R>, &mut Context<'_>) -> Poll<Result<(), Disconnected>>,
    ) -> Poll<Result<(), SendError>> {
        let polled = match poll(&mut self.socket, cx) {
            Poll::Pending if self.shutdown.is_some() => self.wait_with_shutdown(cx, poll),
            polled => polled,
        };
        polled.map_err(|Disconnected| SendError::Closed)
    }

    fn obey_shutdown(&mut self) {
        if self.shutdown.as_mut().is_some_and(ShutdownWatch::take_request) {
            let now = self.socket.now();
            // A connection that is closing already needs no second reason.
            let _ = self.socket.engine_mut().close(CloseCode::GOING_AWAY, "", now);
        }
    }

    #[inline]
    fn wait_with_shutdown<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut poll: impl FnMut(&mut Socket<L, I, R>, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        if self.shutdown.as_mut().is_some_and(|shutdown| shutdown.wait(cx.waker())) {
            self.obey_shutdown();
            return poll(&mut self.socket, cx);
        }
        Poll::Pending
    }
}

impl<L: Layer + fmt::Debug, I, R: Runtime> fmt::Debug for Connection<L, I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("socket", &self.inner.socket)
            .field("closed", &self.inner.closed)
            .finish_non_exhaustive()
    }
}
