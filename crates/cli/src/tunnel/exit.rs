//! Where WebSockets come in.

use std::io;
use std::sync::Arc;

use tokio::sync::oneshot;
use wirebahn_tokio::http::{Endpoint, StatusCode};
use wirebahn_tokio::opening::{Origins, Refusal, ServerOptions};
use wirebahn_tokio::tls::{ServerTls, ServerTlsOptions};
use wirebahn_tokio::{ByteStream, CONNECT_TIMEOUT, Server, Shutdown, Upgrade};

use super::Options;
use super::endpoint::{Plain, SocketFile, WebSocketUrl};
use super::relay::relay;
use crate::signals::Signal;
use crate::{Failure, complain, output, transport};

/// Where clients are led.
struct Way {
    listen: Arc<WebSocketUrl>,
    target: Plain,
    shutdown: Shutdown,
}

pub(super) async fn run(
    listen: &Arc<WebSocketUrl>,
    target: &Plain,
    options: &Options,
    signal: oneshot::Receiver<Signal>,
) -> Result<(), Failure> {
    if !options.headers.is_empty() || options.subprotocol.is_some() {
        let problem = "--header and --subprotocol are for connecting to a WebSocket";
        return Err(Failure::Usage(problem.into()));
    }
    let mut server_options = ServerOptions::default();
    let origins = Origins::allow(options.origins.iter().map(String::as_str));
    server_options.origins = origins.map_err(|error| Failure::Usage(format!("--allow-origin: {error}")))?;
    let tls = server_tls(listen, options)?;

    let cannot_listen = Failure::cannot_listen(listen);
    let (server, place, _file) = bind(listen).await.map_err(&cannot_listen)?;
    let mut server = server.options(server_options).max_connections(options.max_connections);
    if let Some(tls) = tls {
        server = server.tls(tls);
    }
    let handle = server.handle();
    let way = Arc::new(Way {
        listen: Arc::clone(listen),
        target: target.clone(),
        shutdown: handle.shutdown_signal().clone(),
    });
    tokio::spawn(async move {
        if signal.await.is_ok() {
            handle.shut_down();
        }
    });
    output::announce(&format!("listening on {place}"));
    let lead = move |upgrade| {
        let way = Arc::clone(&way);
        async move { way.lead(upgrade).await }
    };
    server.serve_upgrades(lead).await.map_err(cannot_listen)
}

fn server_tls(listen: &WebSocketUrl, options: &Options) -> Result<Option<ServerTls>, Failure> {
    match (&options.tls_cert, &options.tls_key) {
        (Some(chain), Some(key)) if listen.url.is_secure() => {
            let options = ServerTlsOptions::new(transport::identity(chain, key)?);
            let tls = ServerTls::new(options).map_err(|error| Failure::Usage(error.to_string()))?;
            Ok(Some(tls))
        }
        (None, None) if !listen.url.is_secure() => Ok(None),
        (None, None) => Err(Failure::Usage(format!("listening on {listen} needs --tls-cert and --tls-key"))),
        _ => Err(Failure::Usage(format!("--tls-cert and --tls-key are for wss://, not for {listen}"))),
    }
}

/// Listens, and says where in the form of `--listen`.
async fn bind(listen: &WebSocketUrl) -> io::Result<(Server, String, Option<SocketFile>)> {
    match listen.url.endpoint() {
        Endpoint::Tcp { host, port, .. } => {
            let port = if listen.is_any_port { 0 } else { *port };
            let server = Server::bind(format!("{host}:{port}")).await?;
            let scheme = if listen.url.is_secure() { "wss" } else { "ws" };
            let place = format!("{scheme}://{}{}", server.local_addr()?, listen.path());
            Ok((server, place, None))
        }
        #[cfg(unix)]
        Endpoint::Unix { path, .. } => {
            super::endpoint::clear(path.as_ref()).await?;
            Ok((Server::bind_unix(path)?, listen.to_string(), Some(SocketFile::new(path))))
        }
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

impl Way {
    /// The target comes first: a client should not believe in a tunnel that leads nowhere.
    async fn lead(&self, upgrade: Upgrade) {
        let path = upgrade.request().http.path();
        if path != self.listen.path() {
            return refuse(upgrade, StatusCode::NOT_FOUND, "There is no tunnel at this path.").await;
        }
        let connecting = tokio::time::timeout(CONNECT_TIMEOUT, self.target.connect()).await;
        let stream = match connecting.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(stream) => stream,
            Err(error) => {
                complain(format_args!("cannot connect to {}: {error}", self.target));
                return refuse(upgrade, StatusCode::BAD_GATEWAY, "The target cannot be reached.").await;
            }
        };
        let client = upgrade.request().http.client().unwrap_or("a client").to_owned();
        let mut tunnel = match ByteStream::accept(upgrade).await {
            Ok(tunnel) => tunnel,
            Err(failure) => return tracing::info!("{client}: {failure}"),
        };
        tunnel.end_on(&self.shutdown);
        tracing::info!("{client} is led to {}, in {}", self.target, tunnel.encoding().subprotocol());
        match relay(tunnel, stream).await {
            Ok(()) => tracing::info!("{client} has ended"),
            Err(error) => tracing::warn!("{client} was cut off: {error}"),
        }
    }
}

async fn refuse(upgrade: Upgrade, status: StatusCode, why: &str) {
    let mut refusal = Refusal::new(status);
    let text = "text/plain; charset=utf-8";
    refusal.headers.append("Content-Type", text).expect("the value is visible ASCII");
    refusal.body = format!("{why}\n").into();
    if let Err((error, _)) = upgrade.refuse(refusal).await {
        tracing::error!("a refusal was not allowed: {error}");
    }
}
