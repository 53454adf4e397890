//! The router itself, on threads.

use wirebahn_blocking::http::StatusCode;
use wirebahn_blocking::opening::HttpResponse;
use wirebahn_blocking::wamp::router::{QueueLimits, SlowConsumers};
use wirebahn_blocking::wamp::{Join, RealmConfig, Serializer, join};
use wirebahn_core::rawsocket::opening as raw;

use super::support::Running;
use crate::adapter::{STUCK, until};
use crate::blocking::soon;
use crate::peer::Raw;

#[test]
fn sessions_in_the_process_and_outside_of_it_meet() {
    let running = Running::start();
    let (inside, outside) = (running.router.join("realm1").unwrap(), running.join());
    let _add = inside.register("com.add", |(a, b): (i64, i64)| Ok(a + b)).wait().unwrap();
    assert_eq!(outside.call("com.add", (2, 3)).wait::<i64>().unwrap(), 5);
    running.end();
}

#[test]
fn plain_http_is_answered_on_the_same_port() {
    let running = Running::start_with(RealmConfig::default(), |server| {
        server.http(|request| {
            let mut response = HttpResponse::new(StatusCode::OK);
            response.body = format!("this is {}", request.resource).into();
            response
        })
    });
    let mut client = Raw::connect(running.address);
    client.send(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(client.read_head().starts_with("HTTP/1.1 200 "));
    assert_eq!(client.read_to_end(), b"this is /health");
    running.end();
}

#[test]
fn a_client_that_cannot_be_told_that_it_has_joined_is_dropped() {
    let running = Running::start();
    let mut client = Raw::connect(running.address);
    // It takes no more than 512 bytes, which is less than a WELCOME.
    client.send(&[0x7f, 0x01, 0, 0]);
    client.read_exact(4);
    client.send(&frame(r#"[1,"realm1",{"roles":{"caller":{}}}]"#));
    client.read_to_end();
    until(|| running.router.with(|router, _| router.connections()) == 0);
    running.end();
}

#[test]
fn a_subscriber_that_does_not_read_is_dropped_and_holds_up_nobody() {
    let mut realm = RealmConfig::default();
    realm.queue = QueueLimits::default();
    realm.queue.messages = 64;
    let running = Running::start_with(realm, |server| server);
    let mut deaf = open_rawsocket(&running);
    deaf.send(&frame(r#"[1,"realm1",{"roles":{"subscriber":{}}}]"#));
    deaf.send(&frame(r#"[32,1,{},"com.news"]"#));
    let session = running.join();
    let mut subscription = session.subscribe("com.news").wait().unwrap();
    until(|| running.router.with(|router, _| router.connections()) == 2);
    let text = "x".repeat(100_000);
    let publisher = running.join();
    let mut sent = 0;
    until(|| {
        publisher.publish("com.news", (&text,)).acknowledge().unwrap();
        sent += 1;
        subscription.recv_timeout(STUCK).unwrap().unwrap();
        running.router.with(|router, _| router.connections()) == 2
    });
    assert!(sent > 64);
    running.end();
}

#[test]
fn publishers_wait_for_subscribers_where_the_realm_says_so() {
    let mut realm = RealmConfig::default();
    realm.queue = QueueLimits::default();
    realm.queue.messages = 32;
    realm.slow_consumers = SlowConsumers::HoldPublishers { at_most: STUCK };
    let running = Running::start_with(realm, |server| server);
    let mut slow = open_rawsocket(&running);
    slow.send(&frame(r#"[1,"realm1",{"roles":{"subscriber":{}}}]"#));
    slow.send(&frame(r#"[32,1,{},"com.numbers"]"#));
    let publisher = running.join();
    until(|| {
        let found: Option<u64> = publisher
            .call("wamp.subscription.match", ("com.numbers",))
            .wait()
            .map_or(None, |found: Option<Vec<u64>>| found.and_then(|found| found.first().copied()));
        found.is_some()
    });
    let text = "x".repeat(20_000);
    let publishing = std::thread::spawn(move || {
        for n in 0..2000_u32 {
            publisher.publish("com.numbers", (n, &text)).send().unwrap();
        }
        publisher
    });
    // WELCOME, SUBSCRIBED, and all events, none of which got lost.
    let mut events = 0;
    while events < 2000 {
        let message = read_frame(&mut slow);
        if message.starts_with("[36,") {
            assert!(message.contains(&format!("[{events},\"xxx")), "{events}: {}", &message[..80]);
            events += 1;
        }
    }
    publishing.join().unwrap().leave();
    running.end();
}

#[test]
fn a_result_that_is_too_long_for_its_caller_is_an_error() {
    let running = Running::start();
    let session = running.join();
    let _long = session.register("com.long", |(n,): (usize,)| Ok("x".repeat(n))).wait().unwrap();
    let mut options = raw::ClientOptions::default();
    std::sync::Arc::make_mut(&mut options.config).max_len =
        wirebahn_core::rawsocket::MaxLen::for_len(4096).unwrap();
    let join = Join::new(&running.rawsocket(), "realm1").unwrap().serializers([Serializer::Json]);
    let caller = join.rawsocket(options).join().unwrap();
    let error = caller.call("com.long", (100_000,)).wait::<String>().unwrap_err();
    assert!(error.is("wamp.error.payload_size_exceeded"), "{error}");
    assert_eq!(caller.call("com.long", (1,)).wait::<String>().unwrap(), "x");
    assert_eq!(running.router.unsendable(), 1);
    running.end();
}

#[test]
fn a_server_that_ends_closes_its_connections_and_leaves_the_router_to_others() {
    let running = Running::start();
    let inside = running.router.join("realm1").unwrap();
    let outside = running.join();
    let Running { router, listening, thread, .. } = running;
    listening.shut_down();
    soon(move || thread.join().unwrap().unwrap());
    soon(move || outside.ended());
    assert!(inside.left().is_none());
    let _one = inside.register("com.one", |(): ()| Ok(1)).wait().unwrap();
    assert_eq!(inside.call("com.one", ()).wait::<u8>().unwrap(), 1);
    router.shut_down();
    inside.ended();
}

#[test]
fn a_router_that_shuts_down_lets_nobody_in() {
    let running = Running::start();
    let session = running.join();
    running.router.shut_down();
    soon(move || session.ended());
    assert!(join(&running.websocket(), "realm1").is_err());
    running.end();
}

/// A client of its own make, that speaks JSON.
fn open_rawsocket(running: &Running) -> Raw {
    let mut client = Raw::connect(running.address);
    client.send(&[0x7f, 0xf1, 0, 0]);
    assert_eq!(client.read_exact(4)[..2], [0x7f, 0xf1]);
    client
}

fn frame(message: &str) -> Vec<u8> {
    [&u32::try_from(message.len()).unwrap().to_be_bytes()[..], message.as_bytes()].concat()
}

fn read_frame(client: &mut Raw) -> String {
    let len: [u8; 4] = client.read_exact(4).try_into().unwrap();
    String::from_utf8(client.read_exact(u32::from_be_bytes(len) as usize)).unwrap()
}
