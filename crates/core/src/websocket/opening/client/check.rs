//! The checks of a 101 response (RFC 6455 4.1, second half), in an order that decides which mistake is reported.

use alloc::string::{String, ToString};
use alloc::sync::Arc;

use super::{ClientRequest, HandshakeError};
use crate::http::{Headers, HttpVersion, ResponseHead};
use crate::websocket::extension::{self, Accepted, Extension};

/// The subprotocol and the extension that the server chose, if the response is valid.
pub(super) fn check(
    head: &ResponseHead,
    accept: &str,
    request: &ClientRequest,
    offered: &[Arc<dyn Extension>],
) -> Result<(Option<String>, Option<Accepted>), HandshakeError> {
    if head.version != HttpVersion::Http11 {
        return Err(HandshakeError::HttpVersionUnsupported);
    }
    let headers = &head.headers;
    // Items 2 and 3.
    let upgrade = headers
        .get_once("Upgrade")
        .map_err(|_| HandshakeError::UpgradeRepeated)?
        .ok_or(HandshakeError::UpgradeMissing)?;
    if !upgrade.as_bytes().eq_ignore_ascii_case(b"websocket") {
        return Err(HandshakeError::UpgradeInvalid);
    }
    if !headers.contains_token("Connection", "Upgrade") {
        return Err(HandshakeError::ConnectionInvalid);
    }
    // Item 4.
    let proof = headers
        .get_once("Sec-WebSocket-Accept")
        .map_err(|_| HandshakeError::AcceptRepeated)?
        .ok_or(HandshakeError::AcceptMissing)?;
    if *proof != *accept {
        return Err(HandshakeError::AcceptMismatch);
    }
    let extension = check_extensions(headers, offered)?;
    Ok((check_subprotocol(headers, request)?, extension))
}

/// Item 5; RFC 6455 11.3.2: in a response the header must not be repeated. An empty list is none.
fn check_extensions(
    headers: &Headers,
    offered: &[Arc<dyn Extension>],
) -> Result<Option<Accepted>, HandshakeError> {
    let Some(value) = headers
        .get_once("Sec-WebSocket-Extensions")
        .map_err(|_| HandshakeError::ExtensionsRepeated)?
        .filter(|value| !value.as_bytes().is_empty())
    else {
        return Ok(None);
    };
    match value.to_str() {
        Some(text) if !offered.is_empty() => {
            extension::confirm(text, offered).map_err(HandshakeError::Extension)
        }
        _ => Err(HandshakeError::ExtensionUnasked(value.to_string())),
    }
}

/// Item 6.
fn check_subprotocol(headers: &Headers, request: &ClientRequest) -> Result<Option<String>, HandshakeError> {
    let Some(value) =
        headers.get_once("Sec-WebSocket-Protocol").map_err(|_| HandshakeError::SubprotocolRepeated)?
    else {
        return Ok(None);
    };
    match request.subprotocols().iter().find(|offer| *value == *offer.as_str()) {
        Some(offer) => Ok(Some(offer.clone())),
        None => Err(HandshakeError::SubprotocolUnasked(value.to_string())),
    }
}
