//! The same cases on every runtime, over loopback TCP.

use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use wirebahn_core::Instant;
use wirebahn_drive::{FuturesIo, Io, Runtime, Socket, Timer};
use wirebahn_tokio::{TokioIo, TokioRuntime};

use crate::engine::{End, Event, Netstrings};

/// What the cases need of a runtime.
trait Loopback: Runtime {
    type Stream: Io;

    fn block_on<T>(future: impl Future<Output = T>) -> T;

    /// Two ends of a TCP connection.
    fn pair() -> impl Future<Output = (Self::Stream, Self::Stream)>;
}

impl Loopback for TokioRuntime {
    type Stream = TokioIo<tokio::net::TcpStream>;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    async fn pair() -> (Self::Stream, Self::Stream) {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let near = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (far, _) = listener.accept().await.unwrap();
        (TokioIo::new(near), TokioIo::new(far))
    }
}

struct Smol;

#[derive(Default)]
struct SmolTimer {
    timer: Option<smol::Timer>,
}

impl Runtime for Smol {
    type Timer = SmolTimer;

    fn now() -> Instant {
        std::time::Instant::now().into()
    }
}

impl Timer for SmolTimer {
    fn arm(&mut self, deadline: Instant) {
        let wait = deadline.saturating_duration_since(Smol::now());
        match &mut self.timer {
            Some(timer) => timer.set_after(wait),
            None => self.timer = Some(smol::Timer::after(wait)),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.timer {
            Some(timer) => std::pin::Pin::new(timer).poll(cx).map(drop),
            None => Poll::Ready(()),
        }
    }
}

impl Loopback for Smol {
    type Stream = FuturesIo<smol::net::TcpStream>;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        smol::block_on(future)
    }

    async fn pair() -> (Self::Stream, Self::Stream) {
        let listener = smol::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let near = smol::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (far, _) = listener.accept().await.unwrap();
        (FuturesIo::new(near), FuturesIo::new(far))
    }
}

async fn echo<R: Loopback>(stream: R::Stream) -> End {
    let mut socket = Socket::<_, _, R>::new(Netstrings::new(), stream);
    loop {
        match socket.next_event().await {
            Some(Event::Message(payload)) => {
                let _ = socket.ready().await;
                socket.engine_mut().send(payload);
            }
            Some(Event::Ended(end)) => {
                assert_eq!(socket.next_event().await, None);
                return end;
            }
            None => panic!("the last event did not come"),
        }
    }
}

async fn both<A, B>(near: impl Future<Output = A>, far: impl Future<Output = B>) -> (A, B) {
    smol::future::zip(near, far).await
}

fn payloads() -> Vec<Bytes> {
    [0, 1, 125, 4096, 4097, 16_384, 65_535, 65_536, 1_000_000]
        .into_iter()
        .map(|len: usize| (0..len).map(|at| (at * 31 % 251) as u8).collect())
        .collect()
}

fn messages_come_back_one_by_one<R: Loopback>() {
    R::block_on(async {
        let (near, far) = R::pair().await;
        let client = async {
            let mut socket = Socket::<_, _, R>::new(Netstrings::new(), near);
            for payload in payloads() {
                socket.ready().await.unwrap();
                socket.engine_mut().send(payload.clone());
                assert_eq!(socket.next_event().await, Some(Event::Message(payload)));
            }
            socket.engine_mut().quit();
            assert_eq!(socket.next_event().await, Some(Event::Ended(End::Quit)));
            assert_eq!(socket.next_event().await, None);
            assert!(socket.engine().holds_no_buffers());
        };
        assert_eq!(both(client, echo::<R>(far)).await.1, End::Quit);
    });
}

fn messages_come_back_to_halves_that_send_and_receive_at_once<R: Loopback>() {
    R::block_on(async {
        let (near, far) = R::pair().await;
        let client = async {
            let (mut read, mut write) = Socket::<_, _, R>::new(Netstrings::new(), near).split();
            let sending = async {
                for payload in payloads().into_iter().cycle().take(90) {
                    write.ready().await.unwrap();
                    write.with_engine(|engine| engine.send(payload));
                }
                write.flush().await.unwrap();
            };
            let receiving = async {
                for payload in payloads().into_iter().cycle().take(90) {
                    assert_eq!(read.next_event().await, Some(Event::Message(payload)));
                }
            };
            both(sending, receiving).await;
            let mut socket = read.reunite(write).unwrap();
            socket.engine_mut().quit();
            assert_eq!(socket.next_event().await, Some(Event::Ended(End::Quit)));
        };
        assert_eq!(both(client, echo::<R>(far)).await.1, End::Quit);
    });
}

fn a_deadline_ends_the_wait<R: Loopback>() {
    R::block_on(async {
        let (near, _far) = R::pair().await;
        let engine = Netstrings::with_idle_timeout(Duration::from_millis(5), R::now());
        let mut socket = Socket::<_, _, R>::new(engine, near);
        assert_eq!(socket.next_event().await, Some(Event::Ended(End::TimedOut)));
        assert_eq!(socket.next_event().await, None);
    });
}

fn a_peer_that_goes_away_ends_the_connection<R: Loopback>() {
    R::block_on(async {
        let (near, far) = R::pair().await;
        drop(far);
        let mut socket = Socket::<_, _, R>::new(Netstrings::new(), near);
        assert_eq!(socket.next_event().await, Some(Event::Ended(End::Eof)));
        assert!(socket.ready().await.is_err());
    });
}

fn the_last_words_arrive<R: Loopback>() {
    R::block_on(async {
        let (near, far) = R::pair().await;
        let client = async {
            let mut socket = Socket::<_, _, R>::new(Netstrings::new(), near);
            socket.engine_mut().send("abort");
            let last = socket.next_event().await;
            (last, socket.next_event().await)
        };
        let (seen, end) = both(client, echo::<R>(far)).await;
        assert_eq!(seen, (Some(Event::Message("bye".into())), Some(Event::Ended(End::Eof))));
        assert_eq!(end, End::Aborted);
    });
}

macro_rules! on_every_runtime {
    ($($case:ident)*) => {
        mod tokio_runtime {
            $(#[test] fn $case() { super::$case::<super::TokioRuntime>(); })*
        }
        mod smol_runtime {
            $(#[test] fn $case() { super::$case::<super::Smol>(); })*
        }
    };
}

on_every_runtime! {
    messages_come_back_one_by_one
    messages_come_back_to_halves_that_send_and_receive_at_once
    a_deadline_ends_the_wait
    a_peer_that_goes_away_ends_the_connection
    the_last_words_arrive
}
