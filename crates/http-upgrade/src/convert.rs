//! Between the heads of the crate `http` and ours.

use http_body_util::Full;
use wirebahn_core::http::{HeadError, Headers, HttpVersion, RequestHead, ResponseHead};
use wirebahn_core::websocket::opening::{HttpResponse, RequestError};

use super::HttpReply;

/// The request as we have it.
///
/// # Errors
///
/// It has something in it that we would not have let through.
pub(super) fn head<B>(request: &http::Request<B>) -> Result<RequestHead, RequestError> {
    let malformed = RequestError::Head(HeadError::Malformed);
    let mut headers = Headers::new();
    for (name, value) in request.headers() {
        headers.append(name.as_str(), value.as_bytes()).map_err(|_| malformed)?;
    }
    let head = RequestHead::new(request.method().as_str(), &request.uri().to_string(), headers);
    let version = match request.version() {
        http::Version::HTTP_09 | http::Version::HTTP_10 => HttpVersion::Http10,
        http::Version::HTTP_11 => HttpVersion::Http11,
        _ => HttpVersion::Later,
    };
    Ok(head.map_err(|_| malformed)?.with_version(version))
}

pub(super) fn response(head: &ResponseHead) -> HttpReply {
    reply(head.status.get(), &head.headers, Full::default())
}

pub(super) fn rejection(response: HttpResponse) -> HttpReply {
    reply(response.status.get(), &response.headers, Full::new(response.body))
}

fn reply(status: u16, headers: &Headers, body: Full<bytes::Bytes>) -> HttpReply {
    let mut reply = http::Response::new(body);
    *reply.status_mut() =
        http::StatusCode::from_u16(status).expect("our status codes have three digits as well");
    for (name, value) in headers.iter() {
        let name = http::HeaderName::from_bytes(name.as_bytes());
        let value = http::HeaderValue::from_bytes(value.as_bytes());
        // Both have the rules of RFC 9110 for what a token and a value are.
        if let (Ok(name), Ok(value)) = (name, value) {
            reply.headers_mut().append(name, value);
        }
    }
    reply
}
