//! Arbitrary operations on a router with several sessions, on virtual time.

mod peers;
mod script;

use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use wirebahn_core::wamp::{MatchPolicy, Serializer, Uri};
use wirebahn_router::{
    Authentication, Authorization, HistoryConfig, RealmConfig, RequestIdCheck, Router, RouterConfig,
    SlowConsumers,
};
use wirebahn_testkit::{SeededEntropy, at};

use peers::Peers;
use script::{Options, Step};

/// Every answer and event comes in its place and at most once, queues stay within their limits, timers do not repeat, and
/// when all connections are gone nothing of them is left.
pub fn router_operations(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let Ok(options) = Options::arbitrary(&mut input) else { return };
    let router = Router::new(config(options), Box::new(SeededEntropy::new(1)));
    let mut peers = Peers::new(router, at(1_000));
    let mut steps = 0;
    while let Ok(step) = Step::arbitrary(&mut input) {
        peers.take(step);
        steps += 1;
        if input.is_empty() || steps == MAX_STEPS {
            break;
        }
    }
    peers.end();
}

/// Enough to fill all queues and backlogs, and to be done in no time.
const MAX_STEPS: usize = 2_000;
/// How many messages may wait for a session; twice as many if they are answers.
const QUEUE: usize = 8;

fn config(options: Options) -> RouterConfig {
    let mut realm = RealmConfig::default();
    realm.queue.messages = QUEUE;
    realm.queue.bytes = 8 << 10;
    realm.slow_consumers = match options.slow_consumers % 4 {
        0 => SlowConsumers::Disconnect,
        1 => SlowConsumers::DropNewest,
        2 => SlowConsumers::DropOldest,
        _ => SlowConsumers::HoldPublishers { at_most: Duration::from_secs(1) },
    };
    realm.request_ids = match options.request_ids % 3 {
        0 => RequestIdCheck::Strict,
        1 => RequestIdCheck::Warn,
        _ => RequestIdCheck::Off,
    };
    if options.authenticate {
        realm.authentication = Authentication::Ask;
    }
    if options.authorize {
        realm.authorization = Authorization::Ask;
    }
    realm.retained.events = 4;
    let mut history = HistoryConfig::new("a.");
    history.match_policy = MatchPolicy::Prefix;
    history.events = 4;
    realm.history = vec![history, HistoryConfig::new("a.b")];
    realm.session.pending_calls = 16;
    realm.session.testaments = 4;
    let mut config = RouterConfig::default();
    config.realms_on_demand = options.on_demand.then(|| realm.clone());
    config.max_realms_on_demand = 2;
    config.backlog.messages = 2;
    config.realms.push((Uri::from_static("realm1"), realm));
    config
}

/// The serializer of a connection: payloads go from each to each.
fn serializer(number: usize) -> Serializer {
    let all = Serializer::ALL;
    all.get(number % all.len()).copied().unwrap_or_default()
}
