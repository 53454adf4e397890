//! RFC 6455 7: every way to the end.

use wirebahn_core::websocket::{
    Cause, CloseCode, CloseReply, Fin, Message, MessageEvent, MessageKind, OnViolation, Role, SendError,
    TimerKind, Violation,
};
use wirebahn_core::{Engine, Transport};

use crate::common::*;

fn close_frame(code: u16, reason: &str) -> Vec<u8> {
    [&code.to_be_bytes(), reason.as_bytes()].concat()
}

#[test]
fn a_server_answers_a_close_with_its_code_and_reason_and_closes_first() {
    let mut server = messages(Role::Server, quiet());
    let closed =
        receive(&mut server, &masked(0x88, &close_frame(3000, "bye")), at(0)).pop().unwrap().into_closed();
    assert_eq!(server.transport(), Transport::Close);
    assert_eq!(sent(&mut server), unmasked(0x88, &close_frame(3000, "bye")));
    assert_eq!(server.send(Message::text("late")), Err(SendError::Closed));
    server.handle_eof(at(1));
    assert!(closed.clean);
    assert_eq!((closed.code.get(), closed.reason.as_str(), closed.cause), (3000, "bye", Cause::ClosedByPeer));
    assert_over(&mut server);
}

#[test]
fn a_close_can_be_answered_with_a_normal_one() {
    let mut config = quiet();
    config.close.reply = CloseReply::Normal;
    let mut server = messages(Role::Server, config);
    receive(&mut server, &masked(0x88, &close_frame(3000, "bye")), at(0));
    assert_eq!(sent(&mut server), unmasked(0x88, &close_frame(1000, "")));
}

#[test]
fn a_close_without_a_code_is_answered_without_one() {
    let mut server = messages(Role::Server, quiet());
    let closed = receive(&mut server, &masked(0x88, b""), at(0)).pop().unwrap().into_closed();
    assert_eq!(sent(&mut server), unmasked(0x88, b""));
    assert!(closed.clean);
    assert_eq!(closed.code, CloseCode::NO_STATUS);
}

#[test]
fn a_client_waits_for_the_server_to_close_the_transport() {
    let mut client = messages(Role::Client, quiet());
    client.close(CloseCode::NORMAL, "done", at(0)).unwrap();
    assert_eq!(client.close(CloseCode::NORMAL, "", at(0)), Err(SendError::Closed));
    assert_eq!(sent(&mut client), masked(0x88, &close_frame(1000, "done")));
    assert_eq!(client.transport(), Transport::Open);
    let events = receive(&mut client, &unmasked(0x81, b"still on its way"), at(1));
    assert_eq!(events, [MessageEvent::Message(Message::text("still on its way"))]);
    receive(&mut client, &unmasked(0x88, &close_frame(1000, "done")), at(2));
    assert_eq!(client.transport(), Transport::Open);
    client.handle_eof(at(3));
    let closed = drain(&mut client).pop().unwrap().into_closed();
    assert!(closed.clean);
    assert_eq!(closed.cause, Cause::ClosedByUs);
    assert_over(&mut client);
}

#[test]
fn a_client_drops_a_server_that_does_not_close_the_transport() {
    let mut client = messages(Role::Client, quiet());
    receive(&mut client, &unmasked(0x88, &close_frame(1001, "")), at(0));
    assert_eq!(client.poll_timeout(), Some(at(1000)));
    client.handle_timeout(at(1000));
    let closed = drain(&mut client).pop().unwrap().into_closed();
    assert!(closed.clean);
    assert_eq!(closed.cause, Cause::TimedOut(TimerKind::ServerDrop));
    assert_over(&mut client);
}

#[test]
fn a_peer_that_does_not_answer_a_close_is_dropped() {
    for role in [Role::Client, Role::Server] {
        let mut engine = messages(role, quiet());
        engine.close(CloseCode::GOING_AWAY, "", at(10)).unwrap();
        assert_eq!(engine.poll_timeout(), Some(at(5010)));
        engine.handle_timeout(at(5009));
        assert_eq!(engine.transport(), Transport::Open);
        engine.handle_timeout(at(5010));
        let closed = drain(&mut engine).pop().unwrap().into_closed();
        assert_eq!((closed.clean, closed.code), (false, CloseCode::ABNORMAL));
        assert_eq!(closed.cause, Cause::TimedOut(TimerKind::CloseHandshake));
        assert_over(&mut engine);
    }
}

#[test]
fn the_end_of_the_transport_without_a_close_is_unclean() {
    for feed in [Feed::Whole, Feed::ByteByByte] {
        let mut server = messages(Role::Server, quiet());
        run(&mut server, &masked(0x81, b"half")[..7], feed);
        server.handle_eof(at(0));
        let closed = drain(&mut server).pop().unwrap().into_closed();
        assert_eq!(
            (closed.clean, closed.code, closed.cause),
            (false, CloseCode::ABNORMAL, Cause::TransportLost)
        );
        assert_over(&mut server);
    }
}

#[test]
fn what_was_received_before_the_end_still_counts() {
    let mut server = messages(Role::Server, quiet());
    let input = [masked(0x81, b"one"), masked(0x81, b"two"), masked(0x88, &close_frame(1000, ""))].concat();
    server.recv_buf().extend_from_slice(&input);
    server.handle_recv(at(0));
    server.handle_eof(at(0));
    server.handle_eof(at(0));
    assert_eq!(server.transport(), Transport::Paused);
    let events = drain(&mut server);
    let [MessageEvent::Message(_), MessageEvent::Message(_), MessageEvent::Closed(closed)] =
        events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert!(closed.clean);
    assert_eq!(
        sent(&mut server),
        unmasked(0x88, &close_frame(1000, "")),
        "the answer is still worth writing"
    );
}

#[test]
fn a_server_reads_on_behind_a_close_so_that_its_answer_is_not_lost_in_a_reset() {
    let mut server = messages(Role::Server, quiet());
    let input = [masked(0x88, &close_frame(1000, "")), masked(0x81, b"late"), vec![0xff; 100]].concat();
    assert_eq!(run(&mut server, &input, Feed::Whole), []);
    assert_eq!(sent(&mut server), unmasked(0x88, &close_frame(1000, "")));
    assert!(server.recv_buf().is_empty());
    assert_eq!(server.transport(), Transport::Finish);
    assert_eq!(server.poll_timeout(), Some(at(1000)));
    assert_eq!(receive(&mut server, &masked(0x81, b"later"), at(1)), []);
    server.handle_timeout(at(1000));
    let closed = drain(&mut server).pop().unwrap().into_closed();
    assert!(closed.clean);
    assert_eq!(closed.cause, Cause::ClosedByPeer);
    assert_over(&mut server);
}

#[test]
fn a_close_inside_a_fragmented_message_is_a_close() {
    let mut server = messages(Role::Server, quiet());
    let events = run(
        &mut server,
        &[masked(0x01, b"half"), masked(0x88, &close_frame(1000, ""))].concat(),
        Feed::Whole,
    );
    assert_eq!(sent(&mut server), unmasked(0x88, &close_frame(1000, "")));
    let [MessageEvent::Closed(closed)] = events.as_slice() else { panic!("{events:?}") };
    assert!(closed.clean);
}

#[test]
fn a_violation_can_be_met_by_dropping_the_connection() {
    let mut config = quiet();
    config.close.on_violation = OnViolation::Drop;
    let mut server = messages(Role::Server, config);
    server.send(Message::text("unsent")).unwrap();
    run(&mut server, &[0xf1], Feed::Whole);
    assert_eq!(server.transport(), Transport::Close);
    assert!(sent(&mut server).is_empty());
}

#[test]
fn a_peer_that_does_not_end_the_transport_after_a_violation_is_dropped() {
    let mut server = messages(Role::Server, quiet());
    receive(&mut server, &[0xf1], at(100));
    assert_eq!(server.poll_timeout(), Some(at(5100)));
    server.handle_timeout(at(5100));
    let closed = drain(&mut server).pop().unwrap().into_closed();
    assert_eq!(closed.cause, Cause::Violation(Violation::ReservedBits(0b111)));
    assert_over(&mut server);
}

#[test]
fn a_close_waits_for_the_frame_that_is_being_streamed() {
    let mut server = streaming(Role::Server, quiet());
    server.begin_message(MessageKind::Binary).unwrap();
    server.begin_frame(4, Fin::More).unwrap();
    server.send_data("ab").unwrap();
    receive(&mut server, &masked(0x88, &close_frame(1000, "")), at(0));
    assert_eq!(server.transport(), Transport::Open, "the frame may still be finished");
    server.send_data("cd").unwrap();
    assert_eq!(server.begin_frame(1, Fin::Last), Err(SendError::Closed));
    let expected = [unmasked(0x02, b"abcd"), unmasked(0x88, &close_frame(1000, ""))].concat();
    assert_eq!(sent(&mut server), expected);
    assert_eq!(server.transport(), Transport::Finish);
}

#[test]
fn a_violation_inside_a_frame_of_ours_ends_the_connection_without_a_close_frame() {
    let mut server = streaming(Role::Server, quiet());
    server.begin_message(MessageKind::Binary).unwrap();
    server.begin_frame(4, Fin::More).unwrap();
    receive(&mut server, &[0xf1], at(0));
    assert_eq!(server.transport(), Transport::Finish);
    assert_eq!(sent(&mut server), [0x02, 4]);
}

#[test]
fn both_ends_may_close_at_once() {
    let mut server = messages(Role::Server, quiet());
    server.close(CloseCode::new(4000), "s", at(0)).unwrap();
    let closed =
        receive(&mut server, &masked(0x88, &close_frame(4001, "c")), at(0)).pop().unwrap().into_closed();
    assert_eq!(sent(&mut server), unmasked(0x88, &close_frame(4000, "s")), "one Close frame, not two");
    assert!(closed.clean);
    assert_eq!((closed.code.get(), closed.cause), (4001, Cause::ClosedByUs));
}

#[test]
fn codes_and_reasons_that_must_not_be_sent_are_refused() {
    let mut server = messages(Role::Server, quiet());
    for code in [0, 999, 1004, 1006, 1015, 2000, 5000] {
        let code = CloseCode::new(code);
        assert_eq!(server.close(code, "", at(0)), Err(SendError::CloseCodeForbidden(code)));
    }
    assert_eq!(
        server.close(CloseCode::NO_STATUS, "why", at(0)),
        Err(SendError::CloseCodeForbidden(CloseCode::NO_STATUS))
    );
    assert_eq!(server.close(CloseCode::NORMAL, &"x".repeat(124), at(0)), Err(SendError::CloseReasonTooLong));
    assert!(server.streaming().is_open());
    server.close(CloseCode::NORMAL, &"x".repeat(123), at(0)).unwrap();
}

#[test]
fn an_aborted_connection_is_over_at_once() {
    let mut server = messages(Role::Server, quiet());
    server.send(Message::text("lost")).unwrap();
    server.abort();
    server.abort();
    assert!(sent(&mut server).is_empty());
    let closed = drain(&mut server).pop().unwrap().into_closed();
    assert_eq!((closed.clean, closed.cause), (false, Cause::Aborted));
    assert_over(&mut server);
    server.handle_eof(at(0));
    server.handle_timeout(at(100_000));
    receive(&mut server, &masked(0x81, b"late"), at(0));
    assert_over(&mut server);
}

#[test]
fn a_pong_that_waits_for_room_is_lost_with_the_frame_that_an_abort_cuts_off() {
    let mut config = quiet();
    config.limits.outbox_high_water = 1;
    let mut server = messages(Role::Server, config);
    server.send(Message::text("half of this is written")).unwrap();
    receive(&mut server, &masked(0x89, b"held back"), at(0));
    server.outbox().advance(10);
    server.abort();
    assert!(sent(&mut server).is_empty());
}

#[test]
fn no_ping_is_answered_once_our_close_was_sent() {
    let mut server = messages(Role::Server, quiet());
    server.close(CloseCode::NORMAL, "", at(0)).unwrap();
    sent(&mut server);
    receive(&mut server, &masked(0x89, b"?"), at(0));
    assert!(sent(&mut server).is_empty(), "RFC 6455 5.5.1: no frames after a Close frame");
}
