//! What sessions have in common, whether they block or not: results, events, replies, errors.

mod error;
mod event;
mod invocation_error;
mod join_error;
mod open_error;
mod reply;
mod result;

pub use error::{Error, RequestError};
pub use event::{Event, Overflow};
pub use invocation_error::InvocationError;
pub use join_error::JoinError;
pub use open_error::OpenError;
pub use reply::{IntoReply, Reply};
pub use result::{CallResult, First};
