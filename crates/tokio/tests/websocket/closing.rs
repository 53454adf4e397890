//! Ends from either side, and what both learn of them.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;
use tokio::time::Instant;
use wirebahn_core::websocket::TimerKind;
use wirebahn_tokio::{Cause, CloseCode, Closed, SendError, WebSocket};

use crate::support::{Raw, Running, UPGRADE, accept_with, frame, pair, server_options, soon};

/// A server that closes as it is told to, or waits, and hands out how its connections ended.
async fn reporting(close: Option<(CloseCode, &'static str)>) -> (Running, mpsc::Receiver<Closed>) {
    let (tell, told) = mpsc::channel(8);
    let server = Running::start(Running::bind().await, move |mut socket: WebSocket| {
        let tell = tell.clone();
        async move {
            let closed = match close {
                Some((code, reason)) => socket.close(code, reason).await.unwrap(),
                None => socket.wait_closed().await,
            };
            assert_eq!(socket.closed(), Some(&closed));
            tell.send(closed).await.unwrap();
        }
    });
    (server, told)
}

const CODES: [(u16, &str); 4] = [(1000, ""), (1001, "gone"), (3000, "a reason, äöü"), (4999, "")];

#[tokio::test]
async fn both_ends_learn_why_the_client_closed() {
    for (code, reason) in CODES {
        let (server, mut told) = reporting(None).await;
        let mut socket = server.connect().await;
        let closed = soon(socket.close(code.into(), reason)).await.unwrap();
        assert_eq!((closed.clean, closed.code, closed.reason.as_str()), (true, code.into(), reason));
        assert_eq!(closed.cause, Cause::ClosedByUs);
        let closed = soon(told.recv()).await.unwrap();
        assert_eq!((closed.clean, closed.code, closed.reason.as_str()), (true, code.into(), reason));
        assert_eq!(closed.cause, Cause::ClosedByPeer);
        server.end().await;
    }
}

#[tokio::test]
async fn both_ends_learn_why_the_server_closed() {
    for (code, reason) in CODES {
        let (server, mut told) = reporting(Some((code.into(), reason))).await;
        let mut socket = server.connect().await;
        assert_eq!(soon(socket.recv()).await, None);
        let closed = socket.closed().unwrap().clone();
        assert_eq!((closed.clean, closed.code, closed.reason.as_str()), (true, code.into(), reason));
        assert_eq!(closed.cause, Cause::ClosedByPeer);
        let closed = soon(told.recv()).await.unwrap();
        assert_eq!((closed.clean, closed.cause), (true, Cause::ClosedByUs));
        server.end().await;
    }
}

#[tokio::test]
async fn both_ends_may_close_at_the_same_time() {
    let (mut client, mut server) = pair(Default::default(), Default::default()).await;
    client.start_close(4000.into(), "client").unwrap();
    server.start_close(4001.into(), "server").unwrap();
    let (client, server) = soon(async { tokio::join!(client.wait_closed(), server.wait_closed()) }).await;
    assert_eq!((client.clean, client.code, client.reason.as_str()), (true, 4001.into(), "server"));
    assert_eq!((server.clean, server.code, server.reason.as_str()), (true, 4000.into(), "client"));
}

#[tokio::test]
async fn nothing_can_be_sent_after_the_close() {
    let server = Running::echo().await;
    let mut socket = server.connect().await;
    soon(socket.close(1000.into(), "")).await.unwrap();
    assert_eq!(soon(socket.send("late")).await, Err(SendError::Closed));
    assert_eq!(soon(socket.feed("late")).await, Err(SendError::Closed));
    assert_eq!(soon(socket.ping("late")).await, Err(SendError::Closed));
    assert_eq!(socket.start_close(1000.into(), ""), Err(SendError::Closed));
    assert!(soon(socket.close(1000.into(), "")).await.unwrap().clean, "says how it ended once more");
    assert_eq!(soon(socket.recv()).await, None);
    assert_eq!(soon(socket.recv()).await, None);
    server.end().await;
}

#[tokio::test]
async fn a_close_that_must_not_be_sent_changes_nothing() {
    let server = Running::echo().await;
    let mut socket = server.connect().await;
    let code = CloseCode::ABNORMAL;
    assert_eq!(soon(socket.close(code, "")).await, Err(SendError::CloseCodeForbidden(code)));
    let long = "x".repeat(124);
    assert_eq!(soon(socket.close(1000.into(), &long)).await, Err(SendError::CloseReasonTooLong));
    soon(socket.send("still there")).await.unwrap();
    assert!(soon(socket.recv()).await.is_some());
    server.end().await;
}

#[tokio::test]
async fn an_aborted_connection_ends_without_a_close_frame() {
    let (server, mut told) = reporting(None).await;
    let mut socket = server.connect().await;
    socket.abort();
    assert_eq!(soon(socket.wait_closed()).await.cause, Cause::Aborted);
    let closed = soon(told.recv()).await.unwrap();
    assert_eq!((closed.clean, closed.code, closed.cause), (false, CloseCode::ABNORMAL, Cause::TransportLost));
    server.end().await;
}

#[tokio::test]
async fn a_dropped_connection_is_lost_to_the_peer() {
    let (server, mut told) = reporting(None).await;
    drop(server.connect().await);
    let closed = soon(told.recv()).await.unwrap();
    assert_eq!((closed.clean, closed.cause), (false, Cause::TransportLost));
    server.end().await;
}

#[tokio::test]
async fn what_was_sent_before_the_close_still_arrives() {
    let server = Running::start(Running::bind().await, |mut socket: WebSocket| async move {
        for number in 0..100 {
            socket.feed(format!("{number}")).await.unwrap();
        }
        assert!(socket.close(1000.into(), "").await.unwrap().clean);
    });
    let mut socket = server.connect().await;
    for number in 0..100 {
        assert_eq!(soon(socket.recv()).await.unwrap().as_text(), Some(format!("{number}").as_str()));
    }
    assert_eq!(soon(socket.recv()).await, None);
    server.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_close_that_nobody_answers_is_bounded() {
    let (near, far) = tokio::io::duplex(1024);
    let mut near = Raw { stream: near };
    near.send(UPGRADE).await;
    let mut socket = accept_with(far, Default::default()).await;
    let start = Instant::now();
    let closed = soon(socket.close(1000.into(), "")).await.unwrap();
    assert_eq!((closed.clean, closed.cause), (false, Cause::TimedOut(TimerKind::CloseHandshake)));
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_close_to_a_peer_that_reads_nothing_is_bounded() {
    let (near, far) = tokio::io::duplex(1024);
    let mut near = Raw { stream: near };
    near.send(UPGRADE).await;
    let mut socket = accept_with(far, Default::default()).await;
    soon(socket.feed("x".repeat(10_000))).await.unwrap();
    let start = Instant::now();
    let closed = soon(socket.close(1000.into(), "")).await.unwrap();
    assert_eq!(closed.cause, Cause::TimedOut(TimerKind::CloseHandshake));
    assert!(start.elapsed() < Duration::from_secs(7), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_drops_after_the_closing_handshake_is_dropped() {
    let (near, far) = tokio::io::duplex(1024);
    let mut near = Raw { stream: near };
    near.send(UPGRADE).await;
    let mut socket = accept_with(far, Default::default()).await;
    near.read_head().await;
    near.send(frame(0x88, &1000_u16.to_be_bytes())).await;
    let start = Instant::now();
    let closed = soon(socket.wait_closed()).await;
    assert_eq!((closed.clean, closed.cause), (true, Cause::ClosedByPeer));
    assert!(start.elapsed() <= Duration::from_millis(1100), "{:?}", start.elapsed());
    assert_eq!(near.close_code().await, Some(1000));
}

/// The deadline must come although there is always something more to read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_sends_for_ever_after_the_close_is_dropped() {
    let options = server_options(|config| config.close.drop_timeout = Some(Duration::from_millis(200)));
    let server = Running::start(Running::bind().await.options(options), crate::support::echo);
    let mut raw = server.raw_open().await;
    raw.send(frame(0x88, &1000_u16.to_be_bytes())).await;
    let noise = vec![0; 256 * 1024];
    soon(async { while raw.try_send(&noise).await {} }).await;
    let mut rest = Vec::new();
    let _ = raw.stream.read_to_end(&mut rest).await;
    server.end().await;
}
