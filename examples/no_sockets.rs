//! A WebSocket without sockets: a client and a server talk through two buffers, on a clock that only moves when told to.
//!
//! `cargo run -p wirebahn-examples --example no_sockets`
//!
//! This is how to test an application: nothing here takes any time, and every run is the same.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use wirebahn_core::websocket::opening::{
    Acceptance, ClientOpening, ClientOptions, ClientRequest, ServerOpening, ServerOpeningEvent, ServerOptions,
};
use wirebahn_core::websocket::{Config, Keepalive, Message, MessageEvent, Messages};
use wirebahn_core::{Engine, Instant, Transport};
use wirebahn_drive::OsEntropy;

fn main() -> Result<(), Box<dyn Error>> {
    let mut now = Instant::ZERO;
    let (mut client, mut server) = open(now)?;

    client.send(Message::text("Hello"))?;
    carry(&mut client, &mut server, now);
    if let Some(MessageEvent::Message(message)) = server.poll_event() {
        println!("the server has received {:?}", message.as_text());
        server.send(message)?;
    }
    carry(&mut server, &mut client, now);
    println!("the client has received {:?}", client.poll_event());

    // The line is cut: bytes are no longer carried, and only time goes on. The server asks, and gives up.
    while let Some(deadline) = server.poll_timeout() {
        now = deadline;
        server.handle_timeout(now);
        println!(
            "after {:?} the server has {} bytes to send",
            now.saturating_duration_since(Instant::ZERO),
            server.outbox().len()
        );
        while let Some(event) = server.poll_event() {
            println!("  {event:?}");
        }
        if server.transport() == Transport::Close {
            break;
        }
    }
    Ok(())
}

/// Both ends of a connection. A server asks every 30 seconds whether its client is still there.
fn open(now: Instant) -> Result<(Messages, Messages), Box<dyn Error>> {
    let mut config = Config::default();
    let mut keepalive = Keepalive::default();
    (keepalive.interval, keepalive.timeout) = (Duration::from_secs(30), Some(Duration::from_secs(10)));
    config.keepalive = Some(keepalive);
    let mut options = ServerOptions::default();
    options.config = Arc::new(config);
    let entropy = || Box::new(OsEntropy::default());
    let mut server = ServerOpening::new(Arc::new(options), None, entropy(), now);
    let request = ClientRequest::new("ws://nowhere.example/".parse()?);
    let mut client = ClientOpening::new(request, Arc::new(ClientOptions::default()), entropy(), now);

    carry(&mut client, &mut server, now);
    let Some(ServerOpeningEvent::Request(request)) = server.poll_event() else {
        return Err("no request".into());
    };
    println!("a request for {}", request.http.path());
    server.accept(Acceptance::default(), now)?;
    carry(&mut server, &mut client, now);
    client.poll_event().ok_or("no answer")?;

    let client = client.into_established().map_err(|_| "it is open")?;
    let server = server.into_established().map_err(|_| "it was accepted")?;
    Ok((Messages::new(client), Messages::new(server)))
}

/// What a network does.
fn carry(from: &mut impl Engine, to: &mut impl Engine, now: Instant) {
    let outbox = from.outbox();
    for piece in outbox.pieces() {
        to.recv_buf().extend_from_slice(piece);
    }
    outbox.clear();
    to.handle_recv(now);
}
