use std::sync::Arc;
use std::time::Duration;

use wirebahn_core::wamp::{Batching, Serializer, Subprotocol};
use wirebahn_tokio::opening::{PlainHttp, ServerOptions};

use super::section::Section;
use super::{AllowedOrigins, CompressionConfig, origins};

/// The serializers in the order of the documentation; it is the client's order that counts.
pub(super) const ALL_SERIALIZERS: [Serializer; 3] = [Serializer::Cbor, Serializer::MsgPack, Serializer::Json];

/// The options of WebSocket connections.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebSocketConfig {
    /// The serializers that are spoken, as subprotocols. Default: all.
    pub serializers: Vec<Serializer>,
    /// The largest message that is accepted, in bytes. Default: 16 MiB, the most that `RawSocket` can carry: what one
    /// client may send, every other may have to receive.
    pub max_message: u64,
    /// How long the opening handshake may take. Default: 5 s.
    pub open_timeout: Duration,
    /// How long to wait for the answer to a Close frame. Default: 5 s.
    pub close_timeout: Duration,
    /// How long nothing must have been received before a ping is sent; `None` sends none. Default: 20 s.
    pub ping_interval: Option<Duration>,
    /// How long to wait for a sign of life after a ping. Default: 20 s.
    pub ping_timeout: Duration,
    /// Which web pages may connect. Default: the page of the node, and pages from this machine.
    pub allowed_origins: AllowedOrigins,
    /// Whether and how messages are compressed. Default: they are not.
    pub compression: CompressionConfig,
}

impl Default for WebSocketConfig {
    fn default() -> Self {
        Self {
            serializers: ALL_SERIALIZERS.into(),
            max_message: 16 << 20,
            open_timeout: Duration::from_secs(5),
            close_timeout: Duration::from_secs(5),
            ping_interval: Some(Duration::from_secs(20)),
            ping_timeout: Duration::from_secs(20),
            allowed_origins: AllowedOrigins::default(),
            compression: CompressionConfig::default(),
        }
    }
}

impl WebSocketConfig {
    pub(super) fn apply(&mut self, mut section: Section<'_>) {
        section.choices("serializers", &mut self.serializers);
        section.size("max_message", &mut self.max_message, 1 << 10..=1 << 30);
        section.duration("open_timeout", &mut self.open_timeout);
        section.duration("close_timeout", &mut self.close_timeout);
        section.duration_or_off("ping_interval", &mut self.ping_interval);
        section.duration("ping_timeout", &mut self.ping_timeout);
        let mut allowed = AllowedOrigins::default_items();
        section.items("allowed_origins", &mut allowed, "an array of origins", origins::item_of);
        self.allowed_origins = AllowedOrigins::from_items(allowed);
        if let Some(section) = section.table("compression") {
            self.compression.apply(section);
        }
        section.finish();
    }

    /// The names of the subprotocols that are spoken.
    pub(crate) fn subprotocols(&self) -> Vec<&'static str> {
        let all = self.serializers.iter();
        let both = |serializer: &Serializer| {
            [Batching::Single, Batching::Batched]
                .map(|batching| Subprotocol { serializer: *serializer, batching }.name())
        };
        all.flat_map(both).collect()
    }

    /// The same for the opening handshake. Origins are left to [`allowed_origins`](Self::allowed_origins).
    pub(crate) fn server_options(&self) -> ServerOptions {
        let mut config = wirebahn_tokio::Config::default();
        config.limits.max_message_len = self.max_message;
        config.limits.max_frame_len = self.max_message;
        config.close.handshake_timeout = Some(self.close_timeout);
        config.keepalive = self.ping_interval.map(|interval| {
            let mut keepalive = wirebahn_core::websocket::Keepalive::default();
            keepalive.interval = interval;
            keepalive.timeout = Some(self.ping_timeout);
            keepalive
        });
        let mut options = ServerOptions::default();
        options.config = Arc::new(config);
        options.open_timeout = Some(self.open_timeout);
        options.plain_http = PlainHttp::HandOver;
        options.extensions = self.compression.extensions();
        options
    }
}
