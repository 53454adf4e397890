//! Ranges of addresses.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

/// A range of IP addresses in CIDR notation (RFC 4632 3.1), or a single one.
///
/// IPv4 addresses that are written as IPv6 ones (`::ffff:a.b.c.d`), as sockets for both families report them, count as
/// what they are.
///
/// ```
/// use wirebahn_core::proxy::Network;
///
/// let network: Network = "10.0.0.0/8".parse()?;
/// assert!(network.contains("10.1.2.3".parse().unwrap()));
/// assert!(network.contains("::ffff:10.1.2.3".parse().unwrap()));
/// # Ok::<_, wirebahn_core::proxy::NetworkError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    /// Bits behind the prefix are 0.
    address: IpAddr,
    prefix: u8,
}

/// What is wrong with a range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NetworkError {
    /// What stands before the `/` is no IP address.
    Address,
    /// What stands behind the `/` is no number of bits of such an address.
    Prefix,
}

impl Network {
    /// All addresses that have the first `prefix` bits in common with `address`.
    ///
    /// # Errors
    ///
    /// The address does not have so many bits.
    pub fn new(address: IpAddr, prefix: u8) -> Result<Self, NetworkError> {
        let address = match address {
            IpAddr::V4(v4) => {
                let mask =
                    u32::MAX.checked_shl(32_u32.checked_sub(prefix.into()).ok_or(NetworkError::Prefix)?);
                Ipv4Addr::from_bits(v4.to_bits() & mask.unwrap_or(0)).into()
            }
            IpAddr::V6(v6) => {
                let mask =
                    u128::MAX.checked_shl(128_u32.checked_sub(prefix.into()).ok_or(NetworkError::Prefix)?);
                Ipv6Addr::from_bits(v6.to_bits() & mask.unwrap_or(0)).into()
            }
        };
        Ok(Self { address, prefix })
    }

    /// Whether `address` is one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let is_within = |address| Self::new(address, self.prefix) == Ok(*self);
        is_within(address) || is_within(address.to_canonical())
    }
}

impl From<IpAddr> for Network {
    /// The one address.
    fn from(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self { address, prefix: if address.is_ipv4() { 32 } else { 128 } }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.parse().map_err(|_| NetworkError::Address)?;
        match prefix {
            None => Ok(address.into()),
            // `parse` would take a sign.
            Some(prefix) if prefix.starts_with('+') => Err(NetworkError::Prefix),
            Some(prefix) => Self::new(address, prefix.parse().map_err(|_| NetworkError::Prefix)?),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Address => "write an IP address, with or without /prefix",
            Self::Prefix => "the prefix must be a number of bits, up to 32 for IPv4 and 128 for IPv6",
        })
    }
}

impl core::error::Error for NetworkError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        network.parse::<Network>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn a_network_has_the_addresses_with_its_prefix_and_no_others() {
        assert!(contains("192.168.1.77/24", "192.168.1.0"));
        assert!(!contains("192.168.1.0/24", "192.168.2.0"));
        assert!(contains("0.0.0.0/0", "255.255.255.255"));
        assert!(!contains("0.0.0.0/0", "::1"));
        assert!(contains("127.0.0.1", "127.0.0.1") && !contains("127.0.0.1", "127.0.0.2"));
        assert!(contains("127.0.0.1", "::ffff:127.0.0.1") && contains("::ffff:127.0.0.1", "127.0.0.1"));
        assert!(contains("::/0", "fe80::1"));
        assert!(
            contains("2001:db8::/33", "2001:db8:7fff::1") && !contains("2001:db8::/33", "2001:db8:8000::")
        );
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for (text, error) in [
            ("", NetworkError::Address),
            ("example.com", NetworkError::Address),
            ("10.0.0/8", NetworkError::Address),
            ("10.0.0.0/", NetworkError::Prefix),
            ("10.0.0.0/33", NetworkError::Prefix),
            ("10.0.0.0/+8", NetworkError::Prefix),
            ("::/129", NetworkError::Prefix),
            ("::/-1", NetworkError::Prefix),
        ] {
            assert_eq!(text.parse::<Network>(), Err(error), "{text}");
        }
    }
}
