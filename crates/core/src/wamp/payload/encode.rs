//! Rust values to payloads.

use bytes::BytesMut;
use serde::Serialize;

use super::{Form, Payload};
use crate::wamp::serde::{EncodeError, Encoder};
use crate::wamp::serializer::{Format, Serializer, Shape, Writer, with_format};

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
        let form: Result<Form, _> =
            with_format!(serializer, Its => encode(Its::writer(&mut out), args, kwargs));
        Self::encoded(serializer, form?, out)
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
        with_format!(serializer, Its => Its::writer(&mut out).bytes(bytes));
        Self::encoded(serializer, Form::Opaque, out)
    }

    /// Lengths fit into 32 bits, whatever the payload is transcoded to.
    fn encoded(serializer: Serializer, form: Form, bytes: BytesMut) -> Result<Self, EncodeError> {
        if u32::try_from(bytes.len()).is_err() {
            return Err(EncodeError::TooLong);
        }
        Ok(Self::new(serializer, form, bytes.freeze()))
    }
}

fn encode<W: Writer, A: Serialize + ?Sized, K: Serialize + ?Sized>(
    mut out: W,
    args: &A,
    kwargs: &K,
) -> Result<Form, EncodeError> {
    // The values are in the list of the message.
    args.serialize(Encoder::new(&mut out, 1))?;
    let has_args = match W::shape(out.written()) {
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
    match W::shape(out.written().get(kwargs_at..).unwrap_or_default()) {
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
