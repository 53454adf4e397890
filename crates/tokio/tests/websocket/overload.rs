//! Peers that send without end and read nothing.

use std::time::Duration;

use tokio::io::AsyncWriteExt;

use crate::support::{Bystander, Raw, Running, UPGRADE, accept_with, frame, soon};

#[tokio::test(start_paused = true)]
async fn a_flood_of_pings_that_nobody_reads_the_answers_to_queues_no_more_than_the_limit() {
    let (near, far) = tokio::io::duplex(1024);
    let mut near = Raw { stream: near };
    near.send(UPGRADE).await;
    let mut socket = accept_with(far, Default::default()).await;
    let flood = tokio::spawn(async move {
        let ping = frame(0x89, &[7; 125]);
        for _ in 0..100_000 {
            if near.stream.write_all(&ping).await.is_err() {
                break;
            }
        }
        near
    });
    let mut pings = 0;
    soon(async {
        while pings < 100_000 {
            socket.recv_event().await.expect("a ping");
            pings += 1;
        }
    })
    .await;
    let answered = socket.stats().outgoing.wire_octets;
    assert!(answered <= (128 << 10) + 1024, "{answered} bytes were queued for a peer that reads nothing");
    soon(flood).await.unwrap();
}

#[tokio::test]
async fn floods_of_pings_leave_other_connections_alone() {
    let server = Running::echo().await;
    let bystander = Bystander::start(&server).await;
    let mut raw = server.raw_open().await;
    let pings = frame(0x89, &[7; 125]).repeat(100);
    for _ in 0..1000 {
        raw.send(&pings).await;
    }
    bystander.assert_untouched().await;
    drop(raw);
    server.end().await;
}

/// On one thread a connection that always has something to do must still let the others run.
#[tokio::test]
async fn endless_messages_in_both_directions_leave_other_connections_alone() {
    let server = Running::echo().await;
    let bystander = Bystander::start(&server).await;
    let (mut reader, mut writer) = server.connect().await.split();
    let drain = tokio::spawn(async move { while reader.recv().await.is_some() {} });
    let flood = async {
        loop {
            writer.feed("x".repeat(1000)).await.unwrap();
        }
    };
    assert!(tokio::time::timeout(Duration::from_millis(200), flood).await.is_err());
    bystander.assert_untouched().await;
    soon(writer.close(1000.into(), "")).await.unwrap();
    soon(drain).await.unwrap();
    server.end().await;
}
