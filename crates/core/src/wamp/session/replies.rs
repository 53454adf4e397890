//! What the router says in a session.

use super::requests::{Request, Unmatched};
use super::{Grant, LeftCause, Session, SessionEvent, SessionViolation};
use crate::Instant;
use crate::wamp::message::Yield;
use crate::wamp::message::{self, Error, Unregistered, Unsubscribed};
use crate::wamp::{
    ErrorDetails, Message, MessageType, Payload, RequestId, RequestType, SubscriptionId, Uri, error_uri,
};

impl Session {
    pub(super) fn handle_joined(&mut self, message: Message, _now: Instant) {
        match message {
            Message::Event(event) => self.handle_event(event),
            Message::Result(result) => self.handle_result(result),
            Message::Invocation(invocation) => self.handle_invocation(invocation),
            Message::Interrupt(interrupt) => self.handle_interrupt(interrupt),
            Message::Published(published) => {
                let event = SessionEvent::Published {
                    request: published.request,
                    publication: published.publication,
                };
                if self.take_request(published.request, MessageType::Published).is_some() {
                    self.events.push_back(event);
                }
            }
            Message::Subscribed(subscribed) => {
                self.handle_subscribed(subscribed.request, subscribed.subscription);
            }
            Message::Unsubscribed(unsubscribed) => self.handle_unsubscribed(unsubscribed),
            Message::Registered(registered) => {
                let (request, registration) = (registered.request, registered.registration);
                if self.take_request(request, MessageType::Registered).is_some() {
                    self.invocations.registrations.insert(registration);
                    self.events.push_back(SessionEvent::Registered { request, registration });
                }
            }
            Message::Unregistered(unregistered) => self.handle_unregistered(unregistered),
            Message::Error(error) => self.handle_error(error),
            Message::Goodbye(goodbye) => self.handle_goodbye(goodbye),
            Message::Abort(abort) => self.handle_abort(abort),
            other => self.fail(SessionViolation::Unexpected(other.message_type())),
        }
    }

    /// Events of a subscription that was given back have crossed the UNSUBSCRIBE.
    fn handle_event(&mut self, event: message::Event) {
        if self.subscriptions.get(&event.subscription).is_some_and(|grant| grant.holders > 0) {
            self.events.push_back(SessionEvent::Event(event));
        } else {
            self.late += 1;
        }
    }

    fn handle_result(&mut self, result: message::Result) {
        let request = result.request;
        if !result.details.progress {
            if let Some(Request::Call(call)) = self.take_request(request, MessageType::Result) {
                self.timers.stop_call(request, call.deadline);
                self.events.push_back(SessionEvent::Result(result));
            }
            return;
        }
        match self.requests.call(request) {
            Some(call) if call.wants_progress => self.events.push_back(SessionEvent::Result(result)),
            Some(_) => self.fail(SessionViolation::ProgressUnasked(request)),
            // No call waits, so nothing is taken: this finds out why.
            None => drop(self.take_request(request, MessageType::Result)),
        }
    }

    fn handle_subscribed(&mut self, request: RequestId, subscription: SubscriptionId) {
        if let Some(Request::Subscribe { topic, match_policy }) =
            self.take_request(request, MessageType::Subscribed)
        {
            let grant =
                self.subscriptions.entry(subscription).or_insert(Grant { topic, match_policy, holders: 0 });
            grant.holders += 1;
            self.events.push_back(SessionEvent::Subscribed { request, subscription });
        }
    }

    fn handle_unsubscribed(&mut self, unsubscribed: Unsubscribed) {
        let Some(request) = unsubscribed.request else {
            let details = unsubscribed.details;
            let Some(subscription) = details.subscription else {
                return self.fail(SessionViolation::RevocationIncomplete(MessageType::Unsubscribed));
            };
            match self.subscriptions.remove(&subscription) {
                Some(grant) if grant.holders > 0 => {
                    let reason = details.reason;
                    self.events.push_back(SessionEvent::SubscriptionRevoked { subscription, reason });
                }
                // It has crossed an UNSUBSCRIBE.
                _ => self.late += 1,
            }
            return;
        };
        if self.take_request(request, MessageType::Unsubscribed).is_some() {
            self.events.push_back(SessionEvent::Unsubscribed { request });
        }
    }

    fn handle_unregistered(&mut self, unregistered: Unregistered) {
        let Some(request) = unregistered.request else {
            let details = unregistered.details;
            let Some(registration) = details.registration else {
                return self.fail(SessionViolation::RevocationIncomplete(MessageType::Unregistered));
            };
            if self.invocations.registrations.remove(&registration) {
                let reason = details.reason;
                self.events.push_back(SessionEvent::RegistrationRevoked { registration, reason });
            } else {
                self.late += 1;
            }
            return;
        };
        if let Some(Request::Unregister { registration }) =
            self.take_request(request, MessageType::Unregistered)
        {
            self.invocations.registrations.remove(&registration);
            self.events.push_back(SessionEvent::Unregistered { request });
        }
    }

    fn handle_error(&mut self, error: Error) {
        let Error { request_type, request, .. } = error;
        if request_type == RequestType::Invocation {
            return self.fail(SessionViolation::ErrorTypeInvalid(request_type));
        }
        match self.requests.fail(request, request_type) {
            Ok(failed) => {
                self.events.push_back(SessionEvent::RequestFailed(error));
                self.handle_failed(request, failed);
            }
            Err(unmatched) => self.handle_unmatched(unmatched, request, MessageType::Error),
        }
    }

    /// The transport did not take a message because of its length: the request fails, and a caller gets an error instead of
    /// a result.
    pub fn handle_unsent(&mut self, message: Message) {
        let (request_type, request) = match message {
            Message::Call(call) => (RequestType::Call, call.request),
            Message::Publish(publish) => (RequestType::Publish, publish.request),
            Message::Subscribe(subscribe) => (RequestType::Subscribe, subscribe.request),
            Message::Register(register) => (RequestType::Register, register.request),
            Message::Yield(Yield { request, .. })
            | Message::Error(Error { request_type: RequestType::Invocation, request, .. }) => {
                self.invocations.finish(request);
                return self.send(too_long(RequestType::Invocation, request));
            }
            // The others have nothing in them that could be long, but for an application that writes novels into them.
            other => return self.end(LeftCause::Unsendable(other.message_type())),
        };
        if let Ok(Request::Call(call)) = self.requests.fail(request, request_type) {
            self.timers.stop_call(request, call.deadline);
        }
        self.events.push_back(SessionEvent::RequestFailed(too_long(request_type, request)));
    }

    fn handle_failed(&mut self, request: RequestId, failed: Request) {
        match failed {
            Request::Call(call) => self.timers.stop_call(request, call.deadline),
            // A subscription that was given back in the meantime waited for this one.
            Request::Subscribe { topic, match_policy } => {
                let unused = self.subscriptions.iter().find(|(_, grant)| {
                    grant.holders == 0 && grant.topic == topic && grant.match_policy == match_policy
                });
                if let Some((subscription, _)) = unused {
                    self.unsubscribe_if_unused(*subscription);
                }
            }
            // The router does not know the registration: it is gone.
            Request::Unregister { registration } => {
                self.invocations.registrations.remove(&registration);
            }
            Request::Publish | Request::Unsubscribe | Request::Register => {}
        }
    }

    /// The request that `message` answers, if one waits for it.
    fn take_request(&mut self, request: RequestId, message: MessageType) -> Option<Request> {
        match self.requests.answer(request, message) {
            Ok(answered) => Some(answered),
            Err(unmatched) => {
                self.handle_unmatched(unmatched, request, message);
                None
            }
        }
    }

    /// An answer to a request that was made is late; to one that was not, it is a violation.
    fn handle_unmatched(&mut self, unmatched: Unmatched, request: RequestId, message: MessageType) {
        match unmatched {
            Unmatched::Mismatch => self.fail(SessionViolation::RequestMismatch { message, request }),
            Unmatched::NotWaiting if request < self.ids.peek() => self.late += 1,
            Unmatched::NotWaiting => self.fail(SessionViolation::RequestUnknown { message, request }),
        }
    }
}

fn too_long(request_type: RequestType, request: RequestId) -> Error {
    Error {
        request_type,
        request,
        details: ErrorDetails::default(),
        error: Uri::from_static(error_uri::PAYLOAD_SIZE_EXCEEDED),
        payload: Payload::empty(),
    }
}
