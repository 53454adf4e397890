//! Every option of a connection, with its default and its reason.

use core::num::NonZeroUsize;
use core::time::Duration;

/// The options of a WebSocket connection, for clients and servers alike.
///
/// The defaults are strict and safe: limits on everything a peer can make grow, every violation refused, dead peers
/// noticed. Share one between connections with `Arc<Config>`, or give a connection its own.
///
/// ```
/// use wirebahn_core::websocket::Config;
///
/// let mut config = Config::default();
/// config.limits.max_message_len = 1024 * 1024;
/// config.keepalive = None;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// How much of everything is accepted.
    pub limits: Limits,
    /// How connections are closed and failed.
    pub close: CloseConfig,
    /// Pings that find out whether the peer is alive. Default: every 20 s.
    pub keepalive: Option<Keepalive>,
    /// Ends a connection on which nothing was received for this long. Default: off, since
    /// [`keepalive`](Self::keepalive) finds dead peers, and silence of a living one is not a fault.
    pub idle_timeout: Option<Duration>,
    /// Sends messages in frames of at most this many payload bytes. Default: off, one frame per message.
    pub auto_fragment: Option<NonZeroUsize>,
    /// Whether received text is checked. Default: as it arrives.
    pub utf8: Utf8Check,
    /// Which frames are masked. Default: those from clients, as RFC 6455 5.1 demands.
    pub mask: MaskConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            close: CloseConfig::default(),
            keepalive: Some(Keepalive::default()),
            idle_timeout: None,
            auto_fragment: None,
            utf8: Utf8Check::default(),
            mask: MaskConfig::default(),
        }
    }
}

/// How much of everything is accepted. A peer that exceeds a limit is told so by close code (RFC 6455 10.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Payload bytes of a received frame. Default: 16 MiB, as tungstenite and RawSocket have it. The streaming layer
    /// never holds a whole frame, so there it may be as high as `u64::MAX`.
    pub max_frame_len: u64,
    /// Payload bytes of a received message, and of a sent one. Default: 64 MiB, as tungstenite has it.
    pub max_message_len: u64,
    /// Fragments of a received message.
    pub fragments: FragmentLimit,
    /// Bytes waiting to be sent from which on senders have to wait. Default: 128 KiB. A single message may exceed it.
    pub outbox_high_water: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_frame_len: 16 << 20,
            max_message_len: 64 << 20,
            fragments: FragmentLimit::default(),
            outbox_high_water: 128 << 10,
        }
    }
}

/// How many fragments a received message may have: a matter of the bytes in them, not of a low count.
///
/// A message of 4 MiB in 65,536 fragments of 64 bytes is legitimate (AutobahnTestsuite 9.3.1), an endless one of empty
/// fragments is a flood. A message fails once it has more than `allowance + bytes / min_average_len` fragments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FragmentLimit {
    /// Fragments of any size that every message may have. Default: 16,384.
    pub allowance: u32,
    /// Beyond the allowance, payload bytes that each fragment must have brought on average. Default: 16.
    pub min_average_len: u32,
}

impl Default for FragmentLimit {
    fn default() -> Self {
        Self { allowance: 16_384, min_average_len: 16 }
    }
}

impl FragmentLimit {
    /// Whether a message may have `fragments` fragments when it has `len` bytes so far.
    #[must_use]
    pub(crate) fn allows(self, fragments: u64, len: u64) -> bool {
        fragments <= u64::from(self.allowance).saturating_add(len / u64::from(self.min_average_len.max(1)))
    }
}

/// How connections are closed and failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseConfig {
    /// What a peer that broke the protocol gets. Default: a Close frame that says why.
    pub on_violation: OnViolation,
    /// How a Close frame of the peer is answered. Default: with the same code and reason.
    pub reply: CloseReply,
    /// How long to wait for the peer's answer to our Close frame, and for the end of the transport after a failure;
    /// `None` waits for ever. Default: 5 s.
    pub handshake_timeout: Option<Duration>,
    /// How long to wait, once both Close frames were exchanged, for the other end of the transport (RFC 6455 7.1.1:
    /// the server closes first); `None` waits for ever. Default: 1 s, as Autobahn has it.
    pub drop_timeout: Option<Duration>,
}

impl Default for CloseConfig {
    fn default() -> Self {
        Self {
            on_violation: OnViolation::default(),
            reply: CloseReply::default(),
            handshake_timeout: Some(Duration::from_secs(5)),
            drop_timeout: Some(Duration::from_secs(1)),
        }
    }
}

/// What a peer that broke the protocol gets (RFC 6455 7.1.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnViolation {
    /// A Close frame with the code of the violation, then the end of the transport.
    #[default]
    Close,
    /// The end of the transport at once.
    Drop,
}

/// How a Close frame of the peer is answered (RFC 6455 5.5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReply {
    /// With the same code and reason.
    #[default]
    Echo,
    /// With 1000 and no reason.
    Normal,
}

/// Pings that find out whether the peer is alive.
///
/// Any received byte counts as life. The deadline for the answer starts when the ping was flushed, and it does not run
/// while the application leaves received data lying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Keepalive {
    /// How long nothing must have been received before a ping is sent. Default: 20 s.
    pub interval: Duration,
    /// How long to wait for any sign of life after a ping was flushed; `None` never gives up. Default: 20 s.
    pub timeout: Option<Duration>,
    /// Payload bytes of a ping, 12 to 125: a sequence number and a nonce. Default: 12.
    pub payload_len: usize,
}

impl Default for Keepalive {
    fn default() -> Self {
        Self { interval: Duration::from_secs(20), timeout: Some(Duration::from_secs(20)), payload_len: 12 }
    }
}

/// Whether received text is checked to be UTF-8 (RFC 6455 8.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Utf8Check {
    /// As it arrives, also inside unfinished frames: the connection fails at the first bad byte.
    #[default]
    AsItArrives,
    /// Not at all: for applications that check for themselves. [`Message::as_text`](super::Message::as_text) then
    /// tells whether it was.
    Off,
}

/// Which frames are masked (RFC 6455 5.1, 5.3). Anything but the default is for tests and for peers that are broken in
/// just this way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MaskConfig {
    /// Which frames we mask. Default: those we send as a client.
    pub send: MaskSend,
    /// Which frames of the peer must be masked. Default: those from clients, and only those.
    pub receive: MaskReceive,
}

/// Which frames we mask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MaskSend {
    /// As a client all, as a server none.
    #[default]
    ByRole,
    /// All. Peers that follow RFC 6455 fail a connection whose server masks.
    Always,
    /// None. Peers that follow RFC 6455 fail a connection whose client does not mask.
    Never,
    /// As a client all, but with the key 0, so that captures of the wire can be read. Not for production: masks
    /// protect intermediaries (RFC 6455 10.3).
    ZeroKey,
}

/// Which frames of the peer must be masked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MaskReceive {
    /// All from a client, none from a server.
    #[default]
    ByRole,
    /// Either way is accepted.
    Any,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_small_fragments_are_allowed_and_many_empty_ones_are_not() {
        let limit = FragmentLimit::default();
        assert!(limit.allows(65_536, 64 * 65_535));
        assert!(limit.allows(16_384, 0));
        assert!(!limit.allows(16_385, 0));
    }
}
