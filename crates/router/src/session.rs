//! The state of one connection, and of the session it carries once it has joined a realm.

use std::collections::VecDeque;

use wirebahn_core::Instant;
use wirebahn_core::wamp::{
    Dict, Feature, HelloDetails, Message, RequestId, RequestIds, Role, Roles, Serializer, SessionId,
    Subprotocol, Text, Uri, error_uri,
};

use crate::ids::{IdHashKey, IdMap};
use crate::meta::testament::Testaments;
use crate::question::QuestionId;
use crate::queue::Queue;
use crate::request::Refusal;
use crate::{BacklogLimits, CloseReason, QueueLimits, SessionLimits, SlowConsumers, weight};

/// The key of a connection at a router. Never given out again after the connection is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey {
    pub(crate) slot: usize,
    pub(crate) serial: u64,
}

/// How a connection came.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct TransportInfo {
    /// In which serializer the router writes payloads of its own.
    pub serializer: Serializer,
    /// What `transport` in the session meta API says, and what authentication may need: addresses, cookies,
    /// certificates, the channel binding.
    pub details: Dict,
}

impl TransportInfo {
    /// A connection with this serializer, of which nothing else is known.
    #[must_use]
    pub fn new(serializer: Serializer) -> Self {
        Self { serializer, ..Self::default() }
    }

    /// A connection of a client, for the session meta API: over a transport of this kind, `websocket` or `rawsocket`, with
    /// the address of its other end, if it has one.
    #[must_use]
    pub fn of_client(kind: &str, subprotocol: Subprotocol, peer: Option<String>) -> Self {
        let mut transport = Self::new(subprotocol.serializer);
        transport.details.insert("type", kind);
        transport.details.insert("protocol", subprotocol.name());
        if let Some(peer) = peer {
            transport.details.insert("peer", peer);
        }
        transport
    }
}

#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) serial: u64,
    pub(crate) transport: TransportInfo,
    pub(crate) state: State,
    pub(crate) member: Option<Member>,
    pub(crate) queue: Queue,
    pub(crate) limits: QueueLimits,
    pub(crate) slow: SlowConsumers,
    /// Is in the list of those whose driver has to look.
    pub(crate) is_ready: bool,
    /// What the driver is told when the queue is empty.
    pub(crate) close: Option<CloseReason>,
    /// Will be closed before anything else happens.
    pub(crate) is_doomed: bool,
    /// The question that has to be answered before the session goes on.
    pub(crate) waiting: Option<QuestionId>,
    /// What the peer wants to join, while it is challenged.
    pub(crate) joining: Option<Box<Joining>>,
    pub(crate) backlog: Backlog,
    /// The slow sessions that this one has to wait for before it publishes on. Each has it among those it holds.
    pub(crate) held_by: Vec<SessionKey>,
    /// The publishers that wait for this session.
    pub(crate) holds: Vec<SessionKey>,
    /// Events that were dropped since the queue was full.
    pub(crate) dropped: u64,
    /// The timer of this session, if one is armed.
    pub(crate) deadline: Option<Instant>,
}

/// The session that will be, the realm, and what the HELLO has said.
pub(crate) type Joining = (SessionId, Option<Uri>, Box<HelloDetails>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// No session: a HELLO has to come.
    Opening,
    /// A CHALLENGE was sent: an AUTHENTICATE has to come.
    Challenged,
    /// The session is a member of a realm.
    Joined,
    /// The router has sent GOODBYE and ignores everything but the answer.
    ShuttingDown,
    /// Nothing is taken any more.
    Closed,
}

/// What there is of a session because it has joined a realm.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) realm: usize,
    pub(crate) id: SessionId,
    pub(crate) roles: Roles,
    pub(crate) identity: Identity,
    /// The id that the next request of the client must have.
    pub(crate) next_request: RequestId,
    /// The ids of invocations.
    pub(crate) invocation_ids: RequestIds,
    /// By their index: the place among the subscribers.
    pub(crate) subscriptions: IdMap<usize, usize>,
    pub(crate) registrations: IdMap<usize, ()>,
    /// The calls that are not answered, by the ids that the caller gave them.
    pub(crate) calls: IdMap<RequestId, usize>,
    /// The calls that this session has to answer, by the ids of their invocations.
    pub(crate) invocations: IdMap<RequestId, usize>,
    /// How many of them nobody waits for any more: they are kept for their answers to be counted.
    pub(crate) unawaited: usize,
    /// Calls in parts that have ended before their last part came.
    pub(crate) cut_short: VecDeque<RequestId>,
    pub(crate) testaments: Option<Box<Testaments>>,
    /// What its subscriptions, registrations and testaments weigh.
    pub(crate) kept_bytes: usize,
}

/// How many calls that were cut short are remembered. A part of an older one is taken for a new call.
const MAX_CUT_SHORT: usize = 64;

/// Who a session is.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Identity {
    /// The name of the principal.
    pub authid: Text,
    /// The name of what the principal may do.
    pub authrole: Text,
    /// How the principal was authenticated.
    pub authmethod: Text,
    /// Who knows the principal.
    pub authprovider: Text,
    /// What the authentication method has to say in WELCOME.
    pub authextra: Option<Dict>,
}

impl Identity {
    /// A principal in a role, which was authenticated by `authmethod`, with the provider `static`.
    #[must_use]
    pub fn new(authid: impl Into<Text>, authrole: impl Into<Text>, authmethod: impl Into<Text>) -> Self {
        Self {
            authid: authid.into(),
            authrole: authrole.into(),
            authmethod: authmethod.into(),
            authprovider: Text::from_static("static"),
            authextra: None,
        }
    }

    /// The same in memory of its own, for keeping.
    pub(crate) fn detach(self) -> Self {
        Self {
            authid: self.authid.detach(),
            authrole: self.authrole.detach(),
            authmethod: self.authmethod.detach(),
            authprovider: self.authprovider.detach(),
            authextra: self.authextra,
        }
    }
}

impl Session {
    pub(crate) fn new(serial: u64, transport: TransportInfo) -> Self {
        Self {
            serial,
            transport,
            state: State::Opening,
            member: None,
            queue: Queue::default(),
            limits: QueueLimits::default(),
            slow: SlowConsumers::Disconnect,
            is_ready: false,
            close: None,
            is_doomed: false,
            waiting: None,
            joining: None,
            backlog: Backlog::default(),
            held_by: Vec::new(),
            holds: Vec::new(),
            dropped: 0,
            deadline: None,
        }
    }

    /// Whether the message has to wait: for the answer to a question, all do whose order matters; while the session is
    /// held back, those that would make slow queues longer.
    pub(crate) fn must_wait(&self, message: &Message) -> bool {
        match message {
            Message::Yield(_) | Message::Error(_) | Message::Abort(_) => false,
            Message::Publish(_) => self.waiting.is_some() || !self.held_by.is_empty(),
            // What was published before the end is published.
            Message::Goodbye(_) => !self.backlog.is_empty() || self.waiting.is_some(),
            _ => self.waiting.is_some(),
        }
    }
}

impl Member {
    pub(crate) fn new(
        realm: usize,
        id: SessionId,
        roles: Roles,
        identity: Identity,
        hash: IdHashKey,
    ) -> Self {
        Self {
            realm,
            id,
            roles,
            identity,
            next_request: RequestId::FIRST,
            invocation_ids: RequestIds::new(),
            subscriptions: IdMap::with_hasher(hash),
            registrations: IdMap::with_hasher(hash),
            calls: IdMap::with_hasher(hash),
            invocations: IdMap::with_hasher(hash),
            unawaited: 0,
            cut_short: VecDeque::new(),
            testaments: None,
            kept_bytes: 0,
        }
    }

    /// Takes note of something that the router keeps for the session.
    ///
    /// # Errors
    ///
    /// It is too much.
    pub(crate) fn keep(&mut self, weight: usize, limits: SessionLimits) -> Result<(), Refusal> {
        let kept = self.kept_bytes.saturating_add(weight);
        if kept > limits.bytes {
            let message =
                "the subscriptions, registrations and testaments of the session take too much memory";
            return Err(Refusal::new(error_uri::UNAVAILABLE, message));
        }
        self.kept_bytes = kept;
        Ok(())
    }

    /// Takes note that the router keeps that no more.
    pub(crate) const fn let_go(&mut self, weight: usize) {
        self.kept_bytes = self.kept_bytes.saturating_sub(weight);
    }

    /// Remembers that no parts of this call are wanted any more.
    pub(crate) fn cut_short(&mut self, call: RequestId) {
        if self.cut_short.len() == MAX_CUT_SHORT {
            self.cut_short.pop_front();
        }
        self.cut_short.push_back(call);
    }

    pub(crate) const fn has(&self, role: Role, feature: Feature) -> bool {
        self.roles.has_feature(role, feature)
    }
}

/// Messages from a session that have to wait.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    messages: VecDeque<Waiting>,
    bytes: usize,
}

/// A message that has to wait.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) message: Message,
    /// Whether its id was checked, since others that came later went before it.
    pub(crate) is_checked: bool,
}

impl Backlog {
    pub(crate) fn push(&mut self, mut message: Message) {
        weight::drop_extra(&mut message);
        self.bytes += weight::of_message(&message);
        self.messages.push_back(Waiting { message, is_checked: false });
    }

    /// The place of the first message for which `may_go` holds.
    pub(crate) fn position(&self, may_go: impl Fn(&Message) -> bool) -> Option<usize> {
        self.messages.iter().position(|waiting| may_go(&waiting.message))
    }

    pub(crate) fn remove(&mut self, at: usize) -> Option<Waiting> {
        let waiting = self.messages.remove(at)?;
        self.bytes = self.bytes.saturating_sub(weight::of_message(&waiting.message));
        Some(waiting)
    }

    /// The ids of the publications before `end` that were not checked yet, in their order; from now on they count as
    /// checked.
    pub(crate) fn take_unchecked(&mut self, end: usize) -> Vec<RequestId> {
        let mut ids = Vec::new();
        // The last ones: what was before another one was checked with it.
        for Waiting { message, is_checked } in self.messages.iter_mut().take(end).rev() {
            let Message::Publish(publish) = message else { continue };
            if std::mem::replace(is_checked, true) {
                break;
            }
            ids.push(publish.request);
        }
        ids.reverse();
        ids
    }

    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Whether there is as much as the limits allow, or `times` as much.
    pub(crate) fn is_full(&self, limits: BacklogLimits, times: usize) -> bool {
        self.messages.len() >= limits.messages.saturating_mul(times)
            || self.bytes >= limits.bytes.saturating_mul(times)
    }

    /// Drops everything, and returns how many messages that was.
    pub(crate) fn clear(&mut self) -> usize {
        let len = self.messages.len();
        *self = Self::default();
        len
    }
}
