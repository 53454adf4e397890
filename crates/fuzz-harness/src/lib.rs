//! What the fuzz targets in `fuzz/` do with their inputs, apart from any fuzzing engine, so that what was found once is
//! replayed as a plain test.
//!
//! Every function takes any bytes and panics if Wirebahn does not do what it should.
//!
//! * [`server_opening`] and [`client_opening`]: arbitrary bytes in arbitrary pieces into the opening handshake.
//! * [`proxy_tunnel`] and [`proxy_header`]: the same into what comes before it where there are proxies.
//! * [`frames`]: arbitrary bytes in arbitrary pieces into the three layers, compared with each other and with a parser
//!   that was written from RFC 6455 alone.
//! * [`operations`]: arbitrary operations on a client and a server on virtual time.
//!
//! All but the last share the layout `flags (2 bytes), sizes of the pieces (4 bytes), bytes of the peer`.
#![forbid(unsafe_code)]

mod client_opening;
mod entropy;
mod frames;
mod input;
mod operations;
mod proxy;
mod reference;
mod server_opening;

pub use client_opening::client_opening;
pub use frames::frames;
pub use operations::operations;
pub use proxy::{proxy_header, proxy_tunnel};
pub use server_opening::server_opening;
