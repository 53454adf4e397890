use bytes::Bytes;
use wirebahn_core::rawsocket::{
    Cause, Closed, Config, Event, MaxLen, PreparedFrame, RawSocket, SendError, Violation,
};
use wirebahn_core::{Engine, Transport};
use wirebahn_testkit::{Chunking, Pair, PipeOptions, at};

use super::support::{events, feed, frame, message, sent, socket};

/// What a socket that accepts 512 bytes makes of these bytes, whole and byte by byte.
fn receive(bytes: &[u8]) -> Vec<Event> {
    let make = || {
        let mut config = Config::default();
        config.max_len = MaxLen::MIN;
        socket(config, at(0))
    };
    let mut whole = make();
    feed(&mut whole, bytes, at(1));
    let mut seen = events(&mut whole);
    let mut pieces = make();
    let mut seen_pieces = Vec::new();
    for byte in bytes {
        feed(&mut pieces, &[*byte], at(1));
        seen_pieces.extend(events(&mut pieces));
    }
    for (socket, seen) in [(&mut whole, &mut seen), (&mut pieces, &mut seen_pieces)] {
        if socket.transport() == Transport::Finish {
            socket.handle_eof(at(2));
            seen.extend(events(socket));
        }
    }
    assert_eq!(seen, seen_pieces);
    seen
}

fn violation(bytes: &[u8]) -> Violation {
    match receive(bytes).as_slice() {
        [Event::Closed(Closed { cause: Cause::Violation(violation), .. })] => *violation,
        events => panic!("{events:?}"),
    }
}

#[test]
fn messages_arrive_whole_however_they_are_cut() {
    let bytes = [frame(0, b"one"), frame(0, b""), frame(0, b"three"), vec![0, 0]].concat();
    assert_eq!(receive(&bytes), [message("one"), message(""), message("three")]);
}

#[test]
fn a_ping_is_answered_with_its_payload() {
    let mut socket = socket(Config::default(), at(0));
    feed(&mut socket, &[frame(1, b"are you there"), frame(1, b"")].concat(), at(1));
    assert_eq!(events(&mut socket), [Event::Ping("are you there".into()), Event::Ping("".into())]);
    assert_eq!(sent(socket.outbox()), [frame(2, b"are you there"), frame(2, b"")].concat());
}

#[test]
fn a_flood_of_pings_costs_no_more_than_one_answer_beyond_the_limit() {
    let mut config = Config::default();
    config.outbox_high_water = 100;
    let mut socket = socket(config, at(0));
    for number in 0..100 {
        feed(&mut socket, &frame(1, &[number; 20]), at(1));
        events(&mut socket);
    }
    let answers = sent(socket.outbox());
    assert_eq!(answers.len(), 5 * 24);
    assert_eq!(sent(socket.outbox()), frame(2, &[99; 20]), "the last ping is answered when there is room");
    assert_eq!(sent(socket.outbox()), b"");
}

#[test]
fn a_frame_longer_than_announced_is_refused() {
    assert_eq!(receive(&frame(0, &[b'x'; 512])).len(), 1);
    assert_eq!(violation(&frame(0, &[b'x'; 513])), Violation::FrameTooLong { len: 513, limit: 512 });
    assert_eq!(violation(&frame(2, &[b'x'; 513])), Violation::FrameTooLong { len: 513, limit: 512 });
    assert_eq!(violation(&[8, 0, 0, 0]), Violation::FrameTooLong { len: 1 << 24, limit: 512 });
}

#[test]
fn reserved_bits_types_and_lengths_are_refused() {
    assert_eq!(violation(&[0x80, 0, 0, 0]), Violation::ReservedBits(8));
    assert_eq!(violation(&[0x03, 0, 0, 0]), Violation::TypeReserved(3));
    assert_eq!(violation(&[0x08, 0, 0, 1]), Violation::LengthInvalid);
}

#[test]
fn nothing_after_a_violation_counts() {
    let bytes = [frame(0, b"good"), vec![0xff; 4], frame(0, b"bad")].concat();
    let [first, Event::Closed(closed)] = &receive(&bytes)[..] else { panic!() };
    assert_eq!(first, &message("good"));
    assert_eq!(closed.cause, Cause::Violation(Violation::ReservedBits(15)));
}

#[test]
fn a_long_message_arrives_in_one_piece() {
    let make = || socket(Config::default(), at(0));
    let payload = Bytes::from(vec![7; 1 << 16]);
    let options =
        PipeOptions { chunking: Chunking::Random { max: 9_000, seed: 1 }, ..PipeOptions::default() };
    let mut pair = Pair::with_pipes(make(), make(), at(0), options, PipeOptions::default());
    pair.a.engine.send(payload.clone()).unwrap();
    pair.settle();
    assert_eq!(pair.b.events, [Event::Message(payload)]);
}

#[test]
fn sixteen_mib_use_the_25th_bit() {
    let mut config = Config::default();
    config.max_len = MaxLen::MAX;
    let mut socket = socket(config, at(0));
    feed(&mut socket, &[8, 0, 0, 0], at(1));
    assert_eq!(socket.recv_hint(), 1 << 24);
    feed(&mut socket, &vec![1; 1 << 24], at(1));
    let [Event::Message(payload)] = &events(&mut socket)[..] else { panic!() };
    assert_eq!(payload.len(), 1 << 24);
}

#[test]
fn a_received_message_is_a_slice_of_the_receive_buffer() {
    let mut socket = socket(Config::default(), at(0));
    socket.recv_buf().extend_from_slice(&frame(0, &[b'x'; 100]));
    let start = socket.recv_buf().as_ptr() as usize + 4;
    socket.handle_recv(at(1));
    let [Event::Message(payload)] = &events(&mut socket)[..] else { panic!() };
    assert_eq!(payload.as_ptr() as usize, start);
}

#[test]
fn long_messages_are_sent_from_where_they_are() {
    let mut socket = socket(Config::default(), at(0));
    let payload = Bytes::from(vec![1; 60_000]);
    socket.send(payload.clone()).unwrap();
    assert!(socket.outbox().pieces().any(|piece| std::ptr::eq(piece, payload.as_ref())));
    socket.outbox().clear();
    let prepared = PreparedFrame::new(&payload).unwrap();
    socket.send_prepared(&prepared).unwrap();
    assert!(socket.outbox().pieces().any(|piece| std::ptr::eq(piece, prepared.frame().as_ref())));
}

#[test]
fn nothing_is_sent_that_the_peer_does_not_accept() {
    let mut socket = socket(Config::default(), at(0));
    let limit = 64 * 1024;
    let long = Bytes::from(vec![0; limit + 1]);
    let error = Err(SendError::MessageTooLong { limit });
    assert_eq!(socket.send(long.clone()), error);
    assert_eq!(socket.ping(long.clone()), error);
    assert_eq!(socket.send_prepared(&PreparedFrame::new(&long).unwrap()), error);
    assert_eq!(sent(socket.outbox()), b"");
    assert_eq!(PreparedFrame::new(&vec![0; (1 << 24) + 1]), None);
}

#[test]
fn a_full_outbox_takes_no_more_messages() {
    let mut config = Config::default();
    config.outbox_high_water = 10;
    let mut socket: RawSocket = socket(config, at(0));
    socket.send("12345678".into()).unwrap();
    assert_eq!(socket.send("x".into()), Err(SendError::NotReady));
    socket.outbox().clear();
    assert_eq!(socket.send("x".into()), Ok(()));
}
