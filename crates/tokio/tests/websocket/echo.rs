//! Messages of every kind and size go both ways unharmed.

use std::num::NonZeroUsize;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use wirebahn_tokio::{Client, Message, PreparedMessage, WebSocket};

use crate::support::{Running, client_options, server_options, soon};

const SIZES: [usize; 11] = [0, 1, 125, 126, 127, 4096, 65_535, 65_536, 65_537, 1 << 20, 5 << 20];

fn payload(len: usize) -> Bytes {
    (0..len).map(|at| (at % 251) as u8).collect()
}

fn text(len: usize) -> String {
    "aä€😀"
        .chars()
        .cycle()
        .scan(0, |used, c| {
            *used += c.len_utf8();
            (*used <= len).then_some(c)
        })
        .collect()
}

fn messages() -> impl Iterator<Item = Message> {
    SIZES.into_iter().flat_map(|len| [Message::binary(payload(len)), Message::text(text(len))])
}

async fn assert_echo(socket: &mut WebSocket, message: &Message) {
    let echo = soon(socket.recv()).await.expect("an echo");
    assert!(echo == *message, "{message:?} became {echo:?}");
}

#[tokio::test]
async fn messages_of_all_sizes_are_echoed() {
    let server = Running::echo().await;
    let mut socket = server.connect().await;
    for message in messages() {
        soon(socket.send(message.clone())).await.unwrap();
        assert_echo(&mut socket, &message).await;
    }
    assert!(soon(socket.close(1000.into(), "")).await.unwrap().clean);
    server.end().await;
}

#[tokio::test]
async fn messages_in_fragments_are_joined() {
    let server = Running::echo().await;
    let mut socket = server.connect().await;
    for message in messages() {
        for size in [97, 65_536] {
            if message.len() / size < 20_000 {
                soon(socket.send_fragmented(message.clone(), size)).await.unwrap();
                assert_echo(&mut socket, &message).await;
            }
        }
    }
    server.end().await;
}

#[tokio::test]
async fn both_ends_may_fragment_by_themselves() {
    let size = NonZeroUsize::new(1000);
    let server = Running::bind().await.options(server_options(|config| config.auto_fragment = size));
    let server = Running::start(server, crate::support::echo);
    let client = Client::new(&server.url()).unwrap();
    let opened = client.options(client_options(|config| config.auto_fragment = size)).connect();
    let mut socket = soon(opened).await.unwrap().connection;
    for message in messages().filter(|message| message.len() <= 1 << 20) {
        soon(socket.send(message.clone())).await.unwrap();
        assert_echo(&mut socket, &message).await;
    }
    assert!(socket.stats().incoming.frames > socket.stats().incoming.messages);
    server.end().await;
}

#[tokio::test]
async fn prepared_messages_arrive_from_either_end() {
    let prepared = PreparedMessage::new(Message::text(text(70_000)));
    let sent = prepared.clone();
    let server = Running::start(Running::bind().await, move |mut socket: WebSocket| {
        let prepared = sent.clone();
        async move {
            let message = socket.recv().await;
            assert!(message.as_ref() == Some(prepared.message()));
            socket.send_prepared(&prepared).await.unwrap();
            while socket.recv().await.is_some() {}
        }
    });
    let mut socket = server.connect().await;
    soon(socket.send_prepared(&prepared)).await.unwrap();
    assert_echo(&mut socket, prepared.message()).await;
    server.end().await;
}

#[tokio::test]
async fn a_stream_forwarded_into_a_sink_is_an_echo() {
    let server = Running::start(Running::bind().await, |socket: WebSocket| async move {
        let (reader, writer) = socket.split();
        reader.map(Ok).forward(writer).await.expect("an orderly end is no error");
    });
    let mut socket = server.connect().await;
    for message in messages().filter(|message| message.len() <= 1 << 20) {
        soon(SinkExt::send(&mut socket, message.clone())).await.unwrap();
        assert!(soon(StreamExt::next(&mut socket)).await == Some(message));
    }
    soon(SinkExt::close(&mut socket)).await.unwrap();
    assert!(socket.closed().is_some_and(|closed| closed.clean && closed.code == 1000.into()));
    server.end().await;
}

#[tokio::test]
async fn replies_that_were_fed_leave_with_the_next_wait() {
    let server = Running::start(Running::bind().await, |mut socket: WebSocket| async move {
        while let Some(message) = socket.recv().await {
            if socket.feed(message).await.is_err() {
                break;
            }
        }
    });
    let mut socket = server.connect().await;
    for number in 0..1000 {
        soon(socket.feed(format!("{number}"))).await.unwrap();
    }
    soon(socket.flush()).await.unwrap();
    for number in 0..1000 {
        assert_echo(&mut socket, &Message::text(format!("{number}"))).await;
    }
    server.end().await;
}

#[tokio::test]
async fn nagles_algorithm_is_off_at_both_ends() {
    let (tell, mut told) = tokio::sync::mpsc::channel(1);
    let server = Running::start(Running::bind().await, move |socket: WebSocket| {
        let tell = tell.clone();
        async move { tell.send(is_nodelay(&socket)).await.unwrap() }
    });
    let socket = server.connect().await;
    assert_eq!((is_nodelay(&socket), soon(told.recv()).await), (true, Some(true)));
    server.end().await;
}

fn is_nodelay(socket: &WebSocket) -> bool {
    match socket.io().unwrap().get_ref() {
        wirebahn_tokio::Stream::Tcp(stream) => stream.nodelay().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn serve_answers_messages_of_all_sizes_and_ends_with_the_connection() {
    let server = Running::start(Running::bind().await, |mut socket: WebSocket| async move {
        socket.serve(|message, replies| replies.forward(message)).await.expect("every answer is allowed");
        assert!(socket.closed().is_some_and(|closed| closed.clean));
    });
    let mut socket = server.connect().await;
    for message in messages() {
        soon(socket.send(message.clone())).await.unwrap();
        assert_echo(&mut socket, &message).await;
    }
    for _ in 0..100 {
        soon(socket.feed("one of many")).await.unwrap();
    }
    soon(socket.send_fragmented("in several frames", 3)).await.unwrap();
    soon(socket.ping("between")).await.unwrap();
    for _ in 0..100 {
        assert_echo(&mut socket, &Message::text("one of many")).await;
    }
    assert_echo(&mut socket, &Message::text("in several frames")).await;
    assert!(soon(socket.close(wirebahn_tokio::CloseCode::NORMAL, "")).await.unwrap().clean);
    server.end().await;
}

#[tokio::test]
async fn serve_stops_at_the_first_error_and_leaves_the_connection_usable() {
    let server = Running::start(Running::bind().await, |mut socket: WebSocket| async move {
        let refused = socket.serve(|_, replies| replies.send(Message::binary(vec![0; 65 << 20]))).await;
        assert!(matches!(refused, Err(wirebahn_tokio::SendError::MessageTooLong { .. })));
        socket.send("too long").await.unwrap();
        socket.wait_closed().await;
    });
    let mut socket = server.connect().await;
    soon(socket.send("question")).await.unwrap();
    assert_eq!(soon(socket.recv()).await.unwrap().as_text(), Some("too long"));
}
