//! TLS, proxies on the way, proxies in front, redirects: everything between a URL and the opening handshake.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is a failed test")]

mod authority;
mod front;
mod proxies;
mod redirects;
mod support;
mod tls;
mod wamp;
