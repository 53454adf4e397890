//! The layers of frames and of streams, end to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use wirebahn_core::Engine;
use wirebahn_core::websocket::opening::Acceptance;
use wirebahn_tokio::{Client, Fin, FrameSocket, Frames, MessageKind, Streaming, StreamingSocket, Upgrade};

use crate::support::{Running, client_options, server_options, soon};

#[tokio::test]
async fn frames_arrive_as_they_were_sent() {
    let server = Running::bind().await;
    let (address, handle) = (server.local_addr().unwrap(), server.handle());
    let task = tokio::spawn(server.serve_upgrades(|upgrade: Upgrade| async move {
        let Ok(mut socket) = upgrade.accept::<Frames>(Acceptance::default()).await else { return };
        while let Some(frame) = socket.recv_frame().await {
            if frame.starts_message() {
                socket.begin_message(frame.kind()).unwrap();
            }
            let fin = if frame.ends_message() { Fin::Last } else { Fin::More };
            socket.send_frame(frame.into_payload(), fin).await.unwrap();
        }
    }));
    let server = Running::of(&address, handle, task);
    let mut socket: FrameSocket =
        soon(Client::new(&server.url()).unwrap().connect_layer()).await.unwrap().connection;
    for kind in [MessageKind::Text, MessageKind::Binary] {
        socket.begin_message(kind).unwrap();
        for frame in ["one", "", "three", &"4".repeat(70_000)] {
            soon(socket.send_frame(Bytes::copy_from_slice(frame.as_bytes()), Fin::More)).await.unwrap();
            let echo = soon(socket.recv_frame()).await.unwrap();
            assert_eq!((echo.payload().as_ref(), echo.kind()), (frame.as_bytes(), kind));
            assert_eq!((echo.ends_frame(), echo.ends_message()), (true, false));
        }
        soon(socket.end_message()).await.unwrap();
        let echo = soon(socket.recv_frame()).await.unwrap();
        assert!(echo.payload().is_empty() && echo.ends_message());
    }
    assert!(soon(socket.close(1000.into(), "")).await.unwrap().clean);
    server.end().await;
}

const LONG: u64 = 100 << 20;
const PIECE: usize = 64 * 1024;

#[tokio::test]
async fn a_message_of_100_mib_streams_through_in_pieces() {
    let largest = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&largest);
    let unlimited = |config: &mut wirebahn_tokio::Config| {
        config.limits.max_frame_len = u64::MAX;
        config.limits.max_message_len = u64::MAX;
    };
    let server = Running::bind().await.options(server_options(unlimited));
    let (address, handle) = (server.local_addr().unwrap(), server.handle());
    let task = tokio::spawn(server.serve_upgrades(move |upgrade: Upgrade| {
        let seen = Arc::clone(&seen);
        async move {
            let Ok(mut socket) = upgrade.accept::<Streaming>(Acceptance::default()).await else { return };
            let mut at = 0_u64;
            while let Some(chunk) = socket.recv_chunk().await {
                seen.fetch_max(chunk.payload().len(), Ordering::Relaxed);
                if chunk.starts_message() {
                    socket.begin_message(chunk.kind()).unwrap();
                    socket.begin_frame(LONG, Fin::Last).await.unwrap();
                }
                at += chunk.payload().len() as u64;
                let left = socket.send_data(chunk.into_payload()).await.unwrap();
                assert_eq!(left, LONG - at);
                // What waits to be sent is the outbox' limit and one piece at most.
                assert!(socket.engine_mut().outbox().len() <= (128 << 10) + 2 * PIECE);
            }
        }
    }));
    let server = Running::of(&address, handle, task);
    let client = Client::new(&server.url()).unwrap().options(client_options(unlimited));
    let mut socket: StreamingSocket = soon(client.connect_layer()).await.unwrap().connection;
    socket.begin_message(MessageKind::Binary).unwrap();
    soon(socket.begin_frame(LONG, Fin::Last)).await.unwrap();
    let (mut sent, mut received) = (0, 0);
    while received < LONG {
        if sent < LONG {
            let piece: Bytes = vec![(sent / PIECE as u64) as u8; PIECE].into();
            sent = LONG - soon(socket.send_data(piece)).await.unwrap();
            soon(socket.flush()).await.unwrap();
        }
        // Never more than 1 MiB ahead of the echo.
        while received + (1 << 20) < sent || (sent == LONG && received < LONG) {
            let chunk = soon(socket.recv_chunk()).await.unwrap();
            for (offset, byte) in chunk.payload().iter().enumerate().step_by(4093) {
                assert_eq!(*byte, ((received + offset as u64) / PIECE as u64) as u8);
            }
            received += chunk.payload().len() as u64;
            assert_eq!(chunk.ends_message(), received == LONG);
        }
    }
    assert!(soon(socket.close(1000.into(), "")).await.unwrap().clean);
    assert!(largest.load(Ordering::Relaxed) <= 2 * PIECE, "chunks are pieces of reads, not of messages");
    server.end().await;
}
