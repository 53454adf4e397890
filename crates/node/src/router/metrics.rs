//! What the router counts, read when somebody asks.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use wirebahn_drive::wamp::router::RouterHandle;

/// Reads the counters of a router.
#[derive(Debug)]
pub(super) struct RouterCollector(pub(super) RouterHandle);

impl Collector for RouterCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let too_long = self.0.unsendable();
        let (counted, connections, realms) =
            self.0.with(|router, _| (*router.metrics(), router.connections(), router.snapshot()));

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
                ("violation", counted.violations),
                ("slow", counted.slow_sessions),
                (
                    "other",
                    counted
                        .sessions_left
                        .saturating_sub(counted.violations.saturating_add(counted.slow_sessions)),
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
                ("failed", counted.calls_failed),
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

        type Read = fn(&wirebahn_router::RealmSnapshot) -> usize;
        let gauges: [(&str, &str, Read); 5] = [
            ("sessions", "Sessions", |realm| realm.sessions),
            ("subscriptions", "Subscriptions, each of any number of sessions", |realm| realm.subscriptions),
            ("registrations", "Registrations, each of any number of sessions", |realm| realm.registrations),
            ("calls_pending", "Calls without an answer", |realm| realm.pending_calls),
            ("events_retained", "Events that are kept for later subscribers", |realm| realm.retained),
        ];
        for (name, help, read) in gauges {
            let mut family = encoder.encode_descriptor(name, help, None, gauge_type)?;
            for realm in &realms {
                ConstGauge::new(read(realm) as u64)
                    .encode(family.encode_family(&[("realm", realm.realm.as_str())])?)?;
            }
        }
        Ok(())
    }
}
