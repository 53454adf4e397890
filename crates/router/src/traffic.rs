//! How many messages of which type go through a realm.

use std::fmt;

use wirebahn_core::wamp::MessageType;

/// A place for each code from 0 to 70, and one for the only code beyond (337, `EVENT_RECEIVED`).
const PLACES: usize = 72;

/// Messages, counted by their types. The counters only grow.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MessageCounts([u64; PLACES]);

impl MessageCounts {
    /// How many there were of this type.
    #[must_use]
    pub fn get(&self, message_type: MessageType) -> u64 {
        self.0.get(place(message_type)).copied().unwrap_or_default()
    }

    /// All types, and how many there were of each.
    pub fn iter(&self) -> impl Iterator<Item = (MessageType, u64)> {
        MessageType::ALL.iter().map(|&message_type| (message_type, self.get(message_type)))
    }

    /// Counts those of somewhere else, too.
    pub fn add_all(&mut self, others: &Self) {
        for (count, other) in self.0.iter_mut().zip(&others.0) {
            *count = count.saturating_add(*other);
        }
    }

    fn add(&mut self, message_type: MessageType, count: u64) {
        if let Some(found) = self.0.get_mut(place(message_type)) {
            *found += count;
        }
    }
}

fn place(message_type: MessageType) -> usize {
    usize::try_from(message_type.code()).map_or(PLACES - 1, |code| code.min(PLACES - 1))
}

impl Default for MessageCounts {
    fn default() -> Self {
        Self([0; PLACES])
    }
}

impl fmt::Debug for MessageCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().filter(|(_, count)| *count > 0)).finish()
    }
}

/// The messages of the sessions of a realm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// Those that sessions have sent.
    pub received: MessageCounts,
    /// Those that were put into the queues of sessions.
    pub sent: MessageCounts,
}

/// The traffic of all realms, by their places.
#[derive(Debug, Default)]
pub(crate) struct TrafficTable {
    realms: Vec<Traffic>,
    /// Of realms that are gone.
    pub(crate) gone: Traffic,
}

impl TrafficTable {
    pub(crate) fn get(&self, realm: usize) -> Traffic {
        self.realms.get(realm).copied().unwrap_or_default()
    }

    pub(crate) fn received(&mut self, realm: usize, message_type: MessageType) {
        self.of(realm).received.add(message_type, 1);
    }

    pub(crate) fn sent(&mut self, realm: usize, message_type: MessageType, count: u64) {
        self.of(realm).sent.add(message_type, count);
    }

    /// A realm is gone: its place may be that of another.
    pub(crate) fn end(&mut self, realm: usize) {
        let traffic = std::mem::take(self.of(realm));
        self.gone.received.add_all(&traffic.received);
        self.gone.sent.add_all(&traffic.sent);
    }

    fn of(&mut self, realm: usize) -> &mut Traffic {
        if realm >= self.realms.len() {
            self.realms.resize(realm + 1, Traffic::default());
        }
        self.realms.get_mut(realm).expect("there are as many now")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_place_of_its_own() {
        let mut counts = MessageCounts::default();
        for (number, &message_type) in (1..).zip(MessageType::ALL) {
            counts.add(message_type, number);
        }
        let expected: Vec<u64> = (1..).take(MessageType::ALL.len()).collect();
        assert_eq!(counts.iter().map(|(_, count)| count).collect::<Vec<_>>(), expected);
    }
}
