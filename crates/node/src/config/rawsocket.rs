use std::sync::Arc;
use std::time::Duration;

use wirebahn_core::rawsocket::opening::{SerializerId, ServerOptions};
use wirebahn_core::rawsocket::{Config, MaxLen};
use wirebahn_core::wamp::Serializer;

use super::section::Section;
use super::websocket::ALL_SERIALIZERS;

/// The options of `RawSocket` connections.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RawSocketConfig {
    /// The serializers that are spoken. Default: all.
    pub serializers: Vec<Serializer>,
    /// The largest message that is accepted, in bytes: a power of two from 512 to 16 MiB. Default: 16 MiB.
    pub max_message: u64,
    /// How long the opening handshake may take. Default: 5 s.
    pub open_timeout: Duration,
}

impl Default for RawSocketConfig {
    fn default() -> Self {
        Self {
            serializers: ALL_SERIALIZERS.into(),
            max_message: 16 << 20,
            open_timeout: Duration::from_secs(5),
        }
    }
}

impl RawSocketConfig {
    pub(super) fn apply(&mut self, mut section: Section<'_>) {
        section.choices("serializers", &mut self.serializers);
        // The lengths that its handshake can express.
        section.size("max_message", &mut self.max_message, 1 << 9..=1 << 24);
        if !self.max_message.is_power_of_two() {
            let next = self.max_message.next_power_of_two();
            let message = format!("write a power of two, such as {} or {next}", next / 2);
            section.problem("max_message", section.span_of("max_message"), message);
        }
        section.duration("open_timeout", &mut self.open_timeout);
        section.finish();
    }

    /// The same for the opening handshake.
    pub(crate) fn server_options(&self) -> ServerOptions {
        let mut config = Config::default();
        config.max_len =
            usize::try_from(self.max_message).ok().and_then(MaxLen::for_len).unwrap_or(MaxLen::MAX);
        let mut options = ServerOptions::default();
        options.config = Arc::new(config);
        options.serializers =
            self.serializers.iter().filter_map(|it| SerializerId::new(it.rawsocket_number())).collect();
        options.open_timeout = Some(self.open_timeout);
        options
    }
}
