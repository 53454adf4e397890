//! `wamp.subscription.get_events`.

use std::time::Duration;

use wirebahn_core::wamp::{Dict, PublicationId, SubscriptionId, Value, error_uri};

use super::Answer;
use super::arguments::{Arguments, wrong};
use crate::Authorization;
use crate::broker::{Kept, Subscription};
use crate::request::Refusal;
use crate::router::Router;
use crate::wall_clock::{WallClock, parse_date};

impl Router {
    /// The events of a subscription that are kept, as far as they are meant for the session that asks.
    pub(super) fn get_events(&self, slot: usize, arguments: &Arguments) -> Answer {
        let gone = || Refusal::new(error_uri::NO_SUCH_SESSION, "the session has left");
        let member = self.sessions.member(slot).ok_or_else(gone)?;
        let realm = self.realms.get(member.realm).ok_or_else(gone)?;
        let id: SubscriptionId = arguments.id(0, "subscription")?;
        let place = realm.broker.by_id.get(&id).copied();
        let place = place.ok_or_else(super::subscription::no_such_subscription)?;
        let Some(subscription) = realm.broker.table.get(place) else {
            return Err(super::subscription::no_such_subscription());
        };
        // Whoever may subscribe may ask; where that is decided outside, having subscribed shows it.
        if realm.config.authorization == Authorization::Ask && !member.subscriptions.contains_key(&place) {
            let message = "subscribe to the topic first: only subscribers may ask for its events";
            return Err(Refusal::new(error_uri::NOT_AUTHORIZED, message));
        }
        let window = Window::new(arguments)?;
        let kept = realm.broker.history.of(&subscription.topic, subscription.match_policy);
        let kept: Vec<&Kept> = kept
            .ok_or_else(|| {
                let message = "no history of this topic is kept; see the configuration of the realm";
                Refusal::new(error_uri::HISTORY_UNAVAILABLE, message)
            })?
            .collect();
        let is_meant = |kept: &&&Kept| {
            let (identity, receivers) = (&member.identity, kept.publication.receivers.as_ref());
            receivers
                .is_none_or(|receivers| receivers.include(member.id, &identity.authid, &identity.authrole))
        };
        let selected = window.select(&kept)?.iter().filter(is_meant).filter(|kept| window.contains(kept));
        let mut selected: Vec<&&Kept> = selected.collect();
        if window.is_reverse {
            selected.reverse();
        }
        let room = realm.config.queue.bytes / SHARE_OF_QUEUE;
        let (mut events, mut bytes) = (Vec::new(), 0_usize);
        for kept in selected {
            bytes = bytes
                .saturating_add(kept.publication.payload.len() + kept.publication.topic.len() + ENVELOPE);
            if events.len() >= window.limit.unwrap_or(usize::MAX) || (bytes > room && !events.is_empty()) {
                break;
            }
            events.extend(event(kept, subscription));
        }
        Ok(Value::List(events))
    }
}

/// An answer takes up at most a quarter of the queue of whoever asks: two that are asked for at a time leave half of it to
/// everything else. The rest of the history can be asked for from the last event on.
const SHARE_OF_QUEUE: usize = 4;

/// About how many bytes an event has in an answer beside its arguments and its topic.
const ENVELOPE: usize = 256;

/// What of the history is wanted.
struct Window<'a> {
    is_reverse: bool,
    limit: Option<usize>,
    topic: Option<&'a str>,
    from_time: Option<Duration>,
    after_time: Option<Duration>,
    before_time: Option<Duration>,
    until_time: Option<Duration>,
    from_publication: Option<PublicationId>,
    after_publication: Option<PublicationId>,
    before_publication: Option<PublicationId>,
    until_publication: Option<PublicationId>,
}

impl<'a> Window<'a> {
    fn new(arguments: &'a Arguments) -> Result<Self, Refusal> {
        let is_reverse = match arguments.named("reverse") {
            None => false,
            Some(value) => value.as_bool().ok_or_else(|| wrong("reverse has to be true or false"))?,
        };
        let limit = match arguments.named("limit") {
            None => None,
            Some(value) => {
                let limit = value.as_u64().filter(|limit| *limit > 0);
                let limit = limit.ok_or_else(|| wrong("limit has to be a number above 0"))?;
                Some(usize::try_from(limit).unwrap_or(usize::MAX))
            }
        };
        let time = |name: &str| -> Result<Option<Duration>, Refusal> {
            let Some(text) = arguments.named_string(name)? else { return Ok(None) };
            let parsed = parse_date(text);
            parsed.map(Some).ok_or_else(|| {
                wrong(&format!("{name} has to be a time like 2026-11-24T18:00:00.000Z (RFC 3339)"))
            })
        };
        let publication = |name: &str| -> Result<Option<PublicationId>, Refusal> {
            let Some(value) = arguments.named(name) else { return Ok(None) };
            let id = value.as_u64().and_then(|id| PublicationId::try_from(id).ok());
            id.map(Some).ok_or_else(|| wrong(&format!("{name} has to be the id of a publication")))
        };
        Ok(Self {
            is_reverse,
            limit,
            topic: arguments.named_string("topic")?,
            from_time: time("from_time")?,
            after_time: time("after_time")?,
            before_time: time("before_time")?,
            until_time: time("until_time")?,
            from_publication: publication("from_publication")?,
            after_publication: publication("after_publication")?,
            before_publication: publication("before_publication")?,
            until_publication: publication("until_publication")?,
        })
    }

    /// The events between the publications that were named.
    fn select<'k>(&self, kept: &'k [&'k Kept]) -> Result<&'k [&'k Kept], Refusal> {
        let place = |id: Option<PublicationId>| {
            let Some(id) = id else { return Ok(None) };
            let found = kept.iter().position(|kept| kept.publication.id == id);
            found
                .map(Some)
                .ok_or_else(|| wrong(&format!("publication {id} is not in the history, or no longer")))
        };
        let from = place(self.from_publication)?.unwrap_or(0);
        let after = place(self.after_publication)?.map_or(0, |at| at + 1);
        let before = place(self.before_publication)?.unwrap_or(kept.len());
        let until = place(self.until_publication)?.map_or(kept.len(), |at| at + 1);
        Ok(kept.get(from.max(after)..before.min(until)).unwrap_or_default())
    }

    fn contains(&self, kept: &Kept) -> bool {
        self.topic.is_none_or(|topic| kept.publication.topic == topic)
            && self.from_time.is_none_or(|time| kept.unix >= time)
            && self.after_time.is_none_or(|time| kept.unix > time)
            && self.before_time.is_none_or(|time| kept.unix < time)
            && self.until_time.is_none_or(|time| kept.unix <= time)
    }
}

/// An event as it is handed out; `None` for arguments that only peers can read, as dicts are in which a key occurs twice.
fn event(kept: &Kept, subscription: &Subscription) -> Option<Value> {
    let publication = &kept.publication;
    let (published, mut details) = (&publication.details, Dict::new());
    details.insert("topic", publication.topic.as_str());
    if let Some(publisher) = published.publisher {
        details.insert("publisher", publisher.get());
    }
    for (name, text) in [
        ("publisher_authid", &published.publisher_authid),
        ("publisher_authrole", &published.publisher_authrole),
        ("transaction_hash", &published.transaction_hash),
    ] {
        if let Some(text) = text {
            details.insert(name, text.as_str());
        }
    }
    let mut event = Dict::new();
    event.insert("timestamp", WallClock::format(kept.unix));
    event.insert("subscription", subscription.id.get());
    event.insert("publication", publication.id.get());
    event.insert("details", details);
    event.insert("args", Value::List(publication.payload.args().ok()?));
    event.insert("kwargs", publication.payload.kwargs::<Dict>().ok()?);
    Some(Value::from(event))
}
