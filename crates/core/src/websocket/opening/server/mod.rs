//! The server's side of the opening handshake.

mod answer;
mod check;
mod engine;
mod failure;
mod forwarded;
mod http_opening;
mod options;
mod origin;
mod request;
mod response;

pub use answer::{AcceptError, Acceptance, AnswerError, HttpResponse, Refusal, Subprotocol};
pub use engine::{ServerOpening, ServerOpeningEvent};
pub use failure::{OpeningFailure, RequestError};
pub use http_opening::{HttpAccepted, HttpOpening, HttpRejection};
pub use options::{ForwardingHeader, PlainHttp, ServerOptions};
pub use origin::{AllowedOrigins, NullOrigin, OriginPattern, OriginPatternError, Origins};
pub use request::{HttpRequest, Request};
