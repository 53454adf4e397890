//! Rust values to payloads.

use bytes::BytesMut;
use serde::Serialize;

use super::{Form, Payload};
use crate::wamp::serde::{EncodeError, Encoder};
use crate::wamp::serializer::{CborWriter, JsonWriter, MsgPackWriter, Serializer, Writer};

/// Enough for most payloads.
const INITIAL_CAPACITY: usize = 128;

impl Payload {
    /// A payload of these arguments and keyword arguments.
    ///
    /// `args` is a tuple, an array, a slice or a `Vec`: `&("one",)` is a single argument. `kwargs` is a struct or a map.
    /// Either may be `&()` for nothing. An empty list or dict is left out where it can be.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use wirebahn_core::wamp::{Payload, Serializer};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let payload = Payload::encode(Serializer::Json, &(), &BTreeMap::from([("unit", "celsius")]))?;
    /// assert_eq!(payload.args_bytes(), Some(&b"[]"[..]));
    /// assert_eq!(payload.kwargs_bytes(), Some(&br#"{"unit":"celsius"}"#[..]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If `args` does not become a list, `kwargs` not a dict, or one of them cannot be encoded.
    pub fn encode<A: Serialize + ?Sized, K: Serialize + ?Sized>(
        serializer: Serializer,
        args: &A,
        kwargs: &K,
    ) -> Result<Self, EncodeError> {
        let mut out = BytesMut::with_capacity(INITIAL_CAPACITY);
        let form = match serializer {
            Serializer::Json => encode(JsonWriter::new(&mut out), args, kwargs),
            Serializer::MsgPack => encode(MsgPackWriter::new(&mut out), args, kwargs),
            Serializer::Cbor => encode(CborWriter::new(&mut out), args, kwargs),
        }?;
        // Lengths then fit into 32 bits, whatever the payload is transcoded to.
        if u32::try_from(out.len()).is_err() {
            return Err(EncodeError::TooLong);
        }
        Ok(Self { serializer, form, bytes: out.freeze() })
    }

    /// A payload of these arguments alone.
    ///
    /// # Errors
    ///
    /// If `args` does not become a list, or cannot be encoded.
    pub fn encode_args<A: Serialize + ?Sized>(serializer: Serializer, args: &A) -> Result<Self, EncodeError> {
        Self::encode(serializer, args, &())
    }

    /// A payload that is one binary instead of arguments, for
    /// [`enc_algo`](crate::wamp::PayloadPassthru::enc_algo).
    ///
    /// # Errors
    ///
    /// If it is 4 GiB or more.
    pub fn encode_opaque(serializer: Serializer, bytes: &[u8]) -> Result<Self, EncodeError> {
        let mut out = BytesMut::with_capacity(bytes.len() + INITIAL_CAPACITY);
        match serializer {
            Serializer::Json => JsonWriter::new(&mut out).bytes(bytes),
            Serializer::MsgPack => MsgPackWriter::new(&mut out).bytes(bytes),
            Serializer::Cbor => CborWriter::new(&mut out).bytes(bytes),
        }
        if u32::try_from(out.len()).is_err() {
            return Err(EncodeError::TooLong);
        }
        Ok(Self { serializer, form: Form::Opaque, bytes: out.freeze() })
    }
}

fn encode<W: Writer, A: Serialize + ?Sized, K: Serialize + ?Sized>(
    mut out: W,
    args: &A,
    kwargs: &K,
) -> Result<Form, EncodeError> {
    // The values are in the list of the message.
    args.serialize(Encoder::new(&mut out, 1))?;
    let has_args = match Shape::of(W::SERIALIZER, out.written()) {
        Shape::List => true,
        Shape::EmptyList => false,
        Shape::Null => {
            out.truncate(0);
            out.list(0);
            out.list_end();
            false
        }
        _ => return Err(EncodeError::ArgsNotAList),
    };
    let args_end = out.written().len();
    kwargs.serialize(Encoder::new(&mut out, 1))?;
    let kwargs_at = args_end + W::SEPARATOR_LEN;
    match Shape::of(W::SERIALIZER, out.written().get(kwargs_at..).unwrap_or_default()) {
        Shape::Dict => Ok(Form::ArgsAndKwargs { args_end, kwargs_at }),
        Shape::EmptyDict | Shape::Null if has_args => {
            out.truncate(args_end);
            Ok(Form::Args)
        }
        Shape::EmptyDict | Shape::Null => {
            out.truncate(0);
            Ok(Form::Nothing)
        }
        _ => Err(EncodeError::KwargsNotADict),
    }
}

/// What a value has become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Null,
    EmptyList,
    List,
    EmptyDict,
    Dict,
    Scalar,
}

impl Shape {
    /// The shape of what the writer of this serializer wrote.
    const fn of(serializer: Serializer, value: &[u8]) -> Self {
        match (serializer, value) {
            (Serializer::Json, b"null") | (Serializer::MsgPack, [0xc0]) | (Serializer::Cbor, [0xf6]) => {
                Self::Null
            }
            (Serializer::Json, b"[]")
            | (Serializer::MsgPack, [0x90] | [0xdd, 0, 0, 0, 0])
            | (Serializer::Cbor, [0x80] | [0x9a, 0, 0, 0, 0]) => Self::EmptyList,
            (Serializer::Json, b"{}")
            | (Serializer::MsgPack, [0x80] | [0xdf, 0, 0, 0, 0])
            | (Serializer::Cbor, [0xa0] | [0xba, 0, 0, 0, 0]) => Self::EmptyDict,
            (Serializer::Json, [b'[', ..])
            | (Serializer::MsgPack, [0x90..=0x9f | 0xdc | 0xdd, ..])
            | (Serializer::Cbor, [0x80..=0x9f, ..]) => Self::List,
            (Serializer::Json, [b'{', ..])
            | (Serializer::MsgPack, [0x80..=0x8f | 0xde | 0xdf, ..])
            | (Serializer::Cbor, [0xa0..=0xbf, ..]) => Self::Dict,
            _ => Self::Scalar,
        }
    }
}
