//! `wamp.subscription.*`.

use wirebahn_core::wamp::{Dict, MatchPolicy, SessionId, SubscriptionId, Text, Value, error_uri};

use super::arguments::{Arguments, wrong};
use super::{Answer, count, list_of, no_such_procedure};
use crate::broker::{Broker, Subscription};
use crate::request::Refusal;
use crate::router::Router;

impl Router {
    pub(super) fn subscription_procedure(
        &mut self,
        slot: usize,
        name: &str,
        arguments: &Arguments,
    ) -> Answer {
        match name {
            "get_events" => return self.get_events(slot, arguments),
            "remove_subscriber" => return self.remove_subscriber_by_id(slot, arguments),
            _ => {}
        }
        let realm = self.sessions.member(slot).and_then(|member| self.realms.get(member.realm));
        let Some(broker) = realm.map(|realm| &realm.broker) else { return Err(no_such_procedure()) };
        let found = || {
            let id: SubscriptionId = arguments.id(0, "subscription")?;
            broker.by_id(id).ok_or_else(no_such_subscription)
        };
        match name {
            "list" => Ok(list_by_policy(broker)),
            "lookup" => {
                let topic = arguments.string(0, "topic")?;
                let place = broker.patterns.get(match_policy(arguments)?, topic);
                let subscription = place.and_then(|&place| broker.table.get(place));
                Ok(Value::from(subscription.map(|subscription| subscription.id.get())))
            }
            "match" => {
                let mut ids = Vec::new();
                broker.patterns.for_each_match(arguments.string(0, "topic")?, |&place| {
                    ids.extend(broker.table.get(place).map(|subscription| subscription.id));
                });
                Ok(if ids.is_empty() { Value::Null } else { list_of(ids) })
            }
            "get" => Ok(Value::from(self.subscription_details(found()?))),
            "list_subscribers" => {
                let members = found()?.subscribers.iter().filter_map(|&slot| self.sessions.member(slot));
                Ok(list_of(members.map(|member| member.id)))
            }
            "count_subscribers" => Ok(count(found()?.subscribers.len())),
            _ => Err(no_such_procedure()),
        }
    }

    /// Takes a subscription from a session (Crossbar).
    fn remove_subscriber_by_id(&mut self, slot: usize, arguments: &Arguments) -> Answer {
        let id: SubscriptionId = arguments.id(0, "subscription")?;
        let session: SessionId = arguments.id(1, "session")?;
        let reason = arguments.named_string("reason")?.map(Text::from);
        let Some(realm_index) = self.sessions.member(slot).map(|member| member.realm) else {
            return Err(no_such_procedure());
        };
        let realm = self.realms.get(realm_index);
        let place = realm.and_then(|realm| realm.broker.by_id.get(&id)).copied();
        let place = place.ok_or_else(no_such_subscription)?;
        let subscriber = realm.and_then(|realm| realm.members.get(&session)).copied();
        let has_it = |&subscriber: &usize| {
            self.sessions.member(subscriber).is_some_and(|member| member.subscriptions.contains_key(&place))
        };
        let subscriber = subscriber.filter(has_it).ok_or_else(|| {
            Refusal::new(error_uri::NO_SUCH_SESSION, "no such session has the subscription")
        })?;
        let reason =
            reason.unwrap_or_else(|| Text::from_static("the subscription was removed through the meta API"));
        self.revoke_subscription(realm_index, place, id, subscriber, reason);
        Ok(Value::Null)
    }

    pub(super) fn subscription_details(&self, subscription: &Subscription) -> Dict {
        let Subscription { id, topic, match_policy, created, .. } = subscription;
        self.details_of(id.get(), topic, *match_policy, None, *created)
    }
}

/// The match policy in the options of a look-up: its second argument.
pub(super) fn match_policy(arguments: &Arguments) -> Result<MatchPolicy, Refusal> {
    let Some(options) = arguments.get(1, "options") else { return Ok(MatchPolicy::Exact) };
    let Some(name) = options.get("match") else { return Ok(MatchPolicy::Exact) };
    let policies = [MatchPolicy::Exact, MatchPolicy::Prefix, MatchPolicy::Wildcard];
    let found = policies.into_iter().find(|policy| name.as_str() == Some(policy.name()));
    found.ok_or_else(|| wrong("match has to be exact, prefix or wildcard"))
}

fn list_by_policy(broker: &Broker) -> Value {
    let mut lists = Dict::new();
    for policy in [MatchPolicy::Exact, MatchPolicy::Prefix, MatchPolicy::Wildcard] {
        let subscriptions = broker.table.iter().map(|(_, subscription)| subscription);
        let of_policy = subscriptions.filter(|subscription| subscription.match_policy == policy);
        lists.insert(policy.name(), list_of(of_policy.map(|subscription| subscription.id)));
    }
    Value::from(lists)
}

pub(super) fn no_such_subscription() -> Refusal {
    Refusal::new(error_uri::NO_SUCH_SUBSCRIPTION, "there is no such subscription")
}
