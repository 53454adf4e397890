//! SUBSCRIBE and UNSUBSCRIBE.

use wirebahn_core::wamp::message::{Subscribe, Subscribed, Unsubscribe, Unsubscribed};
use wirebahn_core::wamp::{
    Feature, RequestType, Role, SessionId, SubscriptionId, Text, UnsubscribedDetails, error_uri,
};

use super::Subscription;
use crate::meta::Change;
use crate::request::Refusal;
use crate::router::Router;
use crate::session::Member;
use crate::{Action, weight};

impl Router {
    pub(crate) fn subscribe(&mut self, slot: usize, subscribe: &Subscribe) {
        if !self.check_id(slot, subscribe.request) {
            return;
        }
        let match_policy = subscribe.options.match_policy;
        if let Err(refusal) = self.check_uri(slot, &subscribe.topic, match_policy) {
            return self.refuse(slot, RequestType::Subscribe, subscribe.request, refusal);
        }
        if self.may_go_on(slot, Action::Subscribe, &subscribe.topic, match_policy, subscribe) {
            self.perform_subscribe(slot, subscribe);
        }
    }

    pub(crate) fn perform_subscribe(&mut self, slot: usize, subscribe: &Subscribe) {
        let match_policy = subscribe.options.match_policy;
        let Some(member) = self.sessions.member_mut(slot) else { return };
        let (realm_index, session) = (member.realm, member.id);
        let Some(realm) = self.realms.get_mut(realm_index) else { return };
        let broker = &mut realm.broker;
        let found = broker.patterns.get(match_policy, &subscribe.topic).copied();
        let is_subscribed = found.is_some_and(|place| member.subscriptions.contains_key(&place));
        if !is_subscribed && member.subscriptions.len() >= realm.config.session.subscriptions {
            let refusal = Refusal::new(error_uri::UNAVAILABLE, "the session has too many subscriptions");
            return self.refuse(slot, RequestType::Subscribe, subscribe.request, refusal);
        }
        if !is_subscribed {
            let weight = weight::of_pattern(&subscribe.topic, match_policy);
            if let Err(refusal) = member.keep(weight, realm.config.session) {
                return self.refuse(slot, RequestType::Subscribe, subscribe.request, refusal);
            }
        }
        let place = found.unwrap_or_else(|| {
            // Counted, and never reached the end of: that would take 2^53 subscriptions.
            let id = SubscriptionId::new(self.next_subscription).expect("fewer than 2^53 were made");
            self.next_subscription += 1;
            let topic = subscribe.topic.detach();
            let place = broker.table.vacant_key();
            broker.patterns.insert(match_policy, &topic, place);
            broker.by_id.insert(id, place);
            broker.table.insert(Subscription {
                id,
                topic,
                match_policy,
                created: self.clock.unix(self.now),
                subscribers: Vec::new(),
            })
        });
        let Some(subscription) = broker.table.get_mut(place) else { return };
        let id = subscription.id;
        if !is_subscribed {
            member.subscriptions.insert(place, subscription.subscribers.len());
            subscription.subscribers.push(slot);
        }
        self.sessions.push(slot, Subscribed { request: subscribe.request, subscription: id });
        if !is_subscribed {
            if found.is_none() {
                self.announce_subscription(realm_index, session, place, Change::Created);
            }
            self.announce_subscription(realm_index, session, place, Change::Joined);
        }
        if subscribe.options.get_retained {
            self.deliver_retained(realm_index, place, slot);
        }
    }

    pub(crate) fn unsubscribe(&mut self, slot: usize, unsubscribe: &Unsubscribe) {
        if !self.check_id(slot, unsubscribe.request) {
            return;
        }
        let Some(member) = self.sessions.member_mut(slot) else { return };
        let (realm, session) = (member.realm, member.id);
        let place =
            self.realms.get(realm).and_then(|realm| realm.broker.by_id.get(&unsubscribe.subscription));
        let place = place.copied().filter(|place| member.subscriptions.contains_key(place));
        let Some(place) = place else {
            let refusal =
                Refusal::new(error_uri::NO_SUCH_SUBSCRIPTION, "this session has no such subscription");
            return self.refuse(slot, RequestType::Unsubscribe, unsubscribe.request, refusal);
        };
        let at = member.subscriptions.remove(&place).unwrap_or(usize::MAX);
        let details = UnsubscribedDetails::default();
        self.sessions.push(slot, Unsubscribed { request: Some(unsubscribe.request), details });
        self.remove_subscriber(realm, session, place, at);
    }

    pub(crate) fn remove_subscriptions_of(&mut self, slot: usize, member: &Member) {
        let mut places: Vec<_> = member.subscriptions.iter().map(|(&place, &at)| (place, at)).collect();
        places.sort_unstable();
        for (place, at) in places {
            debug_assert!(self.is_subscriber(member.realm, place, at, slot), "a session knows its places");
            self.remove_subscriber(member.realm, member.id, place, at);
        }
    }

    /// Takes the subscription from a session, which is told if it understands that.
    pub(crate) fn revoke_subscription(
        &mut self,
        realm: usize,
        place: usize,
        id: SubscriptionId,
        slot: usize,
        reason: Text,
    ) {
        let Some(member) = self.sessions.member_mut(slot) else { return };
        let Some(at) = member.subscriptions.remove(&place) else { return };
        let session = member.id;
        if member.has(Role::Subscriber, Feature::SubscriptionRevocation) {
            let mut details = UnsubscribedDetails::default();
            details.subscription = Some(id);
            details.reason = Some(reason);
            self.sessions.push(slot, Unsubscribed { request: None, details });
        }
        self.remove_subscriber(realm, session, place, at);
    }

    /// Takes the subscriber at `at` out, and the subscription too if it was the last.
    fn remove_subscriber(&mut self, realm: usize, session: SessionId, place: usize, at: usize) {
        let broker = self.realms.get_mut(realm).map(|realm| &mut realm.broker);
        let Some(subscription) = broker.and_then(|broker| broker.table.get_mut(place)) else { return };
        if at >= subscription.subscribers.len() {
            return;
        }
        let weight = weight::of_pattern(&subscription.topic, subscription.match_policy);
        let left = subscription.subscribers.swap_remove(at);
        if let Some(member) = self.sessions.member_mut(left) {
            member.let_go(weight);
        }
        // The last one has taken this place.
        if let Some(&moved) = subscription.subscribers.get(at)
            && let Some(member) = self.sessions.member_mut(moved)
        {
            member.subscriptions.insert(place, at);
        }
        let is_last = subscription.subscribers.is_empty();
        self.announce_subscription(realm, session, place, Change::Left);
        if is_last {
            self.announce_subscription(realm, session, place, Change::Deleted);
            let Some(broker) = self.realms.get_mut(realm).map(|realm| &mut realm.broker) else { return };
            if let Some(gone) = broker.table.try_remove(place) {
                broker.patterns.remove(gone.match_policy, &gone.topic);
                broker.by_id.remove(&gone.id);
            }
        }
    }

    fn is_subscriber(&self, realm: usize, place: usize, at: usize, slot: usize) -> bool {
        let subscription = self.realms.get(realm).and_then(|realm| realm.broker.table.get(place));
        subscription.and_then(|subscription| subscription.subscribers.get(at)) == Some(&slot)
    }
}
