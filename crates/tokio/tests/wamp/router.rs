//! A router that answers every call with its arguments, as far as the tests need one.

use std::future::poll_fn;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use wirebahn_core::rawsocket::opening as raw;
use wirebahn_core::wamp::link::LinkClose;
use wirebahn_core::wamp::message::{
    Abort, Event, Goodbye, Message, Registered, Result as CallResult, Subscribed, Welcome,
};
use wirebahn_core::wamp::{
    Batching, Features, Payload, PublicationId, RegistrationId, Role, Roles, Serializer, SessionId,
    Subprotocol, SubscriptionId, WelcomeDetails,
};
use wirebahn_drive::wamp::{LinkWire, Wire, WireEvent, accept_rawsocket};
use wirebahn_drive::websocket::Admission;
use wirebahn_tokio::opening::{Acceptance, ServerOptions};
use wirebahn_tokio::{Incoming, OsEntropy, TokioIo, TokioRuntime, receive};

/// Which transport a listener speaks.
#[derive(Clone, Copy)]
pub(crate) enum Speaks {
    WebSocket,
    RawSocket,
}

/// The subprotocols and serializers of the router.
#[derive(Clone, Copy)]
pub(crate) struct Only(pub(crate) Option<Serializer>);

/// Listens on TCP; gives the port.
pub(crate) async fn tcp(speaks: Speaks, only: Only) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, speaks, only));
        }
    });
    port
}

async fn serve(stream: TcpStream, speaks: Speaks, only: Only) {
    match speaks {
        Speaks::RawSocket => {
            let mut options = raw::ServerOptions::default();
            if let Some(serializer) = only.0 {
                options.serializers = vec![raw::SerializerId::new(serializer.rawsocket_number()).unwrap()];
            }
            let entropy = Box::new(OsEntropy::default());
            let io = TokioIo::new(stream);
            let options = Arc::new(options);
            if let Ok(opened) =
                accept_rawsocket::<_, TokioRuntime>(io, options, entropy, Admission::Admit).await
            {
                route(opened.wire).await;
            }
        }
        Speaks::WebSocket => {
            let mut options = ServerOptions::default();
            options.subprotocols = subprotocols(only).map(|each| each.name().to_owned()).collect();
            let Ok(Incoming::Upgrade(upgrade)) = receive(stream, Arc::new(options), None).await else {
                return;
            };
            let offered = upgrade.request().subprotocols.clone();
            let chosen = offered.iter().filter_map(|name| Subprotocol::from_name(name));
            let chosen = chosen.into_iter().find(|each| subprotocols(only).any(|known| known == *each));
            let Ok(connection) = upgrade.accept(Acceptance::default()).await else { return };
            if let Some(chosen) = chosen {
                route(LinkWire::from_websocket(connection, chosen)).await;
            }
        }
    }
}

fn subprotocols(only: Only) -> impl Iterator<Item = Subprotocol> {
    Serializer::ALL.into_iter().filter(move |each| only.0.is_none_or(|only| only == *each)).flat_map(
        |serializer| {
            [Batching::Single, Batching::Batched].map(|batching| Subprotocol { serializer, batching })
        },
    )
}

async fn route(mut wire: impl Wire) {
    let mut received = Vec::new();
    loop {
        poll_fn(|cx| wire.poll_recv(cx, &mut received)).await;
        for event in received.drain(..) {
            let WireEvent::Message(message) = event else { return };
            for answer in answers(message) {
                wire.send(&answer).unwrap();
                if matches!(answer, Message::Goodbye(_) | Message::Abort(_)) {
                    wire.close(LinkClose::Done);
                }
            }
        }
    }
}

fn answers(message: Message) -> Vec<Message> {
    let subscription = SubscriptionId::new(1).unwrap();
    match message {
        Message::Hello(hello) if hello.realm.as_ref().is_some_and(|realm| *realm == "realm1") => {
            let mut details = WelcomeDetails::default();
            details.roles =
                Roles::new().with(Role::Broker, Features::NONE).with(Role::Dealer, Features::NONE);
            let session = SessionId::new(7).unwrap();
            vec![Welcome { session, details: Box::new(details) }.into()]
        }
        Message::Hello(_) => {
            let reason = "wamp.error.no_such_realm".into();
            vec![Abort { details: Default::default(), reason, payload: Payload::empty() }.into()]
        }
        Message::Call(call) => {
            let (request, payload) = (call.request, call.payload);
            vec![CallResult { request, details: Default::default(), payload }.into()]
        }
        Message::Subscribe(subscribe) => {
            vec![Subscribed { request: subscribe.request, subscription }.into()]
        }
        Message::Register(register) => {
            let registration = RegistrationId::new(1).unwrap();
            vec![Registered { request: register.request, registration }.into()]
        }
        Message::Publish(publish) => {
            let publication = PublicationId::new(1).unwrap();
            let (details, payload) = (Default::default(), publish.payload);
            vec![Event { subscription, publication, details, payload }.into()]
        }
        Message::Goodbye(_) => {
            let reason = "wamp.close.goodbye_and_out".into();
            vec![Goodbye { details: Default::default(), reason }.into()]
        }
        _ => vec![],
    }
}
