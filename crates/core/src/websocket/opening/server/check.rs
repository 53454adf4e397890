//! The checks of a request (RFC 6455 4.2.1), in an order that decides which mistake is reported.

use alloc::string::String;
use alloc::vec::Vec;

use super::forwarded::forwarded_for;
use super::origin::Origin;
use super::{HttpRequest, Request, RequestError, ServerOptions};
use crate::http::{AuthorityError, Headers, Host, HttpVersion, RequestHead, is_token, parse_authority};
use crate::websocket::opening::{ProtocolVersion, key};

/// What a request turned out to be.
pub(super) enum Checked {
    /// A valid request for a WebSocket, and the answer to its key.
    WebSocket { request: Request, accept: String },
    /// A valid request for something else.
    Plain(HttpRequest),
}

pub(super) fn check(
    head: RequestHead,
    peer: Option<&str>,
    options: &ServerOptions,
) -> Result<Checked, RequestError> {
    let http = check_http(head, peer, options)?;
    if !http.headers.contains("Upgrade") {
        return Ok(Checked::Plain(http));
    }
    let headers = &http.headers;
    // RFC 6455 4.2.1 items 3 and 4.
    if !headers.contains_token("Upgrade", "websocket") {
        return Err(RequestError::UpgradeInvalid);
    }
    if !headers.contains_token("Connection", "Upgrade") {
        return Err(RequestError::ConnectionInvalid);
    }
    let version = check_version(headers, options)?;
    let subprotocols = check_subprotocols(headers)?;
    let origin = check_origin(headers, version, options)?;
    // RFC 6455 4.2.1 item 5.
    let key = headers
        .get_once("Sec-WebSocket-Key")
        .map_err(|_| RequestError::KeyRepeated)?
        .ok_or(RequestError::KeyMissing)?;
    if !key::is_valid(key.as_bytes()) {
        return Err(RequestError::KeyInvalid);
    }
    let accept = key::accept_for(key.as_bytes());
    // RFC 6455 11.3.2: in a request the header may be repeated. What cannot be read as text cannot be a valid offer; it
    // is declined like any other that is not understood.
    let extensions: Vec<_> =
        headers.get_all("Sec-WebSocket-Extensions").filter_map(|value| value.to_str()).collect();
    let extensions = (!extensions.is_empty()).then(|| extensions.join(", "));
    Ok(Checked::WebSocket { request: Request { http, version, origin, subprotocols, extensions }, accept })
}

/// The checks that hold for every request.
fn check_http(
    head: RequestHead,
    peer: Option<&str>,
    options: &ServerOptions,
) -> Result<HttpRequest, RequestError> {
    let headers = &head.headers;
    let forwarded_for = forwarded_for(headers, options.forwarding_header, options.trusted_proxies);
    // RFC 6455 4.2.1 item 1. HEAD is as good as GET as long as no WebSocket is asked for.
    if head.method() != "GET" && (head.method() != "HEAD" || headers.contains("Upgrade")) {
        return Err(RequestError::MethodNotAllowed);
    }
    if head.version() != HttpVersion::Http11 {
        return Err(RequestError::HttpVersionUnsupported);
    }
    let (authority, resource) = check_target(head.target())?;
    // A body would be taken for frames.
    let announces_body = headers.get_all("Content-Length").any(|len| *len != *"0");
    if announces_body || headers.contains("Transfer-Encoding") {
        return Err(RequestError::BodyForbidden);
    }
    // RFC 6455 4.2.1 item 2; RFC 9112 3.2.
    let host =
        headers.get_once("Host").map_err(|_| RequestError::HostRepeated)?.ok_or(RequestError::HostMissing)?;
    let host = host.to_str().ok_or(HOST_NOT_TEXT)?;
    let (mut host, mut port) = parse_authority(host).map_err(RequestError::HostInvalid)?;
    // RFC 9112 3.2.2: the host of an absolute target takes precedence.
    if let Some(authority) = authority {
        (host, port) = authority;
    }
    if let Some(expected) = options.external_port {
        let matches = port.map_or(matches!(expected, 80 | 443), |port| port == expected);
        if !matches {
            return Err(RequestError::PortMismatch { expected });
        }
    }
    Ok(HttpRequest {
        method: head.method().into(),
        resource,
        host,
        port,
        peer: peer.map(String::from),
        forwarded_for,
        headers: head.headers,
    })
}

const HOST_NOT_TEXT: RequestError = RequestError::HostInvalid(AuthorityError::HostInvalid);

type Authority = (Host, Option<u16>);

/// The host, if the target names one, and path and query (RFC 6455 4.2.1 item 1; RFC 9112 3.2).
fn check_target(target: &str) -> Result<(Option<Authority>, String), RequestError> {
    if target.contains('#') {
        return Err(RequestError::TargetFragment);
    }
    if target.starts_with('/') {
        return Ok((None, target.into()));
    }
    let (scheme, rest) = target.split_once("://").ok_or(RequestError::TargetInvalid)?;
    if !["http", "https", "ws", "wss"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return Err(RequestError::TargetInvalid);
    }
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let authority = parse_authority(authority).map_err(|_| RequestError::TargetInvalid)?;
    let mut resource = String::from(if path.starts_with('/') { "" } else { "/" });
    resource.push_str(path);
    Ok((Some(authority), resource))
}

/// RFC 6455 4.2.1 item 6, 4.4.
fn check_version(headers: &Headers, options: &ServerOptions) -> Result<ProtocolVersion, RequestError> {
    let value = headers
        .get_once("Sec-WebSocket-Version")
        .map_err(|_| RequestError::VersionRepeated)?
        .ok_or(RequestError::VersionMissing)?;
    // RFC 6455 4.3: no sign and no leading zero.
    let is_number = |text: &&str| {
        text.bytes().all(|byte| byte.is_ascii_digit())
            && (*text == "0" || !text.starts_with('0'))
            && !text.is_empty()
    };
    let number = value.to_str().filter(is_number).ok_or(RequestError::VersionInvalid)?;
    // A number that does not fit is a number all the same, of a version that nobody speaks.
    number
        .parse()
        .ok()
        .and_then(ProtocolVersion::from_number)
        .filter(|version| options.versions.contains(version))
        .ok_or(RequestError::VersionUnsupported)
}

/// RFC 6455 4.2.1 item 8, 4.1 item 10: distinct tokens.
fn check_subprotocols(headers: &Headers) -> Result<Vec<String>, RequestError> {
    let mut subprotocols = Vec::<String>::new();
    for name in headers.list("Sec-WebSocket-Protocol") {
        let name = core::str::from_utf8(name)
            .ok()
            .filter(|name| is_token(name.as_bytes()))
            .ok_or(RequestError::SubprotocolInvalid)?;
        // Quadratic in the names of one head, of which the head's limit leaves room for a few thousand at most.
        if subprotocols.iter().any(|other| other == name) {
            return Err(RequestError::SubprotocolRepeated);
        }
        subprotocols.push(name.into());
    }
    Ok(subprotocols)
}

/// RFC 6455 4.2.1 item 7, 10.2.
fn check_origin(
    headers: &Headers,
    version: ProtocolVersion,
    options: &ServerOptions,
) -> Result<Option<String>, RequestError> {
    let Some(value) = headers.get_once(version.origin_header()).map_err(|_| RequestError::OriginRepeated)?
    else {
        return Ok(None);
    };
    let text = value.to_str().ok_or(RequestError::OriginInvalid)?;
    let origin = Origin::parse(text).ok_or(RequestError::OriginInvalid)?;
    if options.origins.admits_parsed(&origin) {
        Ok(Some(text.into()))
    } else {
        Err(RequestError::OriginForbidden)
    }
}
