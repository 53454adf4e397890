use wirebahn_tokio::extension::Extensions;
use wirebahn_tokio::extension::deflate::{
    Backend, ContextTakeover, Deflate, DeflateOptions, Direction, Level, MemoryLevel, THRESHOLD, WindowBits,
};

use super::section::Section;

/// Longer than that no message is left as it is, whatever the limit on messages.
const MOST_THRESHOLD: u64 = 1 << 30;

/// Whether and how WebSocket messages are compressed (permessage-deflate, RFC 7692) for clients that offer it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompressionConfig {
    /// Whether it is agreed to. Default: it is not, which is the least memory and time per connection.
    pub enabled: bool,
    /// How much time to spend: 0 to 9. Default: 6.
    pub level: u64,
    /// How much memory to spend, with zlib-rs: 1 to 9. Default: 5.
    pub memory_level: u64,
    /// How far back to look in what is sent, in bits: 9 to 15; `None` is what suits what compresses, 12 with zlib-rs, 15
    /// with miniz_oxide. Default: `None`.
    pub send_window_bits: Option<u64>,
    /// How far back clients may refer in what they send, if they can be told so: 8 to 15. Default: 12.
    pub receive_window_bits: u64,
    /// Whether messages that are sent may refer to those before them. Default: they may.
    pub send_context_takeover: bool,
    /// The same for clients, which are asked to do without. Default: they may.
    pub receive_context_takeover: bool,
    /// Shorter messages are sent as they are, in bytes. Default: 64.
    pub threshold: u64,
}

impl Default for CompressionConfig {
    fn default() -> Self {
        let options = DeflateOptions::server();
        Self {
            enabled: false,
            level: options.level.get().into(),
            memory_level: options.memory_level.get().into(),
            send_window_bits: None,
            receive_window_bits: options.receive.window.bits().into(),
            send_context_takeover: true,
            receive_context_takeover: true,
            threshold: THRESHOLD as u64,
        }
    }
}

impl CompressionConfig {
    pub(super) fn apply(&mut self, mut section: Section<'_>) {
        section.switch("enabled", &mut self.enabled);
        section.number("level", &mut self.level, 0..=9);
        section.number("memory_level", &mut self.memory_level, 1..=9);
        section.number_or_auto("send_window_bits", &mut self.send_window_bits, 9..=15);
        section.number("receive_window_bits", &mut self.receive_window_bits, 8..=15);
        section.switch("send_context_takeover", &mut self.send_context_takeover);
        section.switch("receive_context_takeover", &mut self.receive_context_takeover);
        section.size("threshold", &mut self.threshold, 0..=MOST_THRESHOLD);
        section.finish();
    }

    /// What is agreed to in the opening handshake.
    pub(super) fn extensions(&self) -> Extensions {
        if self.enabled { Deflate::new(self.options()).into() } else { Extensions::new() }
    }

    /// A number that is out of range, which no file can have, counts as the default.
    fn options(&self) -> DeflateOptions {
        let mut options = DeflateOptions::server();
        options.level = small(self.level).and_then(Level::new).unwrap_or_default();
        options.memory_level = small(self.memory_level).and_then(MemoryLevel::new).unwrap_or_default();
        let suitable = Backend::default().default_window();
        let send = self.send_window_bits.map(window).unwrap_or_default();
        set(&mut options.send, send.unwrap_or(suitable), self.send_context_takeover);
        let receive = window(self.receive_window_bits).unwrap_or(WindowBits::MAX);
        set(&mut options.receive, receive, self.receive_context_takeover);
        options.threshold = usize::try_from(self.threshold).unwrap_or(usize::MAX);
        options
    }
}

const fn set(direction: &mut Direction, window: WindowBits, context_takeover: bool) {
    direction.window = window;
    direction.context = if context_takeover { ContextTakeover::Keep } else { ContextTakeover::Reset };
}

fn window(bits: u64) -> Option<WindowBits> {
    small(bits).and_then(WindowBits::new)
}

fn small(number: u64) -> Option<u8> {
    u8::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_servers() {
        assert_eq!(CompressionConfig::default().options(), DeflateOptions::server());
        assert_eq!(CompressionConfig::default().extensions().len(), 0);
    }

    #[test]
    fn every_key_has_its_option() {
        let config = crate::Config::parse(
            "[websocket.compression]\nenabled = true\nlevel = 1\nmemory_level = 9\nsend_window_bits = 9\n\
             receive_window_bits = 10\nsend_context_takeover = false\nreceive_context_takeover = false\n\
             threshold = \"1K\"\n",
        );
        let compression = config.unwrap().websocket.compression;
        let options = compression.options();
        assert_eq!((options.level.get(), options.memory_level.get(), options.threshold), (1, 9, 1024));
        assert_eq!((options.send.window.bits(), options.receive.window.bits()), (9, 10));
        assert_eq!(options.send.context, ContextTakeover::Reset);
        assert_eq!(options.receive.context, ContextTakeover::Reset);
        assert_eq!(compression.extensions().len(), 1);
    }
}
