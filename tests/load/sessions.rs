//! What many sessions cost a router: a driver with no WAMP library inside.
//!
//! ```text
//! load-sessions idle   URL REALM SESSIONS PIDS            joins one after another, each with a subscription, then waits
//! load-sessions fanout URL REALM SUBSCRIBERS EVENTS PIDS  one publisher, all subscribers read, and one more never does
//! ```
//!
//! URL is `ws://HOST:PORT/PATH` or `rs://HOST:PORT`; everything is JSON. PIDS are the router's processes, with commas: their
//! memory is what is measured. One line of JSON is the result.
#![forbid(unsafe_code)]

use std::env;
use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

const HELLO_ROLES: &str = r#"{"roles":{"publisher":{},"subscriber":{},"caller":{},"callee":{}}}"#;
/// An event's text: with its frame about a kilobyte.
const PAYLOAD_LEN: usize = 1000;
/// Publications that wait for their acknowledgement.
const WINDOW: u64 = 4;
/// No event for so long: the rest is lost.
const LOST_AFTER: Duration = Duration::from_secs(10);
/// How long a router may take for one answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// How long memory may settle before it is read.
const SETTLE: Duration = Duration::from_secs(1);
/// What a client that does not read leaves to the router early.
const SMALL_RECEIVE_BUFFER: u32 = 4096;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match arguments.as_slice() {
        ["idle", url, realm, sessions, pids] => {
            runtime.block_on(idle(&Target::new(url, realm)?, number(sessions)?, &Memory::of(pids)?))
        }
        ["fanout", url, realm, subscribers, events, pids] => {
            let memory = Memory::of(pids)?;
            runtime.block_on(fanout(&Target::new(url, realm)?, number(subscribers)?, number(events)?, memory))
        }
        _ => Err(wrong("usage: load-sessions idle|fanout URL REALM N [EVENTS] PIDS")),
    }
}

async fn idle(target: &Target, sessions: u64, memory: &Memory) -> io::Result<()> {
    // What the first session costs is not what one more costs.
    let mut first = target.join().await?;
    first.subscribe().await?;
    tokio::time::sleep(SETTLE).await;
    let before = memory.resident()?;
    let mut open = Vec::new();
    let started = Instant::now();
    for _ in 0..sessions {
        open.push(target.join().await?);
    }
    let joins = per_second(sessions, started.elapsed());
    for session in &mut open {
        session.subscribe().await?;
    }
    tokio::time::sleep(SETTLE).await;
    let each = memory.resident()?.saturating_sub(before) / sessions.max(1);
    println!(
        "{{\"test\":\"idle\",\"sessions\":{sessions},\"joins_per_s\":{joins:.0},\"bytes_each\":{each},\"base\":{before}}}"
    );
    Ok(())
}

async fn fanout(target: &Target, subscribers: u64, events: u64, memory: Memory) -> io::Result<()> {
    let mut deaf = target.join_with(Some(SMALL_RECEIVE_BUFFER)).await?;
    deaf.subscribe().await?;
    let received = Arc::new(AtomicU64::new(0));
    for _ in 0..subscribers {
        let mut session = target.join().await?;
        session.subscribe().await?;
        let received = Arc::clone(&received);
        tokio::spawn(async move {
            while let Ok(message) = session.next().await {
                if message.starts_with("[36,") {
                    received.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    tokio::time::sleep(SETTLE).await;
    let before = memory.resident()?;
    let peak = Peak::watch(memory);

    let mut publisher = target.join().await?;
    let text = "x".repeat(PAYLOAD_LEN);
    let started = Instant::now();
    for n in 1..=events {
        publisher.send(&format!(r#"[16,{n},{{"acknowledge":true}},"load.topic",["{text}"]]"#)).await?;
        if n > WINDOW {
            publisher.expect("[17,").await?;
        }
    }
    let wanted = subscribers * events;
    let (mut seen, mut at) = (0, Instant::now());
    while seen < wanted && at.elapsed() < LOST_AFTER {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let now = received.load(Ordering::Relaxed);
        if now != seen {
            (seen, at) = (now, Instant::now());
        }
    }
    let rate = per_second(seen, at.duration_since(started));
    let grown = peak.stop().saturating_sub(before);
    let lost = wanted - seen;
    println!(
        "{{\"test\":\"fanout\",\"subscribers\":{subscribers},\"events\":{events},\"delivered_per_s\":{rate:.0},\
         \"lost\":{lost},\"memory_grown\":{grown}}}"
    );
    drop(deaf);
    Ok(())
}

fn per_second(count: u64, time: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
    let count = count as f64;
    count / time.as_secs_f64().max(1e-9)
}

fn number(text: &str) -> io::Result<u64> {
    text.parse().map_err(|_| wrong(&format!("{text} is no number")))
}

fn wrong(what: &str) -> io::Error {
    io::Error::other(what.to_owned())
}

/// Where to, and how.
struct Target {
    websocket: bool,
    address: String,
    path: String,
    realm: String,
}

impl Target {
    fn new(url: &str, realm: &str) -> io::Result<Self> {
        let (scheme, rest) = url.split_once("://").ok_or_else(|| wrong("the URL has no scheme"))?;
        let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
        Ok(Self {
            websocket: scheme == "ws",
            address: address.into(),
            path: format!("/{path}"),
            realm: realm.into(),
        })
    }

    async fn join(&self) -> io::Result<Session> {
        self.join_with(None).await
    }

    async fn join_with(&self, receive_buffer: Option<u32>) -> io::Result<Session> {
        let address = self.address.parse().map_err(|_| wrong("the URL's host is no address"))?;
        let socket = TcpSocket::new_v4()?;
        if let Some(size) = receive_buffer {
            socket.set_recv_buffer_size(size)?;
        }
        let stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        let mut session = Session { stream, input: Vec::new(), websocket: self.websocket };
        session.open(&self.address, &self.path).await?;
        session.send(&format!(r#"[1,"{}",{HELLO_ROLES}]"#, self.realm)).await?;
        session.expect("[2,").await?;
        Ok(session)
    }
}

/// A connection that joined.
struct Session {
    stream: TcpStream,
    input: Vec<u8>,
    websocket: bool,
}

impl Session {
    async fn open(&mut self, host: &str, path: &str) -> io::Result<()> {
        if !self.websocket {
            self.stream.write_all(&[0x7F, 0xF1, 0, 0]).await?;
            let reply = self.take(4).await?;
            return if reply == [0x7F, reply.get(1).copied().unwrap_or(0), 0, 0] {
                Ok(())
            } else {
                Err(wrong("refused"))
            };
        }
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Protocol: wamp.2.json\r\n\r\n"
        );
        self.stream.write_all(request.as_bytes()).await?;
        loop {
            if let Some(end) = self.input.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = self.take(end + 4).await?;
                return if head.starts_with(b"HTTP/1.1 101") { Ok(()) } else { Err(wrong("refused")) };
            }
            self.fill().await?;
        }
    }

    async fn subscribe(&mut self) -> io::Result<()> {
        self.send(r#"[32,1,{},"load.topic"]"#).await?;
        self.expect("[33,").await
    }

    /// The next message has to start like this.
    async fn expect(&mut self, start: &str) -> io::Result<()> {
        let next = tokio::time::timeout(ANSWER_LIMIT, self.next()).await.map_err(|_| wrong("no answer"))?;
        let message = next?;
        if message.starts_with(start) {
            Ok(())
        } else {
            Err(wrong(&format!("not {start} but {message:.200}")))
        }
    }

    async fn send(&mut self, message: &str) -> io::Result<()> {
        let len = u32::try_from(message.len()).map_err(io::Error::other)?;
        let mut frame = Vec::with_capacity(message.len() + 14);
        if self.websocket {
            // A mask of zeros leaves the payload as it is.
            match len {
                0..=125 => frame.extend([0x81, 0x80 | len.to_be_bytes()[3]]),
                126..=0xFFFF => frame.extend([0x81, 0xFE, len.to_be_bytes()[2], len.to_be_bytes()[3]]),
                _ => frame.extend([0x81, 0xFF].into_iter().chain(u64::from(len).to_be_bytes())),
            }
            frame.extend([0; 4]);
        } else {
            frame.extend(len.to_be_bytes());
        }
        frame.extend(message.as_bytes());
        self.stream.write_all(&frame).await
    }

    /// The next message; other frames are passed over.
    async fn next(&mut self) -> io::Result<String> {
        loop {
            let head = self.take(2).await?;
            let [first, second] = head[..] else { return Err(wrong("two octets were asked for")) };
            let (is_message, len) = if self.websocket {
                let extended = match second & 0x7F {
                    126 => 2,
                    127 => 8,
                    _ => 0,
                };
                let extended_len = big_endian(&self.take(extended).await?);
                (first & 0x0F == 1, if extended == 0 { usize::from(second & 0x7F) } else { extended_len })
            } else {
                (first & 7 == 0, usize::from(second) << 16 | big_endian(&self.take(2).await?))
            };
            let payload = self.take(len).await?;
            if is_message {
                return String::from_utf8(payload).map_err(io::Error::other);
            }
        }
    }

    async fn take(&mut self, len: usize) -> io::Result<Vec<u8>> {
        while self.input.len() < len {
            self.fill().await?;
        }
        let rest = self.input.split_off(len);
        Ok(std::mem::replace(&mut self.input, rest))
    }

    async fn fill(&mut self) -> io::Result<()> {
        if self.stream.read_buf(&mut self.input).await? == 0 {
            Err(wrong("the router closed the connection"))
        } else {
            Ok(())
        }
    }
}

fn big_endian(octets: &[u8]) -> usize {
    octets.iter().fold(0, |value, octet| value << 8 | usize::from(*octet))
}

/// The memory of the router's processes.
struct Memory(Vec<u32>);

impl Memory {
    fn of(pids: &str) -> io::Result<Self> {
        let pids: Result<Vec<u32>, _> = pids.split(',').map(str::parse).collect();
        Ok(Self(pids.map_err(|_| wrong("PIDS are numbers with commas"))?))
    }

    /// What is resident, in bytes.
    fn resident(&self) -> io::Result<u64> {
        let mut sum = 0;
        for pid in &self.0 {
            let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
            let kib = line.and_then(|rest| rest.trim().split(' ').next()?.parse::<u64>().ok());
            sum += kib.ok_or_else(|| wrong("no VmRSS"))? * 1024;
        }
        Ok(sum)
    }
}

/// The highest memory while it watches, from a thread of its own.
struct Peak {
    stop: Arc<AtomicBool>,
    watcher: std::thread::JoinHandle<u64>,
}

impl Peak {
    fn watch(memory: Memory) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let watcher = std::thread::spawn(move || {
            let mut peak = 0;
            while !stopped.load(Ordering::Relaxed) {
                peak = peak.max(memory.resident().unwrap_or(0));
                std::thread::sleep(Duration::from_millis(10));
            }
            peak
        });
        Self { stop, watcher }
    }

    fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.watcher.join().unwrap_or(0)
    }
}
