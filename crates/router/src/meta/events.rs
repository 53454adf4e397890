//! What the router publishes: who comes and goes, and what becomes of subscriptions and registrations.

use std::time::Duration;

use wirebahn_core::wamp::{
    Dict, EventDetails, InvocationPolicy, MatchPolicy, Payload, PublicationId, Serializer, SessionId, Uri,
    Value,
};

use crate::broker::Publication;
use crate::router::Router;
use crate::session::Member;
use crate::wall_clock::WallClock;
use crate::{MetaApi, SessionKey};

/// What happens to a subscription or registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It is made.
    Created,
    /// A session gets it.
    Joined,
    /// A session loses it.
    Left,
    /// It is gone.
    Deleted,
}

impl Router {
    pub(crate) fn announce_join(&mut self, slot: usize) {
        let Some(member) = self.sessions.member(slot) else { return };
        let realm = member.realm;
        if self.is_awaited(realm, "wamp.session.on_join") {
            let details = self.session_details(slot);
            self.publish_meta(realm, "wamp.session.on_join", vec![Value::from(details)]);
        }
    }

    pub(crate) fn announce_leave(&mut self, member: &Member) {
        if self.is_awaited(member.realm, "wamp.session.on_leave") {
            let identity = &member.identity;
            let args = vec![
                Value::from(member.id.get()),
                Value::from(identity.authid.as_str()),
                Value::from(identity.authrole.as_str()),
            ];
            self.publish_meta(member.realm, "wamp.session.on_leave", args);
        }
    }

    /// Says how many events a session did not get: when that begins, and when it is over.
    pub(crate) fn announce_drops(&mut self, key: SessionKey, dropped: u64) {
        let Some(slot) = self.sessions.slot(key) else { return };
        let Some(member) = self.sessions.member(slot) else { return };
        let (realm, session) = (member.realm, member.id);
        self.trace_dropping(slot, dropped);
        if self.is_awaited(realm, EVENTS_DROPPED) {
            let args = vec![Value::from(session.get()), Value::from(dropped)];
            self.publish_meta(realm, EVENTS_DROPPED, args);
        }
    }

    pub(crate) fn announce_subscription(
        &mut self,
        realm: usize,
        session: SessionId,
        place: usize,
        change: Change,
    ) {
        let topic = match change {
            Change::Created => "wamp.subscription.on_create",
            Change::Joined => "wamp.subscription.on_subscribe",
            Change::Left => "wamp.subscription.on_unsubscribe",
            Change::Deleted => "wamp.subscription.on_delete",
        };
        if !self.is_awaited(realm, topic) {
            return;
        }
        let Some(subscription) = self.realms.get(realm).and_then(|realm| realm.broker.table.get(place))
        else {
            return;
        };
        let what = match change {
            Change::Created => Value::from(self.subscription_details(subscription)),
            _ => Value::from(subscription.id.get()),
        };
        self.publish_meta(realm, topic, vec![Value::from(session.get()), what]);
    }

    pub(crate) fn announce_registration(
        &mut self,
        realm: usize,
        session: SessionId,
        place: usize,
        change: Change,
    ) {
        let topic = match change {
            Change::Created => "wamp.registration.on_create",
            Change::Joined => "wamp.registration.on_register",
            Change::Left => "wamp.registration.on_unregister",
            Change::Deleted => "wamp.registration.on_delete",
        };
        if !self.is_awaited(realm, topic) {
            return;
        }
        let Some(registration) = self.realms.get(realm).and_then(|realm| realm.dealer.table.get(place))
        else {
            return;
        };
        let what = match change {
            Change::Created => Value::from(self.registration_details(registration)),
            _ => Value::from(registration.id.get()),
        };
        self.publish_meta(realm, topic, vec![Value::from(session.get()), what]);
    }

    pub(super) fn details_of(
        &self,
        id: u64,
        uri: &Uri,
        match_policy: MatchPolicy,
        invoke: Option<InvocationPolicy>,
        created: Duration,
    ) -> Dict {
        let mut details = Dict::new();
        details.insert("id", id);
        details.insert("created", WallClock::format(created));
        details.insert("uri", uri.as_str());
        details.insert("match", match_policy.name());
        if let Some(invoke) = invoke {
            details.insert("invoke", invoke.name());
        }
        details
    }

    /// Whether anybody subscribes to a topic of the router.
    fn is_awaited(&self, realm: usize, topic: &str) -> bool {
        let mut is_awaited = false;
        if let Some(realm) = self.realms.get(realm)
            && realm.config.meta == MetaApi::On
        {
            realm.broker.patterns.for_each_match(topic, |_| is_awaited = true);
        }
        is_awaited
    }

    fn publish_meta(&mut self, realm: usize, topic: &'static str, args: Vec<Value>) {
        // The serializer is of no matter: receivers with another one get it transcoded.
        let Ok(payload) = Payload::encode_args(Serializer::Json, &args) else { return };
        let publication = Publication {
            id: PublicationId::random(&mut self.random),
            topic: Uri::from_static(topic),
            details: EventDetails::default(),
            receivers: None,
            payload,
        };
        self.sessions.metrics.publications += 1;
        self.deliver(realm, &publication, None, None);
    }
}

/// An event of this router alone, so not under `wamp`: the session, and how many events it did not get.
const EVENTS_DROPPED: &str = "wirebahn.session.on_events_dropped";
