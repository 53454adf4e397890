//! permessage-deflate (RFC 7692), from the handshake to the last byte.
#![cfg(feature = "deflate")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, unreachable_pub, reason = "a panic is a failed test")]

mod memory;
mod negotiation;
mod receiving;
mod round_trip;
mod support;
