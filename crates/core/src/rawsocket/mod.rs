//! RawSocket: WAMP messages over a plain byte stream, framed by four octets each.
//!
//! ```text
//!   RawSocket  whole messages; ping and pong, limits, keepalive, the end
//!      frame      headers
//!   opening    the handshake of four octets before it: length limits and serializer
//! ```
//!
//! Spoken over TCP, TLS and Unix sockets. A server tells it from HTTP by the first octet: [`opening::MAGIC`].

mod closed;
mod config;
mod connection;
mod established;
mod frame;
pub mod opening;
mod prepared;
mod receive;
mod send_error;
mod violation;

pub use closed::{Cause, Closed, TimerKind};
pub use config::{Config, MaxLen};
pub use connection::{Event, RawSocket};
pub use established::Established;
pub use frame::{FrameHeader, FrameType, HEADER_LEN};
pub use prepared::PreparedFrame;
pub use send_error::SendError;
pub use violation::Violation;

pub use crate::websocket::{Keepalive, Pong};
