//! WebSocket (RFC 6455) and WAMP as pure state machines.
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
//! * [`rawsocket`] is WAMP's other transport: handshake and framing over plain streams.
//! * [`wamp`] is what runs over it: messages, payloads and serializers, of which each has a feature: `json`, `msgpack`
//!   (both on by default) and `cbor`.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod backoff;
mod engine;
mod entropy;
pub mod http;
mod outbox;
pub mod proxy;
mod race;
pub mod rawsocket;
mod time;
#[cfg(feature = "wamp")]
#[cfg_attr(
    not(any(feature = "json", feature = "msgpack", feature = "cbor")),
    expect(
        unused,
        unreachable_code,
        clippy::needless_pass_by_ref_mut,
        reason = "without a serializer nothing becomes bytes"
    )
)]
pub mod wamp;
pub mod websocket;

pub use backoff::{Backoff, BackoffOptions};
pub use engine::{Engine, Transport};
pub use entropy::Entropy;
pub use outbox::{COPY_THRESHOLD, Outbox};
pub use race::{ATTEMPT_DELAY, AddressRace};
pub use time::Instant;
