//! The router that the node runs.
//!
//! * `settings` makes its configuration of that of the node. `metrics` is what it counts, for those who ask.

mod metrics;
mod settings;

use prometheus_client::collector::Collector;
use wirebahn_drive::OsEntropy;
use wirebahn_drive::wamp::router::RouterHandle;
use wirebahn_router::Router;
use wirebahn_tokio::TokioRuntime;

use crate::config::Config;
use metrics::RouterCollector;

/// A router, whose timers run on the runtime that this is called on until nobody has the router any more.
pub(crate) fn start(config: &Config) -> RouterHandle {
    let router = Router::new(settings::router(config), Box::new(OsEntropy::default()));
    let handle = RouterHandle::new::<TokioRuntime>(router);
    tokio::spawn(handle.timers::<TokioRuntime>());
    handle
}

/// Makes the realms of a configuration that are not there yet, and changes the others.
pub(crate) fn add_realms(router: &RouterHandle, config: &Config) {
    router.with(|router, _| {
        for realm in &config.realms {
            router.add_realm(realm.name.as_str().into(), settings::realm(&realm.options));
        }
    });
}

/// What the router counts.
pub(crate) fn collector(router: &RouterHandle) -> Box<dyn Collector> {
    Box::new(RouterCollector(router.clone()))
}
