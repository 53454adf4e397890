//! The Wirebahn router as a service: listeners, configuration, HTTP, metrics, and a page that shows it all.
//!
//! ```no_run
//! use wirebahn_node::{Config, Node};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let node = Node::start(Config::load("node.toml")?).await?;
//!     tokio::signal::ctrl_c().await?;
//!     node.shut_down().await;
//!     Ok(())
//! }
//! ```
//!
//! * [`Config`] is what is in the file; `docs/router.md` has all its keys.
//! * [`Node`] is the router that runs: `listener` takes connections, `connection` finds out what is spoken over them,
//!   `router` carries messages between them and the router, `http` answers what is plain HTTP.
//! * `metrics` counts, [`Logging`] writes the log, `reload` takes a new configuration.
//! * `page` is the page for browsers: plain HTML, CSS and JavaScript, embedded as they are.
#![forbid(unsafe_code)]

mod config;
mod connection;
mod http;
mod listener;
mod logging;
mod metrics;
mod node;
mod reload;
mod router;
mod wire;

pub use config::{
    AllowedOrigins, CompressionConfig, Config, ConfigError, Disclosure, Endpoint, HistoryOptions, HttpConfig,
    ListenerConfig, LogConfig, LogFormat, OnDemand, Problem, Protocol, RawSocketConfig, RealmConfig,
    RealmOptions, RequestIds, SlowConsumers, Uris, WebSocketConfig,
};
pub use listener::BoundEndpoint;
pub use logging::{Logging, LoggingError};
pub use node::{Bound, Node, StartError};
pub use reload::Reloaded;
