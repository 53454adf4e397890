//! Every way to the end.

use alloc::string::ToString;

use super::{Initiator, Left, LeftCause, OperationError, Session, SessionEvent, SessionViolation, State};
use crate::Instant;
use crate::wamp::message::{Abort, Goodbye};
use crate::wamp::{AbortDetails, GoodbyeDetails, Message, Payload, Text, Uri, close_reason, error_uri};

impl Session {
    /// Says GOODBYE; [`SessionEvent::Left`] follows when the router has answered. Requests that wait are not answered any
    /// more.
    ///
    /// # Errors
    ///
    /// There is no session.
    pub fn leave(&mut self, reason: Uri, message: Option<Text>, now: Instant) -> Result<(), OperationError> {
        self.check_joined()?;
        let details = GoodbyeDetails { message, ..GoodbyeDetails::default() };
        self.state = State::Leaving;
        self.forget();
        self.timers.start_phase(self.config.leave_timeout, now);
        self.send(Goodbye { details, reason });
        Ok(())
    }

    /// Ends the session as far as it has come: with GOODBYE, or with ABORT if it has not begun. One that is leaving or has
    /// ended is left alone.
    pub fn leave_or_abort(&mut self, reason: Uri, message: Option<Text>, now: Instant) {
        // Each is possible in a state in which the other is not, and neither in those that are left alone.
        let _ = match self.state {
            State::Joining | State::Challenged => self.abort(reason, message),
            State::Joined | State::Leaving | State::Ended => self.leave(reason, message, now),
        };
    }

    /// Ends the session at once, with ABORT: instead of answering a CHALLENGE, say.
    ///
    /// # Errors
    ///
    /// The session has ended already.
    pub fn abort(&mut self, reason: Uri, message: Option<Text>) -> Result<(), OperationError> {
        if self.state == State::Ended {
            return Err(OperationError::NotJoined);
        }
        let details = AbortDetails { message: message.clone(), ..AbortDetails::default() };
        self.send(Abort { details, reason: reason.clone(), payload: Payload::empty() });
        self.end(LeftCause::Aborted { by: Initiator::Us, reason, message });
        Ok(())
    }

    /// After our GOODBYE everything but the answer is ignored.
    pub(super) fn handle_leaving(&mut self, message: Message) {
        match message {
            Message::Goodbye(goodbye) => self.end(LeftCause::Goodbye {
                by: Initiator::Us,
                reason: goodbye.reason.detach(),
                message: goodbye.details.message.map(|message| message.detach()),
            }),
            Message::Abort(abort) => self.handle_abort(abort),
            _ => {}
        }
    }

    pub(super) fn handle_goodbye(&mut self, goodbye: Goodbye) {
        let reason = Uri::from_static(close_reason::GOODBYE_AND_OUT);
        self.send(Goodbye { details: GoodbyeDetails::default(), reason });
        self.end(LeftCause::Goodbye {
            by: Initiator::Router,
            reason: goodbye.reason.detach(),
            message: goodbye.details.message.map(|message| message.detach()),
        });
    }

    pub(super) fn handle_abort(&mut self, abort: Abort) {
        self.end(LeftCause::Aborted {
            by: Initiator::Router,
            reason: abort.reason.detach(),
            message: abort.details.message.map(|message| message.detach()),
        });
    }

    /// The router broke the protocol.
    pub(super) fn fail(&mut self, violation: SessionViolation) {
        if self.state == State::Ended {
            return;
        }
        self.send(Abort {
            details: AbortDetails::with_message(violation.to_string()),
            reason: Uri::from_static(error_uri::PROTOCOL_VIOLATION),
            payload: Payload::empty(),
        });
        self.end(LeftCause::Violation(violation));
    }

    pub(super) fn end(&mut self, cause: LeftCause) {
        if self.state == State::Ended {
            return;
        }
        self.state = State::Ended;
        self.forget();
        self.timers.clear();
        self.events.push_back(SessionEvent::Left(Left { cause }));
    }

    /// Nothing that was asked is answered any more.
    fn forget(&mut self) {
        self.requests.clear();
        self.invocations.clear();
        self.subscriptions.clear();
        self.timers.clear();
    }
}
