//! What the application asks.

use alloc::boxed::Box;
use core::time::Duration;

use super::requests::{Call, Request};
use super::{OperationError, Session, State};
use crate::Instant;
use crate::wamp::message::{self, Cancel, Publish, Register, Subscribe, Unregister, Unsubscribe};
use crate::wamp::{
    CallOptions, CancelMode, CancelOptions, Feature, Payload, PublishOptions, RegisterOptions,
    RegistrationId, RequestId, Role, SubscribeOptions, SubscriptionId, UnregisterOptions, UnsubscribeOptions,
    Uri,
};

impl Session {
    /// Publishes an event. Only with `options.acknowledge` an event answers the request.
    ///
    /// # Errors
    ///
    /// There is no session.
    pub fn publish(
        &mut self,
        topic: Uri,
        options: PublishOptions,
        payload: Payload,
    ) -> Result<RequestId, OperationError> {
        self.check_joined()?;
        self.check_len(&topic, &payload)?;
        let request = self.ids.draw();
        if options.acknowledge {
            self.requests.insert(request, Request::Publish);
        }
        self.send(Publish { request, options, topic, payload });
        Ok(request)
    }

    /// Subscribes to a topic, or to a pattern of topics.
    ///
    /// # Errors
    ///
    /// There is no session.
    pub fn subscribe(&mut self, topic: Uri, options: SubscribeOptions) -> Result<RequestId, OperationError> {
        self.check_joined()?;
        let request = self.ids.draw();
        let match_policy = options.match_policy;
        self.requests.insert(request, Request::Subscribe { topic: topic.clone(), match_policy });
        self.send(Subscribe { request, options, topic });
        Ok(request)
    }

    /// Gives a subscription back. A router has one subscription for each pair of topic and policy, so one that was
    /// granted several times ends when it was given back as often; until then there is nothing to ask the router, and the
    /// result is `None`.
    ///
    /// # Errors
    ///
    /// There is no session, or it has no such subscription.
    pub fn unsubscribe(&mut self, subscription: SubscriptionId) -> Result<Option<RequestId>, OperationError> {
        self.check_joined()?;
        let grant = self.subscriptions.get_mut(&subscription).filter(|grant| grant.holders > 0);
        let grant = grant.ok_or(OperationError::NoSuchSubscription)?;
        grant.holders -= 1;
        Ok(self.unsubscribe_if_unused(subscription))
    }

    /// Ends a subscription that nobody holds, unless a SUBSCRIBE that is under way will be granted the same one.
    pub(super) fn unsubscribe_if_unused(&mut self, subscription: SubscriptionId) -> Option<RequestId> {
        let grant = self.subscriptions.get(&subscription)?;
        if grant.holders > 0 || self.requests.has_subscribe(&grant.topic, grant.match_policy) {
            return None;
        }
        self.subscriptions.remove(&subscription);
        let request = self.ids.draw();
        self.requests.insert(request, Request::Unsubscribe);
        self.send(Unsubscribe { request, subscription, options: UnsubscribeOptions::default() });
        Some(request)
    }

    /// Registers a procedure, or a pattern of procedures.
    ///
    /// # Errors
    ///
    /// There is no session.
    pub fn register(
        &mut self,
        procedure: Uri,
        options: RegisterOptions,
    ) -> Result<RequestId, OperationError> {
        self.check_joined()?;
        let request = self.ids.draw();
        self.requests.insert(request, Request::Register);
        self.send(Register { request, options, procedure });
        Ok(request)
    }

    /// Gives a registration back. Invocations that come before the answer are still delivered.
    ///
    /// # Errors
    ///
    /// There is no session, or it has no such registration, or it is being given back already.
    pub fn unregister(&mut self, registration: RegistrationId) -> Result<RequestId, OperationError> {
        self.check_joined()?;
        let is_known = self.invocations.registrations.contains(&registration);
        if !is_known || self.requests.has_unregister(registration) {
            return Err(OperationError::NoSuchRegistration);
        }
        let request = self.ids.draw();
        self.requests.insert(request, Request::Unregister { registration });
        self.send(Unregister { request, registration, options: UnregisterOptions::default() });
        Ok(request)
    }

    /// Calls a procedure. `timeout` is kept by this session: when it has passed the router is told, and
    /// [`SessionEvent::CallTimedOut`](super::SessionEvent::CallTimedOut) follows. `options.timeout` asks the router to
    /// keep one.
    ///
    /// With `options.progress` the arguments come in pieces; [`call_more`](Self::call_more) sends the next.
    ///
    /// # Errors
    ///
    /// There is no session, or its router does not take arguments in pieces: one that has never heard of them takes the
    /// second piece for a second call with the same number.
    pub fn call(
        &mut self,
        procedure: Uri,
        options: CallOptions,
        payload: Payload,
        timeout: Option<Duration>,
        now: Instant,
    ) -> Result<RequestId, OperationError> {
        self.check_joined()?;
        self.check_len(&procedure, &payload)?;
        if options.progress {
            self.check_dealer(Feature::ProgressiveCallInvocations)?;
        }
        let request = self.ids.draw();
        let deadline = timeout.map(|timeout| self.timers.start_call(request, timeout, now));
        let more = options.progress.then(|| Box::new((procedure.clone(), options.clone())));
        let wants_progress = options.receive_progress;
        self.requests.insert(request, Request::Call(Call { deadline, wants_progress, more }));
        self.send(message::Call { request, options, procedure, payload });
        Ok(request)
    }

    /// Sends a further piece of the arguments of a call; `is_last` if none follows it.
    ///
    /// # Errors
    ///
    /// The call does not wait for a result any more, or it has all its arguments.
    pub fn call_more(
        &mut self,
        request: RequestId,
        payload: Payload,
        is_last: bool,
    ) -> Result<(), OperationError> {
        self.check_joined()?;
        let call = self.requests.call(request).ok_or(OperationError::NoSuchRequest)?;
        let more = call.more.as_ref().ok_or(OperationError::ArgumentsComplete)?;
        let (procedure, mut options) = (**more).clone();
        check_len(&procedure, &payload, self.max_message_len)?;
        if is_last {
            options.progress = false;
            call.more = None;
        }
        self.send(message::Call { request, options, procedure, payload });
        Ok(())
    }

    /// Cancels a call. With [`CancelMode::Kill`] the call waits for what the callee answers; otherwise this session does
    /// not wait for it any more, and a result that is under way is dropped.
    ///
    /// A router that cannot cancel is not asked to.
    ///
    /// # Errors
    ///
    /// The call does not wait for a result any more, or the router cannot cancel and the mode needs it.
    pub fn cancel(&mut self, request: RequestId, mode: CancelMode) -> Result<(), OperationError> {
        self.check_joined()?;
        if self.requests.call(request).is_none() {
            return Err(OperationError::NoSuchRequest);
        }
        let can_cancel = self.dealer_has(Feature::CallCanceling);
        if mode == CancelMode::Kill {
            self.check_dealer(Feature::CallCanceling)?;
        } else if let Some(call) = self.requests.remove_call(request) {
            self.timers.stop_call(request, call.deadline);
        }
        if can_cancel {
            let options = CancelOptions { mode: Some(mode), ..CancelOptions::default() };
            self.send(Cancel { request, options });
        }
        Ok(())
    }

    pub(super) const fn check_joined(&self) -> Result<(), OperationError> {
        if matches!(self.state, State::Joined) { Ok(()) } else { Err(OperationError::NotJoined) }
    }

    pub(super) fn check_len(&self, uri: &Uri, payload: &Payload) -> Result<(), OperationError> {
        check_len(uri, payload, self.max_message_len)
    }

    const fn check_dealer(&self, feature: Feature) -> Result<(), OperationError> {
        if self.router.has_feature(Role::Dealer, feature) {
            Ok(())
        } else {
            Err(OperationError::NotSupported(feature))
        }
    }
}

/// Whether a message with this payload is short enough. Options are left out of account, so a message may still turn out
/// to be too long: see [`Session::handle_unsent`].
fn check_len(uri: &Uri, payload: &Payload, limit: u64) -> Result<(), OperationError> {
    let len = (ENVELOPE + uri.len() + payload.len()) as u64;
    if len > limit { Err(OperationError::PayloadTooLong { limit }) } else { Ok(()) }
}

/// What the code, the number and the usual options of a message take, at most.
const ENVELOPE: usize = 64;
