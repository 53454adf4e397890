//! A server's echo in memory: masked frames in, frames out, no sockets.
#![allow(missing_docs, reason = "the macros of criterion make public functions")]

use std::hint::black_box;
use std::sync::Arc;

use bytes::BytesMut;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use wirebahn_core::websocket::{Config, Established, Message, MessageEvent, Messages, Role};
use wirebahn_core::{Engine, Entropy, Instant};

/// Messages per read, as a client with many messages in flight sends them.
const BATCH: usize = 64;

struct Fixed;

impl Entropy for Fixed {
    fn fill(&mut self, out: &mut [u8]) {
        out.fill(0x5a);
    }
}

fn engine(role: Role) -> Messages {
    let mut config = Config::default();
    config.limits.outbox_high_water = usize::MAX;
    Messages::new(Established::new(role, Arc::new(config), Box::new(Fixed), Instant::ZERO))
}

/// What a client sends.
fn wire(message: &Message) -> Vec<u8> {
    let mut client = engine(Role::Client);
    for _ in 0..BATCH {
        client.send(message.clone()).expect("an open connection with room");
    }
    client.outbox().pieces().flatten().copied().collect()
}

fn echo(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("echo");
    for (name, message) in [
        ("text 125 B", Message::text("x".repeat(125))),
        ("text 1 KiB", Message::text("x".repeat(1024))),
        ("mixed text 1 KiB", Message::text("ö日🙂.".repeat(102))),
        ("binary 1 KiB", Message::binary(vec![0; 1024])),
        ("binary 64 KiB", Message::binary(vec![0; 64 * 1024])),
    ] {
        let wire = wire(&message);
        let mut server = engine(Role::Server);
        let mut buffer = BytesMut::with_capacity(wire.len());
        group.throughput(Throughput::Elements(BATCH as u64));
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| {
                buffer.reserve(wire.len());
                buffer.extend_from_slice(&wire);
                std::mem::swap(server.recv_buf(), &mut buffer);
                server.handle_recv(Instant::ZERO);
                while let Some(MessageEvent::Message(message)) = server.poll_event() {
                    server.send(message).expect("an open connection with room");
                }
                let sent = black_box(server.outbox().len());
                server.outbox().advance(sent);
                std::mem::swap(server.recv_buf(), &mut buffer);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, echo);
criterion_main!(benches);
