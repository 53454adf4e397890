//! From YIELD and ERROR of the callee to RESULT and ERROR for the caller.

use wirebahn_core::wamp::message::{Error, Result as ResultMessage, Yield};
use wirebahn_core::wamp::{Feature, RequestId, RequestType, ResultDetails, Role, error_uri};

use crate::Violation;
use crate::request::Refusal;
use crate::router::Router;

impl Router {
    pub(crate) fn yield_result(&mut self, slot: usize, result: Yield) {
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
            let details = result_details(result.options);
            self.sessions.push(
                caller.slot,
                ResultMessage { request: caller.request, details, payload: result.payload },
            );
            self.arm_call(index);
            return;
        }
        let hides = caller.is_some_and(|caller| {
            self.hides_passthru(caller.slot, Role::Caller, result.options.passthru.as_deref())
        });
        if hides {
            let message = "the result is in payload passthru mode, which the caller has not announced";
            self.fail_call(index, Refusal::new(error_uri::FEATURE_NOT_SUPPORTED, message));
        } else if let Some((caller, request)) = self.detach_caller(index) {
            self.sessions.metrics.calls_succeeded += 1;
            let details = result_details(result.options);
            self.sessions.push(caller, ResultMessage { request, details, payload: result.payload });
        }
        self.detach_callee(index);
    }

    pub(crate) fn invocation_error(&mut self, slot: usize, error: Error) {
        let Some(index) = self.invocation(slot, error.request) else { return };
        if let Some((caller, request)) = self.detach_caller(index) {
            self.sessions.metrics.calls_failed += 1;
            self.sessions.push(caller, Error { request_type: RequestType::Call, request, ..error });
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

fn result_details(options: wirebahn_core::wamp::YieldOptions) -> ResultDetails {
    let mut details = ResultDetails::default();
    details.progress = options.progress;
    details.callee = options.callee;
    details.callee_authid = options.callee_authid;
    details.callee_authrole = options.callee_authrole;
    details.forward_for = options.forward_for;
    details.passthru = options.passthru;
    details
}
