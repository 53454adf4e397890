//! The way through a proxy to a server.

mod connect;
mod error;
mod socks5;

use core::fmt;
use core::time::Duration;

use bytes::BytesMut;

use super::{Dialogue, Prologue, Proxy, ProxyScheme};
use crate::http::{HeadLimits, Headers, Host};
use crate::{Instant, Outbox};
use connect::Connect;
pub use error::{Socks5Reply, TunnelError, TunnelRefusal, TunnelRequestError, TunnelViolation};
use socks5::Socks5;

/// How a tunnel is made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TunnelOptions {
    /// How long the proxy may take, reaching the server included, from the construction of the engine on; `None` waits
    /// for ever. Default: 10 s, as long as reaching a server directly may take.
    pub timeout: Option<Duration>,
    /// How large the head of an HTTP proxy's response may be.
    pub head_limits: HeadLimits,
    /// Further headers for an HTTP proxy, such as `User-Agent`. `Host` and `Proxy-Authorization` are left out: the
    /// tunnel writes them. Default: none.
    pub headers: Headers,
}

impl Default for TunnelOptions {
    fn default() -> Self {
        Self {
            timeout: Some(Duration::from_secs(10)),
            head_limits: HeadLimits::default(),
            headers: Headers::new(),
        }
    }
}

/// Asks a proxy for a tunnel to a server: HTTP CONNECT (RFC 9110 9.3.6) or SOCKS 5 (RFC 1928, 1929).
///
/// The transport leads to the proxy; once the event says [`Done`](super::PrologueEvent::Done), it leads to the server.
///
/// ```
/// use bytes::BytesMut;
/// use wirebahn_core::http::Host;
/// use wirebahn_core::proxy::{Proxy, ProxyTunnel, PrologueEvent, TunnelOptions};
/// use wirebahn_core::{Engine, Instant};
///
/// let proxy: Proxy = "http://proxy:3128".parse()?;
/// let host = Host::Name("example.com".into());
/// let mut tunnel = ProxyTunnel::open(&proxy, &host, 443, &TunnelOptions::default(), Instant::ZERO)?;
/// let sent: Vec<u8> = tunnel.outbox().pieces().flatten().copied().collect();
/// assert_eq!(sent, b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n");
/// tunnel.outbox().advance(sent.len());
///
/// tunnel.recv_buf().extend_from_slice(b"HTTP/1.1 200 Connection established\r\n\r\n");
/// tunnel.handle_recv(Instant::ZERO);
/// assert_eq!(tunnel.poll_event(), Some(PrologueEvent::Done(())));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub type ProxyTunnel = Prologue<TunnelDialogue>;

/// What is said to a proxy.
pub struct TunnelDialogue(Kind);

enum Kind {
    Connect(Connect),
    Socks5(Socks5),
}

impl ProxyTunnel {
    /// Asks `proxy` for a tunnel to `port` of `host`.
    ///
    /// A host that is a name is sent as such. If [`Proxy::resolves_names`] says no, resolve it first.
    ///
    /// # Errors
    ///
    /// The host or the credentials are longer than the proxy's protocol allows, or the host is none.
    pub fn open(
        proxy: &Proxy,
        host: &Host,
        port: u16,
        options: &TunnelOptions,
        now: Instant,
    ) -> Result<Self, TunnelRequestError> {
        // Those of URLs are checked already; this one may be from anywhere.
        if let Host::Name(name) = host
            && (name.is_empty() || !name.bytes().all(|octet| octet.is_ascii_graphic()))
        {
            return Err(TunnelRequestError::HostInvalid);
        }
        let kind = match proxy.scheme() {
            ProxyScheme::Http | ProxyScheme::Https => {
                Kind::Connect(Connect::new(host, port, proxy.credentials(), options))
            }
            ProxyScheme::Socks5 | ProxyScheme::Socks5h => {
                Kind::Socks5(Socks5::new(host, port, proxy.credentials())?)
            }
        };
        Ok(Self::new(TunnelDialogue(kind), options.timeout.map(|timeout| now + timeout)))
    }
}

impl Dialogue for TunnelDialogue {
    type Output = ();
    type Error = TunnelError;

    fn begin(&mut self, outbox: &mut Outbox) {
        match &mut self.0 {
            Kind::Connect(connect) => connect.begin(outbox),
            Kind::Socks5(socks) => socks.begin(outbox),
        }
    }

    fn advance(&mut self, received: &mut BytesMut, outbox: &mut Outbox) -> Result<Option<()>, TunnelError> {
        match &mut self.0 {
            Kind::Connect(connect) => connect.advance(received),
            Kind::Socks5(socks) => socks.advance(received, outbox),
        }
    }

    fn timed_out(&self) -> TunnelError {
        TunnelError::TimedOut
    }

    fn lost(&self) -> TunnelError {
        TunnelError::TransportLost
    }
}

impl fmt::Debug for TunnelDialogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Nothing of what is sent: there may be a password in it.
        f.write_str(match &self.0 {
            Kind::Connect(_) => "Connect",
            Kind::Socks5(_) => "Socks5",
        })
    }
}
