use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;
use std::time::Duration;

use wirebahn_blocking::wamp::{Join, RealmConfig, Router, RouterConfig, Serializer, Session, join};
use wirebahn_blocking::{Server, ServerHandle};

use crate::adapter::STUCK;

/// A router with the realm `realm1` that listens.
pub(super) struct Running {
    pub(super) router: Router,
    pub(super) address: SocketAddr,
    pub(super) listening: ServerHandle,
    pub(super) thread: JoinHandle<std::io::Result<()>>,
}

impl Running {
    pub(super) fn start() -> Self {
        Self::start_with(RealmConfig::default(), |server| server)
    }

    pub(super) fn start_with(realm: RealmConfig, change: impl FnOnce(Server) -> Server) -> Self {
        let mut config = RouterConfig::default();
        config.realms.push(("realm1".into(), realm));
        let router = Router::new(config).unwrap();
        let server = change(Server::bind("127.0.0.1:0").unwrap());
        let (address, listening) = (server.local_addr().unwrap(), server.handle());
        let serving = router.clone();
        let thread = std::thread::spawn(move || serving.serve(server));
        Self { router, address, listening, thread }
    }

    pub(super) fn join(&self) -> Session {
        join(&self.websocket(), "realm1").unwrap()
    }

    pub(super) fn websocket(&self) -> String {
        format!("ws://{}/", self.address)
    }

    pub(super) fn rawsocket(&self) -> String {
        format!("rs://{}", self.address)
    }

    /// Ends everything in order.
    pub(super) fn end(self) {
        self.router.shut_down();
        self.listening.shut_down();
        self.thread.join().unwrap().unwrap();
    }
}

/// A receiver that must get something in time.
pub(super) trait InTime<T> {
    fn take(&self) -> T;
}

impl<T> InTime<T> for Receiver<T> {
    fn take(&self) -> T {
        self.recv_timeout(STUCK).expect("this must not hang")
    }
}

/// A router that speaks RawSocket and JSON, by hand.
pub(super) struct Handmade {
    stream: TcpStream,
}

impl Handmade {
    /// Lets a client join, and runs `behave` with its connection.
    pub(super) fn welcome(behave: impl FnOnce(Self) + Send + 'static) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("rs://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(STUCK)).unwrap();
            let mut hello = [0; 4];
            stream.read_exact(&mut hello).unwrap();
            // The longest messages, and JSON.
            stream.write_all(&[0x7f, 0xf1, 0, 0]).unwrap();
            let mut router = Self { stream };
            assert!(router.recv().starts_with("[1,"));
            router.send(r#"[2,1,{"roles":{"broker":{},"dealer":{"features":{"call_canceling":true}}}}]"#);
            behave(router);
        });
        url
    }

    pub(super) fn send(&mut self, message: &str) {
        let len = u32::try_from(message.len()).unwrap().to_be_bytes();
        self.stream.write_all(&[&len[..], message.as_bytes()].concat()).unwrap();
    }

    pub(super) fn recv(&mut self) -> String {
        let mut len = [0; 4];
        self.stream.read_exact(&mut len).unwrap();
        let mut message = vec![0; u32::from_be_bytes(len) as usize];
        self.stream.read_exact(&mut message).unwrap();
        String::from_utf8(message).unwrap()
    }

    /// Reads until the client has gone.
    pub(super) fn wait(mut self) {
        let _ = std::io::copy(&mut self.stream, &mut std::io::sink());
    }

    /// Does not read any more, and holds the connection.
    pub(super) fn ignore(self) {
        std::thread::sleep(STUCK);
        drop(self.stream);
    }
}

/// A session with a router that writes its bytes by hand.
pub(super) fn by_hand(url: &str) -> Join {
    Join::new(url, "realm1").unwrap().serializers([Serializer::Json])
}

/// A while that is long enough to see that nothing happens.
pub(super) const QUIET: Duration = Duration::from_millis(100);
