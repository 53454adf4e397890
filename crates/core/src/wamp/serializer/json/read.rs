//! Reading JSON.

use alloc::borrow::Cow;
use alloc::string::String;

use base64::Engine as _;

use super::{BASE64, BINARY, find_special};
use crate::wamp::serializer::{
    Items, MAX_DEPTH, Reader, Serializer, Step, SyntaxError, SyntaxErrorKind, Token,
};

/// Reads JSON.
///
/// Whole numbers that fit into 64 bits are integers, all others floats, and infinite if they are too large for those.
#[derive(Clone, Debug)]
pub(crate) struct JsonReader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

/// A string as it stands there.
struct Raw<'a> {
    text: &'a str,
    is_escaped: bool,
}

/// A number, checked and not yet computed.
enum Number<'a> {
    Unsigned(u64),
    Negative(i64),
    Other(&'a str),
}

impl<'a> Reader<'a> for JsonReader<'a> {
    const SERIALIZER: Serializer = Serializer::Json;
    const HAS_ONE_NUMBER_TYPE: bool = true;
    const HAS_LENGTHS: bool = false;

    fn new(input: &'a [u8]) -> Result<Self, SyntaxError> {
        match simdutf8::basic::from_utf8(input) {
            Ok(text) => Ok(Self { text, at: 0, depth: 0 }),
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
        match self.next_byte()? {
            b'"' => {
                let raw = self.string()?;
                self.string_token(&raw)
            }
            b'[' => self.open(false).map(Token::List),
            b'{' => self.open(true).map(Token::Dict),
            b'-' | b'0'..=b'9' => Ok(match self.number()? {
                Number::Unsigned(value) => Token::Unsigned(value),
                Number::Negative(value) => Token::Negative(value),
                // What the grammar of JSON allows is allowed here.
                Number::Other(text) => Token::Float(text.parse().unwrap_or(f64::NAN)),
            }),
            b't' => self.literal("true", Token::Bool(true)),
            b'f' => self.literal("false", Token::Bool(false)),
            b'n' => self.literal("null", Token::Null),
            byte => self.error(SyntaxErrorKind::UnexpectedByte(byte)),
        }
    }

    fn text_token(&mut self) -> Result<Token<'a>, SyntaxError> {
        if self.next_byte()? != b'"' {
            return self.token();
        }
        let raw = self.string()?;
        self.unescape(&raw).map(Token::Str)
    }

    fn step(&mut self) -> Result<Step, SyntaxError> {
        match self.next_byte()? {
            b'"' => {
                let raw = self.string()?;
                self.check(&raw)?;
                Ok(Step::Scalar)
            }
            b'-' | b'0'..=b'9' => self.number().map(|_| Step::Scalar),
            b'[' => self.open(false).map(Step::List),
            b'{' => self.open(true).map(Step::Dict),
            _ => self.token().map(|_| Step::Scalar),
        }
    }

    fn more(&mut self, items: &mut Items) -> Result<bool, SyntaxError> {
        let byte = self.next_byte()?;
        if byte == if items.is_dict { b'}' } else { b']' } {
            self.at += 1;
            self.depth -= 1;
            items.is_left = true;
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
        let raw = self.raw_key()?;
        self.unescape(&raw)
    }

    fn skip_key(&mut self) -> Result<(), SyntaxError> {
        let raw = self.raw_key()?;
        self.check(&raw)
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
        if self.depth == MAX_DEPTH {
            return self.error(SyntaxErrorKind::TooDeep);
        }
        self.at += 1;
        self.depth += 1;
        Ok(Items { left: None, is_first: true, is_dict, is_left: false })
    }

    fn literal(&mut self, literal: &str, token: Token<'a>) -> Result<Token<'a>, SyntaxError> {
        let found = self.rest().bytes().zip(literal.bytes()).take_while(|(a, b)| a == b).count();
        self.at += found;
        if found == literal.len() { Ok(token) } else { self.unexpected() }
    }

    fn unexpected<T>(&self) -> Result<T, SyntaxError> {
        self.error(self.peek().map_or(SyntaxErrorKind::UnexpectedEnd, SyntaxErrorKind::UnexpectedByte))
    }

    fn raw_key(&mut self) -> Result<Raw<'a>, SyntaxError> {
        if self.next_byte()? != b'"' {
            return self.error(SyntaxErrorKind::KeyNotString);
        }
        let raw = self.string()?;
        if self.next_byte()? != b':' {
            return self.unexpected();
        }
        self.at += 1;
        self.skip_space();
        Ok(raw)
    }

    /// Finds the end of the string whose quote is next.
    fn string(&mut self) -> Result<Raw<'a>, SyntaxError> {
        self.at += 1;
        let start = self.at;
        let mut is_escaped = false;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            self.at += find_special(rest);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    is_escaped = true;
                    // What follows the backslash is looked at later; here it only must not end the string.
                    self.at += 1;
                    if !self.peek().is_some_and(|byte| byte.is_ascii_graphic()) {
                        return self.unexpected();
                    }
                    self.at += 1;
                }
                _ => return self.unexpected(),
            }
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        self.at += 1;
        Ok(Raw { text, is_escaped })
    }

    fn string_token(&self, raw: &Raw<'a>) -> Result<Token<'a>, SyntaxError> {
        if let Some(encoded) = raw.text.strip_prefix(BINARY)
            && !encoded.contains('\\')
            && let Ok(bytes) = BASE64.decode(encoded)
        {
            return Ok(Token::Bytes(Cow::Owned(bytes)));
        }
        let text = self.unescape(raw)?;
        // Some escape the slash, which is also a character of base64.
        if let Some(encoded) = text.strip_prefix('\0')
            && let Ok(bytes) = BASE64.decode(encoded)
        {
            return Ok(Token::Bytes(Cow::Owned(bytes)));
        }
        Ok(Token::Str(text))
    }

    fn unescape(&self, raw: &Raw<'a>) -> Result<Cow<'a, str>, SyntaxError> {
        if !raw.is_escaped {
            return Ok(Cow::Borrowed(raw.text));
        }
        let mut text = String::with_capacity(raw.text.len());
        let mut rest = raw.text;
        while let Some((before, escape)) = rest.split_once('\\') {
            text.push_str(before);
            let (c, behind) = self.escape(escape)?;
            text.push(c);
            rest = behind;
        }
        text.push_str(rest);
        Ok(Cow::Owned(text))
    }

    /// Checks a string that nobody needs.
    fn check(&self, raw: &Raw<'a>) -> Result<(), SyntaxError> {
        if raw.is_escaped {
            let mut rest = raw.text;
            while let Some((_, escape)) = rest.split_once('\\') {
                rest = self.escape(escape)?.1;
            }
        }
        Ok(())
    }

    /// The character that the escape sequence behind a backslash stands for, and what is behind it.
    fn escape<'s>(&self, escape: &'s str) -> Result<(char, &'s str), SyntaxError> {
        let Some((kind, rest)) = escape.split_at_checked(1) else {
            return self.error(SyntaxErrorKind::NotUtf8);
        };
        let c = match kind {
            "\"" => '"',
            "\\" => '\\',
            "/" => '/',
            "b" => '\u{8}',
            "f" => '\u{c}',
            "n" => '\n',
            "r" => '\r',
            "t" => '\t',
            "u" => return self.unicode(rest),
            _ => return self.error(SyntaxErrorKind::UnexpectedByte(b'\\')),
        };
        Ok((c, rest))
    }

    /// Four hexadecimal digits, and if they are half of a pair the other half (RFC 8259 7).
    fn unicode<'s>(&self, digits: &'s str) -> Result<(char, &'s str), SyntaxError> {
        let Some((high, rest)) = code_unit(digits) else {
            return self.error(SyntaxErrorKind::UnexpectedByte(b'\\'));
        };
        if let Some(c) = char::from_u32(high.into()) {
            return Ok((c, rest));
        }
        let pair = rest.strip_prefix("\\u").and_then(code_unit).and_then(|(low, rest)| {
            let mut pair = char::decode_utf16([high, low]);
            match (pair.next(), pair.next()) {
                (Some(Ok(c)), None) => Some((c, rest)),
                _ => None,
            }
        });
        pair.map_or_else(|| self.error(SyntaxErrorKind::NotUtf8), Ok)
    }

    fn number(&mut self) -> Result<Number<'a>, SyntaxError> {
        let start = self.at;
        let is_negative = self.accept(b"-");
        let mut value = Some(0);
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => value = self.digits(),
            _ => return self.unexpected(),
        }
        let mut is_whole = true;
        if self.accept(b".") {
            is_whole = false;
            self.some_digits()?;
        }
        if self.accept(b"eE") {
            is_whole = false;
            self.accept(b"+-");
            self.some_digits()?;
        }
        let whole = value.filter(|_| is_whole);
        Ok(match (is_negative, whole) {
            (false, Some(value)) => Number::Unsigned(value),
            // -0 is a float: there is no such integer.
            (true, Some(value @ 1..)) if value <= 1 << 63 => {
                Number::Negative(0_i64.wrapping_sub_unsigned(value))
            }
            _ => Number::Other(self.text.get(start..self.at).unwrap_or_default()),
        })
    }

    /// The value of the digits, unless it is too large.
    fn digits(&mut self) -> Option<u64> {
        let mut value = Some(0_u64);
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            self.at += 1;
            value = value.and_then(|value| value.checked_mul(10)?.checked_add(u64::from(digit - b'0')));
        }
        value
    }

    fn some_digits(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        self.digits();
        if self.at == start { self.unexpected() } else { Ok(()) }
    }

    fn accept(&mut self, bytes: &[u8]) -> bool {
        let is_next = self.peek().is_some_and(|byte| bytes.contains(&byte));
        self.at += usize::from(is_next);
        is_next
    }
}

fn code_unit(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    // `from_str_radix` also takes a sign.
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hex.then(|| u16::from_str_radix(digits, 16).ok().map(|unit| (unit, rest)))?
}
