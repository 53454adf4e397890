//! WebSocket connections for applications: what an adapter's users hold in their hands.
//!
//! ```text
//!   serve::Server, builder::Client     everything from the port or the URL on, on a runtime's network
//!   Reconnecting                       a client that comes back
//!   server::Incoming, client::open     the opening handshake, over any stream
//!      Connection<Messages>            = WebSocket: whole messages, Stream and Sink
//!      Connection<Frames>              = FrameSocket
//!      Connection<Streaming>           = StreamingSocket
//!      split: WebSocketReader, WebSocketWriter
//!      ByteStream                      a StreamingSocket for those who know nothing of messages
//! ```

mod builder;
mod byte_stream;
mod client;
mod connection;
mod frames;
mod messages;
mod parts;
mod reconnecting;
mod serve;
mod server;
mod split;
mod streaming;

pub use builder::Client;
pub use byte_stream::ByteStream;
pub use client::{Opened, open};
pub use connection::Connection;
pub use reconnecting::{ConnectFailed, ConnectionLost, ReconnectEvent, Reconnecting};
#[cfg(feature = "router")]
pub(crate) use serve::{Passed, Setup, respond};
pub use serve::{Server, ServerHandle};
pub use server::{Admission, HttpExchange, Incoming, Upgrade, accept_any};
pub use split::{WebSocketReader, WebSocketWriter};

pub use wirebahn_adapter::{ACCEPT_PAUSE, ConnectError, SHUTDOWN_GRACE};
pub use wirebahn_core::websocket::byte_stream::{ByteEncoding, ByteStreamError};
use wirebahn_core::websocket::{Frames, Messages, Streaming};
pub use wirebahn_core::websocket::{Layer, PartsLayer};

/// A connection at the level of whole messages: what most applications want.
pub type WebSocket<I, R> = Connection<Messages, I, R>;

/// A connection at the level of whole frames.
pub type FrameSocket<I, R> = Connection<Frames, I, R>;

/// A connection at the level of payload as it arrives, for messages that do not fit into memory.
pub type StreamingSocket<I, R> = Connection<Streaming, I, R>;
