//! The client's side of the opening handshake.

mod body;
mod check;
mod engine;
mod error;
mod redirect;
mod request;

pub use engine::{ClientOpening, ClientOpeningEvent, ClientOptions, Response};
pub use error::{ClientOpeningError, HandshakeError, Rejection};
pub use redirect::RedirectError;
pub use request::{ClientRequest, ClientRequestError};
