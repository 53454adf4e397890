//! `wirebahn tunnel`, and TLS and proxies of `wirebahn connect`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStderr};
use std::thread;

use crate::support::{Client, PATIENCE, command, run, text};

/// One end of a tunnel, ended when it is dropped.
struct Tunnel {
    child: Child,
    stderr: Option<BufReader<ChildStderr>>,
    /// What stands behind `listening on`.
    place: String,
}

impl Tunnel {
    fn start(listen: &str, to: &str, more: &[&str]) -> Self {
        let mut command = command(&["tunnel", "--listen", listen, "--to", to]);
        let mut child = command.args(more).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let place = line.strip_prefix("listening on ").map(|place| place.trim_end().to_owned());
        let stderr = child.stderr.take().map(BufReader::new);
        Self { place: place.expect(&line), stderr, child }
    }

    /// Connects to where a TCP end listens.
    fn connect(&self) -> TcpStream {
        connect(self.place.strip_prefix("tcp:").unwrap())
    }

    fn complaint(&mut self) -> String {
        let mut line = String::new();
        self.stderr.as_mut().unwrap().read_line(&mut line).unwrap();
        line
    }

    #[cfg(unix)]
    fn interrupt(mut self) -> Option<i32> {
        crate::support::signal(&self.child, "INT");
        self.child.wait().unwrap().code()
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// A target that does this to each of its connections.
fn target(serve: impl Fn(TcpStream) + Send + Sync + Clone + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let serve = serve.clone();
            thread::spawn(move || serve(stream.unwrap()));
        }
    });
    format!("tcp:{address}")
}

fn echo() -> String {
    target(|stream| {
        let _ = std::io::copy(&mut &stream, &mut &stream);
    })
}

fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A request for a WebSocket, written by hand.
fn upgrade(address: &str, path: &str, more: &str) -> Vec<u8> {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
    );
    request.into_bytes()
}

/// Sends much, gets it back, and hangs up.
fn exchange(stream: &TcpStream) {
    let data: Vec<u8> = (0..500_000_u32).map(|at| (at / 7) as u8).collect();
    let mut received = vec![0; data.len()];
    thread::scope(|scope| {
        scope.spawn(|| (&*stream).write_all(&data).unwrap());
        (&*stream).read_exact(&mut received).unwrap();
    });
    assert!(received == data);
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!((&*stream).read(&mut received).unwrap(), 0);
}

#[test]
fn bytes_go_through_and_come_back_in_both_encodings() {
    let exit = Tunnel::start("ws://127.0.0.1:0/in", &echo(), &[]);
    for more in [&[][..], &["--subprotocol", "binary"], &["--subprotocol", "base64"]] {
        let entrance = Tunnel::start("tcp:127.0.0.1:0", &exit.place, more);
        for _ in 0..2 {
            exchange(&entrance.connect());
        }
    }
}

#[test]
fn a_target_that_hangs_up_ends_the_connection_behind_what_it_has_sent() {
    let exit =
        Tunnel::start("ws://127.0.0.1:0/", &target(|mut stream| stream.write_all(b"bye").unwrap()), &[]);
    let entrance = Tunnel::start("tcp:127.0.0.1:0", &exit.place, &[]);
    let mut received = String::new();
    entrance.connect().read_to_string(&mut received).unwrap();
    assert_eq!(received, "bye");
}

#[test]
fn what_is_cut_off_is_reset_so_that_nobody_takes_it_for_complete() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let target = target(move |mut stream| {
        let mut received = Vec::new();
        sender.send((stream.read_to_end(&mut received).map_err(|error| error.kind()), received)).unwrap();
    });
    let exit = Tunnel::start("ws://127.0.0.1:0/", &target, &[]);
    let (address, _) = exit.place.strip_prefix("ws://").unwrap().split_once('/').unwrap();
    for (frames, complete) in
        [(&b"\x82\x83\0\0\0\0abc\x88\x80\0\0\0\0"[..], true), (b"\x82\x83\0\0\0\0abc", false)]
    {
        let mut stream = connect(address);
        stream.write_all(&upgrade(address, "/", "")).unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            reader.read_line(&mut head).unwrap();
        }
        stream.write_all(frames).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let (end, received) = receiver.recv_timeout(PATIENCE).unwrap();
        assert_eq!(end, if complete { Ok(3) } else { Err(std::io::ErrorKind::ConnectionReset) });
        // A reset may overtake what came before it.
        assert!(received == b"abc" || (!complete && received.is_empty()), "{received:?}");
    }
}

#[test]
fn a_connection_that_cannot_be_made_is_a_complaint_and_the_command_goes_on() {
    let mut exit = Tunnel::start("ws://127.0.0.1:0/", &format!("tcp:{}", nobody()), &[]);
    let mut entrance = Tunnel::start("tcp:127.0.0.1:0", &exit.place, &[]);
    for _ in 0..2 {
        // Nothing was read, so the end may be a reset.
        let _ = entrance.connect().read_to_end(&mut Vec::new());
        assert!(exit.complaint().starts_with("wirebahn: cannot connect to tcp:127.0.0.1:"));
        let complaint = entrance.complaint();
        let expected = format!("wirebahn: {}: the server answered 502 Bad Gateway\n", exit.place);
        assert_eq!(complaint, expected);
    }
    let mut entrance = Tunnel::start("tcp:127.0.0.1:0", &format!("ws://{}/", nobody()), &[]);
    let _ = entrance.connect().read_to_end(&mut Vec::new());
    assert!(entrance.complaint().contains("cannot reach the server"));
}

#[test]
fn only_the_path_and_pages_that_were_named_are_let_in() {
    let exit = Tunnel::start("ws://127.0.0.1:0/in", &echo(), &["--allow-origin", "https://good.com"]);
    let (address, _) = exit.place.strip_prefix("ws://").unwrap().split_once('/').unwrap();
    for (path, more, status) in [
        ("/in", "", "101"),
        ("/in?token=1", "", "101"),
        ("/", "", "404"),
        ("/in", "Origin: https://good.com\r\n", "101"),
        ("/in", "Origin: https://evil.org\r\n", "403"),
        ("/in", "Sec-WebSocket-Protocol: chat\r\n", "406"),
    ] {
        let mut stream = connect(address);
        stream.write_all(&upgrade(address, path, more)).unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        assert_eq!(line.split(' ').nth(1), Some(status), "{path} {more}: {line}");
    }
    let strict = Tunnel::start("ws://127.0.0.1:0/", &echo(), &[]);
    let output = run(&["connect", &strict.place, "--origin", "http://localhost"]);
    assert!(text(&output.stderr).contains("403"), "{}", text(&output.stderr));
}

#[test]
fn wrong_usage_is_status_2_and_says_what_is_right() {
    let ws = "ws://127.0.0.1:1/";
    for (arguments, part) in [
        (&["--listen", "tcp:127.0.0.1:0", "--to", "tcp:127.0.0.1:1"][..], "one of --listen and --to"),
        (&["--listen", ws, "--to", ws], "one of --listen and --to"),
        (&["--listen", "127.0.0.1:0", "--to", ws], "write tcp:HOST:PORT"),
        (&["--listen", "tcp:127.0.0.1:0", "--to", "ws://localhost:0/"], "the port is not a number"),
        (&["--listen", "wss://127.0.0.1:0/", "--to", "tcp:a:1"], "needs --tls-cert and --tls-key"),
        (&["--listen", ws, "--to", "tcp:a:1", "--subprotocol", "binary"], "--header and --subprotocol"),
        (&["--listen", ws, "--to", "tcp:a:1", "--allow-origin", "good.com"], "--allow-origin"),
        (&["--listen", "tcp:127.0.0.1:0", "--to", ws, "--allow-origin", "https://a"], "--allow-origin"),
        (
            &["--listen", "tcp:127.0.0.1:0", "--to", ws, "--ca-file", "/no/such/file"],
            "cannot read /no/such/file",
        ),
    ] {
        let output = run(&[&["tunnel"], arguments].concat());
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains(part), "{arguments:?}: {errors}");
    }
}

/// The only line of a tunnel that cannot listen, behind what is the same in each.
fn refused_place(listen: &str, to: &str) -> String {
    let output = run(&["tunnel", "--listen", listen, "--to", to]);
    let errors = text(&output.stderr);
    assert_eq!((output.status.code(), errors.lines().count()), (Some(1), 1), "{errors}");
    errors.strip_prefix(&format!("wirebahn: cannot listen on {listen}: ")).expect(errors).to_owned()
}

#[test]
fn a_place_in_use_is_one_clear_line_and_status_1() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap();
    let hint = "; end what listens there, or choose another address\n";
    for (listen, to) in
        [(format!("tcp:{taken}"), "ws://127.0.0.1:1/"), (format!("ws://{taken}/"), "tcp:127.0.0.1:1")]
    {
        let why = refused_place(&listen, to);
        assert!(why.ends_with(hint), "{why}");
    }
    #[cfg(unix)]
    {
        let folder = Folder::new("in-use");
        let path = folder.path("socket");
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        for (listen, to) in [
            (format!("unix:{path}"), "ws://127.0.0.1:1/"),
            (format!("ws+unix://{path}:/"), "tcp:127.0.0.1:1"),
        ] {
            let why = refused_place(&listen, to);
            assert!(why.ends_with(hint), "{why}");
        }
        drop(listener);
        let file = folder.write("file", "");
        let why = refused_place(&format!("unix:{file}"), "ws://127.0.0.1:1/");
        assert_eq!(why, "there is a file that is no socket\n");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_both_ends_with_status_0_and_their_connections_with_them() {
    let folder = Folder::new("interrupt");
    let (socket, inner) = (folder.path("in.sock"), folder.path("ws.sock"));
    // What somebody has left behind is no hindrance.
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let listen = format!("ws+unix://{inner}:/path");
    let exit = Tunnel::start(&listen, &echo(), &[]);
    assert_eq!(exit.place, listen);
    let entrance = Tunnel::start(&format!("unix:{socket}"), &listen, &[]);
    assert_eq!(entrance.place, format!("unix:{socket}"));
    let open = || {
        let mut stream = std::os::unix::net::UnixStream::connect(&socket).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(b"x").unwrap();
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        stream
    };
    let mut stream = open();
    assert_eq!(exit.interrupt(), Some(0));
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    assert!(!std::path::Path::new(&inner).exists());

    let _exit = Tunnel::start(&listen, &echo(), &[]);
    let mut stream = open();
    assert_eq!(entrance.interrupt(), Some(0));
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    assert!(!std::path::Path::new(&socket).exists());
}

/// A folder with files that are gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wirebahn-tunnel-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, content: &str) -> String {
        std::fs::write(self.0.join(name), content).unwrap();
        self.path(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn certificates_are_verified_and_say_what_is_missing() {
    let folder = Folder::new("tls");
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate =
        rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let cert = folder.write("cert.pem", &certificate.pem());
    let key = folder.write("key.pem", &key.serialize_pem());
    let exit = Tunnel::start("wss://localhost:0/in", &echo(), &["--tls-cert", &cert, "--tls-key", &key]);
    let port = exit.place.rsplit_once(':').unwrap().1;
    let url = format!("wss://localhost:{port}");
    for trust in [&["--ca-file", &cert][..], &["--insecure"]] {
        exchange(&Tunnel::start("tcp:127.0.0.1:0", &url, trust).connect());
        let client = Client::start(&[&[&*url, "--binary"], trust].concat());
        assert_eq!(client.exchange(b"").0, Some(0));
    }
    let output = run(&["connect", &url]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("signed by itself"), "{}", text(&output.stderr));
    let mut entrance = Tunnel::start("tcp:127.0.0.1:0", &url, &[]);
    let _ = entrance.connect().read_to_end(&mut Vec::new());
    assert!(entrance.complaint().contains("signed by itself"));
    // The same options are those of WAMP's commands; here is no router, but the certificate is looked at first.
    let output = run(&["call", "com.example", "--url", &url]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("signed by itself"), "{}", text(&output.stderr));
    let output = run(&["call", "com.example", "--url", &url, "--ca-file", &cert]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("406"), "{}", text(&output.stderr));
}

#[test]
fn proxies_are_those_of_the_option_or_of_the_environment() {
    // A proxy that never leads anywhere, but says who asked for what.
    let proxy = target(|stream| {
        let mut line = String::new();
        let mut reader = BufReader::new(&stream);
        reader.read_line(&mut line).unwrap();
        let mut head = line.clone();
        while !head.ends_with("\r\n\r\n") {
            reader.read_line(&mut head).unwrap();
        }
        assert_eq!(line, "CONNECT example.invalid:80 HTTP/1.1\r\n");
        (&stream).write_all(b"HTTP/1.1 418 Nothing but tea\r\nContent-Length: 0\r\n\r\n").unwrap();
    });
    let proxy = proxy.strip_prefix("tcp:").unwrap();
    let url = "ws://example.invalid/";
    let proxied = format!("http://{proxy}");
    let connected = [
        command(&["connect", url, "--proxy", &proxied]).output().unwrap(),
        command(&["connect", url]).env("ALL_PROXY", &proxied).output().unwrap(),
        command(&["call", "com.example", "--url", url, "--proxy", &proxied]).output().unwrap(),
        command(&["call", "com.example", "--url", url]).env("ALL_PROXY", &proxied).output().unwrap(),
    ];
    for output in connected {
        assert!(text(&output.stderr).contains("418"), "{}", text(&output.stderr));
    }
    let mut entrance = Tunnel::start("tcp:127.0.0.1:0", url, &["--proxy", &proxied]);
    let _ = entrance.connect().read_to_end(&mut Vec::new());
    assert!(entrance.complaint().contains("418"));
}
