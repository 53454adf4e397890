//! A server as a whole: how many connections it takes, and how it ends.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use wirebahn_core::http::StatusCode;
use wirebahn_core::websocket::opening::ClientOpeningError;
use wirebahn_tokio::{CloseCode, ConnectError, SendError, WebSocket, connect};

use crate::support::{Running, UPGRADE, echo, soon, until};

async fn is_full(server: &Running) -> bool {
    match soon(connect(&server.url())).await {
        Ok(_) => false,
        Err(ConnectError::Opening(ClientOpeningError::Rejected(rejection))) => {
            assert_eq!(rejection.status, StatusCode::SERVICE_UNAVAILABLE);
            true
        }
        Err(error) => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn one_connection_too_many_is_refused_until_another_has_ended() {
    let server = Running::start(Running::bind().await.max_connections(2), echo);
    let (mut first, mut second) = (server.connect().await, server.connect().await);
    assert!(is_full(&server).await);
    for socket in [&mut first, &mut second] {
        soon(socket.send("untouched")).await.unwrap();
        assert!(soon(socket.recv()).await.is_some());
    }
    soon(first.close(1000.into(), "")).await.unwrap();
    until(|| server.handle.connections() == 1).await;
    let _third = server.connect().await;
    assert!(is_full(&server).await);
    server.end().await;
}

/// Those that are being refused may take their time to go.
#[tokio::test]
async fn clients_that_were_refused_take_nobodys_place() {
    let server = Running::start(Running::bind().await.max_connections(1), echo);
    let mut first = server.connect().await;
    let mut refused = Vec::new();
    for _ in 0..3 {
        let mut raw = server.raw().await;
        raw.send(UPGRADE).await;
        assert!(raw.read_head().await.starts_with("HTTP/1.1 503 "));
        refused.push(raw);
    }
    soon(first.close(1000.into(), "")).await.unwrap();
    until(|| server.handle.connections() == refused.len()).await;
    assert!(!is_full(&server).await);
    server.end().await;
}

#[tokio::test]
async fn idle_and_busy_connections_are_told_that_the_server_goes_away() {
    let server = Running::echo().await;
    let mut idle = server.connect().await;
    let mut busy = server.connect().await;
    let busy = tokio::spawn(async move {
        let mut echoes = 0_u32;
        while busy.send("again").await.is_ok() && busy.recv().await.is_some() {
            echoes += 1;
        }
        (busy.wait_closed().await, echoes)
    });
    soon(idle.send("hello")).await.unwrap();
    assert!(soon(idle.recv()).await.is_some());
    let idle = tokio::spawn(async move { idle.wait_closed().await });
    let address = server.address;
    server.end().await;
    let (busy, echoes) = soon(busy).await.unwrap();
    for closed in [soon(idle).await.unwrap(), busy] {
        assert_eq!((closed.clean, closed.code), (true, CloseCode::GOING_AWAY), "{closed}, {echoes} echoes");
    }
    let error = soon(connect(&format!("ws://{address}/"))).await.unwrap_err();
    assert!(matches!(error, ConnectError::Io(_)), "{error:?}");
}

#[tokio::test]
async fn handlers_that_only_send_are_ended_in_order_too() {
    let server = Running::start(Running::bind().await, |mut socket: WebSocket| async move {
        let error = loop {
            if let Err(error) = socket.send("tick").await {
                break error;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(error, SendError::Closed);
        socket.wait_closed().await;
    });
    let mut socket = server.connect().await;
    assert!(soon(socket.recv()).await.is_some());
    server.handle.shut_down();
    soon(async { while socket.recv().await.is_some() {} }).await;
    let closed = socket.closed().unwrap();
    assert_eq!((closed.clean, closed.code), (true, CloseCode::GOING_AWAY), "{closed}");
    server.end().await;
}

#[tokio::test]
async fn split_connections_are_told_that_the_server_goes_away() {
    let server = Running::start(Running::bind().await, |socket: WebSocket| async move {
        let (mut reader, mut writer) = socket.split();
        while let Some(message) = reader.recv().await {
            if writer.send(message).await.is_err() {
                break;
            }
        }
        while reader.recv().await.is_some() {}
    });
    let mut socket = server.connect().await;
    soon(socket.send("hello")).await.unwrap();
    assert!(soon(socket.recv()).await.is_some());
    server.handle.shut_down();
    assert_eq!(soon(socket.recv()).await, None);
    assert_eq!(socket.closed().unwrap().code, CloseCode::GOING_AWAY);
    server.end().await;
}

#[tokio::test]
async fn handlers_that_hang_are_cut_off() {
    let server = Running::bind().await.shutdown_grace(Duration::from_millis(50));
    let server = Running::start(server, |_socket: WebSocket| std::future::pending());
    let mut socket = server.connect().await;
    let handle = server.handle.clone();
    server.end().await;
    until(|| handle.connections() == 0).await;
    assert!(!soon(socket.wait_closed()).await.clean);
}

#[tokio::test]
async fn a_shutdown_waits_for_no_handler_that_has_ended() {
    let server = Running::bind().await.shutdown_grace(Duration::MAX);
    let server = Running::start(server, echo);
    let mut socket = server.connect().await;
    let client = tokio::spawn(async move { socket.wait_closed().await });
    server.end().await;
    assert!(soon(client).await.unwrap().clean);
}

#[tokio::test]
async fn a_server_without_connections_ends_at_once() {
    let server = Running::bind().await.shutdown_grace(Duration::MAX);
    let server = Running::start(server, echo);
    server.end().await;
}

#[tokio::test]
async fn a_handler_that_panics_costs_its_own_connection_only() {
    let server = Running::start(Running::bind().await, |mut socket: WebSocket| async move {
        while let Some(message) = socket.recv().await {
            assert_ne!(message.as_text(), Some("panic"), "as wanted");
            socket.send(message).await.unwrap();
        }
    });
    let (mut good, mut bad) = (server.connect().await, server.connect().await);
    soon(bad.send("panic")).await.unwrap();
    assert!(!soon(bad.wait_closed()).await.clean);
    until(|| server.handle.connections() == 1).await;
    soon(good.send("hello")).await.unwrap();
    assert!(soon(good.recv()).await.is_some());
    soon(good.close(1000.into(), "")).await.unwrap();
    server.end().await;
}

#[tokio::test]
async fn a_client_whose_handshake_is_not_complete_delays_the_end_by_the_grace_period_only() {
    let server = Running::bind().await.shutdown_grace(Duration::from_millis(50));
    let server = Running::start(server, echo);
    let mut raw = server.raw().await;
    until(|| server.handle.connections() == 1).await;
    server.end().await;
    assert_eq!(soon(raw.stream.read_u8()).await.unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
}
