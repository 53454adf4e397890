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
//! * [`connect`] and [`Client`] open connections, [`Server`] and [`accept`] take them; [`Reconnecting`] keeps one.
//! * `http_upgrade`, with the feature of the same name, takes them from HTTP servers of others: hyper, axum.
//! * [`WebSocket`] has whole messages, [`FrameSocket`] whole frames, [`StreamingSocket`] payload as it arrives;
//!   [`ByteStream`] has none of those.
//! * The options are in [`opening`] and [`Config`]; what can be sent and received in [`Message`], [`MessageEvent`],
//!   [`Closed`].
#![forbid(unsafe_code)]

mod byte_stream;
mod client;
#[cfg(feature = "http-upgrade")]
pub mod http_upgrade;
mod io;
mod network;
mod runtime;
#[cfg(feature = "tls")]
mod secure;
mod server;
mod stream;
#[cfg(feature = "wamp")]
pub mod wamp;

pub use byte_stream::ByteStream;
pub use client::{connect, connect_on};
pub use io::TokioIo;
pub use network::{Listener, Task};
pub use runtime::{TokioRuntime, TokioTimer};
#[cfg(feature = "tls")]
pub use secure::TlsStream;
pub use server::{accept, receive};
pub use stream::Stream;

pub use wirebahn_core::websocket::{
    Cause, Chunk, CloseCode, Closed, Config, Event, Fin, Frames, Message, MessageEvent, MessageKind,
    Messages, PreparedMessage, Replies, SendError, Streaming, extension, opening,
};
pub use wirebahn_core::{BackoffOptions, http, proxy};
pub use wirebahn_drive::websocket::{
    ACCEPT_PAUSE, ByteEncoding, ConnectError, ConnectFailed, ConnectionLost, Layer, PartsLayer,
    ReconnectEvent, SHUTDOWN_GRACE, ServerHandle,
};
pub use wirebahn_drive::{
    CONNECT_TIMEOUT, Delay, Dialer, OsEntropy, ProxyError, ProxyErrorKind, Route, Shutdown,
};
#[cfg(feature = "tls")]
pub use wirebahn_tls as tls;

/// A connection to be opened: headers, subprotocols, proxies, redirects, options.
///
/// ```no_run
/// # async fn run() -> Result<(), wirebahn_tokio::ConnectError> {
/// use wirebahn_tokio::Client;
///
/// let opened = Client::new("ws://example.com/chat")?
///     .header("Authorization", "Bearer 4711")?
///     .subprotocol("chat")?
///     .proxy_from_environment()
///     .connect()
///     .await?;
/// println!("speaking {:?}", opened.response.subprotocol);
/// # Ok(())
/// # }
/// ```
pub type Client = wirebahn_drive::websocket::Client<TokioRuntime>;

/// A client's connection that comes back after it was lost.
pub type Reconnecting = wirebahn_drive::websocket::Reconnecting<TokioRuntime>;

/// An open connection and what the server answered.
pub type Opened<L, S = Stream> = wirebahn_drive::websocket::Opened<L, TokioIo<S>, TokioRuntime>;

/// A listening server: one task per connection, on the runtime that it serves on.
///
/// ```no_run
/// use wirebahn_tokio::{Server, WebSocket};
///
/// # async fn run() -> std::io::Result<()> {
/// let server = Server::bind("127.0.0.1:9001").await?.max_connections(10_000);
/// let handle = server.handle();
/// tokio::spawn(async move {
///     let _ = tokio::signal::ctrl_c().await;
///     handle.shut_down();
/// });
/// server.serve(|mut socket: WebSocket| async move { while socket.recv().await.is_some() {} }).await
/// # }
/// ```
pub type Server = wirebahn_drive::websocket::Server<TokioRuntime>;

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
