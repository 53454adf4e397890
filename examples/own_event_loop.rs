//! The protocol without a runtime: engines driven by plain blocking sockets.
//!
//! `cargo run -p wirebahn-examples --example own_event_loop`
//!
//! [`drive`] is a whole driver. It knows nothing of WebSocket: it moves bytes and time between an engine and a socket,
//! in the order that the documentation of `wirebahn_core::Engine` gives.

use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant as Clock};

use wirebahn_core::websocket::opening::{
    Acceptance, ClientOpening, ClientOpeningEvent, ClientOptions, ClientRequest, ServerOpening,
    ServerOpeningEvent, ServerOptions,
};
use wirebahn_core::websocket::{CloseCode, Closed, Message, MessageEvent, Messages};
use wirebahn_core::{Engine, Instant, Transport};
use wirebahn_drive::OsEntropy;

fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("ws://{}/", listener.local_addr()?);
    let server = thread::spawn(move || serve(&listener.accept()?.0));

    println!("client: {}", talk(&url)?);
    match server.join() {
        Ok(closed) => println!("server: {}", closed?),
        Err(_) => return Err("the server has panicked".into()),
    }
    Ok(())
}

fn talk(url: &str) -> Result<Closed, Box<dyn Error>> {
    let request = ClientRequest::new(url.parse()?);
    let stream = TcpStream::connect(url.trim_start_matches("ws://").trim_end_matches('/'))?;
    let entropy = Box::new(OsEntropy::default());
    let mut opening = ClientOpening::new(request, Arc::new(ClientOptions::default()), entropy, now());
    match drive(&mut opening, &stream)? {
        Some(ClientOpeningEvent::Open(_)) => {}
        other => return Err(format!("no connection: {other:?}").into()),
    }
    // What was received behind the handshake moves on with it.
    let mut socket = Messages::new(opening.into_established().map_err(|_| "it is open")?);

    socket.send(Message::text("Hello"))?;
    while let Some(event) = drive(&mut socket, &stream)? {
        match event {
            MessageEvent::Message(message) => {
                println!("client: {message:?} came back");
                socket.close(CloseCode::NORMAL, "", now())?;
            }
            MessageEvent::Closed(closed) => return Ok(closed),
            _ => {}
        }
    }
    Err("the last event is Closed".into())
}

fn serve(stream: &TcpStream) -> io::Result<Closed> {
    let peer = stream.peer_addr()?.to_string();
    let options = Arc::new(ServerOptions::default());
    let mut opening = ServerOpening::new(options, Some(peer), Box::new(OsEntropy::default()), now());
    while !opening.is_accepted() {
        match drive(&mut opening, stream)? {
            Some(ServerOpeningEvent::Request(_)) => {
                opening.accept(Acceptance::default(), now()).map_err(io::Error::other)?;
            }
            other => return Err(io::Error::other(format!("no connection: {other:?}"))),
        }
    }
    let established = opening.into_established().map_err(|_| io::Error::other("it was accepted"))?;

    let mut socket = Messages::new(established);
    while let Some(event) = drive(&mut socket, stream)? {
        match event {
            MessageEvent::Message(message) => socket.send(message).map_err(io::Error::other)?,
            MessageEvent::Closed(closed) => return Ok(closed),
            _ => {}
        }
    }
    Err(io::Error::other("the last event is Closed"))
}

/// Lets the engine work until it has an event. The last one is terminal.
fn drive<E: Engine>(engine: &mut E, mut stream: &TcpStream) -> io::Result<Option<E::Event>> {
    let mut block = [0; 16 * 1024];
    let mut has_finished = false;
    loop {
        // 1. Events, which also take in what was received before.
        let event = engine.poll_event();

        // 2. What is to be sent. (`write_vectored` with several pieces would save system calls.)
        let outbox = engine.outbox();
        while !outbox.is_empty() {
            let written = outbox.pieces().next().map_or(Ok(0), |piece| stream.write(piece))?;
            outbox.advance(written);
        }
        if event.is_some() {
            return Ok(event);
        }

        // 3. What the transport is to do.
        match engine.transport() {
            Transport::Open => {}
            Transport::Paused => continue,
            Transport::Finish => {
                if !has_finished {
                    has_finished = true;
                    stream.shutdown(Shutdown::Write)?;
                }
            }
            Transport::Close => return Ok(None),
        }

        // 4. Bytes or the passing of time, whichever comes first.
        stream.set_read_timeout(engine.poll_timeout().map(time_until))?;
        match stream.read(&mut block) {
            Ok(0) => engine.handle_eof(now()),
            Ok(len) => {
                engine.recv_buf().extend_from_slice(block.get(..len).unwrap_or_default());
                engine.handle_recv(now());
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                engine.handle_timeout(now());
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // The engine has to know that nothing comes any more.
            Err(_) => engine.handle_eof(now()),
        }
    }
}

/// The only place where a clock is read.
fn now() -> Instant {
    Clock::now().into()
}

/// A socket's timeout must not be zero.
fn time_until(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(now()).max(Duration::from_micros(1))
}
