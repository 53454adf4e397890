//! `wirebahn echo`: a server to try clients with.

use std::sync::Arc;

use bytes::Bytes;
use clap::Args;
use wirebahn_tokio::http::{Headers, StatusCode};
use wirebahn_tokio::opening::{Acceptance, HttpRequest, HttpResponse, ServerOptions};
use wirebahn_tokio::{Config, Server, Shutdown, Upgrade, WebSocket};

use crate::broadcast::Hub;
use crate::compress::{self, Compression};
use crate::{Failure, open_files, output, signals, values};

pub(crate) const HELP: &str = concat!("\
Every path sends messages back to where they came from, except /broadcast, which sends them to everyone connected to
it. A plain HTTP GET of any path gets a page that talks to the server; open it in a browser.

The first line on stdout is 'listening on ws://HOST:PORT/'. Ctrl-C or SIGTERM close all connections with 1001 and end
the command with status 0; a second one ends it at once.

Examples:
  wirebahn echo                                       on 127.0.0.1, port 9001
  wirebahn echo --listen 127.0.0.1:0                  on any free port
  wirebahn echo --listen '[::]:80' --max-message 1M   for everyone, with small messages only
  wirebahn echo --compress=window=11,level=1          fast, small compression

", compress::help!());

/// The path whose messages go to all its connections.
const BROADCAST_PATH: &str = "/broadcast";

const PAGE: &str = include_str!("echo.html");

/// The page has everything in itself and talks to its own server only.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
    img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Where to listen; port 0 takes any that is free
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9001", value_parser = values::listen_address)]
    listen: String,
    /// How many connections there may be at a time; further ones get 503 (default: no limit)
    #[arg(long, value_name = "N", value_parser = values::at_least_one)]
    max_connections: Option<usize>,
    /// The largest message and frame that is accepted, in bytes; K, M and G are units
    #[arg(long, value_name = "SIZE", default_value = "64M", value_parser = values::size)]
    max_message: u64,
    /// Compress messages with clients that offer it; how is said by KEY=VALUE pairs, see below
    #[arg(long, value_name = "PARAMS", num_args = 0..=1, require_equals = true, default_missing_value = "",
          value_parser = compress::server)]
    compress: Option<Compression>,
}

pub(crate) async fn run(options: Options) -> Result<u8, Failure> {
    open_files::raise_limit();
    let signal =
        signals::first().map_err(|error| Failure::Failed(format!("cannot watch signals: {error}")))?;
    let cannot_listen = Failure::cannot_listen(&options.listen);
    let server = Server::bind(&options.listen).await.map_err(&cannot_listen)?;
    let address = server.local_addr().map_err(&cannot_listen)?;
    let server = server
        .options(server_options(options.max_message, options.compress))
        .max_connections(options.max_connections.unwrap_or(usize::MAX))
        .http(page);

    let handle = server.handle();
    let shutdown = handle.shutdown_signal().clone();
    tokio::spawn(async move {
        if signal.await.is_ok() {
            handle.shut_down();
        }
    });
    output::announce(&format!("listening on ws://{address}/"));
    let hub = Arc::new(Hub::default());
    server
        .serve_upgrades(move |upgrade| serve(upgrade, shutdown.clone(), Arc::clone(&hub)))
        .await
        .map_err(&cannot_listen)?;
    Ok(0)
}

async fn serve(upgrade: Upgrade, shutdown: Shutdown, hub: Arc<Hub>) {
    let broadcasts = upgrade.request().http.path() == BROADCAST_PATH;
    // The default acceptance is always allowed; if the client has gone there is nobody to serve.
    let Ok(mut socket) = upgrade.accept(Acceptance::default()).await else { return };
    socket.end_on(&shutdown);
    drop(shutdown);
    if broadcasts {
        hub.serve(socket).await;
    } else {
        drop(hub);
        echo(socket).await;
    }
}

/// Everything that one read brings is answered with one write.
async fn echo(mut socket: WebSocket) {
    if let Err(error) = socket.serve(|message, replies| replies.forward(message)).await {
        tracing::debug!("not echoed: {error}");
    }
    let closed = socket.wait_closed().await;
    tracing::debug!("{closed}");
}

fn server_options(max_message: u64, compress: Option<Compression>) -> ServerOptions {
    let mut config = Config::default();
    config.limits.max_message_len = max_message;
    config.limits.max_frame_len = max_message;
    let mut options = ServerOptions::default();
    options.config = Arc::new(config);
    options.extensions = compress.map(Compression::into_extensions).unwrap_or_default();
    options
}

fn page(_: &HttpRequest) -> HttpResponse {
    let mut response = HttpResponse::new(StatusCode::OK);
    response.headers = page_headers();
    response.body = Bytes::from_static(PAGE.as_bytes());
    response
}

fn page_headers() -> Headers {
    let mut headers = Headers::new();
    for (name, value) in [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", PAGE_POLICY),
        ("Cache-Control", "no-cache"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
    ] {
        headers.append(name, value).expect("names and values are constants of visible ASCII");
    }
    headers
}
