//! What waits for a session to read it.

use std::collections::VecDeque;
use std::sync::Arc;

use wirebahn_core::wamp::Message;

use crate::{QueueLimits, SharedEvent};

/// The messages to one session, in their order, with what they weigh.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// With what each weighs.
    entries: VecDeque<(Entry, usize)>,
    bytes: usize,
    events: usize,
}

#[derive(Debug)]
pub(crate) enum Entry {
    Message(Box<Message>),
    Event(Arc<SharedEvent>),
}

/// Up to this many entries, the memory of an empty queue is kept for the next ones.
const KEPT_CAPACITY: usize = 64;

impl Queue {
    pub(crate) fn push_message(&mut self, message: Box<Message>, weight: usize) {
        self.push(Entry::Message(message), weight);
    }

    pub(crate) fn push_event(&mut self, event: Arc<SharedEvent>, weight: usize) {
        self.events += 1;
        self.push(Entry::Event(event), weight);
    }

    fn push(&mut self, entry: Entry, weight: usize) {
        self.bytes += weight;
        self.entries.push_back((entry, weight));
    }

    pub(crate) fn pop(&mut self) -> Option<Entry> {
        let (entry, weight) = self.entries.pop_front()?;
        self.forget(&entry, weight);
        if self.entries.is_empty() && self.entries.capacity() > KEPT_CAPACITY {
            self.entries = VecDeque::new();
        }
        Some(entry)
    }

    /// Takes the oldest event out, if there is one.
    pub(crate) fn drop_oldest_event(&mut self) -> bool {
        if self.events == 0 {
            return false;
        }
        let oldest = self.entries.iter().position(|(entry, _)| matches!(entry, Entry::Event(_)));
        let Some((entry, weight)) = oldest.and_then(|at| self.entries.remove(at)) else { return false };
        self.forget(&entry, weight);
        true
    }

    /// Takes everything out, and returns how many events and how many other messages that was.
    pub(crate) fn clear(&mut self) -> (usize, usize) {
        let cleared = (self.events, self.entries.len() - self.events);
        *self = Self::default();
        cleared
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether a message of this weight fits, with limits that are `times` as high. An empty queue takes anything.
    pub(crate) fn has_room(&self, weight: usize, limits: QueueLimits, times: usize) -> bool {
        self.entries.is_empty()
            || (self.entries.len() < limits.messages.saturating_mul(times)
                && self.bytes.saturating_add(weight) <= limits.bytes.saturating_mul(times))
    }

    /// Whether it is at most half full.
    pub(crate) fn is_low(&self, limits: QueueLimits) -> bool {
        self.entries.len() <= limits.messages / 2 && self.bytes <= limits.bytes / 2
    }

    fn forget(&mut self, entry: &Entry, weight: usize) {
        self.bytes -= weight;
        self.events -= usize::from(matches!(entry, Entry::Event(_)));
    }
}

#[cfg(test)]
mod tests {
    use wirebahn_core::wamp::message::{Event, Subscribed};
    use wirebahn_core::wamp::{EventDetails, Payload, PublicationId, RequestId, Serializer, SubscriptionId};

    use super::*;
    use crate::weight::{EVENT_OVERHEAD, MESSAGE_OVERHEAD};

    fn event(publication: u64) -> Arc<SharedEvent> {
        Arc::new(SharedEvent::new(Event {
            subscription: SubscriptionId::new(1).unwrap(),
            publication: PublicationId::new(publication).unwrap(),
            details: EventDetails::default(),
            payload: Payload::encode_args(Serializer::Json, &("12345678",)).unwrap(),
        }))
    }

    fn message() -> Message {
        Subscribed { request: RequestId::FIRST, subscription: SubscriptionId::new(1).unwrap() }.into()
    }

    #[test]
    fn what_was_taken_out_no_longer_weighs() {
        let mut queue = Queue::default();
        queue.push_message(Box::new(message()), MESSAGE_OVERHEAD);
        queue.push_event(event(1), EVENT_OVERHEAD + 12);
        queue.push_event(event(2), EVENT_OVERHEAD + 12);
        assert_eq!(queue.bytes, MESSAGE_OVERHEAD + 2 * (EVENT_OVERHEAD + 12));
        assert!(queue.drop_oldest_event());
        assert!(matches!(queue.pop(), Some(Entry::Message(_))));
        let Some(Entry::Event(left)) = queue.pop() else { panic!("an event is left") };
        assert_eq!(left.event().publication.get(), 2);
        assert_eq!((queue.bytes, queue.len(), queue.drop_oldest_event()), (0, 0, false));
    }

    #[test]
    fn an_empty_queue_takes_a_message_of_any_size() {
        let limits = QueueLimits { messages: 2, bytes: 100 };
        let mut queue = Queue::default();
        assert!(queue.has_room(1 << 30, limits, 1));
        queue.push_event(event(1), EVENT_OVERHEAD + 12);
        assert!(queue.has_room(24, limits, 1));
        assert!(!queue.has_room(25, limits, 1));
        assert!(queue.has_room(25, limits, 2));
    }
}
