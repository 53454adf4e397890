//! Writing JSON.

use core::fmt::Write as _;

use base64::Engine as _;
use bytes::BytesMut;

use super::{BASE64, BINARY, find_special};
use crate::wamp::serializer::{Serializer, Writer};

/// Writes JSON without spaces. Infinities and NaN become null, as in JavaScript.
#[derive(Debug)]
pub(crate) struct JsonWriter<'o> {
    out: &'o mut BytesMut,
    /// Where the first value begins.
    start: usize,
}

impl<'o> JsonWriter<'o> {
    pub(crate) fn new(out: &'o mut BytesMut) -> Self {
        Self { start: out.len(), out }
    }

    /// Sets a comma, unless this is the first item of a list or dict, or the value of a key.
    fn separate(&mut self) {
        let is_first = self.out.len() == self.start || matches!(self.out.last(), Some(b'[' | b'{' | b':'));
        if !is_first {
            self.push(b",");
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    fn quoted(&mut self, text: &str) {
        self.push(b"\"");
        let mut rest = text.as_bytes();
        loop {
            let (clean, special) = rest.split_at_checked(find_special(rest)).unwrap_or((rest, &[]));
            self.push(clean);
            let [byte, behind @ ..] = special else { break };
            self.escape(*byte);
            rest = behind;
        }
        self.push(b"\"");
    }

    fn escape(&mut self, byte: u8) {
        match byte {
            b'"' => self.push(b"\\\""),
            b'\\' => self.push(b"\\\\"),
            0x08 => self.push(b"\\b"),
            0x0c => self.push(b"\\f"),
            b'\n' => self.push(b"\\n"),
            b'\r' => self.push(b"\\r"),
            b'\t' => self.push(b"\\t"),
            _ => self.format(format_args!("\\u{byte:04x}")),
        }
    }

    fn digits(&mut self, value: u64) {
        // 20 digits are enough for 2^64 - 1.
        let mut digits = [0; 20];
        let mut rest = value;
        let mut len = 0;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
            len += 1;
            if rest == 0 {
                break;
            }
        }
        self.push(digits.get(digits.len() - len..).unwrap_or_default());
    }

    fn format(&mut self, arguments: core::fmt::Arguments<'_>) {
        // A buffer that grows takes everything.
        let _ = self.out.write_fmt(arguments);
    }
}

impl Writer for JsonWriter<'_> {
    const SERIALIZER: Serializer = Serializer::Json;
    const NEEDS_LENGTHS: bool = false;
    const SEPARATOR_LEN: usize = 1;

    fn written(&self) -> &[u8] {
        self.out
    }

    fn truncate(&mut self, len: usize) {
        self.out.truncate(len);
    }

    fn list(&mut self, _len: usize) {
        self.separate();
        self.push(b"[");
    }

    fn list_end(&mut self) {
        self.push(b"]");
    }

    fn dict(&mut self, _len: usize) {
        self.separate();
        self.push(b"{");
    }

    fn dict_end(&mut self) {
        self.push(b"}");
    }

    fn begin(&mut self, is_dict: bool) -> usize {
        self.separate();
        self.push(if is_dict { b"{" } else { b"[" });
        0
    }

    fn set_len(&mut self, _at: usize, _len: usize) {}

    fn key(&mut self, key: &str) {
        self.separate();
        self.quoted(key);
        self.push(b":");
    }

    fn null(&mut self) {
        self.separate();
        self.push(b"null");
    }

    fn bool(&mut self, value: bool) {
        self.separate();
        self.push(if value { b"true" } else { b"false" });
    }

    fn unsigned(&mut self, value: u64) {
        self.separate();
        self.digits(value);
    }

    fn signed(&mut self, value: i64) {
        self.separate();
        if value < 0 {
            self.push(b"-");
        }
        self.digits(value.unsigned_abs());
    }

    fn float(&mut self, value: f64) {
        if value.is_finite() {
            self.separate();
            // The shortest digits that give the same number, with a point or an exponent: it stays a float.
            self.format(format_args!("{value:?}"));
        } else {
            self.null();
        }
    }

    fn str(&mut self, value: &str) {
        self.separate();
        self.quoted(value);
    }

    fn bytes(&mut self, value: &[u8]) {
        self.separate();
        self.push(b"\"");
        self.push(BINARY.as_bytes());
        let start = self.out.len();
        // Four characters for three bytes, and padding.
        self.out.resize(start + value.len().div_ceil(3) * 4, 0);
        let room = self.out.get_mut(start..).unwrap_or_default();
        let len = BASE64.encode_slice(value, room).unwrap_or(0);
        self.out.truncate(start + len);
        self.push(b"\"");
    }

    fn raw(&mut self, values: &[u8]) {
        self.separate();
        self.push(values);
    }
}
