use core::fmt;
use core::time::Duration;

use super::Keepalive;

/// The options of a RawSocket connection, for clients and servers alike.
///
/// ```
/// use wirebahn_core::rawsocket::{Config, MaxLen};
///
/// let mut config = Config::default();
/// config.max_len = MaxLen::for_len(100_000).expect("below 16 MiB");
/// assert_eq!(config.max_len.bytes(), 131_072);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The longest frame that is accepted; announced to the peer, who must keep to it. Default: 16 MiB, the most there
    /// is.
    pub max_len: MaxLen,
    /// Bytes waiting to be sent from which on senders have to wait. Default: 128 KiB. A single message may exceed it.
    pub outbox_high_water: usize,
    /// Pings that find out whether the peer is alive. Default: none, because peers in the field (Autobahn, Crossbar)
    /// end the connection when they get one.
    pub keepalive: Option<Keepalive>,
    /// How long to wait for the other end of the transport after we have ended ours; `None` waits for ever. Default:
    /// 1 s.
    pub drop_timeout: Option<Duration>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_len: MaxLen::MAX,
            outbox_high_water: 128 << 10,
            keepalive: None,
            drop_timeout: Some(Duration::from_secs(1)),
        }
    }
}

/// The longest payload that an end accepts: a power of two from 512 octets to 16 MiB, as the handshake can say it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MaxLen(u8);

impl MaxLen {
    /// 512 octets.
    pub const MIN: Self = Self(0);
    /// 16 MiB.
    pub const MAX: Self = Self(15);

    /// 2^(9 + `exponent`) octets, as it stands in the handshake; `None` above 15.
    #[must_use]
    pub const fn from_exponent(exponent: u8) -> Option<Self> {
        if exponent <= Self::MAX.0 { Some(Self(exponent)) } else { None }
    }

    /// The least that has room for `len` bytes; `None` above 16 MiB.
    #[must_use]
    pub fn for_len(len: usize) -> Option<Self> {
        (0..=Self::MAX.0).map(Self).find(|max| len <= max.bytes())
    }

    /// The number in the handshake.
    #[must_use]
    pub const fn exponent(self) -> u8 {
        self.0
    }

    /// The length in bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        1 << (9 + self.0)
    }
}

impl fmt::Debug for MaxLen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MaxLen({})", self.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_powers_of_two_from_512_octets_to_16_mib() {
        assert_eq!(MaxLen::MIN.bytes(), 512);
        assert_eq!(MaxLen::MAX.bytes(), 16 << 20);
        assert_eq!(MaxLen::from_exponent(16), None);
        assert_eq!(MaxLen::for_len(0), Some(MaxLen::MIN));
        assert_eq!(MaxLen::for_len(513), MaxLen::from_exponent(1));
        assert_eq!(MaxLen::for_len(1 << 24), Some(MaxLen::MAX));
        assert_eq!(MaxLen::for_len((1 << 24) + 1), None);
    }
}
