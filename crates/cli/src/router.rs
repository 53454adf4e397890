//! `wirebahn router`: a WAMP router.

use std::path::PathBuf;

use clap::Args;
use tokio::sync::oneshot;
use wirebahn_node::{BoundEndpoint, Config, Endpoint, ListenerConfig, Logging, Node, Protocol};

use crate::{Failure, open_files, output, signals};

pub(crate) const HELP: &str = "\
Without a configuration it listens on 127.0.0.1, port 8080, with the realm realm1, which everyone on this machine may
join. One port serves WebSocket, RawSocket, and HTTP: a page that shows who is connected and what goes through, health,
and metrics. docs/router.md has all keys of the configuration.

The first lines on stdout say where it listens. Ctrl-C or SIGTERM say goodbye to all sessions and end the command with
status 0; a second one ends it at once. SIGHUP reads the configuration again.

Exit status: 0 after a shutdown, or if --check finds nothing; 1 if the configuration is wrong or an address cannot be
listened on; 2 for wrong usage.

Examples:
  wirebahn router                                     on 127.0.0.1, port 8080
  wirebahn router --listen 0.0.0.0:80                 for everyone
  wirebahn router --listen unix:/run/wirebahn.sock    on a Unix socket
  wirebahn router --config node.toml --check          is the configuration right?";

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// The configuration, in TOML (default: everything has a default)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only say whether the configuration is right
    #[arg(long)]
    check: bool,
    // As an attribute: rustdoc takes the URL for a link.
    #[arg(
        long, value_name = "ADDRESS", value_parser = endpoint,
        help = "Listen here instead: HOST:PORT, tcp://HOST:PORT or unix:PATH; may be repeated"
    )]
    listen: Vec<Endpoint>,
}

pub(crate) fn run(options: &Options, log: Option<&str>) -> Result<u8, Failure> {
    let config = options.read()?;
    if options.check {
        output::announce(&options.config.as_ref().map_or_else(
            || "no configuration: the defaults are right".into(),
            |path| format!("{}: right", path.display()),
        ));
        return Ok(0);
    }
    let runtime = if config.threads == 1 {
        tokio::runtime::Builder::new_current_thread().enable_all().build()
    } else {
        tokio::runtime::Builder::new_multi_thread().worker_threads(config.threads).enable_all().build()
    };
    let runtime = runtime.map_err(|error| Failure::Failed(format!("cannot start: {error}")))?;
    let status = runtime.block_on(run_node(config, options, log));
    runtime.shutdown_background();
    status
}

async fn run_node(config: Config, options: &Options, log: Option<&str>) -> Result<u8, Failure> {
    let mut log_config = config.log.clone();
    if let Some(level) = log {
        log_config.level = level.into();
    }
    let logging = Logging::start(&log_config).map_err(|error| Failure::Usage(error.to_string()))?;
    open_files::raise_limit();
    let cannot_watch = |error| Failure::Failed(format!("cannot watch signals: {error}"));
    let signal = signals::first().map_err(cannot_watch)?;
    let hang_ups = signals::hang_ups().map_err(cannot_watch)?;
    let node = Node::start(config).await.map_err(|error| Failure::Failed(error.to_string()))?;
    for line in announcement(&node) {
        output::announce(&line);
    }
    serve(&node, options, &logging, log.is_some(), signal, hang_ups).await;
    node.shut_down().await;
    Ok(0)
}

/// Until a signal ends it.
async fn serve(
    node: &Node,
    options: &Options,
    logging: &Logging,
    log_is_fixed: bool,
    mut end: oneshot::Receiver<signals::Signal>,
    mut hang_ups: signals::HangUps,
) {
    loop {
        tokio::select! {
            signal = &mut end => {
                if let Ok(signal) = signal {
                    tracing::info!("{signal:?}: shutting down");
                }
                return;
            }
            () = hang_ups.next() => reload(node, options, logging, log_is_fixed),
        }
    }
}

fn reload(node: &Node, options: &Options, logging: &Logging, log_is_fixed: bool) {
    if options.config.is_none() {
        return tracing::warn!("SIGHUP: there is no configuration to read again; start with --config");
    }
    let config = match options.read() {
        Ok(config) => config,
        Err(Failure::Usage(problem) | Failure::Failed(problem) | Failure::NoSession(problem)) => {
            for line in problem.lines() {
                tracing::error!("{line}");
            }
            return tracing::error!("SIGHUP: the configuration is wrong, and everything stays as it was");
        }
    };
    let level = config.log.level.clone();
    let report = node.reload(config);
    if !log_is_fixed && let Err(error) = logging.set_level(&level) {
        tracing::error!("{error}");
    }
    if !report.needs_restart.is_empty() {
        tracing::warn!("SIGHUP: this takes a restart: {}", report.needs_restart.join(", "));
    }
    match report.changed.as_slice() {
        [] => tracing::info!("SIGHUP: nothing has changed"),
        changed => tracing::info!("SIGHUP: changed: {}", changed.join(", ")),
    }
}

impl Options {
    /// The configuration as the file and the other options have it.
    fn read(&self) -> Result<Config, Failure> {
        let mut config = match &self.config {
            Some(path) => Config::load(path).map_err(|error| Failure::Failed(error.to_string()))?,
            None => Config::default(),
        };
        if !self.listen.is_empty() {
            let first = config.listeners.first().cloned().unwrap_or_default();
            let listener = |(index, endpoint): (usize, &Endpoint)| {
                let mut listener = ListenerConfig::clone(&first);
                listener.endpoint = endpoint.clone();
                if index > 0 {
                    listener.name = format!("listener{}", index + 1);
                }
                listener
            };
            config.listeners = self.listen.iter().enumerate().map(listener).collect();
        }
        Ok(config)
    }
}

/// `HOST:PORT` is the usual case, so it need not be a URL.
fn endpoint(value: &str) -> Result<Endpoint, String> {
    let value = if value.contains("://") || value.starts_with("unix:") {
        value.into()
    } else {
        format!("tcp://{value}")
    };
    value.parse()
}

/// A line for each listener: what is to be had there. The first one is for people who start it for the first time.
fn announcement(node: &Node) -> Vec<String> {
    let config = node.config();
    let mut has_page = false;
    let mut lines = Vec::new();
    for (listener, bound) in config.listeners.iter().zip(node.listeners()) {
        let speaks = |protocol| listener.speaks(protocol);
        let mut urls = Vec::new();
        if let Some(path) = listener.websocket_paths.first().filter(|_| speaks(Protocol::WebSocket)) {
            urls.push(match (&bound.endpoint, bound.endpoint.authority()) {
                (_, Some(authority)) => format!("ws://{authority}{path}"),
                (endpoint, None) => format!("ws+{endpoint}:{path}"),
            });
        }
        if speaks(Protocol::RawSocket) {
            urls.push(match bound.endpoint.authority() {
                Some(authority) => format!("rs://{authority}"),
                None => bound.endpoint.to_string(),
            });
        }
        if let (true, BoundEndpoint::Tcp(_), Some(authority)) =
            (speaks(Protocol::Http) && config.http.page, &bound.endpoint, bound.endpoint.authority())
        {
            let hint = if has_page { "" } else { " (open this one in a browser)" };
            has_page = true;
            urls.push(format!("http://{authority}/{hint}"));
        }
        lines.push(match urls.as_slice() {
            [] => format!("listening on {}", bound.endpoint),
            urls => format!("listening on {}", urls.join(", ")),
        });
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_need_not_be_urls() {
        for (value, expected) in [
            ("127.0.0.1:8080", "tcp://127.0.0.1:8080"),
            ("tcp://[::]:80", "tcp://[::]:80"),
            ("[::1]:0", "tcp://[::1]:0"),
            ("unix:/run/a.sock", "unix:/run/a.sock"),
        ] {
            assert_eq!(endpoint(value).map(|endpoint| endpoint.to_string()), Ok(expected.to_owned()));
        }
        for wrong in ["8080", "localhost", "http://localhost:80", "unix:"] {
            assert!(endpoint(wrong).is_err(), "{wrong}");
        }
    }
}
