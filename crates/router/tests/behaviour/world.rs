//! A router with clients that are nothing but lists of messages.

use std::collections::HashMap;
use std::time::Duration;

use wirebahn_core::Instant;
use wirebahn_core::wamp::message::{
    Call, Cancel, Error, Event, Goodbye, Hello, Invocation, Publish, Register, Result as ResultMessage,
    Subscribe, Unregister, Unsubscribe, Yield,
};
use wirebahn_core::wamp::{
    CallOptions, CancelMode, CancelOptions, ErrorDetails, Feature, Features, GoodbyeDetails, HelloDetails,
    MatchPolicy, Message, Payload, PublicationId, PublishOptions, RegisterOptions, RegistrationId, RequestId,
    RequestIds, RequestType, Role, Roles, Serializer, SessionId, SubscribeOptions, SubscriptionId, Text,
    UnregisterOptions, UnsubscribeOptions, Uri, Value, YieldOptions,
};
use wirebahn_router::{CloseReason, Outgoing, RealmConfig, Router, RouterConfig, SessionKey, TransportInfo};
use wirebahn_testkit::{SeededEntropy, at};

/// A client: its connection, and the ids of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Client {
    pub(crate) key: SessionKey,
    pub(crate) session: SessionId,
}

pub(crate) struct World {
    pub(crate) router: Router,
    pub(crate) now: Instant,
    ids: HashMap<SessionKey, RequestIds>,
}

/// Everything that a client can announce.
pub(crate) fn all_features() -> Roles {
    let all: Features = Feature::ALL.iter().copied().collect();
    let roles = [Role::Publisher, Role::Subscriber, Role::Caller, Role::Callee];
    roles.into_iter().fold(Roles::new(), |roles, role| roles.with(role, all))
}

/// No feature in any role.
pub(crate) fn no_features() -> Roles {
    let roles = [Role::Publisher, Role::Subscriber, Role::Caller, Role::Callee];
    roles.into_iter().fold(Roles::new(), |roles, role| roles.with(role, Features::NONE))
}

pub(crate) fn hello(realm: &str, roles: Roles) -> Message {
    let mut details = HelloDetails::default();
    details.roles = roles;
    Hello { realm: Some(Uri::from(realm)), details: Box::new(details) }.into()
}

pub(crate) fn payload(text: &str) -> Payload {
    Payload::encode_args(Serializer::Json, &(text,)).unwrap()
}

pub(crate) fn text(payload: &Payload) -> String {
    let (text,) = payload.args().unwrap();
    text
}

impl World {
    pub(crate) fn new(realm: RealmConfig) -> Self {
        let mut config = RouterConfig::default();
        config.realms.push((Uri::from_static("realm1"), realm));
        Self::with_config(config)
    }

    pub(crate) fn with_config(config: RouterConfig) -> Self {
        let router = Router::new(config, Box::new(SeededEntropy::new(1)));
        Self { router, now: at(1_000_000), ids: HashMap::new() }
    }

    pub(crate) fn open() -> Self {
        Self::new(RealmConfig::default())
    }

    pub(crate) fn attach(&mut self) -> SessionKey {
        self.router.attach(TransportInfo::new(Serializer::Json), self.now)
    }

    pub(crate) fn join(&mut self) -> Client {
        self.join_as(all_features())
    }

    pub(crate) fn join_as(&mut self, roles: Roles) -> Client {
        let key = self.attach();
        self.send(key, hello("realm1", roles));
        self.expect_welcome(key)
    }

    pub(crate) fn expect_welcome(&mut self, key: SessionKey) -> Client {
        match self.received(key).as_slice() {
            [Message::Welcome(welcome)] => {
                self.ids.insert(key, RequestIds::new());
                Client { key, session: welcome.session }
            }
            other => panic!("no WELCOME, but {other:?}"),
        }
    }

    pub(crate) fn send(&mut self, key: SessionKey, message: impl Into<Message>) {
        self.router.handle_message(key, message.into(), self.now);
    }

    pub(crate) fn detach(&mut self, client: Client) {
        self.router.handle_detach(client.key, self.now);
    }

    pub(crate) fn advance(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        while let Some(due) = self.router.poll_timeout().filter(|&due| due <= end) {
            self.now = due;
            self.router.handle_timeout(due);
            assert!(
                self.router.poll_timeout().is_none_or(|next| next > due),
                "a timer that has run is armed"
            );
        }
        self.now = end;
    }

    pub(crate) fn request_id(&mut self, client: Client) -> RequestId {
        self.ids.get_mut(&client.key).unwrap().draw()
    }

    /// Everything that waits for a connection but the end of it.
    pub(crate) fn received(&mut self, key: SessionKey) -> Vec<Message> {
        let (messages, close) = self.drain(key);
        assert_eq!(close, None, "the connection was closed, after {messages:?}");
        messages
    }

    /// Everything that waits for a connection, and how it ends.
    pub(crate) fn drain(&mut self, key: SessionKey) -> (Vec<Message>, Option<CloseReason>) {
        let mut messages = Vec::new();
        while let Some(output) = self.router.poll_output(key) {
            match output {
                Outgoing::Message(message) => messages.push(message),
                Outgoing::Shared(event) => messages.push(event.message().clone()),
                Outgoing::Close(reason) => {
                    assert!(self.router.poll_output(key).is_none(), "there is something after the end");
                    return (messages, Some(reason));
                }
                _ => panic!("an unknown output"),
            }
        }
        (messages, None)
    }

    /// The reason and the message of an ABORT, which must be all that was sent, and why the connection ends.
    pub(crate) fn aborted(&mut self, key: SessionKey) -> (String, String, CloseReason) {
        match self.drain(key) {
            (messages, Some(reason)) => match messages.as_slice() {
                [Message::Abort(abort)] => {
                    (abort.reason.to_string(), abort.details.message.clone().unwrap().to_string(), reason)
                }
                other => panic!("no ABORT, but {other:?}"),
            },
            other => panic!("no end, but {other:?}"),
        }
    }

    pub(crate) fn nothing_for(&mut self, client: Client) {
        assert_eq!(self.received(client.key), [], "for {client:?}");
    }

    // --- publish and subscribe ---------------------------------------------------------------------------------------

    pub(crate) fn send_subscribe(
        &mut self,
        client: Client,
        topic: &str,
        edit: impl FnOnce(&mut SubscribeOptions),
    ) {
        let mut options = SubscribeOptions::default();
        edit(&mut options);
        let request = self.request_id(client);
        self.send(client.key, Subscribe { request, options, topic: Uri::from(topic) });
    }

    pub(crate) fn subscribe(&mut self, client: Client, topic: &str) -> SubscriptionId {
        self.subscribe_to(client, topic, MatchPolicy::Exact)
    }

    pub(crate) fn subscribe_to(
        &mut self,
        client: Client,
        topic: &str,
        policy: MatchPolicy,
    ) -> SubscriptionId {
        self.send_subscribe(client, topic, |options| options.match_policy = policy);
        match self.received(client.key).as_slice() {
            [Message::Subscribed(subscribed)] => subscribed.subscription,
            other => panic!("no SUBSCRIBED, but {other:?}"),
        }
    }

    pub(crate) fn unsubscribe(&mut self, client: Client, subscription: SubscriptionId) -> Message {
        let request = self.request_id(client);
        let options = UnsubscribeOptions::default();
        self.send(client.key, Unsubscribe { request, subscription, options });
        self.only(client)
    }

    /// Publishes without asking for an answer.
    pub(crate) fn publish(&mut self, client: Client, topic: &str, text: &str) {
        self.publish_with(client, topic, text, |_| {});
    }

    pub(crate) fn publish_with(
        &mut self,
        client: Client,
        topic: &str,
        text: &str,
        edit: impl FnOnce(&mut PublishOptions),
    ) {
        let mut options = PublishOptions::default();
        edit(&mut options);
        let request = self.request_id(client);
        self.send(client.key, Publish { request, options, topic: Uri::from(topic), payload: payload(text) });
    }

    /// Publishes, and returns the id of the publication.
    pub(crate) fn publish_acknowledged(&mut self, client: Client, topic: &str, text: &str) -> PublicationId {
        self.publish_with(client, topic, text, |options| options.acknowledge = true);
        match self.only(client) {
            Message::Published(published) => published.publication,
            other => panic!("no PUBLISHED, but {other:?}"),
        }
    }

    pub(crate) fn events(&mut self, client: Client) -> Vec<Event> {
        let as_event = |message| match message {
            Message::Event(event) => event,
            other => panic!("no EVENT, but {other:?}"),
        };
        self.received(client.key).into_iter().map(as_event).collect()
    }

    pub(crate) fn event_texts(&mut self, client: Client) -> Vec<String> {
        self.events(client).iter().map(|event| text(&event.payload)).collect()
    }

    // --- calls -------------------------------------------------------------------------------------------------------

    pub(crate) fn send_register(
        &mut self,
        client: Client,
        procedure: &str,
        edit: impl FnOnce(&mut RegisterOptions),
    ) {
        let mut options = RegisterOptions::default();
        edit(&mut options);
        let request = self.request_id(client);
        self.send(client.key, Register { request, options, procedure: Uri::from(procedure) });
    }

    pub(crate) fn register(&mut self, client: Client, procedure: &str) -> RegistrationId {
        self.register_with(client, procedure, |_| {})
    }

    pub(crate) fn register_with(
        &mut self,
        client: Client,
        procedure: &str,
        edit: impl FnOnce(&mut RegisterOptions),
    ) -> RegistrationId {
        self.send_register(client, procedure, edit);
        match self.only(client) {
            Message::Registered(registered) => registered.registration,
            other => panic!("no REGISTERED, but {other:?}"),
        }
    }

    pub(crate) fn unregister(&mut self, client: Client, registration: RegistrationId) -> Message {
        let request = self.request_id(client);
        let options = UnregisterOptions::default();
        self.send(client.key, Unregister { request, registration, options });
        self.only(client)
    }

    pub(crate) fn call(&mut self, client: Client, procedure: &str, text: &str) -> RequestId {
        self.call_with(client, procedure, text, |_| {})
    }

    pub(crate) fn call_with(
        &mut self,
        client: Client,
        procedure: &str,
        text: &str,
        edit: impl FnOnce(&mut CallOptions),
    ) -> RequestId {
        let request = self.request_id(client);
        self.send_call(client, request, procedure, text, edit);
        request
    }

    pub(crate) fn send_call(
        &mut self,
        client: Client,
        request: RequestId,
        procedure: &str,
        text: &str,
        edit: impl FnOnce(&mut CallOptions),
    ) {
        let mut options = CallOptions::default();
        edit(&mut options);
        self.send(
            client.key,
            Call { request, options, procedure: Uri::from(procedure), payload: payload(text) },
        );
    }

    pub(crate) fn cancel(&mut self, client: Client, request: RequestId, mode: Option<CancelMode>) {
        let mut options = CancelOptions::default();
        options.mode = mode;
        self.send(client.key, Cancel { request, options });
    }

    pub(crate) fn yield_text(&mut self, client: Client, request: RequestId, text: &str) {
        self.send(client.key, Yield { request, options: YieldOptions::default(), payload: payload(text) });
    }

    pub(crate) fn yield_progress(&mut self, client: Client, request: RequestId, text: &str) {
        let mut options = YieldOptions::default();
        options.progress = true;
        self.send(client.key, Yield { request, options, payload: payload(text) });
    }

    pub(crate) fn yield_error(&mut self, client: Client, request: RequestId, error: &str) {
        let error = Error {
            request_type: RequestType::Invocation,
            request,
            details: ErrorDetails::default(),
            error: Uri::from(error),
            payload: Payload::empty(),
        };
        self.send(client.key, error);
    }

    pub(crate) fn invocation(&mut self, client: Client) -> Invocation {
        match self.only(client) {
            Message::Invocation(invocation) => invocation,
            other => panic!("no INVOCATION, but {other:?}"),
        }
    }

    pub(crate) fn result(&mut self, client: Client) -> ResultMessage {
        match self.only(client) {
            Message::Result(result) => result,
            other => panic!("no RESULT, but {other:?}"),
        }
    }

    /// The URI of an ERROR.
    pub(crate) fn error(&mut self, client: Client) -> String {
        match self.only(client) {
            Message::Error(error) => error.error.to_string(),
            other => panic!("no ERROR, but {other:?}"),
        }
    }

    /// The mode of an INTERRUPT for the invocation.
    pub(crate) fn interrupted(&mut self, client: Client, invocation: RequestId) -> CancelMode {
        match self.only(client) {
            Message::Interrupt(interrupt) => {
                assert_eq!(interrupt.request, invocation);
                interrupt.options.mode.unwrap()
            }
            other => panic!("no INTERRUPT, but {other:?}"),
        }
    }

    /// The result of a procedure of the router.
    pub(crate) fn ask(&mut self, client: Client, procedure: &str, args: &[Value]) -> Value {
        self.ask_with(client, procedure, args, &[]).unwrap_or_else(|error| panic!("{procedure}: {error}"))
    }

    /// The result of a procedure of the router, or the URI of its error.
    pub(crate) fn ask_with(
        &mut self,
        client: Client,
        procedure: &str,
        args: &[Value],
        kwargs: &[(&str, Value)],
    ) -> Result<Value, String> {
        let request = self.request_id(client);
        let kwargs: std::collections::BTreeMap<_, _> = kwargs.iter().cloned().collect();
        let payload = Payload::encode(Serializer::Json, args, &kwargs).unwrap();
        let call =
            Call { request, options: CallOptions::default(), procedure: Uri::from(procedure), payload };
        self.send(client.key, call);
        match self.only(client) {
            Message::Result(result) => {
                let (value,) = result.payload.args().unwrap();
                Ok(value)
            }
            Message::Error(error) => Err(error.error.to_string()),
            other => panic!("neither RESULT nor ERROR, but {other:?}"),
        }
    }

    /// The only message that waits for a client.
    pub(crate) fn only(&mut self, client: Client) -> Message {
        let mut messages = self.received(client.key);
        assert_eq!(messages.len(), 1, "not one message, but {messages:?}");
        messages.remove(0)
    }

    pub(crate) fn goodbye(&mut self, client: Client) {
        let reason = Uri::from_static("wamp.close.close_realm");
        self.send(client.key, Goodbye { details: GoodbyeDetails::default(), reason });
    }
}

pub(crate) fn texts(names: &[&str]) -> Option<Vec<Text>> {
    Some(names.iter().map(|&name| Text::from(name)).collect())
}
