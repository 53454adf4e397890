//! Extensions (RFC 6455 9): what the two ends may agree upon beyond the protocol itself.
//!
//! ```text
//!   ExtensionParams   what is written in Sec-WebSocket-Extensions
//!   Extension         negotiates: offers, accepts an offer, checks the answer
//!      Agreement        what came of it; makes a pair of
//!      MessageEncoder   messages on their way out
//!      MessageDecoder   messages on their way in, piece by piece
//!   deflate           permessage-deflate (RFC 7692)
//!   bzip2, snappy, brotli   its kin, as Autobahn|Python speaks them; each is a feature
//! ```
//!
//! A connection uses one extension at most: the ones that exist are alternatives to each other, and all of them claim
//! the same reserved bit. An application can write its own by implementing the three traits.

#[cfg(feature = "brotli")]
pub mod brotli;
#[cfg(feature = "bzip2")]
pub mod bzip2;
mod codec;
#[cfg(feature = "deflate")]
pub mod deflate;
mod negotiation;
#[cfg(any(feature = "brotli", feature = "snappy"))]
mod no_context;
mod params;
#[cfg(feature = "snappy")]
pub mod snappy;

pub use codec::{DecodeError, MessageDecoder, MessageEncoder, Standalone};
pub use negotiation::{Agreement, Extension, ExtensionError, Extensions, Terms};
pub use params::{ExtensionParam, ExtensionParams, ExtensionSyntaxError};

pub(in crate::websocket) use negotiation::{Accepted, accept, confirm, offers};
