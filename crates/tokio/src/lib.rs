//! WebSocket on tokio.
//!
//! A server:
//!
//! ```no_run
//! use wirebahn_tokio::{Server, WebSocket};
//!
//! #[tokio::main]
//! async fn main() -> std::io::Result<()> {
//!     let server = Server::bind("127.0.0.1:9001").await?;
//!     server.serve(echo).await
//! }
//!
//! async fn echo(mut socket: WebSocket) {
//!     while let Some(message) = socket.recv().await {
//!         if socket.send(message).await.is_err() {
//!             break;
//!         }
//!     }
//! }
//! ```
//!
//! A client:
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let mut socket = wirebahn_tokio::connect("ws://127.0.0.1:9001/").await?;
//! socket.send("Hello").await?;
//! if let Some(message) = socket.recv().await {
//!     println!("{:?}", message.as_text());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! * [`wamp`] has sessions with WAMP routers.
//! * [`connect`] and [`Client`] open connections, [`Server`] and [`accept`] take them.
//! * [`WebSocket`] has whole messages, [`FrameSocket`] whole frames, [`StreamingSocket`] payload as it arrives.
//! * The options are in [`opening`] and [`Config`]; what can be sent and received in [`Message`], [`MessageEvent`],
//!   [`Closed`].
#![forbid(unsafe_code)]

mod client;
mod io;
mod runtime;
mod server;
mod stream;
#[cfg(feature = "wamp")]
pub mod wamp;

pub use client::{CONNECT_TIMEOUT, Client, Opened, connect, connect_on};
pub use io::TokioIo;
pub use runtime::{TokioRuntime, TokioTimer};
pub use server::{ACCEPT_PAUSE, SHUTDOWN_GRACE, Server, ServerHandle, accept, receive};
pub use stream::{Delay, Stream};

pub use wirebahn_core::http;
pub use wirebahn_core::websocket::{
    Cause, Chunk, CloseCode, Closed, Config, Event, Fin, Frames, Message, MessageEvent, MessageKind,
    Messages, PreparedMessage, Replies, SendError, Streaming, opening,
};
pub use wirebahn_drive::websocket::{ConnectError, Layer};
pub use wirebahn_drive::{OsEntropy, Shutdown};

/// A connection at the level of whole messages.
pub type WebSocket<S = Stream> = wirebahn_drive::websocket::WebSocket<TokioIo<S>, TokioRuntime>;

/// A connection at the level of whole frames.
pub type FrameSocket<S = Stream> = wirebahn_drive::websocket::FrameSocket<TokioIo<S>, TokioRuntime>;

/// A connection at the level of payload as it arrives.
pub type StreamingSocket<S = Stream> = wirebahn_drive::websocket::StreamingSocket<TokioIo<S>, TokioRuntime>;

/// The half of a [`WebSocket`] that receives.
pub type WebSocketReader<S = Stream> = wirebahn_drive::websocket::WebSocketReader<TokioIo<S>, TokioRuntime>;

/// The half of a [`WebSocket`] that sends.
pub type WebSocketWriter<S = Stream> = wirebahn_drive::websocket::WebSocketWriter<TokioIo<S>, TokioRuntime>;

/// A request that a client has made, waiting for an answer.
pub type Incoming<S = Stream> = wirebahn_drive::websocket::Incoming<TokioIo<S>, TokioRuntime>;

/// A client that wants a WebSocket, waiting to be accepted or refused.
pub type Upgrade<S = Stream> = wirebahn_drive::websocket::Upgrade<TokioIo<S>, TokioRuntime>;

/// A client that has made a plain HTTP request, waiting for the answer.
pub type HttpExchange<S = Stream> = wirebahn_drive::websocket::HttpExchange<TokioIo<S>, TokioRuntime>;

/// The examples of the front page, to be compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct FrontPage;
