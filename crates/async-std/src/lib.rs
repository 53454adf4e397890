//! WebSocket and WAMP on async-std.
//!
//! A server:
//!
//! ```no_run
//! use wirebahn_async_std::{Server, WebSocket};
//!
//! fn main() -> std::io::Result<()> {
//!     async_std::task::block_on(async {
//!         let server = Server::bind("127.0.0.1:9001").await?;
//!         server.serve(echo).await
//!     })
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
//! A session with a WAMP router:
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let session = wirebahn_async_std::wamp::join("ws://127.0.0.1:8080/ws", "realm1").await?;
//! let sum: i64 = session.call("com.example.add", (2, 3)).await?;
//! session.publish("com.example.sums", (sum,)).await?;
//! session.leave().await;
//! # Ok(())
//! # }
//! ```
//!
//! * [`wamp`] has sessions, components that come back, and routers in this process.
//! * [`connect`] and [`Client`] open connections, [`Server`] and [`accept`] take them.
//! * [`WebSocket`] has whole messages, [`FrameSocket`] whole frames, [`StreamingSocket`] payload as it arrives;
//!   [`ByteStream`] has none of those.
//! * The options are in [`opening`] and [`Config`]; what can be sent and received in [`Message`], [`MessageEvent`],
//!   [`Closed`].
//!
//! async-std is discontinued: this crate is for applications that are still on it. New ones do better with
//! `wirebahn-smol`, which differs in its imports only.
#![forbid(unsafe_code)]

mod network;
mod over;
mod runtime;
#[cfg(feature = "wamp")]
pub mod wamp;

pub use network::{Listener, ReactorSocket, Task};
pub use over::{accept, connect, connect_on, receive};
pub use runtime::{AsyncStdRuntime, AsyncStdTimer};

pub use wirebahn_drive::FuturesIo;
#[doc(inline)]
pub use wirebahn_drive::names::websocket::*;

/// A stream to or from the other end.
pub type Stream = network::Stream;

/// A connection to be opened: headers, subprotocols, proxies, redirects, options.
pub type Client = wirebahn_drive::websocket::Client<AsyncStdRuntime>;

/// A listening server: one task per connection.
pub type Server = wirebahn_drive::websocket::Server<AsyncStdRuntime>;

/// A connection as a byte stream, in the manner of websockify.
pub type ByteStream<S = Stream> = wirebahn_drive::websocket::ByteStream<FuturesIo<S>, AsyncStdRuntime>;

wirebahn_drive::connections!(AsyncStdRuntime over FuturesIo);
