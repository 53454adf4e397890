//! CBOR (RFC 8949).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::BytesMut;

use super::cursor::Cursor;
use super::msgpack::{len_32, set_len_32};
use super::{Items, Reader, Serializer, SyntaxError, SyntaxErrorKind, Token, Writer};

// The major types (RFC 8949 3.1).
const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;

/// Ends an array, map or string of indefinite length (RFC 8949 3.2.1).
const BREAK: u8 = 0xff;

/// Reads CBOR. Tags are skipped: what they say about a value has no equivalent elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct CborReader<'a>(Cursor<'a>);

/// What stands in front of a value.
struct Head {
    byte: u8,
    /// The number; none if the length is indefinite.
    argument: Option<u64>,
}

impl Head {
    const fn major(&self) -> u8 {
        self.byte >> 5
    }
}

impl<'a> Reader<'a> for CborReader<'a> {
    const SERIALIZER: Serializer = Serializer::Cbor;
    const HAS_ONE_NUMBER_TYPE: bool = false;
    const HAS_LENGTHS: bool = true;

    fn new(input: &'a [u8]) -> Result<Self, SyntaxError> {
        Ok(Self(Cursor::new(input)))
    }

    fn position(&self) -> usize {
        self.0.position()
    }

    fn token(&mut self) -> Result<Token<'a>, SyntaxError> {
        let mut head = self.head()?;
        while head.major() == TAG {
            head = self.head()?;
        }
        Ok(match (head.major(), head.argument) {
            (UNSIGNED, Some(value)) => Token::Unsigned(value),
            (NEGATIVE, Some(value)) => match i64::try_from(value) {
                Ok(value) => Token::Negative(-1 - value),
                // Below what any other serializer can carry as a whole number.
                Err(_) => Token::Float(-1.0 - value as f64),
            },
            (BYTES, Some(len)) => Token::Bytes(Cow::Borrowed(self.0.bytes(len)?)),
            (BYTES, None) => Token::Bytes(Cow::Owned(self.chunks()?)),
            (TEXT, len) => Token::Str(self.text(len)?),
            (ARRAY, len) => Token::List(self.0.open(false, len)?),
            (MAP, len) => Token::Dict(self.0.open(true, len)?),
            _ => self.simple(&head)?,
        })
    }

    fn more(&mut self, items: &mut Items) -> Result<bool, SyntaxError> {
        match items.left {
            Some(left) => Ok(self.0.more(items, left)),
            None if self.0.peek() == Some(BREAK) => {
                self.0.advance();
                self.0.close(items);
                Ok(false)
            }
            None => Ok(true),
        }
    }

    fn key(&mut self) -> Result<Cow<'a, str>, SyntaxError> {
        let head = self.head()?;
        if head.major() != TEXT {
            return self.0.error(SyntaxErrorKind::KeyNotString);
        }
        self.text(head.argument)
    }

    fn null(&mut self) -> bool {
        let is_null = matches!(self.0.peek(), Some(0xf6 | 0xf7));
        if is_null {
            self.0.advance();
        }
        is_null
    }

    fn end(&mut self) -> Result<(), SyntaxError> {
        self.0.end()
    }
}

impl<'a> CborReader<'a> {
    fn head(&mut self) -> Result<Head, SyntaxError> {
        let byte = self.0.byte()?;
        let argument = match byte & 0x1f {
            number @ 0..=23 => Some(number.into()),
            24 => Some(self.0.byte()?.into()),
            25 => Some(u16::from_be_bytes(self.0.array()?).into()),
            26 => Some(u32::from_be_bytes(self.0.array()?).into()),
            27 => Some(u64::from_be_bytes(self.0.array()?)),
            // Indefinite lengths; 28 to 30 are reserved (RFC 8949 3).
            31 if (BYTES..=MAP).contains(&(byte >> 5)) => None,
            _ => return self.0.error(SyntaxErrorKind::UnexpectedByte(byte)),
        };
        Ok(Head { byte, argument })
    }

    /// Major type 7: simple values and floats (RFC 8949 3.3).
    fn simple(&self, head: &Head) -> Result<Token<'a>, SyntaxError> {
        let argument = head.argument.unwrap_or(0);
        Ok(match head.byte {
            0xf4 => Token::Bool(false),
            0xf5 => Token::Bool(true),
            0xf6 | 0xf7 => Token::Null,
            0xf9 => Token::Float(half(argument as u16)),
            0xfa => Token::Float(f32::from_bits(argument as u32).into()),
            0xfb => Token::Float(f64::from_bits(argument)),
            byte => return self.0.error(SyntaxErrorKind::UnexpectedByte(byte)),
        })
    }

    fn text(&mut self, len: Option<u64>) -> Result<Cow<'a, str>, SyntaxError> {
        if let Some(len) = len {
            return self.0.str(len);
        }
        let mut text = String::new();
        while let Some(len) = self.chunk(TEXT)? {
            text.push_str(&self.0.str(len)?);
        }
        Ok(Cow::Owned(text))
    }

    fn chunks(&mut self) -> Result<Vec<u8>, SyntaxError> {
        let mut bytes = Vec::new();
        while let Some(len) = self.chunk(BYTES)? {
            bytes.extend_from_slice(self.0.bytes(len)?);
        }
        Ok(bytes)
    }

    /// The length of the next chunk, which must be of the same type and definite length (RFC 8949 3.2.3).
    fn chunk(&mut self, major: u8) -> Result<Option<u64>, SyntaxError> {
        if self.0.peek() == Some(BREAK) {
            self.0.advance();
            return Ok(None);
        }
        let head = self.head()?;
        if head.major() != major || head.argument.is_none() {
            return self.0.error(SyntaxErrorKind::UnexpectedByte(head.byte));
        }
        Ok(head.argument)
    }
}

/// A float of 16 bits (RFC 8949 appendix D).
fn half(bits: u16) -> f64 {
    let exponent = (bits >> 10) & 0x1f;
    let mantissa = u64::from(bits & 0x3ff);
    let sign = u64::from(bits >> 15) << 63;
    match exponent {
        0 => {
            let value = mantissa as f64 / f64::from(1 << 24);
            f64::from_bits(value.to_bits() | sign)
        }
        31 => f64::from_bits(sign | 0x7ff << 52 | mantissa << 42),
        _ => f64::from_bits(sign | u64::from(exponent + 1023 - 15) << 52 | mantissa << 42),
    }
}

/// Writes CBOR, every head in as few bytes as it needs (RFC 8949 4.1).
#[derive(Debug)]
pub(crate) struct CborWriter<'o>(&'o mut BytesMut);

impl<'o> CborWriter<'o> {
    pub(crate) const fn new(out: &'o mut BytesMut) -> Self {
        Self(out)
    }

    fn byte(&mut self, byte: u8) {
        self.0.extend_from_slice(&[byte]);
    }

    fn head(&mut self, major: u8, argument: u64) {
        let major = major << 5;
        match argument {
            0..=23 => self.byte(major | argument as u8),
            24..=0xff => self.0.extend_from_slice(&[major | 24, argument as u8]),
            0x100..=0xffff => {
                self.byte(major | 25);
                self.0.extend_from_slice(&(argument as u16).to_be_bytes());
            }
            0x1_0000..=0xffff_ffff => {
                self.byte(major | 26);
                self.0.extend_from_slice(&(argument as u32).to_be_bytes());
            }
            _ => {
                self.byte(major | 27);
                self.0.extend_from_slice(&argument.to_be_bytes());
            }
        }
    }
}

impl Writer for CborWriter<'_> {
    const SERIALIZER: Serializer = Serializer::Cbor;
    const NEEDS_LENGTHS: bool = true;
    const SEPARATOR_LEN: usize = 0;

    fn written(&self) -> &[u8] {
        self.0
    }

    fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    fn list(&mut self, len: usize) {
        self.head(ARRAY, len as u64);
    }

    fn list_end(&mut self) {}

    fn dict(&mut self, len: usize) {
        self.head(MAP, len as u64);
    }

    fn dict_end(&mut self) {}

    fn begin(&mut self, is_dict: bool) -> usize {
        self.byte(if is_dict { MAP << 5 | 26 } else { ARRAY << 5 | 26 });
        self.0.extend_from_slice(&len_32(0));
        self.0.len()
    }

    fn set_len(&mut self, at: usize, len: usize) {
        set_len_32(self.0, at, len);
    }

    fn key(&mut self, key: &str) {
        self.str(key);
    }

    fn null(&mut self) {
        self.byte(0xf6);
    }

    fn bool(&mut self, value: bool) {
        self.byte(0xf4 + u8::from(value));
    }

    fn unsigned(&mut self, value: u64) {
        self.head(UNSIGNED, value);
    }

    fn signed(&mut self, value: i64) {
        // -1 - value is the complement (RFC 8949 3.1).
        match u64::try_from(value) {
            Ok(value) => self.head(UNSIGNED, value),
            Err(_) => self.head(NEGATIVE, !value as u64),
        }
    }

    fn float(&mut self, value: f64) {
        self.byte(0xfb);
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    fn str(&mut self, value: &str) {
        self.head(TEXT, value.len() as u64);
        self.0.extend_from_slice(value.as_bytes());
    }

    fn bytes(&mut self, value: &[u8]) {
        self.head(BYTES, value.len() as u64);
        self.0.extend_from_slice(value);
    }

    fn raw(&mut self, values: &[u8]) {
        self.0.extend_from_slice(values);
    }
}
