//! Starting nodes and talking to them.

use std::io::Result;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wirebahn_node::{BoundEndpoint, Config, Node};
use wirebahn_tokio::extension::ExtensionParams;
use wirebahn_tokio::extension::deflate::{Deflate, DeflateOptions};
use wirebahn_tokio::opening::ClientOptions;
use wirebahn_tokio::{Client, WebSocket};

/// So that a test that would hang fails instead.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Opens the first listener of a configuration on a free port.
pub(crate) fn config(text: &str) -> Config {
    let address = "address = \"tcp://127.0.0.1:0\"\n";
    let text = match text.split_once("[[listeners]]\n") {
        Some((before, after)) => format!("{before}[[listeners]]\n{address}{after}"),
        None => format!("{text}\n[[listeners]]\n{address}"),
    };
    Config::parse(&text).unwrap()
}

pub(crate) async fn start(text: &str) -> Node {
    Node::start(config(text)).await.unwrap()
}

/// `HOST:PORT` of the first listener.
pub(crate) fn address(node: &Node) -> String {
    match &node.listeners()[0].endpoint {
        BoundEndpoint::Tcp(address) => address.to_string(),
        other => panic!("{other}"),
    }
}

/// The response to a request, as head and body.
pub(crate) async fn request(address: &str, head: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.replace('\n', "\r\n").as_bytes()).await.unwrap();
    let response = read_to_end(&mut stream).await.unwrap();
    let response = String::from_utf8(response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").expect(&response);
    (head.to_owned(), body.to_owned())
}

pub(crate) async fn get(address: &str, path: &str) -> (String, String) {
    request(address, &format!("GET {path} HTTP/1.1\nHost: {address}\n\n")).await
}

/// A request for a WebSocket with some more headers.
pub(crate) fn upgrade(address: &str, path: &str, headers: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\nHost: {address}\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n{headers}\n"
    )
}

pub(crate) async fn read_to_end(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut all)).await.expect("the other end goes on")?;
    Ok(all)
}

/// A WAMP client that speaks JSON, message by message.
pub(crate) enum Peer {
    WebSocket(Box<WebSocket>),
    RawSocket(TcpStream),
}

impl Peer {
    pub(crate) async fn websocket(address: &str) -> Self {
        let client = Client::new(&format!("ws://{address}/ws")).unwrap().subprotocol("wamp.2.json").unwrap();
        Self::WebSocket(Box::new(client.connect().await.unwrap().connection))
    }

    /// One that offers permessage-deflate, and what the node agreed to.
    pub(crate) async fn compressing(address: &str) -> (Self, Option<ExtensionParams>) {
        let mut options = ClientOptions::default();
        options.extensions = Deflate::new(DeflateOptions::default()).into();
        let client = Client::new(&format!("ws://{address}/ws")).unwrap().options(options);
        let connected = client.subprotocol("wamp.2.json").unwrap().connect().await.unwrap();
        (Self::WebSocket(Box::new(connected.connection)), connected.response.extension)
    }

    pub(crate) async fn rawsocket(address: &str) -> Self {
        let (stream, answer) = Self::open(address, 0xf).await;
        assert_eq!(answer, [0x7f, 0xf1, 0, 0]);
        Self::RawSocket(stream)
    }

    /// A client that takes no more than 2 KiB per message.
    pub(crate) async fn small(address: &str) -> Self {
        Self::RawSocket(Self::open(address, 2).await.0)
    }

    /// What the handshake is answered with.
    pub(crate) async fn rawsocket_answer(address: &str) -> [u8; 4] {
        Self::open(address, 0xf).await.1
    }

    async fn open(address: &str, max_len: u8) -> (TcpStream, [u8; 4]) {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&[0x7f, max_len << 4 | 1, 0, 0]).await.unwrap();
        let mut answer = [0; 4];
        tokio::time::timeout(PATIENCE, stream.read_exact(&mut answer)).await.unwrap().unwrap();
        (stream, answer)
    }

    pub(crate) async fn join(&mut self, realm: &str) {
        let roles = r#"{"roles":{"caller":{},"callee":{},"publisher":{},"subscriber":{}}}"#;
        self.send(&format!("[1,\"{realm}\",{roles}]")).await;
        let welcome = self.recv().await;
        assert!(welcome.starts_with("[2,"), "{welcome}");
    }

    pub(crate) async fn send(&mut self, message: &str) {
        match self {
            Self::WebSocket(socket) => socket.send(message).await.unwrap(),
            Self::RawSocket(stream) => {
                let mut frame = u32::try_from(message.len()).unwrap().to_be_bytes().to_vec();
                frame.extend_from_slice(message.as_bytes());
                stream.write_all(&frame).await.unwrap();
            }
        }
    }

    pub(crate) async fn recv(&mut self) -> String {
        tokio::time::timeout(PATIENCE, async {
            match self {
                Self::WebSocket(socket) => {
                    socket.recv().await.expect("a message").as_text().unwrap().to_owned()
                }
                Self::RawSocket(stream) => {
                    let len = stream.read_u32().await.unwrap();
                    let mut message = vec![0; len as usize];
                    stream.read_exact(&mut message).await.unwrap();
                    String::from_utf8(message).unwrap()
                }
            }
        })
        .await
        .expect("nothing comes")
    }

    /// Waits for the end.
    pub(crate) async fn closed(&mut self) {
        tokio::time::timeout(PATIENCE, async {
            match self {
                Self::WebSocket(socket) => assert_eq!(socket.recv().await, None),
                Self::RawSocket(stream) => assert!(stream.read_u8().await.is_err()),
            }
        })
        .await
        .expect("the connection goes on");
    }
}
