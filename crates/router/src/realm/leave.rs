//! The ways out of a realm.

use wirebahn_core::wamp::message::{Abort, Goodbye};
use wirebahn_core::wamp::{AbortDetails, GoodbyeDetails, Payload, Uri, close_reason, error_uri};

use crate::CloseReason;
use crate::meta::testament::Scope;
use crate::router::Router;
use crate::session::State;

impl Router {
    /// The client says GOODBYE: it gets one back, and may join again.
    pub(crate) fn goodbye(&mut self, slot: usize) {
        self.leave(slot, Farewell::Usual);
        let reason = Uri::from_static(close_reason::GOODBYE_AND_OUT);
        self.sessions.push(slot, Goodbye { details: GoodbyeDetails::default(), reason });
        self.set_state(slot, State::Opening);
        self.arm(slot, Some(self.now + self.config.join_timeout));
    }

    /// The client says ABORT, which is never answered.
    pub(crate) fn aborted(&mut self, slot: usize, reason: Uri) {
        self.close(slot, CloseReason::AbortedByPeer { reason });
    }

    /// Ends the session if there is one, says why if that is not said yet, and has the connection closed.
    pub(crate) fn close(&mut self, slot: usize, reason: CloseReason) {
        if self.sessions.get(slot).is_none_or(|session| session.state == State::Closed) {
            return;
        }
        self.trace_closed(slot, &reason);
        let has_session = u64::from(self.sessions.member(slot).is_some());
        match reason {
            CloseReason::Violation(_) => self.sessions.metrics.sessions_aborted += has_session,
            CloseReason::TooSlow => self.sessions.metrics.slow_sessions += has_session,
            _ => {}
        }
        self.leave(slot, Farewell::Usual);
        if reason == CloseReason::TooSlow {
            self.discard_queue(slot);
        }
        let error = match reason {
            CloseReason::Violation(_) => Some(error_uri::PROTOCOL_VIOLATION),
            CloseReason::TooSlow => Some(error_uri::UNAVAILABLE),
            CloseReason::JoinTimeout => Some(error_uri::TIMEOUT),
            CloseReason::ShutDown | CloseReason::AbortedByPeer { .. } | CloseReason::Refused { .. } => None,
        };
        if let Some(error) = error {
            let details = AbortDetails::with_message(reason.to_string());
            let abort = Abort { details, reason: Uri::from_static(error), payload: Payload::empty() };
            self.sessions.push_last(slot, abort);
        }
        self.arm(slot, None);
        if let Some(session) = self.sessions.get_mut(slot) {
            session.state = State::Closed;
            session.joining = None;
            session.close = Some(reason);
        }
        self.sessions.make_ready(slot);
    }

    /// Takes the session out of its realm: nothing of it is left there.
    pub(crate) fn leave(&mut self, slot: usize, farewell: Farewell) {
        self.trace_left(slot);
        self.withdraw_question(slot);
        self.sessions.release(slot);
        self.sessions.stop_waiting(slot);
        let Some(session) = self.sessions.get_mut(slot) else { return };
        let lost = session.backlog.clear();
        let member = session.member.take();
        self.sessions.metrics.messages_lost += lost as u64;
        let Some(mut member) = member else { return };
        self.sessions.metrics.sessions_left += 1;
        if let Some(realm) = self.realms.get_mut(member.realm) {
            realm.members.remove(&member.id);
        }
        self.end_calls_of(slot, &member);
        self.remove_subscriptions_of(slot, &member);
        self.remove_registrations_of(slot, &member);
        if let (Farewell::Usual, Some(testaments)) = (farewell, member.testaments.take()) {
            for scope in [Scope::Detached, Scope::Destroyed] {
                self.publish_testaments(&member, testaments.in_scope(scope));
            }
        }
        if let Farewell::Usual = farewell {
            self.announce_leave(&member);
        }
        self.drop_realm_if_unused(member.realm);
    }

    /// Empties the queue of a session that is not read any more.
    pub(crate) fn discard_queue(&mut self, slot: usize) {
        let Some(session) = self.sessions.get_mut(slot) else { return };
        let (events, others) = session.queue.clear();
        self.sessions.metrics.events_lost += events as u64;
        self.sessions.metrics.messages_lost += others as u64;
    }
}

/// What the others are told of a session that leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// Its testaments are published, and that it has left.
    Usual,
    /// Nothing, as all leave at once.
    Silent,
}
