//! Messages there and back, with every combination of parameters and backends.

use proptest::prelude::*;
use wirebahn_core::websocket::extension::deflate::{
    Backend, ContextTakeover, Deflate, DeflateOptions, Level, MemoryLevel, WindowBits,
};
use wirebahn_core::websocket::{Fin, Frames, Message, MessageKind, Messages, PreparedMessage};

use super::support::{accepted, backends, deliver, handshake, json, messages, options, quiet, sent};

/// Both ends with these options.
fn pair(options: DeflateOptions) -> (Messages, Messages) {
    let (client, server, agreed) =
        handshake(Deflate::new(options).into(), Deflate::new(options).into()).unwrap();
    assert!(agreed.is_some());
    (client, server)
}

#[test]
fn every_window_and_context_carries_messages_both_ways() {
    for backend in backends() {
        for window in 9..=15 {
            for context in [ContextTakeover::Keep, ContextTakeover::Reset] {
                let mut options = options(backend);
                options.send.window = WindowBits::new(window).unwrap();
                options.receive.window = options.send.window;
                options.send.context = context;
                options.receive.context = context;
                let (mut client, mut server) = pair(options);
                for number in 0..40 {
                    let text = json(number % 5, number * 97);
                    client.send(Message::text(text.clone())).unwrap();
                    deliver(&mut client, &mut server);
                    assert_eq!(messages(&mut server), [Message::text(text.clone())]);
                    server.send(Message::text(text.clone())).unwrap();
                    deliver(&mut server, &mut client);
                    assert_eq!(messages(&mut client), [Message::text(text)], "{options:?}");
                }
            }
        }
    }
}

#[test]
fn all_levels_carry_large_and_incompressible_messages() {
    for backend in backends() {
        for level in 0..=9 {
            let mut options = options(backend);
            options.level = Level::new(level).unwrap();
            options.memory_level = MemoryLevel::new(level.max(1)).unwrap();
            let (mut client, mut server) = pair(options);
            let mut state = 1u32;
            let noise: Vec<u8> = std::iter::repeat_with(|| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .take(60_000)
            .collect();
            for payload in [noise.clone(), vec![7; 300_000], json(1, 100_000).into_bytes(), noise] {
                client.send(Message::binary(payload.clone())).unwrap();
                deliver(&mut client, &mut server);
                assert_eq!(messages(&mut server), [Message::binary(payload)], "level {level}");
            }
        }
    }
}

#[test]
fn context_makes_repeated_messages_short_and_its_absence_makes_them_alike() {
    for backend in backends() {
        let mut options = options(backend);
        let (mut client, mut server) = pair(options);
        let lengths: Vec<_> = (0..3)
            .map(|_| {
                client.send(Message::text(json(1, 1000))).unwrap();
                deliver(&mut client, &mut server)
            })
            .collect();
        assert!(lengths[1] < lengths[0] / 5, "{lengths:?}");
        options.send.context = ContextTakeover::Reset;
        let (mut client, _) = pair(options);
        client.send(Message::text(json(1, 1000))).unwrap();
        let first = sent(&mut client);
        client.send(Message::text(json(1, 1000))).unwrap();
        assert_eq!(sent(&mut client), first);
    }
}

#[test]
fn empty_messages_are_one_byte() {
    for backend in backends() {
        let (mut client, mut server) = pair(options(backend));
        for _ in 0..3 {
            server.send(Message::text("")).unwrap();
            let bytes = sent(&mut server);
            assert_eq!(bytes, [0xc1, 1, 0], "RFC 7692 7.2.3.6");
            client.recv_buf_extend(&bytes);
            assert_eq!(messages(&mut client), [Message::text("")]);
            server.send(Message::text("x")).unwrap();
            deliver(&mut server, &mut client);
            assert_eq!(messages(&mut client), [Message::text("x")]);
        }
    }
}

#[test]
fn short_messages_and_those_that_say_so_go_out_plain() {
    let mut options = options(Backend::MinizOxide);
    options.threshold = 10;
    let (mut client, mut server) = pair(options);
    server.send(Message::text("aaaaaaaaa")).unwrap();
    assert_eq!(sent(&mut server)[0], 0x81);
    server.send(Message::text("aaaaaaaaaa")).unwrap();
    assert_eq!(sent(&mut server)[0], 0xc1);
    server.send(Message::text("aaaaaaaaaa").uncompressed()).unwrap();
    assert_eq!(sent(&mut server), [&[0x81, 10][..], b"aaaaaaaaaa"].concat());
    let prepared = PreparedMessage::new(Message::text("aaaaaaaaaa").uncompressed());
    server.send_prepared(&prepared).unwrap();
    server.send_fragmented(Message::text("aaaaaaaaaa").uncompressed(), 4).unwrap();
    deliver(&mut server, &mut client);
    assert_eq!(messages(&mut client), [Message::text("aaaaaaaaaa"), Message::text("aaaaaaaaaa")]);
}

#[test]
fn only_the_first_fragment_is_marked() {
    for backend in backends() {
        let (mut client, mut server) = pair(options(backend));
        let text = json(3, 5000);
        server.send_fragmented(Message::text(text.clone()), 100).unwrap();
        let stats = server.streaming().stats().outgoing;
        assert!(stats.frames > 5 && stats.app_octets == 5000 && stats.websocket_octets < 3000);
        let bytes = sent(&mut server);
        let (mut rest, mut firsts) = (&bytes[..], Vec::new());
        while let [first, len, tail @ ..] = rest {
            firsts.push(*first);
            rest = &tail[usize::from(*len)..];
        }
        assert_eq!((firsts[0], *firsts.last().unwrap()), (0x41, 0x80));
        assert!(firsts[1..firsts.len() - 1].iter().all(|first| *first == 0));
        client.recv_buf_extend(&bytes);
        assert_eq!(messages(&mut client), [Message::text(text)]);
        assert_eq!(client.streaming().stats().incoming.websocket_octets, stats.websocket_octets);
        assert_eq!(client.streaming().stats().incoming.app_octets, stats.app_octets);
    }
}

#[test]
fn frames_are_compressed_one_by_one_and_arrive_one_by_one() {
    for backend in backends() {
        let offer = "permessage-deflate; client_max_window_bits";
        let mut sender = Frames::new(accepted(options(backend), offer, quiet()));
        let (mut client, _) = pair(options(backend));
        for end in [Some("the end"), None] {
            sender.begin_message(MessageKind::Text).unwrap();
            sender.send_frame("one, ", Fin::More).unwrap();
            deliver(&mut sender, &mut client);
            sender.send_frame("", Fin::More).unwrap();
            sender.send_frame("two, ", Fin::More).unwrap();
            match end {
                Some(end) => sender.send_frame(end, Fin::Last).unwrap(),
                None => sender.end_message().unwrap(),
            }
            deliver(&mut sender, &mut client);
            let expected = format!("one, two, {}", end.unwrap_or_default());
            assert_eq!(messages(&mut client), [Message::text(expected)]);
        }
    }
}

#[test]
fn prepared_messages_are_compressed_once_and_fit_between_others() {
    for backend in backends() {
        let deflate = Deflate::new(options(backend));
        let mut pairs: Vec<_> =
            (0..3).map(|_| handshake(deflate.clone().into(), deflate.clone().into()).unwrap()).collect();
        let prepared = PreparedMessage::new(Message::text(json(1, 800)));
        let mut frames = Vec::new();
        for (number, (client, server, _)) in pairs.iter_mut().enumerate() {
            // Histories that differ.
            for _ in 0..number {
                server.send(Message::text(json(1, 900))).unwrap();
                deliver(server, client);
                messages(client);
            }
            server.send_prepared(&prepared).unwrap();
            let frame = sent(server);
            client.recv_buf_extend(&frame);
            assert_eq!(messages(client), [Message::text(json(1, 800))]);
            frames.push(frame);
            // What follows must not refer to what the peer has put elsewhere.
            for text in [json(1, 900), json(1, 900), json(2, 30)] {
                server.send(Message::text(text.clone())).unwrap();
                deliver(server, client);
                assert_eq!(messages(client), [Message::text(text)]);
            }
            client.send_prepared(&prepared).unwrap();
            client.send(Message::text(json(1, 900))).unwrap();
            deliver(client, server);
            assert_eq!(messages(server), [Message::text(json(1, 800)), Message::text(json(1, 900))]);
        }
        assert!(frames.iter().all(|frame| *frame == frames[0] && frame.len() < 400));
    }
}

#[test]
fn a_client_that_is_granted_8_bits_does_not_compress() {
    let mut small = options(Backend::MinizOxide);
    small.receive.window = WindowBits::MIN;
    let (mut client, mut server, agreed) =
        handshake(Deflate::new(options(Backend::MinizOxide)).into(), Deflate::new(small).into()).unwrap();
    assert_eq!(agreed.unwrap(), "permessage-deflate; client_max_window_bits=8");
    client.send(Message::text(json(1, 900))).unwrap();
    let bytes = sent(&mut client);
    assert_eq!(bytes[0], 0x81);
    server.recv_buf_extend(&bytes);
    assert_eq!(messages(&mut server), [Message::text(json(1, 900))]);
}

trait Extend {
    fn recv_buf_extend(&mut self, bytes: &[u8]);
}

impl Extend for Messages {
    fn recv_buf_extend(&mut self, bytes: &[u8]) {
        use wirebahn_core::Engine;
        self.recv_buf().extend_from_slice(bytes);
        self.handle_recv(super::support::NOW);
    }
}

/// Messages that repeat themselves and each other, at distances around the windows.
fn conversation() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let piece = prop_oneof![
        (0..6usize, 0..3000usize).prop_map(|(number, len)| json(number, len).into_bytes()),
        (any::<u8>(), 0..2000usize).prop_map(|(byte, len)| vec![byte; len]),
        proptest::collection::vec(any::<u8>(), 0..700),
    ];
    let message = proptest::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat());
    proptest::collection::vec(message, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_conversation_arrives_as_it_was_sent(
        conversation in conversation(),
        window in 9..=15u8,
        keep: bool,
        level in 1..=9u8,
        size in prop_oneof![Just(1usize), 2..2000usize, Just(usize::MAX)],
    ) {
        for backend in backends() {
            let mut options = options(backend);
            options.send.window = WindowBits::new(window).unwrap();
            options.receive.window = options.send.window;
            options.level = Level::new(level).unwrap();
            if !keep {
                options.send.context = ContextTakeover::Reset;
            }
            let (mut client, mut server) = pair(options);
            for payload in &conversation {
                client.send(Message::binary(payload.clone())).unwrap();
                let bytes = sent(&mut client);
                let events = super::support::feed(&mut server, &bytes, size);
                prop_assert_eq!(
                    events,
                    [wirebahn_core::websocket::MessageEvent::Message(Message::binary(payload.clone()))]
                );
            }
        }
    }
}
