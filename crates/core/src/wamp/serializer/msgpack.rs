//! MessagePack, in the version that tells text from binary data.

use alloc::borrow::Cow;

use bytes::BytesMut;

use super::cursor::Cursor;
use super::{Items, Reader, Serializer, SyntaxError, SyntaxErrorKind, Token, Writer};

/// Reads MessagePack.
#[derive(Clone, Debug)]
pub(crate) struct MsgPackReader<'a>(Cursor<'a>);

impl<'a> Reader<'a> for MsgPackReader<'a> {
    const SERIALIZER: Serializer = Serializer::MsgPack;
    const HAS_ONE_NUMBER_TYPE: bool = false;
    const HAS_LENGTHS: bool = true;

    fn new(input: &'a [u8]) -> Result<Self, SyntaxError> {
        Ok(Self(Cursor::new(input)))
    }

    fn position(&self) -> usize {
        self.0.position()
    }

    fn token(&mut self) -> Result<Token<'a>, SyntaxError> {
        let head = self.0.byte()?;
        Ok(match head {
            0x00..=0x7f => Token::Unsigned(head.into()),
            0x80..=0x8f => Token::Dict(self.0.open(true, Some((head & 0x0f).into()))?),
            0x90..=0x9f => Token::List(self.0.open(false, Some((head & 0x0f).into()))?),
            0xa0..=0xbf => Token::Str(self.0.str((head & 0x1f).into())?),
            0xc0 => Token::Null,
            0xc2 => Token::Bool(false),
            0xc3 => Token::Bool(true),
            0xc4..=0xc6 => {
                let len = self.len(head - 0xc4)?;
                Token::Bytes(Cow::Borrowed(self.0.bytes(len)?))
            }
            0xca => Token::Float(f32::from_be_bytes(self.0.array()?).into()),
            0xcb => Token::Float(f64::from_be_bytes(self.0.array()?)),
            0xcc..=0xce => Token::Unsigned(self.len(head - 0xcc)?),
            0xcf => Token::Unsigned(u64::from_be_bytes(self.0.array()?)),
            0xd0 => signed(i8::from_be_bytes(self.0.array()?).into()),
            0xd1 => signed(i16::from_be_bytes(self.0.array()?).into()),
            0xd2 => signed(i32::from_be_bytes(self.0.array()?).into()),
            0xd3 => signed(i64::from_be_bytes(self.0.array()?)),
            0xd9..=0xdb => {
                let len = self.len(head - 0xd9)?;
                Token::Str(self.0.str(len)?)
            }
            0xdc | 0xdd => {
                let len = self.len(head - 0xdc + 1)?;
                Token::List(self.0.open(false, Some(len))?)
            }
            0xde | 0xdf => {
                let len = self.len(head - 0xde + 1)?;
                Token::Dict(self.0.open(true, Some(len))?)
            }
            0xe0..=0xff => Token::Negative(i8::from_be_bytes([head]).into()),
            0xc7..=0xc9 | 0xd4..=0xd8 => return self.0.error(SyntaxErrorKind::ExtensionType),
            0xc1 => return self.0.error(SyntaxErrorKind::UnexpectedByte(head)),
        })
    }

    fn more(&mut self, items: &mut Items) -> Result<bool, SyntaxError> {
        Ok(self.0.more(items, items.left.unwrap_or(0)))
    }

    fn key(&mut self) -> Result<Cow<'a, str>, SyntaxError> {
        let head = self.0.byte()?;
        let len = match head {
            0xa0..=0xbf => (head & 0x1f).into(),
            0xd9..=0xdb => self.len(head - 0xd9)?,
            _ => return self.0.error(SyntaxErrorKind::KeyNotString),
        };
        self.0.str(len)
    }

    fn null(&mut self) -> bool {
        let is_null = self.0.peek() == Some(0xc0);
        if is_null {
            self.0.advance();
        }
        is_null
    }

    fn end(&mut self) -> Result<(), SyntaxError> {
        self.0.end()
    }
}

impl MsgPackReader<'_> {
    /// A number of 1, 2 or 4 bytes, by the logarithm of how many.
    fn len(&mut self, size: u8) -> Result<u64, SyntaxError> {
        Ok(match size {
            0 => self.0.byte()?.into(),
            1 => u16::from_be_bytes(self.0.array()?).into(),
            _ => u32::from_be_bytes(self.0.array()?).into(),
        })
    }
}

fn signed(value: i64) -> Token<'static> {
    u64::try_from(value).map_or(Token::Negative(value), Token::Unsigned)
}

/// Writes MessagePack, every value in as few bytes as it needs.
#[derive(Debug)]
pub(crate) struct MsgPackWriter<'o>(&'o mut BytesMut);

impl<'o> MsgPackWriter<'o> {
    pub(crate) const fn new(out: &'o mut BytesMut) -> Self {
        Self(out)
    }

    /// A head, and a number in big endian.
    fn head<const N: usize>(&mut self, head: u8, number: [u8; N]) {
        self.0.extend_from_slice(&[head]);
        self.0.extend_from_slice(&number);
    }

    /// A length that is too large for the head, in 2 or 4 bytes, or in 1 if there is a head for that.
    fn long(&mut self, len: usize, head_8: Option<u8>, head_16: u8) {
        match (u8::try_from(len), u16::try_from(len), head_8) {
            (Ok(len), _, Some(head)) => self.head(head, [len]),
            (_, Ok(len), _) => self.head(head_16, len.to_be_bytes()),
            _ => self.head(head_16 + 1, len_32(len)),
        }
    }
}

impl Writer for MsgPackWriter<'_> {
    const SERIALIZER: Serializer = Serializer::MsgPack;
    const NEEDS_LENGTHS: bool = true;
    const SEPARATOR_LEN: usize = 0;

    fn written(&self) -> &[u8] {
        self.0
    }

    fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    fn list(&mut self, len: usize) {
        match u8::try_from(len) {
            Ok(len @ 0..=15) => self.head(0x90 | len, []),
            _ => self.long(len, None, 0xdc),
        }
    }

    fn list_end(&mut self) {}

    fn dict(&mut self, len: usize) {
        match u8::try_from(len) {
            Ok(len @ 0..=15) => self.head(0x80 | len, []),
            _ => self.long(len, None, 0xde),
        }
    }

    fn dict_end(&mut self) {}

    fn begin(&mut self, is_dict: bool) -> usize {
        self.head(if is_dict { 0xdf } else { 0xdd }, [0; 4]);
        self.0.len()
    }

    fn set_len(&mut self, at: usize, len: usize) {
        set_len_32(self.0, at, len);
    }

    fn key(&mut self, key: &str) {
        self.str(key);
    }

    fn null(&mut self) {
        self.head(0xc0, []);
    }

    fn bool(&mut self, value: bool) {
        self.head(0xc2 + u8::from(value), []);
    }

    fn unsigned(&mut self, value: u64) {
        match value {
            0..=0x7f => self.head(value as u8, []),
            0x80..=0xff => self.head(0xcc, (value as u8).to_be_bytes()),
            0x100..=0xffff => self.head(0xcd, (value as u16).to_be_bytes()),
            0x1_0000..=0xffff_ffff => self.head(0xce, (value as u32).to_be_bytes()),
            _ => self.head(0xcf, value.to_be_bytes()),
        }
    }

    fn signed(&mut self, value: i64) {
        match value {
            0.. => self.unsigned(value.unsigned_abs()),
            -0x20..0 => self.head(value as u8, []),
            -0x80..-0x20 => self.head(0xd0, (value as i8).to_be_bytes()),
            -0x8000..-0x80 => self.head(0xd1, (value as i16).to_be_bytes()),
            -0x8000_0000..-0x8000 => self.head(0xd2, (value as i32).to_be_bytes()),
            _ => self.head(0xd3, value.to_be_bytes()),
        }
    }

    fn float(&mut self, value: f64) {
        self.head(0xcb, value.to_be_bytes());
    }

    fn str(&mut self, value: &str) {
        match u8::try_from(value.len()) {
            Ok(len @ 0..=31) => self.head(0xa0 | len, []),
            _ => self.long(value.len(), Some(0xd9), 0xda),
        }
        self.0.extend_from_slice(value.as_bytes());
    }

    fn bytes(&mut self, value: &[u8]) {
        self.long(value.len(), Some(0xc4), 0xc5);
        self.0.extend_from_slice(value);
    }

    fn raw(&mut self, values: &[u8]) {
        self.0.extend_from_slice(values);
    }
}

/// A length in four bytes. Longer things do not occur: messages and payloads are limited to 4 GiB when they are made.
pub(super) fn len_32(len: usize) -> [u8; 4] {
    u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes()
}

/// Writes a length in front of position `at`, where there is room for it.
pub(super) fn set_len_32(out: &mut BytesMut, at: usize, len: usize) {
    if let Some(room) = at.checked_sub(4).and_then(|start| out.get_mut(start..at)) {
        room.copy_from_slice(&len_32(len));
    }
}
