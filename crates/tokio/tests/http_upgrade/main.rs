//! WebSockets behind hyper, over real sockets.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests may: it is the failure report")]

mod support;

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wirebahn_tokio::extension::deflate::{Deflate, DeflateOptions};
use wirebahn_tokio::http::StatusCode;
use wirebahn_tokio::http_upgrade::{HttpStream, HttpUpgrade};
use wirebahn_tokio::opening::{
    Acceptance, ClientOpeningError, ClientOptions, OpeningFailure, Origins, Refusal, RequestError,
    ServerOptions, Subprotocol,
};
use wirebahn_tokio::wamp::{Join, RealmConfig, Router, RouterConfig};
use wirebahn_tokio::{Client, CloseCode, ConnectError, Fin, FrameSocket, Message, WebSocket};

use support::{Upgrades, echo, hyper, receive, soon};

/// What the client was answered instead of a connection.
async fn rejection(client: Client) -> (u16, String) {
    match soon(client.connect()).await.unwrap_err() {
        ConnectError::Opening(ClientOpeningError::Rejected(rejection)) => {
            let body = String::from_utf8(rejection.body).unwrap();
            (rejection.status.get(), body)
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_upgraded_connection_is_a_websocket_like_any_other() {
    let address = hyper(Upgrades::Yes, |mut request| {
        let mut options = ServerOptions::default();
        options.subprotocols = vec!["chat".into()];
        options.extensions = vec![Arc::new(Deflate::new(DeflateOptions::default()))];
        let upgrade =
            HttpUpgrade::receive(&mut request, Arc::new(options), Some("192.0.2.7:1".into())).unwrap();
        assert_eq!(upgrade.request().http.resource, "/chat?a=1");
        assert_eq!(upgrade.request().http.client(), Some("192.0.2.7:1"));
        let mut acceptance = Acceptance::default();
        acceptance.headers.append("Set-Cookie", "id=1").unwrap();
        acceptance.headers.append("Set-Cookie", "id=2").unwrap();
        let accepted = upgrade.accept(acceptance).unwrap();
        assert!(accepted.extension().is_some());
        accepted.serve(echo)
    })
    .await;
    let mut options = ClientOptions::default();
    options.extensions = vec![Arc::new(Deflate::new(DeflateOptions::default()))];
    let client = Client::new(&format!("ws://{address}/chat?a=1")).unwrap().options(options);
    let opened = soon(client.subprotocol("chat").unwrap().connect()).await.unwrap();
    assert_eq!(opened.response.subprotocol.as_deref(), Some("chat"));
    assert_eq!(opened.response.headers.get_all("Set-Cookie").count(), 2);
    let mut socket = opened.connection;
    for message in [Message::text("a".repeat(100_000)), Message::binary(vec![7; 200_000]), "".into()] {
        soon(socket.send(message.clone())).await.unwrap();
        assert_eq!(soon(socket.recv()).await, Some(message));
    }
    let closed = soon(socket.close(CloseCode::NORMAL, "")).await.unwrap();
    assert!(closed.clean, "{closed}");
}

#[tokio::test]
async fn bytes_behind_the_request_and_requests_before_it_are_no_problem() {
    let address = hyper(Upgrades::Yes, |mut request| {
        if request.uri().path() == "/rest" {
            return http::Response::new("rest".into());
        }
        let upgrade = receive(&mut request).unwrap();
        upgrade.accept(Acceptance::default()).unwrap().serve(
            |mut socket: FrameSocket<HttpStream>| async move {
                let chunk = socket.recv_frame().await.unwrap();
                socket.begin_message(chunk.kind()).unwrap();
                let _ = socket.send_frame(chunk.into_payload(), Fin::Last).await;
            },
        )
    })
    .await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /rest HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut received = Vec::new();
    while !received.ends_with(b"rest") {
        assert!(soon(stream.read_buf(&mut received)).await.unwrap() > 0);
    }
    let upgrade = b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let frame = b"\x81\x85\x00\x00\x00\x00hello";
    stream.write_all(&[&upgrade[..], frame].concat()).await.unwrap();
    let mut received = Vec::new();
    while !received.ends_with(b"\x81\x05hello") {
        assert!(soon(stream.read_buf(&mut received)).await.unwrap() > 0, "{received:?}");
    }
    assert!(received.starts_with(b"HTTP/1.1 101 Switching Protocols\r\n"));
}

#[tokio::test]
async fn requests_that_are_not_valid_are_answered_as_our_server_answers_them() {
    let address = hyper(Upgrades::Yes, |mut request| {
        let mut options = ServerOptions::default();
        options.origins = Origins::allow(["https://good.com"]).unwrap();
        let refused = HttpUpgrade::receive(&mut request, Arc::new(options), None).unwrap_err();
        assert_eq!(refused.failure, OpeningFailure::Request(RequestError::OriginForbidden));
        refused.response
    })
    .await;
    let client = Client::new(&format!("ws://{address}/")).unwrap().origin("https://evil.org").unwrap();
    assert_eq!(rejection(client).await, (403, format!("{}\n", RequestError::OriginForbidden)));

    let address = hyper(Upgrades::Yes, |mut request| receive(&mut request).unwrap_err().response).await;
    for (request, status, field) in [
        ("GET / HTTP/1.1\r\nHost: x", "426", "upgrade: websocket"),
        ("POST / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade", "405", "allow: GET"),
        ("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket", "400", "content-type: text/plain; charset=utf-8"),
        ("GET / HTTP/1.0\r\nHost: x", "505", "content-type: text/plain; charset=utf-8"),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("{request}\r\n\r\n").as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut response = String::new();
        soon(stream.read_to_string(&mut response)).await.unwrap();
        let (line, rest) = response.split_once("\r\n").unwrap();
        assert_eq!(line.split(' ').nth(1), Some(status), "{request}: {response}");
        assert!(rest.contains(&format!("{field}\r\n")), "{request}: {response}");
    }
}

#[tokio::test]
async fn applications_refuse_with_what_they_like() {
    let address = hyper(Upgrades::Yes, |mut request| {
        let upgrade = receive(&mut request).unwrap();
        let mut acceptance = Acceptance::default();
        acceptance.subprotocol = Subprotocol::Named("unheard".into());
        let (_, upgrade) = upgrade.accept(acceptance).unwrap_err();
        let (_, upgrade) = upgrade.refuse(Refusal::new(StatusCode::SWITCHING_PROTOCOLS)).unwrap_err();
        let mut refusal = Refusal::new(StatusCode::NOT_FOUND);
        refusal.body = "nothing here".into();
        upgrade.refuse(refusal).unwrap()
    })
    .await;
    let client = Client::new(&format!("ws://{address}/")).unwrap();
    assert_eq!(rejection(client).await, (404, "nothing here".to_owned()));
}

#[tokio::test]
async fn a_server_that_cannot_hand_over_its_connections_says_so() {
    let address = hyper(Upgrades::No, |mut request| {
        // As something between the server and the handler may have done.
        request.extensions_mut().clear();
        receive(&mut request).unwrap_err().response
    })
    .await;
    assert_eq!(rejection(Client::new(&format!("ws://{address}/")).unwrap()).await.0, 501);
}

#[tokio::test]
async fn a_connection_that_is_never_handed_over_is_an_error() {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let address = hyper(Upgrades::No, move |mut request| {
        let accepted = receive(&mut request).unwrap().accept(Acceptance::default()).unwrap();
        let (response, connection) = accepted.into_parts::<wirebahn_tokio::Messages>();
        let sender = sender.clone();
        tokio::spawn(async move { sender.send(connection.await.map(drop).is_err()) });
        response
    })
    .await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let upgrade = b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    stream.write_all(upgrade).await.unwrap();
    assert_eq!(soon(receiver.recv()).await, Some(true));
}

#[tokio::test]
async fn wamp_sessions_run_over_upgraded_connections() {
    let mut config = RouterConfig::default();
    config.realms.push(("realm1".into(), RealmConfig::default()));
    let router = Router::new(config);
    let inside = router.join("realm1").await.unwrap();
    let _add = inside.register("com.add", |(a, b): (i64, i64)| async move { Ok(a + b) }).await.unwrap();
    let address =
        hyper(Upgrades::Yes, move |mut request| receive(&mut request).unwrap().serve_wamp(&router)).await;
    let url = format!("ws://{address}/ws");
    let session = soon(Join::new(&url, "realm1").unwrap().join()).await.unwrap();
    let sum: i64 = soon(session.call("com.add", (2, 3)).into_future()).await.unwrap();
    assert_eq!(sum, 5);
    soon(session.leave()).await;

    let (status, body) = rejection(Client::new(&url).unwrap().subprotocol("chat").unwrap()).await;
    assert_eq!(status, 400);
    assert!(body.contains("wamp.2.json"), "{body}");
}

#[tokio::test]
async fn a_handler_can_take_whole_messages_without_naming_the_layer() {
    let address = hyper(Upgrades::Yes, |mut request| {
        let accepted = receive(&mut request).unwrap().accept(Acceptance::default()).unwrap();
        accepted.serve(|mut socket: WebSocket<HttpStream>| async move {
            let _ = socket.serve(|message, replies| replies.forward(message)).await;
        })
    })
    .await;
    let mut socket = soon(wirebahn_tokio::connect(&format!("ws://{address}/"))).await.unwrap();
    soon(socket.send("hello")).await.unwrap();
    assert_eq!(soon(socket.recv()).await, Some("hello".into()));
}
