//! Calls: who has registered what, and which call is where.

mod answer;
mod call;
mod cancel;
mod choice;
mod register;

use std::time::Duration;

use slab::Slab;
use wirebahn_core::Instant;
use wirebahn_core::wamp::{InvocationPolicy, MatchPolicy, RegistrationId, RequestId, Uri};

use crate::ids::{IdHashKey, IdMap};
use crate::matching::{PatternMap, StringHashKey};
use crate::router::{Router, Timer};

/// The registrations of a realm.
#[derive(Debug)]
pub(crate) struct Dealer {
    /// From patterns to places in the table.
    pub(crate) patterns: PatternMap<usize>,
    pub(crate) table: Slab<Registration>,
    pub(crate) by_id: IdMap<RegistrationId, usize>,
}

/// One for each pair of a procedure and a match policy, however many callees share it.
#[derive(Debug)]
pub(crate) struct Registration {
    pub(crate) id: RegistrationId,
    pub(crate) procedure: Uri,
    pub(crate) match_policy: MatchPolicy,
    pub(crate) invoke: InvocationPolicy,
    /// Since the beginning of 1970.
    pub(crate) created: Duration,
    /// In the order in which they registered.
    pub(crate) callees: Vec<Callee>,
    /// Whose turn it is.
    next: usize,
}

/// A session that has registered a procedure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Callee {
    pub(crate) slot: usize,
    /// How many calls it takes at once.
    concurrency: Option<u64>,
    /// How many it has; counted only if there is a limit.
    active: u64,
    disclose_caller: bool,
    forward_timeout: bool,
}

/// A call that is not answered, or of which the callee does not know yet that nobody waits for its answer.
#[derive(Debug)]
pub(crate) struct Call {
    /// Who gets the answer; nobody if it was given already.
    caller: Option<Caller>,
    callee: usize,
    invocation: RequestId,
    realm: usize,
    registration: RegistrationId,
    /// What must not change from part to part of a progressive call, while more of them follow; hashed, since calls are
    /// many and procedures may be long.
    procedure: Option<u64>,
    /// Whether the callee has a limit of calls, so that this one counts until it answers.
    is_counted: bool,
    receive_progress: bool,
    is_interrupted: bool,
    /// In milliseconds, anew after each progressive result.
    timeout: u64,
    deadline: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Caller {
    slot: usize,
    request: RequestId,
}

impl Dealer {
    pub(crate) fn new(strings: StringHashKey, ids: IdHashKey) -> Self {
        Self { patterns: PatternMap::new(strings), table: Slab::new(), by_id: IdMap::with_hasher(ids) }
    }

    pub(crate) fn by_id(&self, id: RegistrationId) -> Option<&Registration> {
        self.table.get(*self.by_id.get(&id)?)
    }
}

impl Router {
    /// Takes the call from the caller, who is answered now. What is left of it is removed, unless the callee's answer is
    /// still to be counted; so many of those are kept as a session may have calls, for a callee may never answer.
    fn detach_caller(&mut self, index: usize) -> Option<(usize, RequestId)> {
        let call = self.calls.get_mut(index)?;
        let caller = call.caller.take()?;
        let is_open = call.procedure.take().is_some();
        if let Some(deadline) = call.deadline.take() {
            self.timers.remove(&(deadline, Timer::Call(index)));
        }
        let (callee, realm, mut is_kept) = (call.callee, call.realm, call.is_counted);
        if let Some(member) = self.sessions.member_mut(caller.slot) {
            member.calls.remove(&caller.request);
            if is_open {
                member.cut_short(caller.request);
            }
        }
        if is_kept && let Some(member) = self.sessions.member_mut(callee) {
            member.unawaited += 1;
            let config = self.realms.get(realm).map(|realm| &realm.config);
            is_kept = config.is_some_and(|config| member.unawaited <= config.session.pending_calls);
        }
        if !is_kept {
            self.detach_callee(index);
        }
        Some((caller.slot, caller.request))
    }

    /// Takes the call from the callee, which has answered it or is not asked any more; nothing is left of it.
    fn detach_callee(&mut self, index: usize) {
        let Some(call) = self.calls.try_remove(index) else { return };
        if let Some(member) = self.sessions.member_mut(call.callee) {
            member.invocations.remove(&call.invocation);
            if call.is_counted && call.caller.is_none() {
                member.unawaited = member.unawaited.saturating_sub(1);
            }
        }
        if call.is_counted
            && let Some(dealer) = self.realms.get_mut(call.realm).map(|realm| &mut realm.dealer)
            && let Some(&place) = dealer.by_id.get(&call.registration)
            && let Some(registration) = dealer.table.get_mut(place)
            && let Some(callee) = registration.callees.iter_mut().find(|callee| callee.slot == call.callee)
        {
            callee.active = callee.active.saturating_sub(1);
        }
    }
}
