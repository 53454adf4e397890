//! RFC 6455 8.1: text is checked as it arrives.

use wirebahn_core::websocket::{Event, Message, MessageEvent, Role, Utf8Check, Violation};
use wirebahn_core::{Engine, Transport};

use crate::common::*;

#[test]
fn text_fails_at_the_first_bad_byte_of_an_unfinished_frame() {
    let mut server = messages(Role::Server, quiet());
    let mut frame = vec![0x81, 0xfe, 0x13, 0x88];
    frame.extend(KEY);
    frame.push(0xff ^ KEY[0]);
    assert!(receive(&mut server, &frame, at(0)).is_empty());
    assert_failed(&mut server, Violation::TextNotUtf8 { valid_up_to: 0 });
}

#[test]
fn the_place_of_the_bad_byte_does_not_depend_on_how_it_arrives() {
    let mut text =
        "κόσμε, and some more so that the vectorised check has something to do. ".repeat(3).into_bytes();
    let valid = text.len();
    text.extend(b"\xed\xa0\x80edited");
    let violation = Violation::TextNotUtf8 { valid_up_to: valid as u64 + 1 };
    for feed in FEEDS {
        let mut server = messages(Role::Server, quiet());
        assert_eq!(run(&mut server, &masked(0x81, &text), feed), []);
        assert_failed(&mut server, violation);
    }
}

#[test]
fn the_streaming_layer_delivers_the_valid_part_before_it_fails() {
    let text = b"good\xffbad";
    let mut reference = None;
    for feed in FEEDS {
        let mut server = streaming(Role::Server, quiet());
        let events = joined(run(&mut server, &masked(0x81, text), feed));
        let [Event::Data(chunk)] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!(chunk.payload().as_ref(), b"good");
        assert_eq!(*reference.get_or_insert_with(|| events.clone()), events, "{feed:?}");
        assert_failed(&mut server, Violation::TextNotUtf8 { valid_up_to: 4 });
    }
}

#[test]
fn characters_may_be_cut_between_fragments() {
    let text = "日本語 🙂".as_bytes();
    for cut in 0..=text.len() {
        let input = [masked(0x01, &text[..cut]), masked(0x80, &text[cut..])].concat();
        for feed in [Feed::Whole, Feed::ByteByByte] {
            let mut server = messages(Role::Server, quiet());
            assert_eq!(run(&mut server, &input, feed), [MessageEvent::Message(Message::text("日本語 🙂"))]);
        }
    }
}

#[test]
fn a_message_that_ends_inside_a_character_is_refused() {
    for input in [
        masked(0x81, b"half \xe2\x82"),
        [masked(0x01, b"half \xe2\x82"), masked(0x80, b"")].concat(),
        [masked(0x01, b"half \xe2"), masked(0x80, b"\x82")].concat(),
    ] {
        for feed in FEEDS {
            let mut server = messages(Role::Server, quiet());
            assert_eq!(run(&mut server, &input, feed), []);
            assert_failed(&mut server, Violation::TextNotUtf8 { valid_up_to: 7 });
        }
    }
}

#[test]
fn the_next_message_starts_with_a_clean_check() {
    let input =
        [masked(0x81, "ü".as_bytes()), masked(0x82, b"\xff\xfe"), masked(0x81, "é".as_bytes())].concat();
    for feed in [Feed::Whole, Feed::ByteByByte] {
        let mut server = messages(Role::Server, quiet());
        assert_eq!(run(&mut server, &input, feed).len(), 3);
        assert_eq!(server.transport(), Transport::Open);
    }
}

#[test]
fn without_the_check_invalid_text_arrives_and_says_that_it_is_none() {
    let mut config = quiet();
    config.utf8 = Utf8Check::Off;
    let mut server = messages(Role::Server, config);
    let events = run(&mut server, &masked(0x81, b"\xff"), Feed::Whole);
    let [MessageEvent::Message(message)] = events.as_slice() else { panic!("{events:?}") };
    assert!(message.is_text());
    assert_eq!(message.as_text(), None);
}
