//! The contract of `Engine`, line by line, for every engine of the crate.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is a failed test")]

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use wirebahn_core::websocket::{
    CloseCode, Config, Established, Event, Fin, Frames, Keepalive, Message, MessageEvent, MessageKind,
    Messages, Role, SendError, Streaming,
};
use wirebahn_core::{Engine, Instant, Outbox, Transport};
use wirebahn_testkit::SeededEntropy;
use wirebahn_testkit::contract::{self, Bounds, START, Subject};

const KEY: [u8; 4] = [9, 8, 7, 6];

/// Small limits, short timers: scripts reach all of them.
fn established(role: Role) -> Established {
    let mut config = Config::default();
    config.limits.max_frame_len = 300;
    config.limits.max_message_len = 500;
    config.limits.outbox_high_water = 400;
    config.limits.fragments.allowance = 20;
    config.idle_timeout = Some(Duration::from_secs(30));
    let mut keepalive = Keepalive::default();
    keepalive.interval = Duration::from_secs(5);
    keepalive.timeout = Some(Duration::from_secs(3));
    config.keepalive = Some(keepalive);
    Established::new(role, Arc::new(config), Box::new(SeededEntropy::new(1)), START)
}

/// A frame as the peer of `role` sends it.
fn frame(role: Role, first: u8, payload: &[u8]) -> Vec<u8> {
    let masked = if role == Role::Server { 0x80 } else { 0 };
    let mut frame = vec![first];
    match payload.len() {
        len @ 0..126 => frame.push(masked | len as u8),
        len => {
            frame.push(masked | 126);
            frame.extend((len as u16).to_be_bytes());
        }
    }
    if role == Role::Server {
        frame.extend(KEY);
        frame.extend(payload.iter().zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key));
    } else {
        frame.extend(payload);
    }
    frame
}

/// Messages of all kinds, control frames between them, and the closing handshake.
fn conversation(role: Role) -> Vec<u8> {
    [
        frame(role, 0x81, "Grüße aus 日本".as_bytes()),
        frame(role, 0x89, b"ping"),
        frame(role, 0x02, &[1; 200]),
        frame(role, 0x8a, b"pong"),
        frame(role, 0x00, b""),
        frame(role, 0x80, &[2; 130]),
        frame(role, 0x01, "halb \u{1f642}".as_bytes().split_at(7).0),
        frame(role, 0x80, "halb \u{1f642}".as_bytes().split_at(7).1),
        frame(role, 0x82, b""),
        frame(role, 0x88, b"\x03\xe8bye"),
    ]
    .concat()
}

/// Whether what an engine sent is a sequence of frames, data frames in the order of messages, and nothing behind a
/// Close frame.
fn is_a_sequence_of_frames(mut bytes: &[u8]) -> bool {
    let mut inside_message = false;
    let mut closed = false;
    while let [first, second, rest @ ..] = bytes {
        // RSV1 is for the first frames of messages that were compressed.
        let may_be_marked = matches!(first & 0x0f, 1 | 2);
        if closed || first & 0x30 != 0 || (first & 0x40 != 0 && !may_be_marked) {
            return false;
        }
        match first & 0x0f {
            0 if !inside_message => return false,
            1 | 2 if inside_message => return false,
            0..=2 => inside_message = first & 0x80 == 0,
            8 => closed = true,
            9 | 10 => {}
            _ => return false,
        }
        let (len, rest) = match (second & 0x7f, rest) {
            (126, [a, b, rest @ ..]) => (u64::from(u16::from_be_bytes([*a, *b])), rest),
            (127, rest) if rest.len() >= 8 => (u64::from_be_bytes(rest[..8].try_into().unwrap()), &rest[8..]),
            (126 | 127, _) => return true,
            (len, rest) => (u64::from(len), rest),
        };
        let mask_len = if second & 0x80 == 0 { 0 } else { 4 };
        let Some(next) = rest.get(mask_len + len as usize..) else { return true };
        bytes = next;
    }
    true
}

fn join_chunks(events: &mut Vec<Event>, event: Event) {
    match (events.last_mut(), event) {
        (Some(Event::Data(last)), Event::Data(next)) => {
            if let Err(next) = last.join(next) {
                events.push(Event::Data(next));
            }
        }
        (_, event) => events.push(event),
    }
}

/// What every layer can be flooded with, and how much of it may be held.
fn hardened<E: Engine + 'static>(subject: Subject<E>, role: Role) -> Subject<E> {
    let bounds = Bounds { outbox: 2000, received: 2000, ..Bounds::default() };
    subject
        .bounds(bounds)
        .flood(&frame(role, 0x89, &[1; 125]))
        .flood(&frame(role, 0x8a, b""))
        .flood(&frame(role, 0x81, b"message"))
        .flood_after(&frame(role, 0x02, b""), &frame(role, 0x00, b""))
        .flood_after(&frame(role, 0x01, b"x"), &frame(role, 0x00, &[b'y'; 100]))
        .frame_boundaries(is_a_sequence_of_frames)
}

fn streaming(role: Role) -> Subject<Streaming> {
    let subject = Subject::new(
        move || Streaming::new(established(role)),
        &conversation(role),
        |event| matches!(event, Event::Closed(_)),
    )
    .join(join_chunks)
    .operation("begin a message", |engine, _| engine.begin_message(MessageKind::Text))
    .operation("begin a frame", |engine, _| engine.begin_frame(20, Fin::More))
    .operation("begin a last frame", |engine, _| engine.begin_frame(3, Fin::Last))
    .operation("send data", |engine, _| engine.send_data("abc").map(drop))
    .operation("end the message", |engine, _| engine.end_message())
    .operation("ping", |engine, _| engine.ping("p"))
    .operation("pong", |engine, _| engine.pong("p"))
    .operation("close", |engine, now| engine.close(CloseCode::NORMAL, "done", now));
    hardened(subject, role)
}

fn frames(role: Role) -> Subject<Frames> {
    let subject = Subject::new(
        move || Frames::new(established(role)),
        &conversation(role),
        |event| matches!(event, Event::Closed(_)),
    )
    .operation("begin a message", |engine, _| engine.begin_message(MessageKind::Binary))
    .operation("send a frame", |engine, _| engine.send_frame(vec![7; 150], Fin::More))
    .operation("send the last frame", |engine, _| engine.send_frame("last", Fin::Last))
    .operation("end the message", |engine, _| engine.end_message())
    .operation("ping", |engine, _| engine.ping("p"))
    .operation("close", |engine, now| engine.close(CloseCode::NORMAL, "done", now));
    hardened(subject, role)
}

fn messages(role: Role) -> Subject<Messages> {
    let subject = Subject::new(
        move || Messages::new(established(role)),
        &conversation(role),
        |event| matches!(event, MessageEvent::Closed(_)),
    )
    .operation("send", |engine, _| engine.send(Message::text("hello")))
    .operation("send in fragments", |engine, _| engine.send_fragmented(Message::binary(vec![3; 50]), 20))
    .operation("send too much", |engine, _| engine.send(Message::binary(vec![0; 501])))
    .operation("ping", |engine, _| engine.ping("p"))
    .operation("close", |engine, now| engine.close(CloseCode::GOING_AWAY, "", now))
    .operation("abort", |engine, _| {
        if engine.streaming().is_open() {
            engine.abort();
            return Ok(());
        }
        Err(SendError::Closed)
    });
    hardened(subject, role)
}

#[cfg(feature = "deflate")]
mod compressed {
    use miniz_oxide::deflate::core::{
        CompressorOxide, TDEFLFlush, compress_to_output, create_comp_flags_from_zip_params,
    };
    use wirebahn_core::websocket::extension::deflate::{Backend, ContextTakeover, Deflate, DeflateOptions};
    use wirebahn_core::websocket::extension::{Agreement, Extension, ExtensionParams};

    use super::*;

    /// A connection on which compression was agreed upon, with the smallest window that peers may use.
    pub(super) fn established(role: Role, backend: Backend) -> Established {
        let mut options = DeflateOptions::default();
        options.backend = backend;
        options.threshold = 4;
        options.send.window = backend.default_window();
        options.send.context = ContextTakeover::Reset;
        let deflate = Deflate::new(options);
        let offer = "permessage-deflate; client_max_window_bits=8";
        let offer = ExtensionParams::parse_list(offer).next().unwrap().unwrap();
        let mut established = super::established(role);
        let (_, terms) = deflate.accept(&offer).unwrap();
        established.extension = Some(Agreement::new(deflate.into(), terms));
        established
    }

    /// Compressed messages of all kinds: with context, in fragments, with final blocks, empty, and plain ones between.
    pub(super) fn conversation(role: Role) -> Vec<u8> {
        let flags = create_comp_flags_from_zip_params(6, -15, 0);
        let mut compressor = CompressorOxide::new(flags);
        let mut compress = |text: &[u8], flush| {
            let mut compressed = Vec::new();
            compress_to_output(&mut compressor, text, flush, |piece| {
                compressed.extend_from_slice(piece);
                true
            });
            compressed
        };
        let mut message = |text: &[u8]| {
            let mut compressed = compress(text, TDEFLFlush::Sync);
            compressed.truncate(compressed.len() - 4);
            compressed
        };
        let first = message("Grüße aus 日本, Grüße aus 日本".as_bytes());
        let second = message(&[1; 90]);
        let text = message(b"to be or not to be, that is the question; to be or not to be");
        let last = {
            let mut compressor = CompressorOxide::new(flags);
            let mut compressed = Vec::new();
            compress_to_output(&mut compressor, b"the end, the end", TDEFLFlush::Finish, |piece| {
                compressed.extend_from_slice(piece);
                true
            });
            compressed
        };
        [
            frame(role, 0xc1, &first),
            frame(role, 0x89, b"ping"),
            frame(role, 0x42, &second[..4]),
            frame(role, 0x00, b""),
            frame(role, 0x80, &second[4..]),
            frame(role, 0x81, b"plain"),
            frame(role, 0x41, &text[..11]),
            frame(role, 0x8a, b"pong"),
            frame(role, 0x80, &text[11..]),
            frame(role, 0xc1, &last),
            frame(role, 0xc2, &[0]),
            frame(role, 0x88, b"\x03\xe8bye"),
        ]
        .concat()
    }

    /// The limit holds for what comes out: these inflate to more than is allowed.
    fn flooded<E: Engine + 'static>(subject: Subject<E>, role: Role) -> Subject<E> {
        // A fixed block of 259 zeros, over and over.
        hardened(subject, role)
            .flood_after(
                &frame(role, 0x42, b""),
                &frame(role, 0x00, &[0x62, 0x18, 0x05, 0xa3, 0x60, 0x14, 0x00]),
            )
            .flood_after(&frame(role, 0x42, b""), &frame(role, 0x00, &[0x00, 0x00, 0x00, 0xff, 0xff]))
            .flood(&frame(role, 0xc1, &[0x00]))
    }

    fn streaming(role: Role, backend: Backend) -> Subject<Streaming> {
        let subject = Subject::new(
            move || Streaming::new(established(role, backend)),
            &conversation(role),
            |event| matches!(event, Event::Closed(_)),
        )
        .join(join_chunks)
        .operation("begin a message", |engine, _| engine.begin_message(MessageKind::Text))
        .operation("begin a last frame", |engine, _| engine.begin_frame(3, Fin::Last))
        .operation("send data", |engine, _| engine.send_data("abc").map(drop))
        .operation("ping", |engine, _| engine.ping("p"))
        .operation("close", |engine, now| engine.close(CloseCode::NORMAL, "done", now));
        flooded(subject, role)
    }

    fn frames(role: Role, backend: Backend) -> Subject<Frames> {
        let subject = Subject::new(
            move || Frames::new(established(role, backend)),
            &conversation(role),
            |event| matches!(event, Event::Closed(_)),
        )
        .operation("begin a message", |engine, _| engine.begin_message(MessageKind::Binary))
        .operation("send a frame", |engine, _| engine.send_frame(vec![7; 150], Fin::More))
        .operation("send the last frame", |engine, _| engine.send_frame("last", Fin::Last))
        .operation("end the message", |engine, _| engine.end_message())
        .operation("close", |engine, now| engine.close(CloseCode::NORMAL, "done", now));
        flooded(subject, role)
    }

    fn messages(role: Role, backend: Backend) -> Subject<Messages> {
        let subject = Subject::new(
            move || Messages::new(established(role, backend)),
            &conversation(role),
            |event| matches!(event, MessageEvent::Closed(_)),
        )
        .operation("send", |engine, _| engine.send(Message::text("hello, hello")))
        .operation("send plain", |engine, _| engine.send(Message::text("hello, hello").uncompressed()))
        .operation("send in fragments", |engine, _| {
            engine.send_fragmented(Message::binary((0..=255).collect::<Vec<u8>>()), 20)
        })
        .operation("send too much", |engine, _| engine.send(Message::binary(vec![0; 501])))
        .operation("close", |engine, now| engine.close(CloseCode::GOING_AWAY, "", now));
        flooded(subject, role)
    }

    /// Calls `check` for both ends with each backend.
    fn for_all(check: impl Fn(Role, Backend)) {
        let backends = [
            Backend::MinizOxide,
            #[cfg(feature = "zlib-rs")]
            Backend::ZlibRs,
        ];
        for backend in backends {
            check(Role::Server, backend);
            check(Role::Client, backend);
        }
    }

    #[test]
    fn the_streaming_layer_keeps_the_contract_with_compression() {
        for_all(|role, backend| contract::check_all(&streaming(role, backend)));
    }

    #[test]
    fn the_frames_layer_keeps_the_contract_with_compression() {
        for_all(|role, backend| contract::check_all(&frames(role, backend)));
    }

    #[test]
    fn the_messages_layer_keeps_the_contract_with_compression() {
        for_all(|role, backend| contract::check_all(&messages(role, backend)));
    }

    #[test]
    fn the_conversation_is_valid() {
        for role in [Role::Server, Role::Client] {
            let mut engine = Messages::new(established(role, Backend::MinizOxide));
            engine.recv_buf().extend_from_slice(&conversation(role));
            engine.handle_recv(START);
            let events: Vec<_> = std::iter::from_fn(|| engine.poll_event()).collect();
            let count = events.iter().filter(|event| matches!(event, MessageEvent::Message(_))).count();
            assert_eq!(count, 6, "{events:?}");
        }
    }
}

/// The messages layer as `with_message` shows it: in the receive buffer where possible.
struct Lending(Messages);

impl Engine for Lending {
    type Event = MessageEvent;

    fn recv_buf(&mut self) -> &mut BytesMut {
        self.0.recv_buf()
    }

    fn handle_recv(&mut self, now: Instant) {
        self.0.handle_recv(now);
    }

    fn handle_eof(&mut self, now: Instant) {
        self.0.handle_eof(now);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.0.handle_timeout(now);
    }

    fn poll_event(&mut self) -> Option<MessageEvent> {
        let lent = self.0.with_message(|message, _| MessageEvent::Message(message.to_message()));
        lent.or_else(|| self.0.poll_event())
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.0.poll_timeout()
    }

    fn outbox(&mut self) -> &mut Outbox {
        self.0.outbox()
    }

    fn transport(&self) -> Transport {
        self.0.transport()
    }
}

fn lending(role: Role) -> Subject<Lending> {
    let subject = Subject::new(
        move || Lending(Messages::new(established(role))),
        &conversation(role),
        |event| matches!(event, MessageEvent::Closed(_)),
    )
    .operation("send", |engine, _| engine.0.send(Message::text("hello")))
    .operation("close", |engine, now| engine.0.close(CloseCode::GOING_AWAY, "", now));
    hardened(subject, role)
}

#[test]
fn messages_that_are_lent_keep_the_contract() {
    contract::check_all(&lending(Role::Server));
    contract::check_all(&lending(Role::Client));
}

#[test]
fn the_streaming_layer_keeps_the_contract() {
    contract::check_all(&streaming(Role::Server));
    contract::check_all(&streaming(Role::Client));
}

#[test]
fn the_frames_layer_keeps_the_contract() {
    contract::check_all(&frames(Role::Server));
    contract::check_all(&frames(Role::Client));
}

#[test]
fn the_messages_layer_keeps_the_contract() {
    contract::check_all(&messages(Role::Server));
    contract::check_all(&messages(Role::Client));
}
