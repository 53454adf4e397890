//! A server's echo of compressed JSON in memory, with each backend: inflate, deflate, frames; no sockets.
//!
//!   cargo bench -p wirebahn-core --features zlib-rs --bench compression
#![allow(
    missing_docs,
    clippy::indexing_slicing,
    reason = "the macros of criterion make public functions; a bench may panic"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use wirebahn_core::websocket::extension::deflate::{
    Backend, ContextTakeover, Deflate, DeflateOptions, WindowBits,
};
use wirebahn_core::websocket::extension::{Agreement, Extension, ExtensionParams};
use wirebahn_core::websocket::{Config, Established, Message, MessageEvent, Messages, Role};
use wirebahn_core::{Engine, Entropy, Instant};

/// Different messages, sent round and round.
const MESSAGES: usize = 64;

struct Zeros;

impl Entropy for Zeros {
    fn fill(&mut self, out: &mut [u8]) {
        out.fill(0);
    }
}

/// Records as an application sends them, different in their numbers.
fn json(number: usize, len: usize) -> String {
    let mut text = String::from("[");
    let mut state = number as u32;
    while text.len() < len {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (id, user, price) = (state >> 8, state % 977, state % 100_000);
        let _ = write!(
            text,
            "{{\"id\":{id},\"user\":\"user{user}\",\"symbol\":\"EURUSD\",\"price\":{price},\"side\":\"buy\"}},"
        );
    }
    text.truncate(len - 1);
    text.push(']');
    text
}

fn engine(role: Role, options: DeflateOptions) -> Messages {
    let offer =
        ExtensionParams::parse_list("permessage-deflate; client_max_window_bits").find_map(Result::ok);
    let deflate = Deflate::new(options);
    let (_, terms) = deflate.accept(&offer.expect("it is well formed")).expect("it is acceptable");
    let mut established = Established::new(role, Arc::new(Config::default()), Box::new(Zeros), Instant::ZERO);
    established.extension = Some(Agreement::new(deflate.into(), terms));
    Messages::new(established)
}

fn sent(engine: &mut Messages) -> Vec<u8> {
    let bytes = engine.outbox().pieces().flatten().copied().collect();
    engine.outbox().clear();
    bytes
}

fn compression(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("compressed echo");
    for backend in [
        Backend::MinizOxide,
        #[cfg(feature = "zlib-rs")]
        Backend::ZlibRs,
    ] {
        for (window, context) in
            [(15, ContextTakeover::Keep), (12, ContextTakeover::Keep), (15, ContextTakeover::Reset)]
        {
            for len in [1024, 16 * 1024] {
                let mut options = DeflateOptions::default();
                options.backend = backend;
                options.send.window = WindowBits::new(window).expect("between 8 and 15");
                options.send.context = context;
                // Without context each message can be received any number of times.
                let mut client_options = options;
                client_options.send.context = ContextTakeover::Reset;
                let mut server_options = options;
                server_options.receive.context = ContextTakeover::Reset;
                let mut client = engine(Role::Client, client_options);
                let wires: Vec<_> = (0..MESSAGES)
                    .map(|number| {
                        client.send(Message::text(json(number, len))).expect("an open connection");
                        sent(&mut client)
                    })
                    .collect();
                let mut server = engine(Role::Server, server_options);
                let (mut at, mut echoes, mut octets) = (0, 0, 0);
                let name = format!("{backend:?}, {window} bits, {context:?}, {len} B");
                group.throughput(Throughput::Bytes(len as u64));
                group.bench_function(BenchmarkId::from_parameter(&name), |bencher| {
                    bencher.iter(|| {
                        server.recv_buf().extend_from_slice(&wires[at]);
                        at = (at + 1) % MESSAGES;
                        server.handle_recv(Instant::ZERO);
                        while let Some(MessageEvent::Message(message)) = server.poll_event() {
                            server.send(message).expect("an open connection with room");
                        }
                        let sent = black_box(server.outbox().len());
                        (echoes, octets) = (echoes + 1, octets + sent);
                        server.outbox().advance(sent);
                    });
                });
                println!("{name}: {} bytes per reply", octets / echoes);
            }
        }
    }
    group.finish();
}

criterion_group!(benches, compression);
criterion_main!(benches);
