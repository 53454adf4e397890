//! Keepalive and idle timeout on made-up time.

use core::time::Duration;

use wirebahn_core::websocket::{Cause, Config, Fin, Message, MessageEvent, MessageKind, Role, TimerKind};
use wirebahn_core::{Engine, Transport};

use crate::common::*;

/// Pings after 20 s of silence, gives up 10 s after a ping.
fn config() -> Config {
    let mut config = Config::default();
    config.keepalive.as_mut().unwrap().timeout = Some(Duration::from_secs(10));
    config
}

/// The payload of the ping that waits to be sent; it is not taken out.
fn ping_payload<E: Engine>(engine: &mut E) -> Vec<u8> {
    let bytes: Vec<u8> = engine.outbox().pieces().flatten().copied().collect();
    assert_eq!(bytes[..2], [0x89, 12], "a ping of 12 bytes");
    bytes[2..].to_vec()
}

#[test]
fn silence_is_met_with_a_ping_whose_deadline_starts_when_it_was_written() {
    let mut server = messages(Role::Server, config());
    assert_eq!(server.poll_timeout(), Some(at(20_000)));
    server.handle_timeout(at(20_000));
    ping_payload(&mut server);
    sent(&mut server);
    assert!(server.poll_timeout().unwrap() <= at(20_000), "the engine wants to know when that was");
    server.handle_timeout(at(23_000));
    assert_eq!(server.poll_timeout(), Some(at(33_000)));
    server.handle_timeout(at(32_999));
    assert_eq!(server.transport(), Transport::Open);
    server.handle_timeout(at(33_000));
    let closed = drain(&mut server).pop().unwrap().into_closed();
    assert_eq!(closed.cause, Cause::TimedOut(TimerKind::Keepalive));
    assert_over(&mut server);
}

#[test]
fn the_answer_reports_the_round_trip_time() {
    let mut server = messages(Role::Server, config());
    server.handle_timeout(at(20_000));
    let payload = ping_payload(&mut server);
    sent(&mut server);
    server.handle_timeout(at(20_001));
    let events = receive(&mut server, &masked(0x8a, &payload), at(20_031));
    let [MessageEvent::Pong(pong)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(pong.round_trip, Some(Duration::from_millis(30)));
    assert_eq!(server.streaming().round_trip(), Some(Duration::from_millis(30)));
    assert_eq!(server.poll_timeout(), Some(at(40_031)));
    let events = receive(&mut server, &masked(0x8a, &payload), at(20_040));
    let [MessageEvent::Pong(pong)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(pong.round_trip, None, "a second answer measures nothing");
}

#[test]
fn any_traffic_counts_as_life() {
    let mut server = messages(Role::Server, config());
    receive(&mut server, &masked(0x81, b"x")[..3], at(15_000));
    assert_eq!(server.poll_timeout(), Some(at(35_000)));
    server.handle_timeout(at(35_000));
    sent(&mut server);
    server.handle_timeout(at(35_000));
    receive(&mut server, &masked(0x81, b"x")[3..], at(44_999));
    server.handle_timeout(at(45_000));
    assert_eq!(server.transport(), Transport::Open);
    assert_eq!(server.poll_timeout(), Some(at(64_999)));
}

#[test]
fn pings_carry_different_payloads() {
    let mut server = messages(Role::Server, config());
    server.handle_timeout(at(20_000));
    let first = ping_payload(&mut server);
    sent(&mut server);
    receive(&mut server, &masked(0x8a, &first), at(20_001));
    server.handle_timeout(at(40_001));
    assert_ne!(ping_payload(&mut server), first);
}

#[test]
fn the_deadline_does_not_run_while_the_application_leaves_data_lying() {
    let mut server = messages(Role::Server, config());
    server.recv_buf().extend_from_slice(&masked(0x81, b"unread"));
    server.handle_recv(at(0));
    server.handle_timeout(at(20_000));
    sent(&mut server);
    server.handle_timeout(at(20_000));
    for second in 30..100 {
        server.handle_timeout(at(second * 1000));
    }
    assert_eq!(server.transport(), Transport::Paused);
    assert_eq!(drain(&mut server), [MessageEvent::Message(Message::text("unread"))]);
    let deadline = server.poll_timeout().unwrap();
    server.handle_timeout(deadline);
    assert_eq!(server.transport(), Transport::Close);
}

#[test]
fn a_peer_that_takes_nothing_off_the_wire_is_given_up() {
    let mut server = messages(Role::Server, config());
    server.send(Message::binary(vec![0; 1000])).unwrap();
    server.handle_timeout(at(20_000));
    assert_eq!(server.poll_timeout(), Some(at(30_000)));
    server.outbox().advance(10);
    server.handle_timeout(at(30_000));
    assert_eq!(server.transport(), Transport::Open, "it took ten bytes: it is slow, not dead");
    server.handle_timeout(at(40_000));
    let closed = drain(&mut server).pop().unwrap().into_closed();
    assert_eq!(closed.cause, Cause::TimedOut(TimerKind::Keepalive));
}

#[test]
fn a_ping_waits_for_the_frame_that_is_being_streamed() {
    let mut server = streaming(Role::Server, config());
    server.begin_message(MessageKind::Binary).unwrap();
    server.begin_frame(2, Fin::Last).unwrap();
    server.send_data("a").unwrap();
    server.handle_timeout(at(20_000));
    assert_eq!(sent(&mut server), [0x82, 2, b'a']);
    server.handle_timeout(at(30_000));
    assert_eq!(
        server.transport(),
        Transport::Open,
        "an application that streams slowly is no fault of the peer's"
    );
    server.send_data("b").unwrap();
    let bytes = sent(&mut server);
    assert_eq!(bytes[..3], [b'b', 0x89, 12]);
}

#[test]
fn a_keepalive_without_a_timeout_pings_at_intervals() {
    let mut config = config();
    config.keepalive.as_mut().unwrap().timeout = None;
    let mut server = messages(Role::Server, config);
    for second in [20, 40, 60] {
        assert_eq!(server.poll_timeout(), Some(at(second * 1000)));
        server.handle_timeout(at(second * 1000));
        ping_payload(&mut server);
        sent(&mut server);
        server.handle_timeout(at(second * 1000));
    }
}

#[test]
fn an_idle_connection_is_closed_as_going_away() {
    let mut config = quiet();
    config.idle_timeout = Some(Duration::from_secs(60));
    let mut server = messages(Role::Server, config);
    receive(&mut server, &masked(0x81, b"x"), at(5000));
    assert_eq!(server.poll_timeout(), Some(at(65_000)));
    server.handle_timeout(at(65_000));
    let close = sent(&mut server);
    assert_eq!(close[..4], [0x88, 6, 0x03, 0xe9]);
    let closed = receive(&mut server, &masked(0x88, &close[2..]), at(65_100)).pop().unwrap().into_closed();
    assert!(closed.clean);
    assert_eq!(closed.cause, Cause::TimedOut(TimerKind::Idle));
}

#[test]
fn no_timer_is_armed_without_one_to_arm() {
    let server = messages(Role::Server, quiet());
    assert_eq!(server.poll_timeout(), None);
}

#[test]
fn timers_of_no_length_do_not_keep_a_driver_busy() {
    let mut config = config();
    config.idle_timeout = Some(Duration::ZERO);
    let mut server = messages(Role::Server, config);
    server.recv_buf().extend_from_slice(&masked(0x81, b"unread"));
    server.handle_recv(at(0));
    for millis in 1..20 {
        assert_eq!(server.poll_timeout(), Some(at(millis)));
        server.handle_timeout(at(millis));
    }
    assert_eq!(server.transport(), Transport::Paused);
}
