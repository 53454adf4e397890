//! WebSocket and WAMP on smol.
//!
//! A server:
//!
//! ```no_run
//! use wirebahn_smol::{Server, WebSocket};
//!
//! fn main() -> std::io::Result<()> {
//!     smol::block_on(async {
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
//! let session = wirebahn_smol::wamp::join("ws://127.0.0.1:8080/ws", "realm1").await?;
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
#![forbid(unsafe_code)]

mod network;
mod over;
mod runtime;
#[cfg(feature = "wamp")]
pub mod wamp;

pub use network::{Listener, ReactorSocket, Task};
pub use over::{accept, connect, connect_on, receive};
pub use runtime::{SmolRuntime, SmolTimer};

pub use wirebahn_drive::FuturesIo;
#[doc(inline)]
pub use wirebahn_drive::names::websocket::*;

/// A stream to or from the other end.
pub type Stream = network::Stream;

/// A connection to be opened: headers, subprotocols, proxies, redirects, options.
pub type Client = wirebahn_drive::websocket::Client<SmolRuntime>;

/// A listening server: one task per connection.
pub type Server = wirebahn_drive::websocket::Server<SmolRuntime>;

/// A connection as a byte stream, in the manner of websockify.
pub type ByteStream<S = Stream> = wirebahn_drive::websocket::ByteStream<FuturesIo<S>, SmolRuntime>;

wirebahn_drive::connections!(SmolRuntime over FuturesIo);
