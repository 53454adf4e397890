//! Events that are kept for those who ask for them later: the last ones of the topics that are configured so.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use wirebahn_core::wamp::{MatchPolicy, Receivers, Uri};

use super::Publication;
use super::retained::detach;
use crate::HistoryConfig;
use crate::router::Router;

/// The histories of a realm.
#[derive(Debug, Default)]
pub(crate) struct History {
    rings: Vec<Ring>,
}

/// The last events of one topic or pattern, the oldest first.
#[derive(Debug)]
struct Ring {
    config: HistoryConfig,
    /// With what each weighs.
    events: VecDeque<(Arc<Kept>, usize)>,
    bytes: usize,
}

/// An event that is kept.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) publication: Publication,
    /// When it was published, since the beginning of 1970.
    pub(crate) unix: Duration,
}

impl History {
    pub(crate) fn new(configs: &[HistoryConfig]) -> Self {
        let mut history = Self::default();
        history.configure(configs);
        history
    }

    /// Keeps what these configurations want to be kept, and drops the rest.
    pub(crate) fn configure(&mut self, configs: &[HistoryConfig]) {
        let mut old = std::mem::take(&mut self.rings);
        for config in configs {
            let same = old.iter().position(|ring| ring.config.is_of(&config.topic, config.match_policy));
            let mut ring = match same {
                Some(at) => old.swap_remove(at),
                None => Ring { config: config.clone(), events: VecDeque::new(), bytes: 0 },
            };
            ring.config = config.clone();
            ring.trim();
            self.rings.push(ring);
        }
    }

    /// The events that a subscription would have got, the oldest first; `None` if they are not kept.
    pub(crate) fn of(&self, topic: &Uri, match_policy: MatchPolicy) -> Option<impl Iterator<Item = &Kept>> {
        let mut rings = self.rings.iter();
        let found = rings.clone().find(|ring| ring.config.is_of(topic, match_policy));
        let ring = found.or_else(|| rings.find(|ring| ring.config.covers(topic, match_policy)))?;
        let events = ring.events.iter().map(|(kept, _)| &**kept);
        Some(events.filter(move |kept| match_policy.matches(topic, &kept.publication.topic)))
    }

    fn wants(&self, topic: &Uri) -> bool {
        self.rings.iter().any(|ring| ring.config.is_about(topic))
    }

    fn keep(&mut self, kept: &Arc<Kept>, weight: usize) {
        let topic = &kept.publication.topic;
        for ring in self.rings.iter_mut().filter(|ring| ring.config.is_about(topic)) {
            ring.events.push_back((Arc::clone(kept), weight));
            ring.bytes += weight;
            ring.trim();
        }
    }
}

impl Ring {
    fn trim(&mut self) {
        while self.events.len() > self.config.events || self.bytes > self.config.bytes {
            let Some((_, weight)) = self.events.pop_front() else { return };
            self.bytes -= weight;
        }
    }
}

impl HistoryConfig {
    fn is_of(&self, topic: &Uri, match_policy: MatchPolicy) -> bool {
        self.match_policy == match_policy && self.topic == *topic
    }

    fn is_about(&self, topic: &Uri) -> bool {
        self.match_policy.matches(&self.topic, topic)
    }

    /// Whether all events of a subscription are kept by this.
    fn covers(&self, topic: &Uri, match_policy: MatchPolicy) -> bool {
        match (self.match_policy, match_policy) {
            (_, MatchPolicy::Exact) => self.is_about(topic),
            (MatchPolicy::Prefix, MatchPolicy::Prefix) => topic.starts_with(&*self.topic),
            _ => self.is_of(topic, match_policy),
        }
    }
}

impl Router {
    /// Keeps an event if its topic has a history. Events for certain sessions are not for later ones, and what routers do
    /// not look into could not be handed out.
    pub(crate) fn remember(&mut self, realm: usize, publication: &Publication) {
        let Some(realm) = self.realms.get_mut(realm) else { return };
        let history = &mut realm.broker.history;
        let names_sessions =
            |receivers: &Receivers| receivers.exclude.is_some() || receivers.eligible.is_some();
        if !history.wants(&publication.topic)
            || publication.receivers.as_deref().is_some_and(names_sessions)
            || publication.details.passthru.is_some()
            || publication.payload.is_opaque()
        {
            return;
        }
        let mut publication = publication.clone();
        let weight = size_of::<Kept>() + detach(&mut publication);
        let unix = self.clock.unix(self.now);
        history.keep(&Arc::new(Kept { publication, unix }), weight);
    }
}
