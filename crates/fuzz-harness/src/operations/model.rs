//! What one end has said and what the other has heard: the second is always a beginning of the first.

use bytes::Bytes;
use wirebahn_core::websocket::{Cause, CloseCode, Closed, MessageKind};

use super::endpoint::Told;

/// What an application has put into an engine.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) messages: Vec<(MessageKind, Vec<u8>)>,
    /// The message that was begun, with the payload of it that was sent.
    pub(super) message: Option<(MessageKind, Vec<u8>)>,
    /// The frame that was begun: payload that is missing, and whether it is the last one.
    pub(super) frame: Option<(u64, bool)>,
    pub(super) pings: Vec<Bytes>,
    pub(super) pongs: Vec<Bytes>,
    pub(super) close: Option<(CloseCode, String)>,
    pub(super) has_aborted: bool,
}

/// What an application has taken out of an engine.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) messages: Vec<(MessageKind, Vec<u8>)>,
    pub(super) partial: Vec<u8>,
    pub(super) pings: Vec<Bytes>,
    pub(super) closed: Option<Closed>,
}

/// The first byte of our own pings; those of the keepalive begin with the high byte of a number that stays small.
const OWN_PING: u8 = b'p';

impl Said {
    /// The payload of the next ping: no two are the same.
    pub(super) fn next_ping(&self, len: usize) -> Bytes {
        let mut payload = vec![OWN_PING, self.pings.len() as u8];
        payload.resize(len.max(2), b'.');
        payload.into()
    }

    pub(super) fn complete_message(&mut self) {
        self.messages.extend(self.message.take());
    }

    /// Payload of the frame that was begun went out.
    pub(super) fn add_data(&mut self, payload: &[u8]) {
        if let Some((_, message)) = &mut self.message {
            message.extend_from_slice(payload);
        }
        let Some((missing, is_last)) = &mut self.frame else { return };
        *missing -= payload.len() as u64;
        let (is_complete, is_last) = (*missing == 0, *is_last);
        if is_complete {
            self.frame = None;
            if is_last {
                self.complete_message();
            }
        }
    }
}

impl Heard {
    /// Takes in an event, given what the peer has said, and what we have.
    pub(super) fn take(&mut self, event: Told, peer: &Said, own: &Said) {
        assert!(self.closed.is_none(), "{event:?} after the terminal event");
        match event {
            Told::Data { kind, payload, ends_message } => self.take_data(kind, &payload, ends_message, peer),
            Told::Ping(payload) if payload.first() == Some(&OWN_PING) => {
                assert_eq!(peer.pings.get(self.pings.len()), Some(&payload), "a ping that nobody sent");
                self.pings.push(payload);
            }
            Told::Pong(payload) if payload.first() == Some(&OWN_PING) => {
                let is_answer = own.pings.contains(&payload);
                assert!(is_answer || peer.pongs.contains(&payload), "a pong that nobody sent");
            }
            Told::Ping(payload) | Told::Pong(payload) => {
                assert_eq!(payload.first(), Some(&0), "neither ours nor of the keepalive");
            }
            Told::Closed(closed) => self.take_end(closed, peer, own),
        }
    }

    fn take_data(&mut self, kind: MessageKind, payload: &[u8], ends_message: bool, peer: &Said) {
        self.partial.extend_from_slice(payload);
        let (expected_kind, expected) = match peer.messages.get(self.messages.len()) {
            Some((kind, payload)) => (Some(*kind), payload.as_slice()),
            None => peer.message.as_ref().map_or((None, &[][..]), |(kind, sent)| (Some(*kind), sent)),
        };
        assert_eq!(Some(kind), expected_kind, "the kind of a message");
        assert!(expected.starts_with(&self.partial), "payload that was not sent");
        if ends_message {
            let whole = (kind, std::mem::take(&mut self.partial));
            assert_eq!(peer.messages.get(self.messages.len()), Some(&whole), "half a message");
            self.messages.push(whole);
        }
    }

    fn take_end(&mut self, closed: Closed, peer: &Said, own: &Said) {
        assert!(!matches!(closed.cause, Cause::Violation(_)), "two Wirebahns do not get along: {closed}");
        if closed.code != CloseCode::ABNORMAL {
            // The peer's Close frame stands behind all of its messages.
            assert_eq!(self.messages, peer.messages, "messages before the Close frame got lost");
        }
        match (&closed.cause, &peer.close) {
            (Cause::ClosedByPeer, Some((code, reason))) => {
                assert_eq!((closed.code, &closed.reason), (*code, reason));
            }
            (Cause::ClosedByPeer, None) => assert_eq!(closed.code, CloseCode::GOING_AWAY, "an idle timeout"),
            (Cause::ClosedByUs, _) => assert!(own.close.is_some(), "we have not closed"),
            (Cause::Aborted, _) => assert!(own.has_aborted, "we have not aborted"),
            _ => {}
        }
        self.closed = Some(closed);
    }
}
