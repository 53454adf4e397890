//! What routing costs: a call with its result, and publications to one and to many.
//!
//! Messages are made beforehand and their queues emptied within the measurement, so what is measured is handling and
//! taking out, without serializers.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use wirebahn_core::Instant;
use wirebahn_core::wamp::message::{Call, Hello, Publish, Register, Subscribe, Yield};
use wirebahn_core::wamp::{
    CallOptions, Features, HelloDetails, Message, Payload, PublishOptions, RegisterOptions, RequestId, Role,
    Roles, Serializer, SubscribeOptions, Uri, YieldOptions,
};
use wirebahn_router::{Outgoing, RealmConfig, Router, RouterConfig, SessionKey, TransportInfo};
use wirebahn_testkit::SeededEntropy;

const NOW: Instant = Instant::from_micros(1);

fn router() -> Router {
    let mut config = RouterConfig::default();
    config.realms.push((Uri::from_static("realm1"), RealmConfig::default()));
    Router::new(config, Box::new(SeededEntropy::new(1)))
}

fn join(router: &mut Router) -> SessionKey {
    let key = router.attach(TransportInfo::new(Serializer::MsgPack), NOW);
    let mut details = HelloDetails::default();
    details.roles = [Role::Publisher, Role::Subscriber, Role::Caller, Role::Callee]
        .into_iter()
        .fold(Roles::new(), |roles, role| roles.with(role, Features::NONE));
    let hello = Hello { realm: Some(Uri::from_static("realm1")), details: Box::new(details) };
    router.handle_message(key, hello.into(), NOW);
    drain(router, key);
    key
}

fn drain(router: &mut Router, key: SessionKey) -> usize {
    std::iter::from_fn(|| router.poll_output(key)).map(black_box).count()
}

fn payload() -> Payload {
    Payload::encode_args(Serializer::MsgPack, &("an argument of 32 characters ...",))
        .expect("it can be encoded")
}

/// The ids of requests, counted over all iterations.
struct Ids(RequestId);

impl Ids {
    fn next(&mut self) -> RequestId {
        let id = self.0;
        self.0 = id.next();
        id
    }
}

fn calls(c: &mut Criterion) {
    let mut router = router();
    let (caller, callee) = (join(&mut router), join(&mut router));
    let procedure = Uri::from_static("com.example.procedure");
    let options = RegisterOptions::default();
    let register = Register { request: RequestId::FIRST, options, procedure: procedure.clone() };
    router.handle_message(callee, register.into(), NOW);
    drain(&mut router, callee);
    let mut ids = Ids(RequestId::FIRST);
    let payload = payload();
    let mut group = c.benchmark_group("routing");
    group.throughput(Throughput::Elements(1));
    group.bench_function("call and result", |b| {
        b.iter_batched(
            || {
                let (options, procedure) = (CallOptions::default(), procedure.clone());
                Call { request: ids.next(), options, procedure, payload: payload.clone() }.into()
            },
            |call: Message| {
                router.handle_message(caller, call, NOW);
                while let Some(key) = router.next_ready() {
                    black_box(key);
                }
                let Some(Outgoing::Message(Message::Invocation(invocation))) = router.poll_output(callee)
                else {
                    panic!("no invocation");
                };
                let options = YieldOptions::default();
                let result = Yield { request: invocation.request, options, payload: invocation.payload };
                router.handle_message(callee, result.into(), NOW);
                while let Some(key) = router.next_ready() {
                    black_box(key);
                }
                assert_eq!(drain(&mut router, caller), 1);
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn publications(c: &mut Criterion) {
    let mut group = c.benchmark_group("routing");
    for receivers in [0, 1, 100] {
        let mut router = router();
        let publisher = join(&mut router);
        let topic = Uri::from_static("com.example.topic");
        let subscribers: Vec<SessionKey> = (0..receivers).map(|_| join(&mut router)).collect();
        for &subscriber in &subscribers {
            let options = SubscribeOptions::default();
            let subscribe = Subscribe { request: RequestId::FIRST, options, topic: topic.clone() };
            router.handle_message(subscriber, subscribe.into(), NOW);
            drain(&mut router, subscriber);
        }
        let mut ids = Ids(RequestId::FIRST);
        let payload = payload();
        group.bench_function(format!("publish to {receivers}"), |b| {
            b.iter_batched(
                || {
                    let (options, topic) = (PublishOptions::default(), topic.clone());
                    Publish { request: ids.next(), options, topic, payload: payload.clone() }.into()
                },
                |publish: Message| {
                    router.handle_message(publisher, publish, NOW);
                    while let Some(key) = router.next_ready() {
                        drain(&mut router, key);
                    }
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, calls, publications);
criterion_main!(benches);
