//! Reaching a server.

use std::io;
use std::path::Path;

use bytes::BytesMut;
use wirebahn_adapter::{ConnectError, Delay, Dialer, ProxyErrorKind};
use wirebahn_core::Instant;
use wirebahn_core::http::{Endpoint, Host, WsUrl};
use wirebahn_core::proxy::{Proxy, ProxyTunnel};
#[cfg(feature = "tls")]
use wirebahn_tls::{TlsError, TlsFailure};

use super::race::race;
use super::time::timeout_at;
use super::{Network, converse};

#[cfg(not(feature = "tls"))]
const NO_TLS: &str = "this client was built without TLS; make a TLS stream and pass it to `connect_on`";

/// A stream to where `url` leads, and bytes that came from there already: the next engine takes them in first.
///
/// # Errors
///
/// The server cannot be reached.
pub async fn reach<N: Network>(url: &WsUrl, dialer: &Dialer) -> Result<(N::Io, BytesMut), ConnectError> {
    let proxy = dialer.proxy_for(url)?;
    let deadline = dialer.timeout.map(|timeout| N::now() + timeout);
    let (io, received) = match (url.endpoint(), &proxy) {
        (Endpoint::Tcp { host, port, .. }, Some(proxy)) => {
            let through = through_proxy::<N>(proxy, host, *port, dialer, deadline).await;
            through.map_err(|kind| ConnectError::proxy(proxy, kind))?
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
    let now = N::now();
    let options = dialer.tunnel_until(deadline, now);
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
