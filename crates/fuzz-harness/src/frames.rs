//! Arbitrary bytes into the three layers.

use std::fmt::Debug;
use std::sync::Arc;

use bytes::BytesMut;
use wirebahn_core::websocket::{
    Cause, CloseCode, CloseReply, Closed, Config, Established, Event, Frames, MaskReceive, MessageEvent,
    MessageKind, Messages, OnViolation, Role, Streaming, Utf8Check,
};
use wirebahn_core::{Engine, Instant, Transport};
use wirebahn_testkit::{SeededEntropy, at};

use crate::input::{Flags, Input};
use crate::reference::{End, Prediction, Rules, Told, decode, predict};

// The flags.
const CLIENT: u32 = 0;
const TINY_LIMITS: u32 = 1;
const UTF8_OFF: u32 = 2;
const MASK_ANY: u32 = 3;
/// Nothing is written before the end.
const STALLED: u32 = 4;
const DROP: u32 = 5;
const REPLY_NORMAL: u32 = 6;
/// The transport does not end: the timers do.
const TIMERS: u32 = 7;
/// The first piece came together with the opening handshake.
const LEFTOVER: u32 = 8;

const HIGH_WATER: usize = 300;

/// The longest header and the longest payload of a control frame: what may stand in front of a decision.
const CONTROL_FRAME: usize = 14 + 125;

/// Frames of a peer, in pieces, into the streaming layer, the frames layer and the messages layer.
///
/// # Panics
///
/// If the pieces matter, the layers disagree with each other or with a parser that was written from RFC 6455 alone, or
/// the contract of engines is broken.
pub fn frames(data: &[u8]) {
    let Some(input) = Input::parse(data) else { return };
    let flags = input.flags;
    let config = Arc::new(config(flags));
    let max_frame_len = usize::try_from(config.limits.max_frame_len).unwrap_or(usize::MAX);
    let pieces = input.cut(input.bytes);

    let run_streaming = |pieces: &[&[u8]]| {
        let is_last = |event: &Event| matches!(event, Event::Closed(_));
        run(
            |leftover| Streaming::new(established(&config, flags, leftover)),
            pieces,
            flags,
            CONTROL_FRAME,
            is_last,
        )
    };
    let mut streaming = run_streaming(&[input.bytes]);
    let mut in_pieces = run_streaming(&pieces);
    streaming.events = join_chunks(streaming.events);
    in_pieces.events = join_chunks(in_pieces.events);
    assert_eq!(streaming, in_pieces, "the pieces matter to Streaming");

    let run_frames = |pieces: &[&[u8]]| {
        let is_last = |event: &Event| matches!(event, Event::Closed(_));
        let bound = max_frame_len + CONTROL_FRAME;
        run(|leftover| Frames::new(established(&config, flags, leftover)), pieces, flags, bound, is_last)
    };
    let frames = run_frames(&[input.bytes]);
    assert_eq!(frames, run_frames(&pieces), "the pieces matter to Frames");
    assert_eq!(frames, streaming.clone().map(whole_frames), "Frames and Streaming disagree");

    let run_messages = |pieces: &[&[u8]]| {
        let is_last = |event: &MessageEvent| matches!(event, MessageEvent::Closed(_));
        let bound = max_frame_len + CONTROL_FRAME;
        run(|leftover| Messages::new(established(&config, flags, leftover)), pieces, flags, bound, is_last)
    };
    let messages = run_messages(&[input.bytes]);
    assert_eq!(messages, run_messages(&pieces), "the pieces matter to Messages");
    let messages = messages.map(told_by_messages);
    assert_eq!(messages, frames.map(told_by_chunks), "Messages and Frames disagree");

    let prediction = predict(input.bytes, &rules(flags, &config));
    check_prediction(&prediction, &messages, &streaming, flags);
}

fn config(flags: Flags) -> Config {
    let mut config = Config::default();
    config.keepalive = None;
    config.limits.outbox_high_water = HIGH_WATER;
    config.limits.max_frame_len = 1000;
    config.limits.max_message_len = 2000;
    config.limits.fragments.allowance = 40;
    config.limits.fragments.min_average_len = 2;
    if flags.has(TINY_LIMITS) {
        config.limits.max_frame_len = 16;
        config.limits.max_message_len = 24;
        config.limits.fragments.allowance = 3;
        config.limits.fragments.min_average_len = 4;
    }
    if flags.has(UTF8_OFF) {
        config.utf8 = Utf8Check::Off;
    }
    if flags.has(MASK_ANY) {
        config.mask.receive = MaskReceive::Any;
    }
    if flags.has(DROP) {
        config.close.on_violation = OnViolation::Drop;
    }
    if flags.has(REPLY_NORMAL) {
        config.close.reply = CloseReply::Normal;
    }
    config
}

fn rules(flags: Flags, config: &Config) -> Rules {
    let limits = &config.limits;
    Rules {
        masked: if flags.has(MASK_ANY) { None } else { Some(!flags.has(CLIENT)) },
        checks_text: !flags.has(UTF8_OFF),
        max_frame_len: limits.max_frame_len,
        max_message_len: limits.max_message_len,
        fragments: (limits.fragments.allowance.into(), limits.fragments.min_average_len.into()),
    }
}

fn established(config: &Arc<Config>, flags: Flags, leftover: &[u8]) -> Established {
    let role = if flags.has(CLIENT) { Role::Client } else { Role::Server };
    let mut established = Established::new(role, Arc::clone(config), Box::new(SeededEntropy::new(1)), at(0));
    established.received = BytesMut::from(leftover);
    established
}

/// What could be seen of an engine.
#[derive(Clone, Debug, PartialEq)]
struct Seen<T> {
    events: Vec<T>,
    sent: Vec<u8>,
}

impl<T> Seen<T> {
    fn map<U>(self, convert: impl FnOnce(Vec<T>) -> Vec<U>) -> Seen<U> {
        Seen { events: convert(self.events), sent: self.sent }
    }
}

struct Run<E: Engine, L> {
    engine: E,
    flags: Flags,
    is_last: L,
    seen: Seen<E::Event>,
    has_ended: bool,
}

/// Runs an engine over `pieces` and to its end. `bound` is how many bytes it may hold without an event.
fn run<E: Engine<Event: Debug>>(
    new: impl FnOnce(&[u8]) -> E,
    pieces: &[&[u8]],
    flags: Flags,
    bound: usize,
    is_last: impl Fn(&E::Event) -> bool,
) -> Seen<E::Event> {
    let (leftover, pieces) = match pieces {
        [leftover, pieces @ ..] if flags.has(LEFTOVER) => (*leftover, pieces),
        _ => (&[][..], pieces),
    };
    let seen = Seen { events: Vec::new(), sent: Vec::new() };
    let mut run = Run { engine: new(leftover), flags, is_last, seen, has_ended: false };
    run.look();
    for piece in pieces {
        if run.engine.transport() == Transport::Close {
            break;
        }
        run.engine.recv_buf().extend_from_slice(piece);
        run.engine.handle_recv(at(0));
        run.look();
        assert!(run.engine.recv_buf().len() < bound, "received bytes are not bounded");
        assert!(run.engine.recv_hint() < bound, "a hint beyond the limits");
    }
    run.finish();
    run.seen
}

impl<E: Engine<Event: Debug>, L: Fn(&E::Event) -> bool> Run<E, L> {
    fn look(&mut self) {
        loop {
            if !self.flags.has(STALLED) {
                self.drain();
            }
            let held = self.engine.outbox().len();
            assert!(held < HIGH_WATER + 2 * CONTROL_FRAME, "the outbox is not bounded");
            let Some(event) = self.engine.poll_event() else { break };
            assert!(!self.has_ended, "{event:?} after the terminal event");
            self.has_ended = (self.is_last)(&event);
            self.seen.events.push(event);
            if self.has_ended {
                assert_eq!((self.engine.transport(), self.engine.poll_timeout()), (Transport::Close, None));
            }
        }
        assert_ne!(self.engine.transport(), Transport::Paused, "nothing waits to be polled");
    }

    fn drain(&mut self) {
        // What was held back follows once there is room.
        while !self.engine.outbox().is_empty() {
            let outbox = self.engine.outbox();
            self.seen.sent.extend(outbox.pieces().flatten());
            outbox.clear();
        }
    }

    fn finish(&mut self) {
        if self.flags.has(TIMERS) {
            self.run_timers();
        }
        for _ in 0..2 {
            self.engine.handle_eof(at(2));
            self.look();
        }
        assert!(self.has_ended, "no terminal event after the end of the transport");
        self.drain();
        self.engine.handle_recv(at(3));
        self.engine.handle_timeout(at(4));
        self.look();
        assert!(self.engine.outbox().is_empty(), "something is sent after the end");
    }

    fn run_timers(&mut self) {
        let mut now = Instant::ZERO;
        while let Some(deadline) = self.engine.poll_timeout() {
            now = now.max(deadline);
            self.engine.handle_timeout(now);
            assert!(self.engine.poll_timeout().is_none_or(|next| next > now));
            self.look();
        }
    }
}

fn join_chunks(events: Vec<Event>) -> Vec<Event> {
    let mut joined: Vec<Event> = Vec::new();
    for event in events {
        match (joined.last_mut(), event) {
            (Some(Event::Data(last)), Event::Data(next)) => {
                if let Err(next) = last.join(next) {
                    joined.push(Event::Data(next));
                }
            }
            (_, event) => joined.push(event),
        }
    }
    joined
}

fn whole_frames(events: Vec<Event>) -> Vec<Event> {
    let is_whole = |event: &Event| match event {
        Event::Data(chunk) => chunk.starts_frame() && chunk.ends_frame(),
        _ => true,
    };
    events.into_iter().filter(is_whole).collect()
}

/// What the application was told, in the words of the reference, and how the connection ended.
#[derive(Clone, Debug, PartialEq)]
enum Heard {
    Told(Told),
    Closed(Closed),
}

fn told_by_messages(events: Vec<MessageEvent>) -> Vec<Heard> {
    let convert = |event| match event {
        MessageEvent::Message(message) => Heard::Told(Told::Message {
            is_text: message.is_text(),
            payload: message.into_payload().to_vec(),
        }),
        MessageEvent::Ping(payload) => Heard::Told(Told::Ping(payload.to_vec())),
        MessageEvent::Pong(pong) => Heard::Told(Told::Pong(pong.payload.to_vec())),
        MessageEvent::Closed(closed) => Heard::Closed(closed),
        other => panic!("an event that the harness does not know: {other:?}"),
    };
    events.into_iter().map(convert).collect()
}

fn told_by_chunks(events: Vec<Event>) -> Vec<Heard> {
    let mut heard = Vec::new();
    let mut partial: Option<Vec<u8>> = None;
    for event in events {
        match event {
            Event::Data(chunk) => {
                assert_eq!(chunk.starts_message(), partial.is_none(), "a message begins where it does not");
                let payload = partial.get_or_insert_default();
                payload.extend_from_slice(chunk.payload());
                if chunk.ends_message() {
                    let is_text = chunk.kind() == MessageKind::Text;
                    heard.push(Heard::Told(Told::Message { is_text, payload: std::mem::take(payload) }));
                    partial = None;
                }
            }
            Event::Ping(payload) => heard.push(Heard::Told(Told::Ping(payload.to_vec()))),
            Event::Pong(pong) => heard.push(Heard::Told(Told::Pong(pong.payload.to_vec()))),
            Event::Closed(closed) => heard.push(Heard::Closed(closed)),
            other => panic!("an event that the harness does not know: {other:?}"),
        }
    }
    heard
}

/// The payload of the message that was not finished.
fn unfinished(events: &[Event]) -> Vec<u8> {
    let mut partial = Vec::new();
    for event in events {
        if let Event::Data(chunk) = event {
            partial.extend_from_slice(chunk.payload());
            if chunk.ends_message() {
                partial.clear();
            }
        }
    }
    partial
}

fn check_prediction(prediction: &Prediction, heard: &Seen<Heard>, streaming: &Seen<Event>, flags: Flags) {
    let Some((Heard::Closed(closed), told)) = heard.events.split_last() else { panic!("no end") };
    let expected = prediction.told.iter().cloned().map(Heard::Told);
    assert!(told.iter().cloned().eq(expected), "{told:?} instead of {:?}", prediction.told);
    assert_eq!(unfinished(&streaming.events), prediction.partial, "an unfinished message");
    for told in &prediction.told {
        if let Told::Message { is_text: true, payload } = told {
            assert!(flags.has(UTF8_OFF) || std::str::from_utf8(payload).is_ok());
        }
    }
    check_end(&prediction.end, closed);
    if flags.has(STALLED) {
        check_sent_late(prediction, &heard.sent, flags);
    } else {
        check_sent(prediction, &heard.sent, flags);
    }
}

fn check_end(end: &End, closed: &Closed) {
    match end {
        End::Open => {
            assert_eq!((&closed.cause, closed.code), (&Cause::TransportLost, CloseCode::ABNORMAL));
            assert!(!closed.clean);
        }
        End::Closed(payload) => {
            let (code, reason) = match payload.split_first_chunk() {
                Some((code, reason)) => (u16::from_be_bytes(*code), reason),
                None => (1005, &[][..]),
            };
            assert_eq!((closed.code.get(), closed.reason.as_bytes()), (code, reason));
            assert!(closed.clean);
        }
        End::Failed(code) => {
            let Cause::Violation(violation) = closed.cause else { panic!("{closed:?} instead of {code}") };
            assert_eq!(violation.close_code().get(), *code, "{violation}");
            assert!(!closed.clean);
        }
    }
}

/// A Pong for every Ping and a Close frame for the end, and nothing else.
fn check_sent(prediction: &Prediction, sent: &[u8], flags: Flags) {
    let mut expected = Vec::new();
    for told in &prediction.told {
        if let Told::Ping(payload) = told {
            expected.push((0x8a, payload.clone()));
        }
    }
    match &prediction.end {
        End::Open => {}
        End::Closed(_) if flags.has(REPLY_NORMAL) => expected.push((0x88, 1000_u16.to_be_bytes().into())),
        End::Closed(payload) => expected.push((0x88, payload.clone())),
        End::Failed(_) if flags.has(DROP) => {}
        End::Failed(code) => expected.push((0x88, code.to_be_bytes().into())),
    }
    assert_eq!(decode(sent), expected, "what was sent");
}

/// To a peer that takes nothing before the end, some pongs are not sent (RFC 6455 5.5.3), and only what was agreed is
/// worth sending then.
fn check_sent_late(prediction: &Prediction, sent: &[u8], flags: Flags) {
    let frames = decode(sent);
    let is_cut_off = match prediction.end {
        End::Open => true,
        End::Closed(_) => false,
        End::Failed(_) => flags.has(DROP),
    };
    assert_eq!(frames.is_empty(), is_cut_off, "what was sent late");
    if let Some(((first, _), pongs)) = frames.split_last() {
        assert_eq!(*first, 0x88, "a Close frame comes last");
        assert!(pongs.iter().all(|(first, _)| *first == 0x8a), "only pongs come before");
    }
}
