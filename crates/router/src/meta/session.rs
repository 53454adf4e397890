//! `wamp.session.*`.

use wirebahn_core::wamp::{
    Dict, MatchPolicy, SessionId, Text, Uri, UriPolicy, Value, close_reason, error_uri,
};

use super::arguments::Arguments;
use super::{Answer, count, list_of, no_such_procedure};
use crate::realm::Farewell;
use crate::request::Refusal;
use crate::router::Router;
use crate::session::Identity;

impl Router {
    pub(super) fn session_procedure(&mut self, slot: usize, name: &str, arguments: &Arguments) -> Answer {
        match name {
            "count" => {
                let roles = arguments.strings(0, "filter_authroles")?;
                Ok(count(self.sessions_in(slot, roles).len()))
            }
            "list" => {
                let roles = arguments.strings(0, "filter_authroles")?;
                Ok(list_of(self.sessions_in(slot, roles).into_iter().map(|(id, _)| id)))
            }
            "get" => {
                let id = arguments.id(0, "session")?;
                let found = self.session_in_realm_of(slot, id).ok_or_else(no_such_session)?;
                Ok(Value::from(self.session_details(found)))
            }
            "kill" => {
                let farewell = Killing::new(arguments)?;
                let id = arguments.id(0, "session")?;
                let found = self.session_in_realm_of(slot, id).filter(|&found| found != slot);
                self.kill(&[found.ok_or_else(no_such_session)?], &farewell, Farewell::Usual);
                Ok(Value::Null)
            }
            "kill_by_authid" => {
                let farewell = Killing::new(arguments)?;
                let authid = arguments.string(0, "authid")?;
                let killed = self.others(slot, |identity| identity.authid == *authid);
                let slots: Vec<usize> = killed.iter().map(|&(_, slot)| slot).collect();
                self.kill(&slots, &farewell, Farewell::Usual);
                Ok(list_of(killed.into_iter().map(|(id, _)| id)))
            }
            "kill_by_authrole" => {
                let farewell = Killing::new(arguments)?;
                let authrole = arguments.string(0, "authrole")?;
                let killed = self.others(slot, |identity| identity.authrole == *authrole);
                let slots: Vec<usize> = killed.into_iter().map(|(_, slot)| slot).collect();
                self.kill(&slots, &farewell, Farewell::Usual);
                Ok(count(slots.len()))
            }
            "kill_all" => {
                let farewell = Killing::new(arguments)?;
                let killed: Vec<usize> =
                    self.others(slot, |_| true).into_iter().map(|(_, slot)| slot).collect();
                self.kill(&killed, &farewell, Farewell::Silent);
                Ok(count(killed.len()))
            }
            "add_testament" => self.add_testament(slot, arguments),
            "flush_testaments" => self.flush_testaments(slot, arguments),
            _ => Err(no_such_procedure()),
        }
    }

    /// What the session meta API says about a session.
    pub(super) fn session_details(&self, slot: usize) -> Dict {
        let mut details = Dict::new();
        let Some(session) = self.sessions.get(slot) else { return details };
        let Some(member) = &session.member else { return details };
        let identity = &member.identity;
        details.insert("session", member.id.get());
        details.insert("authid", identity.authid.as_str());
        details.insert("authrole", identity.authrole.as_str());
        details.insert("authmethod", identity.authmethod.as_str());
        details.insert("authprovider", identity.authprovider.as_str());
        if !session.transport.details.is_empty() {
            details.insert("transport", session.transport.details.clone());
        }
        details
    }

    fn session_in_realm_of(&self, slot: usize, id: SessionId) -> Option<usize> {
        let realm = self.sessions.member(slot)?.realm;
        self.realms.get(realm)?.members.get(&id).copied()
    }

    /// The sessions of the realm, in these roles if there are any.
    fn sessions_in(&self, slot: usize, roles: Option<Vec<Text>>) -> Vec<(SessionId, usize)> {
        let Some(realm) = self.sessions.member(slot).map(|member| member.realm) else { return Vec::new() };
        let Some(realm) = self.realms.get(realm) else { return Vec::new() };
        let is_wanted = |slot: usize| match (&roles, self.sessions.member(slot)) {
            (Some(roles), Some(member)) => roles.contains(&member.identity.authrole),
            _ => true,
        };
        realm.members.iter().map(|(&id, &slot)| (id, slot)).filter(|&(_, slot)| is_wanted(slot)).collect()
    }

    /// The other sessions of the realm whose identity is wanted, in the order of their ids.
    fn others(&self, slot: usize, is_wanted: impl Fn(&Identity) -> bool) -> Vec<(SessionId, usize)> {
        let mut others = self.sessions_in(slot, None);
        others.retain(|&(_, other)| {
            other != slot && self.sessions.member(other).is_some_and(|member| is_wanted(&member.identity))
        });
        others.sort_unstable();
        others
    }

    fn kill(&mut self, slots: &[usize], killing: &Killing, farewell: Farewell) {
        for &slot in slots {
            self.expel(slot, killing.reason.clone(), killing.message.clone(), farewell);
        }
    }
}

/// What a killed session is told.
struct Killing {
    reason: Uri,
    message: Option<Text>,
}

impl Killing {
    fn new(arguments: &Arguments) -> Result<Self, Refusal> {
        let reason = match arguments.named_string("reason")? {
            Some(reason) => {
                let reason = Uri::from(reason);
                reason.check(UriPolicy::Loose, MatchPolicy::Exact).map_err(|error| {
                    Refusal::new(error_uri::INVALID_URI, format!("the reason is no URI: {error}"))
                })?;
                reason
            }
            None => Uri::from_static(close_reason::KILLED),
        };
        let message = arguments.named_string("message")?.map(Text::from);
        Ok(Self { reason, message })
    }
}

fn no_such_session() -> Refusal {
    Refusal::new(error_uri::NO_SUCH_SESSION, "there is no such session, or it is the caller's own")
}
