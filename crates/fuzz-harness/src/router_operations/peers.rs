//! The peers of the router, and what they may receive.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use bytes::Bytes;
use wirebahn_core::Instant;
use wirebahn_core::wamp::message::{
    Authenticate, Call, Cancel, Error, Goodbye, Hello, Publish, Register, Subscribe, Unregister, Unsubscribe,
    Yield,
};
use wirebahn_core::wamp::{
    CallOptions, CancelMode, CancelOptions, Dict, ErrorDetails, Feature, Features, GoodbyeDetails,
    HelloDetails, InvocationPolicy, MatchPolicy, Message, Payload, PublishOptions, Receivers,
    RegisterOptions, RegistrationId, RequestId, RequestType, Role, Roles, Serializer, SubscribeOptions,
    SubscriptionId, UnregisterOptions, UnsubscribeOptions, Uri, YieldOptions, error_uri,
};
use wirebahn_router::{
    Answer, Identity, Outgoing, Question, QuestionKind, Router, SessionKey, TransportInfo,
};

use super::script::{Operation, Step};
use super::{QUEUE, serializer};

const PEERS: usize = 5;
/// Twice the limit, as for answers, then the last messages of a session, and the end.
const MOST_WAITING: usize = 2 * QUEUE + 3;
const URIS: [&str; 8] = ["a.b", "a.c", "a.b.c", "a", "", "a..c", "wamp.session.on_join", "b.#"];
const META: [&str; 18] = [
    "wamp.session.count",
    "wamp.session.list",
    "wamp.session.get",
    "wamp.session.kill_all",
    "wamp.session.kill_by_authrole",
    "wamp.session.add_testament",
    "wamp.session.flush_testaments",
    "wamp.subscription.list",
    "wamp.subscription.get",
    "wamp.subscription.match",
    "wamp.subscription.list_subscribers",
    "wamp.registration.list",
    "wamp.registration.lookup",
    "wamp.registration.list_callees",
    "wamp.registration.remove_callee",
    "wamp.nothing",
    "wamp.subscription.get_events",
    "wamp.subscription.remove_subscriber",
];

pub(super) struct Peers {
    router: Router,
    now: Instant,
    peers: [Option<Peer>; PEERS],
    questions: Vec<Question>,
    events_read: u64,
}

/// A connection, and what its session may receive.
struct Peer {
    key: SessionKey,
    serializer: Serializer,
    requests: u64,
    invocations: u64,
    subscriptions: HashSet<SubscriptionId>,
    registrations: HashSet<RegistrationId>,
    /// How many answers there may be to each call: parts of calls and ids that were used again count as calls.
    open_calls: HashMap<RequestId, u32>,
    is_closed: bool,
}

impl Peers {
    pub(super) fn new(router: Router, now: Instant) -> Self {
        let peers = std::array::from_fn(|_| None);
        Self { router, now, peers, questions: Vec::new(), events_read: 0 }
    }

    pub(super) fn take(&mut self, Step { session, operation }: Step) {
        let number = usize::from(session) % PEERS;
        match operation {
            Operation::Advance { millis } => self.advance(u64::from(millis)),
            Operation::Answer { allow, challenge } => self.answer(allow, challenge),
            Operation::ShutDown => self.router.shut_down(self.now),
            Operation::Detach => self.detach(number),
            Operation::Read { count } => self.read(number, usize::from(count)),
            Operation::Malformed => {
                if let Some(peer) = self.peer(number) {
                    let key = peer.key;
                    self.router.handle_malformed(key, "not a message".into(), self.now);
                }
            }
            operation => {
                self.attach(number);
                if let Some(message) = self.message(number, operation) {
                    self.send(number, message);
                }
            }
        }
        while self.router.next_ready().is_some() {}
        self.questions.extend(std::iter::from_fn(|| self.router.poll_question()));
    }

    /// All connections go, and nothing may be left of them.
    pub(super) fn end(mut self) {
        for number in 0..PEERS {
            self.read(number, usize::MAX);
        }
        for number in 0..PEERS {
            self.detach(number);
        }
        for question in std::mem::take(&mut self.questions) {
            let late = self.router.answer(question.id, Answer::Allow, self.now);
            assert!(late.is_err(), "somebody who is gone waits for an answer");
        }
        assert_eq!(self.router.connections(), 0);
        assert_eq!(self.router.poll_timeout(), None);
        assert!(self.router.poll_question().is_none() && self.router.next_ready().is_none());
        for realm in self.router.snapshot() {
            assert_eq!(realm.realm, "realm1", "a realm on demand is left over");
            let left = (realm.sessions, realm.subscriptions, realm.registrations, realm.pending_calls);
            assert_eq!(left, (0, 0, 0, 0));
        }
        let metrics = self.router.metrics();
        assert_eq!(metrics.sessions_joined, metrics.sessions_left);
        assert_eq!(metrics.calls, metrics.calls_succeeded + metrics.calls_failed);
        let gone = self.events_read + metrics.events_lost + metrics.events_dropped;
        assert!(metrics.events_queued <= gone, "an event got lost uncounted");
    }

    fn peer(&mut self, number: usize) -> Option<&mut Peer> {
        self.peers.get_mut(number)?.as_mut()
    }

    fn attach(&mut self, number: usize) {
        if self.peer(number).is_some() {
            return;
        }
        let serializer = serializer(number);
        let key = self.router.attach(TransportInfo::new(serializer), self.now);
        if let Some(slot) = self.peers.get_mut(number) {
            *slot = Some(Peer::new(key, serializer));
        }
    }

    fn detach(&mut self, number: usize) {
        if let Some(peer) = self.peers.get_mut(number).and_then(Option::take) {
            self.router.handle_detach(peer.key, self.now);
            self.router.handle_detach(peer.key, self.now);
            assert!(self.router.poll_output(peer.key).is_none(), "a connection that is gone has an output");
        }
    }

    fn send(&mut self, number: usize, message: Message) {
        let now = self.now;
        let Some(peer) = self.peers.get_mut(number).and_then(Option::as_mut) else { return };
        if let Message::Call(call) = &message {
            *peer.open_calls.entry(call.request).or_default() += 1;
        }
        self.router.handle_message(peer.key, message, now);
    }

    fn advance(&mut self, millis: u64) {
        self.now = self.now + Duration::from_millis(millis);
        self.router.handle_timeout(self.now);
        assert!(self.router.poll_timeout().is_none_or(|due| due > self.now), "a timer that has run is armed");
    }

    fn answer(&mut self, allow: bool, challenge: bool) {
        let Some(question) = self.questions.pop() else { return };
        let refuse =
            Answer::Refuse { reason: Uri::from_static(error_uri::NOT_AUTHORIZED), message: "no".into() };
        let answer = match question.kind {
            _ if !allow => refuse,
            QuestionKind::Authorize(_) => Answer::Allow,
            _ if challenge => Answer::Challenge { method: "ticket".into(), extra: Dict::new() },
            _ => Answer::Welcome {
                identity: Box::new(Identity::new("joe", "user", "ticket")),
                realm: Some(Uri::from_static("realm1")),
            },
        };
        // An error says that the session is gone.
        let _ = self.router.answer(question.id, answer, self.now);
    }

    fn read(&mut self, number: usize, count: usize) {
        let Some(peer) = self.peers.get_mut(number).and_then(Option::as_mut) else { return };
        let queued = self.router.metrics();
        let queued = queued.messages_queued + queued.events_queued;
        let mut read = 0;
        while read < count
            && let Some(output) = self.router.poll_output(peer.key)
        {
            read += 1;
            match output {
                Outgoing::Message(message) => {
                    let bytes = peer.serializer.encode_to_bytes(&message);
                    assert!(
                        peer.serializer.decode(&bytes).is_ok(),
                        "what is sent cannot be read: {message:?}"
                    );
                    peer.receive(&message);
                }
                Outgoing::Shared(event) => {
                    assert!(peer.serializer.decode(&event.encoded(peer.serializer)).is_ok());
                    self.events_read += 1;
                    peer.receive(event.message());
                }
                Outgoing::Close(_) => {
                    assert!(self.router.poll_output(peer.key).is_none(), "there is something after the end");
                    peer.is_closed = true;
                }
                _ => {}
            }
        }
        // What goes on when there is room again comes behind what had been waiting, and is as much as publishers had sent.
        let now_queued = self.router.metrics();
        let since = now_queued.messages_queued + now_queued.events_queued - queued;
        let waited = read.saturating_sub(usize::try_from(since).unwrap_or(usize::MAX));
        assert!(waited <= MOST_WAITING, "{waited} messages had been waiting");
    }

    fn message(&mut self, number: usize, operation: Operation) -> Option<Message> {
        let peer = self.peer(number)?;
        let request = peer.next_request();
        Some(match operation {
            Operation::Hello { realm, features } => hello(realm, features),
            Operation::Goodbye => {
                let reason = Uri::from_static("wamp.close.close_realm");
                Goodbye { details: GoodbyeDetails::default(), reason }.into()
            }
            Operation::Subscribe { uri, policy, retained } => {
                let mut options = SubscribeOptions::default();
                options.match_policy = match_policy(policy);
                options.get_retained = retained;
                Subscribe { request, options, topic: self::uri(uri) }.into()
            }
            Operation::Unsubscribe { id } => {
                let subscription = SubscriptionId::new(u64::from(id) % 32 + 1).ok()?;
                Unsubscribe { request, subscription, options: UnsubscribeOptions::default() }.into()
            }
            Operation::Publish { uri, flags, len } => {
                let payload = peer.payload(&"x".repeat(usize::from(len) * 8));
                Publish { request, options: publish_options(flags), topic: self::uri(uri), payload }.into()
            }
            Operation::Register { uri, policy, invoke, flags } => {
                let mut options = RegisterOptions::default();
                options.match_policy = match_policy(policy);
                options.invoke = invocation_policy(invoke);
                options.force_reregister = flags & 1 != 0;
                options.concurrency = (flags & 2 != 0).then_some(u64::from(flags >> 4));
                options.forward_timeout = flags & 4 != 0;
                Register { request, options, procedure: self::uri(uri) }.into()
            }
            Operation::Unregister { id } => {
                let registration = RegistrationId::new(u64::from(id) % 32 + 1).ok()?;
                Unregister { request, registration, options: UnregisterOptions::default() }.into()
            }
            Operation::Call { uri, flags, timeout } => {
                let mut options = CallOptions::default();
                options.receive_progress = flags & 1 != 0;
                options.progress = flags & 2 != 0;
                options.disclose_me = flags & 4 != 0;
                options.timeout = u64::from(timeout);
                Call { request, options, procedure: self::uri(uri), payload: peer.payload("call") }.into()
            }
            Operation::Part { uri, last } => {
                peer.requests = peer.requests.saturating_sub(1);
                let request = RequestId::new(peer.requests).ok()?;
                let mut options = CallOptions::default();
                options.progress = !last;
                Call { request, options, procedure: self::uri(uri), payload: peer.payload("part") }.into()
            }
            Operation::Cancel { back, mode } => {
                peer.requests = peer.requests.saturating_sub(1);
                let request = RequestId::new(peer.requests.saturating_sub(u64::from(back % 8))).ok()?;
                let mut options = CancelOptions::default();
                options.mode = match mode % 4 {
                    0 => None,
                    1 => Some(CancelMode::Skip),
                    2 => Some(CancelMode::Kill),
                    _ => Some(CancelMode::KillNoWait),
                };
                Cancel { request, options }.into()
            }
            Operation::Yield { back, progress } => {
                peer.requests = peer.requests.saturating_sub(1);
                let request = peer.invocation(back)?;
                let mut options = YieldOptions::default();
                options.progress = progress;
                Yield { request, options, payload: peer.payload("result") }.into()
            }
            Operation::Fail { back } => {
                peer.requests = peer.requests.saturating_sub(1);
                let request = peer.invocation(back)?;
                let (request_type, details) = (RequestType::Invocation, ErrorDetails::default());
                let (error, payload) = (Uri::from_static("com.error"), Payload::empty());
                Error { request_type, request, details, error, payload }.into()
            }
            Operation::Meta { procedure, id } => {
                let procedure = META.get(usize::from(procedure) % META.len())?;
                let payload = match id % 4 {
                    0 => Payload::empty(),
                    1 => Payload::encode_args(peer.serializer, &(u64::from(id >> 2),)).ok()?,
                    2 => Payload::encode_args(peer.serializer, &("a.b", ["x"])).ok()?,
                    _ => Payload::encode_args(peer.serializer, &("anonymous",)).ok()?,
                };
                let options = CallOptions::default();
                Call { request, options, procedure: Uri::from_static(procedure), payload }.into()
            }
            Operation::Raw(bytes) => {
                let answer = || Authenticate { signature: "x".into(), extra: Dict::new() }.into();
                Serializer::Json.decode(&Bytes::from(bytes)).unwrap_or_else(|_| answer())
            }
            _ => return None,
        })
    }
}

impl Peer {
    fn new(key: SessionKey, serializer: Serializer) -> Self {
        Self {
            key,
            serializer,
            requests: 0,
            invocations: 0,
            subscriptions: HashSet::new(),
            registrations: HashSet::new(),
            open_calls: HashMap::new(),
            is_closed: false,
        }
    }

    fn next_request(&mut self) -> RequestId {
        self.requests += 1;
        RequestId::new(self.requests).unwrap_or(RequestId::FIRST)
    }

    /// One of the last invocations, or one that never was.
    fn invocation(&self, back: u8) -> Option<RequestId> {
        RequestId::new((self.invocations + 1).saturating_sub(u64::from(back % 8))).ok()
    }

    fn payload(&self, text: &str) -> Payload {
        Payload::encode_args(self.serializer, &(text,)).unwrap_or_else(|_| Payload::empty())
    }

    /// Checks that the message may come now.
    fn receive(&mut self, message: &Message) {
        assert!(!self.is_closed, "after the end: {message:?}");
        match message {
            Message::Welcome(_) => {
                // Calls may have been sent before this was read.
                let open_calls = std::mem::take(&mut self.open_calls);
                *self = Self { open_calls, ..Self::new(self.key, self.serializer) };
            }
            Message::Subscribed(subscribed) => {
                self.subscriptions.insert(subscribed.subscription);
            }
            Message::Event(event) => {
                assert!(self.subscriptions.contains(&event.subscription), "before SUBSCRIBED: {event:?}");
            }
            Message::Registered(registered) => {
                self.registrations.insert(registered.registration);
            }
            Message::Invocation(invocation) => {
                let registration = invocation.registration;
                assert!(self.registrations.contains(&registration), "before REGISTERED: {invocation:?}");
                assert!(invocation.request.get() <= self.invocations + 1, "{invocation:?} leaves a gap");
                self.invocations = self.invocations.max(invocation.request.get());
            }
            Message::Interrupt(interrupt) => assert!(interrupt.request.get() <= self.invocations),
            Message::Result(result) => {
                let open = self.open_calls.get_mut(&result.request).filter(|open| **open > 0);
                let Some(open) = open else { panic!("nobody has called: {result:?}") };
                *open -= u32::from(!result.details.progress);
            }
            Message::Error(error) if error.request_type == RequestType::Call => {
                let open = self.open_calls.get_mut(&error.request).filter(|open| **open > 0);
                let Some(open) = open else { panic!("nobody has called: {error:?}") };
                *open -= 1;
            }
            _ => {}
        }
    }
}

fn hello(realm: u8, features: bool) -> Message {
    let all: Features = Feature::ALL.iter().copied().collect();
    let features = if features { all } else { Features::NONE };
    let mut details = HelloDetails::default();
    details.roles = [Role::Publisher, Role::Subscriber, Role::Caller, Role::Callee]
        .into_iter()
        .fold(Roles::new(), |roles, role| roles.with(role, features));
    let realm = match realm % 8 {
        0 => None,
        1 => Some(Uri::from_static("realm2")),
        2 => Some(Uri::from_static("realm3")),
        3 => Some(Uri::from_static("not a realm")),
        _ => Some(Uri::from_static("realm1")),
    };
    Hello { realm, details: Box::new(details) }.into()
}

fn publish_options(flags: u8) -> PublishOptions {
    let mut options = PublishOptions::default();
    options.acknowledge = flags & 1 != 0;
    options.exclude_me = flags & 2 == 0;
    options.retain = flags & 4 != 0;
    options.disclose_me = flags & 8 != 0;
    if flags & 16 != 0 {
        let mut receivers = Receivers::default();
        receivers.eligible_authrole = Some(vec![if flags & 32 == 0 { "anonymous" } else { "user" }.into()]);
        options.receivers = Some(Box::new(receivers));
    }
    options
}

fn uri(number: u8) -> Uri {
    URIS.get(usize::from(number) % URIS.len()).map(|uri| Uri::from_static(uri)).unwrap_or_default()
}

fn match_policy(number: u8) -> MatchPolicy {
    match number % 3 {
        0 => MatchPolicy::Exact,
        1 => MatchPolicy::Prefix,
        _ => MatchPolicy::Wildcard,
    }
}

fn invocation_policy(number: u8) -> InvocationPolicy {
    match number % 5 {
        0 => InvocationPolicy::Single,
        1 => InvocationPolicy::RoundRobin,
        2 => InvocationPolicy::Random,
        3 => InvocationPolicy::First,
        _ => InvocationPolicy::Last,
    }
}
