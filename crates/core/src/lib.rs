//! WebSocket (RFC 6455) as pure state machines.
//!
//! No I/O, no clock, no entropy of its own, no runtime: bytes and time go in, events and bytes come out. Adapters such
//! as `wirebahn-tokio` drive these engines over sockets; this crate is for those who write an adapter, embed the
//! protocol in an event loop of their own, test it, or fuzz it.
//!
//! * [`Engine`] is the one contract between a protocol and a driver, [`Outbox`] the bytes on their way out.
//! * [`http`] has what the opening handshake needs of HTTP/1.1: heads, headers, WebSocket URLs.
//! * [`proxy`] is the way through a proxy to a server, and what a proxy says in front of one.
//! * [`websocket`] is the protocol: opening handshakes and the three layers
//!   `Streaming`, `Frames` and `Messages`.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod engine;
mod entropy;
pub mod http;
mod outbox;
pub mod proxy;
mod race;
mod time;
pub mod websocket;

pub use engine::{Engine, Transport};
pub use entropy::Entropy;
pub use outbox::{COPY_THRESHOLD, Outbox};
pub use race::{ATTEMPT_DELAY, AddressRace};
pub use time::Instant;
