//! What the tests share.

use std::fmt::Debug;
use std::time::Duration;

use wirebahn_core::{Engine, Entropy, Instant, Transport};

/// Entropy that counts.
pub(crate) struct Counter(pub(crate) u8);

impl Entropy for Counter {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
    }
}

pub(crate) fn at(millis: u64) -> Instant {
    Instant::ZERO + Duration::from_millis(millis)
}

/// Appends bytes as a driver does.
pub(crate) fn feed<E: Engine>(engine: &mut E, bytes: &[u8], now: Instant) {
    engine.recv_buf().extend_from_slice(bytes);
    engine.handle_recv(now);
}

/// Takes everything out of the outbox.
pub(crate) fn drain<E: Engine>(engine: &mut E) -> Vec<u8> {
    let bytes = engine.outbox().pieces().flatten().copied().collect();
    engine.outbox().clear();
    bytes
}

/// What could be seen of an engine.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) events: Vec<String>,
    pub(crate) sent: String,
    pub(crate) transport: Transport,
    pub(crate) timeout: Option<Instant>,
}

/// Feeds an engine in pieces at one moment.
pub(crate) fn run<E: Engine<Event: Debug>>(mut engine: E, pieces: &[&[u8]], eof: bool) -> (Seen, E) {
    let (mut events, mut sent) = (Vec::new(), Vec::new());
    let mut look = |engine: &mut E| {
        events.extend(std::iter::from_fn(|| engine.poll_event()).map(|event| format!("{event:?}")));
        sent.extend(drain(engine));
    };
    look(&mut engine);
    for piece in pieces {
        feed(&mut engine, piece, at(0));
        look(&mut engine);
    }
    if eof {
        engine.handle_eof(at(0));
        look(&mut engine);
        engine.handle_eof(at(0));
        look(&mut engine);
    }
    let sent = String::from_utf8_lossy(&sent).into_owned();
    (Seen { events, sent, transport: engine.transport(), timeout: engine.poll_timeout() }, engine)
}

/// Feeds engines whole, byte by byte, and cut in two at every place; the same must be seen.
pub(crate) fn run_in_every_way<E: Engine<Event: Debug>>(
    make: impl Fn() -> E,
    bytes: &[u8],
    eof: bool,
) -> Seen {
    let (whole, _) = run(make(), &[bytes], eof);
    let (split, _) = run(make(), &bytes.chunks(1).collect::<Vec<_>>(), eof);
    assert_eq!(split, whole);
    for cut in 0..bytes.len() {
        let (first, second) = bytes.split_at(cut);
        assert_eq!(run(make(), &[first, second], eof).0, whole, "cut at {cut}");
    }
    whole
}
