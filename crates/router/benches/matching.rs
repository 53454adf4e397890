//! What a look-up costs beside a million unrelated subscriptions.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use wirebahn_core::wamp::MatchPolicy::{Exact, Prefix, Wildcard};
use wirebahn_router::matching::{PatternMap, StringHashKey};

const UNRELATED: u32 = 1_000_000;

fn bench(c: &mut Criterion) {
    for (name, unrelated) in [("few", 9), ("a million", UNRELATED)] {
        let mut map = PatternMap::new(StringHashKey::new([3; 16]));
        for i in 0..unrelated {
            let (policy, pattern) = match i % 3 {
                0 => (Exact, format!("com.example.device{i}.temperature")),
                1 => (Prefix, format!("com.example.device{i}.")),
                _ => (Wildcard, format!("com.example.device{i}..value")),
            };
            map.insert(policy, &pattern, i);
        }
        map.insert(Exact, "com.example.room.temperature", 1);
        map.insert(Prefix, "com.example.room", 2);
        map.insert(Wildcard, "com.example..temperature", 3);
        let mut group = c.benchmark_group(format!("beside {name}"));
        group.bench_function("all matches", |b| {
            b.iter(|| {
                let mut sum = 0;
                map.for_each_match(black_box("com.example.room.temperature"), |&value| sum += value);
                sum
            });
        });
        group.bench_function("best exact", |b| {
            b.iter(|| map.best(black_box("com.example.room.temperature")).is_some());
        });
        group.bench_function("best wildcard", |b| {
            b.iter(|| map.best(black_box("com.example.hall.temperature")).is_some());
        });
        group.bench_function("no match", |b| {
            b.iter(|| map.best(black_box("com.example.hall.pressure")).is_some());
        });
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
