//! The asynchronous adapters: one implementation for all of them.

use std::marker::PhantomData;
use std::sync::LazyLock;
use std::time::Duration;

use tokio::runtime::Runtime as Tokio;
use wirebahn_core::websocket::opening::{Acceptance, Refusal, Response};
use wirebahn_core::websocket::{
    CloseCode, Closed, Event, Fin, Frames, Message, MessageEvent, Messages, SendError, Streaming,
};
use wirebahn_drive::websocket::{
    Client, ConnectError, FrameSocket, Server, StreamingSocket, Upgrade, WebSocket, WebSocketReader,
    WebSocketWriter,
};
use wirebahn_drive::{Listen, Shutdown, timeout};

use crate::adapter::{Adapter, Behaviour, ClientSetup, Reader, Running, STUCK, ServerSetup, Socket, Writer};

/// A runtime from the outside.
pub(crate) trait BlockOn: Listen<Io: Send> {
    fn block_on<F: Future>(future: F) -> F::Output;
}

impl BlockOn for wirebahn_tokio::TokioRuntime {
    fn block_on<F: Future>(future: F) -> F::Output {
        static TOKIO: LazyLock<Tokio> = LazyLock::new(|| Tokio::new().unwrap());
        TOKIO.block_on(future)
    }
}

impl BlockOn for wirebahn_smol::SmolRuntime {
    fn block_on<F: Future>(future: F) -> F::Output {
        smol::block_on(future)
    }
}

impl BlockOn for wirebahn_async_std::AsyncStdRuntime {
    fn block_on<F: Future>(future: F) -> F::Output {
        async_std::task::block_on(future)
    }
}

pub(crate) struct Driven<N>(PhantomData<N>);

impl<N: BlockOn> Adapter for Driven<N> {
    fn serve(setup: ServerSetup) -> Running {
        let mut server = N::block_on(Server::<N>::bind("127.0.0.1:0"))
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
        let shutdown = handle.shutdown_signal().clone();
        let behaviour = setup.behaviour;
        let serving = server.serve_upgrades(move |upgrade| behave::<N>(upgrade, behaviour, shutdown.clone()));
        let counter = handle.clone();
        Running {
            address,
            shut_down: Box::new(move || handle.shut_down()),
            connections: Box::new(move || counter.connections()),
            thread: std::thread::spawn(move || N::block_on(serving)),
        }
    }

    fn connect(setup: ClientSetup) -> Result<Box<dyn Socket>, ConnectError> {
        let mut client = Client::<N>::new(&setup.url)?
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
        let opened =
            N::block_on(timeout::<N, _>(Some(STUCK), client.connect())).expect("this must not hang")?;
        Ok(Box::new(Open::<N> { socket: opened.connection, response: opened.response }))
    }
}

async fn behave<N: BlockOn>(upgrade: Upgrade<N::Io, N>, behaviour: Behaviour, shutdown: Shutdown) {
    match behaviour {
        Behaviour::Frames => {
            let Ok(mut socket) = upgrade.accept::<Frames>(Acceptance::default()).await else { return };
            let _ = echo_frames::<N>(&mut socket).await;
        }
        Behaviour::Streaming => {
            let Ok(mut socket) = upgrade.accept::<Streaming>(Acceptance::default()).await else { return };
            let _ = echo_streaming::<N>(&mut socket).await;
        }
        Behaviour::Refuse(status) => {
            let mut refusal = Refusal::new(status);
            refusal.headers.append("Location", "/elsewhere").unwrap();
            refusal.body = "no".into();
            let _ = upgrade.refuse(refusal).await;
        }
        _ => {
            let client = upgrade.request().http.client().unwrap_or_default().to_owned();
            let Ok(mut socket) = upgrade.accept::<Messages>(Acceptance::default()).await else { return };
            socket.end_on(&shutdown);
            let _ = behave_on::<N>(socket, behaviour, client).await;
        }
    }
}

async fn behave_on<N: BlockOn>(
    mut socket: WebSocket<N::Io, N>,
    behaviour: Behaviour,
    client: String,
) -> Result<(), SendError> {
    match behaviour {
        Behaviour::Serve => {
            socket.serve(|message, replies| replies.send(message.to_message())).await?;
        }
        Behaviour::Split => {
            let (mut reader, mut writer) = socket.split();
            while let Some(message) = reader.recv().await {
                writer.send(message).await?;
            }
        }
        Behaviour::Flood => loop {
            socket.send(Message::binary(vec![7; 1 << 20])).await?;
        },
        Behaviour::WhoAmI => {
            socket.send(client).await?;
            socket.wait_closed().await;
        }
        Behaviour::Ignore => std::future::pending().await,
        _ => {
            while let Some(message) = socket.recv().await {
                socket.send(message).await?;
            }
        }
    }
    Ok(())
}

async fn echo_frames<N: BlockOn>(socket: &mut FrameSocket<N::Io, N>) -> Result<(), SendError> {
    while let Some(frame) = socket.recv_frame().await {
        if frame.starts_message() {
            socket.begin_message(frame.kind())?;
        }
        let fin = if frame.ends_message() { Fin::Last } else { Fin::More };
        socket.send_frame(frame.into_payload(), fin).await?;
    }
    Ok(())
}

async fn echo_streaming<N: BlockOn>(socket: &mut StreamingSocket<N::Io, N>) -> Result<(), SendError> {
    while let Some(event) = socket.recv_event().await {
        let Event::Data(chunk) = event else { continue };
        let ends_message = chunk.ends_message();
        if chunk.starts_message() {
            socket.begin_message(chunk.kind())?;
        }
        if !chunk.payload().is_empty() {
            socket.begin_frame(chunk.payload().len() as u64, Fin::More).await?;
            socket.send_data(chunk.into_payload()).await?;
        }
        if ends_message {
            socket.end_message().await?;
        }
        socket.flush().await?;
    }
    Ok(())
}

struct Open<N: BlockOn> {
    socket: WebSocket<N::Io, N>,
    response: Box<Response>,
}

/// Runs a future to its end, which must come.
pub(crate) fn soon<N: BlockOn, T>(future: impl Future<Output = T>) -> T {
    N::block_on(timeout::<N, _>(Some(STUCK), future)).expect("this must not hang")
}

impl<N: BlockOn> Socket for Open<N> {
    fn recv_timeout(&mut self, limit: Duration) -> Result<Option<Message>, ()> {
        N::block_on(timeout::<N, _>(Some(limit), self.socket.recv())).map_err(drop)
    }

    fn send(&mut self, message: Message) -> Result<(), SendError> {
        soon::<N, _>(self.socket.send(message))
    }

    fn feed(&mut self, message: Message) -> Result<(), SendError> {
        soon::<N, _>(self.socket.feed(message))
    }

    fn flush(&mut self) -> Result<(), SendError> {
        soon::<N, _>(self.socket.flush())
    }

    fn send_fragmented(&mut self, message: Message, size: usize) -> Result<(), SendError> {
        soon::<N, _>(self.socket.send_fragmented(message, size))
    }

    fn ping(&mut self, payload: &'static str) -> Option<Vec<u8>> {
        soon::<N, _>(async {
            self.socket.ping(payload).await.unwrap();
            loop {
                match self.socket.recv_event().await? {
                    MessageEvent::Pong(pong) => return Some(pong.payload.to_vec()),
                    MessageEvent::Closed(_) => return None,
                    _ => {}
                }
            }
        })
    }

    fn close(&mut self, code: CloseCode, reason: &str) -> Result<Closed, SendError> {
        soon::<N, _>(self.socket.close(code, reason))
    }

    fn wait_closed(&mut self) -> Closed {
        soon::<N, _>(self.socket.wait_closed())
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
        let (reader, writer) = self.socket.split();
        (Box::new(ReadHalf::<N>(reader)), Box::new(WriteHalf::<N>(writer)))
    }
}

struct ReadHalf<N: BlockOn>(WebSocketReader<N::Io, N>);

impl<N: BlockOn> Reader for ReadHalf<N> {
    fn recv(&mut self) -> Option<Message> {
        soon::<N, _>(self.0.recv())
    }

    fn closed(&self) -> Option<Closed> {
        self.0.closed().cloned()
    }
}

struct WriteHalf<N: BlockOn>(WebSocketWriter<N::Io, N>);

impl<N: BlockOn> Writer for WriteHalf<N> {
    fn send(&mut self, message: Message) -> Result<(), SendError> {
        soon::<N, _>(self.0.send(message))
    }

    fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), SendError> {
        soon::<N, _>(self.0.close(code, reason))
    }
}
