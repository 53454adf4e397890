//! Reaching a server.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use bytes::BytesMut;
use wirebahn_adapter::{ConnectError, Delay, Dialer, ProxyErrorKind};
use wirebahn_core::http::{Endpoint, Host, WsUrl};
use wirebahn_core::proxy::{Dialogue, Prologue, PrologueEvent, Proxy, ProxyTunnel};
use wirebahn_core::{ATTEMPT_DELAY, AddressRace, Instant};
#[cfg(feature = "tls")]
use wirebahn_tls::{TlsError, TlsFailure};

use crate::socket::{Socket, now};
use crate::{Duplex, Network};

/// A wait without limit is cut into pieces of this length.
const LONG: Duration = Duration::from_secs(24 * 60 * 60);

/// A stream to where `url` leads, and bytes that came from there already: the next engine takes them in first.
///
/// # Errors
///
/// The server cannot be reached.
pub fn reach<N: Network>(url: &WsUrl, dialer: &Dialer) -> Result<(N::Stream, BytesMut), ConnectError> {
    let proxy = dialer.proxy_for(url)?;
    let deadline = dialer.timeout.map(|timeout| now() + timeout);
    let (stream, received) = match (url.endpoint(), &proxy) {
        (Endpoint::Tcp { host, port, .. }, Some(proxy)) => {
            through_proxy::<N>(proxy, host, *port, dialer, deadline)
                .map_err(|kind| ConnectError::proxy(proxy, kind))?
        }
        (Endpoint::Tcp { host, port, .. }, None) => match connect::<N>(host, *port, dialer.delay, deadline) {
            Ok(stream) => (stream, BytesMut::new()),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => return Err(ConnectError::TimedOut),
            Err(error) => return Err(error.into()),
        },
        (Endpoint::Unix { path, .. }, _) => (N::connect_unix(Path::new(path))?, BytesMut::new()),
        _ => return Err(ConnectError::Unsupported("this kind of URL is not supported here")),
    };
    if !url.is_secure() {
        return Ok((stream, received));
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
        let tls = dialer.tls.clone().unwrap_or_default();
        Ok((N::secure(stream, &tls, &host, deadline)?, BytesMut::new()))
    }
    #[cfg(not(feature = "tls"))]
    Err(ConnectError::Unsupported(NO_TLS))
}

#[cfg(not(feature = "tls"))]
const NO_TLS: &str = "this client was built without TLS; make a TLS stream and pass it to `connect_on`";

fn through_proxy<N: Network>(
    proxy: &Proxy,
    host: &Host,
    port: u16,
    dialer: &Dialer,
    deadline: Option<Instant>,
) -> Result<(N::Stream, BytesMut), ProxyErrorKind> {
    let or_late = |error: io::Error| {
        if error.kind() == io::ErrorKind::TimedOut {
            ProxyErrorKind::TimedOut
        } else {
            ProxyErrorKind::Io(error)
        }
    };
    let stream = connect::<N>(proxy.host(), proxy.port(), dialer.delay, deadline).map_err(or_late)?;
    #[cfg(feature = "tls")]
    let stream = if proxy.is_secure() {
        let tls = dialer.tls.clone().unwrap_or_default();
        N::secure(stream, &tls, proxy.host(), deadline).map_err(ProxyErrorKind::Tls)?
    } else {
        stream
    };
    #[cfg(not(feature = "tls"))]
    if proxy.is_secure() {
        return Err(ProxyErrorKind::Unsupported(NO_TLS));
    }
    let host = match host {
        Host::Name(name) if !proxy.resolves_names() => {
            let found = resolve::<N>(name, port, deadline).map_err(or_late)?;
            // SOCKS 5 has room for one address.
            match found.first().map(SocketAddr::ip) {
                Some(std::net::IpAddr::V4(address)) => Host::V4(address),
                Some(std::net::IpAddr::V6(address)) => Host::V6(address),
                None => return Err(ProxyErrorKind::Io(io::ErrorKind::NotFound.into())),
            }
        }
        host => host.clone(),
    };
    let start = now();
    let options = dialer.tunnel_until(deadline, start);
    let tunnel = ProxyTunnel::open(proxy, &host, port, &options, start).map_err(ProxyErrorKind::Request)?;
    let ((), stream, received) = converse(tunnel, stream).map_err(ProxyErrorKind::Tunnel)?;
    Ok((stream, received))
}

/// Drives an exchange to its end: what was agreed on, the stream again, and the bytes that came behind it.
pub(crate) fn converse<D: Dialogue, S: Duplex>(
    prologue: Prologue<D>,
    stream: S,
) -> Result<(D::Output, S, BytesMut), D::Error> {
    let mut socket = Socket::new(prologue, stream);
    // Without a limit there is no time to run out of.
    let event = socket.next_event(None).ok().flatten();
    // If that fails, the next one to use the stream learns why.
    let _ = matches!(event, Some(PrologueEvent::Done(_))) && socket.flush();
    let (engine, stream) = socket.into_parts();
    let lost = engine.dialogue().lost();
    match (event, engine.into_leftover(), stream) {
        (Some(PrologueEvent::Done(output)), Ok(leftover), Some(stream)) => {
            Ok((output, stream, leftover.received))
        }
        (Some(PrologueEvent::Failed(error)), ..) => Err(error),
        _ => Err(lost),
    }
}

/// A connection to whichever address of a host answers first; `TimedOut` after `deadline`.
fn connect<N: Network>(
    host: &Host,
    port: u16,
    delay: Delay,
    deadline: Option<Instant>,
) -> io::Result<N::Stream> {
    let addresses = match host {
        Host::Name(name) => resolve::<N>(name, port, deadline)?,
        Host::V4(address) => vec![(*address, port).into()],
        Host::V6(address) => vec![(*address, port).into()],
    };
    match addresses.as_slice() {
        [only] => connect_to::<N>(*only, delay, deadline),
        _ => race::<N>(addresses, delay, deadline),
    }
}

fn connect_to<N: Network>(
    address: SocketAddr,
    delay: Delay,
    deadline: Option<Instant>,
) -> io::Result<N::Stream> {
    match deadline.map(|deadline| deadline.saturating_duration_since(now())) {
        Some(Duration::ZERO) => Err(io::ErrorKind::TimedOut.into()),
        left => N::connect(address, delay, left),
    }
}

/// Happy Eyeballs (RFC 8305), a thread per attempt.
fn race<N: Network>(
    addresses: Vec<SocketAddr>,
    delay: Delay,
    deadline: Option<Instant>,
) -> io::Result<N::Stream> {
    let mut race = AddressRace::new(addresses, ATTEMPT_DELAY);
    let (won, ended) = mpsc::channel();
    let mut first_error = None;
    loop {
        while let Some(address) = race.poll_attempt(now()) {
            let won = won.clone();
            // An attempt that comes too late finds nobody, and ends with its deadline.
            std::thread::spawn(move || drop(won.send(connect_to::<N>(address, delay, deadline))));
        }
        if race.is_lost() {
            let none = || io::Error::new(io::ErrorKind::NotFound, "the host has no address");
            return Err(first_error.unwrap_or_else(none));
        }
        let wake = [race.poll_timeout(), deadline].into_iter().flatten().min();
        match ended.recv_timeout(wake.map_or(LONG, |wake| wake.saturating_duration_since(now()))) {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => {
                first_error.get_or_insert(error);
                race.handle_failure(now());
            }
            Err(_) if deadline.is_some_and(|deadline| deadline <= now()) => {
                return Err(io::ErrorKind::TimedOut.into());
            }
            Err(_) => {}
        }
    }
}

/// The addresses of a host. The system takes its time, so it gets a thread of its own.
fn resolve<N: Network>(host: &str, port: u16, deadline: Option<Instant>) -> io::Result<Vec<SocketAddr>> {
    let name = host.to_owned();
    let lookup = move || N::resolve(&name, port);
    let Some(deadline) = deadline else { return lookup() };
    let (found, answer) = mpsc::channel();
    std::thread::spawn(move || drop(found.send(lookup())));
    answer
        .recv_timeout(deadline.saturating_duration_since(now()))
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
