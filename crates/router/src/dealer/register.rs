//! REGISTER and UNREGISTER.

use wirebahn_core::wamp::message::{Register, Registered, Unregister, Unregistered};
use wirebahn_core::wamp::{
    Feature, InvocationPolicy, RegistrationId, RequestType, Role, SessionId, Text, UnregisteredDetails,
    error_uri,
};

use super::{Callee, Registration};
use crate::meta::Change;
use crate::request::Refusal;
use crate::router::Router;
use crate::session::Member;
use crate::{Action, weight};

impl Router {
    pub(crate) fn register(&mut self, slot: usize, register: &Register) {
        if !self.check_id(slot, register.request) {
            return;
        }
        let match_policy = register.options.match_policy;
        let checked = self.check_uri(slot, &register.procedure, match_policy).and_then(|()| {
            if register.procedure.is_reserved() {
                return Err(Refusal::new(
                    error_uri::INVALID_URI,
                    "procedures of the router itself begin with wamp",
                ));
            }
            if register.options.concurrency == Some(0) {
                return Err(Refusal::new(
                    error_uri::INVALID_ARGUMENT,
                    "a concurrency of 0 takes no calls at all",
                ));
            }
            Ok(())
        });
        if let Err(refusal) = checked {
            return self.refuse(slot, RequestType::Register, register.request, refusal);
        }
        if self.may_go_on(slot, Action::Register, &register.procedure, match_policy, register) {
            self.perform_register(slot, register);
        }
    }

    pub(crate) fn perform_register(&mut self, slot: usize, register: &Register) {
        let Some(member) = self.sessions.member(slot) else { return };
        let (realm_index, session) = (member.realm, member.id);
        let match_policy = register.options.match_policy;
        let Some(realm) = self.realms.get(realm_index) else { return };
        if member.registrations.len() >= realm.config.session.registrations {
            let refusal = Refusal::new(error_uri::UNAVAILABLE, "the session has too many registrations");
            return self.refuse(slot, RequestType::Register, register.request, refusal);
        }
        let limits = realm.config.session;
        let mut found = realm.dealer.patterns.get(match_policy, &register.procedure).copied();
        if let Some(place) = found
            && let Some(registration) = realm.dealer.table.get(place)
            && !register.options.force_reregister
            && let Err(refusal) = registration.check_sharing(slot, register.options.invoke)
        {
            return self.refuse(slot, RequestType::Register, register.request, refusal);
        }
        let weight = weight::of_pattern(&register.procedure, match_policy);
        let kept = self.sessions.member_mut(slot).map_or(Ok(()), |member| member.keep(weight, limits));
        if let Err(refusal) = kept {
            return self.refuse(slot, RequestType::Register, register.request, refusal);
        }
        if let Some(place) = found.take_if(|_| register.options.force_reregister) {
            self.revoke_all(realm_index, place);
        }
        let Some(dealer) = self.realms.get_mut(realm_index).map(|realm| &mut realm.dealer) else { return };
        let place = found.unwrap_or_else(|| {
            let id = RegistrationId::new(self.next_registration).expect("fewer than 2^53 were made");
            self.next_registration += 1;
            let procedure = register.procedure.detach();
            let place = dealer.table.vacant_key();
            dealer.patterns.insert(match_policy, &procedure, place);
            dealer.by_id.insert(id, place);
            let (invoke, created, callees) = (register.options.invoke, self.clock.unix(self.now), Vec::new());
            dealer.table.insert(Registration {
                id,
                procedure,
                match_policy,
                invoke,
                created,
                callees,
                next: 0,
            })
        });
        let Some(registration) = dealer.table.get_mut(place) else { return };
        // It may have had the registration before, and not have answered all its calls yet.
        let member = self.sessions.member(slot).filter(|_| found.is_some());
        let invocations = member.iter().flat_map(|member| member.invocations.values());
        let open = invocations.filter_map(|&index| self.calls.get(index));
        let active = open.filter(|call| call.is_counted && call.registration == registration.id).count();
        registration.callees.push(Callee {
            slot,
            concurrency: register.options.concurrency,
            active: active as u64,
            disclose_caller: register.options.disclose_caller,
            forward_timeout: register.options.forward_timeout,
        });
        let id = registration.id;
        if let Some(member) = self.sessions.member_mut(slot) {
            member.registrations.insert(place, ());
        }
        self.sessions.push(slot, Registered { request: register.request, registration: id });
        if found.is_none() {
            self.announce_registration(realm_index, session, place, Change::Created);
        }
        self.announce_registration(realm_index, session, place, Change::Joined);
    }

    pub(crate) fn unregister(&mut self, slot: usize, unregister: &Unregister) {
        if !self.check_id(slot, unregister.request) {
            return;
        }
        let Some(member) = self.sessions.member_mut(slot) else { return };
        let (realm, session) = (member.realm, member.id);
        let place = self.realms.get(realm).and_then(|realm| realm.dealer.by_id.get(&unregister.registration));
        let place = place.copied().filter(|place| member.registrations.remove(place).is_some());
        let Some(place) = place else {
            let refusal =
                Refusal::new(error_uri::NO_SUCH_REGISTRATION, "this session has no such registration");
            return self.refuse(slot, RequestType::Unregister, unregister.request, refusal);
        };
        let details = UnregisteredDetails::default();
        self.sessions.push(slot, Unregistered { request: Some(unregister.request), details });
        self.remove_callee(realm, session, place, slot);
    }

    pub(crate) fn remove_registrations_of(&mut self, slot: usize, member: &Member) {
        let mut places: Vec<usize> = member.registrations.keys().copied().collect();
        places.sort_unstable();
        for place in places {
            self.remove_callee(member.realm, member.id, place, slot);
        }
    }

    /// Takes the registration from all its callees.
    fn revoke_all(&mut self, realm: usize, place: usize) {
        let registration = self.realms.get(realm).and_then(|realm| realm.dealer.table.get(place));
        let Some(registration) = registration else { return };
        let id = registration.id;
        let callees: Vec<usize> = registration.callees.iter().map(|callee| callee.slot).collect();
        for callee in callees {
            self.revoke(realm, place, id, callee, "another session has registered the procedure instead");
        }
    }

    /// Takes the registration from one callee, which is told if it understands that.
    pub(crate) fn revoke(
        &mut self,
        realm: usize,
        place: usize,
        id: RegistrationId,
        callee: usize,
        reason: &'static str,
    ) {
        let Some(member) = self.sessions.member_mut(callee) else { return };
        if member.registrations.remove(&place).is_none() {
            return;
        }
        let session = member.id;
        if member.has(Role::Callee, Feature::RegistrationRevocation) {
            let mut details = UnregisteredDetails::default();
            details.registration = Some(id);
            details.reason = Some(Text::from_static(reason));
            self.sessions.push(callee, Unregistered { request: None, details });
        }
        self.remove_callee(realm, session, place, callee);
    }

    /// Takes the callee out, and the registration too if it was the last.
    fn remove_callee(&mut self, realm: usize, session: SessionId, place: usize, slot: usize) {
        let dealer = self.realms.get_mut(realm).map(|realm| &mut realm.dealer);
        let Some(registration) = dealer.and_then(|dealer| dealer.table.get_mut(place)) else { return };
        let Some(at) = registration.callees.iter().position(|callee| callee.slot == slot) else { return };
        registration.callees.remove(at);
        let weight = weight::of_pattern(&registration.procedure, registration.match_policy);
        if let Some(member) = self.sessions.member_mut(slot) {
            member.let_go(weight);
        }
        if at < registration.next {
            // It stays the turn of the same callee.
            registration.next -= 1;
        }
        let is_last = registration.callees.is_empty();
        if is_last && let Some(dealer) = self.realms.get_mut(realm).map(|realm| &mut realm.dealer) {
            // No call may find it, while the announcement of its end still does.
            if let Some(registration) = dealer.table.get(place) {
                dealer.patterns.remove(registration.match_policy, &registration.procedure);
                dealer.by_id.remove(&registration.id);
            }
        }
        self.announce_registration(realm, session, place, Change::Left);
        if is_last {
            self.announce_registration(realm, session, place, Change::Deleted);
            if let Some(realm) = self.realms.get_mut(realm) {
                realm.dealer.table.try_remove(place);
            }
        }
    }
}

impl Registration {
    /// Whether a further session may register the procedure.
    fn check_sharing(&self, slot: usize, invoke: InvocationPolicy) -> Result<(), Refusal> {
        let procedure = &self.procedure;
        let is_callee = self.callees.iter().any(|callee| callee.slot == slot);
        if is_callee || (self.invoke == InvocationPolicy::Single && invoke == InvocationPolicy::Single) {
            let message = format!("the procedure {procedure} is registered already");
            return Err(Refusal::new(error_uri::PROCEDURE_ALREADY_EXISTS, message));
        }
        if self.invoke != invoke {
            let message =
                format!("the procedure {procedure} is registered with invoke={}", self.invoke.name());
            let error = error_uri::PROCEDURE_EXISTS_WITH_DIFFERENT_INVOCATION_POLICY;
            return Err(Refusal::new(error, message));
        }
        Ok(())
    }
}
