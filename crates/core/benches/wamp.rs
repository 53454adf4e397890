//! Messages of WAMP: decoding, encoding, passing on.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use wirebahn_core::wamp::message::{Call, Event, Message, Publish};
use wirebahn_core::wamp::{
    CallOptions, EventDetails, Payload, PublicationId, PublishOptions, RequestId, Serializer, SubscriptionId,
    Uri,
};

/// A string of 32 characters, as the load tests have it.
const ARGUMENT: &str = "abcdefghijklmnopqrstuvwxyz012345";

fn payload(serializer: Serializer) -> Payload {
    Payload::encode_args(serializer, &(ARGUMENT,)).expect("a string can be encoded")
}

fn messages(serializer: Serializer) -> [(&'static str, Message); 3] {
    let publish = Publish {
        request: RequestId::FIRST,
        options: PublishOptions::default(),
        topic: Uri::from_static("com.example.topic1"),
        payload: payload(serializer),
    };
    let call = Call {
        request: RequestId::FIRST,
        options: CallOptions::default(),
        procedure: Uri::from_static("com.example.add2"),
        payload: payload(serializer),
    };
    let event = Event {
        subscription: SubscriptionId::new(5_512_315_355).expect("an id"),
        publication: PublicationId::new(4_429_313_566).expect("an id"),
        details: EventDetails::default(),
        payload: payload(serializer),
    };
    [("publish", publish.into()), ("call", call.into()), ("event", event.into())]
}

fn decode(c: &mut Criterion) {
    let mut group = c.benchmark_group("wamp/decode");
    for serializer in Serializer::ALL {
        for (name, message) in messages(serializer) {
            // As it comes from a receive buffer: already shared.
            let bytes = Bytes::from(serializer.encode_to_bytes(&message).to_vec());
            let _other = bytes.clone();
            group.bench_function(format!("{name}/{serializer}"), |b| {
                b.iter(|| serializer.decode(black_box(&bytes)).expect("a valid message"));
            });
        }
    }
}

fn encode(c: &mut Criterion) {
    let mut group = c.benchmark_group("wamp/encode");
    for serializer in Serializer::ALL {
        for (name, message) in messages(serializer) {
            let mut out = BytesMut::with_capacity(1024);
            group.bench_function(format!("{name}/{serializer}"), |b| {
                b.iter(|| {
                    out.clear();
                    serializer.encode(black_box(&message), &mut out);
                    black_box(out.len())
                });
            });
        }
    }
}

fn transcode(c: &mut Criterion) {
    let mut group = c.benchmark_group("wamp/transcode");
    for from in Serializer::ALL {
        for to in Serializer::ALL.into_iter().filter(|&to| to != from) {
            let payload = payload(from);
            group.bench_function(format!("{from} to {to}"), |b| b.iter(|| black_box(&payload).transcode(to)));
        }
    }
}

fn application(c: &mut Criterion) {
    let mut group = c.benchmark_group("wamp/serde");
    for serializer in Serializer::ALL {
        group.bench_function(format!("encode/{serializer}"), |b| {
            b.iter(|| Payload::encode_args(serializer, black_box(&(ARGUMENT, 42))));
        });
        let payload = Payload::encode_args(serializer, &(ARGUMENT, 42)).expect("these can be encoded");
        group.bench_function(format!("decode/{serializer}"), |b| {
            b.iter(|| black_box(&payload).args::<(String, i64)>());
        });
    }
}

/// What a router does with a publication for one subscriber: decode, change the envelope, encode.
fn route(c: &mut Criterion) {
    let mut group = c.benchmark_group("wamp/route");
    for serializer in Serializer::ALL {
        let [(_, publish), ..] = messages(serializer);
        let bytes = Bytes::from(serializer.encode_to_bytes(&publish).to_vec());
        group.bench_function(serializer.name(), |b| {
            b.iter_batched_ref(
                || BytesMut::with_capacity(1024),
                |out| {
                    let Ok(Message::Publish(publish)) = serializer.decode(&bytes) else { return };
                    let event = Event {
                        subscription: SubscriptionId::new(77).expect("an id"),
                        publication: PublicationId::new(4_429_313_566).expect("an id"),
                        details: EventDetails::default(),
                        payload: publish.payload,
                    };
                    serializer.encode(&event.into(), out);
                },
                BatchSize::SmallInput,
            );
        });
    }
}

criterion_group!(benches, decode, encode, transcode, application, route);
criterion_main!(benches);
