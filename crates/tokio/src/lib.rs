//! WebSocket on tokio.
//!
//! [`TokioIo`] and [`TokioRuntime`] are all that [`wirebahn_drive::Socket`] needs of tokio.
#![forbid(unsafe_code)]

mod io;
mod runtime;

pub use io::TokioIo;
pub use runtime::{TokioRuntime, TokioTimer};
