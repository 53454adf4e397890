//! What subscribers get.

use serde::Deserialize;
use wirebahn_core::wamp::{DecodeError, EventDetails, Payload, PublicationId, Uri, message};

/// How many events wait for a subscriber that does not take them, unless it says otherwise: a burst has room, and one that
/// has stopped taking them does not use up the memory.
pub const EVENT_CAPACITY: usize = 16_384;

/// An event of a topic.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// The number of the publication, the same for all subscribers.
    pub publication: PublicationId,
    /// Circumstances.
    pub details: EventDetails,
    /// Arguments.
    pub payload: Payload,
}

impl Event {
    /// The arguments, for example as a tuple.
    ///
    /// # Errors
    ///
    /// They are not of this type.
    pub fn args<'de, T: Deserialize<'de>>(&'de self) -> Result<T, DecodeError> {
        self.payload.args()
    }

    /// The keyword arguments, for example as a struct.
    ///
    /// # Errors
    ///
    /// They are not of this type.
    pub fn kwargs<'de, T: Deserialize<'de>>(&'de self) -> Result<T, DecodeError> {
        self.payload.kwargs()
    }

    /// The topic it was published to, if the router says so: it does for patterns.
    #[must_use]
    pub const fn topic(&self) -> Option<&Uri> {
        self.details.topic.as_ref()
    }
}

impl From<message::Event> for Event {
    fn from(event: message::Event) -> Self {
        Self { publication: event.publication, details: event.details, payload: event.payload }
    }
}

/// What happens to events for which there is no room, because the subscriber does not take them.
///
/// A session does not stop reading for it: the answer to a call that the subscriber waits for might be behind them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overflow {
    /// The oldest event makes room. It is counted by the subscription.
    #[default]
    DropOldest,
    /// The new event is dropped. It is counted by the subscription.
    DropNewest,
}
