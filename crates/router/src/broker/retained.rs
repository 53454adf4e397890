//! Events that are kept for those who subscribe later.

use std::collections::HashMap;
use std::sync::Arc;

use wirebahn_core::wamp::Uri;

use super::Publication;
use crate::matching::StringHashKey;
use crate::router::Router;
use crate::{RetainedLimits, SharedEvent};

/// The last event of each topic that was published with `retain`.
#[derive(Debug)]
pub(crate) struct Retained {
    events: HashMap<Uri, Publication, StringHashKey>,
    bytes: usize,
}

impl Retained {
    pub(super) fn new(key: StringHashKey) -> Self {
        Self { events: HashMap::with_hasher(key), bytes: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    /// Keeps the event instead of the one before, and returns whether there was room.
    fn keep(&mut self, publication: Publication, limits: RetainedLimits) -> bool {
        // The one before is out of date, whether or not there is room for the new one.
        if let Some(old) = self.events.remove(&publication.topic) {
            self.bytes -= weight(&old);
        }
        let weight = weight(&publication);
        if self.events.len() >= limits.events || self.bytes.saturating_add(weight) > limits.bytes {
            return false;
        }
        self.bytes += weight;
        self.events.insert(publication.topic.clone(), publication);
        true
    }
}

fn weight(publication: &Publication) -> usize {
    publication.topic.len() + publication.payload.len()
}

impl Router {
    pub(super) fn retain(&mut self, realm: usize, mut publication: Publication) {
        let Some(realm) = self.realms.get_mut(realm) else { return };
        // Not to keep the buffer in memory in which the message came.
        publication.topic = publication.topic.detach();
        publication.payload = publication.payload.detach();
        publication.details.retained = true;
        if !realm.broker.retained.keep(publication, realm.config.retained) {
            self.sessions.metrics.retained_refused += 1;
        }
    }

    /// Queues the events that are kept for a subscription, as far as they are meant for the session.
    pub(super) fn deliver_retained(&mut self, realm: usize, subscription: usize, slot: usize) {
        let Some(realm) = self.realms.get(realm) else { return };
        let Some(subscription) = realm.broker.table.get(subscription) else { return };
        let Some(member) = self.sessions.member(slot) else { return };
        let events = &realm.broker.retained.events;
        let is_meant = |publication: &&Publication| {
            let identity = &member.identity;
            publication
                .receivers
                .as_ref()
                .is_none_or(|receivers| receivers.include(member.id, &identity.authid, &identity.authrole))
        };
        let pattern = (subscription.match_policy, &*subscription.topic);
        let mut found: Vec<&Publication> = match pattern {
            (wirebahn_core::wamp::MatchPolicy::Exact, topic) => {
                events.get(topic).filter(is_meant).into_iter().collect()
            }
            (policy, pattern) => {
                let matching = events.values().filter(|kept| policy.matches(pattern, &kept.topic));
                matching.filter(is_meant).collect()
            }
        };
        found.sort_by(|a, b| a.topic.cmp(&b.topic));
        for kept in found {
            let event = SharedEvent::new(kept.event(subscription.id, subscription.match_policy));
            self.sessions.push_event(slot, &Arc::new(event), None);
        }
    }
}
