//! From the table of messages to their types, and to the code that reads and writes them: the same for all serializers.

use super::element::{Element, Fault, Source};
use super::{ElementError, MessageError, MessageType};
use crate::wamp::payload::Payload;
use crate::wamp::serializer::{Items, Reader};

macro_rules! messages {
    ($(
        $(#[$doc:meta])*
        $code:literal $name:ident = $upper:literal {
            $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
        }
        $(+ payload($may_be_opaque:expr))?
        $(+ optional { $(#[$optional_doc:meta])* $optional:ident: $optional_type:ty })?
    )*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq)]
            #[expect(clippy::exhaustive_structs, reason = "the protocol has these elements and no others")]
            pub struct $name {
                $($(#[$field_doc])* pub $field: $type,)*
                $(
                    #[doc = concat!("Arguments and keyword arguments.", messages!(@nothing $may_be_opaque))]
                    pub payload: $crate::wamp::Payload,
                )?
                $($(#[$optional_doc])* pub $optional: $optional_type,)?
            }

            impl From<$name> for Message {
                fn from(message: $name) -> Self {
                    Self::$name(message)
                }
            }

            impl $name {
                fn read<'a, R: $crate::wamp::serializer::Reader<'a>>(
                    source: &mut $crate::wamp::message::Source<'a, R>,
                    rest: &mut $crate::wamp::message::Rest,
                ) -> core::result::Result<Self, $crate::wamp::MessageError> {
                    $(let $field = rest.element(source)?;)*
                    #[allow(unused_mut, reason = "messages with neither payload nor optional element are complete")]
                    let mut message = Self {
                        $($field,)*
                        $(payload: messages!(@empty $may_be_opaque),)?
                        $($optional: <$optional_type>::default(),)?
                    };
                    $(
                        let may_be_opaque: fn(&Self) -> bool = $may_be_opaque;
                        message.payload = rest.payload(source, may_be_opaque(&message))?;
                    )?
                    $(message.$optional = rest.optional(source)?;)?
                    Ok(message)
                }

                fn write<W: $crate::wamp::serializer::Writer>(&self, out: &mut W) {
                    use $crate::wamp::message::Element as _;
                    let len = 1 $(+ messages!(@one $field))*
                        $(+ { let _ = messages!(@one $may_be_opaque); self.payload.element_count() })?
                        $(+ usize::from(self.$optional != <$optional_type>::default()))?;
                    out.list(len);
                    out.unsigned($code);
                    $(self.$field.write(out);)*
                    $({ let _ = messages!(@one $may_be_opaque); self.payload.write(out); })?
                    $(if self.$optional != <$optional_type>::default() {
                        self.$optional.write(out);
                    })?
                    out.list_end();
                }
            }
        )*

        /// Any message.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Message { $($(#[$doc])* $name($name),)* }

        impl Message {
            /// The type of the message.
            #[must_use]
            pub const fn message_type(&self) -> MessageType {
                match self { $(Self::$name(_) => MessageType::$name,)* }
            }

            /// Reads what follows the code.
            pub(crate) fn read<'a, R: $crate::wamp::serializer::Reader<'a>>(
                source: &mut $crate::wamp::message::Source<'a, R>,
                message_type: MessageType,
                rest: &mut $crate::wamp::message::Rest,
            ) -> core::result::Result<Self, $crate::wamp::MessageError> {
                match message_type { $(MessageType::$name => $name::read(source, rest).map(Self::$name),)* }
            }

            pub(crate) fn write<W: $crate::wamp::serializer::Writer>(&self, out: &mut W) {
                match self { $(Self::$name(message) => message.write(out),)* }
            }
        }

        /// The type of a message.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum MessageType { $($(#[$doc])* $name,)* }

        impl MessageType {
            /// All types, in the order of their codes.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The code: the first element of a message.
            #[must_use]
            pub const fn code(self) -> u64 {
                match self { $(Self::$name => $code,)* }
            }

            /// The type with this code.
            #[must_use]
            pub const fn from_code(code: u64) -> Option<Self> {
                match code {
                    $($code => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// The name, as in the specification.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $upper,)* }
            }
        }

        impl core::fmt::Display for MessageType {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
    // What is repeated has to name a fragment that is; these name it and make nothing of it.
    (@one $anything:tt) => { 1 };
    (@one $anything:expr) => { 1 };
    (@nothing $anything:expr) => { "" };
    (@empty $anything:expr) => { $crate::wamp::Payload::empty() };
}
pub(crate) use messages;

/// What is left of a message that is being read.
pub(crate) struct Rest {
    pub(crate) message: MessageType,
    pub(crate) items: Items,
    /// The number of the next element.
    pub(crate) index: usize,
}

impl Rest {
    pub(crate) fn element<'a, R: Reader<'a>, T: Element>(
        &mut self,
        source: &mut Source<'a, R>,
    ) -> Result<T, MessageError> {
        if !source.reader.more(&mut self.items)? {
            return Err(MessageError::ElementsMissing { message: self.message, len: self.index });
        }
        let element = T::read(source).map_err(|fault| self.error(fault))?;
        self.index += 1;
        Ok(element)
    }

    pub(crate) fn optional<'a, R: Reader<'a>, T: Element + Default>(
        &mut self,
        source: &mut Source<'a, R>,
    ) -> Result<T, MessageError> {
        if !source.reader.more(&mut self.items)? {
            return Ok(T::default());
        }
        let element = T::read(source).map_err(|fault| self.error(fault))?;
        self.index += 1;
        Ok(element)
    }

    pub(crate) fn payload<'a, R: Reader<'a>>(
        &mut self,
        source: &mut Source<'a, R>,
        may_be_opaque: bool,
    ) -> Result<Payload, MessageError> {
        Payload::read(source, self, may_be_opaque)
    }

    /// Checks that no element is left.
    pub(crate) fn end<'a, R: Reader<'a>>(&mut self, reader: &mut R) -> Result<(), MessageError> {
        // A list that was left already has no further items to ask for.
        if !self.items.is_left && reader.more(&mut self.items)? {
            return Err(MessageError::ElementsLeft { message: self.message, max: self.index });
        }
        Ok(())
    }

    pub(crate) const fn error(&self, fault: Fault) -> MessageError {
        let (message, index) = (self.message, self.index);
        match fault {
            Fault::Syntax(error) => MessageError::Syntax(error),
            Fault::Element(error) => MessageError::Element { message, index, error },
            Fault::Key(key, error) => MessageError::Key { message, key, error },
        }
    }

    pub(crate) const fn expected(&self, what: &'static str) -> MessageError {
        self.error(Fault::Element(ElementError::Expected(what)))
    }
}
