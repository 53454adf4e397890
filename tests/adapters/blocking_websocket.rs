//! What only the blocking adapter has to show: two threads on one connection, also over TLS, and plain HTTP.

use std::io::Write;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;

use rcgen::{CertificateParams, KeyPair};
use wirebahn_blocking::http::StatusCode;
use wirebahn_blocking::opening::HttpResponse;
use wirebahn_blocking::wamp::{Join, RealmConfig, Router, RouterConfig};
use wirebahn_blocking::{
    Client, CloseCode, Message, Server, ServerHandle, WebSocket, WebSocketReader, WebSocketWriter,
};
use wirebahn_tls::{ClientTls, ClientTlsOptions, Identity, Roots, ServerTls, ServerTlsOptions};

use crate::adapter::{STUCK, until};
use crate::peer::{Raw, frame};

/// A certificate for `localhost`, for both ends.
fn certificates() -> (ServerTls, ClientTls) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".into()]).unwrap().self_signed(&key).unwrap();
    let identity = Identity::from_pem(certificate.pem().as_bytes(), key.serialize_pem().as_bytes()).unwrap();
    let mut options = ClientTlsOptions::default();
    options.roots = Roots::empty();
    options.roots.add_pem(certificate.pem().as_bytes()).unwrap();
    (ServerTls::new(ServerTlsOptions::new(identity)).unwrap(), ClientTls::new(options).unwrap())
}

struct Secure {
    url: String,
    handle: ServerHandle,
    thread: JoinHandle<std::io::Result<()>>,
    tls: ClientTls,
}

impl Secure {
    fn serve(handler: impl Fn(WebSocket) + Send + Sync + 'static) -> Self {
        let (server_tls, tls) = certificates();
        let server = Server::bind("127.0.0.1:0").unwrap().tls(server_tls);
        let url = format!("wss://localhost:{}/", server.local_addr().unwrap().port());
        let handle = server.handle();
        Self { url, handle, thread: std::thread::spawn(|| server.serve(handler)), tls }
    }

    fn split(&self) -> (WebSocketReader, WebSocketWriter) {
        let opened = Client::new(&self.url).unwrap().tls(self.tls.clone()).connect().unwrap();
        opened.connection.split().unwrap()
    }

    fn end(self) {
        self.handle.shut_down();
        self.thread.join().unwrap().unwrap();
    }
}

fn echo_split(socket: WebSocket) {
    let (reader, writer) = socket.split().unwrap();
    for message in reader {
        if writer.send(message).is_err() {
            break;
        }
    }
}

fn message(n: usize) -> Message {
    Message::binary(vec![n as u8; n * 37 % 100_000])
}

#[test]
fn both_directions_of_a_secure_connection_are_used_at_the_same_time() {
    let secure = Secure::serve(echo_split);
    let (reader, writer) = secure.split();
    // So much that neither end could send it all before the other one reads.
    let sending = std::thread::spawn(move || {
        (0..300).for_each(|n| writer.send(message(n)).unwrap());
        writer.close(CloseCode::NORMAL, "").unwrap();
    });
    let mut received = 0;
    for answer in reader {
        assert!(answer == message(received), "{received}");
        received += 1;
    }
    sending.join().unwrap();
    assert!(received > 0);
    secure.end();
}

#[test]
fn a_secure_connection_sends_while_nothing_comes() {
    let (messages, got) = channel();
    let secure = Secure::serve(move |socket| socket.for_each(|message| messages.send(message).unwrap()));
    let (mut reader, writer) = secure.split();
    let reading = std::thread::spawn(move || {
        while reader.recv().is_some() {}
        reader.closed().cloned().unwrap()
    });
    // The reader has nothing to read, and keeps nobody from writing meanwhile.
    for n in 0..10 {
        writer.send(message(n)).unwrap();
        assert_eq!(got.recv_timeout(STUCK).unwrap(), message(n));
    }
    writer.close(CloseCode::NORMAL, "bye").unwrap();
    assert!(reading.join().unwrap().clean);
    secure.end();
}

#[test]
fn many_writers_of_a_secure_connection_mix_no_messages() {
    let secure = Secure::serve(echo_split);
    let (mut reader, writer) = secure.split();
    let threads: Vec<_> = (1..5_usize)
        .map(|thread| {
            let writer = writer.clone();
            std::thread::spawn(move || {
                for n in 0..50 {
                    writer.send(Message::binary(vec![thread as u8; thread * 1000 + n])).unwrap();
                }
            })
        })
        .collect();
    let mut next = [0; 5];
    for _ in 0..200 {
        let message = reader.recv().unwrap();
        let thread = message.payload()[0] as usize;
        assert!(message.payload().iter().all(|octet| usize::from(*octet) == thread));
        assert_eq!(message.payload().len(), thread * 1000 + next[thread]);
        next[thread] += 1;
    }
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    secure.end();
}

#[test]
fn sessions_join_over_tls() {
    let (server_tls, client_tls) = certificates();
    let mut config = RouterConfig::default();
    config.realms.push(("realm1".into(), RealmConfig::default()));
    let router = Router::new(config).unwrap();
    let server = Server::bind("127.0.0.1:0").unwrap().tls(server_tls);
    let (port, handle, serving) = (server.local_addr().unwrap().port(), server.handle(), router.clone());
    let thread = std::thread::spawn(move || serving.serve(server));
    for scheme in ["wss", "rss"] {
        let join = Join::new(&format!("{scheme}://localhost:{port}"), "realm1").unwrap();
        let session = join.tls(client_tls.clone()).join().unwrap();
        let _len = session.register("com.len", |(text,): (String,)| Ok(text.len())).wait().unwrap();
        let text = "x".repeat(300_000);
        assert_eq!(session.call("com.len", (&text,)).wait::<usize>().unwrap(), text.len());
        session.leave();
    }
    router.shut_down();
    handle.shut_down();
    thread.join().unwrap().unwrap();
}

#[test]
fn plain_http_is_answered_beside_websockets() {
    let server = Server::bind("127.0.0.1:0").unwrap().http(|request| {
        let mut response = HttpResponse::new(StatusCode::OK);
        if request.resource == "/broken" {
            // A response must not say that it is no response.
            response.headers.append("Content-Length", "7").unwrap();
        }
        response.body = format!("{} {}", request.method, request.resource).into();
        response
    });
    let (address, handle) = (server.local_addr().unwrap(), server.handle());
    let thread = std::thread::spawn(|| {
        server.serve(|mut socket| {
            while let Some(message) = socket.recv() {
                socket.send(message).unwrap();
            }
        })
    });
    for (resource, status, body) in [("/health", 200, "GET /health"), ("/broken", 500, "")] {
        let mut client = Raw::connect(address);
        client.send(format!("GET {resource} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
        let head = client.read_head();
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
        assert_eq!(client.read_to_end(), body.as_bytes());
    }
    let mut socket = wirebahn_blocking::connect(&format!("ws://{address}/")).unwrap();
    socket.send("still").unwrap();
    assert_eq!(socket.recv().unwrap().as_text(), Some("still"));
    handle.shut_down();
    thread.join().unwrap().unwrap();
}

#[test]
fn a_reader_that_cannot_answer_pings_goes_on_reading() {
    let (received, got) = channel();
    let server = Server::bind("127.0.0.1:0").unwrap();
    let (address, handle) = (server.local_addr().unwrap(), server.handle());
    let thread = std::thread::spawn(move || {
        server.serve(move |socket| {
            let (reader, _writer) = socket.split().unwrap();
            reader.for_each(|message| received.send(message).unwrap());
        })
    });
    let mut client = Raw::open(address);
    client.0.set_write_timeout(Some(STUCK)).unwrap();
    // More than fits between here and there, and it reads no answer before it has written everything.
    let pings = frame(0x89, &[7; 125]).repeat(1000);
    for _ in 0..120 {
        client.0.write_all(&pings).unwrap();
        client.0.write_all(&frame(0x82, b"between")).unwrap();
    }
    for _ in 0..120 {
        assert_eq!(got.recv_timeout(STUCK).unwrap(), Message::binary("between"));
    }
    let pong = client.read_exact(127);
    assert_eq!(pong, [&[0x8a, 125][..], &[7; 125]].concat());
    drop(client);
    until(|| handle.connections() == 0);
    handle.shut_down();
    thread.join().unwrap().unwrap();
}
