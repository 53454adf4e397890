use std::sync::Arc;

use wirebahn_core::rawsocket::opening::SerializerId;
use wirebahn_core::rawsocket::{self, MaxLen, RawSocket};
use wirebahn_core::wamp::link::{ByteLink, LinkEvent, MessageLink};
use wirebahn_core::wamp::message::{Event, Message, Welcome};
use wirebahn_core::wamp::{
    Batching, EventDetails, Feature, Features, Payload, PublicationId, Role, Roles, Serializer, SessionId,
    Subprotocol, SubscriptionId, WelcomeDetails,
};
use wirebahn_core::websocket::{self, Established, Messages};
use wirebahn_core::{Engine, Instant};
use wirebahn_testkit::SeededEntropy;

pub(crate) fn single(serializer: Serializer) -> Subprotocol {
    Subprotocol { serializer, batching: Batching::Single }
}

pub(crate) fn batched(serializer: Serializer) -> Subprotocol {
    Subprotocol { serializer, batching: Batching::Batched }
}

pub(crate) fn websocket(
    role: websocket::Role,
    subprotocol: Subprotocol,
    config: websocket::Config,
    now: Instant,
) -> MessageLink<Messages> {
    let entropy = Box::new(SeededEntropy::new(1));
    let messages = Messages::new(Established::new(role, Arc::new(config), entropy, now));
    MessageLink::with_subprotocol(messages, subprotocol)
}

pub(crate) fn rawsocket(
    serializer: Serializer,
    peer: MaxLen,
    config: rawsocket::Config,
    now: Instant,
) -> MessageLink<RawSocket> {
    let number = SerializerId::new(serializer.rawsocket_number()).unwrap();
    let entropy = Box::new(SeededEntropy::new(1));
    let established = rawsocket::Established::new(Arc::new(config), number, peer, entropy, now);
    MessageLink::new(RawSocket::new(established), serializer)
}

/// An event whose payload is `len` characters.
pub(crate) fn event(len: usize) -> Message {
    Event {
        subscription: SubscriptionId::new(1).unwrap(),
        publication: PublicationId::new(2).unwrap(),
        details: EventDetails::default(),
        payload: Payload::encode_args(Serializer::Json, &("x".repeat(len),)).unwrap(),
    }
    .into()
}

pub(crate) fn welcome() -> Message {
    let all = Features::of(Feature::ALL);
    let mut details = WelcomeDetails::default();
    details.roles = Roles::new().with(Role::Broker, all).with(Role::Dealer, all);
    Welcome { session: SessionId::new(1000).unwrap(), details: Box::new(details) }.into()
}

/// The messages among events, without their payloads' serializer.
pub(crate) fn received<L: ByteLink>(link: &mut MessageLink<L>) -> Vec<LinkEvent> {
    std::iter::from_fn(|| link.poll_event()).collect()
}

pub(crate) fn carry<A: Engine, B: Engine>(from: &mut A, to: &mut B, now: Instant) {
    let bytes = from.outbox().pieces().collect::<Vec<_>>().concat();
    from.outbox().clear();
    to.recv_buf().extend_from_slice(&bytes);
    to.handle_recv(now);
}
