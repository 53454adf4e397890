//! Random values and messages.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use wirebahn_core::wamp::message::{
    Abort, Authenticate, Call, Cancel, Challenge, Error, Event, EventReceived, Goodbye, Hello, Interrupt,
    Invocation, Message, Publish, Published, Register, Registered, Result, Subscribe, Subscribed, Unregister,
    Unregistered, Unsubscribe, Unsubscribed, Welcome, Yield,
};
use wirebahn_core::wamp::{
    AbortDetails, CallOptions, CancelMode, CancelOptions, Dict, EncAlgo, ErrorDetails, EventDetails, Feature,
    Features, Forwarder, GoodbyeDetails, HelloDetails, InterruptOptions, InvocationDetails, InvocationPolicy,
    MAX_ID, MatchPolicy, Payload, PayloadPassthru, PublicationId, PublishOptions, Receivers, RegisterOptions,
    RegistrationId, RequestId, RequestType, ResultDetails, Role, Roles, Serializer, SessionId,
    SubscribeOptions, SubscriptionId, Text, UnregisterOptions, UnregisteredDetails, UnsubscribeOptions,
    UnsubscribedDetails, Uri, Value, WelcomeDetails, YieldOptions,
};

pub(crate) fn serializer() -> impl Strategy<Value = Serializer> {
    proptest::sample::select(&Serializer::ALL[..])
}

/// Any value that all serializers carry without loss.
pub(crate) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-300_i64..300).prop_map(Value::from),
        proptest::num::f64::NORMAL.prop_map(Value::from),
        prop_oneof![Just(0.0), Just(-0.0), Just(1e16), Just(f64::MIN_POSITIVE)].prop_map(Value::from),
        text().prop_map(Value::from),
        vec(any::<u8>(), 0..40).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 60, 20, |inner| {
        prop_oneof![vec(inner.clone(), 0..20).prop_map(Value::from), dict(inner).prop_map(Value::from)]
    })
}

/// Strings in which there is something to escape. None begins with U+0000: in JSON, that may be binary data.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{0,8}",
        "[ -~]{0,40}",
        "\\PC{0,20}",
        "[\"\\\\\u{1}-\u{1f}\u{e4}\u{1f600}]{0,20}",
        "x{31,33}"
    ]
}

fn dict(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Dict> {
    vec((text(), value), 0..20).prop_map(Dict::from_iter)
}

/// Private keys, with any values.
fn extra() -> impl Strategy<Value = Dict> {
    prop_oneof![3 => Just(Dict::new()), 1 => vec(("x_[a-z]{3}", value()), 0..3).prop_map(Dict::from_iter)]
        .boxed()
}

fn string() -> impl Strategy<Value = Text> {
    text().prop_map(Text::from)
}

fn strings() -> impl Strategy<Value = Vec<Text>> {
    vec(string(), 0..4)
}

fn uri() -> impl Strategy<Value = Uri> {
    "[a-z]{1,8}(\\.[a-z]{0,8}){0,3}".prop_map(Uri::from)
}

macro_rules! ids {
    ($($function:ident $id:ident;)*) => { $(
        fn $function() -> impl Strategy<Value = $id> {
            prop_oneof![1_u64..300, 1..=MAX_ID, Just(MAX_ID)].prop_map(|id| $id::new(id).expect("an id"))
        }
    )* };
}

ids! {
    session SessionId;
    publication PublicationId;
    subscription SubscriptionId;
    registration RegistrationId;
    request RequestId;
}

fn roles() -> impl Strategy<Value = Roles> {
    let features = vec(proptest::sample::select(Feature::ALL), 0..5).prop_map(Features::from_iter);
    vec((proptest::sample::select(&Role::ALL[..]), features), 0..4).prop_map(|announced| {
        announced.into_iter().fold(Roles::new(), |roles, (role, features)| roles.with(role, features))
    })
}

fn forwarders() -> impl Strategy<Value = Option<Vec<Forwarder>>> {
    let forwarder = (session(), option::of(string()), extra()).prop_map(|(session, authid, extra)| {
        let mut forwarder = Forwarder::new(session);
        (forwarder.authid, forwarder.extra) = (authid, extra);
        forwarder
    });
    rarely(vec(forwarder, 0..3))
}

fn rarely<T: Clone + std::fmt::Debug>(some: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    option::weighted(0.2, some)
}

fn passthru() -> impl Strategy<Value = Option<Box<PayloadPassthru>>> {
    let algorithm = "cryptobox|mqtt|x_own".prop_map(|name| EncAlgo::new(name).expect("an algorithm"));
    rarely((string(), option::of(string()), option::of(algorithm)).prop_map(|(scheme, cipher, algorithm)| {
        let mut passthru = PayloadPassthru::default();
        (passthru.scheme, passthru.cipher, passthru.enc_algo) = (Some(scheme), cipher, algorithm);
        Box::new(passthru)
    }))
}

/// Makes options of their default and strategies for some of the keys.
macro_rules! options {
    ($type:ident { $($key:ident: $strategy:expr),* $(,)? }) => {
        ($($strategy,)*).prop_map(|($($key,)*)| {
            let mut options = $type::default();
            $(options.$key = $key;)*
            options
        }).boxed()
    };
}

fn publish_options() -> impl Strategy<Value = PublishOptions> {
    let receivers = options!(Receivers {
        exclude: rarely(vec(session(), 0..3)),
        eligible: rarely(vec(session(), 0..3)),
        exclude_authid: rarely(strings()),
        eligible_authrole: rarely(strings()),
    });
    // Receivers of no key at all are not written.
    let receivers = rarely(receivers.prop_map(Box::new))
        .prop_map(|receivers| receivers.filter(|receivers| **receivers != Receivers::default()));
    options!(PublishOptions {
        acknowledge: any::<bool>(),
        exclude_me: any::<bool>(),
        disclose_me: any::<bool>(),
        retain: any::<bool>(),
        transaction_hash: rarely(string()),
        forward_for: forwarders(),
        receivers: receivers,
        passthru: passthru(),
        extra: extra(),
    })
}

/// Arguments and keyword arguments of any kind, in any serializer.
pub(crate) fn payload() -> impl Strategy<Value = Payload> {
    (serializer(), vec(value(), 0..5), prop_oneof![Just(Dict::new()), dict(value())])
        .prop_map(|(serializer, args, kwargs)| Payload::encode(serializer, &args, &kwargs).expect("values"))
        .boxed()
}

/// Any message.
pub(crate) fn message() -> impl Strategy<Value = Message> {
    // Strategies of this size do not fit on the stack of a test.
    prop_oneof![session_message().boxed(), pubsub_message().boxed(), rpc_message().boxed()]
}

fn session_message() -> impl Strategy<Value = Message> {
    let hello = options!(HelloDetails {
        roles: roles(),
        agent: rarely(string()),
        authmethods: strings(),
        authid: rarely(string()),
        authextra: rarely(dict(value())),
        resumable: any::<bool>(),
        resume_session: rarely(session()),
        extra: extra(),
    });
    let welcome = options!(WelcomeDetails {
        roles: roles(),
        realm: rarely(uri()),
        authrole: rarely(string()),
        authextra: rarely(dict(value())),
        resume_token: rarely(string()),
        extra: extra(),
    });
    let abort = options!(AbortDetails { message: rarely(string()), scram: rarely(string()), extra: extra() });
    let goodbye =
        options!(GoodbyeDetails { message: rarely(string()), resumable: any::<bool>(), extra: extra() });
    prop_oneof![
        (option::of(uri()), hello)
            .prop_map(|(realm, details)| Hello { realm, details: Box::new(details) }.into()),
        (session(), welcome)
            .prop_map(|(session, details)| Welcome { session, details: Box::new(details) }.into()),
        (abort, uri(), payload())
            .prop_map(|(details, reason, payload)| Abort { details, reason, payload }.into()),
        (string(), extra()).prop_map(|(method, extra)| Challenge { method, extra }.into()),
        (string(), dict(value())).prop_map(|(signature, extra)| Authenticate { signature, extra }.into()),
        (goodbye, uri()).prop_map(|(details, reason)| Goodbye { details, reason }.into()),
    ]
}

fn pubsub_message() -> impl Strategy<Value = Message> {
    let match_policy =
        || proptest::sample::select(vec![MatchPolicy::Exact, MatchPolicy::Prefix, MatchPolicy::Wildcard]);
    let subscribe = options!(SubscribeOptions {
        match_policy: match_policy(),
        get_retained: any::<bool>(),
        nkey: rarely(string()),
        extra: extra(),
    });
    let unsubscribe = options!(UnsubscribeOptions { forward_for: forwarders() });
    let unsubscribed =
        options!(UnsubscribedDetails { subscription: option::of(subscription()), reason: rarely(string()) });
    let event = options!(EventDetails {
        publisher: rarely(session()),
        publisher_authid: rarely(string()),
        topic: rarely(uri()),
        trustlevel: rarely(any::<u64>()),
        retained: any::<bool>(),
        acknowledged_delivery: any::<bool>(),
        forward_for: forwarders(),
        passthru: passthru(),
        extra: extra(),
    });
    prop_oneof![
        (request(), publish_options(), uri(), payload()).prop_map(|(request, options, topic, payload)| {
            Publish { request, options, topic, payload }.into()
        }),
        (request(), publication())
            .prop_map(|(request, publication)| Published { request, publication }.into()),
        (request(), subscribe, uri()).prop_map(|(request, options, topic)| Subscribe {
            request,
            options,
            topic
        }
        .into()),
        (request(), subscription())
            .prop_map(|(request, subscription)| Subscribed { request, subscription }.into()),
        (request(), subscription(), unsubscribe).prop_map(|(request, subscription, options)| Unsubscribe {
            request,
            subscription,
            options
        }
        .into()),
        (option::of(request()), unsubscribed).prop_map(|(request, details)| Unsubscribed {
            request,
            details
        }
        .into()),
        (subscription(), publication(), event, payload()).prop_map(
            |(subscription, publication, details, payload)| Event {
                subscription,
                publication,
                details,
                payload
            }
            .into()
        ),
        publication().prop_map(|publication| EventReceived { publication }.into()),
    ]
}

fn rpc_message() -> impl Strategy<Value = Message> {
    let call = options!(CallOptions {
        timeout: prop_oneof![Just(0), any::<u64>()],
        receive_progress: any::<bool>(),
        progress: any::<bool>(),
        disclose_me: any::<bool>(),
        caller: rarely(session()),
        passthru: passthru(),
        extra: extra(),
    });
    let mode = || {
        let modes = vec![CancelMode::Skip, CancelMode::Kill, CancelMode::KillNoWait];
        option::of(proptest::sample::select(modes))
    };
    let cancel = options!(CancelOptions { mode: mode(), forward_for: forwarders(), extra: extra() });
    let interrupt = options!(InterruptOptions { mode: mode(), reason: rarely(uri()), extra: extra() });
    let result =
        options!(ResultDetails { progress: any::<bool>(), callee: rarely(session()), passthru: passthru() });
    let error =
        options!(ErrorDetails { callee_authid: rarely(string()), passthru: passthru(), extra: extra() });
    let register = options!(RegisterOptions {
        match_policy: Just(MatchPolicy::Wildcard),
        invoke: prop_oneof![Just(InvocationPolicy::Single), Just(InvocationPolicy::RoundRobin)],
        disclose_caller: any::<bool>(),
        forward_timeout: any::<bool>(),
        concurrency: rarely(any::<u64>()),
        force_reregister: any::<bool>(),
    });
    let unregister = options!(UnregisterOptions { forward_for: forwarders() });
    let unregistered =
        options!(UnregisteredDetails { registration: option::of(registration()), reason: rarely(string()) });
    let invocation = options!(InvocationDetails {
        caller: rarely(session()),
        procedure: rarely(uri()),
        receive_progress: any::<bool>(),
        timeout: prop_oneof![Just(0), any::<u64>()],
        passthru: passthru(),
        extra: extra(),
    });
    let yielded = options!(YieldOptions { progress: any::<bool>(), passthru: passthru(), extra: extra() });
    let request_type = proptest::sample::select(vec![
        RequestType::Publish,
        RequestType::Call,
        RequestType::Unregister,
        RequestType::Invocation,
    ]);
    prop_oneof![
        (request(), call, uri(), payload()).prop_map(|(request, options, procedure, payload)| Call {
            request,
            options,
            procedure,
            payload
        }
        .into()),
        (request(), cancel).prop_map(|(request, options)| Cancel { request, options }.into()),
        (request(), result, payload()).prop_map(|(request, details, payload)| Result {
            request,
            details,
            payload
        }
        .into()),
        (request_type, request(), error, uri(), payload()).prop_map(
            |(request_type, request, details, error, payload)| Error {
                request_type,
                request,
                details,
                error,
                payload
            }
            .into()
        ),
        (request(), register, uri()).prop_map(|(request, options, procedure)| Register {
            request,
            options,
            procedure
        }
        .into()),
        (request(), registration())
            .prop_map(|(request, registration)| Registered { request, registration }.into()),
        (request(), registration(), unregister).prop_map(|(request, registration, options)| Unregister {
            request,
            registration,
            options
        }
        .into()),
        (option::of(request()), unregistered).prop_map(|(request, details)| Unregistered {
            request,
            details
        }
        .into()),
        (request(), registration(), invocation, payload()).prop_map(
            |(request, registration, details, payload)| Invocation {
                request,
                registration,
                details,
                payload
            }
            .into()
        ),
        (request(), interrupt).prop_map(|(request, options)| Interrupt { request, options }.into()),
        (request(), yielded, payload()).prop_map(|(request, options, payload)| Yield {
            request,
            options,
            payload
        }
        .into()),
    ]
}

/// The message in this serializer.
pub(crate) fn encode(serializer: Serializer, message: &Message) -> Bytes {
    serializer.encode_to_bytes(message)
}

/// The payload of a message, if it can have one.
pub(crate) fn payload_of(message: &mut Message) -> Option<&mut Payload> {
    Some(match message {
        Message::Abort(message) => &mut message.payload,
        Message::Error(message) => &mut message.payload,
        Message::Publish(message) => &mut message.payload,
        Message::Event(message) => &mut message.payload,
        Message::Call(message) => &mut message.payload,
        Message::Result(message) => &mut message.payload,
        Message::Invocation(message) => &mut message.payload,
        Message::Yield(message) => &mut message.payload,
        _ => return None,
    })
}
