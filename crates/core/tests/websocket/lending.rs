//! Messages handed over where they lie.

use wirebahn_core::websocket::{CloseCode, Message, MessageEvent, Role, SendError, Violation};
use wirebahn_core::{Engine, Transport};

use crate::common::*;

/// Everything `input` makes a server say, short messages lent, and how many were.
fn lent(server: &mut wirebahn_core::websocket::Messages, input: &[u8]) -> (Vec<MessageEvent>, usize) {
    server.recv_buf().extend_from_slice(input);
    let (mut events, mut lent) = (Vec::new(), 0);
    loop {
        if let Some(message) = server.with_message(|message, _| message.to_message()) {
            events.push(MessageEvent::Message(message));
            lent += 1;
        } else if let Some(event) = server.poll_event() {
            events.push(event);
        } else {
            return (events, lent);
        }
    }
}

/// Bytes arrive, and nobody takes what they bring.
fn arrive(server: &mut wirebahn_core::websocket::Messages, bytes: &[u8]) {
    server.recv_buf().extend_from_slice(bytes);
    server.handle_recv(at(0));
}

#[test]
fn short_messages_are_lent_and_everything_else_comes_as_events_in_order() {
    let input = [
        masked(0x81, "kurz, grüß".as_bytes()),
        masked(0x82, &[1; 300]),
        masked(0x89, b"ping"),
        masked(0x01, b"frag"),
        masked(0x80, b"mented"),
        masked(0x82, &vec![2; 70_000]),
        masked(0x81, b""),
    ]
    .concat();
    let expected = run(&mut messages(Role::Server, quiet()), &input, Feed::Whole);
    let mut server = messages(Role::Server, quiet());
    let (events, lent) = lent(&mut server, &input);
    assert_eq!(events, expected);
    assert_eq!(lent, 3);
    let stats = server.streaming().stats();
    assert_eq!((stats.incoming.messages, stats.incoming.frames), (5, 6));
}

#[test]
fn a_lent_message_is_forwarded_as_it_is() {
    let mut server = messages(Role::Server, quiet());
    server.recv_buf().extend_from_slice(&[masked(0x81, b"one"), masked(0x82, &[7; 500])].concat());
    while server.with_message(|message, replies| replies.forward(message)).is_some() {}
    assert_eq!(sent(&mut server), [unmasked(0x81, b"one"), unmasked(0x82, &[7; 500])].concat());
    let mut client = messages(Role::Client, quiet());
    client.recv_buf().extend_from_slice(&unmasked(0x81, b"one"));
    client.with_message(|message, replies| replies.forward(message)).unwrap().unwrap();
    assert_eq!(sent(&mut client), masked(0x81, b"one"));
}

#[test]
fn nothing_is_lent_while_there_is_no_room_for_answers() {
    let mut config = quiet();
    config.limits.outbox_high_water = 10;
    let mut server = messages(Role::Server, config);
    server.recv_buf().extend_from_slice(&masked(0x81, b"long enough").repeat(100));
    while server.with_message(|message, replies| replies.forward(message)).is_some() {}
    assert_eq!(server.outbox().len(), 13);
    sent(&mut server);
    assert!(server.with_message(|_, _| ()).is_some());
}

#[test]
fn text_that_is_not_utf8_is_not_lent_but_refused() {
    let mut server = messages(Role::Server, quiet());
    let (events, _) = lent(&mut server, &[masked(0x81, b"good"), masked(0x81, b"bad \xff")].concat());
    assert_eq!(events, [MessageEvent::Message(Message::text("good"))]);
    assert_failed(&mut server, Violation::TextNotUtf8 { valid_up_to: 4 });
}

#[test]
fn no_answer_is_taken_once_our_close_was_sent() {
    let mut server = messages(Role::Server, quiet());
    server.close(CloseCode::NORMAL, "", at(0)).unwrap();
    sent(&mut server);
    server.recv_buf().extend_from_slice(&masked(0x81, b"on its way"));
    let answer = server.with_message(|message, replies| (replies.forward(message), replies.send("no")));
    assert_eq!(answer, Some((Err(SendError::Closed), Err(SendError::Closed))));
    assert!(sent(&mut server).is_empty());
    assert_eq!(server.transport(), Transport::Open);
}

#[test]
fn a_message_that_waits_as_an_event_can_be_lent_or_taken_but_comes_once() {
    for lend in [true, false] {
        let mut server = messages(Role::Server, quiet());
        arrive(&mut server, &[masked(0x81, b"one"), masked(0x82, &[2; 300])].concat());
        assert_eq!(server.transport(), Transport::Paused);
        let first = if lend {
            server.with_message(|message, _| message.to_message())
        } else {
            let Some(MessageEvent::Message(message)) = server.poll_event() else { panic!("no message") };
            Some(message)
        };
        assert_eq!(first, Some(Message::text("one")));
        assert_eq!(drain(&mut server), [MessageEvent::Message(Message::binary(vec![2; 300]))]);
        assert_eq!(server.with_message(|_, _| ()), None);
        assert_eq!(server.streaming().stats().incoming.messages, 2);
        assert_eq!(server.transport(), Transport::Open);
    }
}

#[test]
fn a_message_that_waits_outlives_the_end_of_the_connection() {
    let mut server = messages(Role::Server, quiet());
    arrive(&mut server, &masked(0x81, b"last words"));
    server.abort();
    assert_eq!(server.transport(), Transport::Close);
    assert_eq!(server.poll_event(), Some(MessageEvent::Message(Message::text("last words"))));
    assert!(matches!(server.poll_event(), Some(MessageEvent::Closed(_))));
    assert_eq!(server.poll_event(), None);
}

#[test]
fn bytes_that_follow_a_message_that_waits_are_kept() {
    let mut server = messages(Role::Server, quiet());
    let two = masked(0x81, b"two");
    arrive(&mut server, &[&masked(0x81, b"one")[..], &two[..3]].concat());
    arrive(&mut server, &two[3..]);
    assert_eq!(server.with_message(|message, _| message.to_message()), Some(Message::text("one")));
    assert_eq!(drain(&mut server), [MessageEvent::Message(Message::text("two"))]);
}
