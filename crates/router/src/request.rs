//! What all requests of clients have in common: their ids, their URIs, the question whether they are allowed, and refusing
//! them.

use wirebahn_core::Instant;
use wirebahn_core::wamp::message::Error;
use wirebahn_core::wamp::{
    ErrorDetails, Feature, MatchPolicy, Message, Payload, PayloadPassthru, RequestId, RequestType, Role,
    Text, Uri, error_uri,
};

use crate::question::{Answer, AnswerError, Question, QuestionId, QuestionKind, Subject};
use crate::router::Router;
use crate::session::{SessionKey, State};
use crate::{Action, Authorization, Authorize, Disclosure, RealmConfig, RequestIdCheck, Violation};

/// Why a request is refused.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) error: Uri,
    pub(crate) message: Text,
}

impl Refusal {
    pub(crate) fn new(error: &'static str, message: impl Into<Text>) -> Self {
        Self { error: Uri::from_static(error), message: message.into() }
    }
}

impl Router {
    /// Takes a message of a session that has joined; `is_checked` if it has waited, and its id was checked meanwhile.
    pub(crate) fn route(&mut self, slot: usize, message: &mut Message, is_checked: bool) {
        if let Some(member) = self.sessions.member(slot) {
            let realm = member.realm;
            self.sessions.traffic.received(realm, message.message_type());
        }
        match message {
            Message::Publish(publish) => self.publish(slot, publish, is_checked),
            Message::Call(call) => self.call(slot, call),
            Message::Yield(result) => self.yield_result(slot, result),
            Message::Error(error) if error.request_type == RequestType::Invocation => {
                self.invocation_error(slot, error);
            }
            Message::Subscribe(subscribe) => self.subscribe(slot, subscribe),
            Message::Unsubscribe(unsubscribe) => self.unsubscribe(slot, unsubscribe),
            Message::Register(register) => self.register(slot, register),
            Message::Unregister(unregister) => self.unregister(slot, unregister),
            Message::Cancel(cancel) => self.cancel(slot, cancel),
            Message::Goodbye(_) => self.goodbye(slot),
            Message::Abort(abort) => self.aborted(slot, abort.reason.clone()),
            other => self.violate(slot, Violation::OutOfPlace(other.message_type())),
        }
    }

    /// The configuration of the realm that the session is in.
    pub(crate) fn realm_config(&self, slot: usize) -> Option<&RealmConfig> {
        let member = self.sessions.member(slot)?;
        self.realms.get(member.realm).map(|realm| &realm.config)
    }

    /// Checks the id of a request, and returns whether the session may go on.
    pub(crate) fn check_id(&mut self, slot: usize, found: RequestId) -> bool {
        let Some(member) = self.sessions.member_mut(slot) else { return false };
        let expected = member.next_request;
        // Counted on from what came, whatever that is.
        member.next_request = found.next();
        if found == expected {
            return true;
        }
        let realm = member.realm;
        match self.realms.get(realm).map(|realm| realm.config.request_ids) {
            Some(RequestIdCheck::Strict) => {
                self.violate(slot, Violation::RequestId { expected, found });
                false
            }
            Some(RequestIdCheck::Warn) => {
                self.sessions.metrics.request_ids_out_of_order += 1;
                true
            }
            _ => true,
        }
    }

    /// Checks a URI by the rules of the realm.
    pub(crate) fn check_uri(&self, slot: usize, uri: &Uri, match_policy: MatchPolicy) -> Result<(), Refusal> {
        let policy = self.realm_config(slot).map(|config| config.uris).unwrap_or_default();
        let checked = uri.check(policy, match_policy);
        checked.map_err(|error| Refusal::new(error_uri::INVALID_URI, error.to_string()))
    }

    /// Checks whether the realm discloses identities, if this is asked for.
    pub(crate) fn check_disclosure(&self, slot: usize, disclose_me: bool) -> Result<(), Refusal> {
        match self.realm_config(slot).map(|config| config.disclosure) {
            Some(Disclosure::Never) if disclose_me => Err(Refusal::new(
                error_uri::OPTION_DISALLOWED_DISCLOSE_ME,
                "this realm does not disclose identities; leave out disclose_me",
            )),
            _ => Ok(()),
        }
    }

    /// Whether the session uses payload passthru without having announced it in this role.
    pub(crate) fn hides_passthru(&self, slot: usize, role: Role, passthru: Option<&PayloadPassthru>) -> bool {
        passthru.is_some_and(|passthru| passthru.scheme.is_some())
            && !self
                .sessions
                .member(slot)
                .is_some_and(|member| member.has(role, Feature::PayloadPassthruMode))
    }

    /// Whether the request may go on at once. If the realm wants to be asked, it is, and the request goes on with the
    /// answer.
    pub(crate) fn may_go_on<M: Clone + Into<Message>>(
        &mut self,
        slot: usize,
        action: Action,
        uri: &Uri,
        match_policy: MatchPolicy,
        request: &M,
    ) -> bool {
        let Some(member) = self.sessions.member(slot) else { return false };
        let Some(realm) = self.realms.get(member.realm) else { return false };
        if realm.config.authorization == Authorization::AllowAll {
            return true;
        }
        let authorize = Authorize {
            realm: realm.name.clone(),
            session: member.id,
            identity: member.identity.clone(),
            action,
            uri: uri.clone(),
            match_policy,
        };
        let request = Box::new(request.clone().into());
        self.ask(slot, QuestionKind::Authorize(Box::new(authorize)), Subject::Request(request));
        false
    }

    /// Asks a question, for whose answer the session waits.
    pub(crate) fn ask(&mut self, slot: usize, kind: QuestionKind, subject: Subject) {
        let Some(session) = self.sessions.key(slot) else { return };
        let id = QuestionId(self.next_question);
        self.next_question += 1;
        self.open_questions.insert(id.0, (session, subject));
        self.questions.push_back(Question { id, session, kind });
        if let Some(session) = self.sessions.get_mut(slot) {
            session.waiting = Some(id);
        }
    }

    /// Takes the answer to a question. The session that has waited for it goes on.
    ///
    /// # Errors
    ///
    /// If nobody waits for it any more, or if it does not fit the question.
    pub fn answer(&mut self, id: QuestionId, answer: Answer, now: Instant) -> Result<(), AnswerError> {
        self.now = now;
        let Some((_, subject)) = self.open_questions.get(&id.0) else {
            return Err(AnswerError::NoSuchQuestion);
        };
        let fits = match subject {
            Subject::Join { .. } => !matches!(answer, Answer::Allow),
            Subject::Request(_) => matches!(answer, Answer::Allow | Answer::Refuse { .. }),
        };
        if !fits {
            return Err(AnswerError::Unfitting);
        }
        let Some((key, subject)) = self.open_questions.remove(&id.0) else {
            return Err(AnswerError::NoSuchQuestion);
        };
        self.go_on(key, subject, answer);
        self.settle();
        Ok(())
    }

    fn go_on(&mut self, key: SessionKey, subject: Subject, answer: Answer) {
        let Some(slot) = self.sessions.slot(key) else { return };
        if let Some(session) = self.sessions.get_mut(slot) {
            session.waiting = None;
        }
        match (subject, answer) {
            (Subject::Join { session, realm, hello }, answer) => {
                self.answer_join(slot, session, realm, hello, answer);
            }
            (Subject::Request(request), Answer::Refuse { reason, message }) => {
                self.refuse_request(slot, &request, Refusal { error: reason, message });
            }
            (Subject::Request(mut request), _) => match &mut *request {
                Message::Publish(publish) => self.perform_publish(slot, publish),
                Message::Call(call) => self.perform_call(slot, call),
                Message::Subscribe(subscribe) => self.perform_subscribe(slot, subscribe),
                Message::Register(register) => self.perform_register(slot, register),
                _ => {}
            },
        }
        self.resume(slot);
    }

    /// Forgets the question that a session waits for.
    pub(crate) fn withdraw_question(&mut self, slot: usize) {
        let Some(id) = self.sessions.get_mut(slot).and_then(|session| session.waiting.take()) else { return };
        self.open_questions.remove(&id.0);
        self.questions.retain(|question| question.id != id);
    }

    fn refuse_request(&mut self, slot: usize, request: &Message, refusal: Refusal) {
        match request {
            Message::Publish(publish) => {
                self.refuse_publish(slot, publish.request, publish.options.acknowledge, refusal);
            }
            Message::Call(call) => self.refuse_call(slot, call, refusal),
            Message::Subscribe(subscribe) => {
                self.refuse(slot, RequestType::Subscribe, subscribe.request, refusal);
            }
            Message::Register(register) => {
                self.refuse(slot, RequestType::Register, register.request, refusal);
            }
            _ => {}
        }
    }

    /// Answers a request with ERROR; the message for humans is its argument.
    pub(crate) fn refuse(
        &mut self,
        slot: usize,
        request_type: RequestType,
        request: RequestId,
        refusal: Refusal,
    ) {
        let payload = self.text_payload(slot, &refusal.message);
        let details = ErrorDetails::default();
        self.sessions.push(slot, Error { request_type, request, details, error: refusal.error, payload });
    }

    /// A payload with a text as its only argument, in the serializer of the session.
    pub(crate) fn text_payload(&self, slot: usize, text: &str) -> Payload {
        let Some(session) = self.sessions.get(slot) else { return Payload::empty() };
        if text.is_empty() {
            return Payload::empty();
        }
        Payload::encode_args(session.transport.serializer, &(text,)).unwrap_or_else(|_| Payload::empty())
    }

    /// Ends a session that broke the protocol.
    pub(crate) fn violate(&mut self, slot: usize, violation: Violation) {
        if self.sessions.get(slot).is_some_and(|session| session.state != State::Closed) {
            self.sessions.metrics.violations += 1;
            self.close(slot, crate::CloseReason::Violation(violation));
        }
    }
}
