//! What Wirebahn's adapters share, whether they block or not.
//!
//! * [`OsEntropy`]: the operating system's random bytes, pooled.
//! * [`Dialer`]: how servers are reached: which proxy, which TLS, how long.
//! * [`ConnectError`], [`ProxyError`]: why there is no connection to a server.
//! * [`since_1970`]: what date the system has.
//! * [`byte_stream_end`]: whether a byte stream over a WebSocket is complete.
//! * [`concerns_one_connection`], [`ACCEPT_PAUSE`]: when a server cannot accept a connection.
//! * [`trace`]: what servers log. `names`: what adapters hand on to their users.
//! * `wamp`, with the feature of that name: what sessions have in common.
#![forbid(unsafe_code)]

mod accept;
mod byte_stream;
mod client_setters;
mod date;
mod dialer;
mod dialer_setters;
mod entropy;
mod error;
#[doc(hidden)]
pub mod names;
pub mod trace;
#[cfg(feature = "wamp")]
pub mod wamp;

pub use accept::{ACCEPT_PAUSE, SHUTDOWN_GRACE, concerns_one_connection};
pub use byte_stream::byte_stream_end;
pub use date::since_1970;
pub use dialer::{CONNECT_TIMEOUT, Delay, Dialer, Route};
pub use entropy::OsEntropy;
pub use error::{ConnectError, ProxyError, ProxyErrorKind};
