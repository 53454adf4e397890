//! A client that remembers what it asked for, and insists on what it must get.

use std::collections::{HashMap, HashSet};

use wirebahn_core::wamp::message::Event;
use wirebahn_core::wamp::{
    Message, RegistrationId, RequestId, RequestIds, RequestType, SessionId, SubscriptionId,
};

/// How it behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It reads whatever comes at once.
    Attentive,
    /// It reads when everybody leaves, and not before.
    Deaf,
}

#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) manner: Manner,
    pub(crate) session: Option<SessionId>,
    pub(crate) ids: RequestIds,
    /// What has not been answered yet.
    pub(crate) asked: HashMap<RequestId, RequestType>,
    pub(crate) subscriptions: Vec<SubscriptionId>,
    pub(crate) registrations: Vec<RegistrationId>,
    /// What has to be answered.
    pub(crate) invocations: Vec<RequestId>,
    /// Those that were answered: INTERRUPT may still come for them.
    answered: HashSet<RequestId>,
    /// UNSUBSCRIBE and UNREGISTER under way, and what they give up.
    pub(crate) giving_up: HashMap<RequestId, u64>,
    /// The last event of each publisher on each subscription.
    last_events: HashMap<(SubscriptionId, u64), u64>,
    /// It has sent what may end its session: it is not owed answers any more.
    pub(crate) is_leaving: bool,
}

impl Client {
    pub(crate) fn new(manner: Manner) -> Self {
        Self {
            manner,
            session: None,
            ids: RequestIds::new(),
            asked: HashMap::new(),
            subscriptions: Vec::new(),
            registrations: Vec::new(),
            invocations: Vec::new(),
            answered: HashSet::new(),
            giving_up: HashMap::new(),
            last_events: HashMap::new(),
            is_leaving: false,
        }
    }

    pub(crate) fn ask(&mut self, what: RequestType) -> RequestId {
        let request = self.ids.draw();
        self.asked.insert(request, what);
        request
    }

    pub(crate) fn answered(&mut self, invocation: RequestId) {
        self.answered.insert(invocation);
    }

    /// Takes a message.
    pub(crate) fn receive(&mut self, message: &Message) {
        match message {
            Message::Welcome(welcome) => {
                assert_eq!(self.session, None, "welcome a second time");
                self.session = Some(welcome.session);
            }
            Message::Subscribed(message) => {
                self.settle(message.request, RequestType::Subscribe);
                if !self.subscriptions.contains(&message.subscription) {
                    self.subscriptions.push(message.subscription);
                }
            }
            Message::Registered(message) => {
                self.settle(message.request, RequestType::Register);
                self.registrations.push(message.registration);
            }
            Message::Unsubscribed(message) => match message.request {
                Some(request) => {
                    if let Some(id) = self.giving_up.remove(&request) {
                        self.subscriptions.retain(|subscription| subscription.get() != id);
                    }
                    self.settle(request, RequestType::Unsubscribe);
                }
                None => panic!("nobody takes subscriptions back: {message:?}"),
            },
            Message::Unregistered(message) => match message.request {
                Some(request) => {
                    if let Some(id) = self.giving_up.remove(&request) {
                        self.registrations.retain(|registration| registration.get() != id);
                    }
                    self.settle(request, RequestType::Unregister);
                }
                // A revocation: another session took the procedure over.
                None => {
                    let revoked = message.details.registration;
                    self.registrations.retain(|registration| Some(*registration) != revoked);
                }
            },
            Message::Published(message) => self.settle(message.request, RequestType::Publish),
            Message::Result(message) => {
                let call = self.asked.get(&message.request);
                assert_eq!(call, Some(&RequestType::Call), "a result that nobody asked for: {message:?}");
                if !message.details.progress {
                    self.settle(message.request, RequestType::Call);
                }
            }
            Message::Error(message) => {
                self.giving_up.remove(&message.request);
                self.settle(message.request, message.request_type);
            }
            Message::Event(event) => self.receive_event(event),
            Message::Invocation(invocation) => {
                let is_ours = self.registrations.contains(&invocation.registration);
                assert!(is_ours, "an invocation of somebody else's registration: {invocation:?}");
                self.invocations.push(invocation.request);
            }
            Message::Interrupt(interrupt) => {
                let is_known = self.invocations.contains(&interrupt.request)
                    || self.answered.contains(&interrupt.request);
                assert!(is_known, "an interrupt of what never was: {interrupt:?}");
            }
            Message::Abort(_) | Message::Goodbye(_) => self.is_leaving = true,
            other => panic!("no router sends this: {other:?}"),
        }
    }

    fn settle(&mut self, request: RequestId, kind: RequestType) {
        assert_eq!(self.asked.remove(&request), Some(kind), "an answer that nobody waits for: {request:?}");
    }

    fn receive_event(&mut self, event: &Event) {
        assert!(
            self.subscriptions.contains(&event.subscription),
            "not subscribed, or not any more: {event:?}"
        );
        // Meta events have other arguments.
        let Ok((publisher, number, _)) = event.payload.args::<(u64, u64, String)>() else { return };
        let last = self.last_events.insert((event.subscription, publisher), number);
        assert!(last.is_none_or(|last| last < number), "event {number} of {publisher} came after {last:?}");
    }
}
