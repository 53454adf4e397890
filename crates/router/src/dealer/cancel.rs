//! The ends of calls that are no answers: CANCEL, timeouts, and sessions that leave.

use wirebahn_core::wamp::message::{Cancel, Interrupt};
use wirebahn_core::wamp::{CancelMode, InterruptOptions, Uri, error_uri};

use crate::request::Refusal;
use crate::router::Router;
use crate::session::Member;

impl Router {
    pub(crate) fn cancel(&mut self, slot: usize, cancel: &Cancel) {
        let Some(member) = self.sessions.member(slot) else { return };
        let Some(&index) = member.calls.get(&cancel.request) else {
            // The answer to the call and this have met on the way.
            self.sessions.metrics.messages_late += 1;
            return;
        };
        // The specification has no default. This is the one that answers at once and lets nobody work in vain.
        let mut mode = cancel.options.mode.unwrap_or(CancelMode::KillNoWait);
        if !self.can_interrupt(index) {
            mode = CancelMode::Skip;
        }
        if mode != CancelMode::Skip {
            self.interrupt_with(index, mode, None);
        }
        if mode != CancelMode::Kill {
            self.fail_call(index, Refusal::new(error_uri::CANCELED, "the caller has canceled the call"));
        }
    }

    pub(crate) fn time_out_call(&mut self, index: usize) {
        if let Some(call) = self.calls.get_mut(index) {
            call.deadline = None;
        }
        self.interrupt(index, Some(Uri::from_static(error_uri::TIMEOUT)));
        self.fail_call(index, Refusal::new(error_uri::TIMEOUT, "the call took longer than its timeout"));
    }

    /// Ends the calls that a session has made, and those it has to answer.
    pub(crate) fn end_calls_of(&mut self, slot: usize, member: &Member) {
        let mut made: Vec<usize> = member.calls.values().copied().collect();
        made.sort_unstable();
        for index in made {
            self.interrupt(index, Some(Uri::from_static(error_uri::CANCELED)));
            self.sessions.metrics.calls_failed += 1;
            self.detach_caller(index);
        }
        let mut open: Vec<_> = member.invocations.iter().map(|(&request, &index)| (request, index)).collect();
        open.sort_unstable();
        for (_, index) in open {
            if self.calls.get(index).is_some_and(|call| call.callee == slot) {
                self.fail_call(index, Refusal::new(error_uri::CANCELED, "the callee has left"));
                self.detach_callee(index);
            }
        }
    }

    /// Tells the callee that nobody waits for its answer any more, if it wants to know.
    pub(super) fn interrupt(&mut self, index: usize, reason: Option<Uri>) {
        if self.can_interrupt(index) {
            self.interrupt_with(index, CancelMode::KillNoWait, reason);
        }
    }

    fn interrupt_with(&mut self, index: usize, mode: CancelMode, reason: Option<Uri>) {
        let Some(call) = self.calls.get_mut(index) else { return };
        if std::mem::replace(&mut call.is_interrupted, true) {
            return;
        }
        let (callee, request) = (call.callee, call.invocation);
        let mut options = InterruptOptions::default();
        options.mode = Some(mode);
        options.reason = reason;
        self.sessions.push(callee, Interrupt { request, options });
    }
}
