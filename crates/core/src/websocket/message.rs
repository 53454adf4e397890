//! Whole messages.

use alloc::string::String;
use core::fmt;

use bytes::Bytes;

use super::utf8;

/// Text or binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 6455 knows no third kind")]
pub enum MessageKind {
    /// UTF-8 text.
    Text,
    /// Any bytes.
    Binary,
}

/// A whole message.
///
/// The payload of a received message is a slice of the receive buffer and keeps that whole buffer alive: copy small
/// payloads out where you keep them for long.
///
/// ```
/// use wirebahn_core::websocket::Message;
///
/// let message = Message::text("Grüße");
/// assert_eq!(message.as_text(), Some("Grüße"));
/// assert_eq!(Message::binary(vec![1, 2, 3]).as_text(), None);
/// ```
#[derive(Clone)]
pub struct Message {
    kind: MessageKind,
    coding: Coding,
    payload: Bytes,
}

/// Whether a message goes through the extension that was negotiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Negotiated,
    Plain,
}

impl Message {
    /// A text message.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::from_parts(MessageKind::Text, Bytes::from(text.into()))
    }

    /// A binary message.
    #[must_use]
    pub fn binary(payload: impl Into<Bytes>) -> Self {
        Self::from_parts(MessageKind::Binary, payload.into())
    }

    /// A message of `kind` with a payload that is trusted to fit it, as received messages' are.
    ///
    /// Sending text that is not UTF-8 makes the peer fail the connection.
    #[must_use]
    pub const fn from_parts(kind: MessageKind, payload: Bytes) -> Self {
        Self { kind, coding: Coding::Negotiated, payload }
    }

    /// The message, to be sent as it is also where compression was negotiated: for what does not get shorter, such as
    /// images, and for secrets that must not stand beside what others can choose (see `docs/compression.md`).
    #[must_use]
    pub const fn uncompressed(mut self) -> Self {
        self.coding = Coding::Plain;
        self
    }

    pub(super) const fn coding(&self) -> Coding {
        self.coding
    }

    /// Text or binary.
    #[must_use]
    pub const fn kind(&self) -> MessageKind {
        self.kind
    }

    /// Whether this is a text message.
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.kind == MessageKind::Text
    }

    /// Whether this is a binary message.
    #[must_use]
    pub fn is_binary(&self) -> bool {
        self.kind == MessageKind::Binary
    }

    /// The payload as text: `None` for a binary message, and for text that was received without the UTF-8 check.
    ///
    /// Costs one pass over the text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if self.is_text() { utf8::to_str(&self.payload) } else { None }
    }

    /// The payload.
    #[must_use]
    pub const fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// The payload, by value.
    #[must_use]
    pub fn into_payload(self) -> Bytes {
        self.payload
    }

    /// The payload's length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.payload.len()
    }

    /// Whether the payload is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.payload.is_empty()
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<Bytes> for Message {
    fn from(payload: Bytes) -> Self {
        Self::binary(payload)
    }
}

/// Equal in kind and payload.
impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.payload == other.payload
    }
}

impl Eq for Message {}

/// Short enough for a log line: the start of a long payload stands for all of it.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 64;
        match self.as_text() {
            Some(text) if text.len() <= SHOWN => write!(f, "Text({text:?})"),
            Some(text) => {
                let cut = (0..=SHOWN).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
                write!(f, "Text({:?}…, {} bytes)", text.get(..cut).unwrap_or_default(), text.len())
            }
            None => {
                let shown = self.payload.slice(..self.len().min(SHOWN));
                write!(f, "{:?}({shown:?}, {} bytes)", self.kind, self.len())
            }
        }
    }
}
