//! Extensions (RFC 6455 9): what the two ends may agree upon beyond the protocol itself.
//!
//! ```text
//!   ExtensionParams   what is written in Sec-WebSocket-Extensions
//!   Extension         negotiates: offers, accepts an offer, checks the answer
//!      Agreement        what came of it: a pair of
//!      MessageEncoder   messages on their way out
//!      MessageDecoder   messages on their way in, piece by piece
//!   deflate           permessage-deflate (RFC 7692)
//! ```
//!
//! A connection uses one extension at most: the ones that exist are alternatives to each other, and all of them claim
//! the same reserved bit. An application can write its own by implementing the three traits.

mod codec;
#[cfg(feature = "deflate")]
pub mod deflate;
mod negotiation;
mod params;

pub use codec::{DecodeError, MessageDecoder, MessageEncoder, Standalone};
pub use negotiation::{Agreement, Extension, ExtensionError, Extensions};
pub use params::{ExtensionParam, ExtensionParams, ExtensionSyntaxError};

pub(in crate::websocket) use negotiation::{Accepted, accept, confirm, offers};
