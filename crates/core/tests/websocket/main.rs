//! The layers of an open connection, without sockets and on made-up time.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "a test binary: a panic is a failed test"
)]

mod closing;
mod common;
mod frame_rules;
mod lending;
mod limits;
mod sending;
mod text;
mod timers;
