//! What compression costs in memory. Alone in its program: it counts every allocation.
#![cfg(feature = "deflate")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is a failed test")]

use std::alloc::System;
use std::sync::Arc;

use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, compress_to_output, create_comp_flags_from_zip_params,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use wirebahn_core::websocket::extension::deflate::{
    Backend, ContextTakeover, Deflate, DeflateMemory, DeflateOptions, MemoryLevel, WindowBits,
};
use wirebahn_core::websocket::extension::{Agreement, Extension, ExtensionParams};
use wirebahn_core::websocket::{Config, Established, Message, MessageEvent, Messages, Role};
use wirebahn_core::{Engine, Entropy, Instant};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const CONNECTIONS: usize = 20;

/// What a connection may hold between messages without context takeover: nothing but its engine.
const MAX_WITHOUT_CONTEXT: usize = 4_000;

/// What a bomb may take beyond the limit of messages.
const MAX_BEYOND_LIMIT: usize = 1 << 20;

struct Zeros;

impl Entropy for Zeros {
    fn fill(&mut self, out: &mut [u8]) {
        out.fill(0);
    }
}

fn allocated() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

fn backends() -> Vec<Backend> {
    vec![
        Backend::MinizOxide,
        #[cfg(feature = "zlib-rs")]
        Backend::ZlibRs,
    ]
}

fn established(config: &Arc<Config>, deflate: Option<&Arc<dyn Extension>>) -> Established {
    let mut established = Established::new(Role::Server, Arc::clone(config), Box::new(Zeros), Instant::ZERO);
    established.extension = deflate.map(|deflate| {
        let offer = "permessage-deflate; client_max_window_bits";
        let offer = ExtensionParams::parse_list(offer).next().unwrap().unwrap();
        let (_, terms) = deflate.accept(&offer).unwrap();
        Agreement::new(Arc::clone(deflate), terms)
    });
    established
}

fn compress(message: &[u8], flush: TDEFLFlush) -> Vec<u8> {
    let mut compressor = CompressorOxide::new(create_comp_flags_from_zip_params(9, -15, 0));
    let mut compressed = Vec::new();
    compress_to_output(&mut compressor, message, flush, |piece| {
        compressed.extend_from_slice(piece);
        true
    });
    compressed
}

/// A frame with the key 0.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first, 0xff];
    frame.extend((payload.len() as u64).to_be_bytes());
    if payload.len() < 126 {
        frame = vec![first, 0x80 | payload.len() as u8];
    } else if payload.len() <= 0xffff {
        frame = vec![first, 0xfe];
        frame.extend((payload.len() as u16).to_be_bytes());
    }
    frame.extend([0; 4]);
    frame.extend_from_slice(payload);
    frame
}

/// One compressed message in each direction.
fn exchange(engine: &mut Messages, input: &[u8], message: &Message) {
    *engine.recv_buf() = input.into();
    engine.handle_recv(Instant::ZERO);
    assert_eq!(engine.poll_event(), Some(MessageEvent::Message(message.clone())));
    *engine.recv_buf() = bytes::BytesMut::new();
    engine.send(message.clone()).unwrap();
    assert_eq!(engine.outbox().pieces().next().unwrap()[0], 0xc1);
    engine.outbox().clear();
}

/// Bytes per connection: idle, and after messages in both directions.
fn measure(deflate: Option<&Arc<dyn Extension>>) -> (usize, usize) {
    let config = Arc::new(Config::default());
    let text = "{\"id\":1,\"name\":\"somebody\"},".repeat(40);
    let mut compressed = compress(text.as_bytes(), TDEFLFlush::Sync);
    compressed.truncate(compressed.len() - 4);
    let (input, message) = (frame(0xc1, &compressed), Message::text(text));
    // What is shared is there already.
    let mut warm = Messages::new(established(&config, deflate));
    if deflate.is_some() {
        exchange(&mut warm, &input, &message);
    }
    let mut engines = Vec::with_capacity(CONNECTIONS);
    let before = allocated();
    engines.extend((0..CONNECTIONS).map(|_| Messages::new(established(&config, deflate))));
    let idle = (allocated() - before) / CONNECTIONS;
    if deflate.is_some() {
        engines.iter_mut().for_each(|engine| exchange(engine, &input, &message));
    }
    (idle, (allocated() - before) / CONNECTIONS)
}

fn options(backend: Backend, window: u8, memory: u8, context: ContextTakeover) -> Deflate {
    let mut options = DeflateOptions::default();
    options.backend = backend;
    options.send.window = WindowBits::new(window).unwrap();
    options.receive.window = options.send.window;
    options.send.context = context;
    options.receive.context = context;
    options.memory_level = MemoryLevel::new(memory).unwrap();
    Deflate::new(options)
}

fn connections_cost_what_the_helper_says() {
    let (plain, _) = measure(None);
    for backend in backends() {
        for (window, memory) in [(9, 1), (9, 8), (12, 5), (15, 1), (15, 5), (15, 8), (15, 9)] {
            let deflate = options(backend, window, memory, ContextTakeover::Keep);
            let (idle, used) = measure(Some(&deflate.clone().into()));
            let said = DeflateMemory::at_most(deflate.options()).total();
            println!(
                "{backend:?} window {window} memory {memory}: idle {idle} ({plain} plain), used {used}, said {said}"
            );
            assert_eq!(idle, plain, "an idle connection that negotiated compression costs no more");
            assert!(used.abs_diff(said + idle) < 3_000, "{used} bytes, {said} were said");
        }
        let (_, used) = measure(Some(&options(backend, 12, 5, ContextTakeover::Keep).into()));
        assert!(used <= if backend == Backend::MinizOxide { 340_000 } else { 215_000 }, "{used} bytes");
        let (_, used) = measure(Some(&options(backend, 15, 8, ContextTakeover::Reset).into()));
        println!("{backend:?} without context: used {used}");
        assert!(used < MAX_WITHOUT_CONTEXT, "{used} bytes without context");
    }
}

/// The most memory that this process has had, in bytes.
#[cfg(target_os = "linux")]
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

/// DEFLATE shrinks by 1032 at most, so a mebibyte is needed for a gibibyte.
#[cfg(target_os = "linux")]
fn bombs_are_refused_at_the_limit() {
    // Zeros without end: what a mebibyte of them compresses to, without its end, over and over.
    let unit = compress(&vec![0; 32 << 20], TDEFLFlush::Full);
    let bomb = frame(0xc2, &unit.repeat(32));
    assert!(bomb.len() < 1100 << 10);
    for limit in [1 << 20, 64 << 20] {
        for pieces in [bomb.len(), 1024] {
            let mut config = Config::default();
            config.limits.max_message_len = limit;
            let mut engine = Messages::new(established(&Arc::new(config), Some(&Deflate::default().into())));
            let (heap, before) = (allocated(), peak());
            for piece in bomb.chunks(pieces) {
                engine.recv_buf().extend_from_slice(piece);
                engine.handle_recv(Instant::ZERO);
                assert_eq!(engine.poll_event(), None);
                let held = allocated() - heap;
                assert!(held < limit as usize + MAX_BEYOND_LIMIT + bomb.len(), "{held} bytes held");
                if !engine.streaming().is_open() {
                    break;
                }
            }
            assert!(!engine.streaming().is_open());
            assert_eq!(
                engine.outbox().pieces().flatten().copied().collect::<Vec<_>>(),
                [0x88, 2, 0x03, 0xf1]
            );
            let grown = peak() - before;
            println!("limit {limit}, pieces of {pieces}: grew by {grown}");
            assert!(grown < limit as usize + MAX_BEYOND_LIMIT, "{grown} bytes with a limit of {limit}");
        }
    }
}

/// One test, since all of it looks at the memory of the process.
#[test]
fn compression_takes_the_memory_it_says_and_no_more_for_bombs() {
    #[cfg(target_os = "linux")]
    bombs_are_refused_at_the_limit();
    connections_cost_what_the_helper_says();
}
