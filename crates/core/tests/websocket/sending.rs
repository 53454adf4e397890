//! What goes over the wire.

use bytes::Bytes;
use wirebahn_core::websocket::{
    Event, Fin, MaskSend, Message, MessageEvent, MessageKind, PreparedMessage, Role, SendError,
};

use crate::common::*;

#[test]
fn a_server_sends_unmasked_and_a_client_masked() {
    let mut server = messages(Role::Server, quiet());
    server.send(Message::text("Hello")).unwrap();
    assert_eq!(sent(&mut server), unmasked(0x81, b"Hello"));
    let mut client = messages(Role::Client, quiet());
    client.send(Message::text("Hello")).unwrap();
    assert_eq!(sent(&mut client), masked(0x81, b"Hello"));
}

#[test]
fn large_messages_are_masked_whether_or_not_their_payload_is_shared() {
    let payload = Bytes::from(vec![7; 100_000]);
    let mut client = messages(Role::Client, quiet());
    client.send(Message::binary(payload.clone())).unwrap();
    assert_eq!(sent(&mut client), masked(0x82, &payload));
    assert_eq!(payload, vec![7; 100_000], "somebody else's bytes are left alone");
    client.send(Message::binary(payload)).unwrap();
    assert_eq!(sent(&mut client), masked(0x82, &[7; 100_000]));
}

#[test]
fn masking_can_be_changed_for_tests() {
    for (role, send, expected) in [
        (Role::Server, MaskSend::Always, masked(0x81, b"x")),
        (Role::Client, MaskSend::Never, unmasked(0x81, b"x")),
        (Role::Client, MaskSend::ZeroKey, vec![0x81, 0x81, 0, 0, 0, 0, b'x']),
    ] {
        let mut config = quiet();
        config.mask.send = send;
        let mut engine = messages(role, config);
        engine.send(Message::text("x")).unwrap();
        assert_eq!(sent(&mut engine), expected, "{role:?} {send:?}");
    }
}

#[test]
fn messages_are_fragmented_automatically() {
    let mut config = quiet();
    config.auto_fragment = core::num::NonZeroUsize::new(4);
    let mut server = messages(Role::Server, config);
    server.send(Message::text("123456789")).unwrap();
    let expected = [unmasked(0x01, b"1234"), unmasked(0x00, b"5678"), unmasked(0x80, b"9")].concat();
    assert_eq!(sent(&mut server), expected);
    server.send(Message::text("1234")).unwrap();
    assert_eq!(sent(&mut server), unmasked(0x81, b"1234"));
}

#[test]
fn a_prepared_message_is_shared_by_servers_and_masked_by_clients() {
    let prepared = PreparedMessage::new(Message::text("to all"));
    for (role, expected) in
        [(Role::Server, unmasked(0x81, b"to all")), (Role::Client, masked(0x81, b"to all"))]
    {
        let mut engine = messages(role, quiet());
        engine.send_prepared(&prepared).unwrap();
        assert_eq!(sent(&mut engine), expected);
    }
}

#[test]
fn a_message_can_be_sent_frame_by_frame() {
    let mut server = frames(Role::Server, quiet());
    assert_eq!(server.send_frame("early", Fin::Last), Err(SendError::NoMessage));
    server.begin_message(MessageKind::Text).unwrap();
    assert_eq!(server.begin_message(MessageKind::Text), Err(SendError::MessageUnfinished));
    server.send_frame("a", Fin::More).unwrap();
    server.send_frame("b", Fin::More).unwrap();
    server.end_message().unwrap();
    assert_eq!(server.end_message(), Err(SendError::NoMessage));
    let expected = [unmasked(0x01, b"a"), unmasked(0x00, b"b"), unmasked(0x80, b"")].concat();
    assert_eq!(sent(&mut server), expected);
}

#[test]
fn a_frame_can_be_sent_in_parts_and_control_frames_wait_for_its_end() {
    for (role, wire) in [(Role::Server, unmasked as fn(u8, &[u8]) -> Vec<u8>), (Role::Client, masked)] {
        let peer_wire = if role == Role::Server { masked } else { unmasked };
        let mut engine = streaming(role, quiet());
        engine.begin_message(MessageKind::Binary).unwrap();
        engine.begin_frame(7, Fin::More).unwrap();
        assert_eq!(engine.send_data("abc").unwrap(), 4);
        receive(&mut engine, &peer_wire(0x89, b"1"), at(0));
        receive(&mut engine, &peer_wire(0x89, b"2"), at(0));
        engine.ping("mine").unwrap();
        assert_eq!(engine.begin_frame(1, Fin::Last), Err(SendError::FrameUnfinished { remaining: 4 }));
        assert_eq!(engine.send_data("defgh"), Err(SendError::FrameOverrun { remaining: 4 }));
        assert_eq!(engine.send_data("defg").unwrap(), 0);
        assert_eq!(engine.send_data("h"), Err(SendError::NoFrame));
        engine.begin_frame(0, Fin::Last).unwrap();
        let expected =
            [wire(0x02, b"abcdefg"), wire(0x89, b"mine"), wire(0x8a, b"2"), wire(0x80, b"")].concat();
        assert_eq!(sent(&mut engine), expected, "{role:?}");
    }
}

#[test]
fn frames_may_be_announced_up_to_the_longest_length_there_is() {
    let mut config = quiet();
    config.limits.max_message_len = u64::MAX;
    let mut server = streaming(Role::Server, config);
    server.begin_message(MessageKind::Binary).unwrap();
    assert_eq!(server.begin_frame(1 << 63, Fin::Last), Err(SendError::FrameTooLong));
    server.begin_frame((1 << 63) - 1, Fin::Last).unwrap();
    assert_eq!(sent(&mut server), [0x82, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(server.send_data("x").unwrap(), (1 << 63) - 2);
}

#[test]
fn the_longest_frame_there_is_can_be_received_in_parts() {
    let mut config = quiet();
    config.limits.max_frame_len = u64::MAX;
    config.limits.max_message_len = u64::MAX;
    let mut client = streaming(Role::Client, config);
    let header = [0x82, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, b'x'];
    let events = receive(&mut client, &header, at(0));
    let [Event::Data(chunk)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((chunk.frame_len(), chunk.ends_frame()), ((1 << 63) - 1, false));
}

#[test]
fn pings_wait_in_limited_number() {
    let mut server = streaming(Role::Server, quiet());
    server.begin_message(MessageKind::Binary).unwrap();
    server.begin_frame(1, Fin::Last).unwrap();
    let refused = (0..100).find(|_| server.ping("p").is_err());
    assert_eq!(refused, Some(16));
    assert_eq!(server.ping(vec![0; 126]), Err(SendError::ControlTooLong));
}

#[test]
fn unsolicited_pongs_can_be_sent() {
    let mut server = messages(Role::Server, quiet());
    server.pong("hi").unwrap();
    assert_eq!(sent(&mut server), unmasked(0x8a, b"hi"));
    assert_eq!(server.pong(vec![0; 126]), Err(SendError::ControlTooLong));
}

#[test]
fn traffic_is_counted_on_the_wire_and_as_payload() {
    let mut server = messages(Role::Server, quiet());
    let input = [masked(0x01, b"ab"), masked(0x89, b"ping"), masked(0x80, b"cde")].concat();
    let events = run(&mut server, &input, Feed::Whole);
    assert!(events.contains(&MessageEvent::Message(Message::text("abcde"))));
    server.send(Message::text("reply")).unwrap();
    let stats = server.streaming().stats();
    assert_eq!(stats.incoming.wire_octets, input.len() as u64);
    assert_eq!((stats.incoming.websocket_octets, stats.incoming.app_octets), (5, 5));
    assert_eq!((stats.incoming.frames, stats.incoming.messages), (2, 1));
    assert_eq!((stats.outgoing.frames, stats.outgoing.messages, stats.outgoing.app_octets), (1, 1, 5));
    assert_eq!(stats.outgoing.wire_octets, 6 + 7);
}

#[test]
fn the_opening_handshake_is_counted_apart() {
    let (client, server) = handshake();
    let (client, server) = (client.streaming().stats(), server.streaming().stats());
    assert!(client.outgoing.opening_octets > 100);
    assert_eq!(client.outgoing.opening_octets, server.incoming.opening_octets);
    assert_eq!(server.outgoing.opening_octets, client.incoming.opening_octets);
    assert_eq!((client.incoming.wire_octets, client.outgoing.wire_octets), (0, 0));
    assert_eq!((server.incoming.wire_octets, server.outgoing.wire_octets), (0, 0));
}
