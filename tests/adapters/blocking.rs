//! The blocking adapter.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use wirebahn_blocking::{
    Client, Event, Fin, FrameSocket, Frames, MessageEvent, Messages, Server, Streaming, StreamingSocket,
    Upgrade, WebSocket, WebSocketReader, WebSocketWriter,
};
use wirebahn_core::websocket::opening::{Acceptance, Refusal, Response};
use wirebahn_core::websocket::{CloseCode, Closed, Message, SendError};
use wirebahn_drive::websocket::ConnectError;

use crate::adapter::{
    Adapter, Behaviour, ClientSetup, Reader, Running, STUCK, ServerSetup, Socket, Writer, until,
};

pub(crate) struct Blocking;

impl Adapter for Blocking {
    fn serve(setup: ServerSetup) -> Running {
        let mut server = Server::bind("127.0.0.1:0")
            .unwrap()
            .options(setup.options)
            .max_connections(setup.max_connections)
            .shutdown_grace(setup.shutdown_grace);
        if let Some(options) = setup.proxy_header {
            server = server.proxy_header(options);
        }
        if let Some(tls) = setup.tls {
            server = server.tls(tls);
        }
        let (address, handle) = (server.local_addr().unwrap(), server.handle());
        let shutdown = Arc::clone(handle.shutdown_signal());
        let behaviour = setup.behaviour;
        let counter = handle.clone();
        Running {
            address,
            shut_down: Box::new(move || handle.shut_down()),
            connections: Box::new(move || counter.connections()),
            thread: std::thread::spawn(move || {
                server.serve_upgrades(move |upgrade| behave(upgrade, behaviour, &shutdown))
            }),
        }
    }

    fn connect(setup: ClientSetup) -> Result<Box<dyn Socket>, ConnectError> {
        let mut client = Client::new(&setup.url)?
            .options(setup.options)
            .connect_timeout(Some(setup.timeout))
            .max_redirects(setup.max_redirects);
        for subprotocol in setup.subprotocols {
            client = client.subprotocol(subprotocol)?;
        }
        if let Some(proxy) = setup.proxy {
            client = client.proxy(proxy);
        }
        if let Some(tls) = setup.tls {
            client = client.tls(tls);
        }
        let opened = client.connect()?;
        Ok(Box::new(Open { socket: opened.connection, response: opened.response }))
    }
}

fn behave(upgrade: Upgrade, behaviour: Behaviour, shutdown: &Arc<AtomicBool>) {
    match behaviour {
        Behaviour::Frames => {
            let Ok(mut socket) = upgrade.accept::<Frames>(Acceptance::default()) else { return };
            let _ = echo_frames(&mut socket);
        }
        Behaviour::Streaming => {
            let Ok(mut socket) = upgrade.accept::<Streaming>(Acceptance::default()) else { return };
            let _ = echo_streaming(&mut socket);
        }
        Behaviour::Refuse(status) => {
            let mut refusal = Refusal::new(status);
            refusal.headers.append("Location", "/elsewhere").unwrap();
            refusal.body = "no".into();
            let _ = upgrade.refuse(refusal);
        }
        _ => {
            let client = upgrade.request().http.client().unwrap_or_default().to_owned();
            let Ok(mut socket) = upgrade.accept::<Messages>(Acceptance::default()) else { return };
            socket.end_on(shutdown);
            let _ = behave_on(socket, behaviour, client);
        }
    }
}

fn behave_on(mut socket: WebSocket, behaviour: Behaviour, client: String) -> Result<(), SendError> {
    match behaviour {
        Behaviour::Serve => socket.serve(|message, replies| replies.send(message.to_message())),
        Behaviour::Split => {
            let (reader, writer) = socket.split().unwrap();
            for message in reader {
                writer.send(message)?;
            }
            Ok(())
        }
        Behaviour::Flood => loop {
            socket.send(Message::binary(vec![7; 1 << 20]))?;
        },
        Behaviour::WhoAmI => {
            socket.send(client)?;
            socket.wait_closed();
            Ok(())
        }
        Behaviour::Ignore => loop {
            std::thread::park();
        },
        _ => {
            while let Some(message) = socket.recv() {
                socket.send(message)?;
            }
            Ok(())
        }
    }
}

fn echo_frames(socket: &mut FrameSocket) -> Result<(), SendError> {
    while let Some(frame) = socket.recv_part() {
        if frame.starts_message() {
            socket.begin_message(frame.kind())?;
        }
        let fin = if frame.ends_message() { Fin::Last } else { Fin::More };
        socket.send_frame(frame.into_payload(), fin)?;
    }
    Ok(())
}

fn echo_streaming(socket: &mut StreamingSocket) -> Result<(), SendError> {
    while let Some(event) = socket.recv_event() {
        let Event::Data(chunk) = event else { continue };
        let ends_message = chunk.ends_message();
        if chunk.starts_message() {
            socket.begin_message(chunk.kind())?;
        }
        if !chunk.payload().is_empty() {
            socket.begin_frame(chunk.payload().len() as u64, Fin::More)?;
            socket.send_data(chunk.into_payload())?;
        }
        if ends_message {
            socket.end_message()?;
        }
        socket.flush()?;
    }
    Ok(())
}

struct Open {
    socket: WebSocket,
    response: Box<Response>,
}

impl Socket for Open {
    fn recv_timeout(&mut self, limit: Duration) -> Result<Option<Message>, ()> {
        self.socket.recv_timeout(limit).map_err(drop)
    }

    fn send(&mut self, message: Message) -> Result<(), SendError> {
        self.socket.send(message)
    }

    fn feed(&mut self, message: Message) -> Result<(), SendError> {
        self.socket.feed(message)
    }

    fn flush(&mut self) -> Result<(), SendError> {
        self.socket.flush()
    }

    fn send_fragmented(&mut self, message: Message, size: usize) -> Result<(), SendError> {
        self.socket.send_fragmented(message, size)
    }

    fn ping(&mut self, payload: &'static str) -> Option<Vec<u8>> {
        self.socket.ping(payload).unwrap();
        let start = Instant::now();
        while start.elapsed() < STUCK {
            match self.socket.recv_event_timeout(STUCK).expect("this must not hang")? {
                MessageEvent::Pong(pong) => return Some(pong.payload.to_vec()),
                MessageEvent::Closed(_) => return None,
                _ => {}
            }
        }
        panic!("no pong");
    }

    fn close(&mut self, code: CloseCode, reason: &str) -> Result<Closed, SendError> {
        self.socket.close(code, reason)
    }

    fn wait_closed(&mut self) -> Closed {
        self.socket.wait_closed()
    }

    fn abort(&mut self) {
        self.socket.abort();
    }

    fn subprotocol(&self) -> Option<String> {
        self.response.subprotocol.clone()
    }

    fn extension(&self) -> Option<String> {
        self.response.extension.as_ref().map(|agreed| agreed.name().to_owned())
    }

    fn split(self: Box<Self>) -> (Box<dyn Reader>, Box<dyn Writer>) {
        let (reader, writer) = self.socket.split().unwrap();
        (Box::new(reader), Box::new(writer))
    }
}

impl Reader for WebSocketReader {
    fn recv(&mut self) -> Option<Message> {
        self.recv()
    }

    fn closed(&self) -> Option<Closed> {
        self.closed().cloned()
    }
}

impl Writer for WebSocketWriter {
    fn send(&mut self, message: Message) -> Result<(), SendError> {
        Self::send(self, message)
    }

    fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), SendError> {
        Self::close(self, code, reason)
    }
}

/// What `operation` gives, which it must do in time.
pub(crate) fn soon<T: Send + 'static>(operation: impl FnOnce() -> T + Send + 'static) -> T {
    let operation = std::thread::spawn(operation);
    until(|| operation.is_finished());
    operation.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
