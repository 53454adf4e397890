//! From PUBLISH to EVENT.

use std::sync::Arc;

use wirebahn_core::wamp::message::{Event, Publish, Published};
use wirebahn_core::wamp::{
    EventDetails, MatchPolicy, MessageType, Payload, PublicationId, PublishOptions, Receivers, RequestId,
    RequestType, Role, SubscriptionId, Uri, error_uri,
};

use crate::request::Refusal;
use crate::router::Router;
use crate::{Action, Disclosure, SharedEvent, Violation, weight};

/// What is published, by a session or by the router itself.
#[derive(Clone, Debug)]
pub(crate) struct Publication {
    pub(crate) id: PublicationId,
    pub(crate) topic: Uri,
    /// The same for all subscriptions, but for the topic.
    pub(crate) details: EventDetails,
    pub(crate) receivers: Option<Box<Receivers>>,
    pub(crate) payload: Payload,
}

impl Router {
    pub(crate) fn publish(&mut self, slot: usize, publish: &mut Publish, is_checked: bool) {
        if !is_checked && !self.check_id(slot, publish.request) {
            return;
        }
        if self.hides_passthru(slot, Role::Publisher, publish.options.passthru.as_deref()) {
            return self.violate(slot, Violation::PassthruNotAnnounced);
        }
        let checked = self.check_uri(slot, &publish.topic, MatchPolicy::Exact).and_then(|()| {
            if publish.topic.is_reserved() {
                return Err(Refusal::new(
                    error_uri::INVALID_URI,
                    "topics of the router itself begin with wamp",
                ));
            }
            self.check_disclosure(slot, publish.options.disclose_me)
        });
        if let Err(refusal) = checked {
            return self.refuse_publish(slot, publish.request, publish.options.acknowledge, refusal);
        }
        if self.may_go_on(slot, Action::Publish, &publish.topic, MatchPolicy::Exact, publish) {
            self.perform_publish(slot, publish);
        }
    }

    pub(crate) fn refuse_publish(
        &mut self,
        slot: usize,
        request: RequestId,
        acknowledge: bool,
        refusal: Refusal,
    ) {
        if acknowledge {
            self.refuse(slot, RequestType::Publish, request, refusal);
        } else {
            self.sessions.metrics.publications_refused += 1;
        }
    }

    pub(crate) fn perform_publish(&mut self, slot: usize, publish: &mut Publish) {
        let Publish { request, options, topic, payload } = publish;
        let request = *request;
        let Some(member) = self.sessions.member(slot) else { return };
        let realm = member.realm;
        let Some(config) = self.realms.get(realm).map(|realm| &realm.config) else { return };
        let PublishOptions { acknowledge, exclude_me, disclose_me, retain, .. } = *options;
        let mut details = EventDetails::default();
        if config.disclosure == Disclosure::Always || disclose_me {
            details.publisher = Some(member.id);
            details.publisher_authid = Some(member.identity.authid.clone());
            details.publisher_authrole = Some(member.identity.authrole.clone());
        }
        details.transaction_hash = options.transaction_hash.take();
        details.forward_for = weight::take_forwarders(&mut options.forward_for);
        details.passthru = options.passthru.take();
        let id = PublicationId::random(&mut self.random);
        let publication = Publication {
            id,
            topic: std::mem::take(topic),
            details,
            receivers: options.receivers.take(),
            payload: std::mem::replace(payload, Payload::empty()),
        };
        self.sessions.metrics.publications += 1;
        self.deliver(realm, &publication, Some(slot), exclude_me.then_some(slot));
        if acknowledge {
            self.sessions.push(slot, Published { request, publication: id });
        }
        self.remember(realm, &publication);
        if retain {
            self.retain(realm, publication);
        }
    }

    /// Queues an event for each receiver of each subscription that matches.
    pub(crate) fn deliver(
        &mut self,
        realm: usize,
        publication: &Publication,
        publisher: Option<usize>,
        excluded: Option<usize>,
    ) {
        let queued = self.sessions.metrics.events_queued;
        let mut matching = std::mem::take(&mut self.matching);
        if let Some(realm) = self.realms.get(realm) {
            realm.broker.patterns.for_each_match(&publication.topic, |&place| matching.push(place));
            for subscription in matching.iter().filter_map(|&place| realm.broker.table.get(place)) {
                let mut shared = None;
                for &receiver in &subscription.subscribers {
                    if excluded == Some(receiver) {
                        continue;
                    }
                    if let Some(receivers) = &publication.receivers {
                        let Some(member) = self.sessions.member(receiver) else { continue };
                        let identity = &member.identity;
                        if !receivers.include(member.id, &identity.authid, &identity.authrole) {
                            continue;
                        }
                    }
                    let (event, weight) = shared.get_or_insert_with(|| {
                        let event = publication.event(subscription.id, subscription.match_policy);
                        let weight = weight::of_event(&event);
                        (Arc::new(SharedEvent::new(event)), weight)
                    });
                    self.sessions.push_event(receiver, event, *weight, publisher);
                }
            }
        }
        matching.clear();
        self.matching = matching;
        self.count_events(realm, queued);
    }

    /// Counts the events for sessions of a realm since there were so many in all.
    pub(super) fn count_events(&mut self, realm: usize, before: u64) {
        let queued = self.sessions.metrics.events_queued - before;
        self.sessions.traffic.sent(realm, MessageType::Event, queued);
    }
}

impl Publication {
    /// The event for one subscription.
    pub(crate) fn event(&self, subscription: SubscriptionId, match_policy: MatchPolicy) -> Event {
        let mut details = self.details.clone();
        if match_policy != MatchPolicy::Exact {
            details.topic = Some(self.topic.clone());
        }
        Event { subscription, publication: self.id, details, payload: self.payload.clone() }
    }
}
