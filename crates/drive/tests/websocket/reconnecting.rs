//! Connections that come back, on a network that is made up and on tokio's paused clock.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::timeout;
use wirebahn_core::websocket::{CloseCode, Message, SendError};
use wirebahn_core::{BackoffOptions, Instant};
use wirebahn_drive::websocket::{Client, ConnectError, ReconnectEvent, Reconnecting};
use wirebahn_drive::{Delay, Network, Runtime, Shutdown, Spawn};
use wirebahn_tokio::{TokioIo, TokioRuntime, TokioTimer, WebSocket};

/// A server that does with each further connection what the script says.
struct Scripted;

enum Fate {
    Refuses,
    /// Answers with this head.
    Answers(&'static str),
    /// Sends back so many messages, then drops the connection.
    Echoes(usize),
    /// Never reads, and drops the connection after a second.
    Ignores,
    /// Takes the stream, and never answers.
    Hangs,
    /// Closes with this code.
    Closes(CloseCode),
}

thread_local! {
    static SCRIPT: RefCell<VecDeque<Fate>> = const { RefCell::new(VecDeque::new()) };
}

impl Runtime for Scripted {
    type Timer = TokioTimer;

    fn now() -> Instant {
        TokioRuntime::now()
    }
}

impl Network for Scripted {
    type Io = TokioIo<DuplexStream>;

    async fn resolve(_: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(vec![([192, 0, 2, 1], 80).into()])
    }

    async fn connect(_: SocketAddr, _: Delay) -> io::Result<Self::Io> {
        let fate = SCRIPT.with_borrow_mut(VecDeque::pop_front).expect("one attempt too many");
        if matches!(fate, Fate::Refuses) {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let (near, far) = tokio::io::duplex(1000);
        tokio::spawn(serve(far, fate));
        Ok(TokioIo::new(near))
    }

    async fn connect_unix(_: &Path) -> io::Result<Self::Io> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn spawner() -> Spawn {
        TokioRuntime::spawner()
    }
}

async fn serve(mut stream: DuplexStream, fate: Fate) {
    if let Fate::Answers(head) = fate {
        let _ = stream.read(&mut [0; 1000]).await;
        stream.write_all(format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n").as_bytes()).await.unwrap();
        let _ = stream.read(&mut [0]).await;
        return;
    }
    if matches!(fate, Fate::Hangs) {
        return std::future::pending().await;
    }
    let mut socket: WebSocket<DuplexStream> = wirebahn_tokio::accept(stream).await.unwrap();
    match fate {
        Fate::Echoes(count) => {
            for _ in 0..count {
                let Some(message) = socket.recv().await else { return };
                socket.send(message).await.unwrap();
            }
        }
        Fate::Closes(code) => drop(socket.close(code, "").await),
        _ => tokio::time::sleep(Duration::from_secs(1)).await,
    }
}

/// A client of a server with this script. Delays are not spread.
fn client(script: impl IntoIterator<Item = Fate>, max_retries: Option<u32>) -> Reconnecting<Scripted> {
    SCRIPT.set(script.into_iter().collect());
    let mut options = BackoffOptions::default();
    options.jitter = 0.0;
    options.max_retries = max_retries;
    Reconnecting::new(Client::new("ws://example.com/").unwrap()).backoff(options)
}

async fn connected(socket: &mut Reconnecting<Scripted>) {
    let event = socket.recv_event().await;
    assert!(matches!(event, Some(ReconnectEvent::Connected(_))), "{event:?}");
}

/// The delay after an attempt that failed.
async fn failed(socket: &mut Reconnecting<Scripted>) -> (ConnectError, Option<u64>) {
    match socket.recv_event().await {
        Some(ReconnectEvent::Failed(failed)) => (failed.error, failed.retry_in.map(millis)),
        event => panic!("{event:?}"),
    }
}

fn millis(delay: Duration) -> u64 {
    u64::try_from(delay.as_millis()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_connection_comes_back_and_delays_begin_anew_once_it_was_open() {
    let script = [
        Fate::Refuses,
        Fate::Answers("503 Service Unavailable"),
        Fate::Echoes(1),
        Fate::Refuses,
        Fate::Closes(CloseCode::GOING_AWAY),
        Fate::Echoes(1),
    ];
    let mut socket = client(script, None);
    let start = TokioRuntime::now();
    assert_eq!(socket.send("too early").await, Err(SendError::Closed));
    assert_eq!(failed(&mut socket).await.1, Some(1500));
    assert_eq!(failed(&mut socket).await.1, Some(2250));
    connected(&mut socket).await;
    let waited = TokioRuntime::now().saturating_duration_since(start);
    assert!(waited >= Duration::from_millis(3750) && waited < Duration::from_millis(3800), "{waited:?}");
    socket.send("hello").await.unwrap();
    assert!(
        matches!(socket.recv_event().await, Some(ReconnectEvent::Message(message)) if message == "hello".into())
    );

    let Some(ReconnectEvent::Lost(lost)) = socket.recv_event().await else { panic!("not lost") };
    assert_eq!(lost.closed.code, CloseCode::ABNORMAL);
    assert_eq!((lost.written, lost.unwritten, lost.retry_in.map(millis)), (1, vec![], Some(1500)));
    assert_eq!(socket.send("too late").await, Err(SendError::Closed));
    assert_eq!(failed(&mut socket).await.1, Some(2250));
    connected(&mut socket).await;
    let Some(ReconnectEvent::Lost(lost)) = socket.recv_event().await else { panic!("not lost") };
    assert_eq!((lost.closed.code, lost.retry_in.map(millis)), (CloseCode::GOING_AWAY, Some(1500)));
    connected(&mut socket).await;
    let closed = socket.close(CloseCode::NORMAL, "").await.unwrap();
    assert!(closed.is_some_and(|closed| closed.clean));
    assert!(socket.recv_event().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn errors_that_would_come_again_are_the_end() {
    for head in ["404 Not Found", "401 Unauthorized", "302 Found", "101 Switching Protocols"] {
        let mut socket = client([Fate::Answers(head)], None);
        let (error, retry_in) = failed(&mut socket).await;
        assert!(error.is_fatal() && retry_in.is_none(), "{error}");
        assert!(socket.recv_event().await.is_none());
        assert_eq!(socket.send("x").await, Err(SendError::Closed));
    }
}

#[tokio::test(start_paused = true)]
async fn retries_end_at_their_number() {
    let mut socket = client([Fate::Refuses, Fate::Refuses, Fate::Refuses], Some(2));
    for delay in [Some(1500), Some(2250), None] {
        assert_eq!(failed(&mut socket).await.1, delay);
    }
    assert!(socket.recv_event().await.is_none());

    let mut socket = client([Fate::Echoes(0)], Some(0));
    connected(&mut socket).await;
    let Some(ReconnectEvent::Lost(lost)) = socket.recv_event().await else { panic!("not lost") };
    assert_eq!(lost.retry_in, None);
    assert!(socket.recv_event().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn what_was_not_written_is_given_back_in_order() {
    // The pipe has room for 1000 bytes, which is nine of these.
    let message = |number: usize| Message::text(format!("{number:0100}"));
    let mut socket = client([Fate::Ignores, Fate::Echoes(9)], None);
    connected(&mut socket).await;
    for number in 0..15 {
        socket.feed(message(number)).await.unwrap();
    }
    // A future that is dropped takes nothing out of the account.
    assert!(timeout(Duration::from_millis(10), socket.flush()).await.is_err());
    assert!(timeout(Duration::from_millis(10), socket.send(message(15))).await.is_err());
    let Some(ReconnectEvent::Lost(lost)) = socket.recv_event().await else { panic!("not lost") };
    assert_eq!(lost.written, 9);
    assert_eq!(lost.unwritten, (9..16).map(message).collect::<Vec<_>>());
    connected(&mut socket).await;
    for message in lost.unwritten {
        socket.send(message.clone()).await.unwrap();
        assert!(matches!(socket.recv_event().await, Some(ReconnectEvent::Message(echo)) if echo == message));
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_that_was_asked_for_is_the_end_whatever_becomes_of_it() {
    let mut socket = client([Fate::Ignores], None);
    connected(&mut socket).await;
    socket.start_close(CloseCode::NORMAL, "").unwrap();
    let event = socket.recv_event().await;
    assert!(matches!(&event, Some(ReconnectEvent::Closed(closed)) if !closed.clean), "{event:?}");
    assert!(socket.recv_event().await.is_none());

    let mut socket = client([Fate::Refuses], None);
    failed(&mut socket).await;
    assert_eq!(socket.close(CloseCode::NORMAL, "").await, Ok(None));
    assert!(socket.recv_event().await.is_none());

    let mut socket = client([Fate::Echoes(1)], None);
    connected(&mut socket).await;
    assert!(matches!(socket.close(CloseCode::ABNORMAL, "").await, Err(SendError::CloseCodeForbidden(_))));
    socket.send("still there").await.unwrap();
    assert!(matches!(socket.recv_event().await, Some(ReconnectEvent::Message(_))));
}

/// Requests a shutdown after a while.
fn later(shutdown: &Shutdown) {
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(500)).await;
        shutdown.request();
    });
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_an_open_connection_in_order_and_for_good() {
    let shutdown = Shutdown::new();
    let mut socket = client([Fate::Refuses, Fate::Echoes(usize::MAX)], None);
    socket.end_on(&shutdown);
    failed(&mut socket).await;
    connected(&mut socket).await;
    later(&shutdown);
    let event = timeout(Duration::from_secs(1), socket.recv_event()).await;
    let Ok(Some(ReconnectEvent::Closed(closed))) = event else { panic!("{event:?}") };
    // The peer's code is an echo of ours.
    assert!(closed.clean && closed.code == CloseCode::GOING_AWAY, "{closed}");
    assert_eq!(socket.send("too late").await, Err(SendError::Closed));
    assert!(socket.recv_event().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_reaches_a_connection_that_was_open_before_and_senders_that_take_no_events() {
    let shutdown = Shutdown::new();
    let mut socket = client([Fate::Echoes(usize::MAX)], None);
    connected(&mut socket).await;
    socket.end_on(&shutdown);
    later(&shutdown);
    let sending = async {
        while socket.send("hello").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    assert!(timeout(Duration::from_secs(1), sending).await.is_ok(), "senders learn of it");
    loop {
        match socket.recv_event().await {
            Some(ReconnectEvent::Message(_)) => {}
            Some(ReconnectEvent::Closed(closed)) => break assert!(closed.clean, "{closed}"),
            event => panic!("{event:?}"),
        }
    }
    assert!(socket.recv_event().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_the_wait_for_the_next_attempt_and_an_attempt_under_way() {
    let shutdown = Shutdown::new();
    let mut socket = client([Fate::Refuses], None);
    socket.end_on(&shutdown);
    failed(&mut socket).await;
    later(&shutdown);
    let ended = timeout(Duration::from_secs(1), socket.recv_event()).await;
    assert!(ended.is_ok_and(|event| event.is_none()), "there is no further attempt");

    let shutdown = Shutdown::new();
    let mut socket = client([Fate::Hangs], None);
    socket.end_on(&shutdown);
    later(&shutdown);
    let ended = timeout(Duration::from_secs(1), socket.recv_event()).await;
    assert!(ended.is_ok_and(|event| event.is_none()), "the attempt is given up");

    let mut socket = client([], None);
    socket.end_on(&shutdown);
    assert!(socket.recv_event().await.is_none(), "none is made when it was requested before");
}
