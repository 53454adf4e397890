//! Drives an [`Engine`](wirebahn_core::Engine) on plain threads, over any stream that blocks. Nothing here is
//! asynchronous.
//!
//! What `wirebahn-drive` is to futures this is to threads: connections, clients, servers, and with the feature `wamp`
//! sessions, components and routers of WAMP. None of that knows a protocol, and none a network.
//!
//! An adapter supplies streams as [`Duplex`], which is enough for connections over streams that are there already
//! ([`connect_on`], [`accept`]); with [`TryClone`] they can be used by two threads. For clients and servers that begin
//! with a URL or a port it is also [`Network`] and [`Listen`], whose streams [`BlockingStream`] makes one type of. The streams
//! of the standard library implement the first two here.
//!
//! * `socket`: an engine and a stream, driven by the thread that uses them. `shared_socket`: the same for many threads.
//! * `connection`, `split`, `byte_stream`: WebSockets. `client`, `incoming`, `server`: how they come about.
//! * `reach`: addresses, proxies, TLS on the way to a server. `secure`: TLS over any stream.
//! * `names`: what adapters hand on.
#![forbid(unsafe_code)]

mod blocking_stream;
mod byte_stream;
mod client;
mod connection;
mod incoming;
#[doc(hidden)]
pub mod names;
mod network;
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

pub use blocking_stream::BlockingStream;
pub use byte_stream::ByteStream;
pub use client::{Client, Opened, connect_on};
pub use connection::{Connection, FrameSocket, StreamingSocket, WebSocket};
pub use incoming::{HttpExchange, Incoming, Upgrade, accept, receive};
pub use network::{Accepted, Listen, Network, Wake};
pub use reach::reach;
#[cfg(feature = "tls")]
pub use secure::{TlsStream, secure, secure_accepted};
pub use server::{Server, ServerHandle};
pub use socket::TimedOut;
pub use split::{WebSocketReader, WebSocketWriter};
pub use stream::{Duplex, TryClone};
pub use wirebahn_adapter::{
    CONNECT_TIMEOUT, ConnectError, Delay, Dialer, OsEntropy, ProxyError, ProxyErrorKind, Route,
};
