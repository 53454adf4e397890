//! The router's configuration, made of that of the node.

use wirebahn_core::wamp::UriPolicy;
use wirebahn_router as router;

use crate::config::{Config, Disclosure, HistoryOptions, RealmOptions, RequestIds, SlowConsumers, Uris};

pub(super) fn router(config: &Config) -> router::RouterConfig {
    let mut made = router::RouterConfig::default();
    made.realms =
        config.realms.iter().map(|realm| (realm.name.as_str().into(), self::realm(&realm.options))).collect();
    made.realms_on_demand = config.on_demand.allowed.then(|| realm(&config.on_demand.options));
    made.max_realms_on_demand = size(config.on_demand.max);
    made.agent = concat!("wirebahn/", env!("CARGO_PKG_VERSION")).into();
    made.join_timeout = config.join_timeout;
    made.goodbye_timeout = config.goodbye_timeout;
    made
}

pub(super) fn realm(options: &RealmOptions) -> router::RealmConfig {
    let mut made = router::RealmConfig::default();
    made.authentication =
        router::Authentication::Anonymous { authrole: options.anonymous_role.as_str().into() };
    made.uris = match options.uris {
        Uris::Strict => UriPolicy::Strict,
        Uris::Loose => UriPolicy::Loose,
    };
    made.request_ids = match options.request_ids {
        RequestIds::Strict => router::RequestIdCheck::Strict,
        RequestIds::Warn => router::RequestIdCheck::Warn,
        RequestIds::Off => router::RequestIdCheck::Off,
    };
    made.disclosure = match options.disclosure {
        Disclosure::OnRequest => router::Disclosure::OnRequest,
        Disclosure::Always => router::Disclosure::Always,
        Disclosure::Never => router::Disclosure::Never,
    };
    made.meta = if options.meta { router::MetaApi::On } else { router::MetaApi::Off };
    made.history = options.history.iter().map(history).collect();
    made.queue.messages = size(options.queue_messages);
    made.queue.bytes = size(options.queue_bytes);
    made.slow_consumers = match options.slow_consumers {
        SlowConsumers::Disconnect => router::SlowConsumers::Disconnect,
        SlowConsumers::DropNewest => router::SlowConsumers::DropNewest,
        SlowConsumers::DropOldest => router::SlowConsumers::DropOldest,
        SlowConsumers::HoldPublisher => {
            router::SlowConsumers::HoldPublishers { at_most: options.hold_at_most }
        }
    };
    made.session.subscriptions = size(options.max_subscriptions);
    made.session.registrations = size(options.max_registrations);
    made.session.pending_calls = size(options.max_pending_calls);
    made.session.bytes = size(options.max_kept_bytes);
    made.retained.events = size(options.retained_events);
    made.retained.bytes = size(options.retained_bytes);
    made
}

fn history(options: &HistoryOptions) -> router::HistoryConfig {
    let mut made = router::HistoryConfig::new(options.topic.as_str());
    made.match_policy = options.match_policy;
    made.events = size(options.events);
    made.bytes = size(options.bytes);
    made
}

/// Where a `usize` is too small for a limit, memory ends before it does.
fn size(limit: u64) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
