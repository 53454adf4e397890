//! Other ends that write their bytes by hand.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use crate::adapter::STUCK;

pub(crate) const UPGRADE: &[u8] =
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// A client.
pub(crate) struct Raw(pub(crate) TcpStream);

impl Raw {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(STUCK)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    /// A client behind its opening handshake.
    pub(crate) fn open(address: SocketAddr) -> Self {
        let mut raw = Self::connect(address);
        raw.send(UPGRADE);
        assert!(raw.read_head().starts_with("HTTP/1.1 101 "));
        raw
    }

    /// Writes what the other end takes.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes);
    }

    pub(crate) fn read_head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        String::from_utf8(head).unwrap()
    }

    /// What comes until the end, in order or not, which must come.
    pub(crate) fn read_to_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if let Err(error) = self.0.read_to_end(&mut bytes) {
            assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock, "this must not hang");
        }
        bytes
    }

    pub(crate) fn read_exact(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.0.read_exact(&mut bytes).unwrap();
        bytes
    }
}

/// A frame as a client sends it, masked with zeros.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let len = u8::try_from(payload.len()).ok().filter(|len| *len < 126).unwrap();
    [&[first, 0x80 | len, 0, 0, 0, 0], payload].concat()
}

/// A peer that takes one connection, says `answer`, and holds on to it until the test has ended.
pub(crate) fn listener_that_says(answer: &'static [u8]) -> (SocketAddr, mpsc::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (held, end) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.write_all(answer);
        let _ = end.recv();
    });
    (address, held)
}

/// An HTTP proxy for one connection.
pub(crate) fn http_proxy() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (near, _) = listener.accept().unwrap();
        let mut near = Raw(near);
        let head = near.read_head();
        let target = head.strip_prefix("CONNECT ").unwrap().split(' ').next().unwrap();
        let far = TcpStream::connect(target).unwrap();
        near.send(b"HTTP/1.1 200 OK\r\n\r\n");
        let (mut near_in, mut far_out) = (near.0.try_clone().unwrap(), far.try_clone().unwrap());
        std::thread::spawn(move || drop(std::io::copy(&mut near_in, &mut far_out)));
        let (mut far, mut near) = (far, near.0);
        let _ = std::io::copy(&mut far, &mut near);
        let _ = near.shutdown(std::net::Shutdown::Both);
    });
    address
}

/// How long a peer that hangs is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_millis(200);
