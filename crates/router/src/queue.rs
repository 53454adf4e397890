//! What waits for a session to read it.

use std::collections::VecDeque;
use std::sync::Arc;

use wirebahn_core::wamp::Message;

use crate::{QueueLimits, SharedEvent};

/// The messages to one session, in their order, with what they weigh.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    entries: VecDeque<Entry>,
    bytes: usize,
    events: usize,
}

#[derive(Debug)]
pub(crate) enum Entry {
    Message(Box<Message>),
    Event(Arc<SharedEvent>),
}

/// What a message weighs beside its payload: about what it takes in memory.
pub(crate) const MESSAGE_OVERHEAD: usize = 512;
/// What an event weighs beside its payload, which others may have to bear as well.
pub(crate) const EVENT_OVERHEAD: usize = 64;
/// Up to this many entries, the memory of an empty queue is kept for the next ones.
const KEPT_CAPACITY: usize = 64;

impl Queue {
    pub(crate) fn push_message(&mut self, message: Message) {
        self.push(Entry::Message(Box::new(message)));
    }

    pub(crate) fn push_event(&mut self, event: Arc<SharedEvent>) {
        self.events += 1;
        self.push(Entry::Event(event));
    }

    fn push(&mut self, entry: Entry) {
        self.bytes += entry.weight();
        self.entries.push_back(entry);
    }

    pub(crate) fn pop(&mut self) -> Option<Entry> {
        let entry = self.entries.pop_front()?;
        self.forget(&entry);
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
        let oldest = self.entries.iter().position(|entry| matches!(entry, Entry::Event(_)));
        let Some(entry) = oldest.and_then(|at| self.entries.remove(at)) else { return false };
        self.forget(&entry);
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

    fn forget(&mut self, entry: &Entry) {
        self.bytes = self.bytes.saturating_sub(entry.weight());
        self.events -= usize::from(matches!(entry, Entry::Event(_)));
    }
}

impl Entry {
    fn weight(&self) -> usize {
        match self {
            Self::Message(message) => weight(message),
            Self::Event(event) => EVENT_OVERHEAD + event.event().payload.len(),
        }
    }
}

/// What a message weighs in a queue.
pub(crate) fn weight(message: &Message) -> usize {
    let payload = match message {
        Message::Publish(publish) => publish.payload.len() + publish.topic.len(),
        Message::Call(call) => call.payload.len() + call.procedure.len(),
        Message::Invocation(invocation) => invocation.payload.len(),
        Message::Result(result) => result.payload.len(),
        Message::Error(error) => error.payload.len(),
        Message::Yield(result) => result.payload.len(),
        Message::Subscribe(subscribe) => subscribe.topic.len(),
        Message::Register(register) => register.procedure.len(),
        _ => 0,
    };
    MESSAGE_OVERHEAD + payload
}

#[cfg(test)]
mod tests {
    use wirebahn_core::wamp::message::{Event, Subscribed};
    use wirebahn_core::wamp::{EventDetails, Payload, PublicationId, RequestId, Serializer, SubscriptionId};

    use super::*;

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
        queue.push_message(message());
        queue.push_event(event(1));
        queue.push_event(event(2));
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
        queue.push_event(event(1));
        assert!(queue.has_room(24, limits, 1));
        assert!(!queue.has_room(25, limits, 1));
        assert!(queue.has_room(25, limits, 2));
    }
}
