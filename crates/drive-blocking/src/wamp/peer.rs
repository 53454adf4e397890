use bytes::BytesMut;
use wirebahn_core::rawsocket::RawSocket;
use wirebahn_core::wamp::Peer;
use wirebahn_core::wamp::session::{Left, Session, SessionEvent};
use wirebahn_core::websocket::Messages;
use wirebahn_core::{Engine, Instant, Outbox, Transport};

/// A [`Peer`] over whichever transport.
pub(crate) enum AnyPeer {
    WebSocket(Box<Peer<Messages>>),
    RawSocket(Box<Peer<RawSocket>>),
}

macro_rules! each {
    ($self:expr, $peer:ident => $call:expr) => {
        match $self {
            Self::WebSocket($peer) => $call,
            Self::RawSocket($peer) => $call,
        }
    };
}

impl AnyPeer {
    pub(crate) const fn session(&mut self) -> &mut Session {
        each!(self, peer => peer.session())
    }

    pub(crate) fn is_ready(&mut self) -> bool {
        each!(self, peer => peer.is_ready())
    }

    pub(crate) const fn left(&self) -> Option<&Left> {
        each!(self, peer => peer.left())
    }
}

impl Engine for AnyPeer {
    type Event = SessionEvent;

    fn recv_buf(&mut self) -> &mut BytesMut {
        each!(self, peer => peer.recv_buf())
    }

    fn recv_hint(&self) -> usize {
        each!(self, peer => peer.recv_hint())
    }

    fn handle_recv(&mut self, now: Instant) {
        each!(self, peer => peer.handle_recv(now));
    }

    fn handle_eof(&mut self, now: Instant) {
        each!(self, peer => peer.handle_eof(now));
    }

    fn handle_timeout(&mut self, now: Instant) {
        each!(self, peer => peer.handle_timeout(now));
    }

    fn poll_event(&mut self) -> Option<SessionEvent> {
        each!(self, peer => peer.poll_event())
    }

    fn poll_timeout(&self) -> Option<Instant> {
        each!(self, peer => peer.poll_timeout())
    }

    fn outbox(&mut self) -> &mut Outbox {
        each!(self, peer => peer.outbox())
    }

    fn transport(&self) -> Transport {
        each!(self, peer => peer.transport())
    }
}
