//! Starting the command and talking to it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

/// So that a test that would hang fails instead.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirebahn"));
    command.args(arguments).env_remove("RUST_LOG");
    for name in ["WS_PROXY", "WSS_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A file of this test's own, removed when it is dropped.
pub(crate) struct File(PathBuf);

impl File {
    pub(crate) fn new(name: &str, content: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wirebahn-{}-{name}", std::process::id()));
        fs::write(&path, content).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// An echo server on a free port, ended when it is dropped.
pub(crate) struct EchoServer {
    child: Child,
    /// `HOST:PORT`.
    pub(crate) address: String,
}

impl EchoServer {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = command(&["echo", "--listen", "127.0.0.1:0"]).args(arguments).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.strip_prefix("listening on ws://").and_then(|rest| rest.strip_suffix("/\n"));
        Self { address: address.expect(&line).to_owned(), child }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("ws://{}{path}", self.address)
    }

    /// Makes an HTTP request and gives head and body of the response.
    pub(crate) fn http(&self, method: &str, path: &str) -> (String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }

    #[cfg(unix)]
    pub(crate) fn terminate(&self) {
        signal(&self.child, "TERM");
    }

    pub(crate) fn wait(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for EchoServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A router, ended when it is dropped.
pub(crate) struct Router {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: BufReader<ChildStderr>,
    /// The first line.
    pub(crate) line: String,
}

impl Router {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = command(&["router"]).args(arguments).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        Self { child, stdout, stderr, line }
    }

    /// `HOST:PORT`.
    pub(crate) fn address(&self) -> &str {
        let (_, rest) = self.line.split_once("http://").expect(&self.line);
        rest.split_once('/').unwrap().0
    }

    /// The status line of the response to a GET.
    pub(crate) fn get(&self, path: &str) -> String {
        self.response(path).lines().next().unwrap().to_owned()
    }

    /// Waits until a metric, written with its labels, is above zero.
    pub(crate) fn wait_metric(&self, name: &str) {
        let value = |response: &str| {
            let mut lines = response.lines().filter_map(|line| line.strip_prefix(name));
            lines.next().expect(name).trim().parse::<u64>().unwrap()
        };
        while value(&self.response("/metrics")) == 0 {
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn response(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Reads the log up to a line that contains this.
    pub(crate) fn wait_log(&mut self, part: &str) -> String {
        let mut log = String::new();
        while !log.lines().last().is_some_and(|line| line.contains(part)) {
            assert_ne!(self.stderr.read_line(&mut log).unwrap(), 0, "{part} is not in {log}");
        }
        log
    }

    /// Waits for the end; gives the status and what is left of the log.
    pub(crate) fn finish(mut self) -> (Option<i32>, String) {
        let mut log = String::new();
        self.stdout.read_to_string(&mut String::new()).unwrap();
        self.stderr.read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().code(), log)
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client with open stdin, ended when it is dropped.
pub(crate) struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Option<BufReader<ChildStdout>>,
}

impl Client {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = command(&["connect"]).args(arguments).stdin(Stdio::piped()).spawn().unwrap();
        Self { stdin: child.stdin.take(), stdout: child.stdout.take().map(BufReader::new), child }
    }

    pub(crate) fn send(&mut self, lines: &[u8]) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(lines).and_then(|()| stdin.flush()).unwrap();
    }

    /// Sends a line again and again until the command has ended: what it writes to a pipe that was closed may still
    /// find a reader once, in a process that another test is just about to start.
    pub(crate) fn send_until_ended(&mut self, line: &[u8]) {
        for _ in 0..1000 {
            let sent = self.stdin.as_mut().unwrap().write_all(line);
            if sent.is_err() || self.child.try_wait().unwrap().is_some() {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("the command goes on");
    }

    pub(crate) fn end_input(&mut self) {
        self.stdin = None;
    }

    /// Sends lines and ends the input, and meanwhile reads what is printed until the end.
    pub(crate) fn exchange(mut self, lines: &[u8]) -> (Option<i32>, Vec<u8>, String) {
        let mut stdin = self.stdin.take().unwrap();
        thread::scope(|scope| {
            scope.spawn(move || stdin.write_all(lines).unwrap());
            self.finish()
        })
    }

    pub(crate) fn end_output(&mut self) {
        self.stdout = None;
    }

    pub(crate) fn line(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        self.stdout.as_mut().unwrap().read_until(b'\n', &mut line).unwrap();
        line
    }

    #[cfg(unix)]
    pub(crate) fn interrupt(&self) {
        signal(&self.child, "INT");
    }

    /// The first line of stderr.
    pub(crate) fn complaint(&mut self) -> String {
        let mut line = String::new();
        BufReader::new(self.child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        line
    }

    /// Waits for the end; gives the status, what is left of stdout, and stderr. Leaves stdin as it is.
    pub(crate) fn finish(mut self) -> (Option<i32>, Vec<u8>, String) {
        let mut output = Vec::new();
        if let Some(stdout) = &mut self.stdout {
            stdout.read_to_end(&mut output).unwrap();
        }
        let mut errors = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            stderr.read_to_string(&mut errors).unwrap();
        }
        (self.child.wait().unwrap().code(), output, errors)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
pub(crate) fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}
