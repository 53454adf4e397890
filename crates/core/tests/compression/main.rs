//! permessage-deflate (RFC 7692), from the handshake to the last byte.
#![cfg(feature = "deflate")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, unreachable_pub, reason = "a panic is a failed test")]

#[cfg(any(feature = "brotli", feature = "bzip2", feature = "snappy"))]
mod kin;
mod memory;
mod negotiation;
mod receiving;
mod round_trip;
mod support;
