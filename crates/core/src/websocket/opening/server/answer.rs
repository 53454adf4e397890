//! What the application answers.

use alloc::string::String;
use core::fmt;

use bytes::Bytes;

use crate::http::{Headers, StatusCode};
use crate::websocket::extension::Extensions;
use crate::websocket::opening::is_reserved;

/// A request is accepted.
///
/// ```
/// use wirebahn_core::websocket::opening::{Acceptance, Subprotocol};
///
/// let mut acceptance = Acceptance::default();
/// acceptance.subprotocol = Subprotocol::Named("chat".into());
/// acceptance.headers.append("Set-Cookie", "id=1; HttpOnly")?;
/// # Ok::<_, wirebahn_core::http::HeaderError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Acceptance {
    /// The subprotocol to speak.
    pub subprotocol: Subprotocol,
    /// The extensions that this connection may use instead of
    /// [`ServerOptions::extensions`](super::ServerOptions::extensions); an empty list allows none. Default: `None`,
    /// those of the options.
    pub extensions: Option<Extensions>,
    /// Headers of the response, repeats included.
    pub headers: Headers,
}

/// Which subprotocol to speak (RFC 6455 1.9).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subprotocol {
    /// The first of the client's list that is among
    /// [`ServerOptions::subprotocols`](super::ServerOptions::subprotocols); none if there is no such.
    #[default]
    Known,
    /// This one; the client must have offered it.
    Named(String),
    /// None.
    None,
}

/// A request is refused.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Refusal {
    /// The status: 200 to 599.
    pub status: StatusCode,
    /// Headers of the response, repeats included.
    pub headers: Headers,
    /// The body of the response; give its `Content-Type`, too.
    pub body: Bytes,
}

impl Refusal {
    /// A refusal without body.
    #[must_use]
    pub const fn new(status: StatusCode) -> Self {
        Self { status, headers: Headers::new(), body: Bytes::new() }
    }
}

/// The response to a plain HTTP request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpResponse {
    /// The status: 200 to 599.
    pub status: StatusCode,
    /// Headers of the response, repeats included.
    pub headers: Headers,
    /// The body of the response; give its `Content-Type`, too. For `HEAD` only its length is sent.
    pub body: Bytes,
}

impl HttpResponse {
    /// A response without body.
    #[must_use]
    pub const fn new(status: StatusCode) -> Self {
        Self { status, headers: Headers::new(), body: Bytes::new() }
    }
}

/// A request could not be accepted like this. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AcceptError {
    /// A header that the handshake writes itself.
    HeaderReserved(String),
    /// No request waits for an answer: none has come yet, it was answered already, or the connection has ended.
    NotWaiting,
    /// A subprotocol that the client has not offered (RFC 6455 4.2.2 item 5).
    SubprotocolNotOffered,
}

/// A request could not be answered like this. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerError {
    /// A header that is written here.
    HeaderReserved(String),
    /// No request of this kind waits for an answer: none has come yet, it was answered already, or the connection has
    /// ended.
    NotWaiting,
    /// The status is not between 200 and 599.
    StatusInvalid(StatusCode),
}

pub(super) fn find_reserved(headers: &Headers) -> Option<String> {
    headers.iter().find(|(name, _)| is_reserved(name)).map(|(name, _)| name.into())
}

/// Whether the answer may go on the wire.
pub(super) fn check_answer(status: StatusCode, headers: &Headers) -> Result<(), AnswerError> {
    if !matches!(status.get(), 200..=599) {
        return Err(AnswerError::StatusInvalid(status));
    }
    find_reserved(headers).map_or(Ok(()), |name| Err(AnswerError::HeaderReserved(name)))
}

const NOT_WAITING: &str = "no request waits for this answer";

impl fmt::Display for AcceptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeaderReserved(name) => write!(f, "leave the header {name} out: the handshake writes it"),
            Self::NotWaiting => f.write_str(NOT_WAITING),
            Self::SubprotocolNotOffered => f.write_str("choose a subprotocol that the client has offered"),
        }
    }
}

impl core::error::Error for AcceptError {}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeaderReserved(name) => write!(f, "leave the header {name} out: the handshake writes it"),
            Self::NotWaiting => f.write_str(NOT_WAITING),
            Self::StatusInvalid(status) => write!(f, "choose a status from 200 to 599, not {status}"),
        }
    }
}

impl core::error::Error for AnswerError {}
