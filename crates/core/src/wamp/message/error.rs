//! What is wrong with a received message.

use core::fmt;

use super::{MAX_LIST_LEN, MAX_VALUES, MessageType};
use crate::wamp::IdOutOfRange;
use crate::wamp::serializer::SyntaxError;

/// How a received message breaks the protocol. The session ends with ABORT and `wamp.error.protocol_violation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageError {
    /// The bytes are not what the serializer says.
    Syntax(SyntaxError),
    /// A message of 4 GiB or more.
    TooLong,
    /// A value that is no list.
    NotAList,
    /// A list of nothing.
    Empty,
    /// A list that does not begin with a whole number.
    CodeMissing,
    /// A message that does not exist.
    CodeUnknown(u64),
    /// A message with fewer elements than it must have.
    ElementsMissing {
        /// The message.
        message: MessageType,
        /// How many elements there are, the code included.
        len: usize,
    },
    /// A message with more elements than it can have.
    ElementsLeft {
        /// The message.
        message: MessageType,
        /// How many elements it can have, the code included.
        max: usize,
    },
    /// An element that is not what it must be.
    Element {
        /// The message.
        message: MessageType,
        /// Which element, the code being number 0.
        index: usize,
        /// What is wrong.
        error: ElementError,
    },
    /// A value in options or details that is not what it must be.
    Key {
        /// The message.
        message: MessageType,
        /// Which key.
        key: &'static str,
        /// What is wrong.
        error: ElementError,
    },
}

/// What is wrong with an element of a message, or the value of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ElementError {
    /// A value that is not of the type, or not one of the values, that the specification has.
    Expected(&'static str),
    /// A number that is no identifier.
    IdOutOfRange(IdOutOfRange),
    /// A key that is there twice.
    KeyRepeated,
    /// A list of more than [`MAX_LIST_LEN`] items.
    ListTooLong,
    /// More than [`MAX_VALUES`] values in options.
    TooManyValues,
}

impl fmt::Display for ElementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expected(what) => write!(f, "must be {what}"),
            Self::IdOutOfRange(error) => fmt::Display::fmt(error, f),
            Self::KeyRepeated => f.write_str("must not be there twice"),
            Self::ListTooLong => write!(f, "must not have more than {MAX_LIST_LEN} items"),
            Self::TooManyValues => write!(f, "must not have more than {MAX_VALUES} values"),
        }
    }
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(error) => fmt::Display::fmt(error, f),
            Self::TooLong => f.write_str("a message of 4 GiB or more"),
            Self::NotAList => f.write_str("a message must be a list"),
            Self::Empty => f.write_str("a message must not be an empty list"),
            Self::CodeMissing => f.write_str("a message must begin with a whole number, its type"),
            Self::CodeUnknown(code) => write!(f, "there is no message of type {code}"),
            Self::ElementsMissing { message, len } => {
                write!(f, "{message} must have more than {len} elements")
            }
            Self::ElementsLeft { message, max } => {
                write!(f, "{message} must not have more than {max} elements")
            }
            Self::Element { message, index, error } => write!(f, "element {index} of {message}: {error}"),
            Self::Key { message, key, error } => write!(f, "`{key}` in {message}: {error}"),
        }
    }
}

impl core::error::Error for MessageError {}

impl From<SyntaxError> for MessageError {
    fn from(error: SyntaxError) -> Self {
        Self::Syntax(error)
    }
}
