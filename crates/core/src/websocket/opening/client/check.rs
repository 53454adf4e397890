//! The checks of a 101 response (RFC 6455 4.1, second half), in an order that decides which mistake is reported.

use alloc::string::{String, ToString};

use super::{ClientRequest, HandshakeError};
use crate::http::{Headers, HttpVersion, ResponseHead};

/// The subprotocol that the server chose, if the response is valid.
pub(super) fn check(
    head: &ResponseHead,
    accept: &str,
    request: &ClientRequest,
) -> Result<Option<String>, HandshakeError> {
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
    check_extensions(headers)?;
    check_subprotocol(headers, request)
}

/// Item 5. None is offered, so none may be in use; an empty list is none.
fn check_extensions(headers: &Headers) -> Result<(), HandshakeError> {
    match headers.get_once("Sec-WebSocket-Extensions").map_err(|_| HandshakeError::ExtensionsRepeated)? {
        Some(value) if !value.as_bytes().is_empty() => {
            Err(HandshakeError::ExtensionUnasked(value.to_string()))
        }
        _ => Ok(()),
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
