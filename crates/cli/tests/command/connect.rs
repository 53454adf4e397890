//! `wirebahn connect`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use crate::support::{Client, EchoServer, run, text};

/// A server that does to its one connection what `serve` does, after reading the head of the request.
fn serve_once(serve: impl FnOnce(TcpStream, String) + Send + 'static) -> (String, thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            reader.read_line(&mut head).unwrap();
        }
        serve(stream, head);
    });
    (url, server)
}

#[test]
fn the_end_of_the_input_closes_and_leaves_status_0() {
    let server = EchoServer::start(&[]);
    let output = run(&["connect", &server.url("/")]);
    assert_eq!((output.status.code(), text(&output.stdout), text(&output.stderr)), (Some(0), "", ""));
}

#[test]
fn messages_are_compressed_if_both_ends_are_told_to() {
    for (ours, theirs, used) in [
        (Some("--compress"), Some("--compress=window=10,threshold=0"), true),
        (Some("--compress=no-context"), Some("--compress"), true),
        (None, Some("--compress"), false),
        (Some("--compress"), None, false),
    ] {
        let server = EchoServer::start(theirs.as_slice());
        let url = server.url("/");
        let mut arguments = vec![url.as_str(), "--log", "info"];
        arguments.extend(ours);
        let mut client = Client::start(&arguments);
        let line = format!("{}\n", "to be or not to be, ".repeat(20));
        client.send(line.as_bytes());
        client.end_input();
        let (status, output, errors) = client.finish();
        assert_eq!((status, text(&output)), (Some(0), line.as_str()), "{errors}");
        assert_eq!(errors.contains("using permessage-deflate"), used, "{errors}");
    }
}

#[test]
fn lines_without_an_end_and_empty_ones_are_messages_too() {
    let server = EchoServer::start(&[]);
    let mut client = Client::start(&[&server.url("/")]);
    client.send(b"\nlast");
    client.end_input();
    assert_eq!(client.finish(), (Some(0), b"\nlast\n".to_vec(), String::new()));
}

#[test]
fn more_than_all_buffers_hold_comes_back_in_order() {
    let server = EchoServer::start(&[]);
    let client = Client::start(&[&server.url("/")]);
    let lines: String = (0..2_000).map(|number| format!("{number:010000}\n")).collect();
    let (status, output, errors) = client.exchange(lines.as_bytes());
    assert_eq!((status, errors.as_str()), (Some(0), ""));
    assert!(output == lines.as_bytes(), "{} of {} bytes came back", output.len(), lines.len());
}

#[test]
fn binary_messages_are_printed_as_they_are_if_that_is_what_is_sent() {
    let server = EchoServer::start(&[]);
    let mut client = Client::start(&["--binary", &server.url("/")]);
    client.send(b"\xff\x00\n");
    assert_eq!(client.line(), b"\xff\x00\n");
}

#[test]
fn text_that_is_not_utf_8_is_refused_with_status_1() {
    let server = EchoServer::start(&[]);
    let mut client = Client::start(&[&server.url("/")]);
    client.send(b"good\n\xff\n");
    let (status, output, errors) = client.finish();
    assert_eq!((status, text(&output)), (Some(1), "good\n"));
    assert!(errors.contains("line 2 of the input: not UTF-8; use --binary"), "{errors}");
}

#[test]
fn pings_tell_the_round_trip_time() {
    let server = EchoServer::start(&[]);
    let mut client = Client::start(&["--ping", "60", &server.url("/")]);
    let line = client.complaint();
    assert!(line.starts_with("wirebahn: ping 1: ") && line.ends_with(" ms\n"), "{line}");
}

#[test]
fn headers_subprotocols_and_the_origin_go_into_the_request() {
    let (url, server) = serve_once(|mut stream, head| {
        for line in [
            "X-Probe: 42\r\n",
            "X-Other: a: b\r\n",
            "Sec-WebSocket-Protocol: first, second\r\n",
            "Origin: https://example.com\r\n",
        ] {
            assert!(head.contains(line), "{head}");
        }
        stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").unwrap();
    });
    let output = run(&[
        "connect",
        &url,
        "--header",
        "X-Probe: 42",
        "--header",
        "X-Other:a: b",
        "--subprotocol",
        "first",
        "--subprotocol",
        "second",
        "--origin",
        "https://example.com",
    ]);
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stderr), format!("wirebahn: {url}: the server answered 403 Forbidden\n"));
}

#[test]
fn a_server_that_hangs_up_before_it_answers_is_status_1() {
    let (url, server) = serve_once(|_, _| {});
    let output = run(&["connect", &url]);
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with(&format!("wirebahn: {url}: ")), "{}", text(&output.stderr));
}

#[test]
fn a_port_where_nobody_listens_is_status_1_and_one_line() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("ws://{free}/");
    let output = run(&["connect", &url]);
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    assert!(errors.starts_with(&format!("wirebahn: {url}: cannot reach the server: ")), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
}

#[cfg(unix)]
#[test]
fn an_interrupt_closes_in_order_and_is_status_130() {
    let server = EchoServer::start(&[]);
    let mut client = Client::start(&[&server.url("/")]);
    client.send(b"here\n");
    assert_eq!(client.line(), b"here\n");
    client.interrupt();
    assert_eq!(client.finish(), (Some(130), Vec::new(), String::new()));
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_an_attempt_to_connect() {
    let (reached, is_reached) = std::sync::mpsc::channel();
    let (url, server) = serve_once(move |mut stream, _| {
        reached.send(()).unwrap();
        // Until the client has gone.
        let _ = stream.read(&mut [0]);
    });
    let client = Client::start(&[&url]);
    is_reached.recv().unwrap();
    client.interrupt();
    assert_eq!(client.finish().0, Some(130));
    server.join().unwrap();
}

#[test]
fn a_reader_that_goes_away_ends_the_command_without_a_panic() {
    let server = EchoServer::start(&[]);
    let mut client = Client::start(&[&server.url("/")]);
    client.send(b"one\n");
    assert_eq!(client.line(), b"one\n");
    client.end_output();
    client.send_until_ended(b"two\n");
    assert_eq!(client.finish(), (Some(0), Vec::new(), String::new()));
}
