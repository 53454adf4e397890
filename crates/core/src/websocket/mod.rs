//! The WebSocket protocol, RFC 6455.
//!
//! ```text
//!   Messages   whole messages
//!      Frames     whole frames
//!         Streaming  payload as it arrives; control frames, close, UTF-8, limits, timers
//!            frame      headers, masks
//!            extension  messages transformed on their way: compression
//!   opening    the handshake before all of them
//!   byte_stream   what those who use a connection as one agree upon
//! ```
//!
//! Each layer uses the one under it and adds only its own concern: pick the API by picking the type.

pub mod byte_stream;
mod close;
mod config;
mod established;
pub mod extension;
pub mod frame;
mod frames;
mod joined;
mod layer;
mod message;
mod messages;
pub mod opening;
mod prepared;
mod role;
mod send_error;
mod stats;
pub(crate) mod streaming;
mod trace;
mod utf8;
mod violation;

pub use close::{Cause, CloseCode, Closed, TimerKind};
pub use config::{
    CloseConfig, CloseReply, Config, FragmentLimit, Keepalive, Limits, MaskConfig, MaskReceive, MaskSend,
    OnViolation, Utf8Check,
};
pub use established::Established;
pub use frames::Frames;
pub use layer::{Layer, PartsLayer};
pub use message::{Message, MessageKind};
pub use messages::{MessageEvent, Messages};
pub use prepared::PreparedMessage;
pub use role::Role;
pub use send_error::SendError;
pub use stats::{Traffic, TrafficStats};
pub use streaming::{Chunk, Event, Fin, MessageRef, Pong, Replies, Streaming};
pub use utf8::{Utf8Error, Utf8Validator};
pub use violation::Violation;
