//! Arguments and keyword arguments, as they came.

mod decode;
mod encode;

use core::fmt;

use bytes::{Bytes, BytesMut};

use super::message::{MessageError, Rest, Source};
use super::serializer::{
    CborReader, CborWriter, JsonReader, JsonWriter, MsgPackReader, MsgPackWriter, Reader, Serializer, Token,
    Writer, transcode,
};

/// The arguments and keyword arguments of a message, in the bytes of a serializer.
///
/// A payload that was received is a slice of its message: nothing has decoded it, and passing it on to a peer with the
/// same serializer copies its bytes. It has been checked on the way in, so decoding it into values, or transcoding it for
/// another serializer, always succeeds.
///
/// It is cheap to clone, and keeps the receive buffer in memory as long as it is kept: [`detach`](Self::detach) payloads
/// that are kept for long.
///
/// ```
/// use wirebahn_core::wamp::{Payload, Serializer};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let payload = Payload::encode(Serializer::MsgPack, &("Joe", 30), &())?;
/// let (name, age): (String, u32) = payload.args()?;
/// assert_eq!((name.as_str(), age), ("Joe", 30));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Payload {
    serializer: Serializer,
    form: Form,
    /// Arguments and, behind them, keyword arguments: in JSON with the comma between them.
    bytes: Bytes,
}

/// What there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Nothing,
    Args,
    ArgsAndKwargs {
        /// Where the arguments end.
        args_end: usize,
        /// Where the keyword arguments begin; in JSON, there is a comma between.
        kwargs_at: usize,
    },
    /// One string or binary in the place of the arguments.
    Opaque,
}

impl Payload {
    /// Neither arguments nor keyword arguments.
    #[must_use]
    pub const fn empty() -> Self {
        Self { serializer: Serializer::Json, form: Form::Nothing, bytes: Bytes::new() }
    }

    /// Whether there are neither arguments nor keyword arguments.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        matches!(self.form, Form::Nothing)
    }

    /// Whether it is one string or binary instead of arguments, as it may be with
    /// [`enc_algo`](super::PayloadPassthru::enc_algo).
    #[must_use]
    pub const fn is_opaque(&self) -> bool {
        matches!(self.form, Form::Opaque)
    }

    /// The serializer whose bytes these are; of no meaning if the payload is empty.
    #[must_use]
    pub const fn serializer(&self) -> Serializer {
        self.serializer
    }

    /// How many bytes it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The arguments as they are in this serializer, if there are any.
    #[must_use]
    pub fn args_bytes(&self) -> Option<&[u8]> {
        match self.form {
            Form::Nothing | Form::Opaque => None,
            Form::Args => Some(&self.bytes),
            Form::ArgsAndKwargs { args_end, .. } => self.bytes.get(..args_end),
        }
    }

    /// The keyword arguments as they are in this serializer, if there are any.
    #[must_use]
    pub fn kwargs_bytes(&self) -> Option<&[u8]> {
        match self.form {
            Form::Nothing | Form::Opaque | Form::Args => None,
            Form::ArgsAndKwargs { kwargs_at, .. } => self.bytes.get(kwargs_at..),
        }
    }

    /// The same payload for another serializer: of no cost if it is the same.
    #[must_use]
    pub fn transcode(&self, serializer: Serializer) -> Self {
        if self.is_empty() || self.serializer == serializer {
            return self.clone();
        }
        // Rarely more: JSON has quotes, commas and long numbers.
        let mut out = BytesMut::with_capacity(self.bytes.len() + self.bytes.len() / 4);
        let form = match serializer {
            Serializer::Json => self.write_transcoded(&mut JsonWriter::new(&mut out)),
            Serializer::MsgPack => self.write_transcoded(&mut MsgPackWriter::new(&mut out)),
            Serializer::Cbor => self.write_transcoded(&mut CborWriter::new(&mut out)),
        };
        Self { serializer, form, bytes: out.freeze() }
    }

    /// A copy of its own, which keeps no receive buffer alive.
    #[must_use]
    pub fn detach(&self) -> Self {
        Self { bytes: Bytes::copy_from_slice(&self.bytes), ..*self }
    }

    /// How many elements of a message it is.
    pub(crate) const fn element_count(&self) -> usize {
        match self.form {
            Form::Nothing => 0,
            Form::Args | Form::Opaque => 1,
            Form::ArgsAndKwargs { .. } => 2,
        }
    }

    /// Finds the payload at the end of a message, checks it and leaves it as it is.
    pub(crate) fn read<'a, R: Reader<'a>>(
        source: &mut Source<'a, R>,
        rest: &mut Rest,
        may_be_opaque: bool,
    ) -> Result<Self, MessageError> {
        let reader = &mut source.reader;
        if !reader.more(&mut rest.items)? {
            return Ok(Self::empty());
        }
        let start = reader.position();
        let mut form = match reader.token()? {
            Token::List(items) => {
                reader.skip_items(items)?;
                Form::Args
            }
            Token::Str(_) | Token::Bytes(_) if may_be_opaque => Form::Opaque,
            _ => return Err(rest.expected("a list")),
        };
        rest.index += 1;
        let mut end = reader.position();
        let args_end = end - start;
        if form == Form::Args && reader.more(&mut rest.items)? {
            let kwargs_at = reader.position() - start;
            let Token::Dict(items) = reader.token()? else { return Err(rest.expected("a dict")) };
            reader.skip_items(items)?;
            rest.index += 1;
            end = reader.position();
            form = Form::ArgsAndKwargs { args_end, kwargs_at };
        }
        Ok(Self { serializer: R::SERIALIZER, form, bytes: source.message.slice(start..end) })
    }

    /// Writes the elements of a message that it is.
    pub(crate) fn write<W: Writer>(&self, out: &mut W) {
        match self.form {
            Form::Nothing => {}
            _ if self.serializer == W::SERIALIZER => out.raw(&self.bytes),
            _ => {
                self.write_transcoded(out);
            }
        }
    }

    /// Writes the elements of a message in another serializer, and returns their form, where the writer began with them.
    fn write_transcoded<W: Writer>(&self, out: &mut W) -> Form {
        let Some(kwargs) = self.kwargs_bytes() else {
            transcode_value(self.serializer, &self.bytes, out);
            return self.form;
        };
        transcode_value(self.serializer, self.args_bytes().unwrap_or_default(), out);
        let args_end = out.written().len();
        transcode_value(self.serializer, kwargs, out);
        let kwargs_at = args_end + W::SEPARATOR_LEN;
        Form::ArgsAndKwargs { args_end, kwargs_at }
    }
}

/// Writes a value of a payload in another serializer.
fn transcode_value<W: Writer>(from: Serializer, value: &[u8], out: &mut W) {
    let done = match from {
        Serializer::Json => transcode::<JsonReader<'_>, W>(value, out),
        Serializer::MsgPack => transcode::<MsgPackReader<'_>, W>(value, out),
        Serializer::Cbor => transcode::<CborReader<'_>, W>(value, out),
    };
    done.expect("a payload is checked when it is made");
}

impl Default for Payload {
    fn default() -> Self {
        Self::empty()
    }
}

/// Equal if the bytes are: the same values in different serializers, or spaced differently, are not.
impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        (self.is_empty() && other.is_empty())
            || (self.serializer == other.serializer && self.form == other.form && self.bytes == other.bytes)
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({}, {:?}, {:?})", self.serializer, self.form, self.bytes)
    }
}
