//! Decoding arguments that are not there.

use core::iter::{Empty, empty};

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, Visitor};
use serde::forward_to_deserialize_any;

use super::DecodeError;

/// An empty list or dict, in no serializer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Nothing {
    List,
    Dict,
}

impl<'de> de::Deserializer<'de> for Nothing {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self {
            Self::List => visitor.visit_seq(SeqDeserializer::<Empty<()>, _>::new(empty())),
            Self::Dict => visitor.visit_map(MapDeserializer::<Empty<((), ())>, _>::new(empty())),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf seq tuple
        tuple_struct map struct enum identifier
    }
}
