//! The opening handshake, seen from outside: bytes and time in, events and bytes out.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests may: it is the failure report")]

mod client;
mod contract;
mod http;
mod pair;
mod server;
mod support;
