//! CBOR (RFC 8949), by `minicbor`.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::convert::Infallible;

use bytes::BytesMut;
use minicbor::data::Type;
use minicbor::{Decoder, Encoder, decode, encode};

use super::length::{len_32, set_len_32};
use super::nesting::Nesting;
use super::{Format, Items, Reader, Serializer, Shape, SyntaxError, SyntaxErrorKind, Token, Writer};

/// CBOR.
pub(crate) struct Cbor;

impl Format for Cbor {
    type Reader<'a> = CborReader<'a>;
    type Writer<'o> = CborWriter<'o>;

    fn writer(out: &mut BytesMut) -> CborWriter<'_> {
        CborWriter(Encoder::new(Output(out)))
    }
}

/// Reads CBOR. Tags are skipped: what they say about a value has no equivalent elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct CborReader<'a> {
    decoder: Decoder<'a>,
    nesting: Nesting,
}

impl<'a> Reader<'a> for CborReader<'a> {
    const SERIALIZER: Serializer = Serializer::Cbor;
    const HAS_ONE_NUMBER_TYPE: bool = false;
    const HAS_LENGTHS: bool = true;

    fn new(input: &'a [u8]) -> Result<Self, SyntaxError> {
        Ok(Self { decoder: Decoder::new(input), nesting: Nesting::default() })
    }

    fn position(&self) -> usize {
        self.decoder.position()
    }

    fn token(&mut self) -> Result<Token<'a>, SyntaxError> {
        let mut datatype = self.datatype()?;
        while datatype == Type::Tag {
            self.read(Decoder::tag)?;
            datatype = self.datatype()?;
        }
        let at = self.position();
        Ok(match datatype {
            Type::Null | Type::Undefined => {
                self.null();
                Token::Null
            }
            Type::Bool => Token::Bool(self.read(Decoder::bool)?),
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => Token::Unsigned(self.read(Decoder::u64)?),
            Type::I8 | Type::I16 | Type::I32 | Type::I64 => Token::Negative(self.read(Decoder::i64)?),
            // Below what any other serializer can carry as a whole number.
            Type::Int => Token::Float(i128::from(self.read(Decoder::int)?) as f64),
            Type::F16 | Type::F32 | Type::F64 => Token::Float(self.read(Decoder::f64)?),
            Type::Bytes => Token::Bytes(Cow::Borrowed(self.read(Decoder::bytes)?)),
            Type::BytesIndef => Token::Bytes(Cow::Owned(self.read(join_bytes)?)),
            Type::String => Token::Str(Cow::Borrowed(self.read(Decoder::str)?)),
            Type::StringIndef => Token::Str(Cow::Owned(self.read(join_text)?)),
            Type::Array | Type::ArrayIndef => {
                let len = self.read(Decoder::array)?;
                Token::List(self.nesting.enter(at, false, len)?)
            }
            Type::Map | Type::MapIndef => {
                let len = self.read(Decoder::map)?;
                Token::Dict(self.nesting.enter(at, true, len)?)
            }
            _ => return Err(self.unexpected(at)),
        })
    }

    fn more(&mut self, items: &mut Items) -> Result<bool, SyntaxError> {
        if let Some(left) = items.left {
            return Ok(self.nesting.count(items, left));
        }
        let at = self.position();
        let is_end = self.decoder.datatype().is_ok_and(|datatype| datatype == Type::Break);
        if is_end {
            // `minicbor` has no name for reading a break.
            self.decoder.set_position(at + 1);
            self.nesting.leave(items);
        }
        Ok(!is_end)
    }

    fn key(&mut self) -> Result<Cow<'a, str>, SyntaxError> {
        match self.datatype()? {
            Type::String => self.read(Decoder::str).map(Cow::Borrowed),
            Type::StringIndef => self.read(join_text).map(Cow::Owned),
            _ => self.error(SyntaxErrorKind::KeyNotString),
        }
    }

    fn null(&mut self) -> bool {
        match self.decoder.datatype() {
            Ok(Type::Null) => self.decoder.null().is_ok(),
            Ok(Type::Undefined) => self.decoder.undefined().is_ok(),
            _ => false,
        }
    }

    fn end(&mut self) -> Result<(), SyntaxError> {
        if self.position() < self.decoder.input().len() {
            return self.error(SyntaxErrorKind::TrailingBytes);
        }
        Ok(())
    }
}

impl<'a> CborReader<'a> {
    fn datatype(&self) -> Result<Type, SyntaxError> {
        self.decoder.datatype().map_err(|error| self.refused(&error))
    }

    fn read<T>(
        &mut self,
        read: impl FnOnce(&mut Decoder<'a>) -> Result<T, decode::Error>,
    ) -> Result<T, SyntaxError> {
        read(&mut self.decoder).map_err(|error| self.refused(&error))
    }

    fn refused(&self, error: &decode::Error) -> SyntaxError {
        let at = error.position().unwrap_or_else(|| self.position());
        if error.is_end_of_input() {
            SyntaxError { kind: SyntaxErrorKind::UnexpectedEnd, at }
        } else if error.is_type_mismatch() {
            self.unexpected(at)
        } else {
            SyntaxError { kind: SyntaxErrorKind::NotUtf8, at }
        }
    }

    fn unexpected(&self, at: usize) -> SyntaxError {
        let byte = self.decoder.input().get(at).copied();
        SyntaxError { kind: byte.map_or(SyntaxErrorKind::UnexpectedEnd, SyntaxErrorKind::UnexpectedByte), at }
    }
}

/// Chunks must be of the same type and definite length (RFC 8949 3.2.3), which `minicbor` checks.
fn join_bytes(decoder: &mut Decoder<'_>) -> Result<Vec<u8>, decode::Error> {
    let mut bytes = Vec::new();
    for chunk in decoder.bytes_iter()? {
        bytes.extend_from_slice(chunk?);
    }
    Ok(bytes)
}

fn join_text(decoder: &mut Decoder<'_>) -> Result<String, decode::Error> {
    decoder.str_iter()?.collect()
}

/// Writes CBOR, every head in as few bytes as it needs (RFC 8949 4.1).
#[derive(Debug)]
pub(crate) struct CborWriter<'o>(Encoder<Output<'o>>);

/// Where `minicbor` writes to.
#[derive(Debug)]
struct Output<'o>(&'o mut BytesMut);

impl encode::Write for Output<'_> {
    type Error = Infallible;

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// Sees to it that something was written.
fn wrote<T>(done: Result<T, encode::Error<Infallible>>) {
    done.map(drop).expect("a buffer that grows takes everything");
}

impl CborWriter<'_> {
    fn out(&mut self) -> &mut BytesMut {
        self.0.writer_mut().0
    }
}

impl Writer for CborWriter<'_> {
    const SERIALIZER: Serializer = Serializer::Cbor;
    const NEEDS_LENGTHS: bool = true;
    const SEPARATOR_LEN: usize = 0;

    fn shape(value: &[u8]) -> Shape {
        match value {
            [0xf6] => Shape::Null,
            [0x80] | [0x9a, 0, 0, 0, 0] => Shape::EmptyList,
            [0xa0] | [0xba, 0, 0, 0, 0] => Shape::EmptyDict,
            [0x80..=0x9f, ..] => Shape::List,
            [0xa0..=0xbf, ..] => Shape::Dict,
            _ => Shape::Scalar,
        }
    }

    fn written(&self) -> &[u8] {
        self.0.writer().0
    }

    fn truncate(&mut self, len: usize) {
        self.out().truncate(len);
    }

    fn list(&mut self, len: usize) {
        wrote(self.0.array(len_32(len).into()));
    }

    fn list_end(&mut self) {}

    fn dict(&mut self, len: usize) {
        wrote(self.0.map(len_32(len).into()));
    }

    fn dict_end(&mut self) {}

    fn begin(&mut self, is_dict: bool) -> usize {
        // A length of four bytes, to be overwritten.
        self.open(is_dict, usize::MAX);
        self.written().len()
    }

    fn set_len(&mut self, at: usize, len: usize) {
        set_len_32(self.out(), at, len);
    }

    fn key(&mut self, key: &str) {
        self.str(key);
    }

    fn null(&mut self) {
        wrote(self.0.null());
    }

    fn bool(&mut self, value: bool) {
        wrote(self.0.bool(value));
    }

    fn unsigned(&mut self, value: u64) {
        wrote(self.0.u64(value));
    }

    fn signed(&mut self, value: i64) {
        wrote(self.0.i64(value));
    }

    fn float(&mut self, value: f64) {
        wrote(self.0.f64(value));
    }

    fn str(&mut self, value: &str) {
        wrote(self.0.str(value));
    }

    fn bytes(&mut self, value: &[u8]) {
        wrote(self.0.bytes(value));
    }

    fn raw(&mut self, values: &[u8]) {
        self.out().extend_from_slice(values);
    }
}
