//! Writing JSON.

use base64::Engine as _;
use bytes::{BufMut as _, BytesMut};
use serde::Serialize;

use super::BASE64;
use crate::wamp::serializer::{Serializer, Shape, Writer};

/// Writes JSON without spaces. Infinities and NaN become null, as in JavaScript.
#[derive(Debug)]
pub(crate) struct JsonWriter<'o> {
    out: &'o mut BytesMut,
    /// Where the first value begins.
    start: usize,
}

impl<'o> JsonWriter<'o> {
    pub(super) fn new(out: &'o mut BytesMut) -> Self {
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

    /// Has `serde_json` write a string, number or literal.
    fn scalar<T: Serialize + ?Sized>(&mut self, value: &T) {
        self.separate();
        serde_json::to_writer((&mut *self.out).writer(), value)
            .expect("a scalar can be written, and a buffer that grows takes everything");
    }
}

impl Writer for JsonWriter<'_> {
    const SERIALIZER: Serializer = Serializer::Json;
    const NEEDS_LENGTHS: bool = false;
    const SEPARATOR_LEN: usize = 1;

    fn shape(value: &[u8]) -> Shape {
        match value {
            b"null" => Shape::Null,
            b"[]" => Shape::EmptyList,
            b"{}" => Shape::EmptyDict,
            [b'[', ..] => Shape::List,
            [b'{', ..] => Shape::Dict,
            _ => Shape::Scalar,
        }
    }

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
        self.open(is_dict, 0);
        0
    }

    fn set_len(&mut self, _at: usize, _len: usize) {}

    fn key(&mut self, key: &str) {
        self.scalar(key);
        self.push(b":");
    }

    fn null(&mut self) {
        self.scalar(&());
    }

    fn bool(&mut self, value: bool) {
        self.scalar(&value);
    }

    fn unsigned(&mut self, value: u64) {
        self.scalar(&value);
    }

    fn signed(&mut self, value: i64) {
        self.scalar(&value);
    }

    fn float(&mut self, value: f64) {
        self.scalar(&value);
    }

    fn str(&mut self, value: &str) {
        self.scalar(value);
    }

    fn bytes(&mut self, value: &[u8]) {
        self.separate();
        self.push(b"\"\\u0000");
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
