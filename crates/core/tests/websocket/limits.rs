//! Everything a peer can make grow has a limit.

use wirebahn_core::websocket::{Message, MessageEvent, Role, SendError, Violation};
use wirebahn_core::{Engine, Transport};

use crate::common::*;

#[test]
fn a_frame_over_the_limit_is_refused_by_its_header() {
    let mut config = quiet();
    config.limits.max_frame_len = 10;
    for feed in FEEDS {
        let mut server = messages(Role::Server, config.clone());
        let input = [masked(0x82, &[7; 10]), masked(0x82, &[7; 11])].concat();
        let events = run(&mut server, &input, feed);
        assert_eq!(events, [MessageEvent::Message(Message::binary(vec![7; 10]))]);
        assert_failed(&mut server, Violation::FrameTooLong { len: 11, limit: 10 });
    }
}

#[test]
fn a_message_over_the_limit_is_refused_by_the_header_that_exceeds_it() {
    let mut config = quiet();
    config.limits.max_message_len = 10;
    for feed in FEEDS {
        let mut server = messages(Role::Server, config.clone());
        let input = [masked(0x02, &[7; 6]), masked(0x00, &[7; 4]), masked(0x80, &[7; 1])].concat();
        assert_eq!(run(&mut server, &input, feed), []);
        assert_failed(&mut server, Violation::MessageTooLong { limit: 10 });
    }
}

#[test]
fn many_small_fragments_are_a_message_and_many_empty_ones_are_not() {
    let mut config = quiet();
    config.limits.fragments.allowance = 100;
    config.limits.fragments.min_average_len = 4;
    let mut server = messages(Role::Server, config.clone());
    let mut input = masked(0x02, b"four");
    for _ in 0..1000 {
        input.extend(masked(0x00, b"four"));
    }
    input.extend(masked(0x80, b""));
    let events = run(&mut server, &input, Feed::Whole);
    assert!(matches!(events.as_slice(), [MessageEvent::Message(message)] if message.len() == 4004));

    let mut server = messages(Role::Server, config);
    let mut input = masked(0x02, b"");
    for _ in 0..1000 {
        input.extend(masked(0x00, b""));
    }
    assert_eq!(run(&mut server, &input, Feed::Whole), []);
    assert_failed(&mut server, Violation::FragmentsTooMany);
}

#[test]
fn a_peer_that_floods_pings_and_never_reads_gets_a_bounded_outbox() {
    let mut config = quiet();
    config.limits.outbox_high_water = 1000;
    let mut server = messages(Role::Server, config);
    let ping = masked(0x89, &[1; 125]);
    for _ in 0..10_000 {
        receive(&mut server, &ping, at(0));
    }
    receive(&mut server, &masked(0x89, b"last"), at(0));
    assert!(server.outbox().len() < 1000 + 127);
    let first = sent(&mut server);
    assert!(first.starts_with(&[0x8a, 125]));
    assert_eq!(
        sent(&mut server),
        unmasked(0x8a, b"last"),
        "the most recent ping is answered once there is room"
    );
}

#[test]
fn nothing_more_is_taken_in_while_an_event_waits() {
    let mut server = messages(Role::Server, quiet());
    let one = masked(0x81, b"message");
    for _ in 0..100 {
        server.recv_buf().extend_from_slice(&one);
    }
    server.handle_recv(at(0));
    for _ in 0..2 {
        assert_eq!(server.transport(), Transport::Paused);
        assert_eq!(server.streaming().stats().incoming.messages, 1);
        assert!(server.recv_buf().ends_with(&one.repeat(99)), "the others are still masked");
        server.handle_recv(at(0));
    }
    assert_eq!(drain(&mut server).len(), 100);
    assert_eq!(server.transport(), Transport::Open);
}

#[test]
fn sending_waits_for_room_in_the_outbox() {
    let mut config = quiet();
    config.limits.outbox_high_water = 100;
    let mut server = messages(Role::Server, config);
    server.send(Message::binary(vec![0; 200])).unwrap();
    let waiting = server.outbox().len();
    assert_eq!(server.send(Message::text("more")), Err(SendError::NotReady));
    assert_eq!(server.ping("more"), Err(SendError::NotReady));
    assert_eq!(server.outbox().len(), waiting);
    server.outbox().advance(waiting);
    server.send(Message::text("more")).unwrap();
}

#[test]
fn a_message_that_is_too_long_to_send_changes_nothing() {
    let mut config = quiet();
    config.limits.max_message_len = 3;
    let mut server = messages(Role::Server, config);
    assert_eq!(server.send(Message::text("four")), Err(SendError::MessageTooLong { limit: 3 }));
    assert_eq!(server.send_fragmented(Message::text("four"), 2), Err(SendError::MessageTooLong { limit: 3 }));
    assert!(server.outbox().is_empty());
    server.send(Message::text("abc")).unwrap();
}

#[test]
fn a_hint_tells_how_much_of_a_frame_is_missing() {
    let mut server = messages(Role::Server, quiet());
    let frame = masked(0x82, &[0; 1000]);
    receive(&mut server, &frame[..8 + 400], at(0));
    assert_eq!(server.recv_hint(), 600);
    receive(&mut server, &frame[8 + 400..], at(0));
    assert_eq!(server.recv_hint(), 0);
}
