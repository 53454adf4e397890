//! Many clients of one router, and what they do to it.

use std::collections::HashMap;
use std::time::Duration;

use wirebahn_core::Instant;
use wirebahn_core::wamp::message::{
    Abort, Call, Cancel, Error, Goodbye, Hello, Publish, Register, Subscribe, Unregister, Unsubscribe, Yield,
};
use wirebahn_core::wamp::{
    AbortDetails, CallOptions, CancelMode, CancelOptions, ErrorDetails, Feature, Features, GoodbyeDetails,
    HelloDetails, InvocationPolicy, MatchPolicy, Message, Payload, PublishOptions, RegisterOptions,
    RequestId, RequestType, Role, Roles, Serializer, SubscribeOptions, UnregisterOptions, UnsubscribeOptions,
    Uri, YieldOptions,
};
use wirebahn_router::{
    CloseReason, Outgoing, QueueLimits, RealmConfig, Router, RouterConfig, SessionKey, SlowConsumers,
    TransportInfo,
};
use wirebahn_testkit::{SeededEntropy, at};

use crate::client::{Client, Manner};

const REALM: &str = "realm1";
const MOST_CLIENTS: usize = 40;
const TOPICS: u64 = 12;
const PROCEDURES: u64 = 12;
/// Small, so that it is full often.
const QUEUE_MESSAGES: usize = 100;
/// Between two messages.
const LONGEST_PAUSE_US: u64 = 2000;
const LONGEST_TIMEOUT_MS: u64 = 50;
/// More than any timer of the router.
const LONG: Duration = Duration::from_secs(120);

/// The clients, and the router.
pub(crate) struct Crowd {
    router: Router,
    now: Instant,
    random: SeededEntropy,
    clients: HashMap<SessionKey, Client>,
    /// The same, in the order of joining, for choosing.
    keys: Vec<SessionKey>,
    messages: u64,
    published: u64,
    events_taken: u64,
}

impl Crowd {
    pub(crate) fn new(policy: SlowConsumers, seed: u64) -> Self {
        let mut realm = RealmConfig::default();
        realm.slow_consumers = policy;
        let mut queue = QueueLimits::default();
        queue.messages = QUEUE_MESSAGES;
        realm.queue = queue;
        let mut config = RouterConfig::default();
        config.realms.push((Uri::from_static(REALM), realm));
        Self {
            router: Router::new(config, Box::new(SeededEntropy::new(seed))),
            now: at(1_000_000),
            random: SeededEntropy::new(seed << 32),
            clients: HashMap::new(),
            keys: Vec::new(),
            messages: 0,
            published: 0,
            events_taken: 0,
        }
    }

    /// Until so many messages have come and gone since the beginning.
    pub(crate) fn run(&mut self, goal: u64) {
        while self.messages < goal {
            if self.keys.len() < 2 || (self.keys.len() < MOST_CLIENTS && self.chance(20)) {
                self.join();
            } else {
                let key = self.one_of_the_keys();
                if !self.router.is_held(key) {
                    self.act(key);
                }
            }
            let pause = Duration::from_micros(self.random.next_u64() % LONGEST_PAUSE_US);
            self.pass_time(pause);
            self.deliver();
        }
    }

    /// Answers what is open, lets everybody leave, and looks for what is left.
    pub(crate) fn leave_and_check(&mut self) {
        // Those that read nothing read now, and whoever was to answer answers.
        while self.settle_all() {}
        self.pass_time(LONG);
        while self.settle_all() {}
        for (key, client) in &self.clients {
            assert!(client.is_leaving || client.asked.is_empty(), "{key:?} waits for ever: {client:?}");
        }
        for key in std::mem::take(&mut self.keys) {
            self.clients.remove(&key);
            self.router.handle_detach(key, self.now);
        }
        self.deliver();

        assert_eq!(self.router.connections(), 0);
        assert_eq!(self.router.poll_timeout(), None, "a timer is armed for nobody");
        for realm in self.router.snapshot() {
            let left = (
                realm.sessions,
                realm.subscriptions,
                realm.registrations,
                realm.pending_calls,
                realm.retained,
            );
            assert_eq!(
                left,
                (0, 0, 0, 0, 0),
                "sessions, subscriptions, registrations, calls, events are left"
            );
        }
        let metrics = self.router.metrics();
        assert_eq!(metrics.sessions_joined, metrics.sessions_left, "{metrics:?}");
        assert_eq!(metrics.calls, metrics.calls_succeeded + metrics.calls_failed, "{metrics:?}");
        // Lost and dropped ones need not have been in a queue.
        let accounted = self.events_taken + metrics.events_dropped + metrics.events_lost;
        assert!(
            metrics.events_queued <= accounted,
            "{} events are unaccounted for: {metrics:?}",
            metrics.events_queued - accounted
        );
    }

    fn join(&mut self) {
        let manner = if self.chance(10) { Manner::Deaf } else { Manner::Attentive };
        let key = self.router.attach(TransportInfo::new(Serializer::Json), self.now);
        self.clients.insert(key, Client::new(manner));
        self.keys.push(key);
        let features = if self.chance(75) { Feature::ALL.iter().copied().collect() } else { Features::NONE };
        let mut details = HelloDetails::default();
        details.roles = [Role::Publisher, Role::Subscriber, Role::Caller, Role::Callee]
            .into_iter()
            .fold(Roles::new(), |roles, role| roles.with(role, features));
        self.send(key, Hello { realm: Some(Uri::from_static(REALM)), details: Box::new(details) });
    }

    fn act(&mut self, key: SessionKey) {
        match self.random.next_u64() % 100 {
            0..30 => self.publish(key),
            30..50 => self.call(key),
            50..70 => self.answer(key),
            70..78 => self.subscribe(key),
            78..84 => self.register(key),
            84..88 => self.unsubscribe(key),
            88..91 => self.unregister(key),
            91..96 => self.cancel(key),
            96..98 => self.leave(key),
            _ => self.break_a_rule(key),
        }
    }

    fn publish(&mut self, key: SessionKey) {
        let mut options = PublishOptions::default();
        options.acknowledge = self.chance(50);
        options.exclude_me = self.chance(50);
        let topic = Uri::from(format!("soak.t{}.x", self.random.next_u64() % TOPICS));
        self.published += 1;
        let payload =
            Payload::encode_args(Serializer::Json, &(key_number(key), self.published, "event")).unwrap();
        let client = self.clients.get_mut(&key).unwrap();
        let request = if options.acknowledge { client.ask(RequestType::Publish) } else { client.ids.draw() };
        self.send(key, Publish { request, options, topic, payload });
    }

    fn call(&mut self, key: SessionKey) {
        let mut options = CallOptions::default();
        options.receive_progress = self.chance(20);
        options.timeout = if self.chance(20) { 1 + self.random.next_u64() % LONGEST_TIMEOUT_MS } else { 0 };
        let procedure = match self.random.next_u64() % 20 {
            0 => Uri::from_static("wamp.session.list"),
            1 => Uri::from_static("wamp.subscription.list"),
            _ => Uri::from(format!("soak.p{}.x", self.random.next_u64() % PROCEDURES)),
        };
        let request = self.clients.get_mut(&key).unwrap().ask(RequestType::Call);
        self.send(key, Call { request, options, procedure, payload: Payload::empty() });
    }

    fn answer(&mut self, key: SessionKey) {
        let client = self.clients.get_mut(&key).unwrap();
        if client.invocations.is_empty() {
            return;
        }
        let choice = usize::try_from(self.random.next_u64()).unwrap() % client.invocations.len();
        let request = client.invocations.swap_remove(choice);
        if self.random.next_u64().is_multiple_of(5) {
            let mut options = YieldOptions::default();
            options.progress = true;
            client.invocations.push(request);
            self.send(key, Yield { request, options, payload: Payload::empty() });
        } else {
            self.finish(key, request);
        }
    }

    /// Sends the last answer to an invocation.
    fn finish(&mut self, key: SessionKey, request: RequestId) {
        self.clients.get_mut(&key).unwrap().answered(request);
        if self.chance(70) {
            self.send(key, Yield { request, options: YieldOptions::default(), payload: Payload::empty() });
        } else {
            let (request_type, details) = (RequestType::Invocation, ErrorDetails::default());
            let error = Uri::from_static("soak.error");
            self.send(key, Error { request_type, request, details, error, payload: Payload::empty() });
        }
    }

    fn subscribe(&mut self, key: SessionKey) {
        let mut options = SubscribeOptions::default();
        let n = self.random.next_u64() % TOPICS;
        let (policy, topic) = match self.random.next_u64() % 5 {
            0 => (MatchPolicy::Prefix, format!("soak.t{n}")),
            1 => (MatchPolicy::Wildcard, "soak..x".into()),
            2 => (MatchPolicy::Prefix, "wamp.".into()),
            _ => (MatchPolicy::Exact, format!("soak.t{n}.x")),
        };
        options.match_policy = policy;
        let request = self.clients.get_mut(&key).unwrap().ask(RequestType::Subscribe);
        self.send(key, Subscribe { request, options, topic: Uri::from(topic) });
    }

    fn register(&mut self, key: SessionKey) {
        let mut options = RegisterOptions::default();
        let n = self.random.next_u64() % PROCEDURES;
        let policies = [
            InvocationPolicy::Single,
            InvocationPolicy::RoundRobin,
            InvocationPolicy::Random,
            InvocationPolicy::First,
            InvocationPolicy::Last,
        ];
        options.invoke = policies[self.below(policies.len())];
        options.force_reregister = self.chance(10);
        let (policy, procedure) = match self.random.next_u64() % 4 {
            0 => (MatchPolicy::Prefix, format!("soak.p{n}")),
            1 => (MatchPolicy::Wildcard, format!("soak.p{n}.")),
            _ => (MatchPolicy::Exact, format!("soak.p{n}.x")),
        };
        options.match_policy = policy;
        let request = self.clients.get_mut(&key).unwrap().ask(RequestType::Register);
        self.send(key, Register { request, options, procedure: Uri::from(procedure) });
    }

    fn unsubscribe(&mut self, key: SessionKey) {
        let choice = self.random.next_u64();
        let client = self.clients.get_mut(&key).unwrap();
        let Some(&subscription) = choose(&client.subscriptions, choice) else { return };
        let request = client.ask(RequestType::Unsubscribe);
        client.giving_up.insert(request, subscription.get());
        self.send(key, Unsubscribe { request, subscription, options: UnsubscribeOptions::default() });
    }

    fn unregister(&mut self, key: SessionKey) {
        let choice = self.random.next_u64();
        let client = self.clients.get_mut(&key).unwrap();
        let Some(&registration) = choose(&client.registrations, choice) else { return };
        let request = client.ask(RequestType::Unregister);
        client.giving_up.insert(request, registration.get());
        self.send(key, Unregister { request, registration, options: UnregisterOptions::default() });
    }

    fn cancel(&mut self, key: SessionKey) {
        let client = &self.clients[&key];
        let Some(&request) =
            client.asked.iter().find(|(_, kind)| **kind == RequestType::Call).map(|(id, _)| id)
        else {
            return;
        };
        let modes = [None, Some(CancelMode::Skip), Some(CancelMode::Kill), Some(CancelMode::KillNoWait)];
        let mut options = CancelOptions::default();
        options.mode = modes[self.below(modes.len())];
        self.send(key, Cancel { request, options });
    }

    fn leave(&mut self, key: SessionKey) {
        let reason = Uri::from_static("wamp.close.close_realm");
        match self.random.next_u64() % 3 {
            0 => self.send(key, Goodbye { details: GoodbyeDetails::default(), reason }),
            1 => {
                let details = AbortDetails::default();
                self.send(key, Abort { details, reason, payload: Payload::empty() });
            }
            _ => return self.forget(key),
        }
        if let Some(client) = self.clients.get_mut(&key) {
            client.is_leaving = true;
        }
    }

    fn break_a_rule(&mut self, key: SessionKey) {
        let request = RequestId::new(1 << 40).unwrap();
        match self.random.next_u64() % 3 {
            0 => {
                self.send(
                    key,
                    Yield { request, options: YieldOptions::default(), payload: Payload::empty() },
                );
            }
            1 => self.send(key, Hello { realm: None, details: Box::default() }),
            _ => {
                self.messages += 1;
                self.router.handle_malformed(key, "it is no list".into(), self.now);
            }
        }
    }

    /// Whether anything happened.
    fn settle_all(&mut self) -> bool {
        let before = self.messages;
        for client in self.clients.values_mut() {
            client.manner = Manner::Attentive;
        }
        for key in self.keys.clone() {
            self.take(key);
        }
        for key in self.keys.clone() {
            let open = self.clients.get_mut(&key).map(|client| std::mem::take(&mut client.invocations));
            for request in open.unwrap_or_default() {
                if self.clients.contains_key(&key) {
                    self.finish(key, request);
                }
            }
        }
        self.deliver();
        self.messages != before
    }

    fn send(&mut self, key: SessionKey, message: impl Into<Message>) {
        self.messages += 1;
        self.router.handle_message(key, message.into(), self.now);
    }

    /// Takes what waits for those that read.
    fn deliver(&mut self) {
        while let Some(key) = self.router.next_ready() {
            if self.clients.get(&key).is_some_and(|client| client.manner == Manner::Attentive) {
                self.take(key);
            }
        }
    }

    fn take(&mut self, key: SessionKey) {
        while let Some(output) = self.router.poll_output(key) {
            self.messages += 1;
            let client = self.clients.get_mut(&key).expect("only what is attached is told anything");
            match output {
                Outgoing::Message(message) => {
                    self.events_taken += u64::from(matches!(*message, Message::Event(_)));
                    client.receive(&message);
                }
                Outgoing::Shared(event) => {
                    self.events_taken += 1;
                    client.receive(event.message());
                }
                Outgoing::Close(reason) => {
                    let is_deserved = client.is_leaving || matches!(reason, CloseReason::TooSlow);
                    assert!(is_deserved, "closed for no reason: {reason}");
                    return self.forget(key);
                }
                _ => panic!("an unknown output"),
            }
        }
    }

    fn forget(&mut self, key: SessionKey) {
        self.clients.remove(&key);
        self.keys.retain(|other| *other != key);
        self.router.handle_detach(key, self.now);
    }

    fn pass_time(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.router.poll_timeout().filter(|due| *due <= end) {
            self.now = due.max(self.now);
            self.router.handle_timeout(self.now);
        }
        self.now = end;
    }

    fn one_of_the_keys(&mut self) -> SessionKey {
        let choice = self.below(self.keys.len());
        self.keys[choice]
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.random.next_u64() % 100 < percent
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.random.next_u64()).unwrap() % end
    }
}

fn choose<T>(from: &[T], choice: u64) -> Option<&T> {
    from.get(usize::try_from(choice).ok()?.checked_rem(from.len())?)
}

/// A number for the publisher's connection.
fn key_number(key: SessionKey) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish() >> 11
}
