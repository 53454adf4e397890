//! From CALL to INVOCATION.

use std::hash::BuildHasher as _;
use std::time::Duration;

use wirebahn_core::wamp::message::{Call as CallMessage, Invocation};
use wirebahn_core::wamp::{
    Feature, InvocationDetails, MatchPolicy, Payload, PayloadPassthru, RequestType, Role, error_uri,
};

use super::{Call, Caller};
use crate::request::Refusal;
use crate::router::{Router, Timer};
use crate::session::Member;
use crate::{Action, Disclosure, Violation, weight};

impl Router {
    pub(crate) fn call(&mut self, slot: usize, call: &mut CallMessage) {
        let Some(member) = self.sessions.member_mut(slot) else { return };
        if let Some(&index) = member.calls.get(&call.request) {
            return self.continue_call(slot, index, call);
        }
        if let Some(at) = member.cut_short.iter().position(|&cut| cut == call.request) {
            // The end of the call and this part of it have met on the way.
            if !call.options.progress {
                member.cut_short.remove(at);
            }
            self.sessions.metrics.messages_late += 1;
            return;
        }
        if call.options.progress && !member.has(Role::Caller, Feature::ProgressiveCallInvocations) {
            return self.violate(slot, Violation::ProgressNotAnnounced);
        }
        if !self.check_id(slot, call.request) {
            return;
        }
        if self.hides_passthru(slot, Role::Caller, call.options.passthru.as_deref()) {
            return self.violate(slot, Violation::PassthruNotAnnounced);
        }
        let checked = self
            .check_uri(slot, &call.procedure, MatchPolicy::Exact)
            .and_then(|()| self.check_disclosure(slot, call.options.disclose_me));
        if let Err(refusal) = checked {
            return self.refuse_call(slot, call, refusal);
        }
        if self.may_go_on(slot, Action::Call, &call.procedure, MatchPolicy::Exact, call) {
            self.perform_call(slot, call);
        }
    }

    pub(crate) fn perform_call(&mut self, slot: usize, call: &mut CallMessage) {
        self.sessions.metrics.calls += 1;
        if call.procedure.is_reserved() {
            self.expect_no_more(slot, call);
            return self.call_meta(slot, call);
        }
        if self.has_too_many_calls(slot) {
            self.sessions.metrics.calls_failed += 1;
            let message = "too many calls of this session are not answered yet";
            return self.refuse_call(slot, call, Refusal::new(error_uri::UNAVAILABLE, message));
        }
        if let Err(refusal) = self.invoke(slot, call) {
            self.sessions.metrics.calls_failed += 1;
            if UNAVAILABLE.contains(&refusal.error.as_str()) {
                self.sessions.metrics.calls_unavailable += 1;
            }
            self.refuse_call(slot, call, refusal);
        }
    }

    /// Answers the first part of a call, or all of it, with an error.
    pub(crate) fn refuse_call(&mut self, slot: usize, call: &CallMessage, refusal: Refusal) {
        self.expect_no_more(slot, call);
        self.refuse(slot, RequestType::Call, call.request, refusal);
    }

    /// The call ends with this part of it: those that are under way are no calls of their own.
    fn expect_no_more(&mut self, slot: usize, call: &CallMessage) {
        if let Some(member) = self.sessions.member_mut(slot).filter(|_| call.options.progress) {
            member.cut_short(call.request);
        }
    }

    fn has_too_many_calls(&self, slot: usize) -> bool {
        let limit = self.realm_config(slot).map(|config| config.session.pending_calls);
        let calls = self.sessions.member(slot).map(|caller| caller.calls.len());
        limit.zip(calls).is_some_and(|(limit, calls)| calls >= limit)
    }

    /// Finds a callee and queues the invocation.
    fn invoke(&mut self, slot: usize, call: &mut CallMessage) -> Result<(), Refusal> {
        let CallMessage { request, options, procedure, payload } = call;
        let request = *request;
        let gone = || Refusal::new(error_uri::CANCELED, "the session has left");
        let caller = self.sessions.member(slot).ok_or_else(gone)?;
        let realm_index = caller.realm;
        let realm = self.realms.get_mut(realm_index).ok_or_else(gone)?;
        let best = realm.dealer.patterns.best(procedure);
        let (match_policy, place) = best.map(|(policy, &place)| (policy, place)).ok_or_else(|| {
            Refusal::new(error_uri::NO_SUCH_PROCEDURE, format!("no procedure {procedure} is registered"))
        })?;
        let registration = realm.dealer.table.get_mut(place).ok_or_else(gone)?;
        let weight = weight::MESSAGE_OVERHEAD + payload.len();
        let chosen = registration.choose(&self.sessions, &mut self.random, weight)?;
        let callee = registration.callees.get_mut(chosen).ok_or_else(gone)?;
        let callee_member = self.sessions.member(callee.slot).ok_or_else(gone)?;
        check_features(callee_member, options.progress, options.passthru.as_deref())?;

        let disclosure = realm.config.disclosure;
        let is_disclosed = disclosure == Disclosure::Always
            || (disclosure == Disclosure::OnRequest && (options.disclose_me || callee.disclose_caller));
        let mut details = InvocationDetails::default();
        if is_disclosed {
            details.caller = Some(caller.id);
            details.caller_authid = Some(caller.identity.authid.clone());
            details.caller_authrole = Some(caller.identity.authrole.clone());
        }
        if match_policy != MatchPolicy::Exact {
            details.procedure = Some(procedure.clone());
        }
        // The specification also wants a callee that can be canceled; Autobahn|JS announces only the one, and sends parts.
        details.receive_progress =
            options.receive_progress && callee_member.has(Role::Callee, Feature::ProgressiveCallResults);
        details.progress = options.progress;
        let callee_ends_it = callee.forward_timeout && callee_member.has(Role::Callee, Feature::CallTimeout);
        let timeout = if callee_ends_it { 0 } else { options.timeout };
        details.timeout = options.timeout - timeout;
        details.transaction_hash = options.transaction_hash.take();
        details.forward_for = weight::take_forwarders(&mut options.forward_for);
        details.passthru = options.passthru.take();
        let payload = std::mem::replace(payload, Payload::empty());

        let is_counted = callee.concurrency.is_some();
        callee.active += u64::from(is_counted);
        let (callee, registration) = (callee.slot, registration.id);
        let receive_progress = details.receive_progress;
        let Some(callee_member) = self.sessions.member_mut(callee) else { return Err(gone()) };
        let invocation = callee_member.invocation_ids.draw();
        let index = self.calls.insert(Call {
            caller: Some(Caller { slot, request }),
            callee,
            invocation,
            realm: realm_index,
            registration,
            procedure: options.progress.then(|| self.string_hash.hash_one(procedure.as_str())),
            is_counted,
            receive_progress,
            is_interrupted: false,
            timeout,
            deadline: None,
        });
        callee_member.invocations.insert(invocation, index);
        if let Some(caller) = self.sessions.member_mut(slot) {
            caller.calls.insert(request, index);
        }
        self.arm_call(index);
        self.sessions.push(callee, Invocation { request: invocation, registration, details, payload });
        Ok(())
    }

    /// Takes a further part of a call.
    fn continue_call(&mut self, slot: usize, index: usize, part: &mut CallMessage) {
        let Some(call) = self.calls.get_mut(index) else { return };
        let Some(procedure) = call.procedure else {
            return self.violate(slot, Violation::CallIdInUse(part.request));
        };
        if procedure != self.string_hash.hash_one(part.procedure.as_str()) {
            return self.violate(slot, Violation::ProcedureChanged(part.request));
        }
        let passthru = part.options.passthru.as_deref();
        if self.hides_passthru(slot, Role::Caller, passthru) {
            return self.violate(slot, Violation::PassthruNotAnnounced);
        }
        let Some(call) = self.calls.get_mut(index) else { return };
        let callee = self.sessions.member(call.callee);
        if let Some(Err(refusal)) = callee.map(|callee| check_features(callee, true, passthru)) {
            self.interrupt(index, Some(refusal.error.clone()));
            return self.fail_call(index, refusal);
        }
        let progress = part.options.progress;
        if !progress {
            call.procedure = None;
        }
        let (callee, request, registration) = (call.callee, call.invocation, call.registration);
        let mut details = InvocationDetails::default();
        details.progress = progress;
        details.receive_progress = call.receive_progress;
        details.passthru = part.options.passthru.take();
        if !self.sessions.has_room(callee, weight::MESSAGE_OVERHEAD + part.payload.len()) {
            self.sessions.metrics.calls_unavailable += 1;
            self.interrupt(index, None);
            let message = "the callee does not read its invocations fast enough";
            self.fail_call(index, Refusal::new(error_uri::UNAVAILABLE, message));
            return;
        }
        let payload = std::mem::replace(&mut part.payload, Payload::empty());
        self.sessions.push(callee, Invocation { request, registration, details, payload });
    }

    /// Starts the timer of a call, if it has one, anew.
    pub(super) fn arm_call(&mut self, index: usize) {
        let Some(call) = self.calls.get_mut(index) else { return };
        if let Some(old) = call.deadline.take() {
            self.timers.remove(&(old, Timer::Call(index)));
        }
        if call.timeout > 0 {
            let deadline = self.now + Duration::from_millis(call.timeout);
            call.deadline = Some(deadline);
            self.timers.insert((deadline, Timer::Call(index)));
        }
    }
}

/// The errors that say that a callee is there, but cannot take a call now.
const UNAVAILABLE: [&str; 3] =
    [error_uri::UNAVAILABLE, error_uri::NO_AVAILABLE_CALLEE, error_uri::MAX_CONCURRENCY_REACHED];

/// Whether the callee can do what the call needs.
fn check_features(
    callee: &Member,
    progress: bool,
    passthru: Option<&PayloadPassthru>,
) -> Result<(), Refusal> {
    if progress && !callee.has(Role::Callee, Feature::ProgressiveCallInvocations) {
        return Err(Refusal::new(error_uri::FEATURE_NOT_SUPPORTED, "the callee takes no calls in parts"));
    }
    let has_scheme = passthru.is_some_and(|passthru| passthru.scheme.is_some());
    if has_scheme && !callee.has(Role::Callee, Feature::PayloadPassthruMode) {
        return Err(Refusal::new(error_uri::FEATURE_NOT_SUPPORTED, "the callee knows no payload passthru"));
    }
    Ok(())
}
