//! What is wrong with received bytes.

use core::fmt;

use super::MAX_DEPTH;

/// Bytes that are not what their serializer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SyntaxError {
    /// What is wrong.
    pub kind: SyntaxErrorKind,
    /// Where, in bytes from the beginning of the message or payload.
    pub at: usize,
}

/// What is wrong with received bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SyntaxErrorKind {
    /// The bytes end within a value.
    UnexpectedEnd,
    /// A byte that cannot be here.
    UnexpectedByte(u8),
    /// Bytes behind the end.
    TrailingBytes,
    /// A string that is not UTF-8, or in JSON half of a surrogate pair.
    NotUtf8,
    /// A key of a dict that is not a string.
    KeyNotString,
    /// Lists and dicts nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// An extension type of MessagePack: WAMP has nothing like it, and no other serializer could carry it.
    ExtensionType,
}

impl fmt::Display for SyntaxErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnexpectedEnd => f.write_str("the end within a value"),
            Self::UnexpectedByte(byte) => write!(f, "a byte {byte:#04x} that cannot stand there"),
            Self::TrailingBytes => f.write_str("bytes behind the end"),
            Self::NotUtf8 => f.write_str("a string that is not UTF-8"),
            Self::KeyNotString => f.write_str("a key that is not a string"),
            Self::TooDeep => write!(f, "lists and dicts nested deeper than {MAX_DEPTH}"),
            Self::ExtensionType => f.write_str("an extension type, which WAMP does not have"),
        }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.kind, self.at)
    }
}

impl core::error::Error for SyntaxError {}
