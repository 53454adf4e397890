//! The options and details of publish and subscribe.

use alloc::vec::Vec;

use super::keys::{group, options};
use super::{Forwarder, PayloadPassthru};
use crate::wamp::{MatchPolicy, SessionId, SubscriptionId, Text, Uri};

options! {
    /// `PUBLISH.Options`.
    PublishOptions {
        /// Whether the broker answers. Default: no.
        acknowledge: bool = false, "acknowledge";
        /// Whether the publisher, if it has subscribed, is left out. Default: yes.
        exclude_me: bool = true, "exclude_me";
        /// Whether subscribers learn who publishes. Default: no.
        disclose_me: bool = false, "disclose_me";
        /// Whether the broker keeps the event for later subscribers. Default: no.
        retain: bool = false, "retain";
        /// By which key the event is sharded.
        rkey: Option<Text> = None, "rkey";
        /// The transaction that the event belongs to (Autobahn).
        transaction_hash: Option<Text> = None, "transaction_hash";
        /// Through which routers the event came, oldest first (Crossbar).
        forward_for: Option<Vec<Forwarder>> = None, "forward_for";
        ..
        /// Who receives the event; all subscribers, if this is `None`.
        receivers: Receivers;
        ..
        /// How the payload is encoded, if routers do not look into it.
        passthru: PayloadPassthru;
    }
}

group! {
    /// Which subscribers receive an event: those who are in each list of eligible ones that there is, and in no list of
    /// excluded ones.
    Receivers {
        /// Not these sessions.
        exclude: Option<Vec<SessionId>> = None, "exclude";
        /// Not the sessions of these principals.
        exclude_authid: Option<Vec<Text>> = None, "exclude_authid";
        /// Not the sessions in these roles.
        exclude_authrole: Option<Vec<Text>> = None, "exclude_authrole";
        /// Only these sessions; an empty list is nobody.
        eligible: Option<Vec<SessionId>> = None, "eligible";
        /// Only the sessions of these principals.
        eligible_authid: Option<Vec<Text>> = None, "eligible_authid";
        /// Only the sessions in these roles.
        eligible_authrole: Option<Vec<Text>> = None, "eligible_authrole";
    }
}

impl Receivers {
    /// Whether a session receives the event.
    #[must_use]
    pub fn include(&self, session: SessionId, authid: &str, authrole: &str) -> bool {
        let texts =
            |list: &Option<Vec<Text>>, text: &str| list.as_ref().map(|list| list.iter().any(|t| t == text));
        let ids = |list: &Option<Vec<SessionId>>| list.as_ref().map(|list| list.contains(&session));
        let is_excluded = ids(&self.exclude).unwrap_or(false)
            || texts(&self.exclude_authid, authid).unwrap_or(false)
            || texts(&self.exclude_authrole, authrole).unwrap_or(false);
        !is_excluded
            && ids(&self.eligible).unwrap_or(true)
            && texts(&self.eligible_authid, authid).unwrap_or(true)
            && texts(&self.eligible_authrole, authrole).unwrap_or(true)
    }
}

options! {
    /// `EVENT.Details`.
    EventDetails {
        /// The session that published, if it is disclosed.
        publisher: Option<SessionId> = None, "publisher";
        /// Its authid.
        publisher_authid: Option<Text> = None, "publisher_authid";
        /// Its authrole.
        publisher_authrole: Option<Text> = None, "publisher_authrole";
        /// The topic; mandatory for subscriptions of patterns.
        topic: Option<Uri> = None, "topic";
        /// How far the router trusts the publisher; 0 is least.
        trustlevel: Option<u64> = None, "trustlevel";
        /// Whether the event was kept from earlier.
        retained: bool = false, "retained";
        /// Whether the subscriber is to answer with EVENT_RECEIVED (Crossbar).
        acknowledged_delivery: bool = false, "x_acknowledged_delivery";
        /// The transaction that the event belongs to (Autobahn).
        transaction_hash: Option<Text> = None, "transaction_hash";
        /// Through which routers the event came, oldest first (Crossbar).
        forward_for: Option<Vec<Forwarder>> = None, "forward_for";
        ..
        /// How the payload is encoded, if routers do not look into it.
        passthru: PayloadPassthru;
    }
}

options! {
    /// `SUBSCRIBE.Options`.
    SubscribeOptions {
        /// How the topic is compared with those of publications.
        match_policy: MatchPolicy = MatchPolicy::Exact, "match";
        /// Whether the last event that was kept for the topic is wanted. Default: no.
        get_retained: bool = false, "get_retained";
        /// Which shard of the events is wanted.
        nkey: Option<Text> = None, "nkey";
        /// On whose behalf a router subscribes (Crossbar).
        forward_for: Option<Vec<Forwarder>> = None, "forward_for";
    }
}

options! {
    /// `UNSUBSCRIBE.Options`, an element that only Autobahn and Crossbar have.
    UnsubscribeOptions {
        /// On whose behalf a router unsubscribes.
        forward_for: Option<Vec<Forwarder>> = None, "forward_for";
    }
}

options! {
    /// `UNSUBSCRIBED.Details`, if the broker takes a subscription back.
    UnsubscribedDetails {
        /// The subscription that is gone.
        subscription: Option<SubscriptionId> = None, "subscription";
        /// Why.
        reason: Option<Text> = None, "reason";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn a_session_receives_if_it_is_in_every_eligible_list_and_in_no_exclude_list() {
        let id = |id| SessionId::new(id).unwrap();
        let mut receivers = Receivers::default();
        assert!(receivers.include(id(1), "joe", "user"));
        receivers.eligible = Some(vec![id(1), id(2)]);
        receivers.eligible_authrole = Some(vec!["user".into()]);
        assert!(receivers.include(id(1), "joe", "user"));
        assert!(!receivers.include(id(1), "joe", "guest"));
        assert!(!receivers.include(id(3), "joe", "user"));
        receivers.exclude_authid = Some(vec!["joe".into()]);
        assert!(!receivers.include(id(1), "joe", "user"));
        assert!(receivers.include(id(2), "ann", "user"));
        receivers.eligible = Some(vec![]);
        assert!(!receivers.include(id(2), "ann", "user"));
    }
}
