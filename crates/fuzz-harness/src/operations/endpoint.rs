//! The three layers behind one face.

use bytes::{Bytes, BytesMut};
use wirebahn_core::websocket::{
    CloseCode, Closed, Established, Event, Frames, MessageEvent, MessageKind, Messages, SendError, Streaming,
};
use wirebahn_core::{Engine, Instant, Outbox, Transport};

use super::script::Layer;

/// One end of a connection, on one of the layers.
pub(super) enum Endpoint {
    Streaming(Streaming),
    Frames(Frames),
    Messages(Messages),
}

/// What an application is told, on any layer.
#[derive(Clone, Debug)]
pub(super) enum Told {
    Data { kind: MessageKind, payload: Bytes, ends_message: bool },
    Ping(Bytes),
    Pong(Bytes),
    Closed(Closed),
}

/// The same call on whichever layer it is.
macro_rules! on_layer {
    ($endpoint:expr, $engine:ident => $call:expr) => {
        match $endpoint {
            Endpoint::Streaming($engine) => $call,
            Endpoint::Frames($engine) => $call,
            Endpoint::Messages($engine) => $call,
        }
    };
}

impl Endpoint {
    pub(super) fn new(layer: Layer, established: Established) -> Self {
        match layer {
            Layer::Streaming => Self::Streaming(Streaming::new(established)),
            Layer::Frames => Self::Frames(Frames::new(established)),
            Layer::Messages => Self::Messages(Messages::new(established)),
        }
    }

    pub(super) const fn streaming(&self) -> &Streaming {
        match self {
            Self::Streaming(engine) => engine,
            Self::Frames(engine) => engine.streaming(),
            Self::Messages(engine) => engine.streaming(),
        }
    }

    pub(super) fn begin_message(&mut self, kind: MessageKind) -> Option<Result<(), SendError>> {
        match self {
            Self::Streaming(engine) => Some(engine.begin_message(kind)),
            Self::Frames(engine) => Some(engine.begin_message(kind)),
            Self::Messages(_) => None,
        }
    }

    pub(super) fn end_message(&mut self) -> Option<Result<(), SendError>> {
        match self {
            Self::Streaming(engine) => Some(engine.end_message()),
            Self::Frames(engine) => Some(engine.end_message()),
            Self::Messages(_) => None,
        }
    }

    pub(super) fn ping(&mut self, payload: Bytes) -> Result<(), SendError> {
        on_layer!(self, engine => engine.ping(payload))
    }

    pub(super) fn pong(&mut self, payload: Bytes) -> Result<(), SendError> {
        on_layer!(self, engine => engine.pong(payload))
    }

    pub(super) fn close(&mut self, code: CloseCode, reason: &str, now: Instant) -> Result<(), SendError> {
        on_layer!(self, engine => engine.close(code, reason, now))
    }

    pub(super) fn abort(&mut self) {
        on_layer!(self, engine => engine.abort());
    }
}

impl Engine for Endpoint {
    type Event = Told;

    fn recv_buf(&mut self) -> &mut BytesMut {
        on_layer!(self, engine => engine.recv_buf())
    }

    fn recv_hint(&self) -> usize {
        on_layer!(self, engine => engine.recv_hint())
    }

    fn handle_recv(&mut self, now: Instant) {
        on_layer!(self, engine => engine.handle_recv(now));
    }

    fn handle_eof(&mut self, now: Instant) {
        on_layer!(self, engine => engine.handle_eof(now));
    }

    fn handle_timeout(&mut self, now: Instant) {
        on_layer!(self, engine => engine.handle_timeout(now));
    }

    fn poll_event(&mut self) -> Option<Told> {
        match self {
            Self::Streaming(engine) => engine.poll_event().map(told),
            Self::Frames(engine) => engine.poll_event().map(told),
            Self::Messages(engine) => engine.poll_event().map(|event| match event {
                MessageEvent::Message(message) => {
                    let kind = message.kind();
                    Told::Data { kind, payload: message.into_payload(), ends_message: true }
                }
                MessageEvent::Ping(payload) => Told::Ping(payload),
                MessageEvent::Pong(pong) => Told::Pong(pong.payload),
                MessageEvent::Closed(closed) => Told::Closed(closed),
                other => panic!("an event that the harness does not know: {other:?}"),
            }),
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        on_layer!(self, engine => engine.poll_timeout())
    }

    fn outbox(&mut self) -> &mut Outbox {
        on_layer!(self, engine => engine.outbox())
    }

    fn transport(&self) -> Transport {
        on_layer!(self, engine => engine.transport())
    }
}

fn told(event: Event) -> Told {
    match event {
        Event::Data(chunk) => Told::Data {
            kind: chunk.kind(),
            ends_message: chunk.ends_message(),
            payload: chunk.into_payload(),
        },
        Event::Ping(payload) => Told::Ping(payload),
        Event::Pong(pong) => Told::Pong(pong.payload),
        Event::Closed(closed) => Told::Closed(closed),
        other => panic!("an event that the harness does not know: {other:?}"),
    }
}
