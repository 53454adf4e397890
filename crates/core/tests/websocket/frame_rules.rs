//! RFC 6455 5: what is refused, and that it is refused however it arrives.

use wirebahn_core::Engine;
use wirebahn_core::websocket::{CloseCode, Message, MessageEvent, Role, Violation};

use crate::common::*;

/// Every violation that frames can commit, as a client commits it.
fn violations() -> Vec<(Vec<u8>, Violation)> {
    let key = KEY.as_slice();
    vec![
        (vec![0x91, 0x80], Violation::ReservedBits(0b001)),
        (vec![0xc1, 0x80], Violation::ReservedBits(0b100)),
        (vec![0xf1, 0x80], Violation::ReservedBits(0b111)),
        (vec![0xc9, 0x80], Violation::ReservedBits(0b100)),
        (vec![0x83, 0x80], Violation::OpcodeReserved(3)),
        (vec![0x87, 0x80], Violation::OpcodeReserved(7)),
        (vec![0x8b, 0x80], Violation::OpcodeReserved(11)),
        (vec![0x8f, 0x80], Violation::OpcodeReserved(15)),
        (unmasked(0x81, b"plain"), Violation::MaskMissing),
        (unmasked(0x89, b""), Violation::MaskMissing),
        (masked(0x09, b"half"), Violation::ControlFragmented),
        (masked(0x0a, b""), Violation::ControlFragmented),
        (masked(0x08, b""), Violation::ControlFragmented),
        (masked(0x89, &[0; 126]), Violation::ControlTooLong),
        (masked(0x88, &[0; 126]), Violation::ControlTooLong),
        ([&[0x82, 0xfe, 0, 125], key].concat(), Violation::LengthNotMinimal),
        ([&[0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff], key].concat(), Violation::LengthNotMinimal),
        ([&[0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0], key].concat(), Violation::LengthOverflow),
        (
            [&[0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], key].concat(),
            Violation::FrameTooLong { len: (1 << 63) - 1, limit: 16 << 20 },
        ),
        (masked(0x80, b"lost"), Violation::ContinuationUnexpected),
        (masked(0x00, b"lost"), Violation::ContinuationUnexpected),
        ([masked(0x01, b"first"), masked(0x81, b"second")].concat(), Violation::ContinuationMissing),
        ([masked(0x02, b"first"), masked(0x02, b"second")].concat(), Violation::ContinuationMissing),
        (masked(0x88, &[3]), Violation::CloseTruncated),
        (masked(0x88, &999_u16.to_be_bytes()), Violation::CloseCodeInvalid(CloseCode::new(999))),
        (masked(0x88, &1005_u16.to_be_bytes()), Violation::CloseCodeInvalid(CloseCode::NO_STATUS)),
        (masked(0x88, &1006_u16.to_be_bytes()), Violation::CloseCodeInvalid(CloseCode::ABNORMAL)),
        (masked(0x88, &1015_u16.to_be_bytes()), Violation::CloseCodeInvalid(CloseCode::TLS_HANDSHAKE)),
        (masked(0x88, &2999_u16.to_be_bytes()), Violation::CloseCodeInvalid(CloseCode::new(2999))),
        (masked(0x88, b"\x03\xe8\xff"), Violation::CloseReasonNotUtf8),
        (masked(0x88, b"\x03\xe8half \xe2\x82"), Violation::CloseReasonNotUtf8),
    ]
}

#[test]
fn every_violation_is_refused_with_its_code_however_it_arrives() {
    for (input, violation) in violations() {
        for feed in FEEDS {
            let mut server = messages(Role::Server, quiet());
            let events = run(&mut server, &input, feed);
            assert_eq!(events, [], "{violation:?} {feed:?}");
            assert_failed(&mut server, violation);
        }
    }
}

#[test]
fn every_violation_is_refused_by_the_lower_layers_too() {
    for (input, violation) in violations() {
        for feed in FEEDS {
            let mut server = frames(Role::Server, quiet());
            run(&mut server, &input, feed);
            assert_failed(&mut server, violation);
            let mut server = streaming(Role::Server, quiet());
            run(&mut server, &input, feed);
            assert_failed(&mut server, violation);
        }
    }
}

#[test]
fn a_violation_is_found_with_the_byte_that_commits_it() {
    for (input, violation) in violations() {
        let mut server = messages(Role::Server, quiet());
        let needed = (1..=input.len())
            .find(|&len| {
                run(&mut server, &input[len - 1..len], Feed::Whole);
                server.transport() == wirebahn_core::Transport::Finish
            })
            .unwrap();
        let expected = match violation {
            Violation::ReservedBits(_) | Violation::OpcodeReserved(_) | Violation::ControlFragmented => 1,
            Violation::MaskMissing | Violation::ControlTooLong => 2,
            Violation::LengthNotMinimal | Violation::LengthOverflow | Violation::FrameTooLong { .. } => {
                input.len() - KEY.len()
            }
            _ => continue,
        };
        assert_eq!(needed, expected, "{violation:?}");
    }
}

#[test]
fn a_masked_frame_from_a_server_is_refused() {
    for feed in FEEDS {
        let mut client = messages(Role::Client, quiet());
        run(&mut client, &masked(0x81, b"no"), feed);
        let close = sent(&mut client);
        assert_eq!(close[..2], [0x88, 0x82]);
        client.handle_eof(at(0));
        let closed = drain(&mut client).pop().unwrap().into_closed();
        assert_eq!(closed.cause, wirebahn_core::websocket::Cause::Violation(Violation::MaskForbidden));
    }
}

#[test]
fn messages_of_every_length_class_arrive_however_they_are_cut() {
    for len in [0, 1, 7, 8, 9, 125, 126, 127, 65_535, 65_536, 70_001] {
        let payload: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
        for feed in [Feed::Whole, Feed::ByteByByte] {
            let mut server = messages(Role::Server, quiet());
            let events = run(&mut server, &masked(0x82, &payload), feed);
            assert_eq!(events, [MessageEvent::Message(Message::binary(payload.clone()))], "{len} {feed:?}");
        }
    }
}

#[test]
fn a_fragmented_message_is_joined_around_control_frames() {
    let input = [
        masked(0x01, b"He"),
        masked(0x89, b"are you there"),
        masked(0x00, b"ll"),
        masked(0x8a, b""),
        masked(0x80, b"o"),
        masked(0x81, b"next"),
    ]
    .concat();
    for feed in [Feed::Whole, Feed::ByteByByte] {
        let mut server = messages(Role::Server, quiet());
        let events = run(&mut server, &input, feed);
        let [
            MessageEvent::Ping(ping),
            MessageEvent::Pong(_),
            MessageEvent::Message(hello),
            MessageEvent::Message(next),
        ] = events.as_slice()
        else {
            panic!("{events:?}")
        };
        assert_eq!(ping, "are you there");
        assert_eq!((hello.as_text(), next.as_text()), (Some("Hello"), Some("next")));
        assert_eq!(sent(&mut server), unmasked(0x8a, b"are you there"));
    }
}

#[test]
fn the_frames_layer_delivers_whole_frames_with_their_place() {
    let input = [masked(0x02, b"abc"), masked(0x00, b""), masked(0x80, b"de")].concat();
    for feed in [Feed::Whole, Feed::ByteByByte] {
        let mut server = frames(Role::Server, quiet());
        let places: Vec<_> = run(&mut server, &input, feed)
            .into_iter()
            .map(|event| match event {
                wirebahn_core::websocket::Event::Data(chunk) => (
                    chunk.payload().to_vec(),
                    chunk.starts_message(),
                    chunk.starts_frame() && chunk.ends_frame(),
                    chunk.ends_message(),
                ),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            places,
            [
                (b"abc".to_vec(), true, true, false),
                (vec![], false, true, false),
                (b"de".to_vec(), false, true, true)
            ]
        );
    }
}

#[test]
fn the_streaming_layer_delivers_payload_before_its_frame_is_complete() {
    let mut server = streaming(Role::Server, quiet());
    let frame = masked(0x82, b"a long frame");
    let events = receive(&mut server, &frame[..9], at(0));
    let [wirebahn_core::websocket::Event::Data(chunk)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((chunk.payload().as_ref(), chunk.frame_len()), (b"a l".as_slice(), 12));
    assert!(chunk.starts_message() && chunk.starts_frame() && !chunk.ends_frame());
}

#[test]
fn lenient_masking_accepts_both_forms() {
    let mut config = quiet();
    config.mask.receive = wirebahn_core::websocket::MaskReceive::Any;
    let mut server = messages(Role::Server, config);
    let events = run(&mut server, &[unmasked(0x81, b"a"), masked(0x81, b"a")].concat(), Feed::Whole);
    assert_eq!(events, vec![MessageEvent::Message(Message::text("a")); 2]);
}
