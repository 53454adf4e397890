use tracing_subscriber::EnvFilter;

use super::section::{Choice, Section};

/// What is logged, on stderr.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogConfig {
    /// A level, or a filter of `tracing`'s: `wirebahn_node=debug,warn`. Default: `info`.
    pub level: String,
    /// How log lines look. Default: text.
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { level: "info".into(), format: LogFormat::default() }
    }
}

impl LogConfig {
    pub(super) fn apply(&mut self, mut section: Section<'_>) {
        section.parsed("level", &mut self.level, filter);
        section.choice("format", &mut self.format);
        section.finish();
    }
}

fn filter(text: &str) -> Result<String, String> {
    match EnvFilter::try_new(text) {
        // A word that is no level would be taken for the name of a module.
        Ok(_)
            if !text.is_empty()
                && (text.contains(['=', ','])
                    || text.parse::<tracing_subscriber::filter::LevelFilter>().is_ok()) =>
        {
            Ok(text.into())
        }
        _ => Err(format!(
            "write \"error\", \"warn\", \"info\", \"debug\", \"trace\" or \"off\", or a filter such as \
             \"warn,wirebahn_node=debug\", not {text:?}"
        )),
    }
}

impl Choice for LogFormat {
    const ALL: &'static [(&'static str, Self)] = &[("text", Self::Text), ("json", Self::Json)];
}
