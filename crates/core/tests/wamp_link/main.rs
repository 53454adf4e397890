//! Messages over WebSocket and RawSocket, sessions over both, and the engine contract.
#![cfg(feature = "wamp")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is a failed test")]

mod contract;
mod link;
mod peer;
mod support;
