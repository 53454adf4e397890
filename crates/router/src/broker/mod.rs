//! Events: who subscribes to what, and who gets what is published.

mod history;
mod publish;
mod retained;
mod subscribe;

use std::time::Duration;

use slab::Slab;
use wirebahn_core::wamp::{MatchPolicy, SubscriptionId, Uri};

pub(crate) use history::{History, Kept};
pub(crate) use publish::Publication;
use retained::Retained;

use crate::HistoryConfig;
use crate::ids::{IdHashKey, IdMap};
use crate::matching::{PatternMap, StringHashKey};

/// The subscriptions of a realm, and the events it keeps.
#[derive(Debug)]
pub(crate) struct Broker {
    /// From patterns to places in the table.
    pub(crate) patterns: PatternMap<usize>,
    pub(crate) table: Slab<Subscription>,
    pub(crate) by_id: IdMap<SubscriptionId, usize>,
    pub(crate) retained: Retained,
    pub(crate) history: History,
}

/// One for each pair of a topic and a match policy, however many sessions have it.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) id: SubscriptionId,
    pub(crate) topic: Uri,
    pub(crate) match_policy: MatchPolicy,
    /// Since the beginning of 1970.
    pub(crate) created: Duration,
    /// The slots of the sessions. Each knows its place here.
    pub(crate) subscribers: Vec<usize>,
}

impl Broker {
    pub(crate) fn new(strings: StringHashKey, ids: IdHashKey, history: &[HistoryConfig]) -> Self {
        Self {
            patterns: PatternMap::new(strings),
            table: Slab::new(),
            by_id: IdMap::with_hasher(ids),
            retained: Retained::new(strings),
            history: History::new(history),
        }
    }

    pub(crate) fn by_id(&self, id: SubscriptionId) -> Option<&Subscription> {
        self.table.get(*self.by_id.get(&id)?)
    }
}
