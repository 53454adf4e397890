//! Realms: who is in them, and how one gets in and out.

mod features;
mod join;
mod leave;

use wirebahn_core::Instant;
use wirebahn_core::wamp::{MatchPolicy, SessionId, Uri, close_reason};

use crate::RealmConfig;
use crate::broker::Broker;
use crate::dealer::Dealer;
use crate::ids::IdMap;
use crate::router::Router;
pub(crate) use leave::Farewell;

/// A realm: what is in one is invisible in all others.
#[derive(Debug)]
pub(crate) struct Realm {
    pub(crate) name: Uri,
    pub(crate) config: RealmConfig,
    /// Whether it was made because somebody wanted to join.
    pub(crate) is_on_demand: bool,
    /// Whether it ends with its last session.
    is_temporary: bool,
    /// The slots of the sessions.
    pub(crate) members: IdMap<SessionId, usize>,
    pub(crate) broker: Broker,
    pub(crate) dealer: Dealer,
}

impl Router {
    /// Makes a realm, or changes the configuration of one that is there. The limits of a queue, and what happens when it is
    /// full, are those of the time when its session has joined; everything else is for all sessions from now on.
    pub fn add_realm(&mut self, name: Uri, config: RealmConfig) {
        match self.realm_names.get(&name).and_then(|&realm| self.realms.get_mut(realm)) {
            Some(realm) => {
                realm.broker.history.configure(&config.history);
                realm.config = config;
            }
            None => {
                self.make_realm(name, config, false);
            }
        }
    }

    /// The configuration that the realm of this name has, or would have if it was made.
    fn config_for(&self, name: &Uri) -> Option<&RealmConfig> {
        if let Some(&realm) = self.realm_names.get(name) {
            return self.realms.get(realm).map(|realm| &realm.config);
        }
        let config = self.config.realms_on_demand.as_ref()?;
        let is_valid = name.check(config.uris, MatchPolicy::Exact).is_ok();
        (is_valid && self.realms_on_demand < self.config.max_realms_on_demand).then_some(config)
    }

    /// The realm of this name, which is made if it can be: for a session that is about to join, so that no realm is
    /// without one.
    fn realm_for(&mut self, name: &Uri) -> Option<usize> {
        let config = self.config_for(name)?;
        if let Some(&realm) = self.realm_names.get(name) {
            return Some(realm);
        }
        let config = config.clone();
        Some(self.make_realm(name.detach(), config, true))
    }

    fn make_realm(&mut self, name: Uri, config: RealmConfig, is_on_demand: bool) -> usize {
        self.realms_on_demand += usize::from(is_on_demand);
        let broker = Broker::new(self.string_hash, self.id_hash, &config.history);
        let realm = self.realms.insert(Realm {
            name: name.clone(),
            config,
            is_on_demand,
            is_temporary: is_on_demand,
            members: IdMap::with_hasher(self.id_hash),
            broker,
            dealer: Dealer::new(self.string_hash, self.id_hash),
        });
        self.realm_names.insert(name, realm);
        realm
    }

    /// Removes a realm, whose sessions get GOODBYE. Returns whether there was one.
    pub fn remove_realm(&mut self, name: &Uri, now: Instant) -> bool {
        self.now = now;
        let Some(index) = self.realm_names.remove(name) else { return false };
        let Some(realm) = self.realms.get_mut(index) else { return false };
        realm.is_temporary = true;
        let mut slots: Vec<usize> = realm.members.values().copied().collect();
        slots.sort_unstable();
        self.drop_realm_if_unused(index);
        for slot in slots {
            self.expel(slot, Uri::from_static(close_reason::CLOSE_REALM), None, Farewell::Usual);
        }
        self.settle();
        true
    }

    /// Removes a realm that ends with its last session, and has none.
    fn drop_realm_if_unused(&mut self, realm: usize) {
        let Some(unused) = self.realms.get(realm) else { return };
        if unused.is_temporary && unused.members.is_empty() {
            self.realms_on_demand -= usize::from(unused.is_on_demand);
            // One that was removed has no name any more, or it is that of another.
            if self.realm_names.get(&unused.name) == Some(&realm) {
                self.realm_names.remove(&unused.name);
            }
            self.realms.remove(realm);
            self.sessions.traffic.end(realm);
        }
    }
}
