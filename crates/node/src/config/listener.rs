use super::Endpoint;
use super::section::{Choice, Section};

/// What a listener calls itself unless it has a name.
const NAME: &str = "main";

/// Connections are open files and memory; more than this is a matter of tuning the system, too.
const MOST_CONNECTIONS: u64 = 10_000_000;

/// One place to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListenerConfig {
    /// What logs and metrics call it. Default: `main` for the first one, then `listener2` and so on.
    pub name: String,
    /// Where to listen. Default: `tcp://127.0.0.1:8080`.
    pub endpoint: Endpoint,
    /// What is spoken there; which one a client speaks shows from its first octets. Default: all.
    pub protocols: Vec<Protocol>,
    /// The paths at which WebSocket connections are accepted. Default: `/ws` and `/`.
    pub websocket_paths: Vec<String>,
    /// How many connections there may be at a time; further ones are refused. Default: 100,000.
    pub max_connections: u64,
}

/// What clients may speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// WAMP over WebSocket.
    WebSocket,
    /// WAMP over `RawSocket`.
    RawSocket,
    /// HTTP: the page, health, metrics.
    Http,
}

impl Default for ListenerConfig {
    fn default() -> Self {
        Self {
            name: NAME.into(),
            endpoint: Endpoint::Tcp { host: "127.0.0.1".into(), port: 8080 },
            protocols: vec![Protocol::WebSocket, Protocol::RawSocket, Protocol::Http],
            websocket_paths: vec!["/ws".into(), "/".into()],
            max_connections: 100_000,
        }
    }
}

impl ListenerConfig {
    /// Whether a protocol is spoken here.
    #[must_use]
    pub fn speaks(&self, protocol: Protocol) -> bool {
        self.protocols.contains(&protocol)
    }

    fn apply(&mut self, section: &mut Section<'_>) {
        section.text("name", &mut self.name);
        section.parsed("address", &mut self.endpoint, str::parse);
        section.choices("protocols", &mut self.protocols);
        section.items("websocket_paths", &mut self.websocket_paths, "an array of paths", path);
        section.number("max_connections", &mut self.max_connections, 1..=MOST_CONNECTIONS);
        if self.speaks(Protocol::WebSocket) && self.websocket_paths.is_empty() {
            let span = section.span_of("websocket_paths");
            section.problem(
                "websocket_paths",
                span,
                "list at least one path, or take \"websocket\" out of protocols",
            );
        }
    }
}

pub(super) fn read_all(sections: Vec<Section<'_>>) -> Vec<ListenerConfig> {
    let mut listeners: Vec<ListenerConfig> = Vec::new();
    for mut section in sections {
        let mut listener = ListenerConfig::default();
        if !listeners.is_empty() {
            listener.name = format!("listener{}", listeners.len() + 1);
        }
        listener.apply(&mut section);
        if listeners.iter().any(|other| other.name == listener.name) {
            let span = section.span_of("name");
            section.problem("name", span, format!("there is a listener {:?} already", listener.name));
        }
        let is_fixed = !matches!(listener.endpoint, Endpoint::Tcp { port: 0, .. });
        if is_fixed && listeners.iter().any(|other| other.endpoint == listener.endpoint) {
            let span = section.span_of("address");
            section.problem("address", span, format!("there is a listener on {} already", listener.endpoint));
        }
        section.finish();
        listeners.push(listener);
    }
    listeners
}

/// A path as it stands in requests.
pub(super) fn path(text: &str) -> Result<String, String> {
    let is_path = text.starts_with('/') && text.bytes().all(|b| b.is_ascii_graphic() && !b"?#".contains(&b));
    if is_path { Ok(text.into()) } else { Err(format!("write a path such as \"/ws\", not {text:?}")) }
}

impl Choice for Protocol {
    const ALL: &'static [(&'static str, Self)] =
        &[("websocket", Self::WebSocket), ("rawsocket", Self::RawSocket), ("http", Self::Http)];
}
