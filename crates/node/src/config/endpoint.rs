use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where to listen.
///
/// ```
/// use wirebahn_node::Endpoint;
///
/// assert!("tcp://127.0.0.1:8080".parse::<Endpoint>().is_ok());
/// assert!("unix:/run/wirebahn.sock".parse::<Endpoint>().is_ok());
/// assert!("127.0.0.1".parse::<Endpoint>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// `tcp://HOST:PORT`; the port 0 is any that is free.
    Tcp {
        /// A name or an address; an IPv6 address in brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// `unix:PATH`.
    Unix(PathBuf),
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "write tcp://HOST:PORT, such as tcp://127.0.0.1:8080, or unix:/PATH/TO/SOCKET, not {text:?}"
            )
        };
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.is_empty() { Err(wrong()) } else { Ok(Self::Unix(path.into())) };
        }
        let authority = text.strip_prefix("tcp://").ok_or_else(wrong)?;
        let (host, port) = authority.rsplit_once(':').ok_or_else(wrong)?;
        let is_bracketed = host.starts_with('[') && host.ends_with(']');
        if host.is_empty() || host.contains('/') || (host.contains(':') && !is_bracketed) {
            return Err(wrong());
        }
        let port = port.parse().map_err(|_| wrong())?;
        Ok(Self::Tcp { host: host.into(), port })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } => write!(f, "tcp://{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read_and_shown_alike() {
        for text in
            ["tcp://127.0.0.1:8080", "tcp://[::1]:0", "tcp://localhost:80", "unix:/run/a.sock", "unix:a.sock"]
        {
            assert_eq!(text.parse::<Endpoint>().map(|endpoint| endpoint.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_is_no_endpoint_is_refused() {
        for text in [
            "",
            "8080",
            "127.0.0.1:8080",
            "tcp://",
            "tcp://:80",
            "tcp://host",
            "tcp://host:65536",
            "tcp://::1:80",
            "tcp://host/a:80",
            "unix:",
        ] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
    }
}
