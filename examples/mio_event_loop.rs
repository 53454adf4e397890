//! One thread, one poll, any number of connections: the engines in an event loop of one's own, here over mio.
//!
//! `cargo run -p wirebahn-examples --example mio_event_loop`

use std::collections::BTreeSet;
use std::error::Error;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::mem;
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::thread;
use std::time::Instant as Clock;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use slab::Slab;
use wirebahn_blocking::connect;
use wirebahn_core::websocket::opening::{Acceptance, ServerOpening, ServerOpeningEvent, ServerOptions};
use wirebahn_core::websocket::{CloseCode, MessageEvent, Messages};
use wirebahn_core::{Engine, Instant, Transport};
use wirebahn_drive::OsEntropy;

const LISTENER: Token = Token(usize::MAX);
/// One buffer serves all connections: it is empty again before the next one is looked at.
const READ_BUFFER: usize = 64 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let mut server = Server::bind("127.0.0.1:0".parse()?)?;
    let url = format!("ws://{}/", server.listener.local_addr()?);
    thread::spawn(move || server.run());

    let mut clients = (0..300).map(|_| connect(&url)).collect::<Result<Vec<_>, _>>()?;
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(format!("I am number {number}"))?;
    }
    for (number, client) in clients.iter_mut().enumerate() {
        let message = client.recv().ok_or("the server has gone")?;
        assert_eq!(message.as_text(), Some(format!("I am number {number}").as_str()));
        client.close(CloseCode::NORMAL, "")?;
    }
    println!("{} clients were served by one thread", clients.len());
    Ok(())
}

struct Server {
    poll: Poll,
    listener: TcpListener,
    options: Arc<ServerOptions>,
    connections: Slab<Connection>,
    /// When each connection wants to be told the time, the earliest first.
    deadlines: BTreeSet<(Instant, usize)>,
    buffer: Vec<u8>,
}

struct Connection {
    stream: TcpStream,
    stage: Stage,
    deadline: Option<Instant>,
}

enum Stage {
    Opening(Box<ServerOpening>),
    Open(Box<Messages>),
    Over,
}

impl Server {
    fn bind(address: SocketAddr) -> io::Result<Self> {
        let mut listener = TcpListener::bind(address)?;
        let poll = Poll::new()?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let (options, buffer) = (Arc::default(), vec![0; READ_BUFFER]);
        Ok(Self { poll, listener, options, connections: Slab::new(), deadlines: BTreeSet::new(), buffer })
    }

    fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        loop {
            let timeout = self.deadlines.first().map(|(first, _)| first.saturating_duration_since(now()));
            self.poll.poll(&mut events, timeout)?;
            for event in &events {
                match event.token() {
                    LISTENER => self.accept()?,
                    Token(key) => self.drive(key),
                }
            }
            while let Some(&(_, key)) = self.deadlines.first().filter(|(first, _)| *first <= now()) {
                self.drive(key);
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        while let Ok((mut stream, peer)) = self.listener.accept() {
            let key = self.connections.vacant_key();
            let both = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut stream, Token(key), both)?;
            let (options, entropy) = (Arc::clone(&self.options), Box::new(OsEntropy::default()));
            let opening = ServerOpening::new(options, Some(peer.to_string()), entropy, now());
            let stage = Stage::Opening(Box::new(opening));
            self.connections.insert(Connection { stream, stage, deadline: None });
            self.drive(key);
        }
        Ok(())
    }

    /// Lets a connection do what it can, and notes when it wants to be told the time.
    fn drive(&mut self, key: usize) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let is_open = matches!(connection.drive(&mut self.buffer), Err(Pause::Waiting));
        let deadline = match &connection.stage {
            Stage::Opening(opening) if is_open => opening.poll_timeout(),
            Stage::Open(socket) if is_open => socket.poll_timeout(),
            _ => None,
        };
        if let Some(before) = mem::replace(&mut connection.deadline, deadline) {
            self.deadlines.remove(&(before, key));
        }
        self.deadlines.extend(deadline.map(|deadline| (deadline, key)));
        if !is_open {
            self.connections.remove(key);
        }
    }
}

impl Connection {
    /// The application: accepts everybody, sends everything back, until there is nothing more to do.
    fn drive(&mut self, buffer: &mut [u8]) -> Result<(), Pause> {
        loop {
            match &mut self.stage {
                Stage::Opening(opening) => {
                    if let ServerOpeningEvent::Request(_) = pump(&mut **opening, &mut self.stream, buffer)? {
                        opening.accept(Acceptance::default(), now()).map_err(|_| Pause::Ended)?;
                        self.open()?;
                    }
                }
                Stage::Open(socket) => {
                    if let MessageEvent::Message(message) = pump(&mut **socket, &mut self.stream, buffer)? {
                        socket.send(message).map_err(|_| Pause::Ended)?;
                    }
                }
                Stage::Over => return Err(Pause::Ended),
            }
        }
    }

    /// The answer, which waits to be written, and what came behind the request move on to the next engine.
    fn open(&mut self) -> Result<(), Pause> {
        let Stage::Opening(opening) = mem::replace(&mut self.stage, Stage::Over) else { return Ok(()) };
        let established = opening.into_established().map_err(|_| Pause::Ended)?;
        self.stage = Stage::Open(Box::new(Messages::new(established)));
        Ok(())
    }
}

/// Why there are no more events for now.
enum Pause {
    /// The stream has nothing to read, or takes nothing more.
    Waiting,
    Ended,
}

impl From<io::Error> for Pause {
    fn from(error: io::Error) -> Self {
        if error.kind() == ErrorKind::WouldBlock { Self::Waiting } else { Self::Ended }
    }
}

/// The next event of an engine; bytes move until there is one.
fn pump<E: Engine>(engine: &mut E, stream: &mut TcpStream, buffer: &mut [u8]) -> Result<E::Event, Pause> {
    if engine.poll_timeout().is_some_and(|deadline| deadline <= now()) {
        engine.handle_timeout(now());
    }
    loop {
        // What was sent goes out first: who does not read is not read from either.
        let outbox = engine.outbox();
        while !outbox.is_empty() {
            let written = outbox.pieces().next().map_or(Ok(0), |piece| stream.write(piece))?;
            outbox.advance(written);
        }
        if let Some(event) = engine.poll_event() {
            return Ok(event);
        }
        match engine.transport() {
            Transport::Open => {}
            Transport::Paused => continue,
            // Harmless if it was done before.
            Transport::Finish => drop(stream.shutdown(Shutdown::Write)),
            Transport::Close => return Err(Pause::Ended),
        }
        let len = stream.read(buffer)?;
        engine.recv_buf().extend_from_slice(buffer.get(..len).unwrap_or_default());
        if len > 0 { engine.handle_recv(now()) } else { engine.handle_eof(now()) }
    }
}

fn now() -> Instant {
    Clock::now().into()
}
