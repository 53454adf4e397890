//! The server's side of the opening handshake.

mod answer;
mod check;
mod engine;
mod failure;
mod forwarded;
mod options;
mod origin;
mod request;

pub use answer::{AcceptError, Acceptance, AnswerError, HttpResponse, Refusal, Subprotocol};
pub use engine::{ServerOpening, ServerOpeningEvent};
pub use failure::{OpeningFailure, RequestError};
pub use options::{ForwardingHeader, PlainHttp, ServerOptions};
pub use origin::{AllowedOrigins, NullOrigin, OriginPattern, OriginPatternError, Origins};
pub use request::{HttpRequest, Request};
