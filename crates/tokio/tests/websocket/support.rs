//! Servers that run, pairs of connections, and peers that write their bytes by hand.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use wirebahn_core::websocket::opening::{ClientOptions, ClientRequest, ServerOptions};
use wirebahn_tokio::{Config, Incoming, Server, ServerHandle, WebSocket, connect, connect_on, receive};

/// No test waits longer for anything: it would be stuck.
pub(crate) const STUCK: Duration = Duration::from_secs(60);

/// The output of `future`, which must come.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(STUCK, future).await.expect("this must not hang")
}

/// Lets other tasks run until `reached`.
pub(crate) async fn until(mut reached: impl FnMut() -> bool) {
    soon(async {
        while !reached() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

/// A server that runs until it is told to end.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) handle: ServerHandle,
    task: JoinHandle<io::Result<()>>,
}

impl Running {
    pub(crate) async fn bind() -> Server {
        Server::bind("127.0.0.1:0").await.unwrap()
    }

    pub(crate) fn start<H, F>(server: Server, handler: H) -> Self
    where
        H: Fn(WebSocket) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        Self::of(&server.local_addr().unwrap(), server.handle(), tokio::spawn(server.serve(handler)))
    }

    pub(crate) const fn of(
        address: &SocketAddr,
        handle: ServerHandle,
        task: JoinHandle<io::Result<()>>,
    ) -> Self {
        Self { address: *address, handle, task }
    }

    pub(crate) async fn echo() -> Self {
        Self::start(Self::bind().await, echo)
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}/", self.address)
    }

    pub(crate) async fn connect(&self) -> WebSocket {
        soon(connect(&self.url())).await.unwrap()
    }

    pub(crate) async fn raw(&self) -> Raw {
        Raw { stream: TcpStream::connect(self.address).await.unwrap() }
    }

    /// A peer behind its opening handshake.
    pub(crate) async fn raw_open(&self) -> Raw {
        let mut raw = self.raw().await;
        raw.send(UPGRADE).await;
        let head = raw.read_head().await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        raw
    }

    /// Ends the server and waits for it.
    pub(crate) async fn end(self) {
        self.handle.shut_down();
        self.ended().await;
    }

    /// Waits for the end of the server.
    pub(crate) async fn ended(self) {
        soon(self.task).await.unwrap().unwrap();
    }
}

pub(crate) async fn echo(mut socket: WebSocket) {
    while let Some(message) = socket.recv().await {
        if socket.send(message).await.is_err() {
            break;
        }
    }
}

pub(crate) fn server_options(change: impl FnOnce(&mut Config)) -> ServerOptions {
    let mut options = ServerOptions::default();
    change(Arc::make_mut(&mut options.config));
    options
}

pub(crate) fn client_options(change: impl FnOnce(&mut Config)) -> ClientOptions {
    let mut options = ClientOptions::default();
    change(Arc::make_mut(&mut options.config));
    options
}

pub(crate) fn request() -> ClientRequest {
    ClientRequest::new("ws://localhost/".parse().unwrap())
}

/// A client and a server joined by a pipe in memory.
pub(crate) async fn pair(
    client: ClientOptions,
    server: ServerOptions,
) -> (WebSocket<DuplexStream>, WebSocket<DuplexStream>) {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let opened = connect_on(near, request(), Arc::new(client));
    let (opened, socket) = soon(async { tokio::join!(opened, accept_with(far, server)) }).await;
    (opened.unwrap().connection, socket)
}

pub(crate) async fn accept_with(stream: DuplexStream, options: ServerOptions) -> WebSocket<DuplexStream> {
    match receive(stream, Arc::new(options), None).await.unwrap() {
        Incoming::Upgrade(upgrade) => upgrade.accept(Default::default()).await.unwrap(),
        other => panic!("{other:?}"),
    }
}

pub(crate) const UPGRADE: &[u8] =
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// A peer that writes its bytes by hand.
pub(crate) struct Raw<S = TcpStream> {
    pub(crate) stream: S,
}

impl<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin> Raw<S> {
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        soon(self.stream.write_all(bytes.as_ref())).await.unwrap();
    }

    /// Sends to someone who may have gone; returns whether it went well.
    pub(crate) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        soon(self.stream.write_all(bytes.as_ref())).await.is_ok()
    }

    pub(crate) async fn read_head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(soon(self.stream.read_u8()).await.expect("a whole head"));
        }
        String::from_utf8(head).unwrap()
    }

    /// Everything up to the end or the reset of the connection.
    pub(crate) async fn read_to_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // A reset is an end, too.
        let _ = soon(self.stream.read_to_end(&mut bytes)).await;
        bytes
    }

    pub(crate) async fn read_text_to_end(&mut self) -> String {
        String::from_utf8(self.read_to_end().await).unwrap()
    }

    /// The code in the last frame before the end of the connection.
    pub(crate) async fn close_code(&mut self) -> Option<u16> {
        let bytes = self.read_to_end().await;
        match frames(&bytes).last() {
            Some((0x88, [high, low, ..])) => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        }
    }
}

/// First byte and payload of the frames that a server has sent.
pub(crate) fn frames(mut bytes: &[u8]) -> Vec<(u8, &[u8])> {
    let mut frames = Vec::new();
    while let [first, short, rest @ ..] = bytes {
        let (len, rest) = match short {
            126 => (usize::from(u16::from_be_bytes([rest[0], rest[1]])), &rest[2..]),
            127 => (usize::try_from(u64::from_be_bytes(rest[..8].try_into().unwrap())).unwrap(), &rest[8..]),
            short => (usize::from(*short), rest),
        };
        frames.push((*first, &rest[..len]));
        bytes = &rest[len..];
    }
    frames
}

/// A frame of a client.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const KEY: [u8; 4] = [0x12, 0x34, 0x56, 0x78];
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..126 => bytes.push(0x80 | short as u8),
        middle @ 126..0x1_0000 => {
            bytes.push(0xfe);
            bytes.extend((middle as u16).to_be_bytes());
        }
        long => {
            bytes.push(0xff);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend(KEY);
    bytes.extend(payload.iter().zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key));
    bytes
}

/// A well-behaved client that gets every echo, whatever happens around it.
pub(crate) struct Bystander {
    enough: Arc<AtomicBool>,
    task: JoinHandle<usize>,
}

impl Bystander {
    pub(crate) async fn start(server: &Running) -> Self {
        let enough = Arc::new(AtomicBool::new(false));
        let mut socket = server.connect().await;
        let done = Arc::clone(&enough);
        let task = tokio::spawn(async move {
            let mut echoes = 0;
            while !done.load(Ordering::Relaxed) || echoes < 10 {
                let text = format!("{echoes}");
                soon(socket.send(text.as_str())).await.unwrap();
                let echo = soon(socket.recv()).await;
                assert_eq!(echo.as_ref().and_then(|echo| echo.as_text()), Some(text.as_str()));
                echoes += 1;
            }
            let closed = soon(socket.close(1000.into(), "")).await.unwrap();
            assert!(closed.clean, "{closed}");
            echoes
        });
        Self { enough, task }
    }

    /// Every echo came, also after all that has happened.
    pub(crate) async fn assert_untouched(self) {
        self.enough.store(true, Ordering::Relaxed);
        soon(self.task).await.expect("every echo came");
    }
}
