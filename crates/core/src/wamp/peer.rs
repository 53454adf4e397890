//! A session over a link, as an engine.

use bytes::BytesMut;

use super::link::{ByteLink, LinkClose, LinkClosed, LinkEvent, LinkSendError, MessageLink};
use super::session::{Left, LeftCause, Session, SessionConfig, SessionEvent, SessionViolation};
use crate::{Engine, Instant, Outbox, Transport};

/// A client of a router: a [`Session`] over a [`MessageLink`].
///
/// Operations are those of [`session`](Self::session). Its events come from [`poll_event`](Engine::poll_event); the last
/// one, [`SessionEvent::Left`], once the transport has ended, too.
#[derive(Debug)]
pub struct Peer<L: ByteLink> {
    link: MessageLink<L>,
    session: Session,
    /// The event that waits to be polled. Nothing more is taken in before it is gone.
    event: Option<SessionEvent>,
    /// The end of the session, kept until the link has ended.
    left: Option<Left>,
    link_closed: Option<LinkClosed>,
    now: Instant,
}

impl<L: ByteLink> Peer<L> {
    /// Says HELLO over `link`.
    #[must_use]
    pub fn new(link: MessageLink<L>, config: SessionConfig, now: Instant) -> Self {
        let mut session = Session::new(config, now);
        session.set_max_message_len(link.max_message_len());
        let mut peer = Self { link, session, event: None, left: None, link_closed: None, now };
        peer.pump();
        peer
    }

    /// The session, for its own operations. What they bring about happens with the next call of the engine.
    pub const fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// The link.
    #[must_use]
    pub const fn link(&self) -> &MessageLink<L> {
        &self.link
    }

    /// How the session ended, once it has: that may be long before the last event, which waits for the transport to end.
    #[must_use]
    pub const fn left(&self) -> Option<&Left> {
        self.left.as_ref()
    }

    /// How the transport ended, once it has.
    #[must_use]
    pub const fn link_closed(&self) -> Option<&LinkClosed> {
        self.link_closed.as_ref()
    }

    /// Whether there is room for further requests. They are taken at any time; waiting for this bounds the memory.
    #[must_use]
    pub fn is_ready(&mut self) -> bool {
        self.flush();
        self.session.queued_messages() == 0 && self.link.is_ready()
    }

    /// Drops the connection at once.
    pub fn abort(&mut self) {
        self.session.handle_disconnect();
        self.link.abort();
        self.pump();
    }

    /// Moves messages from the link to the session up to the next event, and from the session to the link.
    fn pump(&mut self) {
        loop {
            self.flush();
            if self.event.is_none() && self.left.is_none() {
                self.event = self.take_event();
            }
            if self.event.is_some() || self.link_closed.is_some() {
                return;
            }
            match self.link.poll_event() {
                Some(LinkEvent::Message(message)) => self.session.handle_message(message, self.now),
                Some(LinkEvent::Malformed(malformed)) => self.session.handle_malformed(malformed),
                Some(LinkEvent::Closed(closed)) => {
                    self.link_closed = Some(closed);
                    self.session.handle_disconnect();
                }
                None => return,
            }
        }
    }

    /// The next event of the session; its end is put aside, and ends the link.
    fn take_event(&mut self) -> Option<SessionEvent> {
        match self.session.poll_event()? {
            SessionEvent::Left(left) => {
                let reason = match &left.cause {
                    LeftCause::Violation(SessionViolation::Malformed(malformed)) => malformed.link_close(),
                    LeftCause::Violation(_) => LinkClose::Violation,
                    _ => LinkClose::Done,
                };
                self.left = Some(left);
                self.link.close(reason, self.now);
                None
            }
            event => Some(event),
        }
    }

    /// Moves messages from the session to the link.
    fn flush(&mut self) {
        while self.session.has_ended() || self.link.is_ready() {
            let Some(message) = self.session.poll_message() else { return };
            match self.link.send(&message) {
                Ok(()) => {}
                Err(LinkSendError::MessageTooLong { .. }) => self.session.handle_unsent(message),
                // The link ends, or the session does over a link that takes nothing: what it says is of no use.
                Err(_) => {}
            }
        }
    }
}

impl<L: ByteLink> Engine for Peer<L> {
    type Event = SessionEvent;

    fn recv_buf(&mut self) -> &mut BytesMut {
        self.link.recv_buf()
    }

    fn recv_hint(&self) -> usize {
        self.link.recv_hint()
    }

    fn handle_recv(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.link.handle_recv(now);
        self.pump();
    }

    fn handle_eof(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.link.handle_eof(now);
        self.pump();
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_none_or(|deadline| now < deadline) {
            return;
        }
        self.now = self.now.max(now);
        self.session.handle_timeout(self.now);
        self.link.handle_timeout(now);
        self.pump();
    }

    fn poll_event(&mut self) -> Option<SessionEvent> {
        self.pump();
        let event = self.event.take();
        if event.is_none() && self.link_closed.is_some() {
            return self.left.take().map(SessionEvent::Left);
        }
        event
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match (self.session.poll_timeout(), self.link.poll_timeout()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    fn outbox(&mut self) -> &mut Outbox {
        self.flush();
        self.link.outbox()
    }

    fn transport(&self) -> Transport {
        match self.link.transport() {
            Transport::Open if self.event.is_some() => Transport::Paused,
            transport => transport,
        }
    }
}
