//! What the kernel takes for the work of a router: a relay that understands nothing, and the load that goes with it.
//!
//! ```text
//! load-floor serve              says where it listens, then relays
//! load-floor drive ADDRESS PID SECONDS
//! ```
//!
//! The relay reads and writes as often as a router has to, on tokio's current-thread runtime, and does nothing else: no
//! frames, no messages, no look-ups, no queues. No router that moves bytes through sockets of its own needs less. The load is
//! that of the tests `rpc_seq` and `pubN` of wampload. One line of JSON for each is the result.
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::env;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream as BlockingStream;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;

/// About what a CALL or an EVENT of wampload takes.
const MESSAGE_LEN: usize = 72;
const SUBSCRIBERS: u64 = 100;
/// Publications that wait for their acknowledgement.
const WINDOW: u64 = 4;
/// What a connection says first.
const SUBSCRIBER: u8 = b's';
const PUBLISHER: u8 = b'p';
const CALLER: u8 = b'c';
const CALLEE: u8 = b'e';

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["serve"] => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            LocalSet::new().block_on(&runtime, serve())
        }
        ["drive", address, pid, seconds] => {
            let seconds = seconds.parse().map_err(|_| wrong("SECONDS is a number"))?;
            drive(address, pid, Duration::from_secs_f64(seconds))
        }
        _ => Err(wrong("usage: load-floor serve | drive ADDRESS PID SECONDS")),
    }
}

// --- the relay ------------------------------------------------------------------------------------------------------

async fn serve() -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{}", listener.local_addr()?);
    let subscribers = Rc::new(RefCell::new(Vec::new()));
    let mut callee = None;
    loop {
        let (mut stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        match stream.read_u8().await? {
            SUBSCRIBER => subscribers.borrow_mut().push(stream),
            PUBLISHER => drop(tokio::task::spawn_local(publish(stream, subscribers.take()))),
            CALLEE => callee = Some(stream),
            CALLER => {
                let callee = callee.take().ok_or_else(|| wrong("a caller needs a callee"))?;
                let ((from_caller, to_caller), (from_callee, to_callee)) =
                    (stream.into_split(), callee.into_split());
                tokio::task::spawn_local(relay(from_caller, to_callee));
                tokio::task::spawn_local(relay(from_callee, to_caller));
            }
            role => return Err(wrong(&format!("there is no role {role}"))),
        }
    }
}

async fn relay(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let len = from.read(&mut buffer).await?;
        let Some(read) = buffer.get(..len).filter(|read| !read.is_empty()) else { return Ok(()) };
        to.write_all(read).await?;
    }
}

async fn publish(mut publisher: TcpStream, mut subscribers: Vec<TcpStream>) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let len = publisher.read(&mut buffer).await?;
        let Some(read) = buffer.get(..len).filter(|read| !read.is_empty()) else { return Ok(()) };
        publisher.write_all(read).await?;
        for subscriber in &mut subscribers {
            subscriber.write_all(read).await?;
        }
    }
}

// --- the load -------------------------------------------------------------------------------------------------------

fn drive(address: &str, pid: &str, time: Duration) -> io::Result<()> {
    call_one_at_a_time(address, pid, time)?;
    publish_to_many(address, pid, time)
}

fn call_one_at_a_time(address: &str, pid: &str, time: Duration) -> io::Result<()> {
    let mut callee = connect(address, CALLEE)?;
    thread::sleep(Duration::from_millis(100));
    let mut caller = connect(address, CALLER)?;
    thread::spawn(move || -> io::Result<()> {
        let mut message = [0; MESSAGE_LEN];
        loop {
            callee.read_exact(&mut message)?;
            callee.write_all(&message)?;
        }
    });
    let mut message = [0; MESSAGE_LEN];
    measure("rpc_seq", pid, time, |deadline| {
        let mut calls = 0;
        while Instant::now() < deadline {
            caller.write_all(&message)?;
            caller.read_exact(&mut message)?;
            calls += 1;
        }
        Ok(calls)
    })
}

fn publish_to_many(address: &str, pid: &str, time: Duration) -> io::Result<()> {
    let streams: io::Result<Vec<_>> = (0..SUBSCRIBERS).map(|_| connect(address, SUBSCRIBER)).collect();
    let streams = streams?;
    thread::spawn(move || read_all(streams));
    thread::sleep(Duration::from_millis(100));
    let mut publisher = connect(address, PUBLISHER)?;
    // Acknowledgements come together, and so do the publications that they make room for.
    let mut messages = [0; MESSAGE_LEN * WINDOW as usize];
    measure("pubN", pid, time, |deadline| {
        let mut sent = 0;
        while Instant::now() < deadline {
            publisher.write_all(&messages)?;
            publisher.read_exact(&mut messages)?;
            sent += WINDOW;
        }
        Ok(sent * SUBSCRIBERS)
    })
}

/// Reads what comes, as wampload does: one thread for all, woken by whichever stream is readable.
fn read_all(streams: Vec<BlockingStream>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let mut readers = Vec::new();
        for stream in streams {
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream)?;
            readers.push(tokio::task::spawn_local(async move {
                let mut buffer = [0; 4096];
                while stream.read(&mut buffer).await.is_ok_and(|len| len > 0) {}
            }));
        }
        for reader in readers {
            reader.await?;
        }
        Ok(())
    })
}

fn connect(address: &str, role: u8) -> io::Result<BlockingStream> {
    let mut stream = BlockingStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.write_all(&[role])?;
    Ok(stream)
}

fn measure(
    test: &str,
    pid: &str,
    time: Duration,
    mut work: impl FnMut(Instant) -> io::Result<u64>,
) -> io::Result<()> {
    work(Instant::now() + time / 4)?;
    let (ticks, started) = (cpu_ticks(pid)?, Instant::now());
    let count = work(started + time)?;
    let (ticks, elapsed) = (cpu_ticks(pid)? - ticks, started.elapsed().as_secs_f64());
    #[expect(clippy::cast_precision_loss, reason = "rates for people to read")]
    let (per_second, percent) = (count as f64 / elapsed, ticks as f64 / elapsed);
    println!("{{\"test\":\"{test}\",\"per_s\":{per_second:.0},\"router_cpu\":{percent:.0}}}");
    Ok(())
}

/// Hundredths of a second that the process has computed, user and system.
fn cpu_ticks(pid: &str) -> io::Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    Ok(fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum())
}

fn wrong(what: &str) -> io::Error {
    io::Error::other(what.to_owned())
}
