//! How servers are reached.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use wirebahn_core::Instant;
use wirebahn_core::http::WsUrl;
use wirebahn_core::proxy::{Proxy, ProxyEnvironment, ProxyVariableError, TunnelOptions};
#[cfg(feature = "tls")]
use wirebahn_tls::ClientTls;

/// How long reaching a server may take, name resolution, proxy and TLS included, unless [`Dialer::timeout`] says
/// otherwise: long enough for a lost packet to be sent again twice.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How servers are reached: which proxy, which TLS, how long.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Dialer {
    /// Whether the system may hold back small writes on TCP. Default: it may not.
    pub delay: Delay,
    /// How long it may take, proxy and TLS included; `None` waits for as long as the system does. Default:
    /// [`CONNECT_TIMEOUT`].
    pub timeout: Option<Duration>,
    /// The way. Default: directly.
    pub route: Route,
    /// How a proxy is asked for a tunnel.
    pub tunnel: TunnelOptions,
    /// How TLS is spoken, for `wss` and with proxies. Default: with servers that whom Mozilla trusts vouches for.
    #[cfg(feature = "tls")]
    pub tls: Option<ClientTls>,
}

/// The way to a server.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Route {
    /// Directly.
    #[default]
    Direct,
    /// Through the proxy that these variables ask for, if they do.
    Environment(Arc<ProxyEnvironment>),
    /// Through a proxy. Unix sockets are reached directly.
    Through(Box<Proxy>),
}

impl Default for Dialer {
    fn default() -> Self {
        Self {
            delay: Delay::default(),
            timeout: Some(CONNECT_TIMEOUT),
            route: Route::default(),
            tunnel: TunnelOptions::default(),
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}

impl Route {
    /// The way that the environment variables of this process ask for; see [`ProxyEnvironment`].
    #[must_use]
    pub fn from_environment() -> Self {
        // Variables that are no text name no proxy.
        let text =
            |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        Self::Environment(Arc::new(ProxyEnvironment::new(std::env::vars_os().filter_map(text))))
    }
}

/// Whether the system may hold back small writes (Nagle's algorithm).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delay {
    /// It may not (`TCP_NODELAY`): writes are coalesced already, and holding them back would only add latency.
    #[default]
    Off,
    /// The system's default.
    System,
}

impl Dialer {
    /// The proxy to reach `url` through, if there is one.
    ///
    /// # Errors
    ///
    /// The environment variable that decides is no proxy.
    pub fn proxy_for(&self, url: &WsUrl) -> Result<Option<Proxy>, ProxyVariableError> {
        match &self.route {
            Route::Direct => Ok(None),
            Route::Environment(environment) => environment.proxy_for(url),
            Route::Through(proxy) => Ok(Some((**proxy).clone())),
        }
    }

    /// How a proxy is asked when the whole way has to be made by `deadline`.
    #[must_use]
    pub fn tunnel_until(&self, deadline: Option<Instant>, now: Instant) -> TunnelOptions {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(now));
        let mut options = self.tunnel.clone();
        options.timeout = [left, options.timeout].into_iter().flatten().min();
        options
    }
}
