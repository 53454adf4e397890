//! Arbitrary operations on a client and a server, on virtual time, over pipes that may break.

mod endpoint;
mod model;
mod script;

use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use bytes::Bytes;
use wirebahn_core::websocket::{CloseCode, Fin, Message, PreparedMessage, Role, SendError};
use wirebahn_core::{Engine, Instant, Transport};
use wirebahn_testkit::{Fault, Pair, PipeOptions, Side, at};

use endpoint::Endpoint;
use model::{Heard, Said};
use script::{End, Layer, MAX_MESSAGE_LEN, Operation, Setup, Style, kind};

/// Operations of one input: enough for every state, few enough for many inputs per second.
const MAX_OPERATIONS: usize = 48;

/// No script keeps two engines busy for longer than this.
const MAX_STEPS: usize = 500_000;

/// What one message and the control frames that may be held back can add to a full outbox: all in fragments of one
/// byte, and the headers of those.
const OUTBOX_ROOM: usize = 7 * MAX_MESSAGE_LEN + 32 * 139;

/// Operations on a client and a server.
///
/// # Panics
///
/// If messages get lost or garbled, an operation fails or succeeds where it should not, there is not exactly one
/// terminal event, or the contract of engines is broken.
pub fn operations(data: &[u8]) {
    let mut data = Unstructured::new(data);
    let Ok(setup) = Setup::arbitrary(&mut data) else { return };
    let mut world = World::new(setup);
    for _ in 0..MAX_OPERATIONS {
        if data.is_empty() {
            break;
        }
        let Ok(operation) = Operation::arbitrary(&mut data) else { break };
        world.apply(operation);
        world.check();
    }
    world.finish();
}

struct World {
    pair: Pair<Endpoint, Endpoint>,
    client: Person,
    server: Person,
    faults: (Fault, Fault),
}

/// The application at one end.
struct Person {
    layer: Layer,
    said: Said,
    heard: Heard,
    is_behind: bool,
    has_shut_down: bool,
    high_water: usize,
}

impl World {
    fn new(setup: Setup) -> Self {
        let (to_server, to_client) = (setup.to_server.options(), setup.to_client.options());
        let faults = (to_server.fault, to_client.fault);
        let client = Endpoint::new(setup.client.layer, setup.client.established(Role::Client, at(0)));
        let server = Endpoint::new(setup.server.layer, setup.server.established(Role::Server, at(0)));
        let people = [(&client, setup.client.layer), (&server, setup.server.layer)];
        let [client_person, server_person] = people.map(|(endpoint, layer)| Person::new(layer, endpoint));
        let mut pair = Pair::with_pipes(client, server, at(0), to_server, to_client);
        pair.limit_steps(MAX_STEPS);
        Self { pair, client: client_person, server: server_person, faults }
    }

    /// The application at `end` and its engine.
    fn at(&mut self, end: End) -> (&mut Person, &mut Side<Endpoint>) {
        match end {
            End::Client => (&mut self.client, &mut self.pair.a),
            End::Server => (&mut self.server, &mut self.pair.b),
        }
    }

    fn apply(&mut self, operation: Operation) {
        let now = self.pair.now();
        match operation {
            Operation::Send { from, is_text, len, style } => {
                let message = Message::from_parts(kind(is_text), content(is_text, len.get()));
                let (person, side) = self.at(from);
                person.send(&mut side.engine, message, style);
            }
            Operation::BeginMessage { from, is_text } => {
                let (person, side) = self.at(from);
                person.begin_message(&mut side.engine, is_text);
            }
            Operation::Frame { from, len, is_last } => {
                let (person, side) = self.at(from);
                person.frame(&mut side.engine, ascii(len.get()), is_last);
            }
            Operation::Data { from, len } => {
                let (person, side) = self.at(from);
                person.data(&mut side.engine, ascii(len.get()));
            }
            Operation::EndMessage { from } => {
                let (person, side) = self.at(from);
                person.end_message(&mut side.engine);
            }
            Operation::Ping { from, len } => {
                let (person, side) = self.at(from);
                person.ping(&mut side.engine, len.into());
            }
            Operation::Pong { from, len } => {
                let (person, side) = self.at(from);
                person.pong(&mut side.engine, len.into());
            }
            Operation::Close { from, code, reason_len } => {
                let (person, side) = self.at(from);
                let reason = "r".repeat(reason_len.into());
                person.close(&mut side.engine, CloseCode::new(code.get()), reason, now);
            }
            Operation::Abort { from } => {
                let (person, side) = self.at(from);
                side.engine.abort();
                person.said.has_aborted = true;
            }
            Operation::Step => drop(self.pair.step()),
            Operation::Settle => {
                self.pair.settle();
                self.check_settled();
            }
            Operation::Advance { tenths } => self.pair.advance(Duration::from_millis(100) * tenths.into()),
            Operation::Flow { to: End::Server, flow } => {
                self.pair.a_to_b.set_options(flow.options(self.faults.0));
            }
            Operation::Flow { to: End::Client, flow } => {
                self.pair.b_to_a.set_options(flow.options(self.faults.1));
            }
            Operation::Shutdown { from } => {
                match from {
                    End::Client => self.pair.a_to_b.shutdown(now),
                    End::Server => self.pair.b_to_a.shutdown(now),
                }
                self.at(from).0.has_shut_down = true;
            }
            Operation::Hold { at } => {
                let (person, side) = self.at(at);
                side.hold_events();
                person.is_behind = true;
            }
            Operation::Take { at } => {
                let (person, side) = self.at(at);
                side.take_events();
                person.is_behind = false;
            }
            Operation::Spurious { at } => {
                let engine = &mut self.at(at).1.engine;
                engine.handle_recv(now);
                engine.handle_timeout(now);
                assert!(engine.poll_timeout().is_none_or(|next| next > now), "a deadline that has passed");
            }
        }
    }

    /// What holds at any time.
    fn check(&mut self) {
        let Self { pair, client, server, .. } = self;
        for event in pair.a.events.drain(..) {
            client.heard.take(event, &server.said, &client.said);
        }
        for event in pair.b.events.drain(..) {
            server.heard.take(event, &client.said, &server.said);
        }
        client.check(&mut pair.a.engine);
        server.check(&mut pair.b.engine);
    }

    /// Nothing is under way any more: all that was said was heard, if nothing has come between.
    fn check_settled(&mut self) {
        self.check();
        let is_open = [&self.pair.a, &self.pair.b].iter().all(|side| side.engine.streaming().is_open());
        let has_trouble = self.faults != (Fault::None, Fault::None)
            || [&self.client, &self.server].iter().any(|person| person.is_behind || person.has_shut_down);
        if is_open && !has_trouble {
            self.client.check_heard_all(&self.server.said);
            self.server.check_heard_all(&self.client.said);
            let (client, server) =
                (self.pair.a.engine.streaming().stats(), self.pair.b.engine.streaming().stats());
            assert_eq!(client.outgoing.wire_octets, server.incoming.wire_octets);
            assert_eq!(server.outgoing.wire_octets, client.incoming.wire_octets);
        }
    }

    /// Both directions of the transport end.
    fn finish(mut self) {
        self.pair.a.take_events();
        self.pair.b.take_events();
        let cut = PipeOptions { fault: Fault::CutAfter(0), ..PipeOptions::default() };
        self.pair.a_to_b.set_options(cut.clone());
        self.pair.b_to_a.set_options(cut);
        self.pair.settle();
        self.check();
        let now = self.pair.now();
        for end in [End::Client, End::Server] {
            let (person, side) = self.at(end);
            assert!(person.heard.closed.is_some(), "no terminal event after the end of the transport");
            assert!(side.has_dropped(), "the connection was not dropped");
            let engine = &mut side.engine;
            assert_eq!(engine.ping(Bytes::new()), Err(SendError::Closed));
            engine.handle_eof(now);
            engine.handle_recv(now);
            engine.handle_timeout(now + Duration::from_secs(1000));
            assert!(engine.poll_event().is_none(), "an event after the end");
        }
        self.check();
    }
}

impl Person {
    fn new(layer: Layer, endpoint: &Endpoint) -> Self {
        Self {
            layer,
            said: Said::default(),
            heard: Heard::default(),
            is_behind: false,
            has_shut_down: false,
            high_water: endpoint.streaming().config().limits.outbox_high_water,
        }
    }

    fn send(&mut self, engine: &mut Endpoint, message: Message, style: Style) {
        let Endpoint::Messages(messages) = engine else {
            self.begin_message(engine, message.is_text());
            let (kind, payload) = (message.kind(), message.into_payload());
            if self.said.message == Some((kind, Vec::new())) && self.said.frame.is_none() {
                self.frame(engine, payload.clone(), true);
                self.data(engine, payload);
            }
            return;
        };
        let queued = messages.outbox().queued_total();
        let is_ready = messages.outbox().is_ready();
        let may_send = is_ready && message.len() <= MAX_MESSAGE_LEN && messages.streaming().is_open();
        let sent = match style {
            Style::Plain => messages.send(message.clone()),
            Style::Fragmented(size) => messages.send_fragmented(message.clone(), size.into()),
            Style::Prepared => messages.send_prepared(&PreparedMessage::new(message.clone())),
        };
        assert_eq!(sent.is_ok(), may_send, "{sent:?}");
        if may_send {
            self.said.messages.push((message.kind(), message.into_payload().to_vec()));
        } else {
            assert_eq!(messages.outbox().queued_total(), queued, "a failed operation has changed something");
        }
    }

    fn begin_message(&mut self, engine: &mut Endpoint, is_text: bool) {
        let may_begin = engine.streaming().is_open() && self.said.message.is_none();
        let Some(begun) = engine.begin_message(kind(is_text)) else { return };
        assert_eq!(begun.is_ok(), may_begin, "{begun:?}");
        if may_begin {
            self.said.message = Some((kind(is_text), Vec::new()));
        }
    }

    /// Whether a frame of `len` bytes may be sent now.
    fn may_send_frame(&self, engine: &mut Endpoint, len: usize) -> bool {
        let fits = |(_, sent): &(_, Vec<u8>)| sent.len() + len <= MAX_MESSAGE_LEN;
        self.said.message.as_ref().is_some_and(fits)
            && self.said.frame.is_none()
            && engine.streaming().is_open()
            && engine.outbox().is_ready()
    }

    fn frame(&mut self, engine: &mut Endpoint, payload: Bytes, is_last: bool) {
        let len = payload.len();
        let fin = if is_last { Fin::Last } else { Fin::More };
        let may_send = self.may_send_frame(engine, len);
        let (begun, data) = match engine {
            Endpoint::Streaming(engine) => (engine.begin_frame(len as u64, fin), Bytes::new()),
            Endpoint::Frames(engine) => (engine.send_frame(payload.clone(), fin), payload),
            Endpoint::Messages(_) => return,
        };
        assert_eq!(begun.is_ok(), may_send, "{begun:?}");
        if may_send {
            self.said.frame = Some((len as u64, is_last));
            self.said.add_data(&data);
        }
    }

    fn data(&mut self, engine: &mut Endpoint, payload: Bytes) {
        let len = payload.len();
        let missing = self.said.frame.map(|(missing, _)| missing);
        let may_send = missing.is_some_and(|missing| len as u64 <= missing)
            && engine.outbox().is_ready()
            && self.heard.closed.is_none();
        let Endpoint::Streaming(engine) = engine else { return };
        match engine.send_data(payload.clone()) {
            Ok(remaining) => {
                assert!(may_send, "data that does not belong anywhere");
                assert_eq!(Some(remaining + len as u64), missing);
                self.said.add_data(&payload);
            }
            // The engine may have ended without the application having taken that event.
            Err(error) => assert!(!may_send || error == SendError::Closed, "{error:?}"),
        }
    }

    fn end_message(&mut self, engine: &mut Endpoint) {
        let may_end = self.may_send_frame(engine, 0);
        let Some(ended) = engine.end_message() else { return };
        assert_eq!(ended.is_ok(), may_end, "{ended:?}");
        if may_end {
            self.said.complete_message();
        }
    }

    fn ping(&mut self, engine: &mut Endpoint, len: usize) {
        let payload = self.said.next_ping(len);
        let is_allowed = engine.streaming().is_open() && payload.len() <= 125;
        let is_ready = engine.outbox().is_ready();
        let pinged = engine.ping(payload.clone());
        match pinged {
            Ok(()) => {
                assert!(is_allowed && (is_ready || self.said.frame.is_some()));
                self.said.pings.push(payload);
            }
            Err(SendError::ControlBacklog) => assert!(self.said.frame.is_some()),
            Err(error) => assert!(!is_allowed || !is_ready, "{error:?}"),
        }
    }

    fn pong(&mut self, engine: &mut Endpoint, len: usize) {
        let payload = self.said.next_ping(len);
        let may_send = engine.streaming().is_open()
            && payload.len() <= 125
            && (engine.outbox().is_ready() || self.said.frame.is_some());
        let sent = engine.pong(payload.clone());
        assert_eq!(sent.is_ok(), may_send, "{sent:?}");
        if may_send {
            self.said.pongs.push(payload);
        }
    }

    fn close(&mut self, engine: &mut Endpoint, code: CloseCode, reason: String, now: Instant) {
        let is_empty = code == CloseCode::NO_STATUS && reason.is_empty();
        let is_allowed = reason.len() <= 123 && (is_empty || code.is_valid_on_wire());
        let may_close = engine.streaming().is_open() && is_allowed;
        let closed = engine.close(code, &reason, now);
        assert_eq!(closed.is_ok(), may_close, "{closed:?}");
        if may_close {
            self.said.close = Some((code, reason));
        }
    }

    fn check(&self, engine: &mut Endpoint) {
        let held = engine.outbox().len();
        assert!(held <= self.high_water + OUTBOX_ROOM, "the outbox is not bounded: {held}");
        let has_ended = engine.transport() == Transport::Close;
        assert!(!has_ended || engine.poll_timeout().is_none(), "a timer after the end");
        assert!(has_ended || self.heard.closed.is_none(), "the connection goes on after its end");
    }

    fn check_heard_all(&self, peer: &Said) {
        assert_eq!(self.heard.messages, peer.messages, "a message has not arrived");
        let partial = peer.message.as_ref().map_or(&[][..], |(_, sent)| sent);
        if self.layer == Layer::Streaming {
            assert_eq!(self.heard.partial, partial, "payload has not arrived");
        }
        if peer.frame.is_none() {
            assert_eq!(self.heard.pings, peer.pings, "a ping has not arrived");
        }
    }
}

/// Payload of a whole message: characters of one to four bytes, or bytes of all values.
fn content(is_text: bool, len: usize) -> Bytes {
    if !is_text {
        return (0..len).map(|at| at as u8).collect();
    }
    let mut text: String = "aß日\u{1f642}".chars().cycle().take(len / 4).collect();
    text.push_str(&"z".repeat(len.saturating_sub(text.len())));
    text.into()
}

/// Payload of a part of a message, which may end anywhere even if it is text.
fn ascii(len: usize) -> Bytes {
    (0..len).map(|at| b'a' + (at % 26) as u8).collect()
}
