//! `wirebahn echo`.

use crate::support::{Client, EchoServer, run, text};

#[test]
fn any_path_sends_messages_back() {
    let server = EchoServer::start(&[]);
    for path in ["/", "/any/path?query=1"] {
        let mut client = Client::start(&[&server.url(path)]);
        client.send("Grüße\n".as_bytes());
        assert_eq!(client.line(), "Grüße\n".as_bytes());
        client.end_input();
        assert_eq!(client.finish(), (Some(0), Vec::new(), String::new()));
    }
}

#[test]
fn the_broadcast_path_sends_messages_to_everyone_on_it() {
    let server = EchoServer::start(&[]);
    let url = server.url("/broadcast");
    // Who gets its own message back is a member.
    let mut first = Client::start(&[&url]);
    first.send(b"first\n");
    assert_eq!(first.line(), b"first\n");
    let mut second = Client::start(&[&url]);
    second.send(b"second\n");
    assert_eq!(second.line(), b"second\n");
    assert_eq!(first.line(), b"second\n");
    second.send(b"to all\n");
    assert_eq!(first.line(), b"to all\n");
    assert_eq!(second.line(), b"to all\n");
}

#[test]
fn a_burst_of_broadcasts_reaches_everyone_in_order() {
    const COUNT: usize = 5000;
    let server = EchoServer::start(&[]);
    let url = server.url("/broadcast");
    let mut listener = Client::start(&[&url]);
    listener.send(b"here\n");
    assert_eq!(listener.line(), b"here\n");
    let speaker = Client::start(&[&url]);
    let lines: String = (0..COUNT).map(|number| format!("{number:0100}\n")).collect();
    std::thread::scope(|scope| {
        scope.spawn(|| speaker.exchange(lines.as_bytes()));
        let got: Vec<u8> = (0..COUNT).flat_map(|_| listener.line()).collect();
        assert_eq!(text(&got), lines);
    });
}

#[test]
fn a_plain_get_of_any_path_gets_the_page() {
    let server = EchoServer::start(&[]);
    for path in ["/", "/some/where"] {
        let (head, body) = server.http("GET", path);
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert!(head.contains("Content-Type: text/html; charset=utf-8"), "{head}");
        assert!(head.contains("Content-Security-Policy: default-src 'none'"), "{head}");
        assert!(head.contains("Cache-Control: no-cache"), "{head}");
        assert!(body.starts_with("<!doctype html>"), "{body}");
        assert!(body.trim_end().ends_with("</html>") || body.contains("</script>"), "cut short");
    }
}

#[test]
fn head_gets_what_get_gets_but_the_body() {
    let server = EchoServer::start(&[]);
    let (get, page) = server.http("GET", "/");
    let (head, body) = server.http("HEAD", "/");
    assert_eq!((head.as_str(), body.as_str()), (get.as_str(), ""));
    assert!(head.contains(&format!("Content-Length: {}", page.len())), "{head}");
}

#[test]
fn connections_beyond_the_maximum_get_503() {
    let server = EchoServer::start(&["--max-connections", "1"]);
    let mut first = Client::start(&[&server.url("/")]);
    first.send(b"here\n");
    assert_eq!(first.line(), b"here\n");
    let second = run(&["connect", &server.url("/")]);
    assert_eq!(second.status.code(), Some(1));
    assert!(text(&second.stderr).contains("503"), "{}", text(&second.stderr));
}

#[test]
fn messages_beyond_the_maximum_are_refused_with_1009() {
    let server = EchoServer::start(&["--max-message", "4"]);
    let mut client = Client::start(&[&server.url("/")]);
    client.send(b"abcd\nabcde\n");
    let (status, output, errors) = client.finish();
    assert_eq!(text(&output), "abcd\n");
    assert!(errors.contains("1009"), "{errors}");
    assert_eq!(status, Some(0));
}

#[test]
fn a_port_in_use_is_one_clear_line_and_status_1() {
    let server = EchoServer::start(&[]);
    let second = run(&["echo", "--listen", &server.address]);
    assert_eq!(second.status.code(), Some(1));
    assert!(second.stdout.is_empty());
    let errors = text(&second.stderr);
    assert!(errors.starts_with(&format!("wirebahn: cannot listen on {}: ", server.address)), "{errors}");
    assert!(errors.ends_with("; end what listens there, or choose another address\n"), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
}

#[cfg(unix)]
#[test]
fn terminating_the_server_closes_connections_with_1001_and_is_status_0() {
    let mut server = EchoServer::start(&[]);
    let mut clients = ["/", "/broadcast"].map(|path| Client::start(&[&server.url(path)]));
    for client in &mut clients {
        client.send(b"here\n");
        assert_eq!(client.line(), b"here\n");
    }
    server.terminate();
    for client in clients {
        let (status, output, errors) = client.finish();
        assert_eq!((status, output.as_slice()), (Some(0), &b""[..]));
        assert!(errors.contains("1001"), "{errors}");
    }
    assert_eq!(server.wait(), Some(0));
}
