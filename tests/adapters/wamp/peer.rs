//! Other ends that write their messages by hand, in JSON over RawSocket.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;

use bytes::Bytes;
use wirebahn_core::wamp::{Message, Serializer};

use crate::adapter::STUCK;

/// The handshake of a client that speaks JSON, which is what a router says, too, that agrees.
const HANDSHAKE: [u8; 4] = [0x7f, 0xf1, 0, 0];

pub(crate) const WELCOME: &str = r#"[2,7,{"roles":{"broker":{},"dealer":{}}}]"#;

pub(crate) struct Peer(TcpStream);

impl Peer {
    /// A client that has not said HELLO yet.
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(STUCK)).unwrap();
        stream.write_all(&HANDSHAKE).unwrap();
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(answer[..1], HANDSHAKE[..1]);
        Self(stream)
    }

    /// A client that has joined.
    pub(crate) fn join(address: SocketAddr) -> Self {
        let mut peer = Self::connect(address);
        peer.say(r#"[1,"realm1",{"roles":{"caller":{},"callee":{},"publisher":{},"subscriber":{}}}]"#);
        assert!(matches!(peer.hear(), Some(Message::Welcome(_))));
        peer
    }

    /// Says what the other end takes.
    pub(crate) fn say(&mut self, json: &str) {
        let header = u32::try_from(json.len()).unwrap().to_be_bytes();
        let _ = self.0.write_all(&[&header, json.as_bytes()].concat());
    }

    /// The next message; `None` once the other end has closed the connection.
    pub(crate) fn hear(&mut self) -> Option<Message> {
        let mut header = [0; 4];
        if let Err(error) = self.0.read_exact(&mut header) {
            assert_ne!(error.kind(), ErrorKind::WouldBlock, "this must not hang");
            return None;
        }
        let mut payload = vec![0; u32::from_be_bytes(header) as usize];
        self.0.read_exact(&mut payload).unwrap();
        Some(Serializer::Json.decode(&Bytes::from(payload)).unwrap())
    }
}

/// A router for one session, which does what the test says after its handshake.
pub(crate) fn router(talk: impl FnOnce(Peer) + Send + 'static) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("rs://{}", listener.local_addr().unwrap());
    let talking = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        drop(listener);
        stream.set_read_timeout(Some(STUCK)).unwrap();
        let mut request = [0; 4];
        stream.read_exact(&mut request).unwrap();
        stream.write_all(&HANDSHAKE).unwrap();
        talk(Peer(stream));
    });
    (url, talking)
}
