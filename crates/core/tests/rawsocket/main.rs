//! RawSocket: handshake, framing, timers, the end, and the engine contract.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is a failed test")]

mod contract;
mod ending;
mod frames;
mod opening;
mod support;
