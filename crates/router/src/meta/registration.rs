//! `wamp.registration.*`.

use wirebahn_core::wamp::{Dict, MatchPolicy, RegistrationId, SessionId, Value, error_uri};

use super::arguments::Arguments;
use super::subscription::match_policy;
use super::{Answer, count, list_of, no_such_procedure};
use crate::dealer::{Dealer, Registration};
use crate::request::Refusal;
use crate::router::Router;

impl Router {
    pub(super) fn registration_procedure(
        &mut self,
        slot: usize,
        name: &str,
        arguments: &Arguments,
    ) -> Answer {
        if name == "remove_callee" {
            return self.remove_callee_by_id(slot, arguments);
        }
        let realm = self.sessions.member(slot).and_then(|member| self.realms.get(member.realm));
        let Some(dealer) = realm.map(|realm| &realm.dealer) else { return Err(no_such_procedure()) };
        let found = || {
            let id: RegistrationId = arguments.id(0, "registration")?;
            dealer.by_id(id).ok_or_else(no_such_registration)
        };
        let id_at = |place: Option<&usize>| {
            let registration = place.and_then(|&place| dealer.table.get(place));
            Value::from(registration.map(|registration| registration.id.get()))
        };
        match name {
            "list" => Ok(list_by_policy(dealer)),
            "lookup" => {
                let procedure = arguments.string(0, "procedure")?;
                Ok(id_at(dealer.patterns.get(match_policy(arguments)?, procedure)))
            }
            "match" => {
                let best = dealer.patterns.best(arguments.string(0, "procedure")?);
                Ok(id_at(best.map(|(_, place)| place)))
            }
            "get" => Ok(Value::from(self.registration_details(found()?))),
            "list_callees" => {
                let members = found()?.callees.iter().filter_map(|callee| self.sessions.member(callee.slot));
                Ok(Value::List(members.map(|member| Value::from(member.id.get())).collect()))
            }
            "count_callees" => Ok(count(found()?.callees.len())),
            _ => Err(no_such_procedure()),
        }
    }

    pub(super) fn registration_details(&self, registration: &Registration) -> Dict {
        let Registration { id, procedure, match_policy, invoke, created, .. } = registration;
        self.details_of(id.get(), procedure, *match_policy, Some(*invoke), *created)
    }

    /// Takes a registration from a session (Crossbar, nexus).
    fn remove_callee_by_id(&mut self, slot: usize, arguments: &Arguments) -> Answer {
        let id: RegistrationId = arguments.id(0, "registration")?;
        let session: SessionId = arguments.id(1, "session")?;
        let Some(realm_index) = self.sessions.member(slot).map(|member| member.realm) else {
            return Err(no_such_procedure());
        };
        let realm = self.realms.get(realm_index);
        let place = realm.and_then(|realm| realm.dealer.by_id.get(&id)).copied();
        let place = place.ok_or_else(no_such_registration)?;
        let callee = realm.and_then(|realm| realm.members.get(&session)).copied();
        let is_callee = |&callee: &usize| {
            self.sessions.member(callee).is_some_and(|member| member.registrations.contains_key(&place))
        };
        let callee = callee.filter(is_callee).ok_or_else(|| {
            Refusal::new(error_uri::NO_SUCH_SESSION, "no such session has the registration")
        })?;
        self.revoke(realm_index, place, id, callee, "the registration was removed through the meta API");
        Ok(Value::Null)
    }
}

fn list_by_policy(dealer: &Dealer) -> Value {
    let mut lists = Dict::new();
    for policy in [MatchPolicy::Exact, MatchPolicy::Prefix, MatchPolicy::Wildcard] {
        let registrations = dealer.table.iter().map(|(_, registration)| registration);
        let of_policy = registrations.filter(|registration| registration.match_policy == policy);
        lists.insert(policy.name(), list_of(of_policy.map(|registration| registration.id)));
    }
    Value::from(lists)
}

fn no_such_registration() -> Refusal {
    Refusal::new(error_uri::NO_SUCH_REGISTRATION, "there is no such registration")
}
