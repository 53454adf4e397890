//! Masking and UTF-8 checking beside `memcpy`: both must run at the speed of memory.
#![allow(missing_docs, reason = "the macros of criterion make public functions")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use wirebahn_core::websocket::Utf8Validator;
use wirebahn_core::websocket::frame::MaskKey;

const SIZES: [usize; 5] = [20, 125, 1024, 16 * 1024, 1024 * 1024];

fn text(piece: &str, len: usize) -> Vec<u8> {
    let mut text: Vec<u8> = piece.bytes().cycle().take(len).collect();
    // The cut may have split a character.
    while std::str::from_utf8(&text).is_err() {
        text.pop();
    }
    text.resize(len, b'.');
    text
}

fn primitives(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("primitives");
    for size in SIZES {
        let ascii = text("the quick brown fox jumps over the lazy dog ", size);
        let mixed = text("Größe Ελληνικά 日本語 Привет 🙂 ", size);
        let mut target = vec![0; size];
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::new("memcpy", size), |bencher| {
            bencher.iter(|| black_box(&mut target).copy_from_slice(black_box(&ascii)));
        });
        group.bench_function(BenchmarkId::new("mask", size), |bencher| {
            bencher.iter(|| black_box(MaskKey::new([1, 2, 3, 4])).apply(black_box(&mut target)));
        });
        for (name, text) in [("utf8 ascii", &ascii), ("utf8 mixed", &mixed)] {
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                bencher.iter(|| Utf8Validator::new().feed(black_box(text)));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, primitives);
criterion_main!(benches);
