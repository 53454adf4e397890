//! Connections as byte streams on threads.

use std::io::{BufRead, ErrorKind, Read, Write};
use std::thread;

use wirebahn_blocking::{ByteEncoding, ByteStream, Client, CloseCode, Server, Upgrade, WebSocket};

/// A server that does this with each byte stream, and its URL.
fn serve(handle: impl Fn(ByteStream) + Send + Sync + 'static) -> String {
    let server = Server::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", server.local_addr().unwrap());
    thread::spawn(move || {
        server.serve_upgrades(move |upgrade: Upgrade| handle(ByteStream::accept(upgrade).unwrap()))
    });
    url
}

fn echo(mut stream: ByteStream) {
    let mut buffer = [0; 5000];
    while let Ok(len @ 1..) = stream.read(&mut buffer) {
        stream.write_all(&buffer[..len]).unwrap();
    }
}

#[test]
fn what_is_written_is_read_in_either_encoding() {
    let url = serve(echo);
    for encoding in ByteEncoding::ALL {
        let client = Client::new(&url).unwrap();
        let mut stream = ByteStream::connect_with(client, &[encoding]).unwrap();
        assert_eq!(stream.encoding(), encoding);
        let data: Vec<u8> = (0..100_001_u32).map(|at| (at / 7) as u8).collect();
        stream.write_all(&data).unwrap();
        let mut received = vec![0; data.len()];
        stream.read_exact(&mut received).unwrap();
        assert!(received == data);
        stream.close().unwrap();
        assert_eq!(stream.write(b"more").unwrap_err().kind(), ErrorKind::BrokenPipe);
    }
}

#[test]
fn a_stream_that_is_closed_has_an_end_behind_its_last_line() {
    let url = serve(|mut stream| {
        stream.write_all(b"one\ntwo\n").unwrap();
        stream.close().unwrap();
    });
    let stream = ByteStream::connect(Client::new(&url).unwrap()).unwrap();
    let lines: Result<Vec<String>, _> = stream.lines().collect();
    assert_eq!(lines.unwrap(), ["one", "two"]);
}

#[test]
fn a_stream_that_is_cut_off_is_not_taken_for_a_complete_one() {
    let url = serve(|mut stream| stream.write_all(b"half of").unwrap());
    let mut stream = ByteStream::connect(Client::new(&url).unwrap()).unwrap();
    let mut received = Vec::new();
    assert_eq!(stream.read_to_end(&mut received).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(received, b"half of");
}

#[test]
fn messages_that_are_no_part_of_the_stream_are_refused() {
    let url = serve(|mut stream| {
        let error = stream.read(&mut [0; 10]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
    });
    let client = Client::new(&url).unwrap().subprotocol("binary").unwrap();
    let mut socket: WebSocket = client.connect().unwrap().connection;
    socket.send("text").unwrap();
    assert_eq!(socket.wait_closed().code, CloseCode::UNSUPPORTED);
}
