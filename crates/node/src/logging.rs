//! What the process logs, on stderr.

use std::fmt;

use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, Registry, reload};

use crate::{LogConfig, LogFormat};

/// The log of the process. It can be told later to log more or less.
#[derive(Clone)]
pub struct Logging {
    filter: reload::Handle<EnvFilter, Registry>,
}

/// The log cannot be started or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoggingError {
    /// The process has a log already.
    Started,
    /// This is no filter.
    Filter(String),
}

impl Logging {
    /// Starts the log of the process: once, and only in a process that has no other.
    ///
    /// # Errors
    ///
    /// There is a log already, or the level is no level.
    pub fn start(config: &LogConfig) -> Result<Self, LoggingError> {
        let (filter, handle) = reload::Layer::new(parse(&config.level)?);
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        let lines = match config.format {
            LogFormat::Text => lines.with_target(false).boxed(),
            LogFormat::Json => lines.json().flatten_event(true).boxed(),
        };
        let log = tracing_subscriber::registry().with(filter).with(lines);
        log.try_init().map_err(|_| LoggingError::Started)?;
        Ok(Self { filter: handle })
    }

    /// Logs this from now on: a level, or a filter.
    ///
    /// # Errors
    ///
    /// The level is no level.
    pub fn set_level(&self, level: &str) -> Result<(), LoggingError> {
        let filter = parse(level)?;
        self.filter.reload(filter).map_err(|error| LoggingError::Filter(error.to_string()))
    }
}

fn parse(level: &str) -> Result<EnvFilter, LoggingError> {
    EnvFilter::try_new(level)
        .map_err(|error| LoggingError::Filter(format!("{level:?} is no filter for the log: {error}")))
}

impl fmt::Display for LoggingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => f.write_str("the process has a log already"),
            Self::Filter(problem) => f.write_str(problem),
        }
    }
}

impl std::error::Error for LoggingError {}

impl fmt::Debug for Logging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logging").finish_non_exhaustive()
    }
}
