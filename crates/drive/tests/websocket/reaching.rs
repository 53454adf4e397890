//! Reaching a server that has several addresses, on a network that is made up and on tokio's paused clock.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tokio::io::DuplexStream;
use wirebahn_core::Instant;
use wirebahn_drive::websocket::{Client, ConnectError};
use wirebahn_drive::{Delay, Network, Runtime, Spawn};
use wirebahn_tokio::{TokioIo, TokioRuntime, TokioTimer};

/// A host whose addresses behave as [`PLAN`] says.
struct Planned;

/// What becomes of an attempt after some time.
#[derive(Clone, Copy)]
enum Fate {
    Opens,
    Fails(io::ErrorKind),
    Hangs,
}

type Plan = Vec<(SocketAddr, u64, Fate)>;

thread_local! {
    /// Addresses, milliseconds, fates.
    static PLAN: RefCell<Plan> = const { RefCell::new(Vec::new()) };
    /// What was tried, in milliseconds from the beginning.
    static TRIED: RefCell<Vec<(SocketAddr, u64)>> = const { RefCell::new(Vec::new()) };
}

impl Runtime for Planned {
    type Timer = TokioTimer;

    fn now() -> Instant {
        TokioRuntime::now()
    }
}

impl Network for Planned {
    type Io = TokioIo<DuplexStream>;

    async fn resolve(_: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(PLAN.with_borrow(|plan| plan.iter().map(|(address, ..)| *address).collect()))
    }

    async fn connect(address: SocketAddr, _: Delay) -> io::Result<Self::Io> {
        let (_, millis, fate) = PLAN.with_borrow(|plan| *plan.iter().find(|(a, ..)| *a == address).unwrap());
        TRIED.with_borrow_mut(|tried| tried.push((address, elapsed())));
        tokio::time::sleep(Duration::from_millis(millis)).await;
        match fate {
            Fate::Opens => {
                let (near, far) = tokio::io::duplex(4096);
                tokio::spawn(async move { wirebahn_tokio::accept(far).await.unwrap().recv().await });
                Ok(TokioIo::new(near))
            }
            Fate::Fails(kind) => Err(kind.into()),
            Fate::Hangs => std::future::pending().await,
        }
    }

    async fn connect_unix(_: &Path) -> io::Result<Self::Io> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn spawner() -> Spawn {
        TokioRuntime::spawner()
    }
}

thread_local! {
    static START: RefCell<Option<tokio::time::Instant>> = const { RefCell::new(None) };
}

fn elapsed() -> u64 {
    START.with_borrow(|start| start.unwrap().elapsed().as_millis() as u64)
}

/// Tries the plan: what was tried when, how it ended, and when.
fn run(plan: &[(&str, u64, Fate)]) -> (Vec<(String, u64)>, Result<(), ConnectError>, u64) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let address = |text: &str| SocketAddr::new(text.parse().unwrap(), 80);
    PLAN.set(plan.iter().map(|(text, millis, fate)| (address(text), *millis, *fate)).collect());
    TRIED.take();
    runtime.block_on(async {
        START.set(Some(tokio::time::Instant::now()));
        let client = Client::<Planned>::new("ws://host.example/").unwrap();
        let ended = client.connect().await.map(drop);
        let tried = TRIED.take().into_iter().map(|(address, at)| (address.ip().to_string(), at)).collect();
        (tried, ended, elapsed())
    })
}

fn tried(list: &[(&str, u64)]) -> Vec<(String, u64)> {
    list.iter().map(|(address, at)| ((*address).to_owned(), *at)).collect()
}

#[test]
fn a_family_that_hangs_costs_a_quarter_of_a_second() {
    let (seen, ended, at) = run(&[
        ("2001:db8::1", 0, Fate::Hangs),
        ("2001:db8::2", 0, Fate::Hangs),
        ("192.0.2.1", 30, Fate::Opens),
    ]);
    assert_eq!(seen, tried(&[("2001:db8::1", 0), ("192.0.2.1", 250)]));
    ended.unwrap();
    assert_eq!(at, 280);
}

#[test]
fn an_attempt_that_is_slow_may_still_win() {
    let (seen, ended, at) = run(&[("2001:db8::1", 300, Fate::Opens), ("192.0.2.1", 100, Fate::Opens)]);
    assert_eq!(seen, tried(&[("2001:db8::1", 0), ("192.0.2.1", 250)]));
    ended.unwrap();
    assert_eq!(at, 300);
}

#[test]
fn an_attempt_that_fails_is_followed_at_once_and_the_first_error_is_told() {
    let (seen, ended, at) = run(&[
        ("2001:db8::1", 10, Fate::Fails(io::ErrorKind::NetworkUnreachable)),
        ("192.0.2.1", 20, Fate::Fails(io::ErrorKind::ConnectionRefused)),
    ]);
    assert_eq!(seen, tried(&[("2001:db8::1", 0), ("192.0.2.1", 10)]));
    let Err(ConnectError::Io(error)) = ended else { panic!("{ended:?}") };
    assert_eq!((error.kind(), at), (io::ErrorKind::NetworkUnreachable, 30));
}

#[test]
fn a_host_of_which_every_address_hangs_is_given_up_after_the_connect_timeout() {
    let (seen, ended, at) = run(&[("192.0.2.1", 0, Fate::Hangs), ("192.0.2.2", 0, Fate::Hangs)]);
    assert_eq!(seen, tried(&[("192.0.2.1", 0), ("192.0.2.2", 250)]));
    assert!(matches!(ended, Err(ConnectError::TimedOut)), "{ended:?}");
    assert_eq!(at, 10_000);
}

#[test]
fn a_host_without_addresses_is_an_error() {
    let (_, ended, _) = run(&[]);
    assert!(matches!(ended, Err(ConnectError::Io(_))), "{ended:?}");
}

/// Whether TLS is not compiled in, or not written for the network: it is never left out.
#[tokio::test]
async fn a_secure_url_is_refused_where_there_is_no_tls() {
    PLAN.set(vec![(SocketAddr::new("192.0.2.1".parse().unwrap(), 443), 0, Fate::Opens)]);
    START.set(Some(tokio::time::Instant::now()));
    let error = Client::<Planned>::new("wss://host.example/").unwrap().connect().await.map(drop).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("built without TLS"), "{text}");
}
