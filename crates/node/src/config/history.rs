use wirebahn_core::wamp::MatchPolicy;

use super::section::{Choice, Section};

/// More than anyone can be shown.
const MOST_EVENTS: u64 = 10_000_000;

/// A topic, or a pattern of topics, whose last events are kept for `wamp.subscription.get_events`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryOptions {
    /// The topic, or the pattern.
    pub topic: String,
    /// Which topics are meant. Default: this one.
    pub match_policy: MatchPolicy,
    /// How many events are kept. Default: 1,000.
    pub events: u64,
    /// How many bytes of memory they may take. Default: 16 MiB.
    pub bytes: u64,
}

impl Default for HistoryOptions {
    fn default() -> Self {
        Self { topic: String::new(), match_policy: MatchPolicy::Exact, events: 1000, bytes: 16 << 20 }
    }
}

pub(super) fn read_all(sections: Vec<Section<'_>>) -> Vec<HistoryOptions> {
    let mut histories: Vec<HistoryOptions> = Vec::new();
    for mut section in sections {
        let mut history = HistoryOptions::default();
        section.parsed("topic", &mut history.topic, topic);
        section.choice("match", &mut history.match_policy);
        section.number("events", &mut history.events, 1..=MOST_EVENTS);
        section.size("bytes", &mut history.bytes, 1 << 10..=64 << 30);
        let is_same = |other: &HistoryOptions| {
            other.topic == history.topic && other.match_policy == history.match_policy
        };
        let span = section.span_of("topic");
        if !section.has("topic") {
            section.problem("topic", span, "say which topic, such as \"com.example.news\"");
        } else if histories.iter().any(is_same) {
            section.problem("topic", span, format!("there is a history of {:?} already", history.topic));
        }
        section.finish();
        histories.push(history);
    }
    histories
}

/// A pattern may have empty components; which of them are right is up to the policy of the realm.
fn topic(text: &str) -> Result<String, String> {
    let is_topic = !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '#');
    if is_topic && !text.starts_with("wamp.") {
        Ok(text.into())
    } else {
        Err(format!("write a topic such as \"com.example.news\", not {text:?}"))
    }
}

impl Choice for MatchPolicy {
    const ALL: &'static [(&'static str, Self)] =
        &[("exact", Self::Exact), ("prefix", Self::Prefix), ("wildcard", Self::Wildcard)];
}
