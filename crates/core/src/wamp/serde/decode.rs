//! From payloads to Rust values.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use core::fmt;

use serde::de::{
    self, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::key::KeyDecoder;
use crate::wamp::serializer::{Items, Reader, SyntaxError, Token};

/// Why a payload is not what the application expects.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes are not what the serializer says. Does not happen to payloads, which were checked before.
    Syntax(SyntaxError),
    /// A list or dict with more items than the type has.
    ItemsLeft,
    /// The payload is opaque, so there are no arguments to decode.
    Opaque,
    /// What serde, or the implementation for the type, says.
    Other(String),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(error) => fmt::Display::fmt(error, f),
            Self::ItemsLeft => f.write_str("more items than expected"),
            Self::Opaque => f.write_str("an opaque payload has no arguments: decrypt its bytes first"),
            Self::Other(error) => f.write_str(error),
        }
    }
}

impl core::error::Error for DecodeError {}

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(error: T) -> Self {
        Self::Other(error.to_string())
    }
}

impl From<SyntaxError> for DecodeError {
    fn from(error: SyntaxError) -> Self {
        Self::Syntax(error)
    }
}

/// Decodes one value after the other. The recursion is as deep as [`MAX_DEPTH`](crate::wamp::MAX_DEPTH) allows.
pub(crate) struct Decoder<R>(R);

impl<'de, R: Reader<'de>> Decoder<R> {
    pub(crate) fn new(input: &'de [u8]) -> Result<Self, SyntaxError> {
        R::new(input).map(Self)
    }

    pub(crate) fn end(&mut self) -> Result<(), SyntaxError> {
        self.0.end()
    }

    fn visit<V: Visitor<'de>>(&mut self, token: Token<'de>, visitor: V) -> Result<V::Value, DecodeError> {
        match token {
            Token::Null => visitor.visit_unit(),
            Token::Bool(value) => visitor.visit_bool(value),
            Token::Unsigned(value) => visitor.visit_u64(value),
            Token::Negative(value) => visitor.visit_i64(value),
            Token::Float(value) => visitor.visit_f64(value),
            Token::Str(Cow::Borrowed(value)) => visitor.visit_borrowed_str(value),
            Token::Str(Cow::Owned(value)) => visitor.visit_string(value),
            Token::Bytes(Cow::Borrowed(value)) => visitor.visit_borrowed_bytes(value),
            Token::Bytes(Cow::Owned(value)) => visitor.visit_byte_buf(value),
            Token::List(items) => self.items(items, |items| visitor.visit_seq(items)),
            Token::Dict(items) => self.items(items, |items| visitor.visit_map(items)),
        }
    }

    fn items<T>(
        &mut self,
        mut items: Items,
        visit: impl FnOnce(ItemsDecoder<'_, R>) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let value = visit(ItemsDecoder { decoder: self, items: &mut items })?;
        if !items.is_left && self.0.more(&mut items)? {
            return Err(DecodeError::ItemsLeft);
        }
        Ok(value)
    }
}

impl<'de, R: Reader<'de>> de::Deserializer<'de> for &mut Decoder<R> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let token = self.0.token()?;
        self.visit(token, visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let token = self.0.text_token()?;
        self.visit(token, visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if self.0.null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    /// Nothing is null, or no arguments at all.
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.0.token()? {
            Token::Null => visitor.visit_unit(),
            Token::List(items) | Token::Dict(items) => self.items(items, |_| visitor.visit_unit()),
            _ => Err(de::Error::custom("nothing was expected")),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self.0.text_token()? {
            Token::Str(variant) => visitor.visit_enum(variant.into_deserializer()),
            Token::Dict(items) => self.items(items, |items| visitor.visit_enum(items)),
            _ => Err(de::Error::custom("a variant is a string, or a dict with one key")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.0.skip()?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 bytes byte_buf seq tuple tuple_struct
        map struct identifier
    }
}

/// Decodes the items of a list or dict.
struct ItemsDecoder<'d, R> {
    decoder: &'d mut Decoder<R>,
    items: &'d mut Items,
}

impl<'de, R: Reader<'de>> ItemsDecoder<'_, R> {
    fn more(&mut self) -> Result<bool, SyntaxError> {
        Ok(!self.items.is_left && self.decoder.0.more(self.items)?)
    }

    /// No more than a few items are taken on trust: each is a byte of the message, at least.
    fn size_hint(&self) -> Option<usize> {
        self.items.left.and_then(|left| usize::try_from(left).ok()).filter(|&left| left <= MAX_SIZE_HINT)
    }
}

/// How long a list or dict may say to be and be believed, before its items came.
const MAX_SIZE_HINT: usize = 4096;

impl<'de, R: Reader<'de>> SeqAccess<'de> for ItemsDecoder<'_, R> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DecodeError> {
        if self.more()? { seed.deserialize(&mut *self.decoder).map(Some) } else { Ok(None) }
    }

    fn size_hint(&self) -> Option<usize> {
        Self::size_hint(self)
    }
}

impl<'de, R: Reader<'de>> MapAccess<'de> for ItemsDecoder<'_, R> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        if !self.more()? {
            return Ok(None);
        }
        let key = self.decoder.0.key()?;
        seed.deserialize(KeyDecoder(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DecodeError> {
        seed.deserialize(&mut *self.decoder)
    }

    fn size_hint(&self) -> Option<usize> {
        Self::size_hint(self)
    }
}

/// A variant is a dict whose only key is its name.
impl<'de, R: Reader<'de>> EnumAccess<'de> for ItemsDecoder<'_, R> {
    type Error = DecodeError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(mut self, seed: V) -> Result<(V::Value, Self), DecodeError> {
        match self.next_key_seed(seed)? {
            Some(variant) => Ok((variant, self)),
            None => Err(de::Error::custom("a variant is a string, or a dict with one key")),
        }
    }
}

impl<'de, R: Reader<'de>> VariantAccess<'de> for ItemsDecoder<'_, R> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        de::Deserialize::deserialize(&mut *self.decoder)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, DecodeError> {
        seed.deserialize(&mut *self.decoder)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, DecodeError> {
        de::Deserializer::deserialize_seq(&mut *self.decoder, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        de::Deserializer::deserialize_map(&mut *self.decoder, visitor)
    }
}
