//! From HELLO to WELCOME.

use alloc::boxed::Box;

use super::{
    Challenge, Initiator, LeftCause, OperationError, Session, SessionEvent, SessionViolation, State,
};
use crate::Instant;
use crate::wamp::message::{Authenticate, Hello, Welcome};
use crate::wamp::{Dict, HelloDetails, Message, Text};

impl Session {
    pub(super) fn say_hello(&mut self, now: Instant) {
        let config = &self.config;
        let details = HelloDetails {
            roles: config.roles,
            agent: config.agent.clone(),
            authmethods: config.authmethods.clone(),
            authid: config.authid.clone(),
            authrole: config.authrole.clone(),
            authextra: config.authextra.clone(),
            ..HelloDetails::default()
        };
        self.timers.start_phase(config.join_timeout, now);
        let realm = config.realm.clone();
        self.send(Hello { realm, details: Box::new(details) });
    }

    /// Answers a CHALLENGE.
    ///
    /// # Errors
    ///
    /// None waits.
    pub fn authenticate(&mut self, signature: impl Into<Text>, extra: Dict) -> Result<(), OperationError> {
        if self.state != State::Challenged {
            return Err(OperationError::NotChallenged);
        }
        self.state = State::Joining;
        self.send(Authenticate { signature: signature.into(), extra });
        Ok(())
    }

    pub(super) fn handle_before_joined(&mut self, message: Message, _now: Instant) {
        match message {
            Message::Welcome(welcome) if self.state == State::Joining => self.welcome(welcome),
            Message::Challenge(challenge) if self.state == State::Joining => {
                self.state = State::Challenged;
                let challenge = Challenge::new(challenge.method, challenge.extra);
                self.events.push_back(SessionEvent::Challenge(challenge));
            }
            Message::Challenge(_) => self.fail(SessionViolation::ChallengeUnexpected),
            Message::Abort(abort) => self.end(LeftCause::Aborted {
                by: Initiator::Router,
                reason: abort.reason.detach(),
                message: abort.details.message.map(|message| message.detach()),
            }),
            other => self.fail(SessionViolation::BeforeWelcome(other.message_type())),
        }
    }

    fn welcome(&mut self, welcome: Welcome) {
        if welcome.details.roles.is_empty() {
            return self.fail(SessionViolation::RolesMissing);
        }
        self.state = State::Joined;
        self.timers.stop_phase();
        self.router = welcome.details.roles;
        self.id = Some(welcome.session);
        self.events.push_back(SessionEvent::Joined(Box::new(welcome)));
    }
}
