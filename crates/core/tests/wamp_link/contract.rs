use std::time::Duration;

use wirebahn_core::Engine;
use wirebahn_core::rawsocket::{self, MaxLen};
use wirebahn_core::wamp::link::{ByteLink, LinkEvent, LinkSendError, MessageLink};
use wirebahn_core::wamp::message::{Message, Subscribed};
use wirebahn_core::wamp::session::{OperationError, SessionConfig, SessionEvent};
use wirebahn_core::wamp::{Payload, Peer, RequestId, Serializer, Subprotocol, SubscriptionId};
use wirebahn_core::websocket::{self, Role};
use wirebahn_testkit::contract::{self, Bounds, START, Subject};

use super::support::*;

fn client(subprotocol: Subprotocol) -> MessageLink<websocket::Messages> {
    let mut config = websocket::Config::default();
    config.limits.outbox_high_water = 400;
    config.limits.max_message_len = 2000;
    websocket(Role::Client, subprotocol, config, START)
}

fn raw(serializer: Serializer) -> MessageLink<rawsocket::RawSocket> {
    let mut config = rawsocket::Config::default();
    config.outbox_high_water = 400;
    config.max_len = MaxLen::for_len(2000).unwrap();
    rawsocket(serializer, MaxLen::for_len(2000).unwrap(), config, START)
}

/// Bytes that a router sends.
fn said<L: ByteLink>(mut router: MessageLink<L>, messages: &[Message]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for message in messages {
        router.send(message).unwrap();
        bytes.extend(router.outbox().pieces().flatten());
        router.outbox().clear();
    }
    bytes
}

fn conversation() -> Vec<Message> {
    let subscription = SubscriptionId::new(1).unwrap();
    let subscribed = Subscribed { request: RequestId::FIRST, subscription };
    vec![welcome(), subscribed.into(), event(3), event(700), event(0)]
}

fn check_link<L: ByteLink + 'static>(make: fn() -> MessageLink<L>, input: Vec<u8>, flood: Vec<u8>) {
    let bounds = Bounds { outbox: 5000, received: 8000, ..Bounds::default() };
    let subject = Subject::new(make, &input, |event| matches!(event, LinkEvent::Closed(_)))
        .bounds(bounds)
        .flood(&flood)
        .operation("send", |link, _| link.send(&event(30)))
        .operation("send too much", |link, _| link.send(&event(3000)))
        .operation("abort", |link, _| {
            link.byte_link().check_open()?;
            link.abort();
            Ok::<_, LinkSendError>(())
        });
    contract::check_all(&subject);
}

#[test]
fn links_keep_the_contract() {
    for_each_client(|make, subprotocol| {
        let router = || websocket(Role::Server, subprotocol, websocket::Config::default(), START);
        check_link(make, said(router(), &conversation()), said(router(), &[event(5)]));
    });
    let router = || rawsocket(Serializer::Cbor, MaxLen::MAX, rawsocket::Config::default(), START);
    check_link(|| raw(Serializer::Cbor), said(router(), &conversation()), said(router(), &[event(5)]));
}

fn for_each_client(check: impl Fn(fn() -> MessageLink<websocket::Messages>, Subprotocol)) {
    check(|| client(single(Serializer::Json)), single(Serializer::Json));
    check(|| client(batched(Serializer::MsgPack)), batched(Serializer::MsgPack));
}

fn check_peer<L: ByteLink + 'static>(make: fn() -> Peer<L>, input: Vec<u8>, flood: Vec<u8>) {
    let bounds = Bounds { outbox: 20_000, received: 8000, ..Bounds::default() };
    let subject = Subject::new(make, &input, |event| matches!(event, SessionEvent::Left(_)))
        .bounds(bounds)
        .flood(&flood)
        .flood_after(&input, &flood)
        .operation("subscribe", |peer, _| {
            peer.session().subscribe("a.b".into(), Default::default()).map(drop)
        })
        .operation("call", |peer, now| {
            let timeout = Some(Duration::from_secs(3));
            let session = peer.session();
            session.call("a".into(), Default::default(), Payload::empty(), timeout, now).map(drop)
        })
        .operation("publish too much", |peer, _| {
            let payload = Payload::encode_args(Serializer::Json, &("x".repeat(3000),)).unwrap();
            peer.session().publish("a".into(), Default::default(), payload).map(drop)
        })
        .operation("leave", |peer, now| peer.session().leave("a.b".into(), None, now))
        .operation("abort", |peer, _| {
            if peer.session().has_ended() {
                return Err(OperationError::NotJoined);
            }
            peer.abort();
            Ok(())
        });
    contract::check_all(&subject);
}

#[test]
fn sessions_over_a_link_keep_the_contract() {
    let router = || websocket(Role::Server, single(Serializer::Json), websocket::Config::default(), START);
    check_peer(
        || Peer::new(client(single(Serializer::Json)), SessionConfig::new("realm1"), START),
        said(router(), &conversation()),
        said(router(), &[event(5)]),
    );
    let router = || rawsocket(Serializer::MsgPack, MaxLen::MAX, rawsocket::Config::default(), START);
    check_peer(
        || Peer::new(raw(Serializer::MsgPack), SessionConfig::new("realm1"), START),
        said(router(), &conversation()),
        said(router(), &[event(5)]),
    );
}
