//! What messages and options are made of, and how each kind of element is read and written.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;

use super::{ElementError, RequestType};
use crate::wamp::serializer::{Reader, SyntaxError, Token, Writer};
use crate::wamp::{
    Dict, IdOutOfRange, PublicationId, RegistrationId, RequestId, SessionId, SubscriptionId, Text, Uri,
};

/// How many items a list in options may have, such as the session ids of `eligible`: far more than is sensible, and
/// few enough that a short message cannot become much memory.
pub const MAX_LIST_LEN: usize = 1 << 16;

/// A message that is being read.
pub(crate) struct Source<'a, R> {
    pub(crate) reader: R,
    pub(crate) message: &'a Bytes,
    /// How many values of unknown type may still come.
    pub(crate) values_left: usize,
}

/// An element of a message, or the value of a key.
pub(crate) trait Element: Sized {
    fn read<'a, R: Reader<'a>>(source: &mut Source<'a, R>) -> Result<Self, Fault>;
    fn write<W: Writer>(&self, out: &mut W);
}

/// Why an element could not be read; which message it is in is added later.
pub(crate) enum Fault {
    Syntax(SyntaxError),
    Element(ElementError),
    Key(&'static str, ElementError),
}

impl Fault {
    pub(crate) const fn expected(what: &'static str) -> Self {
        Self::Element(ElementError::Expected(what))
    }

    /// What is wrong with the bytes, if that is what is wrong.
    pub(crate) const fn into_syntax(self) -> Option<SyntaxError> {
        match self {
            Self::Syntax(error) => Some(error),
            _ => None,
        }
    }

    /// The fault is in the value of this key.
    pub(crate) const fn in_key(self, key: &'static str) -> Self {
        match self {
            Self::Element(error) => Self::Key(key, error),
            other => other,
        }
    }
}

impl From<SyntaxError> for Fault {
    fn from(error: SyntaxError) -> Self {
        Self::Syntax(error)
    }
}

impl From<IdOutOfRange> for Fault {
    fn from(error: IdOutOfRange) -> Self {
        Self::Element(ElementError::IdOutOfRange(error))
    }
}

impl<'a, R: Reader<'a>> Source<'a, R> {
    pub(crate) fn unsigned(&mut self) -> Result<u64, Fault> {
        match self.reader.token()? {
            Token::Unsigned(value) => Ok(value),
            Token::Float(value) if R::HAS_ONE_NUMBER_TYPE && value >= 0.0 && value as u64 as f64 == value => {
                Ok(value as u64)
            }
            _ => Err(Fault::expected("a whole number, not negative")),
        }
    }

    pub(crate) fn str(&mut self) -> Result<Cow<'a, str>, Fault> {
        match self.reader.text_token()? {
            Token::Str(text) => Ok(text),
            _ => Err(Fault::expected("a string")),
        }
    }

    /// The string as a slice of the message, unless it had to be unescaped.
    pub(crate) fn text(&self, text: Cow<'a, str>) -> Text {
        match text {
            Cow::Owned(text) => Text::from(text),
            Cow::Borrowed(text) => {
                Text::from_utf8(self.message.slice_ref(text.as_bytes())).unwrap_or_else(|| Text::from(text))
            }
        }
    }
}

impl Element for bool {
    fn read<'a, R: Reader<'a>>(source: &mut Source<'a, R>) -> Result<Self, Fault> {
        match source.reader.token()? {
            Token::Bool(value) => Ok(value),
            _ => Err(Fault::expected("a bool")),
        }
    }

    fn write<W: Writer>(&self, out: &mut W) {
        out.bool(*self);
    }
}

impl Element for u64 {
    fn read<'a, R: Reader<'a>>(source: &mut Source<'a, R>) -> Result<Self, Fault> {
        source.unsigned()
    }

    fn write<W: Writer>(&self, out: &mut W) {
        out.unsigned(*self);
    }
}

impl Element for Text {
    fn read<'a, R: Reader<'a>>(source: &mut Source<'a, R>) -> Result<Self, Fault> {
        let text = source.str()?;
        Ok(source.text(text))
    }

    fn write<W: Writer>(&self, out: &mut W) {
        out.str(self);
    }
}

impl Element for Uri {
    fn read<'a, R: Reader<'a>>(source: &mut Source<'a, R>) -> Result<Self, Fault> {
        Text::read(source).map(Self::from)
    }

    fn write<W: Writer>(&self, out: &mut W) {
        out.str(self);
    }
}

macro_rules! ids {
    ($($id:ty),*) => { $(
        impl Element for $id {
            fn read<'a, R: Reader<'a>>(source: &mut Source<'a, R>) -> Result<Self, Fault> {
                Ok(Self::new(source.unsigned()?)?)
            }

            fn write<W: Writer>(&self, out: &mut W) {
                out.unsigned(self.get());
            }
        }
    )* };
}

ids!(SessionId, PublicationId, SubscriptionId, RegistrationId, RequestId);

/// The request that UNSUBSCRIBED and UNREGISTERED answer: 0 means none, the router takes back of its own accord.
impl Element for Option<RequestId> {
    fn read<'a, R: Reader<'a>>(source: &mut Source<'a, R>) -> Result<Self, Fault> {
        match source.unsigned()? {
            0 => Ok(None),
            id => Ok(Some(RequestId::new(id)?)),
        }
    }

    fn write<W: Writer>(&self, out: &mut W) {
        out.unsigned(self.map_or(0, RequestId::get));
    }
}

/// Null is the same as a key that is not there, and the realm of a HELLO that leaves the choice to the router.
macro_rules! optional {
    ($($element:ty),*) => { $(
        impl Element for Option<$element> {
            fn read<'a, R: Reader<'a>>(source: &mut Source<'a, R>) -> Result<Self, Fault> {
                if source.reader.null() { Ok(None) } else { <$element>::read(source).map(Some) }
            }

            fn write<W: Writer>(&self, out: &mut W) {
                match self {
                    Some(value) => value.write(out),
                    None => out.null(),
                }
            }
        }
    )* };
}
pub(crate) use optional;

optional!(bool, u64, Text, Uri, Dict, SessionId, SubscriptionId, RegistrationId, Vec<Text>, Vec<SessionId>);

impl<T: Element> Element for Vec<T> {
    fn read<'a, R: Reader<'a>>(source: &mut Source<'a, R>) -> Result<Self, Fault> {
        let Token::List(mut items) = source.reader.token()? else { return Err(Fault::expected("a list")) };
        let mut list = Self::new();
        while source.reader.more(&mut items)? {
            if list.len() == MAX_LIST_LEN {
                return Err(Fault::Element(ElementError::ListTooLong));
            }
            list.push(T::read(source)?);
        }
        Ok(list)
    }

    fn write<W: Writer>(&self, out: &mut W) {
        out.list(self.len());
        self.iter().for_each(|item| item.write(out));
        out.list_end();
    }
}

impl<T: Element> Element for Box<T> {
    fn read<'a, R: Reader<'a>>(source: &mut Source<'a, R>) -> Result<Self, Fault> {
        T::read(source).map(Self::new)
    }

    fn write<W: Writer>(&self, out: &mut W) {
        (**self).write(out);
    }
}

impl Element for RequestType {
    fn read<'a, R: Reader<'a>>(source: &mut Source<'a, R>) -> Result<Self, Fault> {
        Self::from_code(source.unsigned()?).ok_or(Fault::expected("the type of a request"))
    }

    fn write<W: Writer>(&self, out: &mut W) {
        out.unsigned(self.message_type().code());
    }
}

/// Strings of which only some are allowed.
macro_rules! names {
    ($($names:ty: $expected:literal [$($name:ident),*];)*) => { $(
        impl Element for $names {
            fn read<'a, R: Reader<'a>>(source: &mut Source<'a, R>) -> Result<Self, Fault> {
                let name = source.str()?;
                let found = [$(Self::$name),*].into_iter().find(|known| known.name() == name);
                found.ok_or(Fault::expected($expected))
            }

            fn write<W: Writer>(&self, out: &mut W) {
                out.str(self.name());
            }
        }

        optional!($names);
    )* };
}
pub(crate) use names;
