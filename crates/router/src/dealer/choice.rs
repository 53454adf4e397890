//! Which callee of a registration gets a call.

use wirebahn_core::wamp::{InvocationPolicy, error_uri};

use super::Registration;
use crate::ids::RandomPool;
use crate::request::Refusal;
use crate::sessions::Sessions;

impl Registration {
    /// The place of the callee that gets a call of this weight: the one that the policy says, or the next one after it
    /// that can take a call.
    pub(super) fn choose(
        &mut self,
        sessions: &Sessions,
        random: &mut RandomPool,
        weight: usize,
    ) -> Result<usize, Refusal> {
        let len = self.callees.len();
        let (first, backwards) = match self.invoke {
            InvocationPolicy::RoundRobin => (self.next, false),
            InvocationPolicy::Random => (random.below(len), false),
            InvocationPolicy::Last => (len.saturating_sub(1), true),
            _ => (0, false),
        };
        let mut is_busy = false;
        for step in 0..len {
            let at = if backwards { first - step } else { (first + step) % len };
            let Some(callee) = self.callees.get(at) else { continue };
            if callee.concurrency.is_some_and(|limit| callee.active >= limit) {
                is_busy = true;
            } else if sessions.has_room(callee.slot, weight) {
                self.next = at + 1;
                return Ok(at);
            }
        }
        Err(match (is_busy, self.invoke) {
            (true, _) => Refusal::new(
                error_uri::MAX_CONCURRENCY_REACHED,
                "all callees have as many calls as they take",
            ),
            (false, InvocationPolicy::Single) => {
                Refusal::new(error_uri::UNAVAILABLE, "the callee does not read its invocations fast enough")
            }
            (false, _) => {
                Refusal::new(error_uri::NO_AVAILABLE_CALLEE, "no callee reads its invocations fast enough")
            }
        })
    }
}
