//! WebSocket and WAMP on plain threads: nothing here is asynchronous.
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
//! Two threads on one connection, with TLS or without:
//!
//! ```no_run
//! let (reader, writer) = wirebahn_blocking::connect("ws://127.0.0.1:9001/")?.split()?;
//! let printing = std::thread::spawn(move || {
//!     for message in reader {
//!         println!("{:?}", message.as_text());
//!     }
//! });
//! writer.send("Hello")?;
//! # printing.join().expect("printing does not panic");
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! WAMP, with the feature `wamp`, which is on by default:
//!
//! ```no_run
//! # #[cfg(feature = "wamp")]
//! # fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let session = wirebahn_blocking::wamp::join("ws://127.0.0.1:8080/ws", "realm1")?;
//! let sum: i64 = session.call("com.example.add", (2, 3)).wait()?;
//! for event in session.subscribe("com.example.news").wait()? {
//!     println!("{}", event.args::<(String,)>()?.0);
//! }
//! # let _ = sum;
//! # Ok(())
//! # }
//! ```
//!
//! * `wamp` has sessions with WAMP routers, components that come back and, with the feature `router`, a router.
//! * [`connect`] and [`Client`] open connections, [`Server`] and [`accept`] take them.
//! * [`WebSocket`] has whole messages, [`FrameSocket`] whole frames, [`StreamingSocket`] payload as it arrives;
//!   [`WebSocket::split`] gives two halves for two threads; [`ByteStream`] has none of those, but bytes.
//! * The options are in [`opening`] and [`Config`]; what can be sent and received in [`Message`], [`MessageEvent`],
//!   [`Closed`].
#![forbid(unsafe_code)]

mod byte_stream;
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

pub use byte_stream::ByteStream;
pub use client::{Client, Opened, connect, connect_on};
pub use connection::{Connection, FrameSocket, StreamingSocket, WebSocket};
pub use incoming::{HttpExchange, Incoming, Upgrade, accept, receive};
#[cfg(feature = "tls")]
pub use secure::TlsStream;
pub use server::{SHUTDOWN_GRACE, Server, ServerHandle};
pub use socket::TimedOut;
pub use split::{WebSocketReader, WebSocketWriter};
pub use stream::{Duplex, Stream};

pub use wirebahn_adapter::{
    ACCEPT_PAUSE, CONNECT_TIMEOUT, ConnectError, Delay, Dialer, OsEntropy, ProxyError, ProxyErrorKind, Route,
};
pub use wirebahn_core::websocket::{
    Cause, Chunk, CloseCode, Closed, Config, Event, Fin, Frames, Layer, Message, MessageEvent, MessageKind,
    Messages, PartsLayer, PreparedMessage, Replies, SendError, Streaming, byte_stream::ByteEncoding,
    extension, opening,
};
pub use wirebahn_core::{http, proxy};
#[cfg(feature = "tls")]
pub use wirebahn_tls as tls;
