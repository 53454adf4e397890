//! Drives an [`Engine`](wirebahn_core::Engine) over any asynchronous byte stream, on any runtime.
//!
//! A [`Socket`] owns an engine and an I/O object and is driven by the task that polls it: no further task, no channel
//! and no lock. Waiting for the next event reads, answers, runs timers and flushes. [`Socket::split`] gives two halves
//! for two tasks. None of that knows a protocol; [`websocket`] and [`wamp`] are what an adapter hands its users on top of it.
//!
//! An adapter supplies streams as [`Io`] and timers as [`Runtime`], and for clients and servers that begin with a URL
//! or a port also [`Network`] and [`Listen`]. Streams of `futures-io` and of tokio's traits need no code
//! at all: `FuturesIo` (feature `futures-io`) and `TokioIo` (feature `tokio-io`) wrap them.
//!
//! * `socket`: what to do when: events, writing, reading, timers, the end.
//! * `recv_buffer`: whose memory bytes are read into.
//! * `output`: emptying the outbox. `alarm`: the one timer of a socket.
//! * `split`: two halves and their wake-ups. `shutdown`: asking many connections to end.
//! * `names`, `macros`: what adapters hand on or write in the same words.
//! * `futures_io`, `tokio_io`, `streams`: streams of either family, with TLS; what is the same for both.
//! * `net`: reaching servers, through proxies and TLS, and listening, on any runtime.
#![forbid(unsafe_code)]

mod alarm;
#[cfg(feature = "futures-io")]
mod futures_io;
mod io;
mod macros;
#[doc(hidden)]
pub mod names;
mod net;
mod output;
mod recv_buffer;
mod runtime;
mod shutdown;
mod socket;
mod split;
#[cfg(any(feature = "futures-io", feature = "tokio-io"))]
mod streams;
#[cfg(feature = "tokio-io")]
mod tokio_io;
#[cfg(feature = "wamp")]
pub mod wamp;
pub mod websocket;

#[cfg(feature = "futures-io-tls")]
pub use crate::futures_io::FuturesTlsStream;
#[cfg(feature = "futures-io")]
pub use crate::futures_io::{FuturesIo, FuturesStream, ShutDown};
pub use io::{Io, Wrap};
pub use net::{Accepted, Elapsed, Listen, Network, Spawn, converse, first_octet, reach, sleep, timeout};
pub use output::MAX_PIECES;
pub use recv_buffer::{BLOCK_LEN, MAX_KEPT_TAIL, MIN_GROWTH, MIN_ROOM, POOLED_BLOCKS};
pub use runtime::{Runtime, Timer};
pub use shutdown::Shutdown;
pub use socket::{CLOSE_WRITE_TIMEOUT, Disconnected, Parts, READS_PER_TURN, Socket};
pub use split::{ReadHalf, ReuniteError, WriteHalf};
#[cfg(feature = "tokio-io-tls")]
pub use tokio_io::TokioTlsStream;
#[cfg(feature = "tokio-io")]
pub use tokio_io::{TokioIo, TokioStream};
pub use wirebahn_adapter::{
    CONNECT_TIMEOUT, Delay, Dialer, OsEntropy, ProxyError, ProxyErrorKind, Route, concerns_one_connection,
};
