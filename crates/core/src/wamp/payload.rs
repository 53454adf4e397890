//! Arguments and keyword arguments, as they came.

use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use super::MessageError;
use super::message::{Rest, Source};
use super::serializer::{Reader, Serializer, Token, Writer};

/// The arguments and keyword arguments of a message, in the bytes of a serializer.
///
/// A payload that was received is a slice of its message: nothing has decoded it, and passing it on to a peer with the
/// same serializer copies its bytes. It has been checked on the way in, so decoding it into values, or transcoding it for
/// another serializer, always succeeds.
///
/// It is cheap to clone, and keeps the receive buffer in memory as long as it is kept: [`detach`](Self::detach) payloads
/// that are kept for long.
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
        /// Where the keyword arguments begin.
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
        if form == Form::Args && reader.more(&mut rest.items)? {
            let kwargs_at = reader.position() - start;
            let Token::Dict(items) = reader.token()? else { return Err(rest.expected("a dict")) };
            reader.skip_items(items)?;
            rest.index += 1;
            end = reader.position();
            form = Form::ArgsAndKwargs { kwargs_at };
        }
        Ok(Self { serializer: R::SERIALIZER, form, bytes: source.message.slice(start..end) })
    }

    /// Writes the elements of a message that it is.
    pub(crate) fn write<W: Writer>(&self, out: &mut W) {
        if !self.is_empty() {
            out.raw(&self.bytes);
        }
    }
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
