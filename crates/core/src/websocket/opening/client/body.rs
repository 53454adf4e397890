//! The body of a response that is not a 101, as far as it is of use to tell what went wrong.

use alloc::vec::Vec;

use bytes::{Buf, BytesMut};

use crate::http::ResponseHead;

/// Bytes of the line before a chunk: sizes have at most 16 digits, and extensions of chunks are not in use.
const MAX_CHUNK_LINE: usize = 256;

/// Collects a body up to a limit.
#[derive(Debug)]
pub(super) struct BodyReader {
    body: Vec<u8>,
    max_len: usize,
    framing: Framing,
}

/// What says where the body ends (RFC 9112 6.3).
#[derive(Debug)]
enum Framing {
    /// Bytes that are missing.
    Length(u64),
    Chunked(Chunk),
    UntilEof,
}

/// Where in the chunks we are (RFC 9112 7.1).
#[derive(Debug)]
enum Chunk {
    /// In the line before a chunk.
    Size,
    /// In a chunk: bytes that are missing.
    Data(u64),
    /// In the line break behind a chunk.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// More bytes are needed.
    Unfinished,
    /// The body is all there.
    Complete,
    /// The body is too long or broken: what is there must do.
    Cut,
}

impl BodyReader {
    pub(super) fn new(head: &ResponseHead, max_len: usize) -> Self {
        let headers = &head.headers;
        let length = || headers.get_once("Content-Length").ok()??.to_str()?.parse().ok();
        let framing = if head.status.is_bodyless() {
            Framing::Length(0)
        } else if headers.contains_token("Transfer-Encoding", "chunked") {
            Framing::Chunked(Chunk::Size)
        } else {
            length().map_or(Framing::UntilEof, Framing::Length)
        };
        Self { body: Vec::new(), max_len, framing }
    }

    /// Takes in what has been received.
    pub(super) fn read(&mut self, received: &mut BytesMut) -> Progress {
        loop {
            match &mut self.framing {
                Framing::UntilEof => {
                    let mut missing = u64::MAX;
                    take(&mut self.body, self.max_len, &mut missing, received);
                    return if received.is_empty() { Progress::Unfinished } else { Progress::Cut };
                }
                Framing::Length(missing) => {
                    take(&mut self.body, self.max_len, missing, received);
                    return match *missing {
                        0 => Progress::Complete,
                        _ if self.body.len() >= self.max_len => Progress::Cut,
                        _ => Progress::Unfinished,
                    };
                }
                Framing::Chunked(Chunk::Data(missing)) => {
                    take(&mut self.body, self.max_len, missing, received);
                    match *missing {
                        0 => self.framing = Framing::Chunked(Chunk::End),
                        _ if self.body.len() >= self.max_len => return Progress::Cut,
                        _ => return Progress::Unfinished,
                    }
                }
                Framing::Chunked(Chunk::End) => match received.as_ref() {
                    [b'\r', b'\n', ..] => {
                        received.advance(2);
                        self.framing = Framing::Chunked(Chunk::Size);
                    }
                    [] | [b'\r'] => return Progress::Unfinished,
                    _ => return Progress::Cut,
                },
                Framing::Chunked(Chunk::Size) => {
                    let line_end = received.iter().take(MAX_CHUNK_LINE).position(|&byte| byte == b'\n');
                    let Some(line_end) = line_end else {
                        let is_too_long = received.len() >= MAX_CHUNK_LINE;
                        return if is_too_long { Progress::Cut } else { Progress::Unfinished };
                    };
                    match chunk_size(&received.split_to(line_end + 1)) {
                        // Trailers may follow; nobody asks for them.
                        Some(0) => return Progress::Complete,
                        Some(len) => self.framing = Framing::Chunked(Chunk::Data(len)),
                        None => return Progress::Cut,
                    }
                }
            }
        }
    }

    /// What was collected, and whether it is all of the body, given that no more bytes follow.
    pub(super) fn finish_at_eof(self) -> (Vec<u8>, bool) {
        let is_complete = matches!(self.framing, Framing::UntilEof);
        (self.body, is_complete)
    }

    pub(super) fn into_body(self) -> Vec<u8> {
        self.body
    }
}

/// Moves what there is, what is missing, and what there is room for.
fn take(body: &mut Vec<u8>, max_len: usize, missing: &mut u64, received: &mut BytesMut) {
    let room = max_len.saturating_sub(body.len());
    let len = received.len().min(room).min(usize::try_from(*missing).unwrap_or(usize::MAX));
    body.extend_from_slice(&received.split_to(len));
    *missing -= len as u64;
}

fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|&byte| matches!(byte, b';' | b'\r' | b'\n')).next()?.trim_ascii();
    let is_hex = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    let digits = core::str::from_utf8(digits).ok().filter(|_| is_hex)?;
    u64::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Headers, StatusCode};

    fn reader(fields: &[(&str, &str)], max_len: usize) -> BodyReader {
        let mut headers = Headers::new();
        for (name, value) in fields {
            headers.append(name, value).unwrap();
        }
        BodyReader::new(&ResponseHead::new(StatusCode::NOT_FOUND, headers), max_len)
    }

    /// Fed whole and byte by byte.
    fn read(fields: &[(&str, &str)], max_len: usize, bytes: &[u8]) -> (Vec<u8>, Progress) {
        let mut whole = reader(fields, max_len);
        let progress = whole.read(&mut BytesMut::from(bytes));
        let mut split = reader(fields, max_len);
        let mut received = BytesMut::new();
        let mut split_progress = split.read(&mut received);
        for byte in bytes {
            if split_progress == Progress::Unfinished {
                received.extend_from_slice(&[*byte]);
                split_progress = split.read(&mut received);
            }
        }
        assert_eq!((&whole.body, progress), (&split.body, split_progress));
        (whole.into_body(), progress)
    }

    #[test]
    fn a_body_ends_where_its_length_says() {
        let length = [("Content-Length", "5")];
        assert_eq!(read(&length, 9, b"helloXX"), (b"hello".into(), Progress::Complete));
        assert_eq!(read(&length, 5, b"helloXX"), (b"hello".into(), Progress::Complete));
        assert_eq!(read(&length, 9, b"hell"), (b"hell".into(), Progress::Unfinished));
        assert_eq!(read(&length, 3, b"hello"), (b"hel".into(), Progress::Cut));
        assert_eq!(read(&[("Content-Length", "0")], 3, b""), (b"".into(), Progress::Complete));
    }

    #[test]
    fn a_body_without_length_goes_on_to_the_end() {
        assert_eq!(read(&[], 5, b"hello"), (b"hello".into(), Progress::Unfinished));
        assert_eq!(read(&[], 4, b"hello"), (b"hell".into(), Progress::Cut));
        assert_eq!(read(&[("Content-Length", "x")], 9, b"hello"), (b"hello".into(), Progress::Unfinished));
    }

    #[test]
    fn chunks_are_joined() {
        let chunked = [("Transfer-Encoding", "chunked")];
        let bytes = b"3\r\nhel\r\n2;ext=1\r\nlo\r\n0\r\n\r\n";
        assert_eq!(read(&chunked, 9, bytes), (b"hello".into(), Progress::Complete));
        assert_eq!(read(&chunked, 4, bytes), (b"hell".into(), Progress::Cut));
        assert_eq!(read(&chunked, 9, b"3\r\nhelX"), (b"hel".into(), Progress::Cut));
        for broken in [&b"x\r\n"[..], b"\r\n", b"-1\r\n", b"11111111111111111\r\n", &[b'1'; 300]] {
            assert_eq!(read(&chunked, 9, broken), (b"".into(), Progress::Cut), "{broken:?}");
        }
        assert_eq!(read(&chunked, 9, b"ffffffffffffffff\r\nab"), (b"ab".into(), Progress::Unfinished));
    }
}
