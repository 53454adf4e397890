//! From Rust values to payloads.

use alloc::string::{String, ToString};
use core::fmt;

use serde::ser::{self, Serialize};

use super::key::KeyEncoder;
use crate::wamp::MAX_DEPTH;
use crate::wamp::serializer::Writer;

/// Why a value of the application cannot be a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// Arguments that are not a list: use a tuple, an array or a slice, also for a single one.
    ArgsNotAList,
    /// Keyword arguments that are not a dict: use a struct with named fields, or a map.
    KwargsNotADict,
    /// A key of a map that cannot be a string.
    KeyNotString,
    /// A number that does not fit into 64 bits.
    NumberTooLarge,
    /// Lists and dicts nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// A payload of 4 GiB or more.
    TooLong,
    /// A list or dict with more or fewer items than its implementation of `Serialize` said.
    LengthMismatch,
    /// What the implementation for the type says.
    Other(String),
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ArgsNotAList => {
                f.write_str("arguments must be a tuple, an array or a slice, also a single one")
            }
            Self::KwargsNotADict => {
                f.write_str("keyword arguments must be a struct with named fields, or a map")
            }
            Self::KeyNotString => {
                f.write_str("keys of a map must be strings, numbers or variants without fields")
            }
            Self::NumberTooLarge => f.write_str("whole numbers must fit into 64 bits"),
            Self::TooDeep => write!(f, "lists and dicts must not be nested deeper than {MAX_DEPTH}"),
            Self::TooLong => f.write_str("a payload must be shorter than 4 GiB"),
            Self::LengthMismatch => f.write_str("a list or dict must have as many items as it says"),
            Self::Other(error) => f.write_str(error),
        }
    }
}

impl core::error::Error for EncodeError {}

impl ser::Error for EncodeError {
    fn custom<T: fmt::Display>(error: T) -> Self {
        Self::Other(error.to_string())
    }
}

/// Encodes one value.
#[derive(Debug)]
pub(crate) struct Encoder<'w, W> {
    out: &'w mut W,
    /// In how many lists and dicts the value is.
    depth: usize,
}

impl<'w, W: Writer> Encoder<'w, W> {
    /// `depth` is in how many lists and dicts the value will be.
    pub(crate) const fn new(out: &'w mut W, depth: usize) -> Self {
        Self { out, depth }
    }

    fn open(self, is_dict: bool, len: Option<usize>) -> Result<Items<'w, W>, EncodeError> {
        if self.depth == MAX_DEPTH {
            return Err(EncodeError::TooDeep);
        }
        let length = match len {
            Some(len) => {
                self.out.open(is_dict, len);
                Length::Said(len)
            }
            None => Length::At(self.out.begin(is_dict)),
        };
        Ok(Items { out: self.out, depth: self.depth + 1, length, count: 0, is_dict, is_variant: false })
    }

    /// Begins the dict whose only key is the name of a variant.
    fn variant(self, variant: &str) -> Result<Self, EncodeError> {
        if self.depth == MAX_DEPTH {
            return Err(EncodeError::TooDeep);
        }
        self.out.dict(1);
        self.out.key(variant);
        Ok(Self { out: self.out, depth: self.depth + 1 })
    }
}

macro_rules! scalars {
    ($($method:ident $type:ty => $write:ident;)*) => { $(
        fn $method(self, value: $type) -> Result<(), EncodeError> {
            self.out.$write(value.into());
            Ok(())
        }
    )* };
}

impl<'w, W: Writer> ser::Serializer for Encoder<'w, W> {
    type Ok = ();
    type Error = EncodeError;
    type SerializeSeq = Items<'w, W>;
    type SerializeTuple = Items<'w, W>;
    type SerializeTupleStruct = Items<'w, W>;
    type SerializeTupleVariant = Items<'w, W>;
    type SerializeMap = Items<'w, W>;
    type SerializeStruct = Items<'w, W>;
    type SerializeStructVariant = Items<'w, W>;

    scalars! {
        serialize_bool bool => bool;
        serialize_i8 i8 => signed;
        serialize_i16 i16 => signed;
        serialize_i32 i32 => signed;
        serialize_i64 i64 => signed;
        serialize_u8 u8 => unsigned;
        serialize_u16 u16 => unsigned;
        serialize_u32 u32 => unsigned;
        serialize_u64 u64 => unsigned;
        serialize_f32 f32 => float;
        serialize_f64 f64 => float;
        serialize_str &str => str;
        serialize_bytes &[u8] => bytes;
    }

    fn serialize_i128(self, value: i128) -> Result<(), EncodeError> {
        match (u64::try_from(value), i64::try_from(value)) {
            (Ok(value), _) => self.out.unsigned(value),
            (_, Ok(value)) => self.out.signed(value),
            _ => return Err(EncodeError::NumberTooLarge),
        }
        Ok(())
    }

    fn serialize_u128(self, value: u128) -> Result<(), EncodeError> {
        self.out.unsigned(u64::try_from(value).map_err(|_| EncodeError::NumberTooLarge)?);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), EncodeError> {
        self.out.str(value.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    fn serialize_none(self) -> Result<(), EncodeError> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), EncodeError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), EncodeError> {
        self.out.null();
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), EncodeError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), EncodeError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        let Self { out, depth } = self.variant(variant)?;
        value.serialize(Encoder { out: &mut *out, depth })?;
        out.dict_end();
        Ok(())
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Items<'w, W>, EncodeError> {
        self.open(false, len)
    }

    fn serialize_tuple(self, len: usize) -> Result<Items<'w, W>, EncodeError> {
        self.open(false, Some(len))
    }

    fn serialize_tuple_struct(self, _name: &'static str, len: usize) -> Result<Items<'w, W>, EncodeError> {
        self.open(false, Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Items<'w, W>, EncodeError> {
        let items = self.variant(variant)?.open(false, Some(len))?;
        Ok(Items { is_variant: true, ..items })
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Items<'w, W>, EncodeError> {
        self.open(true, len)
    }

    fn serialize_struct(self, _name: &'static str, len: usize) -> Result<Items<'w, W>, EncodeError> {
        self.open(true, Some(len))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Items<'w, W>, EncodeError> {
        let items = self.variant(variant)?.open(true, Some(len))?;
        Ok(Items { is_variant: true, ..items })
    }
}

/// Encodes the items of a list or dict.
#[derive(Debug)]
pub(crate) struct Items<'w, W> {
    out: &'w mut W,
    depth: usize,
    length: Length,
    count: usize,
    is_dict: bool,
    /// It is the value of a variant, so two are to be ended.
    is_variant: bool,
}

/// How many items there are.
#[derive(Clone, Copy, Debug)]
enum Length {
    Said(usize),
    /// To be written here in the end.
    At(usize),
}

impl<W: Writer> Items<'_, W> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.count += 1;
        value.serialize(Encoder { out: &mut *self.out, depth: self.depth })
    }

    fn finish(self) -> Result<(), EncodeError> {
        match self.length {
            Length::Said(len) if len != self.count => return Err(EncodeError::LengthMismatch),
            Length::Said(_) => {}
            Length::At(at) => self.out.set_len(at, self.count),
        }
        self.out.close(self.is_dict);
        if self.is_variant {
            self.out.dict_end();
        }
        Ok(())
    }
}

macro_rules! lists {
    ($($access:ident $method:ident;)*) => { $(
        impl<W: Writer> ser::$access for Items<'_, W> {
            type Ok = ();
            type Error = EncodeError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
                self.item(value)
            }

            fn end(self) -> Result<(), EncodeError> {
                self.finish()
            }
        }
    )* };
}

lists! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

macro_rules! structs {
    ($($access:ident;)*) => { $(
        impl<W: Writer> ser::$access for Items<'_, W> {
            type Ok = ();
            type Error = EncodeError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), EncodeError> {
                self.out.key(key);
                self.item(value)
            }

            fn end(self) -> Result<(), EncodeError> {
                self.finish()
            }
        }
    )* };
}

structs! {
    SerializeStruct;
    SerializeStructVariant;
}

impl<W: Writer> ser::SerializeMap for Items<'_, W> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), EncodeError> {
        self.out.key(&key.serialize(KeyEncoder)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.item(value)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.finish()
    }
}
