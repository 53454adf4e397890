//! The opening handshake (RFC 6455 4).
//!
//! [`ServerOpening`] and [`ClientOpening`] are engines of their own. Each ends either in a terminal event or in an
//! [`Established`](super::Established), which takes leftover bytes along into the protocol proper. [`HttpOpening`] is
//! the server's side behind somebody else's HTTP server.
//!
//! ```text
//!   ClientOpening                             ServerOpening
//!     ClientRequest ───── GET, Upgrade ─────▶   checks, then the event Request
//!                                               the application decides: accept(), refuse()
//!     checks, then Open ◀──────── 101 ───────
//!     into_established()                        into_established()
//! ```

mod client;
mod key;
mod server;
mod version;

pub use client::{
    ClientOpening, ClientOpeningError, ClientOpeningEvent, ClientOptions, ClientRequest, ClientRequestError,
    HandshakeError, RedirectError, Rejection, Response,
};
pub use server::{
    AcceptError, Acceptance, AllowedOrigins, AnswerError, ForwardingHeader, HttpAccepted, HttpOpening,
    HttpRejection, HttpRequest, HttpResponse, NullOrigin, OpeningFailure, OriginPattern, OriginPatternError,
    Origins, PlainHttp, Refusal, Request, RequestError, ServerOpening, ServerOpeningEvent, ServerOptions,
    Subprotocol,
};
pub use version::ProtocolVersion;

/// Headers that the handshake itself writes or that say where a message ends; nobody else may set them.
fn is_reserved(name: &str) -> bool {
    ["Connection", "Content-Length", "Transfer-Encoding", "Upgrade"]
        .iter()
        .any(|reserved| name.eq_ignore_ascii_case(reserved))
        || name.as_bytes().get(..14).is_some_and(|prefix| prefix.eq_ignore_ascii_case(b"Sec-WebSocket-"))
}
