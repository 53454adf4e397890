//! `wirebahn tunnel`: byte streams through WebSockets.
//!
//! ```text
//!   entrance   plain connections come in here, and each is carried to the other end over a WebSocket of its own
//!   exit       WebSockets come in here, and each is led to the one target
//! ```
//!
//! `endpoint` is what can stand behind `--listen` and `--to`, `relay` carries the bytes.

mod endpoint;
mod entrance;
mod exit;
mod relay;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use wirebahn_tokio::ByteEncoding;

use crate::transport::{self, Transport};
use crate::{Failure, open_files, signals, values};
use endpoint::Endpoint;

pub(crate) const HELP: &str = concat!("\
One of --listen and --to is a WebSocket, the other one is tcp:HOST:PORT or unix:PATH. With the WebSocket behind --to, each
connection that comes in is carried to that server; with the WebSocket behind --listen, each client is led to the one
target behind --to, and to no other: clients cannot choose. Whoever may connect to the WebSocket may do with the target
whatever it allows, so let it listen where only those can connect who should, or behind a proxy that asks who they are.
Web pages may not connect unless --allow-origin says so, since browsers let any page connect to any host they can reach.

The other end may be this command, websockify, or Autobahn's wrapping: binary messages, or base64 in text messages.

WebSocket has no half-closed connections: when either end closes, what was sent before is delivered, and the connection
ends in both directions. Protocols in which one end closes and then waits for the answer do not work through it.

The first line on stdout is 'listening on' and where. A connection that cannot be made is a line on stderr, and the
command goes on; WebSocket clients get 502 if the target cannot be reached. Ctrl-C or SIGTERM close all connections and
end the command with status 0; a second one ends it at once.

Examples:
  wirebahn tunnel --listen ws://127.0.0.1:8080/ssh --to tcp:127.0.0.1:22    at the server
  wirebahn tunnel --listen tcp:127.0.0.1:2222 --to wss://example.com/ssh    at the client; then ssh -p 2222 localhost
  wirebahn tunnel --listen ws://0.0.0.0:6080/ --to tcp:localhost:5900 --allow-origin https://novnc.com
  wirebahn tunnel --listen unix:/run/db.sock --to ws://db.example.com/ --header 'Authorization: Bearer 4711'

", transport::help!());

#[derive(Args, Debug)]
pub(crate) struct Options {
    // As an attribute: rustdoc takes the URL for a link.
    #[arg(
        long,
        value_name = "WHERE",
        help = "Where connections come in: tcp:HOST:PORT, unix:PATH, ws[s]://HOST:PORT/PATH or ws+unix:///SOCKET:/PATH"
    )]
    listen: Endpoint,
    /// Where they lead: the same kinds
    #[arg(long, value_name = "WHERE")]
    to: Endpoint,
    /// How bytes become messages; only where the WebSocket is behind --to (default: what the server prefers)
    #[arg(long, value_name = "NAME", value_enum)]
    subprotocol: Option<Encoding>,
    /// Add a header to the WebSocket's request; may be repeated
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = values::header)]
    headers: Vec<(String, String)>,
    #[arg(
        long = "allow-origin",
        value_name = "ORIGIN",
        help = "Web pages that may connect, such as https://*.example.com; may be repeated (default: none)"
    )]
    origins: Vec<String>,
    /// How many connections there may be at a time
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = values::at_least_one)]
    max_connections: usize,
    /// The certificate to listen with on wss, and those that vouch for it: a PEM file
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its private key: a PEM file, too
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    #[command(flatten)]
    transport: Transport,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Encoding {
    Binary,
    Base64,
}

impl From<Encoding> for ByteEncoding {
    fn from(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Binary => Self::Binary,
            Encoding::Base64 => Self::Base64,
        }
    }
}

pub(crate) async fn run(options: Options) -> Result<u8, Failure> {
    open_files::raise_limit();
    let signal =
        signals::first().map_err(|error| Failure::Failed(format!("cannot watch signals: {error}")))?;
    match (&options.listen, &options.to) {
        (Endpoint::Plain(listen), Endpoint::WebSocket(url)) => {
            entrance::run(listen, url, &options, signal).await?;
        }
        (Endpoint::WebSocket(listen), Endpoint::Plain(target)) => {
            exit::run(listen, target, &options, signal).await?;
        }
        _ => {
            let problem =
                "one of --listen and --to must be a WebSocket (ws:, wss:, ws+unix:), the other one must not";
            return Err(Failure::Usage(problem.into()));
        }
    }
    Ok(0)
}
