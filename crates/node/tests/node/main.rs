//! A node on real sockets.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is the failure report")]

mod http;
mod listening;
mod reload;
mod sessions;
mod support;
