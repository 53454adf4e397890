//! What the values of options may look like.

use std::time::Duration;

use wirebahn_tokio::http::{Headers, WsUrl};
use wirebahn_tokio::proxy::{Proxy, ProxyUrlError};
use wirebahn_tokio::wamp::RouterUrl;

/// Longer than anyone waits for a ping; it keeps deadlines within the range of every clock.
const LONGEST_SECONDS: f64 = 1e6;

/// A number of bytes: `65536`, `64K`, `16M`, `1G`.
pub(crate) fn size(value: &str) -> Result<u64, String> {
    let (digits, shift) = match value.strip_suffix(['k', 'K', 'm', 'M', 'g', 'G']) {
        Some(digits) if value.ends_with(['k', 'K']) => (digits, 10),
        Some(digits) if value.ends_with(['m', 'M']) => (digits, 20),
        Some(digits) => (digits, 30),
        None => (value, 0),
    };
    let number: u64 = digits.parse().map_err(|_| "write a number of bytes, such as 65536, 64K or 16M")?;
    number
        .checked_mul(1 << shift)
        .filter(|size| *size > 0 && usize::try_from(*size).is_ok())
        .ok_or_else(|| "write a size that fits into memory".into())
}

/// How many there may be: `1` or more.
pub(crate) fn at_least_one(value: &str) -> Result<usize, String> {
    value.parse().ok().filter(|count| *count > 0).ok_or_else(|| "write a number from 1 on".into())
}

/// A duration in seconds: `20`, `0.5`.
pub(crate) fn seconds(value: &str) -> Result<Duration, String> {
    value
        .parse()
        .ok()
        .filter(|seconds| *seconds <= LONGEST_SECONDS)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "write a number of seconds above 0, such as 20 or 0.5".into())
}

/// Where to listen: `127.0.0.1:9001`, `[::1]:9001`, `localhost:0`.
pub(crate) fn listen_address(value: &str) -> Result<String, String> {
    match value.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(value.into()),
        _ => Err("write HOST:PORT, such as 127.0.0.1:9001, or port 0 for any that is free".into()),
    }
}

/// A WebSocket URL, as it was spelt.
pub(crate) fn url(value: &str) -> Result<String, String> {
    value.parse::<WsUrl>().map_err(|error| error.to_string())?;
    Ok(value.into())
}

/// The URL of a router, as it was spelt.
pub(crate) fn router_url(value: &str) -> Result<String, String> {
    value.parse::<RouterUrl>().map_err(|error| error.to_string())?;
    Ok(value.into())
}

/// The URL of a proxy.
pub(crate) fn proxy(value: &str) -> Result<Proxy, String> {
    value.parse().map_err(|error: ProxyUrlError| error.to_string())
}

/// A header: `Name: value`.
pub(crate) fn header(value: &str) -> Result<(String, String), String> {
    let (name, value) = value.split_once(':').ok_or("write 'Name: value'")?;
    let value = value.trim_matches([' ', '\t']);
    Headers::new().append(name, value).map_err(|error| error.to_string())?;
    Ok((name.into(), value.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_suffixes() {
        assert_eq!(size("1"), Ok(1));
        assert_eq!(size("64k"), Ok(65_536));
        assert_eq!(size("16M"), Ok(16 << 20));
        assert_eq!(size("2G"), Ok(2 << 30));
        for wrong in ["", "0", "K", "-1", "1.5M", "1T", "99999999999G", "1KK"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn seconds_may_have_a_fraction_and_are_positive() {
        assert_eq!(seconds("20"), Ok(Duration::from_secs(20)));
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for wrong in ["", "0", "-1", "inf", "NaN", "1e300", "1s"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_listen_address_has_a_host_and_a_port() {
        for right in ["127.0.0.1:9001", "[::1]:0", "localhost:80"] {
            assert_eq!(listen_address(right), Ok(right.into()));
        }
        for wrong in ["9001", ":9001", "localhost", "localhost:", "localhost:65536"] {
            assert!(listen_address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_header_is_a_name_and_a_value() {
        assert_eq!(header("X-Probe: 42"), Ok(("X-Probe".into(), "42".into())));
        assert_eq!(header("X-Empty:"), Ok(("X-Empty".into(), String::new())));
        for wrong in ["X-Probe", ": 42", "X Probe: 42", "X-Probe: 4\n2"] {
            assert!(header(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn urls_are_those_of_what_is_spoken() {
        for right in ["ws://localhost/", "wss://localhost/", "ws+unix:///run/a.sock"] {
            assert!(url(right).is_ok(), "{right}");
        }
        for right in [
            "ws://localhost/",
            "wss://localhost/",
            "rs://localhost:80",
            "rss://localhost:80",
            "unix:/run/a.sock",
        ] {
            assert!(router_url(right).is_ok(), "{right}");
        }
        for right in
            ["http://proxy:3128", "https://user:pass@proxy", "socks5://proxy", "socks5h://[::1]:1080"]
        {
            assert!(proxy(right).is_ok(), "{right}");
        }
        assert!(url("http://localhost/").is_err());
        assert!(router_url("http://localhost/").is_err());
        assert!(proxy("ftp://proxy").is_err());
    }
}
