use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use wirebahn_core::wamp::link::LinkSendError;
use wirebahn_router::{Instead, Outgoing, SessionKey, SharedEvent, SharedFrame};

use super::RouterHandle;
use crate::wamp::{LinkWire, Wire, WireEvent};
use crate::{Io, Runtime};

/// How many outputs are taken under one lock: enough for one long write, few enough that others get their turn.
const OUTPUTS_AT_ONCE: usize = 256;

/// A wire that a router sends over.
pub trait RouterWire: Wire {
    /// Queues an event that others get as well.
    ///
    /// # Errors
    ///
    /// It is too long, or there is no room, or the wire ends.
    fn send_shared(&mut self, event: &SharedEvent) -> Result<(), LinkSendError>;

    /// Sends what waits, and takes nothing: for as long as the router holds the connection back. The waker of `cx` is
    /// woken when there is room again.
    fn poll_send(&mut self, cx: &mut Context<'_>);
}

impl<L: SharedFrame + Unpin, I: Io, R: Runtime> RouterWire for LinkWire<L, I, R> {
    fn send_shared(&mut self, event: &SharedEvent) -> Result<(), LinkSendError> {
        event.send_over(self.socket_mut().engine_mut())
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) {
        // An end that is found here is told by the next read.
        let _ = self.socket_mut().poll_flush(cx);
    }
}

/// A client's connection to a router; see [`RouterHandle::serve`].
#[must_use = "a connection does nothing unless it is polled"]
pub struct RouterConnection<W: RouterWire> {
    handle: RouterHandle,
    key: SessionKey,
    wire: W,
    received: Vec<WireEvent>,
    outgoing: VecDeque<Outgoing>,
    is_held: bool,
    /// The router has said all there is, and the wire is ending.
    is_closing: bool,
    is_closed: bool,
}

impl<W: RouterWire> RouterConnection<W> {
    pub(super) const fn new(handle: RouterHandle, key: SessionKey, wire: W) -> Self {
        Self {
            handle,
            key,
            wire,
            received: Vec::new(),
            outgoing: VecDeque::new(),
            is_held: false,
            is_closing: false,
            is_closed: false,
        }
    }

    /// Ends the session in order; the future of the connection ends when that is done.
    pub fn dismiss(&self) {
        self.handle.with(|router, now| router.dismiss(self.key, now));
    }

    /// Closes the wire if that is the last output and there is no room for those before it: a peer that does not read
    /// must not hold the connection. Says whether it was.
    fn close_without_room(&mut self) -> bool {
        let Some(Outgoing::Close(reason)) = self.outgoing.back() else { return false };
        if self.wire.is_ready() {
            return false;
        }
        let how = reason.link_close();
        self.is_closing = true;
        self.outgoing.clear();
        self.wire.close(how);
        true
    }

    /// Hands outputs to the wire while there is room; says whether there were any.
    fn send(&mut self) -> bool {
        let before = self.outgoing.len();
        while let Some(output) = self.outgoing.pop_front() {
            let sent = match &output {
                Outgoing::Message(message) => self.wire.send(message),
                Outgoing::Shared(event) => self.wire.send_shared(event),
                Outgoing::Close(reason) => {
                    self.is_closing = true;
                    self.outgoing.clear();
                    self.wire.close(reason.link_close());
                    return true;
                }
                _ => Ok(()),
            };
            match sent {
                Err(LinkSendError::NotReady) => {
                    self.outgoing.push_front(output);
                    break;
                }
                Err(LinkSendError::MessageTooLong { .. }) => self.handle_unsendable(&output),
                // A wire that has ended will say so.
                Ok(()) | Err(_) => {}
            }
        }
        self.outgoing.len() < before
    }

    #[cold]
    fn handle_unsendable(&mut self, output: &Outgoing) {
        self.handle.note_unsendable();
        match output.instead() {
            Instead::Send(message) => self.outgoing.push_front(Outgoing::Message(message)),
            Instead::Receive(message) => {
                let key = self.key;
                self.handle.with(|router, now| router.handle_message(key, *message, now));
            }
            Instead::Close(how) => {
                self.is_closing = true;
                self.outgoing.clear();
                self.wire.close(how);
            }
            _ => {}
        }
    }
}

impl<W: RouterWire> Future for RouterConnection<W> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        loop {
            let was_held = mem::replace(&mut this.is_held, false) && !this.is_closing;
            let has_read = if was_held {
                this.wire.poll_send(cx);
                false
            } else {
                this.wire.poll_recv(cx, &mut this.received).is_ready()
            };
            let room = if this.wire.is_ready() && !this.is_closing { OUTPUTS_AT_ONCE } else { 0 };
            let received = this.received.drain(..);
            let exchanged = this.handle.exchange(this.key, cx.waker(), received, &mut this.outgoing, room);
            this.is_held = exchanged.is_held;
            if exchanged.is_closed {
                this.is_closed = true;
                return Poll::Ready(());
            }
            let has_sent = this.close_without_room() || (this.wire.is_ready() && this.send());
            let is_released = was_held && !this.is_held;
            if !(has_read || has_sent || is_released) {
                return Poll::Pending;
            }
        }
    }
}

impl<W: RouterWire> Drop for RouterConnection<W> {
    fn drop(&mut self) {
        if !self.is_closed {
            self.handle.detach(self.key);
        }
    }
}

impl<W: RouterWire> fmt::Debug for RouterConnection<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouterConnection")
            .field("key", &self.key)
            .field("is_held", &self.is_held)
            .field("is_closing", &self.is_closing)
            .finish_non_exhaustive()
    }
}
