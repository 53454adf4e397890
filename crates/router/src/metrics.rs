//! What is counted.

use wirebahn_core::wamp::Uri;

use crate::Traffic;
use crate::realm::Realm;
use crate::router::Router;

/// Counters since the router was made. All only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Sessions that have joined a realm.
    pub sessions_joined: u64,
    /// Sessions that have left their realm.
    pub sessions_left: u64,
    /// Peers that were refused.
    pub joins_refused: u64,
    /// Messages that came.
    pub messages_received: u64,
    /// Messages that were put into queues, other than events.
    pub messages_queued: u64,
    /// Messages that came too late, or for which nobody was there any more.
    pub messages_late: u64,
    /// Messages, other than events, that were in the queue of a session that was closed, or came for it afterwards; and
    /// those from it that waited. Callers and callees at the other end are told.
    pub messages_lost: u64,
    /// Publications that were accepted.
    pub publications: u64,
    /// Publications that were refused without an answer, because none was asked for.
    pub publications_refused: u64,
    /// Events that were put into queues, one for each receiver.
    pub events_queued: u64,
    /// Events that were dropped since a queue was full.
    pub events_dropped: u64,
    /// Events that were in the queue of a session that was closed, or came for it afterwards.
    pub events_lost: u64,
    /// Calls that were accepted.
    pub calls: u64,
    /// Calls that ended with a result.
    pub calls_succeeded: u64,
    /// Calls that ended with an error, the caller's leaving included.
    pub calls_failed: u64,
    /// Of those, the ones that were refused, or ended, since no callee could take more.
    pub calls_unavailable: u64,
    /// Requests with ids out of order that were let pass.
    pub request_ids_out_of_order: u64,
    /// Peers that were aborted because they broke the protocol, whether or not they had joined a realm.
    pub violations: u64,
    /// Of the sessions that have left, those that were aborted because they broke the protocol.
    pub sessions_aborted: u64,
    /// Of the sessions that have left, those that were disconnected because they were too slow.
    pub slow_sessions: u64,
    /// Events that found no room to be kept.
    pub retained_refused: u64,
}

/// How much there is in a realm now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RealmSnapshot {
    /// The name.
    pub realm: Uri,
    /// Whether it was made because somebody wanted to join it.
    pub is_on_demand: bool,
    /// Members.
    pub sessions: usize,
    /// Subscriptions, each of any number of sessions.
    pub subscriptions: usize,
    /// Registrations, each of any number of sessions.
    pub registrations: usize,
    /// Calls without an answer.
    pub pending_calls: usize,
    /// Events that are kept for later subscribers.
    pub retained: usize,
    /// Messages that wait for sessions to read them.
    pub queued_messages: usize,
    /// What they weigh; see [`QueueLimits`](crate::QueueLimits).
    pub queued_bytes: usize,
    /// The most messages that wait for one session.
    pub most_queued_messages: usize,
    /// The most that messages weigh which wait for one session.
    pub most_queued_bytes: usize,
    /// The messages that came and went since the realm was made.
    pub traffic: Traffic,
}

impl Router {
    /// How much there is in each realm, in the order of their names. Looks at every session.
    #[must_use]
    pub fn snapshot(&self) -> Vec<RealmSnapshot> {
        let mut realms: Vec<_> =
            self.realms.iter().map(|(index, realm)| self.snapshot_of(index, realm)).collect();
        realms.sort_by(|a, b| a.realm.cmp(&b.realm));
        realms
    }

    /// The messages of realms that are gone.
    #[must_use]
    pub const fn traffic_of_gone_realms(&self) -> &Traffic {
        &self.sessions.traffic.gone
    }

    fn snapshot_of(&self, index: usize, realm: &Realm) -> RealmSnapshot {
        let mut snapshot = RealmSnapshot {
            realm: realm.name.clone(),
            is_on_demand: realm.is_on_demand,
            sessions: realm.members.len(),
            subscriptions: realm.broker.table.len(),
            registrations: realm.dealer.table.len(),
            pending_calls: 0,
            retained: realm.broker.retained.len(),
            queued_messages: 0,
            queued_bytes: 0,
            most_queued_messages: 0,
            most_queued_bytes: 0,
            traffic: self.sessions.traffic.get(index),
        };
        for session in realm.members.values().filter_map(|&slot| self.sessions.get(slot)) {
            let (messages, bytes) = (session.queue.len(), session.queue.bytes());
            snapshot.pending_calls += session.member.as_ref().map_or(0, |member| member.calls.len());
            snapshot.queued_messages += messages;
            snapshot.queued_bytes += bytes;
            snapshot.most_queued_messages = snapshot.most_queued_messages.max(messages);
            snapshot.most_queued_bytes = snapshot.most_queued_bytes.max(bytes);
        }
        snapshot
    }
}
