//! Where a session's messages go.

mod link;

use std::task::{Context, Poll};

use wirebahn_core::wamp::Message;
use wirebahn_core::wamp::link::{LinkClose, LinkSendError, Malformed};

pub use link::LinkWire;

/// Carries the messages of one session: over a stream, or inside the process.
///
/// Driven by whoever polls [`poll_recv`](Self::poll_recv), which also sends what was queued.
pub trait Wire: Unpin {
    /// Takes what has come, some of it at least, and sends what waits.
    ///
    /// `Pending` means that nothing has come, and that the waker of `cx` will be woken when something does or when there
    /// is room again. Not called after [`WireEvent::Closed`].
    fn poll_recv(&mut self, cx: &mut Context<'_>, received: &mut Vec<WireEvent>) -> Poll<()>;

    /// Whether there is room to send.
    fn is_ready(&mut self) -> bool;

    /// Queues a message.
    ///
    /// # Errors
    ///
    /// It is too long, or there is no room, or the wire ends.
    fn send(&mut self, message: &Message) -> Result<(), LinkSendError>;

    /// Ends the wire in order; [`WireEvent::Closed`] follows.
    fn close(&mut self, reason: LinkClose);

    /// How long a message may be, in bytes.
    fn max_message_len(&self) -> u64;
}

/// What comes over a [`Wire`].
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "a driver must handle each one")]
#[expect(clippy::large_enum_variant, reason = "nearly all are messages; a box would cost an allocation each")]
pub enum WireEvent {
    /// A message.
    Message(Message),
    /// Something that is no message.
    Malformed(Malformed),
    /// The end.
    Closed,
}
