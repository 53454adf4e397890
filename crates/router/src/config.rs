//! What a router is told before it starts.

use std::time::Duration;

use wirebahn_core::wamp::{MatchPolicy, Text, Uri, UriPolicy};

/// The configuration of a router.
///
/// ```
/// use wirebahn_core::wamp::Uri;
/// use wirebahn_router::{RealmConfig, RouterConfig};
///
/// let mut config = RouterConfig::default();
/// config.realms.push((Uri::from_static("realm1"), RealmConfig::default()));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RouterConfig {
    /// The realms there are from the beginning. Default: none.
    pub realms: Vec<(Uri, RealmConfig)>,
    /// What a realm is like that is made because somebody wants to join it. Default: `None`, no realm is made on demand.
    pub realms_on_demand: Option<RealmConfig>,
    /// How many realms may be made on demand: a client can ask for any number of them. Such a realm is gone with its last
    /// session. Default: 1,024.
    pub max_realms_on_demand: usize,
    /// What WELCOME says as the router's software. Default: `wirebahn-router` and its version.
    pub agent: Text,
    /// How long a connection may take to join a realm, once it is there or has left the last one. Default: 30 s.
    pub join_timeout: Duration,
    /// How long the router waits for the answer to its GOODBYE. Default: 5 s.
    pub goodbye_timeout: Duration,
    /// The limits of what a session may have waiting before a question about it is answered, or while it is held back.
    pub backlog: BacklogLimits,
}

impl Default for RouterConfig {
    fn default() -> Self {
        Self {
            realms: Vec::new(),
            realms_on_demand: None,
            max_realms_on_demand: 1024,
            agent: Text::from_static(concat!("wirebahn-router/", env!("CARGO_PKG_VERSION"))),
            join_timeout: Duration::from_secs(30),
            goodbye_timeout: Duration::from_secs(5),
            backlog: BacklogLimits::default(),
        }
    }
}

/// The configuration of a realm. The default is open to everybody.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RealmConfig {
    /// Who may join. Default: everybody, as anonymous.
    pub authentication: Authentication,
    /// Who may do what. Default: everybody everything.
    pub authorization: Authorization,
    /// Which URIs are valid. Default: the loose rules of the specification.
    pub uris: UriPolicy,
    /// What happens if the ids of requests do not count from one. Default: they are counted.
    pub request_ids: RequestIdCheck,
    /// Whether callers and publishers are disclosed. Default: if they want to be.
    pub disclosure: Disclosure,
    /// The limits of the messages that wait for a session to read them.
    pub queue: QueueLimits,
    /// What happens to a session that does not read its events fast enough. Default: it is disconnected.
    pub slow_consumers: SlowConsumers,
    /// The limits of what one session may have.
    pub session: SessionLimits,
    /// The limits of the events that are kept for later subscribers.
    pub retained: RetainedLimits,
    /// Whether the router answers questions about itself. Default: it does.
    pub meta: MetaApi,
    /// The topics whose last events are kept for those who ask for them with `wamp.subscription.get_events`. Default: none.
    pub history: Vec<HistoryConfig>,
}

/// Who may join a realm.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Authentication {
    /// Everybody, with this authrole.
    Anonymous {
        /// Default: `anonymous`.
        authrole: Text,
    },
    /// Whoever [`Question::Authenticate`](crate::QuestionKind::Authenticate) is answered for with a welcome.
    Ask,
}

impl Default for Authentication {
    fn default() -> Self {
        Self::Anonymous { authrole: Text::from_static("anonymous") }
    }
}

/// Who may publish, subscribe, call and register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Authorization {
    /// Everybody everything.
    #[default]
    AllowAll,
    /// Whoever [`Question::Authorize`](crate::QuestionKind::Authorize) is answered for with yes. For the procedures of the
    /// router, the question is about the call and nothing else: whoever may call `wamp.session.add_testament` may have an
    /// event published to any topic when its session ends.
    Ask,
}

/// What happens if the ids of a session's requests do not count 1, 2, 3, ..., as the specification demands.
///
/// Clients that do not are in the field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestIdCheck {
    /// It is a violation of the protocol: the session ends.
    Strict,
    /// It is counted in [`Metrics::request_ids_out_of_order`](crate::Metrics::request_ids_out_of_order).
    #[default]
    Warn,
    /// Nothing.
    Off,
}

/// Whether sessions can ask the router who is there, and are told of it: the procedures and events that begin with `wamp`,
/// testaments among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetaApi {
    /// They can, and are.
    #[default]
    On,
    /// There are no such procedures and events, and the features are not announced: sessions learn nothing of each other.
    Off,
}

/// Whether callees learn who calls, and subscribers who publishes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Disclosure {
    /// If the caller or publisher has set `disclose_me`, or the callee has registered with `disclose_caller`.
    #[default]
    OnRequest,
    /// Always.
    Always,
    /// Never: `disclose_me` is refused.
    Never,
}

/// How much may wait for a session to read it.
///
/// A message counts as the bytes of its payload, of its URIs and texts, and a constant for the rest; the buffer that the
/// payload is a slice of is larger, see `docs/architecture.md`. A queue that is empty takes a message of any
/// size. Answers to the session's own requests are never dropped; if they fill the queue to twice these limits, because a
/// session asks and does not read, it is disconnected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueLimits {
    /// Default: 16,384 messages.
    pub messages: usize,
    /// Default: 8 MiB.
    pub bytes: usize,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self { messages: 16_384, bytes: 8 << 20 }
    }
}

/// What happens to a session whose queue has no room for an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SlowConsumers {
    /// It is disconnected, with the reason.
    #[default]
    Disconnect,
    /// It does not get the event, which is counted.
    DropNewest,
    /// It does not get the oldest events in its queue, which are counted.
    DropOldest,
    /// The publishers wait: see [`Router::is_held`](crate::Router::is_held). Their calls and results go on.
    HoldPublishers {
        /// For how long at most. After that, the slow session is disconnected, since two sessions may be waiting for
        /// each other.
        at_most: Duration,
    },
}

/// How much one session may have. What is beyond is refused with `wamp.error.unavailable`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionLimits {
    /// Default: 100,000 subscriptions.
    pub subscriptions: usize,
    /// Default: 100,000 registrations.
    pub registrations: usize,
    /// Calls that are not answered yet; of a callee that has set its `concurrency`, also those that were canceled and
    /// that it is still to answer: beyond that they count no more. Default: 65,536.
    pub pending_calls: usize,
    /// Testaments. Default: 128.
    pub testaments: usize,
    /// Bytes that its subscriptions, registrations and testaments take, beside a constant for each: their URIs, for wildcards
    /// also each component, arguments and lists of receivers. Default: 64 MiB.
    pub bytes: usize,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            subscriptions: 100_000,
            registrations: 100_000,
            pending_calls: 65_536,
            testaments: 128,
            bytes: 64 << 20,
        }
    }
}

/// How many events a realm keeps for later subscribers; the last one of each topic that was published with `retain`.
///
/// One that finds no room is delivered, but not kept. A subscriber gets as many of them at once as its queue has room for
/// ([`QueueLimits`]); those beyond are dropped, and counted, whatever [`SlowConsumers`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetainedLimits {
    /// Default: 10,000 events.
    pub events: usize,
    /// Bytes of payload and topic. Default: 16 MiB.
    pub bytes: usize,
}

impl Default for RetainedLimits {
    fn default() -> Self {
        Self { events: 10_000, bytes: 16 << 20 }
    }
}

/// A topic, or a pattern of topics, whose last events are kept.
///
/// They are given to whoever could subscribe to them, and are meant. Events for certain sessions, and those with payload
/// passthru, are not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryConfig {
    /// The topic, or the pattern.
    pub topic: Uri,
    /// Which topics are meant. Default: this one.
    pub match_policy: MatchPolicy,
    /// How many events are kept: the last ones. Default: 1,000.
    pub events: usize,
    /// How many bytes of memory they may take. Default: 16 MiB.
    pub bytes: usize,
}

impl HistoryConfig {
    /// The default for a topic.
    #[must_use]
    pub fn new(topic: impl Into<Uri>) -> Self {
        Self { topic: topic.into(), match_policy: MatchPolicy::Exact, events: 1000, bytes: 16 << 20 }
    }
}

/// How many messages of a session may wait: for the answer to a question, or because it is held back.
///
/// Above the limit, [`Router::is_held`](crate::Router::is_held) says to stop reading. What was read already is taken up to
/// 64 times the limit; a driver that goes on nevertheless has the session aborted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BacklogLimits {
    /// Default: 256 messages.
    pub messages: usize,
    /// Default: 256 KiB.
    pub bytes: usize,
}

impl Default for BacklogLimits {
    fn default() -> Self {
        Self { messages: 256, bytes: 256 << 10 }
    }
}

/// How much above the backlog's limits is taken until a driver has stopped reading: a read of 64 KiB may have thousands
/// of messages.
pub(crate) const BACKLOG_OVERRUN: usize = 64;
