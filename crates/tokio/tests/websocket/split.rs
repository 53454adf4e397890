//! One connection, two tasks.

use wirebahn_tokio::{CloseCode, Message, SendError, WebSocket};

use crate::support::{Running, pair, soon};

const MESSAGES: u32 = 5_000;

fn message(number: u32) -> Message {
    let len = number as usize * 7919 % 3000;
    Message::text(format!("{number}:{}", "x".repeat(len)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_directions_run_at_the_same_time_and_the_halves_become_one_again() {
    let server = Running::echo().await;
    let (mut reader, mut writer) = server.connect().await.split();
    let sending = tokio::spawn(async move {
        for number in 0..MESSAGES {
            writer.send(message(number)).await.unwrap();
        }
        writer
    });
    let receiving = tokio::spawn(async move {
        for number in 0..MESSAGES {
            assert_eq!(reader.recv().await, Some(message(number)));
        }
        reader
    });
    let (writer, reader) = soon(async { tokio::join!(sending, receiving) }).await;
    let mut socket = reader.unwrap().reunite(writer.unwrap()).expect("halves of the same connection");
    soon(socket.send("one again")).await.unwrap();
    assert_eq!(soon(socket.recv()).await.unwrap().as_text(), Some("one again"));
    assert!(soon(socket.close(1000.into(), "")).await.unwrap().clean);
    server.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_ends_may_be_split_and_send_at_full_speed() {
    let (client, server) = pair(Default::default(), Default::default()).await;
    let mut tasks = Vec::new();
    for socket in [client, server] {
        let (mut reader, mut writer) = socket.split();
        let sending = tokio::spawn(async move {
            for number in 0..MESSAGES {
                writer.feed(message(number)).await.unwrap();
            }
            writer.flush().await.unwrap();
            writer
        });
        tasks.push(tokio::spawn(async move {
            for number in 0..MESSAGES {
                assert_eq!(reader.recv().await, Some(message(number)));
            }
            let mut writer = sending.await.unwrap();
            // The second one to close finds it closing already.
            let _ = writer.close(CloseCode::NORMAL, "").await;
            while reader.recv().await.is_some() {}
            reader.closed().cloned()
        }));
    }
    for task in tasks {
        assert!(soon(task).await.unwrap().is_some_and(|closed| closed.clean));
    }
}

#[tokio::test]
async fn halves_of_different_connections_do_not_fit() {
    let server = Running::echo().await;
    let (first_reader, first_writer) = server.connect().await.split();
    let (second_reader, second_writer) = server.connect().await.split();
    let (first_reader, second_writer) = first_reader.reunite(second_writer).unwrap_err();
    assert!(first_reader.reunite(first_writer).is_ok());
    assert!(second_reader.reunite(second_writer).is_ok());
    server.end().await;
}

#[tokio::test]
async fn a_writer_whose_reader_is_gone_still_drives_the_connection() {
    let server = Running::echo().await;
    let (reader, mut writer) = server.connect().await.split();
    drop(reader);
    for _ in 0..10 {
        soon(writer.send("hello")).await.unwrap();
    }
    soon(writer.close(1000.into(), "")).await.unwrap();
    assert_eq!(soon(writer.send("late")).await, Err(SendError::Closed));
    drop(writer);
    server.end().await;
}

#[tokio::test]
async fn a_writer_used_alone_ends_the_connection_when_the_server_shuts_down() {
    let server = Running::start(Running::bind().await, |socket: WebSocket| async move {
        let (mut reader, mut writer) = socket.split();
        while writer.send("tick").await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        while reader.recv().await.is_some() {}
    });
    let mut client = server.connect().await;
    assert!(soon(client.recv()).await.is_some());
    let client = tokio::spawn(async move { client.wait_closed().await });
    server.end().await;
    let closed = soon(client).await.unwrap();
    assert_eq!((closed.clean, closed.code), (true, CloseCode::GOING_AWAY));
}

#[tokio::test]
async fn a_writer_that_waits_for_room_is_woken_by_a_shutdown() {
    let (told, tell) = (std::sync::Arc::new(tokio::sync::Notify::new()), std::sync::Arc::default());
    let sent_off: std::sync::Arc<tokio::sync::Notify> = std::sync::Arc::clone(&tell);
    let ended = std::sync::Arc::clone(&told);
    let server = Running::start(Running::bind().await, move |socket: WebSocket| {
        let (tell, told) = (std::sync::Arc::clone(&tell), std::sync::Arc::clone(&told));
        async move {
            let (_reader, mut writer) = socket.split();
            // More than fits into the buffers of a client that does not read.
            let message = Message::binary(vec![0; 64 << 20]);
            tell.notify_one();
            assert_eq!(writer.send(message).await, Err(SendError::Closed));
            told.notify_one();
        }
    });
    let _client = server.connect().await;
    soon(sent_off.notified()).await;
    server.handle.shut_down();
    soon(ended.notified()).await;
}
