//! Request and response heads.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use bytes::BytesMut;

use super::syntax::{is_token, is_token_byte, is_visible};
use super::{Headers, StatusCode};

/// How large a head may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeadLimits {
    /// Bytes of a head, its first and its empty line included. Default: 16 KiB: room for several large cookies and
    /// tokens, and more than common HTTP servers take.
    pub max_len: usize,
    /// Header fields of a head. Default: 100, as hyper and Apache have it.
    pub max_headers: usize,
}

impl Default for HeadLimits {
    fn default() -> Self {
        Self { max_len: 16 * 1024, max_headers: 100 }
    }
}

/// What is wrong with a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeadError {
    /// Its first bytes cannot be HTTP; TLS or another protocol, for example.
    NotHttp,
    /// Its syntax is broken (RFC 9112).
    Malformed,
    /// It is longer than [`HeadLimits::max_len`].
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// It has more fields than [`HeadLimits::max_headers`].
    TooManyHeaders {
        /// The limit.
        limit: usize,
    },
    /// It is not HTTP/1.1 or HTTP/1.0.
    VersionUnsupported,
}

impl HeadError {
    /// The status that a server answers with.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::NotHttp | Self::Malformed => StatusCode::BAD_REQUEST,
            Self::TooLarge { .. } | Self::TooManyHeaders { .. } => StatusCode::HEADER_FIELDS_TOO_LARGE,
            Self::VersionUnsupported => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
        }
    }
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotHttp => f.write_str("this is not HTTP: check scheme (ws or wss) and port"),
            Self::Malformed => f.write_str("the HTTP head is malformed"),
            Self::TooLarge { limit } => write!(f, "the HTTP head is longer than {limit} bytes"),
            Self::TooManyHeaders { limit } => write!(f, "the HTTP head has more than {limit} fields"),
            Self::VersionUnsupported => f.write_str("the version of HTTP is not 1.1"),
        }
    }
}

impl core::error::Error for HeadError {}

/// A version of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpVersion {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    Http11,
    /// A later one, of a request that another HTTP server has read.
    Later,
}

impl HttpVersion {
    const fn from_minor(minor: Option<u8>) -> Option<Self> {
        match minor {
            Some(0) => Some(Self::Http10),
            Some(1) => Some(Self::Http11),
            _ => None,
        }
    }
}

/// The head of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHead {
    method: String,
    target: String,
    version: HttpVersion,
    /// The header fields.
    pub headers: Headers,
}

/// A method or target that must not go on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidRequestLine {
    /// The method is not a token.
    Method,
    /// The target is empty or has characters other than visible ASCII.
    Target,
}

impl RequestHead {
    /// A request in HTTP/1.1.
    ///
    /// # Errors
    ///
    /// The method is not a token, or the target is empty or has characters other than visible ASCII.
    pub fn new(method: &str, target: &str, headers: Headers) -> Result<Self, InvalidRequestLine> {
        if !is_token(method.as_bytes()) {
            return Err(InvalidRequestLine::Method);
        }
        if target.is_empty() || !target.bytes().all(is_visible) {
            return Err(InvalidRequestLine::Target);
        }
        Ok(Self { method: method.into(), target: target.into(), version: HttpVersion::Http11, headers })
    }

    /// The same request in another version, as somebody else has read it.
    #[must_use]
    pub const fn with_version(mut self, version: HttpVersion) -> Self {
        self.version = version;
        self
    }

    /// The method, as it was spelt.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The request target (RFC 9112 3.2): visible ASCII.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The version of HTTP.
    #[must_use]
    pub const fn version(&self) -> HttpVersion {
        self.version
    }

    /// How many bytes [`encode`](Self::encode) gives.
    pub(crate) fn encoded_len(&self) -> usize {
        let line = self.method.len() + self.target.len() + "  HTTP/1.1\r\n".len();
        line + self.headers.encoded_len() + "\r\n".len()
    }

    /// The bytes that go on the wire, in HTTP/1.1.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        for part in [&self.method, " ", &self.target, " HTTP/1.1\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
        self.headers.encode(&mut out);
        out.extend_from_slice(b"\r\n");
        out
    }
}

impl fmt::Display for InvalidRequestLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Method => "the method is not a token",
            Self::Target => "the request target must be visible ASCII: percent-encode the rest",
        })
    }
}

impl core::error::Error for InvalidRequestLine {}

/// The head of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResponseHead {
    /// The version of HTTP.
    pub version: HttpVersion,
    /// The status.
    pub status: StatusCode,
    /// The header fields.
    pub headers: Headers,
}

impl ResponseHead {
    /// A response in HTTP/1.1.
    #[must_use]
    pub const fn new(status: StatusCode, headers: Headers) -> Self {
        Self { version: HttpVersion::Http11, status, headers }
    }

    /// The bytes that go on the wire, in HTTP/1.1, with the usual reason phrase.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        // RFC 9112 4: the space behind the code stays when there is no phrase.
        for part in ["HTTP/1.1 ", &self.status.get().to_string(), " ", self.status.reason(), "\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
        self.headers.encode(&mut out);
        out.extend_from_slice(b"\r\n");
        out
    }
}

/// Cuts request heads off received bytes. The work is linear in the bytes, however they are split.
///
/// ```
/// use bytes::BytesMut;
/// use wirebahn_core::http::{HeadLimits, RequestReader};
///
/// let mut reader = RequestReader::new(HeadLimits::default());
/// let mut received = BytesMut::from("GET /chat HTTP/1.1\r\nHost: example.com\r\n");
/// assert_eq!(reader.read(&mut received), Ok(None));
/// received.extend_from_slice(b"\r\nmore");
/// let head = reader.read(&mut received)?.expect("the head is complete");
/// assert_eq!(head.target(), "/chat");
/// assert_eq!(received, "more");
/// # Ok::<_, wirebahn_core::http::HeadError>(())
/// ```
#[derive(Debug)]
pub struct RequestReader(Scanner);

impl RequestReader {
    /// A reader at the start of a head.
    #[must_use]
    pub const fn new(limits: HeadLimits) -> Self {
        Self(Scanner::new(limits, Kind::Request))
    }

    /// Takes a head off the front of `received`, if all of it is there. Call it again with more bytes behind the same
    /// ones if it is not; after a head, or with other bytes, a new one begins.
    ///
    /// # Errors
    ///
    /// The head is broken or exceeds a limit. It is reported as soon as it is known, not only at the end of the head.
    pub fn read(&mut self, received: &mut BytesMut) -> Result<Option<RequestHead>, HeadError> {
        let Some((head, mut slots)) = self.0.take(received)? else { return Ok(None) };
        // RFC 9112 3: three words; more or fewer are not a matter of the version.
        let mut lines = head.as_ref().split(|&byte| byte == b'\n').filter(|line| line.len() > 1);
        if lines.next().is_none_or(|line| line.split(|&byte| byte == b' ').count() != 3) {
            return Err(HeadError::Malformed);
        }
        let mut parsed = httparse::Request::new(&mut slots);
        check_parsed(parsed.parse(&head), head.len(), self.0.limits)?;
        match (parsed.method, parsed.path, HttpVersion::from_minor(parsed.version)) {
            (Some(method), Some(target), Some(version)) if target.bytes().all(is_visible) => {
                let headers = collect(parsed.headers)?;
                Ok(Some(RequestHead { method: method.into(), target: target.into(), version, headers }))
            }
            _ => Err(HeadError::Malformed),
        }
    }
}

/// Cuts response heads off received bytes. The work is linear in the bytes, however they are split.
#[derive(Debug)]
pub struct ResponseReader(Scanner);

impl ResponseReader {
    /// A reader at the start of a head.
    #[must_use]
    pub const fn new(limits: HeadLimits) -> Self {
        Self(Scanner::new(limits, Kind::Response))
    }

    /// As [`RequestReader::read`].
    ///
    /// # Errors
    ///
    /// As for [`RequestReader::read`].
    pub fn read(&mut self, received: &mut BytesMut) -> Result<Option<ResponseHead>, HeadError> {
        let Some((head, mut slots)) = self.0.take(received)? else { return Ok(None) };
        let mut parsed = httparse::Response::new(&mut slots);
        check_parsed(parsed.parse(&head), head.len(), self.0.limits)?;
        match (parsed.code.and_then(StatusCode::new), HttpVersion::from_minor(parsed.version)) {
            (Some(status), Some(version)) => {
                Ok(Some(ResponseHead { version, status, headers: collect(parsed.headers)? }))
            }
            _ => Err(HeadError::Malformed),
        }
    }
}

fn check_parsed(
    result: httparse::Result<usize>,
    head_len: usize,
    limits: HeadLimits,
) -> Result<(), HeadError> {
    match result {
        Ok(httparse::Status::Complete(len)) if len == head_len => Ok(()),
        Ok(_) => Err(HeadError::Malformed),
        Err(httparse::Error::Version) => Err(HeadError::VersionUnsupported),
        Err(httparse::Error::TooManyHeaders) => Err(HeadError::TooManyHeaders { limit: limits.max_headers }),
        Err(_) => Err(HeadError::Malformed),
    }
}

fn collect(parsed: &[httparse::Header<'_>]) -> Result<Headers, HeadError> {
    let mut headers = Headers::new();
    for field in parsed {
        headers.append(field.name, field.value).map_err(|_| HeadError::Malformed)?;
    }
    Ok(headers)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Request,
    Response,
}

/// Looks for the empty line that ends a head, going on where it stopped, so that only whole heads are parsed.
///
/// ```text
///   GET / HTTP/1.1 CR LF Host: example.com CR LF Upgra
///                        ^line_start                  ^scanned
/// ```
#[derive(Debug)]
struct Scanner {
    limits: HeadLimits,
    kind: Kind,
    scanned: usize,
    line_start: usize,
    /// Lines that are not empty, the first one included.
    lines: usize,
    skipped_empty: bool,
}

/// A whole head, and as many slots for its header fields as it has lines.
type Taken = (BytesMut, Vec<httparse::Header<'static>>);

impl Scanner {
    const fn new(limits: HeadLimits, kind: Kind) -> Self {
        Self { limits, kind, scanned: 0, line_start: 0, lines: 0, skipped_empty: false }
    }

    fn take(&mut self, received: &mut BytesMut) -> Result<Option<Taken>, HeadError> {
        let Some(len) = self.scan(received)? else { return Ok(None) };
        let slots = vec![httparse::EMPTY_HEADER; self.lines];
        *self = Self::new(self.limits, self.kind);
        Ok(Some((received.split_to(len), slots)))
    }

    /// The length of the head, if all of it is in `received`.
    fn scan(&mut self, received: &[u8]) -> Result<Option<usize>, HeadError> {
        self.check_start(received)?;
        let limit = self.limits.max_len;
        let window = received.get(..limit).unwrap_or(received);
        while let Some(found) =
            window.get(self.scanned..).and_then(|new| new.iter().position(|&byte| matches!(byte, b'\n' | 0)))
        {
            let end = self.scanned + found;
            // RFC 9112 2.2 lets recipients take a bare LF as the end of a line; taking only CR LF leaves no room for
            // disagreement between us and a proxy. A NUL ends the matter right here.
            let Some([line @ .., b'\r']) =
                window.get(self.line_start..end).filter(|_| window.get(end) == Some(&b'\n'))
            else {
                return Err(HeadError::Malformed);
            };
            self.scanned = end + 1;
            self.line_start = end + 1;
            if !line.is_empty() {
                self.lines += 1;
                if self.lines - 1 > self.limits.max_headers {
                    return Err(HeadError::TooManyHeaders { limit: self.limits.max_headers });
                }
            } else if self.lines > 0 {
                return Ok(Some(self.scanned));
            } else if self.skipped_empty || self.kind == Kind::Response {
                return Err(HeadError::Malformed);
            } else {
                // RFC 9112 2.2: a server ignores an empty line before the request line.
                self.skipped_empty = true;
            }
        }
        self.scanned = window.len();
        if received.len() >= limit { Err(HeadError::TooLarge { limit }) } else { Ok(None) }
    }

    fn check_start(&self, received: &[u8]) -> Result<(), HeadError> {
        let is_http = match self.kind {
            Kind::Request => received.first().is_none_or(|&byte| byte == b'\r' || is_token_byte(byte)),
            Kind::Response => received.iter().zip(b"HTTP/").all(|(byte, expected)| byte == expected),
        };
        if is_http { Ok(()) } else { Err(HeadError::NotHttp) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = "GET /a?b HTTP/1.1\r\nHost: x\r\nX-Empty:\r\nX-Two:  a b \r\n\r\n";

    fn read_request(
        pieces: &[&[u8]],
        limits: HeadLimits,
    ) -> Result<Option<(RequestHead, Vec<u8>)>, HeadError> {
        let mut reader = RequestReader::new(limits);
        let mut received = BytesMut::new();
        let mut head = None;
        for piece in pieces {
            received.extend_from_slice(piece);
            if head.is_none() {
                head = reader.read(&mut received)?;
            }
        }
        Ok(head.map(|head| (head, received.to_vec())))
    }

    /// Fed whole, byte by byte, and cut in two at every place.
    fn read_in_every_way(
        bytes: &[u8],
        limits: HeadLimits,
    ) -> Result<Option<(RequestHead, Vec<u8>)>, HeadError> {
        let whole = read_request(&[bytes], limits);
        let single: Vec<_> = bytes.chunks(1).collect();
        assert_eq!(read_request(&single, limits), whole, "{bytes:?}");
        for cut in 0..bytes.len() {
            let (first, second) = bytes.split_at(cut);
            assert_eq!(read_request(&[first, second], limits), whole, "{bytes:?} cut at {cut}");
        }
        whole
    }

    #[test]
    fn a_request_head_is_read_whole_byte_by_byte_and_with_trailing_bytes() {
        for trailing in [&b""[..], b"\x81\x00", b"\r\n\r\n", b"\x16"] {
            let bytes = [REQUEST.as_bytes(), trailing].concat();
            let (head, rest) = read_in_every_way(&bytes, HeadLimits::default()).unwrap().unwrap();
            assert_eq!((head.method(), head.target()), ("GET", "/a?b"));
            assert_eq!(head.version(), HttpVersion::Http11);
            assert_eq!(head.headers.get("x-two").unwrap(), &"a b");
            assert_eq!(head.headers.get("x-empty").unwrap(), &"");
            assert_eq!(rest, trailing);
        }
    }

    #[test]
    fn every_proper_prefix_of_a_head_is_incomplete() {
        for len in 0..REQUEST.len() {
            assert_eq!(read_in_every_way(&REQUEST.as_bytes()[..len], HeadLimits::default()), Ok(None));
        }
    }

    #[test]
    fn broken_request_heads_are_refused_however_they_are_split() {
        let limits = HeadLimits::default();
        for (bytes, error) in [
            (&b"\x16\x03\x01"[..], HeadError::NotHttp),
            (b"\0", HeadError::NotHttp),
            (b" GET / HTTP/1.1\r\n\r\n", HeadError::NotHttp),
            (b"GET\0", HeadError::Malformed),
            (b"\r\n\r\n", HeadError::Malformed),
            (b"GET / HTTP/1.1\n", HeadError::Malformed),
            (b"GET /\r\n\r\n", HeadError::Malformed),
            (b"GET / / HTTP/1.1\r\n\r\n", HeadError::Malformed),
            (b"GET / HTTP/1.2\r\n\r\n", HeadError::VersionUnsupported),
            (b"GET  HTTP/1.1\r\n\r\n", HeadError::Malformed),
            (b"G(T / HTTP/1.1\r\n\r\n", HeadError::Malformed),
            (b"GET /\xc3\xbc HTTP/1.1\r\n\r\n", HeadError::Malformed),
            (b"GET / HTTP/2.0\r\n\r\n", HeadError::VersionUnsupported),
            (b"GET / HTTP/1.1\r\nA b: c\r\n\r\n", HeadError::Malformed),
            (b"GET / HTTP/1.1\r\nA : c\r\n\r\n", HeadError::Malformed),
            (b"GET / HTTP/1.1\r\nA: c\r\n folded\r\n\r\n", HeadError::Malformed),
            (b"GET / HTTP/1.1\r\nA: c\x01\r\n\r\n", HeadError::Malformed),
            (b"GET / HTTP/1.1\r\nNoColon\r\n\r\n", HeadError::Malformed),
        ] {
            assert_eq!(read_in_every_way(bytes, limits), Err(error), "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn one_empty_line_before_a_request_is_ignored() {
        let (head, rest) =
            read_in_every_way(b"\r\nGET / HTTP/1.1\r\n\r\nx", HeadLimits::default()).unwrap().unwrap();
        assert_eq!(head.target(), "/");
        assert_eq!(rest, b"x");
    }

    #[test]
    fn limits_hold_to_the_byte_and_to_the_field() {
        let len = REQUEST.len();
        let limits = |max_len, max_headers| HeadLimits { max_len, max_headers };
        assert!(read_in_every_way(REQUEST.as_bytes(), limits(len, 3)).unwrap().is_some());
        assert_eq!(
            read_in_every_way(REQUEST.as_bytes(), limits(len - 1, 3)),
            Err(HeadError::TooLarge { limit: len - 1 })
        );
        assert_eq!(
            read_in_every_way(REQUEST.as_bytes(), limits(len, 2)),
            Err(HeadError::TooManyHeaders { limit: 2 })
        );
    }

    /// Were it quadratic, this would take minutes.
    #[test]
    fn a_long_head_that_trickles_in_is_scanned_once() {
        let mut reader = RequestReader::new(HeadLimits { max_len: 512 * 1024, max_headers: 1 });
        let mut received = BytesMut::from("GET / HTTP/1.1\r\nX: ");
        for _ in 0..500_000 {
            received.extend_from_slice(b"x");
            assert_eq!(reader.read(&mut received), Ok(None));
        }
        received.extend_from_slice(b"\r\n\r\n");
        assert!(reader.read(&mut received).unwrap().is_some());
    }

    #[test]
    fn a_response_head_is_read_whole_and_byte_by_byte() {
        let bytes = b"HTTP/1.1 404 Not here\r\nServer: x\r\n\r\nbody";
        let mut reader = ResponseReader::new(HeadLimits::default());
        let mut received = BytesMut::from(&bytes[..]);
        let whole = reader.read(&mut received).unwrap().unwrap();
        assert_eq!(whole.status, StatusCode::NOT_FOUND);
        assert_eq!(received, "body");
        received.clear();
        for (at, byte) in bytes.iter().enumerate() {
            received.extend_from_slice(&[*byte]);
            if let Some(head) = reader.read(&mut received).unwrap() {
                assert_eq!(head, whole);
                assert_eq!(at + 1, bytes.len() - 4);
                break;
            }
        }
    }

    #[test]
    fn a_response_that_is_not_http_is_refused_at_its_first_wrong_byte() {
        for bytes in [&b"\x15"[..], b"HX", b"HTTP1", b"SSH-2.0"] {
            let mut reader = ResponseReader::new(HeadLimits::default());
            assert_eq!(reader.read(&mut BytesMut::from(bytes)), Err(HeadError::NotHttp));
        }
    }

    #[test]
    fn encoded_heads_read_back_the_same() {
        let mut headers = Headers::new();
        headers.append("Host", "x").unwrap();
        headers.append("X", b"\xe9").unwrap();
        let request = RequestHead::new("GET", "/a", headers.clone()).unwrap();
        let mut bytes = BytesMut::from(&request.encode()[..]);
        assert_eq!(RequestReader::new(HeadLimits::default()).read(&mut bytes), Ok(Some(request)));
        let response = ResponseHead::new(StatusCode::new(599).unwrap(), headers);
        let mut bytes = BytesMut::from(&response.encode()[..]);
        assert_eq!(ResponseReader::new(HeadLimits::default()).read(&mut bytes), Ok(Some(response)));
    }

    #[test]
    fn request_lines_cannot_be_injected() {
        let new = |method, target| RequestHead::new(method, target, Headers::new()).map(|_| ());
        assert_eq!(new("GET /", "/"), Err(InvalidRequestLine::Method));
        for target in ["", "/a b", "/\r\nX: y", "/ü"] {
            assert_eq!(new("GET", target), Err(InvalidRequestLine::Target), "{target:?}");
        }
    }
}
