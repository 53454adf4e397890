//! WebSocket on plain threads: nothing here is asynchronous.
//!
//! A server, with a thread per connection:
//!
//! ```no_run
//! use wirebahn_blocking::Server;
//!
//! let server = Server::bind("127.0.0.1:9001")?;
//! server.serve(|mut socket| {
//!     while let Some(message) = socket.recv() {
//!         if socket.send(message).is_err() {
//!             break;
//!         }
//!     }
//! })?;
//! # Ok::<_, std::io::Error>(())
//! ```
//!
//! A client:
//!
//! ```no_run
//! let mut socket = wirebahn_blocking::connect("ws://127.0.0.1:9001/")?;
//! socket.send("Hello")?;
//! for message in &mut socket {
//!     println!("{:?}", message.as_text());
//! }
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! * [`connect`] and [`Client`] open connections, [`Server`] and [`accept`] take them.
//! * [`WebSocket`] has whole messages, [`FrameSocket`] whole frames, [`StreamingSocket`] payload as it arrives;
//!   [`WebSocket::split`] gives two halves for two threads.
//! * The options are in [`opening`] and [`Config`]; what can be sent and received in [`Message`], [`MessageEvent`],
//!   [`Closed`].
#![forbid(unsafe_code)]

mod client;
mod connection;
mod incoming;
mod reach;
#[cfg(feature = "tls")]
mod secure;
mod server;
mod shared_socket;
mod socket;
mod split;
mod stream;
#[cfg(feature = "wamp")]
pub mod wamp;

pub use client::{Client, Opened, connect, connect_on};
pub use connection::{Connection, FrameSocket, StreamingSocket, WebSocket};
pub use incoming::{HttpExchange, Incoming, Upgrade, accept, receive};
#[cfg(feature = "tls")]
pub use secure::TlsStream;
pub use server::{ACCEPT_PAUSE, SHUTDOWN_GRACE, Server, ServerHandle};
pub use socket::TimedOut;
pub use split::{WebSocketReader, WebSocketWriter};
pub use stream::{Duplex, Stream};

pub use wirebahn_adapter::{
    CONNECT_TIMEOUT, ConnectError, Delay, Dialer, OsEntropy, ProxyError, ProxyErrorKind, Route,
};
pub use wirebahn_core::websocket::{
    Cause, Chunk, CloseCode, Closed, Config, Event, Fin, Frames, Layer, Message, MessageEvent, MessageKind,
    Messages, PartsLayer, PreparedMessage, Replies, SendError, Streaming, extension, opening,
};
pub use wirebahn_core::{http, proxy};
#[cfg(feature = "tls")]
pub use wirebahn_tls as tls;
