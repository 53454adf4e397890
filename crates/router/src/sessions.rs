//! All connections, and what is put into their queues.

use std::collections::VecDeque;
use std::sync::Arc;

use slab::Slab;
use wirebahn_core::wamp::Message;

use crate::queue::Entry;
use crate::session::{Member, Session, SessionKey, State, TransportInfo};
use crate::traffic::TrafficTable;
use crate::{CloseReason, Metrics, SharedEvent, SlowConsumers, weight};

/// All connections by their slots. Slots are dense and used again; keys are not.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    slab: Slab<Session>,
    next_serial: u64,
    /// Those whose drivers have to look.
    ready: VecDeque<SessionKey>,
    /// Those that have to be closed before anything else happens, and why.
    doomed: Vec<(SessionKey, CloseReason)>,
    /// Those that waited for slow sessions and need not any more.
    released: Vec<SessionKey>,
    /// Those whose events have begun to be dropped, or are no longer, and how many there were until then.
    dropping: Vec<(SessionKey, u64)>,
    /// Those that have begun to hold publishers back.
    holding: Vec<SessionKey>,
    pub(crate) metrics: Metrics,
    pub(crate) traffic: TrafficTable,
}

impl Sessions {
    pub(crate) fn attach(&mut self, transport: TransportInfo) -> SessionKey {
        let serial = self.next_serial;
        self.next_serial += 1;
        SessionKey { slot: self.slab.insert(Session::new(serial, transport)), serial }
    }

    pub(crate) fn remove(&mut self, slot: usize) {
        self.slab.try_remove(slot);
    }

    pub(crate) fn slot(&self, key: SessionKey) -> Option<usize> {
        let session = self.slab.get(key.slot)?;
        (session.serial == key.serial).then_some(key.slot)
    }

    pub(crate) fn get(&self, slot: usize) -> Option<&Session> {
        self.slab.get(slot)
    }

    pub(crate) fn get_mut(&mut self, slot: usize) -> Option<&mut Session> {
        self.slab.get_mut(slot)
    }

    pub(crate) fn member(&self, slot: usize) -> Option<&Member> {
        self.slab.get(slot)?.member.as_ref()
    }

    pub(crate) fn member_mut(&mut self, slot: usize) -> Option<&mut Member> {
        self.slab.get_mut(slot)?.member.as_mut()
    }

    pub(crate) fn key(&self, slot: usize) -> Option<SessionKey> {
        self.slab.get(slot).map(|session| SessionKey { slot, serial: session.serial })
    }

    pub(crate) fn len(&self) -> usize {
        self.slab.len()
    }

    pub(crate) fn slots(&self) -> Vec<usize> {
        self.slab.iter().map(|(slot, _)| slot).collect()
    }

    /// Queues an answer, or whatever else must not be lost. A session that lets its queue grow beyond twice its limits is
    /// disconnected: it asks without reading.
    pub(crate) fn push(&mut self, slot: usize, message: impl Into<Message>) {
        let message = Box::new(message.into());
        let Some(session) = self.slab.get_mut(slot) else { return };
        let weight = weight::of_message(&message);
        if session.state == State::Closed || session.is_doomed {
            self.metrics.messages_lost += 1;
            return;
        }
        if session.queue.has_room(weight, session.limits, 2) {
            if let Some(member) = &session.member {
                self.traffic.sent(member.realm, message.message_type(), 1);
            }
            session.queue.push_message(message, weight);
            self.metrics.messages_queued += 1;
            if session.queue.len() == 1 {
                self.make_ready(slot);
            }
        } else {
            self.metrics.messages_lost += 1;
            self.doom(slot, CloseReason::TooSlow);
        }
    }

    /// Queues the last message of a session, whatever is in its queue.
    pub(crate) fn push_last(&mut self, slot: usize, message: impl Into<Message>) {
        let Some(session) = self.slab.get_mut(slot) else { return };
        let message = Box::new(message.into());
        let weight = weight::of_message(&message);
        session.queue.push_message(message, weight);
        self.metrics.messages_queued += 1;
        self.make_ready(slot);
    }

    /// Whether a message of this weight fits into the queue, as an invocation must, which can be refused.
    pub(crate) fn has_room(&self, slot: usize, weight: usize) -> bool {
        self.slab.get(slot).is_some_and(|session| {
            session.state != State::Closed
                && !session.is_doomed
                && session.queue.has_room(weight, session.limits, 1)
        })
    }

    /// Queues an event of this weight, or does what is to be done if there is no room for it.
    pub(crate) fn push_event(
        &mut self,
        slot: usize,
        event: &Arc<SharedEvent>,
        weight: usize,
        publisher: Option<usize>,
    ) {
        let Some(session) = self.slab.get_mut(slot) else { return };
        if session.state == State::Closed || session.is_doomed {
            self.metrics.events_lost += 1;
            return;
        }
        if !session.queue.has_room(weight, session.limits, 1) {
            return self.push_to_slow(slot, event, weight, publisher);
        }
        session.queue.push_event(Arc::clone(event), weight);
        self.metrics.events_queued += 1;
        if session.queue.len() == 1 {
            self.make_ready(slot);
        }
    }

    /// Queues an event that was kept, if there is room for it. All of them come at once, so that a session for which there
    /// is none need not be slow.
    pub(crate) fn push_retained(&mut self, slot: usize, event: &Arc<SharedEvent>, weight: usize) {
        let is_open = |session: &Session| session.state != State::Closed && !session.is_doomed;
        if self.slab.get(slot).is_some_and(is_open) && !self.has_room(slot, weight) {
            self.note_drop(slot, 1);
        } else {
            self.push_event(slot, event, weight, None);
        }
    }

    fn push_to_slow(
        &mut self,
        slot: usize,
        event: &Arc<SharedEvent>,
        weight: usize,
        publisher: Option<usize>,
    ) {
        let Some(session) = self.slab.get_mut(slot) else { return };
        let key = SessionKey { slot, serial: session.serial };
        match session.slow {
            SlowConsumers::Disconnect => {
                self.metrics.events_lost += 1;
                self.doom(slot, CloseReason::TooSlow);
            }
            SlowConsumers::DropNewest => self.note_drop(slot, 1),
            SlowConsumers::DropOldest => {
                let mut dropped = 0;
                while !session.queue.has_room(weight, session.limits, 1) && session.queue.drop_oldest_event()
                {
                    dropped += 1;
                }
                if session.queue.has_room(weight, session.limits, 1) {
                    session.queue.push_event(Arc::clone(event), weight);
                    self.metrics.events_queued += 1;
                } else {
                    dropped += 1;
                }
                self.note_drop(slot, dropped);
            }
            SlowConsumers::HoldPublishers { .. } => {
                if !session.queue.has_room(weight, session.limits, 2) {
                    self.metrics.events_lost += 1;
                    return self.doom(slot, CloseReason::TooSlow);
                }
                session.queue.push_event(Arc::clone(event), weight);
                self.metrics.events_queued += 1;
                // A session that is slow with its own events cannot be helped by waiting for itself.
                if let Some(publisher) = publisher.filter(|&publisher| publisher != slot) {
                    self.hold(slot, key, publisher);
                }
            }
        }
    }

    fn note_drop(&mut self, slot: usize, dropped: u64) {
        self.metrics.events_dropped += dropped;
        if let Some(session) = self.slab.get_mut(slot) {
            if session.dropped == 0 {
                self.dropping.push((SessionKey { slot, serial: session.serial }, dropped));
            }
            session.dropped += dropped;
        }
    }

    /// Makes `publisher` wait until the queue in `slot` is half empty.
    fn hold(&mut self, slot: usize, key: SessionKey, publisher: usize) {
        let Some(publisher_key) = self.key(publisher) else { return };
        let Some(session) = self.slab.get_mut(slot) else { return };
        if session.holds.contains(&publisher_key) {
            return;
        }
        if session.holds.is_empty() {
            self.holding.push(key);
        }
        session.holds.push(publisher_key);
        if let Some(publisher) = self.slab.get_mut(publisher) {
            publisher.held_by.push(key);
        }
    }

    /// Lets those publish on that wait for this session.
    pub(crate) fn release(&mut self, slot: usize) {
        let Some(session) = self.slab.get_mut(slot) else { return };
        let (own, holds) = (SessionKey { slot, serial: session.serial }, std::mem::take(&mut session.holds));
        for key in holds {
            let Some(publisher) = self.slot(key).and_then(|slot| self.slab.get_mut(slot)) else { continue };
            publisher.held_by.retain(|&slow| slow != own);
            if publisher.held_by.is_empty() {
                self.released.push(key);
            }
        }
    }

    /// The session waits for no other any more: it leaves, and its connection may have another one.
    pub(crate) fn stop_waiting(&mut self, slot: usize) {
        let Some(session) = self.slab.get_mut(slot) else { return };
        let (own, held_by) =
            (SessionKey { slot, serial: session.serial }, std::mem::take(&mut session.held_by));
        for slow in held_by {
            if let Some(slow) = self.slot(slow).and_then(|slot| self.slab.get_mut(slot)) {
                slow.holds.retain(|&publisher| publisher != own);
            }
        }
    }

    /// Takes the next entry of the queue, and notes what there is room for now.
    pub(crate) fn pop(&mut self, slot: usize) -> Option<Entry> {
        let session = self.slab.get_mut(slot)?;
        let entry = session.queue.pop()?;
        if (session.dropped > 0 || !session.holds.is_empty()) && session.queue.is_low(session.limits) {
            if session.dropped > 0 {
                let dropped = std::mem::take(&mut session.dropped);
                self.dropping.push((SessionKey { slot, serial: session.serial }, dropped));
            }
            self.release(slot);
        }
        Some(entry)
    }

    /// Has the session closed before anything else happens.
    pub(crate) fn doom(&mut self, slot: usize, reason: CloseReason) {
        if let Some(session) = self.slab.get_mut(slot)
            && !session.is_doomed
            && session.state != State::Closed
        {
            session.is_doomed = true;
            self.doomed.push((SessionKey { slot, serial: session.serial }, reason));
        }
    }

    /// Has the driver look at the session.
    pub(crate) fn make_ready(&mut self, slot: usize) {
        if let Some(session) = self.slab.get_mut(slot)
            && !session.is_ready
        {
            session.is_ready = true;
            self.ready.push_back(SessionKey { slot, serial: session.serial });
        }
    }

    pub(crate) fn next_ready(&mut self) -> Option<SessionKey> {
        while let Some(key) = self.ready.pop_front() {
            if let Some(session) = self.slot(key).and_then(|slot| self.slab.get_mut(slot)) {
                session.is_ready = false;
                return Some(key);
            }
        }
        None
    }

    /// Whether nothing is left to be done for other sessions than the one that was just served.
    pub(crate) const fn is_settled(&self) -> bool {
        self.doomed.is_empty()
            && self.dropping.is_empty()
            && self.holding.is_empty()
            && self.released.is_empty()
    }

    pub(crate) fn next_doomed(&mut self) -> Option<(usize, CloseReason)> {
        loop {
            let (key, reason) = self.doomed.pop()?;
            if let Some(slot) = self.slot(key) {
                return Some((slot, reason));
            }
        }
    }

    pub(crate) fn next_released(&mut self) -> Option<usize> {
        let key = self.released.pop()?;
        self.slot(key)
    }

    pub(crate) fn next_dropping(&mut self) -> Option<(SessionKey, u64)> {
        self.dropping.pop()
    }

    pub(crate) fn next_holding(&mut self) -> Option<SessionKey> {
        self.holding.pop()
    }
}
