//! What Wirebahn's tests share: virtual time, seeded entropy, pipes with faults, pairs of engines.
//!
//! It knows the boundary ([`Engine`](wirebahn_core::Engine), [`Outbox`](wirebahn_core::Outbox),
//! [`Transport`](wirebahn_core::Transport)) and no protocol, so every engine, now and later, is tested with it.
//!
//! * [`Pair`] joins two engines by two [`Pipe`]s on virtual time and obeys them as a driver must.
//! * [`SeededEntropy`] and [`at`] stand in for the operating system's entropy and clock.
#![forbid(unsafe_code)]

mod entropy;
mod pair;
mod pipe;
mod time;

pub use entropy::SeededEntropy;
pub use pair::{Pair, Side, Step};
pub use pipe::{Arrival, Chunking, Fault, Pipe, PipeOptions};
pub use time::at;
