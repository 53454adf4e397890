//! Realms: who is in them, and how one gets in and out.

mod features;
mod join;
mod leave;

use wirebahn_core::wamp::{SessionId, Uri};

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
    /// Whether it was made because somebody wanted to join, and ends with its last session.
    is_on_demand: bool,
    /// The slots of the sessions.
    pub(crate) members: IdMap<SessionId, usize>,
    pub(crate) broker: Broker,
    pub(crate) dealer: Dealer,
}

impl Router {
    /// Makes a realm, or changes the configuration of one that is there, for those who join from now on.
    pub fn add_realm(&mut self, name: Uri, config: RealmConfig) {
        match self.realm_names.get(&name).and_then(|&realm| self.realms.get_mut(realm)) {
            Some(realm) => realm.config = config,
            None => {
                self.make_realm(name, config, false);
            }
        }
    }

    /// The realm of this name, which is made if it can be.
    fn realm_for(&mut self, name: &Uri) -> Option<usize> {
        if let Some(&realm) = self.realm_names.get(name) {
            return Some(realm);
        }
        let config = self.config.realms_on_demand.as_ref()?;
        let is_valid = name.check(config.uris, wirebahn_core::wamp::MatchPolicy::Exact).is_ok();
        if !is_valid || self.realms_on_demand >= self.config.max_realms_on_demand {
            return None;
        }
        let config = config.clone();
        Some(self.make_realm(name.detach(), config, true))
    }

    fn make_realm(&mut self, name: Uri, config: RealmConfig, is_on_demand: bool) -> usize {
        self.realms_on_demand += usize::from(is_on_demand);
        let realm = self.realms.insert(Realm {
            name: name.clone(),
            config,
            is_on_demand,
            members: IdMap::with_hasher(self.id_hash),
            broker: Broker::new(self.string_hash, self.id_hash),
            dealer: Dealer::new(self.string_hash, self.id_hash),
        });
        self.realm_names.insert(name, realm);
        realm
    }

    /// Removes a realm that was made on demand and has nobody in it.
    fn drop_realm_if_unused(&mut self, realm: usize) {
        let Some(unused) = self.realms.get(realm) else { return };
        if unused.is_on_demand && unused.members.is_empty() {
            self.realms_on_demand -= 1;
            // After a shutdown, names lead nowhere.
            if self.realm_names.get(&unused.name) == Some(&realm) {
                self.realm_names.remove(&unused.name);
            }
            self.realms.remove(realm);
        }
    }
}
