//! The responses, as data.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use super::answer::find_reserved;
use super::request::choose_subprotocol;
use super::{AcceptError, Acceptance, Request, RequestError, ServerOptions, Subprotocol};
use crate::http::{Headers, ResponseHead, StatusCode};
use crate::websocket::extension::{self, Agreement, ExtensionParams};
use crate::websocket::opening::{ProtocolVersion, is_reserved};

/// What the answer to a request needs of it.
pub(super) struct Pending {
    accept: String,
    subprotocols: Vec<String>,
    /// The extensions that are offered.
    extensions: Option<String>,
}

impl Pending {
    /// `accept` is the answer to the request's key.
    pub(super) fn new(request: &Request, accept: String) -> Self {
        Self { accept, subprotocols: request.subprotocols.clone(), extensions: request.extensions.clone() }
    }
}

/// What accepting comes to.
pub(super) struct Accepting {
    pub(super) response: ResponseHead,
    pub(super) extension: Option<(ExtensionParams, Agreement)>,
}

/// The 101 response (RFC 6455 4.2.2 item 5).
pub(super) fn accept(
    pending: &Pending,
    acceptance: &Acceptance,
    options: &ServerOptions,
) -> Result<Accepting, AcceptError> {
    let subprotocol = match &acceptance.subprotocol {
        Subprotocol::Known => choose_subprotocol(&pending.subprotocols, &options.subprotocols),
        Subprotocol::None => None,
        Subprotocol::Named(name) if pending.subprotocols.contains(name) => Some(name.as_str()),
        Subprotocol::Named(_) => return Err(AcceptError::SubprotocolNotOffered),
    };
    if let Some(name) = find_reserved(&acceptance.headers) {
        return Err(AcceptError::HeaderReserved(name));
    }
    let mut headers = headers_with_server(options, &[&acceptance.headers, &options.headers]);
    headers.push("Upgrade", "websocket");
    headers.push("Connection", "Upgrade");
    headers.extend_except(&options.headers, is_reserved);
    headers.extend_except(&acceptance.headers, |_| false);
    if let Some(name) = subprotocol {
        headers.push("Sec-WebSocket-Protocol", name);
    }
    headers.push("Sec-WebSocket-Accept", pending.accept.as_str());
    let known = acceptance.extensions.as_deref().unwrap_or(&options.extensions);
    let extension = pending.extensions.as_deref().and_then(|offers| extension::accept(offers, known));
    if let Some((answer, _)) = &extension {
        headers.push("Sec-WebSocket-Extensions", answer.to_string());
    }
    Ok(Accepting { response: ResponseHead::new(StatusCode::SWITCHING_PROTOCOLS, headers), extension })
}

/// The beginning of all responses: the `Server` header, unless one of `others` names the server already.
pub(super) fn headers_with_server(options: &ServerOptions, others: &[&Headers]) -> Headers {
    let mut headers = Headers::new();
    let is_named_elsewhere = others.iter().any(|headers| headers.contains("Server"));
    if let Some(server) = options.server.as_ref().filter(|_| !is_named_elsewhere) {
        headers.push("Server", server.as_bytes());
    }
    headers
}

/// A final response.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: Headers,
    pub(super) body: Bytes,
    pub(super) connection: &'static str,
    pub(super) is_head: bool,
}

impl Default for Answer {
    fn default() -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            headers: Headers::new(),
            body: Bytes::new(),
            connection: "close",
            is_head: false,
        }
    }
}

impl Answer {
    /// A response whose body is a line of text.
    pub(super) fn text(status: StatusCode, text: &dyn fmt::Display) -> Self {
        let mut headers = Headers::new();
        headers.push("Content-Type", "text/plain; charset=utf-8");
        let mut body = text.to_string();
        body.push('\n');
        Self { status, headers, body: body.into(), ..Self::default() }
    }

    /// The response that says what is wrong with a request.
    pub(super) fn to_wrong_request(error: RequestError, options: &ServerOptions) -> Self {
        let mut answer = Self::text(error.status(), &error);
        match error {
            // RFC 9110 15.5.6, 15.5.22; RFC 6455 4.4.
            RequestError::MethodNotAllowed => answer.headers.push("Allow", "GET"),
            RequestError::UpgradeMissing => {
                answer.headers.push("Upgrade", "websocket");
                answer.connection = "close, Upgrade";
            }
            RequestError::VersionUnsupported => {
                answer.headers.push("Sec-WebSocket-Version", join(&options.versions));
            }
            _ => {}
        }
        answer
    }
}

/// The versions as a list, newest first (RFC 6455 4.4).
fn join(versions: &[ProtocolVersion]) -> String {
    let mut list = String::new();
    for version in ProtocolVersion::all().filter(|version| versions.contains(version)) {
        list.push_str(if list.is_empty() { "" } else { ", " });
        list.push_str(&version.to_string());
    }
    list
}
