//! Tunnels through proxies, and the headers of proxies in front of a server.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is a failed test")]

mod contract;
mod header;
mod support;
mod tunnel;
