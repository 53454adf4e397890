use std::time::Duration;

use wirebahn_core::rawsocket::{Cause, Closed, Config, Event, Keepalive, RawSocket, SendError, TimerKind};
use wirebahn_core::{Engine, Transport};
use wirebahn_testkit::{Pair, at};

use super::support::{events, feed, frame, message, sent, socket};

fn cause(events: &[Event]) -> &Cause {
    match events.last() {
        Some(Event::Closed(Closed { cause, .. })) => cause,
        _ => panic!("{events:?}"),
    }
}

fn pair() -> Pair<RawSocket, RawSocket> {
    Pair::new(socket(Config::default(), at(0)), socket(Config::default(), at(0)), at(0))
}

#[test]
fn what_was_sent_before_the_close_arrives() {
    let mut pair = pair();
    pair.a.engine.send("last".into()).unwrap();
    pair.a.engine.close(at(0)).unwrap();
    assert_eq!(pair.a.engine.send("late".into()), Err(SendError::Closed));
    pair.run_until_idle();
    assert_eq!(pair.b.events[0], message("last"));
    assert_eq!(cause(&pair.b.events), &Cause::ClosedByPeer);
    assert_eq!(cause(&pair.a.events), &Cause::ClosedByUs);
}

#[test]
fn a_peer_that_stays_after_our_close_is_left_alone_after_a_while() {
    let mut socket = socket(Config::default(), at(0));
    socket.close(at(5)).unwrap();
    assert_eq!(socket.transport(), Transport::Finish);
    let deadline = at(5) + Duration::from_secs(1);
    assert_eq!(socket.poll_timeout(), Some(deadline));
    feed(&mut socket, &frame(0, b"ignored"), at(6));
    assert_eq!(events(&mut socket), []);
    socket.handle_timeout(deadline);
    assert_eq!(cause(&events(&mut socket)), &Cause::ClosedByUs);
    assert_eq!((socket.transport(), socket.poll_timeout()), (Transport::Close, None));
}

#[test]
fn an_end_inside_a_frame_is_a_loss() {
    for cut in 1..8 {
        let mut socket = socket(Config::default(), at(0));
        feed(&mut socket, &frame(0, b"lost")[..cut], at(1));
        socket.handle_eof(at(2));
        assert_eq!(cause(&events(&mut socket)), &Cause::TransportLost, "after {cut} bytes");
    }
}

#[test]
fn messages_before_the_end_of_the_transport_are_delivered() {
    let mut socket = socket(Config::default(), at(0));
    socket.recv_buf().extend_from_slice(&[frame(0, b"a"), frame(0, b"b")].concat());
    socket.handle_eof(at(1));
    let events = events(&mut socket);
    assert_eq!(events[..2], [message("a"), message("b")]);
    assert_eq!(cause(&events), &Cause::ClosedByPeer);
}

#[test]
fn an_abort_sends_nothing_more() {
    let mut socket = socket(Config::default(), at(0));
    socket.send("lost".into()).unwrap();
    socket.abort();
    socket.abort();
    assert_eq!(sent(socket.outbox()), b"");
    assert_eq!(events(&mut socket), [Event::Closed(closed(Cause::Aborted))]);
}

fn closed(cause: Cause) -> Closed {
    let mut socket = socket(Config::default(), at(0));
    socket.abort();
    match events(&mut socket).pop() {
        Some(Event::Closed(mut closed)) => {
            closed.cause = cause;
            closed
        }
        event => panic!("{event:?}"),
    }
}

#[test]
fn no_ping_is_sent_unless_asked_for() {
    let socket = socket(Config::default(), at(0));
    assert_eq!(socket.poll_timeout(), None);
}

fn keeping_alive() -> RawSocket {
    let mut keepalive = Keepalive::default();
    keepalive.interval = Duration::from_secs(10);
    keepalive.timeout = Some(Duration::from_secs(3));
    let mut config = Config::default();
    config.keepalive = Some(keepalive);
    socket(config, at(0))
}

#[test]
fn a_keepalive_measures_the_round_trip() {
    let mut pair = Pair::new(keeping_alive(), socket(Config::default(), at(0)), at(0));
    pair.advance(Duration::from_secs(25));
    assert!(pair.a.engine.is_open());
    assert_eq!(pair.b.events.len(), 2, "two pings in 25 seconds");
    assert_eq!(pair.a.engine.round_trip(), Some(Duration::ZERO));
}

#[test]
fn a_peer_that_answers_no_keepalive_is_given_up() {
    let mut socket = keeping_alive();
    socket.handle_timeout(at(0) + Duration::from_secs(10));
    assert_eq!(sent(socket.outbox())[..4], [1, 0, 0, 12]);
    socket.handle_recv(at(0) + Duration::from_secs(10));
    socket.handle_timeout(at(0) + Duration::from_secs(13));
    assert_eq!(cause(&events(&mut socket)), &Cause::TimedOut(TimerKind::Keepalive));
}
