//! From HELLO to WELCOME.

use wirebahn_core::wamp::message::{Abort, Authenticate as AuthenticateMessage, Challenge, Hello, Welcome};
use wirebahn_core::wamp::{
    AbortDetails, HelloDetails, Message, Payload, SessionId, Text, Uri, WelcomeDetails, error_uri,
};

use super::features;
use crate::question::{Answer, Authenticate, QuestionKind, Subject};
use crate::router::Router;
use crate::session::{Identity, Member, State};
use crate::{Authentication, CloseReason, Violation};

impl Router {
    /// Takes a message of a connection that is not in a realm.
    pub(crate) fn join(&mut self, slot: usize, message: &Message) {
        let Some(session) = self.sessions.get(slot) else { return };
        let waits = session.waiting.is_some();
        match (session.state, message) {
            (_, Message::Abort(abort)) => self.aborted(slot, abort.reason.clone()),
            (State::Opening, Message::Hello(hello)) if !waits => self.hello(slot, hello.clone()),
            (State::Challenged, Message::Authenticate(response)) if !waits => {
                self.authenticate(slot, response.clone());
            }
            (_, other) => self.violate(slot, Violation::NotJoined(other.message_type())),
        }
    }

    fn hello(&mut self, slot: usize, hello: Hello) {
        if hello.details.roles.is_empty() {
            return self.violate(slot, Violation::NoRoles);
        }
        let session = SessionId::random(&mut self.random);
        let Some(realm) = hello.realm else {
            // Whoever authenticates chooses, if anybody does.
            if self.is_anybody_asked() {
                return self.ask_authenticate(slot, session, None, hello.details);
            }
            return self.refuse_to_join(slot, Uri::from_static(error_uri::NO_SUCH_REALM), NO_REALM.into());
        };
        let Some(config) = self.config_for(&realm) else {
            let message = format!("there is no realm {realm}");
            return self.refuse_to_join(slot, Uri::from_static(error_uri::NO_SUCH_REALM), message.into());
        };
        match &config.authentication {
            Authentication::Ask => self.ask_authenticate(slot, session, Some(realm), hello.details),
            Authentication::Anonymous { authrole } => {
                let methods = &hello.details.authmethods;
                let is_willing = methods.is_empty() || methods.iter().any(|method| *method == ANONYMOUS);
                let identity =
                    Identity::new(session.to_string(), authrole.clone(), Text::from_static(ANONYMOUS));
                if is_willing {
                    self.welcome(slot, session, &realm, &hello.details, identity);
                } else {
                    let message = "this realm takes anonymous only; offer it in authmethods";
                    let reason = Uri::from_static(error_uri::NO_MATCHING_AUTH_METHOD);
                    self.refuse_to_join(slot, reason, message.into());
                }
            }
        }
    }

    /// Whether there is a realm for which questions are asked.
    fn is_anybody_asked(&self) -> bool {
        let configs = self.realms.iter().map(|(_, realm)| &realm.config);
        let mut configs = configs.chain(&self.config.realms_on_demand);
        configs.any(|config| config.authentication == Authentication::Ask)
    }

    fn ask_authenticate(
        &mut self,
        slot: usize,
        session: SessionId,
        realm: Option<Uri>,
        hello: Box<HelloDetails>,
    ) {
        let Some(transport) = self.sessions.get(slot).map(|session| session.transport.clone()) else {
            return;
        };
        let question = Authenticate { session, realm: realm.clone(), hello: (*hello).clone(), transport };
        let subject = Subject::Join { session, realm, hello };
        self.ask(slot, QuestionKind::Authenticate(Box::new(question)), subject);
    }

    fn authenticate(&mut self, slot: usize, response: AuthenticateMessage) {
        let Some(joining) = self.sessions.get_mut(slot).and_then(|session| session.joining.take()) else {
            return;
        };
        let kind = QuestionKind::Verify { signature: response.signature, extra: response.extra };
        let (session, realm, hello) = *joining;
        self.ask(slot, kind, Subject::Join { session, realm, hello });
    }

    pub(crate) fn answer_join(
        &mut self,
        slot: usize,
        session: SessionId,
        realm: Option<Uri>,
        hello: Box<HelloDetails>,
        answer: Answer,
    ) {
        match answer {
            Answer::Welcome { identity, realm: chosen } => match chosen.or(realm) {
                Some(realm) => self.welcome(slot, session, &realm, &hello, *identity),
                None => {
                    self.refuse_to_join(slot, Uri::from_static(error_uri::NO_SUCH_REALM), NO_REALM.into());
                }
            },
            Answer::Challenge { method, extra } => {
                self.sessions.push(slot, Challenge { method, extra });
                self.set_state(slot, State::Challenged);
                if let Some(waiting) = self.sessions.get_mut(slot) {
                    waiting.joining = Some(Box::new((session, realm, hello)));
                }
            }
            Answer::Refuse { reason, message } => self.refuse_to_join(slot, reason, message),
            Answer::Allow => {}
        }
    }

    fn welcome(
        &mut self,
        slot: usize,
        session: SessionId,
        name: &Uri,
        hello: &HelloDetails,
        identity: Identity,
    ) {
        let Some(realm) = self.realm_for(name) else {
            let message = format!("there is no realm {name}");
            return self.refuse_to_join(slot, Uri::from_static(error_uri::NO_SUCH_REALM), message.into());
        };
        let Some(joined) = self.realms.get_mut(realm) else { return };
        let mut details = WelcomeDetails::default();
        details.roles = features::roles(&joined.config);
        details.agent = Some(self.config.agent.clone());
        details.realm = Some(joined.name.clone());
        details.authid = Some(identity.authid.clone());
        details.authrole = Some(identity.authrole.clone());
        details.authmethod = Some(identity.authmethod.clone());
        details.authprovider = Some(identity.authprovider.clone());
        details.authextra = identity.authextra.clone();
        joined.members.insert(session, slot);
        let (limits, slow) = (joined.config.queue, joined.config.slow_consumers);
        if let Some(joining) = self.sessions.get_mut(slot) {
            joining.limits = limits;
            joining.slow = slow;
            joining.state = State::Joined;
            joining.member = Some(Member::new(realm, session, hello.roles, identity.detach(), self.id_hash));
        }
        self.arm(slot, None);
        self.sessions.push(slot, Welcome { session, details: Box::new(details) });
        self.sessions.metrics.sessions_joined += 1;
        self.trace_joined(slot);
        self.announce_join(slot);
    }

    /// Sends ABORT to a peer that is not in a realm.
    pub(crate) fn refuse_to_join(&mut self, slot: usize, reason: Uri, message: Text) {
        self.sessions.metrics.joins_refused += 1;
        let abort = Abort {
            details: AbortDetails::with_message(message),
            reason: reason.clone(),
            payload: Payload::empty(),
        };
        self.sessions.push_last(slot, abort);
        self.close(slot, CloseReason::Refused { reason });
    }
}

const ANONYMOUS: &str = "anonymous";
const NO_REALM: &str = "name the realm to join in HELLO";
