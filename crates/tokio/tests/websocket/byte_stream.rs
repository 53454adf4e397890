//! Byte streams over WebSocket.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, copy_bidirectional, split};
use wirebahn_tokio::extension::deflate::{Deflate, DeflateOptions};
use wirebahn_tokio::opening::{
    ClientOpeningError, ClientOptions, ClientRequest, OpeningFailure, ServerOptions,
};
use wirebahn_tokio::{
    ByteEncoding, ByteStream, Client, CloseCode, Closed, ConnectError, Incoming, Message, Server, Shutdown,
    StreamingSocket, Upgrade, WebSocket, connect_on, receive,
};

use super::support::{client_options, request, server_options, soon};

type Pair = (ByteStream<DuplexStream>, ByteStream<DuplexStream>);

/// A message socket at the client's end, a byte stream at the server's.
async fn ends(subprotocols: &[&str]) -> (WebSocket<DuplexStream>, ByteStream<DuplexStream>) {
    let (near, far) = tokio::io::duplex(4096);
    let mut request = request();
    for name in subprotocols {
        request.add_subprotocol(name).unwrap();
    }
    let server = async {
        let Incoming::Upgrade(upgrade) = receive(far, Arc::default(), None).await.unwrap() else { panic!() };
        ByteStream::accept(upgrade).await.unwrap()
    };
    let (client, server) =
        soon(async { tokio::join!(connect_on(near, request, Arc::default()), server) }).await;
    (client.unwrap().connection, server)
}

/// A byte stream that goes through a small pipe.
async fn pair(encoding: ByteEncoding) -> Pair {
    pair_with(encoding, ClientOptions::default(), ServerOptions::default()).await
}

async fn pair_with(encoding: ByteEncoding, client: ClientOptions, server: ServerOptions) -> Pair {
    let (near, far) = tokio::io::duplex(4096);
    let client = async {
        let mut request: ClientRequest = request();
        request.add_subprotocol(encoding.subprotocol()).unwrap();
        let io = wirebahn_tokio::TokioIo::new(near);
        let entropy = Box::new(wirebahn_tokio::OsEntropy::default());
        let opened = wirebahn_drive::websocket::open(io, request, Arc::new(client), entropy).await.unwrap();
        assert_eq!(opened.response.subprotocol.as_deref(), Some(encoding.subprotocol()));
        ByteStream::new(opened.connection, encoding)
    };
    let server = async {
        let Incoming::Upgrade(upgrade) = receive(far, Arc::new(server), None).await.unwrap() else {
            panic!()
        };
        ByteStream::accept(upgrade).await.unwrap()
    };
    soon(async { tokio::join!(client, server) }).await
}

fn sample(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 7 + at / 251) as u8).collect()
}

#[tokio::test]
async fn whatever_is_written_is_read_at_the_other_end_in_both_encodings() {
    for encoding in ByteEncoding::ALL {
        let (mut near, mut far) = pair(encoding).await;
        assert_eq!((near.encoding(), far.encoding()), (encoding, encoding));
        // More than a message has room for, more than the outbox and the pipe take.
        let data = sample(700_001);
        let writing = async {
            near.write_all(&data).await.unwrap();
            near.shutdown().await.unwrap();
            let mut rest = Vec::new();
            near.read_to_end(&mut rest).await.unwrap();
            assert!(rest.is_empty());
        };
        let reading = async {
            let mut received = Vec::new();
            far.read_to_end(&mut received).await.unwrap();
            assert!(received == data);
            assert_eq!(far.write(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        };
        soon(async { tokio::join!(writing, reading) }).await;
        assert!(near.closed().is_some_and(|closed| closed.clean), "{:?}", near.closed());
        assert!(far.closed().is_some_and(|closed| closed.clean), "{:?}", far.closed());
    }
}

#[tokio::test]
async fn compression_changes_nothing() {
    let deflate = || vec![Arc::new(Deflate::new(DeflateOptions::default())) as _];
    let (mut client, mut server) = (client_options(|_| {}), server_options(|_| {}));
    client.extensions = deflate();
    server.extensions = deflate();
    let (mut near, mut far) = pair_with(ByteEncoding::Binary, client, server).await;
    let data = sample(300_000);
    let mut received = vec![0; data.len()];
    let writing = async {
        near.write_all(&data).await?;
        // What the system has no room for yet leaves while somebody waits for it.
        near.flush().await
    };
    soon(async { tokio::try_join!(writing, far.read_exact(&mut received)) }).await.unwrap();
    assert!(received == data);
}

#[tokio::test]
async fn two_tasks_can_read_and_write_at_the_same_time() {
    let (near, far) = pair(ByteEncoding::Binary).await;
    let data = sample(1_000_000);
    let mut tasks = Vec::new();
    for stream in [near, far] {
        let (mut reader, mut writer) = split(stream);
        let data = data.clone();
        tasks.push(tokio::spawn({
            let data = data.clone();
            async move {
                let mut received = vec![0; data.len()];
                reader.read_exact(&mut received).await.unwrap();
                assert!(received == data);
            }
        }));
        tasks.push(tokio::spawn(async move {
            for part in data.chunks(3000) {
                writer.write_all(part).await.unwrap();
            }
            writer.flush().await.unwrap();
            // Kept, so that the connection is.
            std::future::pending::<()>().await;
        }));
    }
    let mut tasks = tasks.into_iter();
    while let (Some(reader), Some(writer)) = (tasks.next(), tasks.next()) {
        soon(reader).await.unwrap();
        drop(writer);
    }
}

#[tokio::test]
async fn nothing_has_to_be_flushed() {
    let (mut near, mut far) = pair(ByteEncoding::Binary).await;
    let mut buf = [0; 5];
    near.write_all(b"hello").await.unwrap();
    soon(far.read_exact(&mut buf)).await.unwrap();
    assert_eq!(&buf, b"hello");
}

#[tokio::test]
async fn a_peer_that_does_not_read_holds_up_the_writer() {
    let (mut near, mut far) = pair(ByteEncoding::Binary).await;
    let mut written = 0;
    let part = [7; 10_000];
    while let Ok(len) = tokio::time::timeout(Duration::from_millis(100), near.write(&part)).await {
        written += len.unwrap();
        assert!(written < 2_000_000, "nothing holds it up");
    }
    let mut received = vec![0; written];
    soon(async { tokio::try_join!(far.read_exact(&mut received), near.flush()) }).await.unwrap();
    assert!(received.iter().all(|byte| *byte == 7));
}

#[tokio::test]
async fn what_a_peer_had_sent_before_it_saw_the_end_still_arrives() {
    let (mut near, mut far) = pair(ByteEncoding::Binary).await;
    far.write_all(b"on its way").await.unwrap();
    near.shutdown().await.unwrap();
    let mut received = String::new();
    let mut nothing = Vec::new();
    soon(async { tokio::try_join!(near.read_to_string(&mut received), far.read_to_end(&mut nothing)) })
        .await
        .unwrap();
    assert_eq!((received.as_str(), nothing.len()), ("on its way", 0));
}

#[tokio::test]
async fn a_stream_that_is_cut_off_is_an_error_and_says_how() {
    let (near, mut far) = pair(ByteEncoding::Binary).await;
    drop(near);
    for _ in 0..2 {
        let error = soon(far.read_u8()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
        assert!(error.get_ref().is_some_and(|source| source.is::<Closed>()), "{error:?}");
    }

    let (mut client, mut far) = ends(&["binary"]).await;
    client.send(Message::binary("abc")).await.unwrap();
    let closing = client.close(CloseCode::INTERNAL_ERROR, "no target");
    let mut received = Vec::new();
    let (closed, error) = soon(async { tokio::join!(closing, far.read_to_end(&mut received)) }).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::ConnectionAborted);
    assert_eq!(received, b"abc");
    assert!(closed.unwrap().clean);
}

#[tokio::test]
async fn messages_that_do_not_belong_to_the_stream_are_refused_by_close_code() {
    for (subprotocols, message, code) in [
        (&["binary"][..], Message::text("aGVsbG8="), CloseCode::UNSUPPORTED),
        (&[], Message::text("aGVsbG8="), CloseCode::UNSUPPORTED),
        (&["base64"], Message::binary("aGVsbG8="), CloseCode::UNSUPPORTED),
        (&["base64"], Message::text("hello"), CloseCode::INVALID_PAYLOAD),
    ] {
        let (mut client, mut far) = ends(subprotocols).await;
        client.send(message).await.unwrap();
        client.send(Message::binary("more")).await.unwrap();
        let mut received = Vec::new();
        let (none, error) = soon(async { tokio::join!(client.recv(), far.read_to_end(&mut received)) }).await;
        assert_eq!((none, error.unwrap_err().kind()), (None, ErrorKind::InvalidData));
        assert_eq!((client.closed().unwrap().code, received.len()), (code, 0));
        assert_eq!(far.write(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
    }
}

#[tokio::test]
async fn the_client_chooses_among_the_subprotocols_and_others_are_not_acceptable() {
    for (subprotocols, encoding) in [
        (&[][..], ByteEncoding::Binary),
        (&["base64", "binary"], ByteEncoding::Base64),
        (&["chat", "binary"], ByteEncoding::Binary),
    ] {
        assert_eq!(ends(subprotocols).await.1.encoding(), encoding);
    }
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", server.local_addr().unwrap());
    let serving = tokio::spawn(server.serve_upgrades(|upgrade: Upgrade| async {
        let failure = ByteStream::accept(upgrade).await.unwrap_err();
        assert!(matches!(failure, OpeningFailure::Refused(status) if status.get() == 406));
    }));
    let error = soon(Client::new(&url).unwrap().subprotocol("chat").unwrap().connect()).await.unwrap_err();
    let ConnectError::Opening(ClientOpeningError::Rejected(rejection)) = error else { panic!("{error:?}") };
    assert_eq!(rejection.status.get(), 406);
    serving.abort();
}

#[tokio::test]
async fn over_tcp_a_stream_can_be_copied_in_both_directions() {
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", server.local_addr().unwrap());
    let serving = tokio::spawn(server.serve_upgrades(|upgrade: Upgrade| async {
        let mut stream = ByteStream::accept(upgrade).await.unwrap();
        let (mut target, far) = tokio::io::duplex(1000);
        tokio::spawn(async move {
            let (mut reader, mut writer) = split(far);
            let _ = tokio::io::copy(&mut reader, &mut writer).await;
        });
        copy_bidirectional(&mut stream, &mut target).await.unwrap();
    }));
    for encoding in ByteEncoding::ALL {
        let client = Client::new(&url).unwrap();
        let mut stream = soon(ByteStream::connect_with(client, &[encoding])).await.unwrap();
        let data = sample(100_000);
        let mut received = vec![0; data.len()];
        let (mut reader, mut writer) = split(&mut stream);
        soon(async { tokio::try_join!(writer.write_all(&data), reader.read_exact(&mut received)) })
            .await
            .unwrap();
        assert!(received == data);
        soon(stream.shutdown()).await.unwrap();
        assert_eq!(soon(stream.read(&mut received)).await.unwrap(), 0);
        assert!(stream.closed().is_some_and(|closed| closed.clean));
    }
    serving.abort();
}

#[tokio::test]
async fn a_shutdown_ends_the_stream() {
    let (near, far) = tokio::io::duplex(4096);
    let shutdown = Shutdown::new();
    let server = async {
        let Incoming::Upgrade(upgrade) = receive(far, Arc::default(), None).await.unwrap() else { panic!() };
        let mut connection: StreamingSocket<_> = upgrade.accept(Default::default()).await.unwrap();
        connection.end_on(&shutdown);
        ByteStream::new(connection, ByteEncoding::Binary)
    };
    let (client, mut server) =
        soon(async { tokio::join!(connect_on(near, request(), Arc::default()), server) }).await;
    let mut client = client.unwrap().connection;
    let requesting = async { shutdown.request() };
    let (read, none, ()) = soon(async { tokio::join!(server.read_u8(), client.recv(), requesting) }).await;
    assert_eq!((read.unwrap_err().kind(), none), (ErrorKind::UnexpectedEof, None));
    assert_eq!(client.closed().unwrap().code, CloseCode::GOING_AWAY);
}
