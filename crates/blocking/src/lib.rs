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

mod network;
#[cfg(feature = "wamp")]
pub mod wamp;

pub use network::{Listener, StdNetwork};

#[doc(inline)]
pub use wirebahn_drive_blocking::names::websocket::*;

/// A stream to or from the other end.
///
/// `Stream::Tcp` makes one of a `TcpStream`; turn Nagle's algorithm off (`set_nodelay(true)`), as [`Client`] and [`Server`] do.
pub type Stream = network::Stream;

/// Opens a connection to the server at `url`: `ws://host:port/path`, or `ws+unix:///socket:/path`; with the feature
/// `tls` also `wss`.
///
/// [`Client`] has headers, subprotocols, proxies, options and other layers.
///
/// # Errors
///
/// The URL is invalid, or the server cannot be reached, refuses, or does not answer in time.
pub fn connect(url: &str) -> Result<WebSocket, ConnectError> {
    Ok(Client::new(url)?.connect()?.connection)
}

/// A connection to be opened: headers, subprotocols, proxies, redirects, options.
///
/// ```no_run
/// use wirebahn_blocking::Client;
///
/// let opened = Client::new("ws://example.com/chat")?
///     .header("Authorization", "Bearer 4711")?
///     .subprotocol("chat")?
///     .proxy_from_environment()
///     .connect()?;
/// println!("speaking {:?}", opened.response.subprotocol);
/// # Ok::<_, wirebahn_blocking::ConnectError>(())
/// ```
pub type Client = wirebahn_drive_blocking::Client<StdNetwork>;

/// An open connection and what the server answered.
pub type Opened<L, S = Stream> = wirebahn_drive_blocking::Opened<L, S>;

/// A listening server: one thread per connection.
///
/// ```no_run
/// use wirebahn_blocking::Server;
///
/// let server = Server::bind("127.0.0.1:9001")?.max_connections(1_000);
/// server.serve(|mut socket| {
///     while let Some(message) = socket.recv() {
///         if socket.send(message).is_err() {
///             break;
///         }
///     }
/// })?;
/// # Ok::<_, std::io::Error>(())
/// ```
pub type Server = wirebahn_drive_blocking::Server<StdNetwork>;

/// A connection at the layer `L`, over the stream `S`.
pub type Connection<L, S = Stream> = wirebahn_drive_blocking::Connection<L, S>;

/// A connection at the level of whole messages.
pub type WebSocket<S = Stream> = wirebahn_drive_blocking::WebSocket<S>;

/// A connection at the level of whole frames.
pub type FrameSocket<S = Stream> = wirebahn_drive_blocking::FrameSocket<S>;

/// A connection at the level of payload as it arrives.
pub type StreamingSocket<S = Stream> = wirebahn_drive_blocking::StreamingSocket<S>;

/// A connection as `Read` and `Write`, in the manner of websockify.
pub type ByteStream<S = Stream> = wirebahn_drive_blocking::ByteStream<S>;

/// The half of a [`WebSocket`] that receives.
pub type WebSocketReader<S = Stream> = wirebahn_drive_blocking::WebSocketReader<S>;

/// The half of a [`WebSocket`] that sends.
pub type WebSocketWriter<S = Stream> = wirebahn_drive_blocking::WebSocketWriter<S>;

/// A request that a client has made, waiting for an answer.
pub type Incoming<S = Stream> = wirebahn_drive_blocking::Incoming<S>;

/// A client that wants a WebSocket, waiting to be accepted or refused.
pub type Upgrade<S = Stream> = wirebahn_drive_blocking::Upgrade<S>;

/// A client that has made a plain HTTP request, waiting for the answer.
pub type HttpExchange<S = Stream> = wirebahn_drive_blocking::HttpExchange<S>;

/// A stream with TLS on it.
#[cfg(feature = "tls")]
pub type TlsStream<S = Stream> = wirebahn_drive_blocking::TlsStream<S>;
