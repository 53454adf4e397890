use std::time::Duration;

use wirebahn_core::rawsocket::{self, MaxLen};
use wirebahn_core::wamp::link::{ByteLink, LinkClosed, LinkEvent, MessageLink};
use wirebahn_core::wamp::message::{Goodbye, Invocation, Message, Registered, Result as CallResult};
use wirebahn_core::wamp::session::{
    Initiator, LeftCause, OperationError, SessionConfig, SessionEvent, SessionViolation,
};
use wirebahn_core::wamp::{Payload, Peer, RegistrationId, RequestId, Serializer, error_uri};
use wirebahn_core::websocket::{self, CloseCode, Role};
use wirebahn_core::{Engine, Transport};
use wirebahn_testkit::{Pair, at};

use super::support::*;

type Routed<L> = Pair<Peer<L>, MessageLink<L>>;

/// A client that has joined.
fn join<L: ByteLink>(client: MessageLink<L>, router: MessageLink<L>) -> Routed<L> {
    let mut pair = Pair::new(Peer::new(client, SessionConfig::new("realm1"), at(0)), router, at(0));
    pair.settle();
    assert!(matches!(&pair.b.events[..], [LinkEvent::Message(Message::Hello(_))]), "{:?}", pair.b.events);
    pair.b.engine.send(&welcome()).unwrap();
    pair.settle();
    assert!(matches!(&pair.a.events[..], [SessionEvent::Joined(_)]));
    pair.a.events.clear();
    pair.b.events.clear();
    pair
}

fn over_websocket() -> Routed<websocket::Messages> {
    let make = |role| websocket(role, single(Serializer::Json), websocket::Config::default(), at(0));
    join(make(Role::Client), make(Role::Server))
}

fn over_rawsocket() -> Routed<rawsocket::RawSocket> {
    let make = |peer| rawsocket(Serializer::MsgPack, peer, rawsocket::Config::default(), at(0));
    join(make(MaxLen::for_len(1024).unwrap()), make(MaxLen::MAX))
}

fn cause(events: &[SessionEvent]) -> &LeftCause {
    match events {
        [.., SessionEvent::Left(left)] => &left.cause,
        _ => panic!("{events:?}"),
    }
}

#[test]
fn a_call_goes_out_and_its_result_comes_back() {
    let mut pair = over_websocket();
    let args = Payload::encode_args(Serializer::Json, &(2, 3)).unwrap();
    let now = pair.now();
    let session = pair.a.engine.session();
    let request = session.call("com.add".into(), Default::default(), args, None, now).unwrap();
    pair.settle();
    let Some(LinkEvent::Message(Message::Call(call))) = pair.b.events.pop() else { panic!() };
    assert_eq!((call.request, call.payload.args::<(i64, i64)>().unwrap()), (request, (2, 3)));
    let payload = Payload::encode_args(Serializer::Json, &(5,)).unwrap();
    pair.b.engine.send(&CallResult { request, details: Default::default(), payload }.into()).unwrap();
    pair.settle();
    let [SessionEvent::Result(result)] = &pair.a.events[..] else { panic!("{:?}", pair.a.events) };
    assert_eq!(result.payload.args::<(i64,)>().unwrap(), (5,));
}

fn leaves<L: ByteLink>(mut pair: Routed<L>) {
    let now = pair.now();
    pair.a.engine.session().leave("wamp.close.close_realm".into(), None, now).unwrap();
    pair.settle();
    let Some(LinkEvent::Message(Message::Goodbye(_))) = pair.b.events.pop() else { panic!() };
    let goodbye = Goodbye { details: Default::default(), reason: "wamp.close.goodbye_and_out".into() };
    pair.b.engine.send(&goodbye.into()).unwrap();
    pair.run_until_idle();
    assert!(matches!(cause(&pair.a.events), LeftCause::Goodbye { by: Initiator::Us, .. }));
    match pair.a.engine.link_closed().unwrap() {
        LinkClosed::WebSocket(closed) => assert!(closed.clean),
        LinkClosed::RawSocket(closed) => assert!(closed.is_clean()),
        closed => panic!("{closed:?}"),
    }
}

#[test]
fn leaving_ends_the_transport_in_order() {
    leaves(over_websocket());
    leaves(over_rawsocket());
}

#[test]
fn a_malformed_message_is_answered_with_abort_and_a_close_code() {
    let mut pair = over_websocket();
    pair.b.engine.send_encoded("[1,2".into()).unwrap();
    pair.run_until_idle();
    let found = cause(&pair.a.events);
    assert!(matches!(found, LeftCause::Violation(SessionViolation::Malformed(_))), "{found:?}");
    let [LinkEvent::Message(Message::Abort(abort)), LinkEvent::Closed(closed)] = &pair.b.events[..] else {
        panic!("{:?}", pair.b.events)
    };
    assert_eq!(abort.reason, error_uri::PROTOCOL_VIOLATION);
    let LinkClosed::WebSocket(closed) = closed else { panic!("{closed:?}") };
    assert_eq!(closed.code, CloseCode::PROTOCOL_ERROR);
}

#[test]
fn the_end_of_a_session_is_known_before_its_transport_has_ended() {
    let mut pair = over_websocket();
    pair.b.engine.send_encoded("[1,2".into()).unwrap();
    let bytes: Vec<u8> = pair.b.engine.outbox().pieces().flatten().copied().collect();
    let (now, peer) = (pair.now(), &mut pair.a.engine);
    assert_eq!(peer.left(), None);
    peer.recv_buf().extend_from_slice(&bytes);
    peer.handle_recv(now);
    assert_eq!(peer.poll_event(), None);
    assert!(matches!(peer.left().unwrap().cause, LeftCause::Violation(_)));
}

#[test]
fn the_end_of_the_transport_ends_the_session() {
    let mut pair = over_rawsocket();
    pair.b.engine.abort();
    pair.run_until_idle();
    assert_eq!(cause(&pair.a.events), &LeftCause::TransportLost);
    assert_eq!((pair.a.engine.transport(), pair.a.engine.poll_timeout()), (Transport::Close, None));
}

#[test]
fn joining_takes_no_longer_than_its_timeout() {
    let make = |role| websocket(role, single(Serializer::Json), websocket::Config::default(), at(0));
    let peer = Peer::new(make(Role::Client), SessionConfig::new("realm1"), at(0));
    let mut pair = Pair::new(peer, make(Role::Server), at(0));
    pair.advance(Duration::from_secs(11));
    assert!(matches!(cause(&pair.a.events), LeftCause::TimedOut(_)));
}

#[test]
fn payloads_that_are_too_long_are_refused_before_they_are_sent() {
    let mut pair = over_rawsocket();
    let now = pair.now();
    let long = Payload::encode_args(Serializer::MsgPack, &("x".repeat(1100),)).unwrap();
    let session = pair.a.engine.session();
    let error = Err(OperationError::PayloadTooLong { limit: 1024 });
    assert_eq!(session.call("a".into(), Default::default(), long.clone(), None, now), error);
    assert_eq!(session.publish("a".into(), Default::default(), long), error);
    let mut options = wirebahn_core::wamp::CallOptions::default();
    options.rkey = Some("x".repeat(1100).into());
    session.call("a".into(), options, Payload::empty(), None, now).unwrap();
    pair.settle();
    let [SessionEvent::RequestFailed(failed)] = &pair.a.events[..] else { panic!("{:?}", pair.a.events) };
    assert_eq!(failed.error, error_uri::PAYLOAD_SIZE_EXCEEDED);
    assert_eq!(pair.b.events, []);
}

#[test]
fn a_result_that_turns_out_too_long_becomes_an_error_for_the_caller() {
    let mut pair = over_rawsocket();
    let request = pair.a.engine.session().register("a".into(), Default::default()).unwrap();
    let registration = RegistrationId::new(1).unwrap();
    pair.b.engine.send(&Registered { request, registration }.into()).unwrap();
    let invocation = Invocation {
        request: RequestId::FIRST,
        registration,
        details: Default::default(),
        payload: Payload::empty(),
    };
    pair.b.engine.send(&invocation.into()).unwrap();
    pair.settle();
    let mut options = wirebahn_core::wamp::YieldOptions::default();
    options.callee_authid = Some("x".repeat(1100).into());
    pair.a.engine.session().yield_result(RequestId::FIRST, options, Payload::empty()).unwrap();
    pair.settle();
    let Some(LinkEvent::Message(Message::Error(error))) = pair.b.events.pop() else { panic!() };
    assert_eq!(error.error, error_uri::PAYLOAD_SIZE_EXCEEDED);
}
