//! Reading JSON.

use alloc::borrow::Cow;
use core::fmt;

use base64::Engine as _;
use serde::de::{Deserialize, Deserializer, IgnoredAny, Visitor};
use serde_json::Number;

use super::BASE64;
use crate::wamp::serializer::format::Step;
use crate::wamp::serializer::nesting::Nesting;
use crate::wamp::serializer::{Items, Reader, Serializer, SyntaxError, SyntaxErrorKind, Token};

/// Reads JSON.
///
/// Whole numbers that fit into 64 bits are integers, all others floats.
#[derive(Clone, Debug)]
pub(crate) struct JsonReader<'a> {
    text: &'a str,
    at: usize,
    nesting: Nesting,
}

impl<'a> Reader<'a> for JsonReader<'a> {
    const SERIALIZER: Serializer = Serializer::Json;
    const HAS_ONE_NUMBER_TYPE: bool = true;
    const HAS_LENGTHS: bool = false;

    fn new(input: &'a [u8]) -> Result<Self, SyntaxError> {
        match simdutf8::basic::from_utf8(input) {
            Ok(text) => Ok(Self { text, at: 0, nesting: Nesting::default() }),
            Err(_) => Err(SyntaxError {
                kind: SyntaxErrorKind::NotUtf8,
                at: core::str::from_utf8(input).map_or_else(|error| error.valid_up_to(), str::len),
            }),
        }
    }

    fn position(&self) -> usize {
        self.at
    }

    fn token(&mut self) -> Result<Token<'a>, SyntaxError> {
        Ok(match self.next_byte()? {
            b'"' => string_token(self.text()?),
            b'[' => Token::List(self.open(false)?),
            b'{' => Token::Dict(self.open(true)?),
            b'-' | b'0'..=b'9' => self.number()?,
            b't' | b'f' => Token::Bool(self.scalar()?),
            b'n' => {
                self.scalar::<()>()?;
                Token::Null
            }
            byte => return self.error(SyntaxErrorKind::UnexpectedByte(byte)),
        })
    }

    fn text_token(&mut self) -> Result<Token<'a>, SyntaxError> {
        if self.next_byte()? == b'"' { self.text().map(Token::Str) } else { self.token() }
    }

    fn step(&mut self) -> Result<Step, SyntaxError> {
        Ok(match self.next_byte()? {
            b'"' => {
                self.scalar::<Checked>()?;
                Step::Scalar
            }
            b'[' => Step::List(self.open(false)?),
            b'{' => Step::Dict(self.open(true)?),
            _ => {
                self.token()?;
                Step::Scalar
            }
        })
    }

    fn more(&mut self, items: &mut Items) -> Result<bool, SyntaxError> {
        let byte = self.next_byte()?;
        if byte == if items.is_dict { b'}' } else { b']' } {
            self.at += 1;
            self.nesting.leave(items);
            return Ok(false);
        }
        if items.is_first {
            items.is_first = false;
        } else if byte == b',' {
            self.at += 1;
            self.next_byte()?;
        } else {
            return self.error(SyntaxErrorKind::UnexpectedByte(byte));
        }
        Ok(true)
    }

    fn key(&mut self) -> Result<Cow<'a, str>, SyntaxError> {
        self.keyed::<Text<'a>>().map(|Text(key)| key)
    }

    fn skip_key(&mut self) -> Result<(), SyntaxError> {
        self.keyed::<Checked>().map(|Checked| ())
    }

    fn null(&mut self) -> bool {
        let is_null = self.rest().starts_with("null");
        if is_null {
            self.at += "null".len();
        }
        is_null
    }

    fn end(&mut self) -> Result<(), SyntaxError> {
        self.skip_space();
        if self.at < self.text.len() {
            return self.error(SyntaxErrorKind::TrailingBytes);
        }
        Ok(())
    }
}

impl<'a> JsonReader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// The next byte that is no space; it is not consumed.
    fn next_byte(&mut self) -> Result<u8, SyntaxError> {
        self.skip_space();
        self.peek().map_or_else(|| self.error(SyntaxErrorKind::UnexpectedEnd), Ok)
    }

    fn open(&mut self, is_dict: bool) -> Result<Items, SyntaxError> {
        let items = self.nesting.enter(self.at, is_dict, None)?;
        self.at += 1;
        Ok(items)
    }

    /// Reads what `serde_json` makes of the string, number or literal that is next.
    fn scalar<T: Deserialize<'a>>(&mut self) -> Result<T, SyntaxError> {
        // An iterator over values knows where it is, which the decoder of a single one does not.
        let mut values = serde_json::Deserializer::from_str(self.rest()).into_iter();
        match values.next() {
            Some(Ok(value)) => {
                self.at += values.byte_offset();
                Ok(value)
            }
            Some(Err(error)) if !error.is_eof() => self.error(SyntaxErrorKind::MalformedScalar),
            _ => Err(SyntaxError { kind: SyntaxErrorKind::UnexpectedEnd, at: self.text.len() }),
        }
    }

    fn text(&mut self) -> Result<Cow<'a, str>, SyntaxError> {
        self.scalar::<Text<'a>>().map(|Text(text)| text)
    }

    /// Of the type of `serde_json`, which holds whatever its features make of numbers.
    fn number(&mut self) -> Result<Token<'a>, SyntaxError> {
        let at = self.at;
        let number: Number = self.scalar()?;
        if let Some(value) = number.as_u64() {
            return Ok(Token::Unsigned(value));
        }
        // -0 is a float: there is no such integer.
        if let Some(value) = number.as_i64().filter(|&value| value < 0) {
            return Ok(Token::Negative(value));
        }
        number.as_f64().map(Token::Float).ok_or(SyntaxError { kind: SyntaxErrorKind::MalformedScalar, at })
    }

    /// Reads a key, and the colon behind it.
    fn keyed<K: Deserialize<'a>>(&mut self) -> Result<K, SyntaxError> {
        if self.next_byte()? != b'"' {
            return self.error(SyntaxErrorKind::KeyNotString);
        }
        let key = self.scalar()?;
        match self.next_byte()? {
            b':' => self.at += 1,
            byte => return self.error(SyntaxErrorKind::UnexpectedByte(byte)),
        }
        self.skip_space();
        Ok(key)
    }
}

fn string_token(text: Cow<'_, str>) -> Token<'_> {
    match text.strip_prefix('\0').map(|encoded| BASE64.decode(encoded)) {
        Some(Ok(bytes)) => Token::Bytes(Cow::Owned(bytes)),
        _ => Token::Str(text),
    }
}

/// A string: a slice of the message, unless it had to be unescaped.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.into())))
    }
}

/// A string that nobody needs. To skip it is not enough: `serde_json` then lets halves of surrogate pairs pass.
struct Checked;

impl<'de> Deserialize<'de> for Checked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(IgnoredAny).map(|IgnoredAny| Self)
    }
}
