use std::time::Duration;

use super::section::{Choice, Section};
use super::{HistoryOptions, history};

/// The realm that is there without a configuration.
const NAME: &str = "realm1";

/// The bounds of a session's queue: a few messages at least, and no more than memory allows for.
const QUEUE_MESSAGES: std::ops::RangeInclusive<u64> = 16..=100_000_000;
const COUNT: std::ops::RangeInclusive<u64> = 0..=100_000_000;
const QUEUE_BYTES: std::ops::RangeInclusive<u64> = 16 << 10..=64 << 30;

/// A realm that is always there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RealmConfig {
    /// Its name: a URI. Default: `realm1`.
    pub name: String,
    /// How it works.
    pub options: RealmOptions,
}

/// Realms that come into being when somebody joins them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OnDemand {
    /// Whether there are any. Default: there are none, and joining a realm that is not configured is an error.
    pub allowed: bool,
    /// How many there may be at a time. Default: 1,000.
    pub max: u64,
    /// How they work.
    pub options: RealmOptions,
}

/// How a realm works.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RealmOptions {
    /// The role of clients that join without authentication, as all do for now. Default: `anonymous`.
    pub anonymous_role: String,
    /// What becomes of subscribers that do not keep up. Default: they are disconnected.
    pub slow_consumers: SlowConsumers,
    /// How long publishers wait for a slow consumer at most, before it is disconnected after all. Default: 10 s.
    pub hold_at_most: Duration,
    /// How many messages may wait for a session. Default: 16,384.
    pub queue_messages: u64,
    /// How many bytes of messages may wait for a session. Default: 8 MiB.
    pub queue_bytes: u64,
    /// How many subscriptions a session may have. Default: 100,000.
    pub max_subscriptions: u64,
    /// How many registrations a session may have. Default: 100,000.
    pub max_registrations: u64,
    /// How many calls of a session may wait for their results. Default: 65,536.
    pub max_pending_calls: u64,
    /// How many bytes the subscriptions, registrations and testaments of a session may take. Default: 64 MiB.
    pub max_kept_bytes: u64,
    /// How many events are kept for later subscribers. Default: 10,000.
    pub retained_events: u64,
    /// How many bytes they may have. Default: 16 MiB.
    pub retained_bytes: u64,
    /// What becomes of request ids that are out of sequence. Default: they are counted.
    pub request_ids: RequestIds,
    /// What URIs may look like. Default: loose.
    pub uris: Uris,
    /// Whether callees are told who calls, and subscribers who publishes. Default: if the caller or publisher asks for
    /// it.
    pub disclosure: Disclosure,
    /// Whether sessions can ask who is there, and are told of it: the procedures and events that begin with `wamp`.
    /// Default: they can.
    pub meta: bool,
    /// The topics whose last events are kept for those who ask for them. Default: none.
    pub history: Vec<HistoryOptions>,
}

/// What becomes of subscribers that do not keep up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SlowConsumers {
    /// They are disconnected, with the reason.
    #[default]
    Disconnect,
    /// Events that find the queue full are dropped and counted.
    DropNewest,
    /// The oldest waiting events make room; they are counted.
    DropOldest,
    /// Publishers wait.
    HoldPublisher,
}

/// What becomes of request ids that are out of sequence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestIds {
    /// The session is aborted.
    Strict,
    /// They are counted.
    #[default]
    Warn,
    /// They are not looked at.
    Off,
}

/// What URIs may look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Uris {
    /// Components of lower-case letters, digits and `_`.
    Strict,
    /// Components without spaces, `#` and dots.
    #[default]
    Loose,
}

/// Whether the other side is told who somebody is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Disclosure {
    /// If they ask for it with `disclose_me`.
    #[default]
    OnRequest,
    /// Always.
    Always,
    /// Never: asking for it is an error.
    Never,
}

impl Default for RealmConfig {
    fn default() -> Self {
        Self { name: NAME.into(), options: RealmOptions::default() }
    }
}

impl Default for OnDemand {
    fn default() -> Self {
        Self { allowed: false, max: 1000, options: RealmOptions::default() }
    }
}

impl Default for RealmOptions {
    fn default() -> Self {
        Self {
            anonymous_role: "anonymous".into(),
            slow_consumers: SlowConsumers::default(),
            hold_at_most: Duration::from_secs(10),
            queue_messages: 16_384,
            queue_bytes: 8 << 20,
            max_subscriptions: 100_000,
            max_registrations: 100_000,
            max_pending_calls: 65_536,
            max_kept_bytes: 64 << 20,
            retained_events: 10_000,
            retained_bytes: 16 << 20,
            request_ids: RequestIds::default(),
            uris: Uris::default(),
            disclosure: Disclosure::default(),
            meta: true,
            history: Vec::new(),
        }
    }
}

impl OnDemand {
    pub(super) fn apply(&mut self, mut section: Section<'_>) {
        section.switch("allowed", &mut self.allowed);
        section.number("max", &mut self.max, 1..=10_000_000);
        self.options.apply(&mut section);
        section.finish();
    }
}

impl RealmOptions {
    fn apply(&mut self, section: &mut Section<'_>) {
        section.parsed("anonymous_role", &mut self.anonymous_role, role);
        section.choice("slow_consumers", &mut self.slow_consumers);
        section.duration("hold_at_most", &mut self.hold_at_most);
        section.number("queue_messages", &mut self.queue_messages, QUEUE_MESSAGES);
        section.size("queue_bytes", &mut self.queue_bytes, QUEUE_BYTES);
        section.number("max_subscriptions", &mut self.max_subscriptions, COUNT);
        section.number("max_registrations", &mut self.max_registrations, COUNT);
        section.number("max_pending_calls", &mut self.max_pending_calls, COUNT);
        section.size("max_kept_bytes", &mut self.max_kept_bytes, QUEUE_BYTES);
        section.number("retained_events", &mut self.retained_events, COUNT);
        section.size("retained_bytes", &mut self.retained_bytes, 0..=64 << 30);
        section.choice("request_ids", &mut self.request_ids);
        section.choice("uris", &mut self.uris);
        section.choice("disclosure", &mut self.disclosure);
        section.switch("meta", &mut self.meta);
        if let Some(sections) = section.tables("history") {
            self.history = history::read_all(sections);
            if !self.meta && !self.history.is_empty() {
                let message = "nobody could ask for the events of a realm without meta: leave out either";
                section.problem("history", section.span_of("history"), message);
            }
        }
    }
}

pub(super) fn read_all(sections: Vec<Section<'_>>) -> Vec<RealmConfig> {
    let mut realms: Vec<RealmConfig> = Vec::new();
    for mut section in sections {
        let mut realm = RealmConfig::default();
        section.parsed("name", &mut realm.name, name);
        realm.options.apply(&mut section);
        if realms.iter().any(|other| other.name == realm.name) {
            let span = section.span_of("name");
            section.problem("name", span, format!("there is a realm {:?} already", realm.name));
        }
        section.finish();
        realms.push(realm);
    }
    realms
}

fn name(text: &str) -> Result<String, String> {
    let is_uri = !text.is_empty()
        && text
            .split('.')
            .all(|part| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c == '#'));
    if is_uri {
        Ok(text.into())
    } else {
        Err(format!("write a URI such as \"com.example.plant\", not {text:?}"))
    }
}

fn role(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("write a name such as \"anonymous\", not \"\"".into()) } else { Ok(text.into()) }
}

impl Choice for SlowConsumers {
    const ALL: &'static [(&'static str, Self)] = &[
        ("disconnect", Self::Disconnect),
        ("drop-newest", Self::DropNewest),
        ("drop-oldest", Self::DropOldest),
        ("hold-publisher", Self::HoldPublisher),
    ];
}

impl Choice for RequestIds {
    const ALL: &'static [(&'static str, Self)] =
        &[("strict", Self::Strict), ("warn", Self::Warn), ("off", Self::Off)];
}

impl Choice for Uris {
    const ALL: &'static [(&'static str, Self)] = &[("strict", Self::Strict), ("loose", Self::Loose)];
}

impl Choice for Disclosure {
    const ALL: &'static [(&'static str, Self)] =
        &[("on-request", Self::OnRequest), ("always", Self::Always), ("never", Self::Never)];
}
