//! WebSocket and WAMP on tokio.
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
//! A session with a WAMP router:
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let session = wirebahn_tokio::wamp::join("ws://127.0.0.1:8080/ws", "realm1").await?;
//! let sum: i64 = session.call("com.example.add", (2, 3)).await?;
//! session.publish("com.example.sums", (sum,)).await?;
//! session.leave().await;
//! # Ok(())
//! # }
//! ```
//!
//! * [`wamp`] has sessions, components that come back, and routers in this process.
//! * [`connect`] and [`Client`] open connections, [`Server`] and [`accept`] take them; [`Reconnecting`] keeps one.
//! * `http_upgrade`, with the feature of the same name, takes them from HTTP servers of others: hyper, axum.
//! * [`WebSocket`] has whole messages, [`FrameSocket`] whole frames, [`StreamingSocket`] payload as it arrives;
//!   [`ByteStream`] has none of those.
//! * The options are in [`opening`] and [`Config`]; what can be sent and received in [`Message`], [`MessageEvent`],
//!   [`Closed`].
#![forbid(unsafe_code)]

#[cfg(feature = "http-upgrade")]
pub mod http_upgrade;
mod network;
mod over;
mod runtime;
#[cfg(feature = "wamp")]
pub mod wamp;

pub use network::{Listener, Task};
pub use over::{accept, connect, connect_on, receive};
pub use runtime::{TokioRuntime, TokioTimer};

pub use wirebahn_drive::TokioIo;
#[doc(inline)]
pub use wirebahn_drive::names::websocket::*;

/// A stream to or from the other end.
///
/// `Stream::Tcp` makes one of a `TcpStream`; turn Nagle's algorithm off (`set_nodelay(true)`), as [`Client`] and [`Server`] do.
pub type Stream = network::Stream;

/// A stream with TLS on it.
#[cfg(feature = "tls")]
pub type TlsStream<S = Stream> = wirebahn_drive::TokioTlsStream<S>;

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

/// A connection as a byte stream, in the manner of websockify: for protocols that know nothing of messages, behind ports
/// and proxies that know nothing but HTTP.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use tokio::io::copy_bidirectional;
/// use tokio::net::TcpStream;
/// use wirebahn_tokio::{ByteStream, Client};
///
/// let mut stream = ByteStream::connect(Client::new("wss://example.com/ssh")?).await?;
/// let mut target = TcpStream::connect("127.0.0.1:22").await?;
/// copy_bidirectional(&mut stream, &mut target).await?;
/// # Ok(())
/// # }
/// ```
///
/// Reader and writer may be two tasks (`tokio::io::split`). Shutting down ends both directions; when reading ends, and how,
/// is told at [the type itself](wirebahn_drive::websocket::ByteStream).
pub type ByteStream<S = Stream> = wirebahn_drive::websocket::ByteStream<TokioIo<S>, TokioRuntime>;

wirebahn_drive::connections!(TokioRuntime over TokioIo);

/// The examples of the front page, to be compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct FrontPage;
