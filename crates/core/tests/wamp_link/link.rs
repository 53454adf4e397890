use bytes::Bytes;
use wirebahn_core::rawsocket::{self, MaxLen, RawSocket};
use wirebahn_core::wamp::link::{
    ByteLink, LinkClose, LinkClosed, LinkEvent, LinkSendError, Malformed, MessageLink,
};
use wirebahn_core::wamp::{Batching, Message, MessageError, Serializer, Subprotocol};
use wirebahn_core::websocket::{self, CloseCode, Messages, Role};
use wirebahn_core::{Engine, Transport};
use wirebahn_testkit::{Chunking, Pair, PipeOptions, at};

use super::support::*;

fn websockets(subprotocol: Subprotocol) -> (MessageLink<Messages>, MessageLink<Messages>) {
    let make = |role| websocket(role, subprotocol, websocket::Config::default(), at(0));
    (make(Role::Client), make(Role::Server))
}

fn rawsockets(serializer: Serializer) -> (MessageLink<RawSocket>, MessageLink<RawSocket>) {
    let make = || rawsocket(serializer, MaxLen::MAX, rawsocket::Config::default(), at(0));
    (make(), make())
}

/// Messages cross, byte by byte.
fn cross<L: ByteLink>((client, server): (MessageLink<L>, MessageLink<L>)) {
    let serializer = client.serializer();
    let bytewise = || PipeOptions { chunking: Chunking::Bytewise, ..PipeOptions::default() };
    let mut pair = Pair::with_pipes(client, server, at(0), bytewise(), bytewise());
    let messages = [welcome(), event(0), event(5000), event(3)];
    for message in &messages {
        pair.a.engine.send(message).unwrap();
        pair.b.engine.send(message).unwrap();
    }
    pair.settle();
    for events in [&pair.a.events, &pair.b.events] {
        assert_eq!(events.len(), messages.len(), "{events:?}");
        for (event, sent) in events.iter().zip(&messages) {
            let LinkEvent::Message(received) = event else { panic!("{event:?}") };
            let bytes = |message: &Message| serializer.encode_to_bytes(message);
            assert_eq!(bytes(received), bytes(sent));
        }
    }
}

#[test]
fn messages_cross_with_every_serializer_and_subprotocol() {
    for serializer in Serializer::ALL {
        for batching in [Batching::Single, Batching::Batched] {
            cross(websockets(Subprotocol { serializer, batching }));
        }
        cross(rawsockets(serializer));
    }
}

#[test]
fn a_message_that_is_kept_does_not_keep_the_block_it_came_in() {
    let (mut client, mut server) = rawsockets(Serializer::MsgPack);
    server.send(&event(100)).unwrap();
    let frame = server.outbox().pieces().collect::<Vec<_>>().concat();
    client.recv_buf().reserve(64 * 1024);
    client.recv_buf().extend_from_slice(&frame);
    let block = client.recv_buf().as_ptr_range();
    client.handle_recv(at(0));
    let Some(LinkEvent::Message(Message::Event(event))) = client.poll_event() else { panic!() };
    let kept = event.payload.args_bytes().unwrap();
    assert!(!block.contains(&kept.as_ptr()), "the arguments are a slice of the receive buffer");
}

#[test]
fn a_peer_that_separates_as_autobahn_does_is_answered_in_kind() {
    let (mut client, mut server) = websockets(batched(Serializer::Json));
    client.send(&event(1)).unwrap();
    let mut frame = client.outbox().pieces().collect::<Vec<_>>().concat();
    // The last octet is the separator, masked like the rest.
    *frame.last_mut().unwrap() ^= 0x1e ^ 0x18;
    server.recv_buf().extend_from_slice(&frame);
    server.handle_recv(at(0));
    assert!(matches!(server.poll_event(), Some(LinkEvent::Message(_))));
    server.send(&event(1)).unwrap();
    assert_eq!(server.outbox().pieces().collect::<Vec<_>>().concat().last(), Some(&0x18));
}

#[test]
fn a_batch_leaves_as_one_message_when_the_driver_writes() {
    let (mut client, mut server) = websockets(batched(Serializer::Json));
    for _ in 0..3 {
        server.send(&event(1)).unwrap();
    }
    let frame = server.outbox().pieces().collect::<Vec<_>>().concat();
    let one = Serializer::Json.encode_to_bytes(&event(1)).len() + 1;
    assert_eq!(frame.len(), 2 + 3 * one);
    carry(&mut server, &mut client, at(1));
    assert_eq!(client.transport(), Transport::Paused);
    assert_eq!(received(&mut client).len(), 3);
    assert_eq!(client.transport(), Transport::Open);
}

#[test]
fn batches_do_not_grow_without_end_and_wait_for_room() {
    let (_, mut server) = websockets(batched(Serializer::MsgPack));
    let mut sent = 0;
    while server.send(&event(1000)).is_ok() {
        sent += 1;
        assert!(sent < 1000, "the link takes anything");
    }
    assert_eq!(server.send(&event(1000)), Err(LinkSendError::NotReady));
    assert!(server.outbox().len() < 300_000, "{sent}");
    server.outbox().clear();
    assert!(server.is_ready());
}

#[test]
fn a_frame_of_the_wrong_kind_is_malformed() {
    let (mut client, _) = websockets(single(Serializer::Json));
    let (_, mut server) = websockets(single(Serializer::MsgPack));
    server.send(&event(1)).unwrap();
    server.send(&event(1)).unwrap();
    carry(&mut server, &mut client, at(1));
    let malformed = Malformed::FrameType { is_text: false };
    assert_eq!(received(&mut client), [LinkEvent::Malformed(malformed)], "nothing counts after that");
    client.close(malformed.link_close(), at(1));
    carry(&mut client, &mut server, at(1));
    assert!(matches!(&received(&mut server)[..], [LinkEvent::Malformed(_)] | [LinkEvent::Closed(_)]));
}

#[test]
fn what_is_no_message_is_told_and_the_link_can_still_say_so() {
    let (mut client, mut server) = rawsockets(Serializer::Json);
    client.send_encoded(Bytes::from_static(b"[]")).unwrap();
    client.send(&event(1)).unwrap();
    carry(&mut client, &mut server, at(1));
    let malformed = Malformed::Message(MessageError::Empty);
    assert_eq!(received(&mut server), [LinkEvent::Malformed(malformed)]);
    server.send(&welcome()).unwrap();
    server.close(malformed.link_close(), at(1));
    carry(&mut server, &mut client, at(2));
    assert_eq!(received(&mut client).len(), 1);
}

#[test]
fn an_empty_batch_is_malformed() {
    let (mut client, mut server) = websockets(batched(Serializer::Json));
    let (mut plain, _) = websockets(single(Serializer::Json));
    plain.send_encoded(Bytes::new()).unwrap();
    carry(&mut plain, &mut server, at(1));
    assert!(matches!(&received(&mut server)[..], [LinkEvent::Malformed(Malformed::Batch(_))]));
    server.close(LinkClose::Violation, at(1));
    carry(&mut server, &mut client, at(1));
    carry(&mut client, &mut server, at(1));
    client.handle_eof(at(2));
    let [LinkEvent::Closed(LinkClosed::WebSocket(closed))] = &received(&mut client)[..] else { panic!() };
    assert_eq!(closed.code, CloseCode::PROTOCOL_ERROR);
}

fn prepared_crosses<L: ByteLink>((mut from, mut to): (MessageLink<L>, MessageLink<L>)) {
    let message = event(5000);
    let bytes = from.serializer().encode_to_bytes(&message);
    let prepared = L::prepare(from.serializer(), &bytes).unwrap();
    assert_eq!(L::prepared_message(&prepared), bytes);
    from.send_prepared(&prepared).unwrap();
    from.send_prepared(&prepared).unwrap();
    carry(&mut from, &mut to, at(1));
    let events = received(&mut to);
    assert_eq!(events.len(), 2);
    assert!(events.iter().all(|event| matches!(event, LinkEvent::Message(_))), "{events:?}");
}

#[test]
fn prepared_messages_are_the_same_bytes_for_all() {
    for serializer in Serializer::ALL {
        for subprotocol in [single(serializer), batched(serializer)] {
            let (client, server) = websockets(subprotocol);
            prepared_crosses((server, client));
            prepared_crosses(websockets(subprotocol));
        }
        prepared_crosses(rawsockets(serializer));
    }
    let (_, mut server) = websockets(single(Serializer::Json));
    let bytes = Serializer::Json.encode_to_bytes(&event(5000));
    let prepared = Messages::prepare(Serializer::Json, &bytes).unwrap();
    server.send_prepared(&prepared).unwrap();
    assert!(server.outbox().pieces().any(|piece| std::ptr::eq(piece, prepared.frame().as_ref())));
}

#[test]
fn nothing_longer_than_the_peer_accepts_is_sent() {
    let mut link = rawsocket(Serializer::Json, MaxLen::MIN, rawsocket::Config::default(), at(0));
    let error = LinkSendError::MessageTooLong { limit: 512 };
    assert_eq!(link.send(&event(600)), Err(error));
    let mut config = websocket::Config::default();
    config.limits.max_message_len = 512;
    let subprotocol = batched(Serializer::Json);
    let mut client = websocket(Role::Client, subprotocol, config.clone(), at(0));
    let mut server = websocket(Role::Server, subprotocol, config, at(0));
    server.send(&event(400)).unwrap();
    assert_eq!(server.send(&event(600)), Err(error));
    server.send(&event(400)).unwrap();
    carry(&mut server, &mut client, at(1));
    let events = received(&mut client);
    assert_eq!(events.len(), 2, "two batches, not one that is too long: {events:?}");
}
