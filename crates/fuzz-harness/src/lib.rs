//! What the fuzz targets in `fuzz/` do with their inputs, apart from any fuzzing engine, so that what was found once is
//! replayed as a plain test.
//!
//! Every function takes any bytes and panics if Wirebahn does not do what it should.
//!
//! * [`server_opening`] and [`client_opening`]: arbitrary bytes in arbitrary pieces into the opening handshake.
//! * [`proxy_tunnel`] and [`proxy_header`]: the same into what comes before it where there are proxies.
//! * [`frames`]: arbitrary bytes in arbitrary pieces into the three layers, compared with each other and with a parser
//!   that was written from RFC 6455 alone.
//! * [`inflate`]: arbitrary bytes as compressed messages, in arbitrary pieces.
//! * [`byte_stream`]: arbitrary messages as a byte stream, compared with a second decoder.
//! * [`operations`]: arbitrary operations on a client and a server on virtual time.
//! * [`rawsocket`]: arbitrary bytes in arbitrary pieces into either end of a RawSocket, compared with a second parser.
//! * [`router_operations`]: arbitrary operations on a router with several sessions on virtual time.
//! * [`wamp_json`], [`wamp_msgpack`] and [`wamp_cbor`]: arbitrary bytes as a message, passed on in every serializer.
//! * [`wamp_transcode`]: arbitrary arguments, around all serializers.
//!
//! All but `operations` and those of WAMP share the layout `flags (2 bytes), sizes of the pieces (4 bytes), bytes of the peer`.
#![forbid(unsafe_code)]

mod byte_stream;
mod client_opening;
mod entropy;
mod frame;
mod frames;
mod inflate;
mod input;
mod operations;
mod proxy;
mod rawsocket;
mod reference;
mod router_operations;
mod server_opening;
mod wamp;

pub use byte_stream::byte_stream;
pub use client_opening::client_opening;
pub use frames::frames;
pub use inflate::inflate;
pub use operations::operations;
pub use proxy::{proxy_header, proxy_tunnel};
pub use rawsocket::rawsocket;
pub use router_operations::router_operations;
pub use server_opening::server_opening;
pub use wamp::{wamp_cbor, wamp_json, wamp_msgpack, wamp_transcode};
