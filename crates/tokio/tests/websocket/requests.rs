//! HTTP that is not, or not quite, a request for a WebSocket.

use tokio::io::AsyncWriteExt;
use wirebahn_core::http::StatusCode;
use wirebahn_core::websocket::opening::{HttpRequest, HttpResponse};
use wirebahn_tokio::Server;

use crate::support::{Raw, Running, UPGRADE, echo, frame, frames, soon};

async fn answer(server: &Running, request: impl AsRef<[u8]>) -> String {
    let mut raw = server.raw().await;
    raw.send(request).await;
    raw.stream.shutdown().await.unwrap();
    raw.read_text_to_end().await
}

async fn with_http() -> Running {
    let server: Server = Running::bind().await.http(|request: &HttpRequest| {
        if request.path() != "/health" {
            return HttpResponse::new(StatusCode::NOT_FOUND);
        }
        let mut response = HttpResponse::new(StatusCode::OK);
        response.headers.append("Content-Type", "text/plain").unwrap();
        response.body = "well".into();
        response
    });
    Running::start(server, echo)
}

#[tokio::test]
async fn plain_http_is_handed_over() {
    let server = with_http().await;
    let get = answer(&server, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(get.starts_with("HTTP/1.1 200 OK\r\n") && get.ends_with("\r\n\r\nwell"), "{get}");
    let head = answer(&server, "HEAD /health HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(head.contains("Content-Length: 4\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    let missing = answer(&server, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(missing.starts_with("HTTP/1.1 404 "), "{missing}");
    let post = answer(&server, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi").await;
    assert!(post.starts_with("HTTP/1.1 405 ") && post.contains("Allow: GET\r\n"), "{post}");
    let mut socket = server.connect().await;
    soon(socket.send("a WebSocket")).await.unwrap();
    assert!(soon(socket.recv()).await.is_some());
    server.end().await;
}

#[tokio::test]
async fn plain_http_is_told_to_upgrade_otherwise() {
    let server = Running::echo().await;
    for method in ["GET", "HEAD"] {
        let answer = answer(&server, format!("{method} / HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 426 ") && answer.contains("Upgrade: websocket\r\n"), "{answer}");
    }
    server.end().await;
}

#[tokio::test]
async fn an_application_that_answers_wrongly_leaves_no_client_without_an_answer() {
    let server = Running::bind().await.http(|_| HttpResponse::new(StatusCode::SWITCHING_PROTOCOLS));
    let server = Running::start(server, echo);
    let answer = answer(&server, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    server.end().await;
}

#[tokio::test]
async fn old_http_is_refused() {
    let server = Running::echo().await;
    let answer = answer(&server, "GET / HTTP/1.0\r\nHost: localhost\r\nUpgrade: websocket\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 505 "), "{answer}");
    server.end().await;
}

#[tokio::test]
async fn only_the_first_of_several_requests_is_answered() {
    let server = with_http().await;
    let request = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let answer = answer(&server, request.repeat(3)).await;
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    assert!(answer.contains("Connection: close\r\n"), "{answer}");
    server.end().await;
}

#[tokio::test]
async fn frames_behind_the_request_in_the_same_packet_count() {
    let server = Running::echo().await;
    let mut raw = server.raw().await;
    let close = frame(0x88, &1000_u16.to_be_bytes());
    raw.send([UPGRADE, &frame(0x81, b"early"), &frame(0x82, b"bird"), &close].concat()).await;
    assert!(raw.read_head().await.starts_with("HTTP/1.1 101 "));
    let bytes = raw.read_to_end().await;
    assert_eq!(frames(&bytes), [(0x81, &b"early"[..]), (0x82, b"bird"), (0x88, &[3, 232])]);
    server.end().await;
}

#[tokio::test]
async fn a_request_that_comes_byte_by_byte_is_one_all_the_same() {
    let server = Running::echo().await;
    let mut raw = server.raw().await;
    for byte in [UPGRADE, &frame(0x81, b"slow")].concat() {
        raw.send([byte]).await;
        tokio::task::yield_now().await;
    }
    assert!(raw.read_head().await.starts_with("HTTP/1.1 101 "));
    raw.send(frame(0x88, b"")).await;
    let bytes = raw.read_to_end().await;
    assert_eq!(frames(&bytes), [(0x81, &b"slow"[..]), (0x88, b"")]);
    server.end().await;
}

#[tokio::test]
async fn a_client_that_half_closes_behind_its_frames_gets_what_it_asked_for() {
    let server = Running::echo().await;
    let mut raw = server.raw_open().await;
    raw.send([frame(0x81, b"last words"), frame(0x88, &1000_u16.to_be_bytes())].concat()).await;
    raw.stream.shutdown().await.unwrap();
    let bytes = raw.read_to_end().await;
    assert_eq!(frames(&bytes), [(0x81, &b"last words"[..]), (0x88, &[3, 232])]);
    server.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_head_that_comes_in_drops_is_dropped_at_the_deadline() {
    let (near, far) = tokio::io::duplex(1024);
    let start = tokio::time::Instant::now();
    let server = tokio::spawn(wirebahn_tokio::accept(far));
    let mut near = Raw { stream: near };
    for byte in &UPGRADE[..40] {
        if !near.try_send([*byte]).await {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(900)).await;
    }
    let failure = soon(server).await.unwrap().unwrap_err();
    assert_eq!(failure.to_string(), "the peer did not finish the opening handshake in time");
    assert_eq!(start.elapsed().as_secs(), 5);
}
