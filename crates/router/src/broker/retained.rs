//! Events that are kept for those who subscribe later.

use std::collections::HashMap;
use std::sync::Arc;

use wirebahn_core::wamp::{EncAlgo, MatchPolicy, Uri};

use super::Publication;
use crate::matching::StringHashKey;
use crate::router::Router;
use crate::{RetainedLimits, SharedEvent, weight};

/// The last event of each topic that was published with `retain`.
#[derive(Debug)]
pub(crate) struct Retained {
    /// With what each weighs.
    events: HashMap<Uri, (Publication, usize), StringHashKey>,
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
    fn keep(&mut self, publication: Publication, weight: usize, limits: RetainedLimits) -> bool {
        // The one before is out of date, whether or not there is room for the new one.
        if let Some((_, old)) = self.events.remove(&publication.topic) {
            self.bytes -= old;
        }
        if self.events.len() >= limits.events || self.bytes.saturating_add(weight) > limits.bytes {
            return false;
        }
        self.bytes += weight;
        self.events.insert(publication.topic.clone(), (publication, weight));
        true
    }
}

/// Has everything in memory of its own, not to keep the buffers in which the message came, and says what it weighs.
pub(super) fn detach(publication: &mut Publication) -> usize {
    publication.topic = publication.topic.detach();
    publication.payload = publication.payload.detach();
    let Publication { topic, details, receivers, payload, .. } = publication;
    // How it came is of no interest any more when it is delivered.
    details.forward_for = None;
    let mut texts = vec![&mut details.transaction_hash];
    if let Some(passthru) = &mut details.passthru {
        passthru.enc_algo = passthru.enc_algo.as_ref().and_then(|algo| EncAlgo::new(algo.name()));
        texts.extend([
            &mut passthru.scheme,
            &mut passthru.serializer,
            &mut passthru.cipher,
            &mut passthru.keyid,
            &mut passthru.enc_key,
            &mut passthru.enc_serializer,
        ]);
    }
    let mut weight = topic.len() + payload.len();
    for text in texts.into_iter().flatten() {
        *text = text.detach();
        weight += text.len();
    }
    if let Some(receivers) = receivers {
        let lists = [
            &mut receivers.exclude_authid,
            &mut receivers.exclude_authrole,
            &mut receivers.eligible_authid,
            &mut receivers.eligible_authrole,
        ];
        for text in lists.into_iter().flatten().flatten() {
            *text = text.detach();
        }
        weight += weight::of_receivers(receivers);
    }
    weight
}

impl Router {
    pub(super) fn retain(&mut self, realm: usize, mut publication: Publication) {
        let Some(realm) = self.realms.get_mut(realm) else { return };
        let weight = detach(&mut publication);
        publication.details.retained = true;
        if !realm.broker.retained.keep(publication, weight, realm.config.retained) {
            self.sessions.metrics.retained_refused += 1;
        }
    }

    /// Queues the events that are kept for a subscription, as far as they are meant for the session.
    pub(super) fn deliver_retained(&mut self, realm: usize, subscription: usize, slot: usize) {
        let (realm_index, queued) = (realm, self.sessions.metrics.events_queued);
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
            (MatchPolicy::Exact, topic) => {
                events.get(topic).map(|(kept, _)| kept).filter(is_meant).into_iter().collect()
            }
            (policy, pattern) => {
                let matching =
                    events.values().map(|(kept, _)| kept).filter(|kept| policy.matches(pattern, &kept.topic));
                matching.filter(is_meant).collect()
            }
        };
        found.sort_by(|a, b| a.topic.cmp(&b.topic));
        for kept in found {
            let event = kept.event(subscription.id, subscription.match_policy);
            let weight = weight::of_event(&event);
            self.sessions.push_retained(slot, &Arc::new(SharedEvent::new(event)), weight);
        }
        self.count_events(realm_index, queued);
    }
}
