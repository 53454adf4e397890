//! From YIELD and ERROR of the callee to RESULT and ERROR for the caller.

use wirebahn_core::wamp::message::{Error, Result as ResultMessage, Yield};
use wirebahn_core::wamp::{
    Dict, Feature, Payload, RequestId, RequestType, ResultDetails, Role, Uri, YieldOptions, error_uri,
};

use crate::request::Refusal;
use crate::router::Router;
use crate::{Violation, weight};

impl Router {
    pub(crate) fn yield_result(&mut self, slot: usize, result: &mut Yield) {
        let Some(index) = self.invocation(slot, result.request) else { return };
        if self.hides_passthru(slot, Role::Callee, result.options.passthru.as_deref()) {
            return self.violate(slot, Violation::PassthruNotAnnounced);
        }
        let Some(call) = self.calls.get(index) else { return };
        let progress = result.options.progress;
        let (caller, receive_progress) = (call.caller, call.receive_progress);
        if progress {
            // Nobody waits for it, or nobody has asked for results in parts.
            let Some(caller) = caller.filter(|_| receive_progress) else {
                self.sessions.metrics.messages_late += 1;
                return;
            };
            if self.hides_passthru(caller.slot, Role::Caller, result.options.passthru.as_deref()) {
                self.interrupt(index, Some(Uri::from_static(error_uri::FEATURE_NOT_SUPPORTED)));
                return self.fail_call(index, passthru_unknown());
            }
            let details = result_details(&mut result.options);
            let payload = std::mem::replace(&mut result.payload, Payload::empty());
            self.sessions.push(caller.slot, ResultMessage { request: caller.request, details, payload });
            self.arm_call(index);
            return;
        }
        let hides = caller.is_some_and(|caller| {
            self.hides_passthru(caller.slot, Role::Caller, result.options.passthru.as_deref())
        });
        if hides {
            self.fail_call(index, passthru_unknown());
        } else if let Some((caller, request)) = self.detach_caller(index) {
            self.sessions.metrics.calls_succeeded += 1;
            let details = result_details(&mut result.options);
            let payload = std::mem::replace(&mut result.payload, Payload::empty());
            self.sessions.push(caller, ResultMessage { request, details, payload });
        }
        self.detach_callee(index);
    }

    pub(crate) fn invocation_error(&mut self, slot: usize, error: &mut Error) {
        let Some(index) = self.invocation(slot, error.request) else { return };
        let passthru = error.details.passthru.as_deref();
        if self.hides_passthru(slot, Role::Callee, passthru) {
            return self.violate(slot, Violation::PassthruNotAnnounced);
        }
        let caller = self.calls.get(index).and_then(|call| call.caller);
        if caller.is_some_and(|caller| self.hides_passthru(caller.slot, Role::Caller, passthru)) {
            self.fail_call(index, passthru_unknown());
        } else if let Some((caller, request)) = self.detach_caller(index) {
            self.sessions.metrics.calls_failed += 1;
            let mut details = std::mem::take(&mut error.details);
            details.extra = Dict::new();
            (details.callee, details.callee_authid, details.callee_authrole) = (None, None, None);
            details.forward_for = weight::take_forwarders(&mut details.forward_for);
            let (request_type, payload) =
                (RequestType::Call, std::mem::replace(&mut error.payload, Payload::empty()));
            let error = std::mem::take(&mut error.error);
            self.sessions.push(caller, Error { request_type, request, details, error, payload });
        }
        self.detach_callee(index);
    }

    /// The call that an answer of a callee belongs to. An answer to one that is over already is a race; one to an
    /// invocation that never was is a violation.
    fn invocation(&mut self, slot: usize, request: RequestId) -> Option<usize> {
        let member = self.sessions.member(slot)?;
        if let Some(&index) = member.invocations.get(&request) {
            return Some(index);
        }
        if request < member.invocation_ids.peek() {
            self.sessions.metrics.messages_late += 1;
        } else {
            self.violate(slot, Violation::NoSuchInvocation(request));
        }
        None
    }

    /// Answers a call with an error.
    pub(super) fn fail_call(&mut self, index: usize, refusal: Refusal) {
        if let Some((caller, request)) = self.detach_caller(index) {
            self.sessions.metrics.calls_failed += 1;
            self.refuse(caller, RequestType::Call, request, refusal);
        }
    }

    /// Whether the callee of a call can be interrupted.
    pub(super) fn can_interrupt(&self, index: usize) -> bool {
        let callee = self.calls.get(index).and_then(|call| self.sessions.member(call.callee));
        callee.is_some_and(|callee| callee.has(Role::Callee, Feature::CallCanceling))
    }
}

fn passthru_unknown() -> Refusal {
    let message = "the answer is in payload passthru mode, which the caller has not announced";
    Refusal::new(error_uri::FEATURE_NOT_SUPPORTED, message)
}

/// What the caller learns. Who was called is not for the callee to say: it could name anybody.
fn result_details(options: &mut YieldOptions) -> ResultDetails {
    let mut details = ResultDetails::default();
    details.progress = options.progress;
    details.forward_for = weight::take_forwarders(&mut options.forward_for);
    details.passthru = options.passthru.take();
    details
}
