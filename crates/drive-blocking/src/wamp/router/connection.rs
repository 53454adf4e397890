use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wirebahn_core::wamp::Message;
use wirebahn_core::wamp::link::{ByteLink, LinkClose, LinkEvent, LinkSendError, MessageLink};
use wirebahn_core::{Engine, Transport};
use wirebahn_router::{Instead, Outgoing, SessionKey, SharedFrame, TransportInfo};

use super::handle::{Handle, Taken};
use crate::shared_socket::{LONGEST_READ, ReadHalf, SharedSocket, SocketState, Written};
use crate::socket::{Socket, now};
use crate::{Duplex, TryClone};

/// How many messages are handed to the router, or taken from it, under one lock: enough for one long write, few enough
/// that others get their turn.
const AT_ONCE: usize = 256;

/// Serves a client until its connection ends: this thread reads, another one writes. Ends the session once
/// `shutdown` is set.
pub(super) fn serve<L, S>(
    router: &Arc<Handle>,
    socket: Socket<MessageLink<L>, S>,
    transport: TransportInfo,
    shutdown: &Arc<AtomicBool>,
) -> io::Result<()>
where
    L: SharedFrame + Send + 'static,
    S: Duplex + TryClone + Send + 'static,
{
    let (socket, read_half) = SharedSocket::new(socket, ())?;
    let key = router.attach(transport);
    let connection = Arc::new(Connection { router: Arc::clone(router), key, socket });
    let writer = Arc::clone(&connection);
    let spawned = std::thread::Builder::new().name("wamp router".into()).spawn(move || writer.write());
    if let Err(error) = spawned {
        router.detach(key);
        return Err(error);
    }
    connection.read(read_half, shutdown);
    Ok(())
}

struct Connection<L: ByteLink, S> {
    router: Arc<Handle>,
    key: SessionKey,
    socket: SharedSocket<MessageLink<L>, (), S>,
}

/// What comes off the wire.
#[expect(clippy::large_enum_variant, reason = "nearly all are messages; a box would cost an allocation each")]
enum Received {
    Message(Message),
    Malformed(String),
}

impl<L: SharedFrame, S: Duplex> Connection<L, S> {
    fn read(&self, mut read_half: ReadHalf<S>, shutdown: &AtomicBool) {
        let mut received = Vec::new();
        let mut is_dismissed = false;
        loop {
            let mut state = self.socket.lock();
            let is_over = loop {
                match state.poll_event() {
                    Some(LinkEvent::Message(message)) => received.push(Received::Message(message)),
                    Some(LinkEvent::Malformed(malformed)) => {
                        received.push(Received::Malformed(malformed.to_string()));
                    }
                    Some(_) => break true,
                    None => break state.engine.transport() == Transport::Close,
                }
                if received.len() >= AT_ONCE {
                    break false;
                }
            };
            drop(state);
            let has_read = !received.is_empty();
            if has_read {
                self.hand_over(&mut received, shutdown);
            }
            if is_over {
                break;
            }
            if !is_dismissed && shutdown.load(Ordering::Acquire) {
                is_dismissed = true;
                self.router.with(|router, now| router.dismiss(self.key, now));
            }
            if !has_read {
                read_half.turn(&self.socket, None);
            }
        }
        self.socket.end();
        self.router.detach(self.key);
    }

    /// Everything that came goes in under one lock. Then nothing more is read for as long as the router wants that.
    fn hand_over(&self, received: &mut Vec<Received>, shutdown: &AtomicBool) {
        self.router.with(|router, now| {
            for received in received.drain(..) {
                match received {
                    Received::Message(message) => router.handle_message(self.key, message, now),
                    Received::Malformed(what) => router.handle_malformed(self.key, what, now),
                }
            }
        });
        while self.router.is_held(self.key) {
            std::thread::park_timeout(LONGEST_READ);
            let state = self.socket.lock();
            let is_over = state.is_broken || state.engine.transport() == Transport::Close;
            if is_over || shutdown.load(Ordering::Acquire) {
                return;
            }
        }
    }

    fn write(&self) {
        let mut outgoing = VecDeque::new();
        loop {
            if self.router.take(self.key, &mut outgoing, AT_ONCE) == Taken::Some {
                self.send(&mut outgoing);
                continue;
            }
            // The router is told after this is set: whoever waits for it sees it, or is woken.
            if self.socket.lock().has_ended {
                return self.router.forget(self.key);
            }
            std::thread::park();
        }
    }

    /// Sends everything, or closes the connection if the router says so.
    fn send(&self, outgoing: &mut VecDeque<Outgoing>) {
        while !outgoing.is_empty() {
            if !self.wait_until(outgoing, |state| state.engine.is_ready()) {
                return;
            }
            let mut unsendable = Vec::new();
            let mut state = self.socket.lock();
            while let Some(output) = outgoing.pop_front() {
                let sent = match &output {
                    Outgoing::Message(message) => state.engine.send(message),
                    Outgoing::Shared(event) => event.send_over(&mut state.engine),
                    Outgoing::Close(reason) => {
                        state.engine.close(reason.link_close(), now());
                        outgoing.clear();
                        break;
                    }
                    _ => Ok(()),
                };
                match sent {
                    Err(LinkSendError::NotReady) => {
                        outgoing.push_front(output);
                        break;
                    }
                    Err(LinkSendError::MessageTooLong { .. }) => {
                        self.router.note_unsendable();
                        match output.instead() {
                            Instead::Send(message) => outgoing.push_front(Outgoing::Message(message)),
                            Instead::Receive(message) => unsendable.push(*message),
                            Instead::Close(how) => {
                                outgoing.clear();
                                state.engine.close(how, now());
                            }
                            _ => {}
                        }
                    }
                    // A link that has ended will say so.
                    Ok(()) | Err(_) => {}
                }
            }
            drop(state);
            if !unsendable.is_empty() {
                self.router.with(|router, now| {
                    unsendable.into_iter().for_each(|error| router.handle_message(self.key, error, now));
                });
            }
        }
        self.wait_until(outgoing, |state| state.engine.outbox().is_empty());
    }

    /// Writes until `reached`; whether that was. It is not if the connection is ending, and if the router closes it: a
    /// client that does not read must not hold its connection.
    fn wait_until(
        &self,
        outgoing: &mut VecDeque<Outgoing>,
        reached: impl Fn(&mut SocketState<MessageLink<L>, ()>) -> bool,
    ) -> bool {
        loop {
            let mut state = self.socket.lock();
            let is_open = !matches!(state.engine.transport(), Transport::Finish | Transport::Close);
            if state.is_broken || state.has_ended || !is_open && state.engine.outbox().is_empty() {
                outgoing.clear();
                return false;
            }
            if reached(&mut state) {
                return true;
            }
            drop(state);
            if self.socket.write(Some(now())) == Written::Blocked && self.router.is_closing(self.key) {
                self.router.take(self.key, outgoing, usize::MAX);
                let reason = match outgoing.back() {
                    Some(Outgoing::Close(reason)) => reason.link_close(),
                    // That was taken before.
                    _ => LinkClose::Done,
                };
                self.socket.lock().engine.close(reason, now());
                outgoing.clear();
                return false;
            }
        }
    }
}
