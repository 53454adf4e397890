//! What is counted, in the format of Prometheus.
//!
//! What the router counts is read from it when somebody asks; what goes over connections is counted here.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// Everything that is counted.
pub(crate) struct Metrics {
    registry: Registry,
    connections: Family<ConnectionLabels, Gauge>,
    opened: Family<ConnectionLabels, Counter>,
    refused: Family<RefusalLabels, Counter>,
    bytes: Family<ByteLabels, Counter>,
}

/// What is spoken over a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Spoken {
    WebSocket,
    RawSocket,
    Http,
}

/// Why a connection came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Refusal {
    /// There are too many.
    Capacity,
    /// It is not allowed for the web page that it comes from.
    Origin,
    /// It is none of what is spoken here, or wrong.
    Invalid,
    /// It took too long.
    Timeout,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Direction {
    In,
    Out,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConnectionLabels {
    listener: Arc<str>,
    protocol: Spoken,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusalLabels {
    listener: Arc<str>,
    reason: Refusal,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByteLabels {
    listener: Arc<str>,
    direction: Direction,
}

impl Metrics {
    pub(crate) fn new(router: Option<Box<dyn Collector>>) -> Self {
        let mut registry = Registry::with_prefix("wirebahn");
        let (connections, opened) = (Family::default(), Family::default());
        let (refused, bytes) = (Family::default(), Family::default());
        registry.register("connections", "Connections that are open", connections.clone());
        registry.register("connections_opened", "Connections that were opened", opened.clone());
        registry.register("connections_refused", "Connections that were refused", refused.clone());
        registry.register_with_unit("transferred", "Bytes over all connections", Unit::Bytes, bytes.clone());
        if let Some(router) = router {
            registry.register_collector(router);
        }
        Self { registry, connections, opened, refused, bytes }
    }

    /// The text that is served.
    pub(crate) fn encode(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)
            .expect("writing to a string cannot fail");
        text
    }

    /// Counts what goes over the connections of a listener.
    pub(crate) fn traffic(&self, listener: &Arc<str>) -> Traffic {
        let count = |direction| {
            self.bytes.get_or_create_owned(&ByteLabels { listener: Arc::clone(listener), direction })
        };
        Traffic { received: count(Direction::In), sent: count(Direction::Out) }
    }

    /// Counts a connection, for as long as what this gives lives.
    pub(crate) fn opened(&self, listener: &Arc<str>, protocol: Spoken) -> Open {
        let labels = ConnectionLabels { listener: Arc::clone(listener), protocol };
        self.opened.get_or_create(&labels).inc();
        let gauge = self.connections.get_or_create_owned(&labels);
        gauge.inc();
        Open(gauge)
    }

    pub(crate) fn refused(&self, listener: &Arc<str>, reason: Refusal) {
        self.refused.get_or_create(&RefusalLabels { listener: Arc::clone(listener), reason }).inc();
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// Values of labels.
macro_rules! labels {
    ($kind:ty: $($variant:pat => $label:literal),+) => {
        impl EncodeLabelValue for $kind {
            fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
                use fmt::Write as _;
                encoder.write_str(match self { $($variant => $label),+ })
            }
        }
    };
}

labels!(Spoken: Self::WebSocket => "websocket", Self::RawSocket => "rawsocket", Self::Http => "http");
labels!(Refusal: Self::Capacity => "capacity", Self::Origin => "origin", Self::Invalid => "invalid", Self::Timeout => "timeout");
labels!(Direction: Self::In => "in", Self::Out => "out");

/// The bytes of a listener's connections.
#[derive(Debug)]
pub(crate) struct Traffic {
    received: Counter<u64, AtomicU64>,
    sent: Counter<u64, AtomicU64>,
}

impl Traffic {
    pub(crate) fn received(&self, len: usize) {
        self.received.inc_by(len as u64);
    }

    pub(crate) fn sent(&self, len: usize) {
        self.sent.inc_by(len as u64);
    }
}

/// A connection that is open.
#[derive(Debug)]
pub(crate) struct Open(Gauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_shown() {
        let metrics = Metrics::new(None);
        let listener: Arc<str> = "main".into();
        let open = metrics.opened(&listener, Spoken::WebSocket);
        metrics.traffic(&listener).received(7);
        metrics.traffic(&listener).received(3);
        metrics.refused(&listener, Refusal::Origin);
        let text = metrics.encode();
        for line in [
            r#"wirebahn_connections{listener="main",protocol="websocket"} 1"#,
            r#"wirebahn_connections_opened_total{listener="main",protocol="websocket"} 1"#,
            r#"wirebahn_connections_refused_total{listener="main",reason="origin"} 1"#,
            r#"wirebahn_transferred_bytes_total{listener="main",direction="in"} 10"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        drop(open);
        let line = r#"wirebahn_connections{listener="main",protocol="websocket"} 0"#;
        assert!(metrics.encode().contains(line));
    }
}
