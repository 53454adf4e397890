use super::listener::path;
use super::section::Section;

/// What is served to browsers and monitoring, on listeners that speak HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpConfig {
    /// Whether the page is served, at `/`. Default: it is.
    pub page: bool,
    /// Where the state of the node is served; `None` serves it nowhere. Default: `/health`.
    pub health: Option<String>,
    /// Where metrics are served in the text format of Prometheus; `None` serves them nowhere. Default: `/metrics`.
    pub metrics: Option<String>,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self { page: true, health: Some("/health".into()), metrics: Some("/metrics".into()) }
    }
}

impl HttpConfig {
    pub(super) fn apply(&mut self, mut section: Section<'_>) {
        section.switch("page", &mut self.page);
        section.parsed("health", &mut self.health, path_or_off);
        section.parsed("metrics", &mut self.metrics, path_or_off);
        if self.health.is_some() && self.health == self.metrics {
            let message = "this is where health is served already: choose another path, or \"off\"";
            section.problem("metrics", section.span_of("metrics"), message);
        }
        section.finish();
    }
}

fn path_or_off(text: &str) -> Result<Option<String>, String> {
    match text {
        "off" => Ok(None),
        "/" => Err("the page is served at /: choose another path, or \"off\"".into()),
        text => path(text).map(Some).map_err(|error| format!("{error}, or \"off\"")),
    }
}
