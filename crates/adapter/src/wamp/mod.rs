//! What sessions have in common, whether they block or not: arguments, results, events, replies, errors, the setters of
//! builders, and when a component joins again.

mod arguments;
mod component;
mod error;
mod error_registry;
mod event;
mod interrupted;
mod invocation_error;
mod join_error;
mod join_options;
mod open_error;
mod reply;
mod result;
mod setters;
mod typed_error;
mod typed_handler;

pub use arguments::{ArgumentList, Arguments};
pub use component::{Attempts, ComponentError, ComponentEvent, Outcome};
pub use error::{Error, RequestError};
pub use error_registry::{BoxedError, ErrorRegistry};
pub use event::{EVENT_CAPACITY, Event, Overflow};
pub use interrupted::Interrupted;
pub use invocation_error::InvocationError;
pub use join_error::JoinError;
pub use join_options::JoinOptions;
pub use open_error::OpenError;
pub use reply::{IntoReply, Reply};
pub use result::CallResult;
pub use typed_error::{IntoInvocationError, WampError};
pub use typed_handler::{ErrorConversion, OwnUri, TypedHandler, typed};
