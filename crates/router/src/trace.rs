//! What an operator wants to read about sessions, as `tracing` events; nothing at all without the feature.

use crate::CloseReason;
use crate::router::Router;

/// Whose session it is, as far as it has one.
#[cfg(feature = "tracing")]
struct Who<'a> {
    realm: Option<&'a str>,
    session: Option<u64>,
    authid: Option<&'a str>,
}

#[cfg(feature = "tracing")]
impl<'a> Who<'a> {
    fn of(router: &'a Router, slot: usize) -> Self {
        let member = router.sessions.get(slot).and_then(|session| session.member.as_ref());
        let realm = member.and_then(|member| router.realms.get(member.realm));
        Self {
            realm: realm.map(|realm| realm.name.as_str()),
            session: member.map(|member| member.id.get()),
            authid: member.map(|member| member.identity.authid.as_str()),
        }
    }
}

#[cfg(feature = "tracing")]
impl Router {
    pub(crate) fn trace_joined(&self, slot: usize) {
        let Who { realm, session, authid } = Who::of(self, slot);
        tracing::debug!(target: TARGET, realm, session, authid, "joined");
    }

    pub(crate) fn trace_left(&self, slot: usize) {
        let Who { realm, session, authid } = Who::of(self, slot);
        if session.is_some() {
            tracing::debug!(target: TARGET, realm, session, authid, "left");
        }
    }

    /// Before the session is taken out of its realm.
    pub(crate) fn trace_closed(&self, slot: usize, reason: &CloseReason) {
        let Who { realm, session, authid } = Who::of(self, slot);
        match reason {
            CloseReason::TooSlow => {
                tracing::warn!(target: TARGET, realm, session, authid, "disconnected: {reason}");
            }
            CloseReason::Violation(_) | CloseReason::Refused { .. } | CloseReason::JoinTimeout => {
                tracing::info!(target: TARGET, realm, session, authid, "disconnected: {reason}");
            }
            CloseReason::ShutDown | CloseReason::AbortedByPeer { .. } => {
                tracing::debug!(target: TARGET, realm, session, authid, "disconnected: {reason}");
            }
        }
    }

    pub(crate) fn trace_dropping(&self, slot: usize, dropped: u64) {
        let Who { realm, session, authid } = Who::of(self, slot);
        tracing::warn!(target: TARGET, realm, session, authid, dropped, "reads too slowly: events are dropped");
    }
}

#[cfg(feature = "tracing")]
const TARGET: &str = "wirebahn::session";

#[cfg(not(feature = "tracing"))]
impl Router {
    pub(crate) fn trace_joined(&self, _: usize) {}

    pub(crate) fn trace_left(&self, _: usize) {}

    pub(crate) fn trace_closed(&self, _: usize, _: &CloseReason) {}

    pub(crate) fn trace_dropping(&self, _: usize, _: u64) {}
}
