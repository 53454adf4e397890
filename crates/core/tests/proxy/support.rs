//! What the tests share.

use std::fmt::Debug;

use wirebahn_core::proxy::{Dialogue, Leftover, Prologue, PrologueEvent};
use wirebahn_core::{Engine, Instant, Transport};

/// How a prologue ended.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome<T, E> {
    pub(crate) event: Option<PrologueEvent<T, E>>,
    /// What was sent.
    pub(crate) sent: Vec<u8>,
    /// What came behind a prologue that succeeded.
    pub(crate) leftover: Option<Vec<u8>>,
}

/// Feeds an engine in pieces.
pub(crate) fn feed<D: Dialogue>(mut engine: Prologue<D>, pieces: &[&[u8]]) -> Outcome<D::Output, D::Error> {
    let mut sent = drain(&mut engine);
    let mut event = None;
    for piece in pieces {
        engine.recv_buf().extend_from_slice(piece);
        engine.handle_recv(Instant::ZERO);
        sent.extend(drain(&mut engine));
        event = event.or_else(|| engine.poll_event());
    }
    if let Some(PrologueEvent::Failed(_)) = event {
        assert_eq!((engine.transport(), engine.poll_timeout()), (Transport::Close, None));
    }
    let leftover = engine.into_leftover().ok().map(|Leftover { received, .. }| received.to_vec());
    Outcome { event, sent, leftover }
}

/// Feeds an engine whole, byte by byte, and cut in two at every place: each must come to the same.
pub(crate) fn feed_in_every_way<D>(
    make: impl Fn() -> Prologue<D>,
    bytes: &[u8],
) -> Outcome<D::Output, D::Error>
where
    D: Dialogue<Output: Debug + PartialEq, Error: Debug + PartialEq>,
{
    let whole = feed(make(), &[bytes]);
    let singles: Vec<_> = bytes.chunks(1).collect();
    assert_eq!(feed(make(), &singles), whole, "byte by byte: {}", bytes.escape_ascii());
    for cut in 0..bytes.len() {
        let (first, second) = bytes.split_at(cut);
        assert_eq!(feed(make(), &[first, second]), whole, "cut at {cut}: {}", bytes.escape_ascii());
    }
    whole
}

fn drain(engine: &mut impl Engine) -> Vec<u8> {
    let bytes = engine.outbox().pieces().flatten().copied().collect();
    engine.outbox().clear();
    bytes
}
