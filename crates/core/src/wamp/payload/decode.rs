//! Payloads to Rust values.

use alloc::borrow::Cow;

use serde::Deserialize;

use super::{Form, Payload};
use crate::wamp::serde::{DecodeError, Decoder};
use crate::wamp::serializer::{
    CborReader, JsonReader, MsgPackReader, Reader, Serializer, SyntaxError, Token,
};

impl Payload {
    /// The arguments, as a tuple, an array, a `Vec`, or whatever else is made of a list.
    ///
    /// Types that borrow, such as `(&str, &[u8])`, do so from the payload where it has them as they are. If there are no
    /// arguments, it is an empty list that is decoded. A `()` takes nothing and anything.
    ///
    /// ```
    /// use wirebahn_core::wamp::{Payload, Serializer, Value};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let payload = Payload::encode(Serializer::Cbor, &[1, 2, 3], &())?;
    /// assert_eq!(payload.args::<Vec<u8>>()?, [1, 2, 3]);
    /// assert_eq!(payload.args::<Vec<Value>>()?[2], Value::from(3));
    /// assert!(payload.args::<(u8, u8)>().is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If there are more or fewer arguments, or others than the type has.
    pub fn args<'de, T: Deserialize<'de>>(&'de self) -> Result<T, DecodeError> {
        self.decode(self.args_bytes(), b"[]")
    }

    /// The keyword arguments, as a struct, a map, or whatever else is made of a dict.
    ///
    /// If there are none, it is an empty dict that is decoded.
    ///
    /// # Errors
    ///
    /// If there are others than the type has.
    pub fn kwargs<'de, T: Deserialize<'de>>(&'de self) -> Result<T, DecodeError> {
        self.decode(self.kwargs_bytes(), b"{}")
    }

    /// The bytes of an opaque payload, if it is one: of its binary data, or of its text.
    #[must_use]
    pub fn opaque(&self) -> Option<Cow<'_, [u8]>> {
        let token = match (self.form, self.serializer) {
            (Form::Opaque, Serializer::Json) => first_token::<JsonReader<'_>>(&self.bytes),
            (Form::Opaque, Serializer::MsgPack) => first_token::<MsgPackReader<'_>>(&self.bytes),
            (Form::Opaque, Serializer::Cbor) => first_token::<CborReader<'_>>(&self.bytes),
            _ => return None,
        };
        match token.ok()? {
            Token::Bytes(bytes) => Some(bytes),
            Token::Str(Cow::Borrowed(text)) => Some(Cow::Borrowed(text.as_bytes())),
            Token::Str(Cow::Owned(text)) => Some(Cow::Owned(text.into_bytes())),
            _ => None,
        }
    }

    fn decode<'de, T: Deserialize<'de>>(
        &self,
        bytes: Option<&'de [u8]>,
        nothing: &'static [u8],
    ) -> Result<T, DecodeError> {
        match (bytes, self.serializer) {
            _ if self.is_opaque() => Err(DecodeError::Opaque),
            (None, _) => decode::<JsonReader<'_>, T>(nothing),
            (Some(bytes), Serializer::Json) => decode::<JsonReader<'_>, T>(bytes),
            (Some(bytes), Serializer::MsgPack) => decode::<MsgPackReader<'_>, T>(bytes),
            (Some(bytes), Serializer::Cbor) => decode::<CborReader<'_>, T>(bytes),
        }
    }
}

fn decode<'de, R: Reader<'de>, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, DecodeError> {
    let mut decoder = Decoder::<R>::new(bytes)?;
    let value = T::deserialize(&mut decoder)?;
    decoder.end()?;
    Ok(value)
}

fn first_token<'a, R: Reader<'a>>(bytes: &'a [u8]) -> Result<Token<'a>, SyntaxError> {
    R::new(bytes)?.token()
}
