//! The configuration: one TOML file, or none.
//!
//! Every key has a default. `docs/router.md` has a file with all of them, which a test keeps complete.
//!
//! * `listener`, `websocket` with `origins` and `compression`, `rawsocket`, `realm` with `history`, `http`, `log`: the sections.
//! * `section`: reading them. `units`: sizes and durations.

mod compression;
mod endpoint;
mod history;
mod http;
mod listener;
mod log;
mod origins;
mod rawsocket;
mod realm;
mod section;
mod units;
mod websocket;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use compression::CompressionConfig;
pub use endpoint::Endpoint;
pub use history::HistoryOptions;
pub use http::HttpConfig;
pub use listener::{ListenerConfig, Protocol};
pub use log::{LogConfig, LogFormat};
pub use origins::AllowedOrigins;
pub use rawsocket::RawSocketConfig;
pub use realm::{Disclosure, OnDemand, RealmConfig, RealmOptions, RequestIds, SlowConsumers, Uris};
pub use section::Problem;
pub use websocket::WebSocketConfig;

use section::{Section, Source};

/// More than there are processors in any machine that this is for.
const MOST_THREADS: u64 = 1024;

/// The configuration of a [`Node`](crate::Node).
///
/// ```
/// use wirebahn_node::Config;
///
/// let config = Config::parse(r#"
///     [[listeners]]
///     address = "tcp://127.0.0.1:9000"
///
///     [[realms]]
///     name = "com.example.plant"
/// "#)?;
/// assert_eq!(config.realms[0].name, "com.example.plant");
///
/// let error = Config::parse("[websocket]\nmax_mesage = 1").unwrap_err();
/// assert!(error.to_string().contains(r#"line 2, column 1: websocket.max_mesage"#));
/// # Ok::<_, wirebahn_node::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// How many threads the process is to run the node on; a node that is part of a program runs on those that it is
    /// started on. Default: 1, which is the least work per message.
    pub threads: usize,
    /// Where to listen. Default: everything on 127.0.0.1, port 8080.
    pub listeners: Vec<ListenerConfig>,
    /// The options of WebSocket connections.
    pub websocket: WebSocketConfig,
    /// The options of RawSocket connections.
    pub rawsocket: RawSocketConfig,
    /// The realms that are always there. Default: `realm1`.
    pub realms: Vec<RealmConfig>,
    /// The realms that come into being when somebody joins them. Default: none.
    pub on_demand: OnDemand,
    /// What is served to browsers and monitoring.
    pub http: HttpConfig,
    /// What is logged.
    pub log: LogConfig,
    /// How long a connection may take to join a realm. Default: 30 s.
    pub join_timeout: Duration,
    /// How long to wait for the answer to a GOODBYE. Default: 5 s.
    pub goodbye_timeout: Duration,
    /// How long sessions may take to leave when the node shuts down; those that are left then are cut off. Default:
    /// 10 s.
    pub shutdown_grace: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            threads: 1,
            listeners: vec![ListenerConfig::default()],
            websocket: WebSocketConfig::default(),
            rawsocket: RawSocketConfig::default(),
            realms: vec![RealmConfig::default()],
            on_demand: OnDemand::default(),
            http: HttpConfig::default(),
            log: LogConfig::default(),
            join_timeout: Duration::from_secs(30),
            goodbye_timeout: Duration::from_secs(5),
            shutdown_grace: Duration::from_secs(10),
        }
    }
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or something in it is wrong.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::Unreadable { path: path.into(), error })?;
        Self::parse(&text).map_err(|error| match error {
            ConfigError::Wrong { problems, .. } => ConfigError::Wrong { path: Some(path.into()), problems },
            unreadable @ ConfigError::Unreadable { .. } => unreadable,
        })
    }

    /// Reads a text in TOML.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        Self::read(text).0
    }

    /// Also gives the keys that were asked for.
    fn read(text: &str) -> (Result<Self, ConfigError>, Vec<String>) {
        let source = Source::new(text);
        let mut config = Self::default();
        if let Some(table) = source.parse() {
            config.apply(Section::root(&source, &table));
        }
        let (problems, asked) = source.finish();
        let result =
            if problems.is_empty() { Ok(config) } else { Err(ConfigError::Wrong { path: None, problems }) };
        (result, asked)
    }

    fn apply(&mut self, mut root: Section<'_>) {
        let mut threads = 1;
        root.number("threads", &mut threads, 1..=MOST_THREADS);
        self.threads = usize::try_from(threads).unwrap_or(1);
        if let Some(listeners) = root.tables("listeners") {
            self.listeners = listener::read_all(listeners);
        }
        if let Some(section) = root.table("websocket") {
            self.websocket.apply(section);
        }
        if let Some(section) = root.table("rawsocket") {
            self.rawsocket.apply(section);
        }
        if let Some(realms) = root.tables("realms") {
            self.realms = realm::read_all(realms);
        }
        if let Some(section) = root.table("on_demand") {
            self.on_demand.apply(section);
        }
        if let Some(mut section) = root.table("sessions") {
            section.duration("join_timeout", &mut self.join_timeout);
            section.duration("goodbye_timeout", &mut self.goodbye_timeout);
            section.finish();
        }
        if let Some(section) = root.table("http") {
            self.http.apply(section);
        }
        if let Some(section) = root.table("log") {
            self.log.apply(section);
        }
        if let Some(mut section) = root.table("shutdown") {
            section.duration("grace", &mut self.shutdown_grace);
            section.finish();
        }
        if root.is_empty_list("listeners") {
            root.problem("listeners", root.span_of("listeners"), "list at least one listener");
        }
        if root.is_empty_list("realms") && !self.on_demand.allowed {
            let message = "list at least one realm, or set on_demand.allowed: nobody could join";
            root.problem("realms", root.span_of("realms"), message);
        }
        root.finish();
    }
}

/// There is no configuration to be had.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// Something in it is wrong.
    Wrong {
        /// The file, unless it was a text.
        path: Option<PathBuf>,
        /// All that is wrong, in the order of the text.
        problems: Vec<Problem>,
    },
}

/// One line for each problem.
impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } => write!(f, "cannot read {}: {error}", path.display()),
            Self::Wrong { path, problems } => {
                for (index, problem) in problems.iter().enumerate() {
                    if index > 0 {
                        f.write_str("\n")?;
                    }
                    if let Some(path) = path {
                        write!(f, "{}, ", path.display())?;
                    }
                    write!(f, "{problem}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable { error, .. } => Some(error),
            Self::Wrong { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests;
