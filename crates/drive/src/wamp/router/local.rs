use std::collections::VecDeque;
use std::fmt;
use std::task::{Context, Poll};

use wirebahn_core::wamp::Message;
use wirebahn_core::wamp::link::{LinkClose, LinkSendError};
use wirebahn_router::{Outgoing, SessionKey};

use super::RouterHandle;
use crate::wamp::{Wire, WireEvent};

/// How many messages change hands at once, in either direction.
const MESSAGES_AT_ONCE: usize = 256;

/// The wire of a session in the process of its router: messages change hands as they are.
pub struct LocalWire {
    handle: RouterHandle,
    key: SessionKey,
    /// For the router.
    outgoing: Vec<WireEvent>,
    /// From the router.
    incoming: VecDeque<Outgoing>,
    is_held: bool,
    is_closed: bool,
}

impl LocalWire {
    pub(super) const fn new(handle: RouterHandle, key: SessionKey) -> Self {
        Self {
            handle,
            key,
            outgoing: Vec::new(),
            incoming: VecDeque::new(),
            is_held: false,
            is_closed: false,
        }
    }

    fn detach(&mut self) {
        if !self.is_closed {
            self.is_closed = true;
            self.handle.detach(self.key);
        }
    }
}

impl Wire for LocalWire {
    fn poll_recv(&mut self, cx: &mut Context<'_>, received: &mut Vec<WireEvent>) -> Poll<()> {
        if !self.is_closed {
            let outgoing = self.outgoing.drain(..);
            let incoming = &mut self.incoming;
            let exchanged = self.handle.exchange(self.key, cx.waker(), outgoing, incoming, MESSAGES_AT_ONCE);
            self.is_held = exchanged.is_held;
        }
        let may_be_more = self.incoming.len() == MESSAGES_AT_ONCE;
        for output in self.incoming.drain(..) {
            match output {
                Outgoing::Message(message) => received.push(WireEvent::Message(message)),
                Outgoing::Shared(event) => received.push(WireEvent::Message(event.message().clone())),
                _ => {
                    self.is_closed = true;
                    self.handle.detach(self.key);
                }
            }
        }
        if self.is_closed {
            received.push(WireEvent::Closed);
        } else if may_be_more {
            // Others get their turn before the rest comes.
            cx.waker().wake_by_ref();
        }
        if received.is_empty() { Poll::Pending } else { Poll::Ready(()) }
    }

    fn is_ready(&mut self) -> bool {
        !self.is_held && !self.is_closed && self.outgoing.len() < MESSAGES_AT_ONCE
    }

    fn send(&mut self, message: &Message) -> Result<(), LinkSendError> {
        if self.is_closed {
            return Err(LinkSendError::Closed);
        }
        if self.outgoing.len() >= MESSAGES_AT_ONCE {
            return Err(LinkSendError::NotReady);
        }
        self.outgoing.push(WireEvent::Message(message.clone()));
        Ok(())
    }

    fn close(&mut self, _reason: LinkClose) {
        let outgoing = std::mem::take(&mut self.outgoing);
        if !self.is_closed {
            let waker = std::task::Waker::noop();
            self.handle.exchange(self.key, waker, outgoing.into_iter(), &mut self.incoming, 0);
        }
        self.detach();
    }

    fn max_message_len(&self) -> u64 {
        u64::MAX
    }
}

impl Drop for LocalWire {
    fn drop(&mut self) {
        self.detach();
    }
}

impl fmt::Debug for LocalWire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalWire").field("key", &self.key).finish_non_exhaustive()
    }
}
