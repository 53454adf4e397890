//! CPU time that an echo takes on a blocking connection, compared with a loop written by hand over the same engine, which
//! does nothing but echo: no timers, no shutdown, no peer that does not read.
//!
//! `cargo bench -p wirebahn-blocking --bench echo` prints the ratio for messages of 20 B, 1 KiB and 64 KiB, one at a time
//! and in bursts, each the median of several rounds in which both take turns. The CPU time is that of the thread that
//! echoes, as Linux counts it; elsewhere there is nothing to print.

use std::io::{self, IoSlice, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use wirebahn_blocking::OsEntropy;
use wirebahn_blocking::opening::ServerOptions;
use wirebahn_core::websocket::opening::{Acceptance, ServerOpening, ServerOpeningEvent};
use wirebahn_core::websocket::{MessageEvent, Messages};
use wirebahn_core::{Engine, Instant};

/// How many bytes a burst has: what one read brings.
const BURST: usize = 64 * 1024;

/// Rounds of each kind; odd, so that there is a median.
const ROUNDS: usize = 15;

/// About how many bytes or messages one round echoes, whichever is less.
const ROUND_BYTES: usize = 256 << 20;
const ROUND_MESSAGES: usize = 40_000;

const UPGRADE: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

type Echo = fn(TcpStream) -> io::Result<()>;

fn main() -> io::Result<()> {
    if cpu_time().is_none() {
        println!("this system does not say how much CPU time a thread takes");
        return Ok(());
    }
    println!("{:>8}  {:>13}  {:>10}  {:>10}  ratio", "message", "", "ours", "by hand");
    for len in [20, 1024, 64 * 1024] {
        for (name, in_flight) in [("one at a time", 1), ("in bursts", (BURST / len).max(1))] {
            let mut rounds: Vec<(f64, f64)> = Vec::new();
            for _ in 0..ROUNDS {
                rounds.push((measure(ours, len, in_flight)?, measure(by_hand, len, in_flight)?));
            }
            let ratio = median(rounds.iter().map(|(ours, by_hand)| ours / by_hand));
            let ours = median(rounds.iter().map(|round| round.0));
            let by_hand = median(rounds.iter().map(|round| round.1));
            println!("{len:>6} B  {name:>13}  {ours:>7.0} ns  {by_hand:>7.0} ns  {ratio:.3}");
        }
    }
    Ok(())
}

/// The echo as an application writes it.
fn ours(stream: TcpStream) -> io::Result<()> {
    let mut socket = wirebahn_blocking::accept(stream).map_err(io::Error::other)?;
    while let Some(message) = socket.recv() {
        if socket.feed(message).is_err() {
            break;
        }
    }
    Ok(())
}

/// The least that there is to do.
fn by_hand(mut stream: TcpStream) -> io::Result<()> {
    let mut block = vec![0; 64 * 1024];
    let options = Arc::new(ServerOptions::default());
    let mut opening = ServerOpening::new(options, None, Box::new(OsEntropy::default()), now());
    while !matches!(opening.poll_event(), Some(ServerOpeningEvent::Request(_))) {
        read(&mut stream, &mut block, &mut opening)?;
    }
    opening.accept(Acceptance::default(), now()).map_err(io::Error::other)?;
    let established = opening.into_established().map_err(|_| io::Error::other("it was accepted"))?;
    let mut engine = Messages::new(established);
    loop {
        while let Some(event) = engine.poll_event() {
            match event {
                MessageEvent::Message(message) => engine.send(message).map_err(io::Error::other)?,
                MessageEvent::Closed(_) => return Ok(()),
                _ => {}
            }
        }
        while !engine.outbox().is_empty() {
            let pieces: Vec<IoSlice<'_>> = engine.outbox().pieces().map(IoSlice::new).collect();
            let written = stream.write_vectored(&pieces)?;
            engine.outbox().advance(written);
        }
        read(&mut stream, &mut block, &mut engine)?;
    }
}

fn read(stream: &mut TcpStream, block: &mut [u8], engine: &mut impl Engine) -> io::Result<()> {
    match stream.read(block)? {
        0 => engine.handle_eof(now()),
        len => {
            engine.recv_buf().extend_from_slice(block.get(..len).unwrap_or_default());
            engine.handle_recv(now());
        }
    }
    Ok(())
}

fn now() -> Instant {
    std::time::Instant::now().into()
}

/// Nanoseconds of CPU time per message that was echoed.
fn measure(echo: Echo, len: usize, in_flight: usize) -> io::Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let server = thread::spawn(move || {
        let stream = listener.accept()?.0;
        stream.set_nodelay(true)?;
        let before = cpu_time().unwrap_or_default();
        echo(stream)?;
        Ok::<_, io::Error>(cpu_time().unwrap_or_default() - before)
    });

    let mut client = TcpStream::connect(address)?;
    client.set_nodelay(true)?;
    client.write_all(UPGRADE)?;
    read_head(&mut client)?;
    let burst = frame(len, 0x80).repeat(in_flight);
    let mut answer = vec![0; frame(len, 0).len() * in_flight];
    let bursts = (ROUND_BYTES / (len * in_flight)).min(ROUND_MESSAGES.div_ceil(in_flight)).max(1);
    // Small messages in bursts take so little time that it takes more of them.
    let bursts = if in_flight > 1 { bursts * 8 } else { bursts };
    for _ in 0..bursts {
        client.write_all(&burst)?;
        client.read_exact(&mut answer)?;
    }
    // A Close frame, and its echo.
    client.write_all(&[0x88, 0x80, 0, 0, 0, 0])?;
    io::copy(&mut client, &mut io::sink())?;
    let spent = server.join().map_err(|_| io::Error::other("the server has panicked"))??;
    Ok(spent as f64 / (bursts * in_flight) as f64)
}

fn frame(len: usize, mask_bit: u8) -> Vec<u8> {
    let mut frame = vec![0x82];
    match len {
        0..126 => frame.push(mask_bit | len as u8),
        126..=0xffff => {
            frame.push(mask_bit | 126);
            frame.extend((len as u16).to_be_bytes());
        }
        _ => {
            frame.push(mask_bit | 127);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    if mask_bit != 0 {
        frame.extend([0x12, 0x34, 0x56, 0x78]);
    }
    frame.resize(frame.len() + len, 7);
    frame
}

fn read_head(client: &mut TcpStream) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut octet = [0];
        client.read_exact(&mut octet)?;
        head.extend(octet);
    }
    Ok(())
}

/// The CPU time of this thread, in nanoseconds.
fn cpu_time() -> Option<u64> {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    statistics.split_whitespace().next()?.parse().ok()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
