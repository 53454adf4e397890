//! Pings, keepalive and the idle timeout, on paused time.

use std::time::Duration;

use tokio::time::Instant;
use wirebahn_core::websocket::Keepalive;
use wirebahn_core::websocket::TimerKind;
use wirebahn_tokio::{Cause, MessageEvent};

use crate::support::{Raw, UPGRADE, accept_with, client_options, frame, pair, server_options, soon};

#[tokio::test(start_paused = true)]
async fn a_ping_is_answered_while_the_peer_waits_for_messages() {
    let (mut client, mut server) = pair(Default::default(), Default::default()).await;
    let peer = tokio::spawn(async move {
        while server.recv().await.is_some() {}
        server
    });
    soon(client.ping("are you there?")).await.unwrap();
    let Some(MessageEvent::Pong(pong)) = soon(client.recv_event()).await else { panic!("a pong") };
    assert_eq!(pong.payload, "are you there?");
    soon(client.pong("unasked")).await.unwrap();
    assert!(soon(client.close(1000.into(), "")).await.unwrap().clean);
    soon(peer).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn two_silent_ends_keep_each_other_alive() {
    let (mut client, mut server) = pair(Default::default(), Default::default()).await;
    let peer = tokio::spawn(async move {
        assert_eq!(server.recv().await, None);
        (server.round_trip(), server.closed().cloned())
    });
    // An hour in which nothing is said.
    assert!(tokio::time::timeout(Duration::from_secs(3600), client.recv()).await.is_err());
    assert!(soon(client.close(1000.into(), "")).await.unwrap().clean);
    // Whose ping comes first spares the other one its own.
    let (peers, closed) = soon(peer).await.unwrap();
    assert!(client.round_trip().or(peers).is_some() && closed.is_some_and(|closed| closed.clean));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_no_ping_is_given_up() {
    let (near, far) = tokio::io::duplex(1024);
    let mut near = Raw { stream: near };
    near.send(UPGRADE).await;
    let mut socket = accept_with(far, Default::default()).await;
    let start = Instant::now();
    assert_eq!(socket.recv().await, None);
    assert_eq!(socket.closed().unwrap().cause, Cause::TimedOut(TimerKind::Keepalive));
    assert_eq!(start.elapsed().as_secs(), 40);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_is_sent_to_but_never_reads_is_given_up() {
    let (near, far) = tokio::io::duplex(1024);
    let mut near = Raw { stream: near };
    near.send(UPGRADE).await;
    let mut socket = accept_with(far, Default::default()).await;
    let start = Instant::now();
    let outcome = tokio::time::timeout(Duration::from_secs(600), socket.send("x".repeat(10_000))).await;
    assert!(outcome.expect("the connection is given up").is_err());
    assert!(start.elapsed() <= Duration::from_secs(65), "{:?}", start.elapsed());
    assert_eq!(socket.wait_closed().await.cause, Cause::TimedOut(TimerKind::Keepalive));
}

/// Its messages lie unread behind the echo that it does not take, so they tell nothing about whether it lives.
#[tokio::test(start_paused = true)]
async fn a_peer_that_sends_but_never_reads_is_given_up() {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let mut near = Raw { stream: near };
    near.send(UPGRADE).await;
    let mut socket = accept_with(far, Default::default()).await;
    let start = Instant::now();
    let echo = tokio::spawn(async move {
        while let Some(message) = socket.recv().await {
            if socket.send(message).await.is_err() {
                break;
            }
        }
        socket.wait_closed().await
    });
    let flood = tokio::spawn(async move {
        let message = frame(0x82, &[7; 10_000]);
        let mut sent = 0;
        while tokio::io::AsyncWriteExt::write_all(&mut near.stream, &message).await.is_ok() {
            sent += message.len();
        }
        sent
    });
    let outcome = tokio::time::timeout(Duration::from_secs(600), echo).await;
    assert_eq!(
        outcome.expect("the connection is given up").unwrap().cause,
        Cause::TimedOut(TimerKind::Keepalive)
    );
    assert!(start.elapsed() <= Duration::from_secs(65), "{:?}", start.elapsed());
    let taken = soon(flood).await.unwrap();
    assert!(taken <= 1 << 20, "took {taken} bytes from a peer that takes none");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_is_slow_to_take_messages_does_not_cost_the_connection() {
    // The client would miss the answers to its pings: a connection that nobody polls stands still.
    let patient = client_options(|config| config.keepalive = None);
    let (mut client, mut server) = pair(patient, Default::default()).await;
    for number in 0..10 {
        soon(client.send(format!("{number}"))).await.unwrap();
    }
    let client = tokio::spawn(async move {
        while client.recv().await.is_some() {}
        client
    });
    for number in 0..10 {
        assert_eq!(soon(server.recv()).await.unwrap().as_text(), Some(format!("{number}").as_str()));
        // Polled meanwhile only to flush: the next message waits.
        let _ = tokio::time::timeout(Duration::from_secs(50), std::future::pending::<()>()).await;
        soon(server.send("done")).await.unwrap();
    }
    assert!(soon(server.close(1000.into(), "")).await.unwrap().clean);
    soon(client).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_in_order() {
    let options = server_options(|config| {
        config.keepalive = None;
        config.idle_timeout = Some(Duration::from_secs(30));
    });
    let quiet = client_options(|config| config.keepalive = None);
    let (mut client, mut server) = pair(quiet, options).await;
    let start = Instant::now();
    let peer = tokio::spawn(async move { server.wait_closed().await });
    assert_eq!(client.recv().await, None);
    assert_eq!(start.elapsed().as_secs(), 30);
    let closed = client.closed().unwrap();
    assert_eq!((closed.clean, closed.code, closed.reason.as_str()), (true, 1001.into(), "idle"));
    assert_eq!(soon(peer).await.unwrap().cause, Cause::TimedOut(TimerKind::Idle));
}

#[tokio::test(start_paused = true)]
async fn intervals_are_those_of_the_options() {
    let (near, far) = tokio::io::duplex(1024);
    let mut near = Raw { stream: near };
    near.send(UPGRADE).await;
    let mut keepalive = Keepalive::default();
    keepalive.interval = Duration::from_secs(3);
    keepalive.timeout = Some(Duration::from_secs(4));
    keepalive.payload_len = 125;
    let mut socket = accept_with(far, server_options(|config| config.keepalive = Some(keepalive))).await;
    let start = Instant::now();
    assert_eq!(socket.recv().await, None);
    assert_eq!(start.elapsed().as_secs(), 7);
    near.read_head().await;
    drop(socket);
    let bytes = near.read_to_end().await;
    assert_eq!((bytes[0], bytes[1], bytes.len()), (0x89, 125, 127));
}
