//! MessagePack, in the version that tells text from binary data, by `rmp`.

use alloc::borrow::Cow;
use core::fmt::Debug;

use bytes::BytesMut;
use rmp::decode::Bytes;
use rmp::{Marker, decode, encode};

use super::length::{len_32, set_len_32};
use super::nesting::Nesting;
use super::{Format, Items, Reader, Serializer, Shape, SyntaxError, SyntaxErrorKind, Token, Writer};

/// MessagePack.
pub(crate) struct MsgPack;

impl Format for MsgPack {
    type Reader<'a> = MsgPackReader<'a>;
    type Writer<'o> = MsgPackWriter<'o>;

    fn writer(out: &mut BytesMut) -> MsgPackWriter<'_> {
        MsgPackWriter(out)
    }
}

/// Reads MessagePack.
#[derive(Clone, Debug)]
pub(crate) struct MsgPackReader<'a> {
    rest: Bytes<'a>,
    /// How long the input is.
    len: usize,
    nesting: Nesting,
}

impl<'a> Reader<'a> for MsgPackReader<'a> {
    const SERIALIZER: Serializer = Serializer::MsgPack;
    const HAS_ONE_NUMBER_TYPE: bool = false;
    const HAS_LENGTHS: bool = true;

    fn new(input: &'a [u8]) -> Result<Self, SyntaxError> {
        Ok(Self { rest: Bytes::new(input), len: input.len(), nesting: Nesting::default() })
    }

    fn position(&self) -> usize {
        self.len - self.rest.remaining_slice().len()
    }

    fn token(&mut self) -> Result<Token<'a>, SyntaxError> {
        let at = self.position();
        Ok(match self.marker()? {
            Marker::Null => {
                self.read(decode::read_nil)?;
                Token::Null
            }
            Marker::True | Marker::False => Token::Bool(self.read(decode::read_bool)?),
            Marker::FixPos(_) | Marker::U8 | Marker::U16 | Marker::U32 | Marker::U64 => {
                Token::Unsigned(self.read(decode::read_int)?)
            }
            Marker::FixNeg(_) | Marker::I8 | Marker::I16 | Marker::I32 | Marker::I64 => {
                let value: i64 = self.read(decode::read_int)?;
                u64::try_from(value).map_or(Token::Negative(value), Token::Unsigned)
            }
            Marker::F32 => Token::Float(self.read(decode::read_f32)?.into()),
            Marker::F64 => Token::Float(self.read(decode::read_f64)?),
            Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => Token::Str(self.text()?),
            Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => {
                let len = self.read(decode::read_bin_len)?;
                Token::Bytes(Cow::Borrowed(self.take(len)?))
            }
            Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => {
                let len = self.read(decode::read_array_len)?;
                Token::List(self.nesting.enter(at, false, Some(len.into()))?)
            }
            Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => {
                let len = self.read(decode::read_map_len)?;
                Token::Dict(self.nesting.enter(at, true, Some(len.into()))?)
            }
            marker @ Marker::Reserved => {
                return self.error(SyntaxErrorKind::UnexpectedByte(marker.to_u8()));
            }
            _ => return self.error(SyntaxErrorKind::ExtensionType),
        })
    }

    fn more(&mut self, items: &mut Items) -> Result<bool, SyntaxError> {
        let left = items.left.unwrap_or(0);
        Ok(self.nesting.count(items, left))
    }

    fn key(&mut self) -> Result<Cow<'a, str>, SyntaxError> {
        match self.marker()? {
            Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => self.text(),
            _ => self.error(SyntaxErrorKind::KeyNotString),
        }
    }

    fn null(&mut self) -> bool {
        matches!(self.marker(), Ok(Marker::Null)) && self.read(decode::read_nil).is_ok()
    }

    fn end(&mut self) -> Result<(), SyntaxError> {
        if self.rest.remaining_slice().is_empty() {
            return Ok(());
        }
        self.error(SyntaxErrorKind::TrailingBytes)
    }
}

impl<'a> MsgPackReader<'a> {
    /// What is next; it is not consumed.
    fn marker(&self) -> Result<Marker, SyntaxError> {
        match self.rest.remaining_slice() {
            [byte, ..] => Ok(Marker::from_u8(*byte)),
            [] => self.error(SyntaxErrorKind::UnexpectedEnd),
        }
    }

    /// Reads a value whose marker was looked at, so that nothing can be wrong but that bytes are missing.
    fn read<T, E>(&mut self, read: impl FnOnce(&mut Bytes<'a>) -> Result<T, E>) -> Result<T, SyntaxError> {
        match read(&mut self.rest) {
            Ok(value) => Ok(value),
            Err(_) => self.error(SyntaxErrorKind::UnexpectedEnd),
        }
    }

    fn take(&mut self, len: u32) -> Result<&'a [u8], SyntaxError> {
        let parts =
            usize::try_from(len).ok().and_then(|len| self.rest.remaining_slice().split_at_checked(len));
        let Some((bytes, rest)) = parts else { return self.error(SyntaxErrorKind::UnexpectedEnd) };
        self.rest = Bytes::new(rest);
        Ok(bytes)
    }

    fn text(&mut self) -> Result<Cow<'a, str>, SyntaxError> {
        let len = self.read(decode::read_str_len)?;
        let bytes = self.take(len)?;
        // Short strings, which most are, do not repay the choice of vector instructions.
        let text = if bytes.len() < 64 {
            core::str::from_utf8(bytes).ok()
        } else {
            simdutf8::basic::from_utf8(bytes).ok()
        };
        text.map_or_else(|| self.error(SyntaxErrorKind::NotUtf8), |text| Ok(Cow::Borrowed(text)))
    }
}

/// Writes MessagePack, every value in as few bytes as it needs.
#[derive(Debug)]
pub(crate) struct MsgPackWriter<'o>(&'o mut BytesMut);

/// The longest head: a marker and a number of 64 bits.
const MAX_HEAD: usize = 9;

impl MsgPackWriter<'_> {
    /// Writes what `rmp` writes. It does not know `BytesMut`, at least not without `std`.
    fn head<T, E: Debug>(&mut self, write: impl FnOnce(&mut &mut [u8]) -> Result<T, E>) {
        let mut head = [0; MAX_HEAD];
        let mut room = head.as_mut_slice();
        write(&mut room).expect("there is room for the longest head");
        let len = MAX_HEAD - room.len();
        self.0.extend_from_slice(head.get(..len).unwrap_or_default());
    }
}

impl Writer for MsgPackWriter<'_> {
    const SERIALIZER: Serializer = Serializer::MsgPack;
    const NEEDS_LENGTHS: bool = true;
    const SEPARATOR_LEN: usize = 0;

    fn shape(value: &[u8]) -> Shape {
        match value {
            [0xc0] => Shape::Null,
            [0x90] | [0xdd, 0, 0, 0, 0] => Shape::EmptyList,
            [0x80] | [0xdf, 0, 0, 0, 0] => Shape::EmptyDict,
            [0x90..=0x9f | 0xdc | 0xdd, ..] => Shape::List,
            [0x80..=0x8f | 0xde | 0xdf, ..] => Shape::Dict,
            _ => Shape::Scalar,
        }
    }

    fn written(&self) -> &[u8] {
        self.0
    }

    fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    fn list(&mut self, len: usize) {
        self.head(|room| encode::write_array_len(room, len_32(len)));
    }

    fn list_end(&mut self) {}

    fn dict(&mut self, len: usize) {
        self.head(|room| encode::write_map_len(room, len_32(len)));
    }

    fn dict_end(&mut self) {}

    fn begin(&mut self, is_dict: bool) -> usize {
        // The longest length, to be overwritten.
        self.open(is_dict, usize::MAX);
        self.0.len()
    }

    fn set_len(&mut self, at: usize, len: usize) {
        set_len_32(self.0, at, len);
    }

    fn key(&mut self, key: &str) {
        self.str(key);
    }

    fn null(&mut self) {
        self.head(|room| encode::write_nil(room));
    }

    fn bool(&mut self, value: bool) {
        self.head(|room| encode::write_bool(room, value));
    }

    fn unsigned(&mut self, value: u64) {
        self.head(|room| encode::write_uint(room, value));
    }

    fn signed(&mut self, value: i64) {
        self.head(|room| encode::write_sint(room, value));
    }

    fn float(&mut self, value: f64) {
        self.head(|room| encode::write_f64(room, value));
    }

    fn str(&mut self, value: &str) {
        self.head(|room| encode::write_str_len(room, len_32(value.len())));
        self.0.extend_from_slice(value.as_bytes());
    }

    fn bytes(&mut self, value: &[u8]) {
        self.head(|room| encode::write_bin_len(room, len_32(value.len())));
        self.0.extend_from_slice(value);
    }

    fn raw(&mut self, values: &[u8]) {
        self.0.extend_from_slice(values);
    }
}
