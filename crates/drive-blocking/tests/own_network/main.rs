//! The driver on a network that is no network: pipes in memory, found by their port.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is a failed test")]

mod pipes;

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use pipes::{Pipe, Pipes};
use wirebahn_core::websocket::{CloseCode, Message, MessageEvent};
use wirebahn_drive_blocking::{Client, Server, ServerHandle, TimedOut};

const SECOND: Duration = Duration::from_secs(1);

/// A server that echoes; where it is, how to end it, and its thread.
fn echo() -> (String, ServerHandle, thread::JoinHandle<()>) {
    let server = Server::<Pipes>::bind("127.0.0.1:0").unwrap();
    let (url, handle) = (format!("ws://{}/", server.local_addr().unwrap()), server.handle());
    let serving = thread::spawn(move || {
        let echo = |mut socket: wirebahn_drive_blocking::WebSocket<Pipe>| {
            while let Some(message) = socket.recv() {
                if socket.send(message).is_err() {
                    break;
                }
            }
        };
        server.serve(echo).unwrap();
    });
    (url, handle, serving)
}

#[test]
fn client_and_server_need_nothing_but_streams_that_keep_time() {
    let (url, handle, serving) = echo();
    let mut socket = Client::<Pipes>::new(&url).unwrap().connect().unwrap().connection;
    for len in [0, 1, 125, 70_000, 1 << 20] {
        let message = Message::binary(vec![7; len]);
        socket.send(message.clone()).unwrap();
        assert_eq!(socket.recv().unwrap(), message);
    }
    assert_eq!(socket.recv_timeout(Duration::from_millis(5)), Err(TimedOut));
    let closed = socket.close(CloseCode::NORMAL, "").unwrap();
    assert!(closed.clean, "{closed}");
    handle.shut_down();
    serving.join().unwrap();
}

#[test]
fn a_server_that_is_shut_down_is_woken_and_ends_its_connections() {
    let (url, handle, serving) = echo();
    let mut socket = Client::<Pipes>::new(&url).unwrap().connect().unwrap().connection;
    socket.send("hello").unwrap();
    assert!(socket.recv().is_some());
    handle.shut_down();
    assert_eq!(socket.wait_closed().code, CloseCode::GOING_AWAY);
    serving.join().unwrap();
    assert_eq!(handle.connections(), 0);
}

#[test]
fn two_threads_share_a_connection() {
    let (url, handle, serving) = echo();
    let (mut reader, writer) =
        Client::<Pipes>::new(&url).unwrap().connect().unwrap().connection.split().unwrap();
    let started = Arc::new(Barrier::new(2));
    let sending = {
        let (writer, started) = (writer.clone(), Arc::clone(&started));
        thread::spawn(move || {
            started.wait();
            // More than the pipes hold, so that it cannot be sent before it is received.
            (0..100).for_each(|_| writer.send(Message::binary(vec![0; 10_000])).unwrap());
        })
    };
    started.wait();
    for _ in 0..100 {
        assert!(matches!(reader.recv_event_timeout(SECOND * 10), Ok(Some(MessageEvent::Message(_)))));
    }
    sending.join().unwrap();
    writer.close(CloseCode::NORMAL, "").unwrap();
    assert_eq!(reader.recv(), None);
    assert!(reader.closed().unwrap().clean);
    handle.shut_down();
    serving.join().unwrap();
}

#[cfg(feature = "router")]
#[test]
fn sessions_and_a_router_do_not_ask_what_is_under_them() {
    use wirebahn_drive_blocking::wamp::{Join, Router};
    use wirebahn_router::{RealmConfig, RouterConfig};

    let mut config = RouterConfig::default();
    config.realms.push(("realm1".into(), RealmConfig::default()));
    let router = Router::new(config).unwrap();
    let server = Server::<Pipes>::bind("127.0.0.1:0").unwrap();
    let (address, handle) = (server.local_addr().unwrap(), server.handle());
    let serving = router.clone();
    let serving = thread::spawn(move || serving.serve(server).unwrap());

    let join = |scheme| Join::<Pipes>::new(&format!("{scheme}://{address}/"), "realm1").unwrap().join();
    let (callee, caller) = (join("ws").unwrap(), join("rs").unwrap());
    let _add = callee.register("com.example.add", |(a, b): (i64, i64)| Ok(a + b)).wait().unwrap();
    assert_eq!(caller.call("com.example.add", (2, 3)).wait::<i64>().unwrap(), 5);

    handle.shut_down();
    serving.join().unwrap();
    assert!(caller.ended_timeout(SECOND * 10).is_ok());
}
