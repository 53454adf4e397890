//! The server's opening handshake behind somebody else's HTTP server.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use super::answer::check_answer;
use super::check::{Checked, check};
use super::response::{Answer, Pending, accept, headers_with_server};
use super::{
    AcceptError, Acceptance, AnswerError, HttpResponse, OpeningFailure, Refusal, Request, RequestError,
    ServerOptions,
};
use crate::http::{HeadError, RequestHead, ResponseHead};
use crate::websocket::extension::{Agreement, ExtensionParams};
use crate::websocket::{Established, Role};
use crate::{Entropy, Instant};

/// The server's opening handshake (RFC 6455 4.2) where an HTTP server has read the request, and will write the response:
/// the checks and answers of [`ServerOpening`](super::ServerOpening) without its bytes and its timers.
///
/// ```
/// # struct Zeros;
/// # impl wirebahn_core::Entropy for Zeros { fn fill(&mut self, out: &mut [u8]) { out.fill(0) } }
/// use std::sync::Arc;
/// use wirebahn_core::http::{Headers, RequestHead};
/// use wirebahn_core::websocket::opening::{Acceptance, HttpOpening, ServerOptions};
/// use wirebahn_core::Instant;
///
/// let mut headers = Headers::new();
/// for (name, value) in [
///     ("Host", "example.com"),
///     ("Upgrade", "websocket"),
///     ("Connection", "Upgrade"),
///     ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
///     ("Sec-WebSocket-Version", "13"),
/// ] {
///     headers.append(name, value)?;
/// }
/// let head = RequestHead::new("GET", "/chat", headers)?;
/// let opening = HttpOpening::new(head, None, Arc::new(ServerOptions::default())).expect("a valid request");
/// assert_eq!(opening.request().http.resource, "/chat");
/// let accepted = opening.accept(Acceptance::default()).expect("an acceptance that fits");
/// // The server sends this, and hands over the transport.
/// assert_eq!(accepted.response().status.get(), 101);
/// let established = accepted.into_established(Box::new(Zeros), Instant::ZERO);
/// assert!(established.outbox.is_empty());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct HttpOpening {
    options: Arc<ServerOptions>,
    request: Box<Request>,
    pending: Pending,
}

/// A request was not valid, or was refused: what the client is answered.
///
/// What frames the body (`Content-Length`) is left to the HTTP server, which may also go on to use the transport.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpRejection {
    /// Why.
    pub failure: OpeningFailure,
    /// The response.
    pub response: HttpResponse,
}

/// A request was accepted.
#[derive(Debug)]
pub struct HttpAccepted {
    options: Arc<ServerOptions>,
    response: ResponseHead,
    extension: Option<Box<(ExtensionParams, Agreement)>>,
}

impl HttpOpening {
    /// Checks a request. `peer` is the address of the transport's other end, for
    /// [`HttpRequest::peer`](super::HttpRequest::peer).
    ///
    /// [`ServerOptions::open_timeout`] and [`ServerOptions::plain_http`] are the HTTP server's business.
    ///
    /// # Errors
    ///
    /// The request is not valid: here is what to answer.
    pub fn new(
        head: RequestHead,
        peer: Option<&str>,
        options: Arc<ServerOptions>,
    ) -> Result<Self, Box<HttpRejection>> {
        let checked = check_limits(&head, &options).and_then(|()| check(head, peer, &options));
        match checked {
            Ok(Checked::WebSocket { request, accept }) => {
                let pending = Pending::new(&request, accept);
                Ok(Self { options, request: Box::new(request), pending })
            }
            Ok(Checked::Plain(_)) => {
                Err(Box::new(HttpRejection::wrong_request(RequestError::UpgradeMissing, &options)))
            }
            Err(error) => Err(Box::new(HttpRejection::wrong_request(error, &options))),
        }
    }

    /// What the client asks for.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Accepts the request.
    ///
    /// # Errors
    ///
    /// The acceptance does not fit; here is the opening again, to be answered otherwise.
    pub fn accept(self, acceptance: Acceptance) -> Result<HttpAccepted, (AcceptError, Self)> {
        match accept(&self.pending, &acceptance, &self.options) {
            Ok(accepting) => Ok(HttpAccepted {
                options: self.options,
                response: accepting.response,
                extension: accepting.extension.map(Box::new),
            }),
            Err(error) => Err((error, self)),
        }
    }

    /// Refuses the request.
    ///
    /// # Errors
    ///
    /// The refusal does not fit; here is the opening again, to be answered otherwise.
    pub fn refuse(self, refusal: Refusal) -> Result<HttpRejection, (AnswerError, Self)> {
        let Refusal { status, headers, body } = refusal;
        if let Err(error) = check_answer(status, &headers) {
            return Err((error, self));
        }
        let mut all = headers_with_server(&self.options, &[&headers]);
        all.extend_except(&headers, |_| false);
        let response = HttpResponse { status, headers: all, body };
        Ok(HttpRejection { failure: OpeningFailure::Refused(status), response })
    }
}

impl HttpAccepted {
    /// What the client must be answered before anything else is sent.
    #[must_use]
    pub const fn response(&self) -> &ResponseHead {
        &self.response
    }

    /// The extension that is used, as the client is told.
    #[must_use]
    pub fn extension(&self) -> Option<&ExtensionParams> {
        self.extension.as_ref().map(|extension| &extension.0)
    }

    /// Moves on to the open connection, once the HTTP server has handed over the transport. Bytes that it had received
    /// by then and does not read again belong into [`Established::received`].
    #[must_use]
    pub fn into_established(self, entropy: Box<dyn Entropy>, now: Instant) -> Established {
        let mut established = Established::new(Role::Server, Arc::clone(&self.options.config), entropy, now);
        established.extension = self.extension.map(|extension| extension.1);
        established
    }
}

impl HttpRejection {
    /// What to answer to a request in which this is wrong.
    #[must_use]
    pub fn wrong_request(error: RequestError, options: &ServerOptions) -> Self {
        let answer = Answer::to_wrong_request(error, options);
        let mut headers = headers_with_server(options, &[&answer.headers]);
        if answer.headers.contains("Upgrade") {
            // RFC 9110 7.8.
            headers.push("Connection", "Upgrade");
        }
        headers.extend_except(&answer.headers, |_| false);
        let response = HttpResponse { status: answer.status, headers, body: answer.body };
        Self { failure: OpeningFailure::Request(error), response }
    }
}

/// An HTTP server may let through more than we would.
fn check_limits(head: &RequestHead, options: &ServerOptions) -> Result<(), RequestError> {
    let limits = options.head_limits;
    if head.headers.len() > limits.max_headers {
        return Err(RequestError::Head(HeadError::TooManyHeaders { limit: limits.max_headers }));
    }
    if head.encoded_len() > limits.max_len {
        return Err(RequestError::Head(HeadError::TooLarge { limit: limits.max_len }));
    }
    Ok(())
}

impl fmt::Debug for HttpOpening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpOpening").field("request", &self.request).finish_non_exhaustive()
    }
}
