//! From whom a header is believed.

use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use core::time::Duration;

use super::MAX_PROXY_HEADER_LEN;
use crate::proxy::Network;

/// Whether connections begin with a PROXY header, and from whom it is believed.
///
/// A header says who the client is, so whoever may send one may claim to be anyone: name the proxies in
/// [`trusted`](Self::trusted).
///
/// ```
/// use wirebahn_core::proxy::{ProxyHeaderExpectation, ProxyHeaderMode, ProxyHeaderOptions};
///
/// let mut options = ProxyHeaderOptions::new(ProxyHeaderMode::Optional);
/// options.trusted.push("10.0.0.0/8".parse()?);
/// let from = |address: &str| options.expectation(address.parse().ok());
/// assert_eq!(from("10.1.1.1"), Ok(ProxyHeaderExpectation::Possible));
/// assert_eq!(from("192.0.2.1"), Ok(ProxyHeaderExpectation::None));
/// # Ok::<_, wirebahn_core::proxy::NetworkError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ProxyHeaderOptions {
    /// Whether there is a header. Default: none is looked for.
    pub mode: ProxyHeaderMode,
    /// The proxies. Default: none, so nobody's header is believed. Peers without an IP address, on Unix sockets, are
    /// trusted: the permissions of the socket's file say who they are.
    pub trusted: Vec<Network>,
    /// How long a connection may take to begin; `None` waits for ever. [`new`](Self::new) makes it 5 s.
    pub timeout: Option<Duration>,
    /// How long a header may be in bytes. [`new`](Self::new) makes it [`MAX_PROXY_HEADER_LEN`].
    pub max_len: usize,
}

/// Whether connections begin with a PROXY header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProxyHeaderMode {
    /// None is looked for.
    #[default]
    Off,
    /// Those from trusted sources may; the others are taken as they are.
    Optional,
    /// All come from trusted sources and must.
    Required,
}

/// What the beginning of one connection may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProxyHeaderExpectation {
    /// No header: whatever comes is the client's.
    None,
    /// Perhaps a header.
    Possible,
    /// A header.
    Certain,
}

/// A header is required, and this source is not trusted with one: drop the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "says all there is to say")]
pub struct UntrustedSource;

impl ProxyHeaderOptions {
    /// The mode, with nobody trusted yet.
    #[must_use]
    pub fn new(mode: ProxyHeaderMode) -> Self {
        Self {
            mode,
            trusted: Vec::new(),
            timeout: Some(Duration::from_secs(5)),
            max_len: MAX_PROXY_HEADER_LEN,
        }
    }

    /// What a connection from `peer` begins with; `None` if its transport has no IP addresses.
    ///
    /// # Errors
    ///
    /// [`UntrustedSource`] if a header is required and would not be believed.
    pub fn expectation(&self, peer: Option<IpAddr>) -> Result<ProxyHeaderExpectation, UntrustedSource> {
        let is_trusted = peer.is_none_or(|peer| self.trusted.iter().any(|network| network.contains(peer)));
        match (self.mode, is_trusted) {
            (ProxyHeaderMode::Off, _) | (ProxyHeaderMode::Optional, false) => {
                Ok(ProxyHeaderExpectation::None)
            }
            (ProxyHeaderMode::Optional, true) => Ok(ProxyHeaderExpectation::Possible),
            (ProxyHeaderMode::Required, true) => Ok(ProxyHeaderExpectation::Certain),
            (ProxyHeaderMode::Required, false) => Err(UntrustedSource),
        }
    }
}

impl fmt::Display for UntrustedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a PROXY header is required, and the source is none of the trusted proxies")
    }
}

impl core::error::Error for UntrustedSource {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_sources_may_send_a_header() {
        let (proxy, other) = ("10.0.0.1".parse().ok(), "::ffff:10.0.0.2".parse().ok());
        for (mode, from_proxy, from_other) in [
            (ProxyHeaderMode::Off, Ok(ProxyHeaderExpectation::None), Ok(ProxyHeaderExpectation::None)),
            (
                ProxyHeaderMode::Optional,
                Ok(ProxyHeaderExpectation::Possible),
                Ok(ProxyHeaderExpectation::None),
            ),
            (ProxyHeaderMode::Required, Ok(ProxyHeaderExpectation::Certain), Err(UntrustedSource)),
        ] {
            let mut options = ProxyHeaderOptions::new(mode);
            assert_eq!(options.expectation(proxy), from_other, "{mode:?}, nobody is trusted by default");
            assert_eq!(options.expectation(None), from_proxy, "{mode:?}, on a Unix socket");
            options.trusted.push("10.0.0.1".parse().unwrap());
            assert_eq!(options.expectation(proxy), from_proxy, "{mode:?}");
            assert_eq!(options.expectation(other), from_other, "{mode:?}");
        }
    }
}
