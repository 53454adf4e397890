use core::fmt::Debug;

use bytes::Bytes;

use super::{LinkClose, LinkClosed, LinkSendError};
use crate::wamp::Serializer;
use crate::{Engine, Instant};

/// What [`MessageLink`](super::MessageLink) needs of a transport.
pub trait ByteLink: Engine {
    /// A message that is encoded and framed once and sent on many links. Cloning it shares the bytes.
    type Prepared: Clone + Debug + Send + Sync + 'static;

    /// Frames a message that is in the bytes of `serializer`; `None` if it is too long for any link of this kind.
    fn prepare(serializer: Serializer, message: &Bytes) -> Option<Self::Prepared>;

    /// The message without its frame.
    fn prepared_message(prepared: &Self::Prepared) -> Bytes;

    /// What an event of the transport is to a link.
    fn incoming(event: Self::Event) -> Incoming;

    /// Sends one frame.
    ///
    /// # Errors
    ///
    /// The message is longer than the peer accepts, the outbox is not ready, or the transport is closing.
    fn send(&mut self, serializer: Serializer, message: Bytes) -> Result<(), LinkSendError>;

    /// Sends a message that was framed before.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    fn send_prepared(&mut self, message: &Self::Prepared) -> Result<(), LinkSendError>;

    /// Whether anything can be sent.
    ///
    /// # Errors
    ///
    /// [`LinkSendError::Closed`].
    fn check_open(&self) -> Result<(), LinkSendError>;

    /// Ends the transport in order; without effect if it is ending already.
    fn close(&mut self, reason: LinkClose, now: Instant);

    /// Drops the transport at once.
    fn abort(&mut self);

    /// How long a sent message may be, in bytes.
    fn max_message_len(&self) -> u64;
}

/// What an event of a transport is to a link.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a link knows what to do with each; another one would be a new contract"
)]
pub enum Incoming {
    /// A frame with one message or a batch.
    Message {
        /// The bytes.
        payload: Bytes,
        /// Whether they came as text, where the transport makes a difference.
        is_text: Option<bool>,
    },
    /// Something that is the transport's own business.
    Nothing,
    /// The last event.
    Closed(LinkClosed),
}
