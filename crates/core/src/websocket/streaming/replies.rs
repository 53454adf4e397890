use bytes::Bytes;

use super::send::Sender;
use crate::websocket::message::Coding;
use crate::websocket::{Message, MessageKind, SendError, utf8};

/// A received message where it lies: in the receive buffer if it is short, so that it costs no more than a look.
#[derive(Clone, Copy, Debug)]
pub struct MessageRef<'a> {
    kind: MessageKind,
    payload: &'a [u8],
    /// The payload as bytes that can be shared, if it is that already.
    shared: Option<&'a Bytes>,
}

impl<'a> MessageRef<'a> {
    #[inline]
    pub(super) const fn lent(kind: MessageKind, payload: &'a [u8]) -> Self {
        Self { kind, payload, shared: None }
    }

    /// Text or binary.
    #[must_use]
    pub const fn kind(&self) -> MessageKind {
        self.kind
    }

    /// The payload.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// The payload as text; `None` for a binary message, and for text that was received without the UTF-8 check. Costs
    /// one pass over the text.
    #[must_use]
    pub fn as_text(&self) -> Option<&'a str> {
        if self.kind == MessageKind::Text { utf8::to_str(self.payload) } else { None }
    }

    /// The message, to be kept: copied if it lies in the receive buffer.
    #[must_use]
    pub fn to_message(&self) -> Message {
        let payload = self.shared.cloned().unwrap_or_else(|| Bytes::copy_from_slice(self.payload));
        Message::from_parts(self.kind, payload)
    }
}

impl<'a> From<&'a Message> for MessageRef<'a> {
    fn from(message: &'a Message) -> Self {
        Self { kind: message.kind(), payload: message.payload(), shared: Some(message.payload()) }
    }
}

/// A way to answer a message that is still in the receive buffer.
#[derive(Debug)]
pub struct Replies<'a> {
    pub(super) sender: &'a mut Sender,
    pub(super) limit: u64,
    pub(super) is_open: bool,
}

impl Replies<'_> {
    /// Sends a message.
    ///
    /// # Errors
    ///
    /// The message is too long, another one is being sent in parts, or the connection is closing.
    pub fn send(&mut self, message: impl Into<Message>) -> Result<(), SendError> {
        let message = message.into();
        self.check_open()?;
        let (kind, coding) = (message.kind(), message.coding());
        self.sender.answer(kind, message.into_payload(), coding, self.limit)
    }

    /// Sends a message on: copied if it is short, shared otherwise.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    #[inline]
    pub fn forward(&mut self, message: MessageRef<'_>) -> Result<(), SendError> {
        self.check_open()?;
        match message.shared {
            Some(payload) => {
                self.sender.answer(message.kind, payload.clone(), Coding::Negotiated, self.limit)
            }
            None => self.sender.copied_answer(message.kind, message.payload, self.limit),
        }
    }

    #[inline]
    const fn check_open(&self) -> Result<(), SendError> {
        if self.is_open { Ok(()) } else { Err(SendError::Closed) }
    }
}
