use std::fmt;
use std::task::{Context, Poll};

use wirebahn_core::wamp::link::{ByteLink, LinkClose, LinkClosed, LinkEvent, LinkSendError, MessageLink};
use wirebahn_core::wamp::{Message, Subprotocol};
use wirebahn_core::websocket::Messages;

use super::{Wire, WireEvent};
use crate::websocket::WebSocket;
use crate::{Io, Runtime, Socket};

/// After so many messages at once those that came are handed out, so that a flood of them is handled in portions.
const MAX_AT_ONCE: usize = 256;

/// A [`MessageLink`] over a stream.
pub struct LinkWire<L: ByteLink, I, R: Runtime> {
    socket: Socket<MessageLink<L>, I, R>,
    closed: Option<LinkClosed>,
}

impl<L: ByteLink, I: Io, R: Runtime> LinkWire<L, I, R> {
    /// The wire over this socket.
    pub const fn new(socket: Socket<MessageLink<L>, I, R>) -> Self {
        Self { socket, closed: None }
    }

    #[cfg(feature = "router")]
    pub(in crate::wamp) const fn socket_mut(&mut self) -> &mut Socket<MessageLink<L>, I, R> {
        &mut self.socket
    }

    /// How the link ended, once it has.
    pub const fn closed(&self) -> Option<&LinkClosed> {
        self.closed.as_ref()
    }
}

impl<I: Io, R: Runtime> LinkWire<Messages, I, R> {
    /// The wire over an open WebSocket, on either end, of which nothing was received yet.
    pub fn from_websocket(connection: WebSocket<I, R>, subprotocol: Subprotocol) -> Self {
        let link = |messages| MessageLink::with_subprotocol(messages, subprotocol);
        Self::new(connection.into_inner().socket.map_engine(link))
    }
}

impl<L: ByteLink + Unpin, I: Io, R: Runtime> Wire for LinkWire<L, I, R> {
    fn poll_recv(&mut self, cx: &mut Context<'_>, received: &mut Vec<WireEvent>) -> Poll<()> {
        while received.len() < MAX_AT_ONCE {
            let event = match self.socket.poll_event(cx) {
                Poll::Ready(Some(LinkEvent::Message(message))) => WireEvent::Message(message),
                Poll::Ready(Some(LinkEvent::Malformed(malformed))) => WireEvent::Malformed(malformed),
                Poll::Ready(Some(LinkEvent::Closed(closed))) => {
                    self.closed = Some(closed);
                    WireEvent::Closed
                }
                // The last event has been seen.
                Poll::Ready(_) => WireEvent::Closed,
                Poll::Pending => break,
            };
            let is_last = matches!(event, WireEvent::Closed);
            received.push(event);
            if is_last {
                break;
            }
        }
        if received.is_empty() { Poll::Pending } else { Poll::Ready(()) }
    }

    fn is_ready(&mut self) -> bool {
        self.socket.is_ready() && self.socket.engine_mut().is_ready()
    }

    fn send(&mut self, message: &Message) -> Result<(), LinkSendError> {
        self.socket.engine_mut().send(message)
    }

    fn close(&mut self, reason: LinkClose) {
        let now = self.socket.now();
        self.socket.engine_mut().close(reason, now);
    }

    fn max_message_len(&self) -> u64 {
        self.socket.engine().max_message_len()
    }
}

impl<L: ByteLink, I, R: Runtime> fmt::Debug for LinkWire<L, I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkWire").field("closed", &self.closed).finish_non_exhaustive()
    }
}
