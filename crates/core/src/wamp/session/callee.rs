//! Invocations: what this client is asked, and its answers.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{OperationError, Session, SessionEvent, SessionViolation};
use crate::wamp::message::{Error, Interrupt, Invocation, Yield};
use crate::wamp::{
    CancelMode, ErrorDetails, Feature, Payload, RegistrationId, RequestId, RequestType, Role, Uri,
    YieldOptions, error_uri,
};

/// How many invocations are remembered that were answered before all their arguments had come, so that the rest of those
/// is dropped. The specification leaves open for how long; a router that is told of an answer sends few more.
const MAX_CUT: usize = 1024;

/// YIELD has none.
const NO_URI: Uri = Uri::from_static("");

/// The registrations of this session and the invocations that are not answered yet.
#[derive(Debug)]
pub(super) struct Invocations {
    pub(super) registrations: BTreeSet<RegistrationId>,
    active: BTreeMap<RequestId, Active>,
    /// Those that were answered before all their arguments had come.
    cut: VecDeque<RequestId>,
    limit: usize,
}

#[derive(Clone, Copy, Debug)]
struct Active {
    wants_progress: bool,
    /// Whether more pieces of the arguments follow.
    is_open: bool,
}

impl Invocations {
    pub(super) const fn new(limit: usize) -> Self {
        Self { registrations: BTreeSet::new(), active: BTreeMap::new(), cut: VecDeque::new(), limit }
    }

    pub(super) fn clear(&mut self) {
        self.registrations.clear();
        self.active.clear();
        self.cut.clear();
    }

    pub(super) fn finish(&mut self, request: RequestId) {
        if self.active.remove(&request).is_some_and(|active| active.is_open) {
            if self.cut.len() == MAX_CUT {
                self.cut.pop_front();
            }
            self.cut.push_back(request);
        }
    }

    /// Whether the piece is of an invocation that was answered already.
    fn is_cut(&mut self, invocation: &Invocation) -> bool {
        let Some(at) = self.cut.iter().position(|request| *request == invocation.request) else {
            return false;
        };
        if !invocation.details.progress {
            self.cut.remove(at);
        }
        true
    }
}

impl Session {
    /// Answers an invocation, or with `options.progress` sends a piece of the answer.
    ///
    /// # Errors
    ///
    /// The invocation does not wait for an answer any more, or its caller does not want pieces.
    pub fn yield_result(
        &mut self,
        request: RequestId,
        options: YieldOptions,
        payload: Payload,
    ) -> Result<(), OperationError> {
        let active = self.invocation(request)?;
        self.check_len(&NO_URI, &payload)?;
        if options.progress {
            if !active.wants_progress {
                return Err(OperationError::ProgressNotWanted);
            }
        } else {
            self.invocations.finish(request);
        }
        self.send(Yield { request, options, payload });
        Ok(())
    }

    /// Answers an invocation with an error.
    ///
    /// # Errors
    ///
    /// The invocation does not wait for an answer any more.
    pub fn yield_error(
        &mut self,
        request: RequestId,
        error: Uri,
        details: ErrorDetails,
        payload: Payload,
    ) -> Result<(), OperationError> {
        self.invocation(request)?;
        self.check_len(&error, &payload)?;
        self.invocations.finish(request);
        self.send(Error { request_type: RequestType::Invocation, request, details, error, payload });
        Ok(())
    }

    /// Whether an answer to the invocation is still awaited.
    #[must_use]
    pub fn awaits_answer(&self, request: RequestId) -> bool {
        self.invocation(request).is_ok()
    }

    fn invocation(&self, request: RequestId) -> Result<Active, OperationError> {
        self.check_joined()?;
        self.invocations.active.get(&request).copied().ok_or(OperationError::NoSuchInvocation)
    }

    pub(super) fn handle_invocation(&mut self, invocation: Invocation) {
        let request = invocation.request;
        if self.invocations.is_cut(&invocation) {
            return;
        }
        if let Some(active) = self.invocations.active.get_mut(&request) {
            if !active.is_open {
                return self.fail(SessionViolation::InvocationRepeated(request));
            }
            active.is_open = invocation.details.progress;
            self.events.push_back(SessionEvent::Invocation(invocation));
            return;
        }
        let announced = |feature| self.config.roles.has_feature(Role::Callee, feature);
        if invocation.details.progress && !announced(Feature::ProgressiveCallInvocations) {
            let feature = Feature::ProgressiveCallInvocations;
            return self.fail(SessionViolation::FeatureNotAnnounced(feature));
        }
        if !self.invocations.registrations.contains(&invocation.registration) {
            // It may have crossed an UNREGISTERED; the caller must not wait for ever.
            return self.refuse_invocation(&invocation, error_uri::NO_SUCH_REGISTRATION);
        }
        if self.invocations.active.len() >= self.invocations.limit {
            return self.refuse_invocation(&invocation, error_uri::UNAVAILABLE);
        }
        let details = &invocation.details;
        let active = Active { wants_progress: details.receive_progress, is_open: details.progress };
        self.invocations.active.insert(request, active);
        self.events.push_back(SessionEvent::Invocation(invocation));
    }

    fn refuse_invocation(&mut self, invocation: &Invocation, error: &'static str) {
        if self.refusals >= self.config.limits.max_replies {
            return self.fail(SessionViolation::RepliesNotRead);
        }
        self.send(Error {
            request_type: RequestType::Invocation,
            request: invocation.request,
            details: ErrorDetails::default(),
            error: Uri::from_static(error),
            payload: Payload::empty(),
        });
        if invocation.details.progress {
            let open = Active { wants_progress: false, is_open: true };
            self.invocations.active.insert(invocation.request, open);
            self.invocations.finish(invocation.request);
        }
    }

    /// An INTERRUPT for an invocation that was answered has crossed the answer.
    pub(super) fn handle_interrupt(&mut self, interrupt: Interrupt) {
        let Interrupt { request, options } = interrupt;
        if !self.invocations.active.contains_key(&request) {
            self.late += 1;
            return;
        }
        if options.mode == Some(CancelMode::KillNoWait) {
            self.invocations.finish(request);
        }
        self.events.push_back(SessionEvent::Interrupt { request, options });
    }
}
