//! Ways to a server, and what becomes of those that lead nowhere.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, UnixListener};
use tokio::time::Instant;
use wirebahn_core::websocket::TimerKind;
use wirebahn_core::websocket::opening::ClientOpeningError;
use wirebahn_tokio::{Client, ConnectError, accept, connect, connect_on};

use crate::support::{Running, request, soon};

#[tokio::test]
async fn host_names_lead_to_servers() {
    let server = Running::echo().await;
    let mut socket = soon(connect(&format!("ws://localhost:{}/", server.address.port()))).await.unwrap();
    soon(socket.send("hello")).await.unwrap();
    assert!(soon(socket.recv()).await.is_some());
    server.end().await;
}

#[tokio::test]
async fn unix_sockets_lead_to_servers() {
    let path = std::env::temp_dir().join(format!("wirebahn-{}.socket", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = accept(stream).await.unwrap();
        let message = socket.recv().await.unwrap();
        socket.send(message).await.unwrap();
        socket.wait_closed().await
    });
    let mut socket = soon(connect(&format!("ws+unix://{}:/chat", path.display()))).await.unwrap();
    soon(socket.send("hello")).await.unwrap();
    assert_eq!(soon(socket.recv()).await.unwrap().as_text(), Some("hello"));
    assert!(soon(socket.close(1000.into(), "")).await.unwrap().clean);
    assert!(soon(server).await.unwrap().clean);
    std::fs::remove_file(&path).unwrap();
    let error = soon(connect(&format!("ws+unix://{}:/", path.display()))).await.unwrap_err();
    assert!(matches!(&error, ConnectError::Io(error) if error.kind() == ErrorKind::NotFound), "{error:?}");
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    drop(listener);
    let error = soon(connect(&url)).await.unwrap_err();
    assert!(
        matches!(&error, ConnectError::Io(error) if error.kind() == ErrorKind::ConnectionRefused),
        "{error:?}"
    );
}

#[tokio::test]
async fn urls_that_are_none_are_errors() {
    for url in ["", "localhost", "http://localhost/", "ws:/x", "ws://localhost/#top", "ws://a b/", "ws://:x/"]
    {
        let error = soon(connect(url)).await.unwrap_err();
        assert!(matches!(error, ConnectError::Url(_)), "{url}: {error:?}");
    }
}

#[tokio::test]
async fn reaching_the_server_is_bounded() {
    let client = Client::new("ws://127.0.0.1:9/").unwrap().connect_timeout(Some(Duration::ZERO));
    let error = soon(client.connect()).await.unwrap_err();
    assert!(matches!(error, ConnectError::TimedOut | ConnectError::Io(_)), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_given_up() {
    let (near, _far) = tokio::io::duplex(1024);
    let start = Instant::now();
    let error = soon(connect_on(near, request(), Arc::default())).await.unwrap_err();
    let expected = ClientOpeningError::TimedOut(TimerKind::OpenHandshake);
    assert!(matches!(&error, ConnectError::Opening(error) if *error == expected), "{error:?}");
    assert_eq!(start.elapsed().as_secs(), 5);
}
