//! What the router counts, read when somebody asks.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use wirebahn_core::wamp::MessageType;
use wirebahn_drive::wamp::router::RouterHandle;
use wirebahn_router::{RealmSnapshot as Realm, Traffic};

/// The messages that sessions of a realm send.
const RECEIVED: &[MessageType] = &[
    MessageType::Abort,
    MessageType::Goodbye,
    MessageType::Error,
    MessageType::Publish,
    MessageType::Subscribe,
    MessageType::Unsubscribe,
    MessageType::Call,
    MessageType::Cancel,
    MessageType::Register,
    MessageType::Unregister,
    MessageType::Yield,
];

/// The messages that are sent to sessions of a realm.
const SENT: &[MessageType] = &[
    MessageType::Welcome,
    MessageType::Error,
    MessageType::Published,
    MessageType::Subscribed,
    MessageType::Unsubscribed,
    MessageType::Event,
    MessageType::Result,
    MessageType::Registered,
    MessageType::Unregistered,
    MessageType::Invocation,
    MessageType::Interrupt,
];

/// What stands for all realms on demand, of which there may be many, with names that clients choose: no URI is like this.
const ON_DEMAND: &str = "#on_demand";

/// Reads the counters of a router.
#[derive(Debug)]
pub(super) struct RouterCollector(pub(super) RouterHandle);

impl Collector for RouterCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let too_long = self.0.unsendable();
        let (counted, connections, realms, gone) = self.0.with(|router, _| {
            let gone = *router.traffic_of_gone_realms();
            (*router.metrics(), router.connections(), router.snapshot(), gone)
        });

        let mut family = |name: &str, help: &str, label: &str, values: &[(&str, u64)]| {
            let kind = ConstCounter::new(0_u64).metric_type();
            let mut family = encoder.encode_descriptor(name, help, None, kind)?;
            for (value, count) in values {
                ConstCounter::new(*count).encode(family.encode_family(&[(label, *value)])?)?;
            }
            Ok(())
        };
        let sent = counted.messages_queued.saturating_add(counted.events_queued);
        family(
            "messages",
            "Messages of WAMP, received and sent",
            "direction",
            &[("in", counted.messages_received), ("out", sent)],
        )?;
        family(
            "sessions_joins",
            "Peers that wanted to join a realm",
            "outcome",
            &[("joined", counted.sessions_joined), ("refused", counted.joins_refused)],
        )?;
        family(
            "sessions_ended",
            "Sessions that have ended",
            "cause",
            &[
                ("violation", counted.sessions_aborted),
                ("slow", counted.slow_sessions),
                (
                    "other",
                    counted
                        .sessions_left
                        .saturating_sub(counted.sessions_aborted.saturating_add(counted.slow_sessions)),
                ),
            ],
        )?;
        family(
            "publications",
            "Publications",
            "outcome",
            &[("accepted", counted.publications), ("refused", counted.publications_refused)],
        )?;
        family(
            "events",
            "Events, one for each receiver",
            "outcome",
            &[
                ("queued", counted.events_queued),
                ("dropped", counted.events_dropped),
                ("lost", counted.events_lost),
            ],
        )?;
        family(
            "calls",
            "Calls that have ended",
            "outcome",
            &[
                ("succeeded", counted.calls_succeeded),
                ("failed", counted.calls_failed.saturating_sub(counted.calls_unavailable)),
                ("unavailable", counted.calls_unavailable),
            ],
        )?;
        family(
            "messages_undelivered",
            "Messages that reached nobody",
            "cause",
            &[("late", counted.messages_late), ("lost", counted.messages_lost), ("too_long", too_long)],
        )?;

        let gauge_type = ConstGauge::new(0_u64).metric_type();
        let attached = encoder.encode_descriptor(
            "router_connections",
            "Connections to the router, with a session or not yet",
            None,
            gauge_type,
        )?;
        ConstGauge::new(connections as u64).encode(attached)?;

        let realms = named(realms, gone);
        type Read = fn(&Realm) -> usize;
        let gauges: [(&str, &str, Read); 9] = [
            ("sessions", "Sessions", |realm| realm.sessions),
            ("subscriptions", "Subscriptions, each of any number of sessions", |realm| realm.subscriptions),
            ("registrations", "Registrations, each of any number of sessions", |realm| realm.registrations),
            ("calls_pending", "Calls without an answer", |realm| realm.pending_calls),
            ("events_retained", "Events that are kept for later subscribers", |realm| realm.retained),
            ("queued_messages", "Messages that wait for sessions to read them", |realm| {
                realm.queued_messages
            }),
            ("queued_bytes", "What messages weigh that wait for sessions to read them", |realm| {
                realm.queued_bytes
            }),
            ("queued_messages_most", "The most messages that wait for one session", |realm| {
                realm.most_queued_messages
            }),
            ("queued_bytes_most", "The most that messages weigh which wait for one session", |realm| {
                realm.most_queued_bytes
            }),
        ];
        for (name, help, read) in gauges {
            let mut family = encoder.encode_descriptor(name, help, None, gauge_type)?;
            for (name, realm) in &realms {
                ConstGauge::new(read(realm) as u64).encode(family.encode_family(&[("realm", &**name)])?)?;
            }
        }

        let kind = ConstCounter::new(0_u64).metric_type();
        let help = "Messages of the sessions of a realm, by their types";
        let mut family = encoder.encode_descriptor("realm_messages", help, None, kind)?;
        for (name, realm) in &realms {
            for (direction, types, counts) in
                [("in", RECEIVED, &realm.traffic.received), ("out", SENT, &realm.traffic.sent)]
            {
                for &message_type in types {
                    let labels =
                        [("realm", &**name), ("direction", direction), ("type", message_type.name())];
                    let count = ConstCounter::new(counts.get(message_type));
                    count.encode(family.encode_family(&labels)?)?;
                }
            }
        }
        Ok(())
    }
}

/// The realms of the configuration with their names, and all others as one.
fn named(realms: Vec<Realm>, gone: Traffic) -> Vec<(String, Realm)> {
    let (others, mut named): (Vec<_>, Vec<_>) = realms
        .into_iter()
        .map(|realm| (realm.realm.to_string(), realm))
        .partition(|(_, realm)| realm.is_on_demand);
    let mut others = others.into_iter().map(|(_, realm)| realm);
    if let Some(mut sum) = others.next() {
        sum.traffic.received.add_all(&gone.received);
        sum.traffic.sent.add_all(&gone.sent);
        for realm in others {
            sum.sessions += realm.sessions;
            sum.subscriptions += realm.subscriptions;
            sum.registrations += realm.registrations;
            sum.pending_calls += realm.pending_calls;
            sum.retained += realm.retained;
            sum.queued_messages += realm.queued_messages;
            sum.queued_bytes += realm.queued_bytes;
            sum.most_queued_messages = sum.most_queued_messages.max(realm.most_queued_messages);
            sum.most_queued_bytes = sum.most_queued_bytes.max(realm.most_queued_bytes);
            sum.traffic.received.add_all(&realm.traffic.received);
            sum.traffic.sent.add_all(&realm.traffic.sent);
        }
        named.push((ON_DEMAND.into(), sum));
    }
    named
}
