//! The same engine in a plain blocking loop: the boundary knows nothing of tasks.

use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use wirebahn_core::{Engine, Instant, Transport};

use crate::engine::{End, Event, Netstrings};

fn now() -> Instant {
    std::time::Instant::now().into()
}

/// Hands each event to `handle` until the last.
fn drive(mut stream: TcpStream, engine: &mut Netstrings, mut handle: impl FnMut(&mut Netstrings, Event)) {
    let mut shut_down = false;
    loop {
        while let Some(event) = engine.poll_event() {
            handle(engine, event);
        }
        while !engine.outbox().is_empty() {
            let pieces: Vec<_> = engine.outbox().pieces().map(IoSlice::new).collect();
            let written = stream.write_vectored(&pieces).unwrap();
            engine.outbox().advance(written);
        }
        match engine.transport() {
            Transport::Close => return,
            Transport::Paused => continue,
            Transport::Finish if !shut_down => {
                stream.shutdown(Shutdown::Write).unwrap();
                shut_down = true;
            }
            Transport::Finish | Transport::Open => {}
        }
        let wait =
            engine.poll_timeout().map(|at| at.saturating_duration_since(now()).max(Duration::from_millis(1)));
        stream.set_read_timeout(wait).unwrap();
        let mut bytes = [0; 4096];
        match stream.read(&mut bytes) {
            Ok(0) => engine.handle_eof(now()),
            Ok(_) if shut_down => {}
            Ok(len) => {
                engine.recv_buf().extend_from_slice(&bytes[..len]);
                engine.handle_recv(now());
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                engine.handle_timeout(now());
            }
            Err(_) => engine.handle_eof(now()),
        }
    }
}

fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (near, listener.accept().unwrap().0)
}

#[test]
fn a_blocking_loop_drives_the_same_engine() {
    let (near, far) = pair();
    let echo = thread::spawn(move || {
        let mut end = None;
        drive(far, &mut Netstrings::new(), |engine, event| match event {
            Event::Message(payload) => engine.send(payload),
            Event::Ended(reason) => end = Some(reason),
        });
        end
    });
    let mut engine = Netstrings::new();
    engine.send("hello");
    engine.send(vec![b'x'; 100_000]);
    let mut received = Vec::new();
    drive(near, &mut engine, |engine, event| {
        if let Event::Message(payload) = &event {
            if payload.len() == 100_000 {
                engine.quit();
            }
            received.push(payload.len());
        }
    });
    assert_eq!(received, [5, 100_000]);
    assert_eq!(echo.join().unwrap(), Some(End::Quit));
}

#[test]
fn a_blocking_loop_runs_timers_with_read_timeouts() {
    let (near, _far) = pair();
    let mut engine = Netstrings::with_idle_timeout(Duration::from_millis(5), now());
    let mut events = Vec::new();
    drive(near, &mut engine, |_, event| events.push(event));
    assert_eq!(events, [Event::Ended(End::TimedOut)]);
}
