//! Random operations on several sessions, compared with a model that is nothing but lists.
//!
//! The model says what each session has to receive, message by message; the router must queue exactly that, in that
//! order. Sessions read at random times, so that what is queued gets mixed with what leaves behind.

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;
use wirebahn_core::wamp::MatchPolicy::{self, Exact, Prefix, Wildcard};
use wirebahn_core::wamp::message::{Subscribe, Unregister, Unsubscribe};
use wirebahn_core::wamp::{
    CancelMode, InvocationPolicy, Message, RegistrationId, RequestId, RequestType, SubscribeOptions,
    SubscriptionId, UnregisterOptions, UnsubscribeOptions, Uri, compare_precedence,
};

use crate::world::{Client, World, all_features, hello, text};

const SESSIONS: usize = 4;
const URIS: [&str; 4] = ["a.b", "a.c", "a.b.c", "ab.c"];
const PREFIXES: [&str; 4] = ["ab", "a", "a.b", "a.b."];
const WILDCARDS: [&str; 4] = [".b", "a.", ".", "a..c"];

#[derive(Clone, Copy, Debug)]
enum Operation {
    Join,
    Detach,
    Goodbye,
    Read,
    Subscribe(MatchPolicy, usize),
    /// The subscription with this number, counted over all that there have been.
    Unsubscribe(u64),
    Publish {
        uri: usize,
        acknowledge: bool,
        exclude_me: bool,
    },
    Register(MatchPolicy, usize, InvocationPolicy),
    Unregister(u64),
    Call {
        uri: usize,
    },
    Progress(usize),
    Yield(usize),
    Fail(usize),
    Cancel(usize, Option<CancelMode>),
}

fn operation() -> impl Strategy<Value = (usize, Operation)> {
    use Operation as Op;
    let policy = || prop_oneof![Just(Exact), Just(Prefix), Just(Wildcard)];
    let invoke = prop_oneof![
        Just(InvocationPolicy::Single),
        Just(InvocationPolicy::First),
        Just(InvocationPolicy::Last),
        Just(InvocationPolicy::RoundRobin),
    ];
    let mode = prop_oneof![
        Just(None),
        Just(Some(CancelMode::Skip)),
        Just(Some(CancelMode::Kill)),
        Just(Some(CancelMode::KillNoWait)),
    ];
    let operation = prop_oneof![
        3 => Just(Op::Join),
        1 => Just(Op::Detach),
        1 => Just(Op::Goodbye),
        3 => Just(Op::Read),
        4 => (policy(), 0..4usize).prop_map(|(policy, uri)| Op::Subscribe(policy, uri)),
        1 => (1..12u64).prop_map(Op::Unsubscribe),
        6 => (0..4usize, any::<bool>(), any::<bool>())
            .prop_map(|(uri, acknowledge, exclude_me)| Op::Publish { uri, acknowledge, exclude_me }),
        4 => (policy(), 0..4usize, invoke).prop_map(|(policy, uri, invoke)| Op::Register(policy, uri, invoke)),
        1 => (1..12u64).prop_map(Op::Unregister),
        6 => (0..4usize).prop_map(|uri| Op::Call { uri }),
        2 => (0..6usize).prop_map(Op::Progress),
        5 => (0..6usize).prop_map(Op::Yield),
        2 => (0..6usize).prop_map(Op::Fail),
        3 => (0..6usize, mode).prop_map(|(call, mode)| Op::Cancel(call, mode)),
    ];
    (0..SESSIONS, operation)
}

fn pattern(policy: MatchPolicy, at: usize) -> &'static str {
    match policy {
        Exact => URIS[at],
        Prefix => PREFIXES[at],
        Wildcard => WILDCARDS[at],
    }
}

/// What a session has to receive.
#[derive(Clone, Debug, PartialEq)]
enum Expected {
    Welcome,
    Goodbye,
    Subscribed(u64, u64),
    Unsubscribed(u64),
    Published(u64),
    /// The subscription and the text. Those of one publication are in the order of their ids.
    Event(u64, String),
    Registered(u64, u64),
    Unregistered(u64),
    Invocation {
        request: u64,
        registration: u64,
        text: String,
    },
    Interrupt(u64, CancelMode),
    Result {
        request: u64,
        progress: bool,
        text: String,
    },
    Error(RequestType, u64, String),
}

#[derive(Debug, Default)]
struct Session {
    is_joined: bool,
    requests: u64,
    invocations: u64,
    expected: VecDeque<Expected>,
}

#[derive(Debug)]
struct Registration {
    id: u64,
    invoke: InvocationPolicy,
    callees: Vec<usize>,
    next: usize,
}

#[derive(Debug)]
struct Call {
    caller: usize,
    request: u64,
    callee: usize,
    invocation: u64,
    is_interrupted: bool,
}

#[derive(Debug, Default)]
struct Model {
    sessions: [Session; SESSIONS],
    /// By policy and pattern: the id, and the sessions.
    subscriptions: BTreeMap<(MatchPolicy, &'static str), (u64, Vec<usize>)>,
    registrations: BTreeMap<(MatchPolicy, &'static str), Registration>,
    calls: Vec<Call>,
    subscriptions_made: u64,
    registrations_made: u64,
}

impl Model {
    fn expect(&mut self, session: usize, expected: Expected) {
        self.sessions[session].expected.push_back(expected);
    }

    fn refuse(&mut self, session: usize, request_type: RequestType, request: u64, error: &str) {
        self.expect(session, Expected::Error(request_type, request, format!("wamp.error.{error}")));
    }

    fn subscribe(&mut self, session: usize, request: u64, key: (MatchPolicy, &'static str)) {
        let next = self.subscriptions_made + 1;
        let (id, subscribers) = self.subscriptions.entry(key).or_insert((next, Vec::new()));
        if *id == next {
            self.subscriptions_made = next;
        }
        if !subscribers.contains(&session) {
            subscribers.push(session);
        }
        let id = *id;
        self.expect(session, Expected::Subscribed(request, id));
    }

    fn unsubscribe(&mut self, session: usize, request: u64, id: u64) {
        let found = self.subscriptions.iter_mut().find(|(_, (of, who))| *of == id && who.contains(&session));
        match found {
            Some((_, (_, subscribers))) => {
                subscribers.retain(|&other| other != session);
                self.expect(session, Expected::Unsubscribed(request));
            }
            None => self.refuse(session, RequestType::Unsubscribe, request, "no_such_subscription"),
        }
        self.subscriptions.retain(|_, (_, subscribers)| !subscribers.is_empty());
    }

    fn publish(&mut self, session: usize, topic: &str, text: &str, exclude_me: bool) {
        let matching =
            self.subscriptions.iter().filter(|((policy, pattern), _)| policy.matches(pattern, topic));
        let mut ids: Vec<(u64, Vec<usize>)> =
            matching.map(|(_, subscription)| subscription.clone()).collect();
        ids.sort_unstable();
        for (id, subscribers) in ids {
            for subscriber in subscribers {
                if subscriber != session || !exclude_me {
                    self.expect(subscriber, Expected::Event(id, text.into()));
                }
            }
        }
    }

    fn register(
        &mut self,
        session: usize,
        request: u64,
        key: (MatchPolicy, &'static str),
        invoke: InvocationPolicy,
    ) {
        let single = InvocationPolicy::Single;
        if let Some(there) = self.registrations.get_mut(&key) {
            if there.callees.contains(&session) || (there.invoke == single && invoke == single) {
                return self.refuse(session, RequestType::Register, request, "procedure_already_exists");
            }
            if there.invoke != invoke {
                let error = "procedure_exists_with_different_invocation_policy";
                return self.refuse(session, RequestType::Register, request, error);
            }
            there.callees.push(session);
            let id = there.id;
            return self.expect(session, Expected::Registered(request, id));
        }
        self.registrations_made += 1;
        let id = self.registrations_made;
        self.registrations.insert(key, Registration { id, invoke, callees: vec![session], next: 0 });
        self.expect(session, Expected::Registered(request, id));
    }

    fn unregister(&mut self, session: usize, request: u64, id: u64) {
        let mut values = self.registrations.values_mut();
        let found = values.find(|there| there.id == id && there.callees.contains(&session));
        match found {
            Some(there) => {
                there.remove(session);
                self.expect(session, Expected::Unregistered(request));
            }
            None => self.refuse(session, RequestType::Unregister, request, "no_such_registration"),
        }
        self.registrations.retain(|_, there| !there.callees.is_empty());
    }

    fn call(&mut self, caller: usize, request: u64, procedure: &str, text: String) {
        let matching =
            self.registrations.iter_mut().filter(|((policy, at), _)| policy.matches(at, procedure));
        let best = matching.max_by(|(a, _), (b, _)| compare_precedence(**a, **b));
        let Some((_, there)) = best else {
            return self.refuse(caller, RequestType::Call, request, "no_such_procedure");
        };
        let at = match there.invoke {
            InvocationPolicy::Last => there.callees.len() - 1,
            InvocationPolicy::RoundRobin => there.next % there.callees.len(),
            _ => 0,
        };
        there.next = at + 1;
        let (callee, registration) = (there.callees[at], there.id);
        self.sessions[callee].invocations += 1;
        let invocation = self.sessions[callee].invocations;
        self.calls.push(Call { caller, request, callee, invocation, is_interrupted: false });
        self.expect(callee, Expected::Invocation { request: invocation, registration, text });
    }

    fn cancel(&mut self, session: usize, request: u64, mode: CancelMode) {
        let mut calls = self.calls.iter_mut();
        let Some(call) = calls.find(|call| (call.caller, call.request) == (session, request)) else { return };
        let (callee, invocation, was) = (call.callee, call.invocation, call.is_interrupted);
        call.is_interrupted |= mode != CancelMode::Skip;
        if mode != CancelMode::Skip && !was {
            self.expect(callee, Expected::Interrupt(invocation, mode));
        }
        if mode != CancelMode::Kill {
            self.calls.retain(|call| (call.caller, call.request) != (session, request));
            self.refuse(session, RequestType::Call, request, "canceled");
        }
    }

    /// The callee answers; returns whether anybody waits.
    fn answer(&mut self, session: usize, invocation: u64) -> Option<(usize, u64)> {
        let of = |call: &Call| (call.callee, call.invocation) == (session, invocation);
        let found = self.calls.iter().position(of)?;
        let call = self.calls.remove(found);
        Some((call.caller, call.request))
    }

    fn leave(&mut self, session: usize) {
        let calls = std::mem::take(&mut self.calls);
        let (made, others): (Vec<_>, Vec<_>) = calls.into_iter().partition(|call| call.caller == session);
        for call in made {
            if call.callee != session && !call.is_interrupted {
                self.expect(call.callee, Expected::Interrupt(call.invocation, CancelMode::KillNoWait));
            }
        }
        let (open, others): (Vec<_>, Vec<_>) = others.into_iter().partition(|call| call.callee == session);
        for call in open {
            self.refuse(call.caller, RequestType::Call, call.request, "canceled");
        }
        self.calls = others;
        self.subscriptions.values_mut().for_each(|(_, who)| who.retain(|&other| other != session));
        self.subscriptions.retain(|_, (_, subscribers)| !subscribers.is_empty());
        self.registrations.values_mut().for_each(|there| there.remove(session));
        self.registrations.retain(|_, there| !there.callees.is_empty());
        let Session { expected, .. } = std::mem::take(&mut self.sessions[session]);
        self.sessions[session].expected = expected;
    }
}

impl Registration {
    fn remove(&mut self, session: usize) {
        let Some(at) = self.callees.iter().position(|&callee| callee == session) else { return };
        self.callees.remove(at);
        if at < self.next {
            self.next -= 1;
        }
    }
}

/// The router beside the model.
struct Both {
    world: World,
    model: Model,
    clients: [Option<Client>; SESSIONS],
    texts: u64,
    events_read: u64,
}

impl Both {
    fn new() -> Self {
        Self {
            world: World::open(),
            model: Model::default(),
            clients: [None; SESSIONS],
            texts: 0,
            events_read: 0,
        }
    }

    fn run(&mut self, session: usize, operation: Operation) {
        let is_joined = self.model.sessions[session].is_joined;
        match (operation, self.clients[session]) {
            (Operation::Join, client) if !is_joined => self.join(session, client),
            (Operation::Read, Some(client)) => self.read(session, client),
            (operation, Some(client)) if is_joined => self.run_joined(session, client, operation),
            (Operation::Detach, Some(client)) => self.detach(session, client),
            _ => {}
        }
        let snapshot = &self.world.router.snapshot()[0];
        assert_eq!(snapshot.sessions, self.model.sessions.iter().filter(|session| session.is_joined).count());
        assert_eq!(snapshot.subscriptions, self.model.subscriptions.len());
        assert_eq!(snapshot.registrations, self.model.registrations.len());
        assert_eq!(snapshot.pending_calls, self.model.calls.len());
    }

    fn join(&mut self, session: usize, client: Option<Client>) {
        let key = client.map_or_else(|| self.world.attach(), |client| client.key);
        self.world.send(key, hello("realm1", all_features()));
        // The id of the session is of no matter: what a client needs is its key.
        let unknown = wirebahn_core::wamp::SessionId::new(1).unwrap();
        self.clients[session] = Some(Client { key, session: unknown });
        self.model.sessions[session].is_joined = true;
        self.model.expect(session, Expected::Welcome);
    }

    fn detach(&mut self, session: usize, client: Client) {
        self.world.detach(client);
        self.clients[session] = None;
        self.model.leave(session);
        self.model.sessions[session].expected.clear();
    }

    fn run_joined(&mut self, session: usize, client: Client, operation: Operation) {
        let request_id = |both: &mut Self| {
            both.model.sessions[session].requests += 1;
            RequestId::new(both.model.sessions[session].requests).unwrap()
        };
        match operation {
            Operation::Join | Operation::Read => {}
            Operation::Detach => self.detach(session, client),
            Operation::Goodbye => {
                self.world.goodbye(client);
                self.model.leave(session);
                self.model.expect(session, Expected::Goodbye);
            }
            Operation::Subscribe(policy, at) => {
                let request = request_id(self);
                let mut options = SubscribeOptions::default();
                options.match_policy = policy;
                let topic = Uri::from_static(pattern(policy, at));
                self.world.send(client.key, Subscribe { request, options, topic });
                self.model.subscribe(session, request.get(), (policy, pattern(policy, at)));
            }
            Operation::Unsubscribe(id) => {
                let request = request_id(self);
                let (subscription, options) =
                    (SubscriptionId::new(id).unwrap(), UnsubscribeOptions::default());
                self.world.send(client.key, Unsubscribe { request, subscription, options });
                self.model.unsubscribe(session, request.get(), id);
            }
            Operation::Publish { uri, acknowledge, exclude_me } => {
                let (request, text) = (request_id(self), self.next_text());
                self.world.send_publish(client, request, URIS[uri], &text, |options| {
                    options.acknowledge = acknowledge;
                    options.exclude_me = exclude_me;
                });
                self.model.publish(session, URIS[uri], &text, exclude_me);
                if acknowledge {
                    self.model.expect(session, Expected::Published(request.get()));
                }
            }
            Operation::Register(policy, at, invoke) => {
                let request = request_id(self);
                self.world.register_as(client, request, pattern(policy, at), |options| {
                    options.match_policy = policy;
                    options.invoke = invoke;
                });
                self.model.register(session, request.get(), (policy, pattern(policy, at)), invoke);
            }
            Operation::Unregister(id) => {
                let request = request_id(self);
                let (registration, options) =
                    (RegistrationId::new(id).unwrap(), UnregisterOptions::default());
                self.world.send(client.key, Unregister { request, registration, options });
                self.model.unregister(session, request.get(), id);
            }
            Operation::Call { uri } => {
                let (request, text) = (request_id(self), self.next_text());
                self.world.send_call(client, request, URIS[uri], &text, |options| {
                    options.receive_progress = true;
                });
                self.model.call(session, request.get(), URIS[uri], text);
            }
            Operation::Progress(at) => {
                let Some(invocation) = self.some_invocation(session, at) else { return };
                let text = self.next_text();
                self.world.yield_progress(client, invocation, &text);
                let mut calls = self.model.calls.iter();
                let of = |call: &&Call| (call.callee, call.invocation) == (session, invocation.get());
                if let Some(&Call { caller, request, .. }) = calls.find(of) {
                    self.model.expect(caller, Expected::Result { request, progress: true, text });
                }
            }
            Operation::Yield(at) => {
                let Some(invocation) = self.some_invocation(session, at) else { return };
                let text = self.next_text();
                self.world.yield_text(client, invocation, &text);
                if let Some((caller, request)) = self.model.answer(session, invocation.get()) {
                    self.model.expect(caller, Expected::Result { request, progress: false, text });
                }
            }
            Operation::Fail(at) => {
                let Some(invocation) = self.some_invocation(session, at) else { return };
                self.world.yield_error(client, invocation, "wamp.error.failed");
                if let Some((caller, request)) = self.model.answer(session, invocation.get()) {
                    self.model.refuse(caller, RequestType::Call, request, "failed");
                }
            }
            Operation::Cancel(back, mode) => {
                // One of the last requests, which may be no call, or one that is over.
                let last = self.model.sessions[session].requests;
                let Some(request) = last.checked_sub(back as u64).filter(|&request| request > 0) else {
                    return;
                };
                self.world.cancel(client, RequestId::new(request).unwrap(), mode);
                self.model.cancel(session, request, mode.unwrap_or(CancelMode::KillNoWait));
            }
        }
    }

    /// One of the last invocations of a session, answered or not.
    fn some_invocation(&self, session: usize, back: usize) -> Option<RequestId> {
        let last = self.model.sessions[session].invocations;
        last.checked_sub(back as u64).and_then(|id| RequestId::new(id).ok())
    }

    fn next_text(&mut self) -> String {
        self.texts += 1;
        self.texts.to_string()
    }

    fn read(&mut self, session: usize, client: Client) {
        let received: Vec<Expected> = self.world.received(client.key).iter().map(as_expected).collect();
        self.events_read += received.iter().filter(|one| matches!(one, Expected::Event(..))).count() as u64;
        let expected: Vec<Expected> = std::mem::take(&mut self.model.sessions[session].expected).into();
        assert_eq!(in_order_of_ids(received), expected, "of session {session}");
    }

    fn end(mut self) {
        for session in 0..SESSIONS {
            if let Some(client) = self.clients[session] {
                self.read(session, client);
            }
        }
        for session in 0..SESSIONS {
            if let Some(client) = self.clients[session] {
                self.detach(session, client);
            }
        }
        let snapshot = &self.world.router.snapshot()[0];
        assert_eq!((snapshot.sessions, snapshot.subscriptions, snapshot.registrations), (0, 0, 0));
        assert_eq!(self.world.router.connections(), 0);
        assert_eq!(self.world.router.poll_timeout(), None, "a timer is left over");
        let metrics = self.world.router.metrics();
        assert_eq!(metrics.sessions_joined, metrics.sessions_left);
        assert_eq!(metrics.calls, metrics.calls_succeeded + metrics.calls_failed);
        assert_eq!(
            metrics.events_queued,
            self.events_read + metrics.events_lost,
            "an event got lost uncounted"
        );
        assert_eq!((metrics.violations, metrics.events_dropped), (0, 0));
    }
}

/// Brings the events of each publication into the order of their subscriptions.
fn in_order_of_ids(mut received: Vec<Expected>) -> Vec<Expected> {
    let is_same = |a: &Expected, b: &Expected| matches!((a, b), (Expected::Event(_, a), Expected::Event(_, b)) if a == b);
    for chunk in received.chunk_by_mut(is_same) {
        chunk.sort_by_key(|event| match event {
            Expected::Event(id, _) => *id,
            _ => 0,
        });
    }
    received
}

fn as_expected(message: &Message) -> Expected {
    match message {
        Message::Welcome(_) => Expected::Welcome,
        Message::Goodbye(_) => Expected::Goodbye,
        Message::Subscribed(m) => Expected::Subscribed(m.request.get(), m.subscription.get()),
        Message::Unsubscribed(m) => Expected::Unsubscribed(m.request.unwrap().get()),
        Message::Published(m) => Expected::Published(m.request.get()),
        Message::Event(m) => Expected::Event(m.subscription.get(), text(&m.payload)),
        Message::Registered(m) => Expected::Registered(m.request.get(), m.registration.get()),
        Message::Unregistered(m) => Expected::Unregistered(m.request.unwrap().get()),
        Message::Invocation(m) => Expected::Invocation {
            request: m.request.get(),
            registration: m.registration.get(),
            text: text(&m.payload),
        },
        Message::Interrupt(m) => Expected::Interrupt(m.request.get(), m.options.mode.unwrap()),
        Message::Result(m) => Expected::Result {
            request: m.request.get(),
            progress: m.details.progress,
            text: text(&m.payload),
        },
        Message::Error(m) => Expected::Error(m.request_type, m.request.get(), m.error.to_string()),
        other => panic!("nothing like {other:?} was expected"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_router_does_what_the_model_does(operations in prop::collection::vec(operation(), 0..150)) {
        let mut both = Both::new();
        for (session, operation) in operations {
            both.run(session, operation);
        }
        both.end();
    }
}
