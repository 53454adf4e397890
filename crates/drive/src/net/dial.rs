//! Reaching a server.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use wirebahn_core::Instant;
use wirebahn_core::http::{Endpoint, Host, WsUrl};
use wirebahn_core::proxy::{
    Proxy, ProxyEnvironment, ProxyTunnel, TunnelError, TunnelOptions, TunnelRequestError,
};
#[cfg(feature = "tls")]
use wirebahn_tls::{ClientTls, TlsError, TlsFailure};

use super::race::race;
use super::time::timeout_at;
use super::{Delay, Network, converse};
use crate::websocket::ConnectError;

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

impl Dialer {
    /// A stream to where `url` leads, and bytes that came from there already: the next engine takes them in first.
    ///
    /// # Errors
    ///
    /// The server cannot be reached.
    pub async fn reach<N: Network>(&self, url: &WsUrl) -> Result<(N::Io, BytesMut), ConnectError> {
        let proxy = match &self.route {
            Route::Direct => None,
            Route::Environment(environment) => environment.proxy_for(url)?,
            Route::Through(proxy) => Some((**proxy).clone()),
        };
        reach::<N>(url, proxy.as_ref(), self).await
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

/// Why a proxy did not lead to the server.
#[derive(Debug)]
#[non_exhaustive]
pub struct ProxyError {
    /// The proxy.
    pub proxy: Proxy,
    /// Why.
    pub kind: ProxyErrorKind,
}

/// Why a proxy did not lead to the server.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProxyErrorKind {
    /// The proxy cannot be reached.
    Io(io::Error),
    /// The proxy cannot be asked for this server.
    Request(TunnelRequestError),
    /// The proxy was not reached in time.
    TimedOut,
    /// There is no TLS connection with the proxy.
    #[cfg(feature = "tls")]
    Tls(TlsError),
    /// The proxy made no tunnel.
    Tunnel(TunnelError),
    /// The proxy needs something that is not there, named here.
    Unsupported(&'static str),
}

#[cfg(not(feature = "tls"))]
const NO_TLS: &str = "this client was built without TLS; make a TLS stream and pass it to `connect_on`";

async fn reach<N: Network>(
    url: &WsUrl,
    proxy: Option<&Proxy>,
    dialer: &Dialer,
) -> Result<(N::Io, BytesMut), ConnectError> {
    let deadline = dialer.timeout.map(|timeout| N::now() + timeout);
    let (io, received) = match (url.endpoint(), proxy) {
        (Endpoint::Tcp { host, port, .. }, Some(proxy)) => {
            let through = through_proxy::<N>(proxy, host, *port, dialer, deadline).await;
            through
                .map_err(|kind| ConnectError::Proxy(Box::new(ProxyError { proxy: proxy.clone(), kind })))?
        }
        (Endpoint::Tcp { host, port, .. }, None) => {
            let connect = connect::<N>(host, *port, dialer.delay);
            (
                timeout_at::<N, _>(deadline, connect).await.map_err(|_| ConnectError::TimedOut)??,
                BytesMut::new(),
            )
        }
        (Endpoint::Unix { path, .. }, _) => {
            let connect = N::connect_unix(Path::new(path));
            (
                timeout_at::<N, _>(deadline, connect).await.map_err(|_| ConnectError::TimedOut)??,
                BytesMut::new(),
            )
        }
        _ => return Err(ConnectError::Unsupported("this kind of URL is not supported here")),
    };
    if !url.is_secure() {
        return Ok((io, received));
    }
    #[cfg(feature = "tls")]
    {
        let host = match url.endpoint() {
            Endpoint::Tcp { host, .. } => host.clone(),
            // What the request's Host header says, too.
            _ => Host::Name("localhost".into()),
        };
        if !received.is_empty() {
            // A server that speaks TLS waits for the client.
            return Err(TlsError::new(host.to_string(), TlsFailure::NotTls).into());
        }
        let io = secure::<N>(io, &host, dialer, deadline).await?;
        Ok((io, BytesMut::new()))
    }
    #[cfg(not(feature = "tls"))]
    Err(ConnectError::Unsupported(NO_TLS))
}

async fn through_proxy<N: Network>(
    proxy: &Proxy,
    host: &Host,
    port: u16,
    dialer: &Dialer,
    deadline: Option<Instant>,
) -> Result<(N::Io, BytesMut), ProxyErrorKind> {
    let connect = connect::<N>(proxy.host(), proxy.port(), dialer.delay);
    let io = timeout_at::<N, _>(deadline, connect)
        .await
        .map_err(|_| ProxyErrorKind::TimedOut)?
        .map_err(ProxyErrorKind::Io)?;
    #[cfg(feature = "tls")]
    let io = if proxy.is_secure() {
        secure::<N>(io, proxy.host(), dialer, deadline).await.map_err(ProxyErrorKind::Tls)?
    } else {
        io
    };
    #[cfg(not(feature = "tls"))]
    if proxy.is_secure() {
        return Err(ProxyErrorKind::Unsupported(NO_TLS));
    }
    let host = match host {
        Host::Name(name) if !proxy.resolves_names() => {
            let found = timeout_at::<N, _>(deadline, N::resolve(name, port)).await;
            let found = found.map_err(|_| ProxyErrorKind::TimedOut)?.map_err(ProxyErrorKind::Io)?;
            // SOCKS 5 has room for one address.
            let first = found.first().ok_or_else(|| ProxyErrorKind::Io(io::ErrorKind::NotFound.into()))?;
            match first.ip() {
                std::net::IpAddr::V4(address) => Host::V4(address),
                std::net::IpAddr::V6(address) => Host::V6(address),
            }
        }
        host => host.clone(),
    };
    let mut options = dialer.tunnel.clone();
    let now = N::now();
    let left = deadline.map(|deadline| deadline.saturating_duration_since(now));
    options.timeout = [left, options.timeout].into_iter().flatten().min();
    let tunnel = ProxyTunnel::open(proxy, &host, port, &options, now).map_err(ProxyErrorKind::Request)?;
    let ((), io, received) = converse::<_, _, N>(tunnel, io).await.map_err(ProxyErrorKind::Tunnel)?;
    Ok((io, received))
}

async fn connect<N: Network>(host: &Host, port: u16, delay: Delay) -> io::Result<N::Io> {
    let addresses = match host {
        Host::Name(name) => N::resolve(name, port).await?,
        Host::V4(address) => vec![(*address, port).into()],
        Host::V6(address) => vec![(*address, port).into()],
    };
    race::<N, _, _>(addresses, |address| N::connect(address, delay)).await
}

#[cfg(feature = "tls")]
async fn secure<N: Network>(
    io: N::Io,
    host: &Host,
    dialer: &Dialer,
    deadline: Option<Instant>,
) -> Result<N::Io, TlsError> {
    let tls = dialer.tls.clone().unwrap_or_default();
    let secured = timeout_at::<N, _>(deadline, N::secure(io, &tls, host)).await;
    secured.unwrap_or_else(|_| Err(TlsError::new(host.to_string(), TlsFailure::TimedOut)))
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no way through the proxy {}: ", self.proxy)?;
        match &self.kind {
            ProxyErrorKind::Io(error) => fmt::Display::fmt(error, f),
            ProxyErrorKind::Request(error) => fmt::Display::fmt(error, f),
            ProxyErrorKind::TimedOut => f.write_str("reaching it took too long"),
            #[cfg(feature = "tls")]
            ProxyErrorKind::Tls(error) => fmt::Display::fmt(error, f),
            ProxyErrorKind::Tunnel(error) => fmt::Display::fmt(error, f),
            ProxyErrorKind::Unsupported(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for ProxyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            ProxyErrorKind::Io(error) => Some(error),
            ProxyErrorKind::Request(error) => Some(error),
            #[cfg(feature = "tls")]
            ProxyErrorKind::Tls(error) => Some(error),
            ProxyErrorKind::Tunnel(error) => Some(error),
            ProxyErrorKind::TimedOut | ProxyErrorKind::Unsupported(_) => None,
        }
    }
}
