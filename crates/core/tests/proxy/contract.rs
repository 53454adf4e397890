//! The contract of `Engine`, line by line.

use std::time::Duration;

use wirebahn_core::http::Host;
use wirebahn_core::proxy::{
    Dialogue, Prologue, PrologueEvent, ProxyHeaderExpectation, ProxyHeaderGate, ProxyHeaderMode,
    ProxyHeaderOptions, ProxyTunnel, TunnelOptions,
};
use wirebahn_testkit::contract::{self, Bounds, START, Subject};

fn check<D>(make: impl Fn() -> Prologue<D> + 'static, input: &[u8], floods: &[&[u8]])
where
    D: Dialogue<Output: std::fmt::Debug + PartialEq, Error: std::fmt::Debug + PartialEq> + 'static,
{
    let mut subject = Subject::new(make, input, |event| matches!(event, PrologueEvent::Failed(_)))
        .hands_over(|event| matches!(event, PrologueEvent::Done(_)))
        .bounds(Bounds { outbox: 1024, received: 20 * 1024, ..Bounds::default() });
    for flood in floods {
        subject = subject.flood(flood);
    }
    contract::check_all(&subject);
}

fn tunnel(proxy: &'static str) -> impl Fn() -> ProxyTunnel {
    move || {
        let mut options = TunnelOptions::default();
        options.timeout = Some(Duration::from_secs(3));
        options.head_limits.max_len = 500;
        let host = Host::Name("example.com".into());
        ProxyTunnel::open(&proxy.parse().unwrap(), &host, 443, &options, START).unwrap()
    }
}

#[test]
fn a_tunnel_through_an_http_proxy_keeps_the_contract() {
    check(
        tunnel("http://user:secret@proxy"),
        b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 Connection established\r\nVia: x\r\n\r\nleftover",
        &[b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"x"],
    );
    check(tunnel("http://proxy"), b"HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nabc", &[]);
}

#[test]
fn a_tunnel_through_a_socks_proxy_keeps_the_contract() {
    let reply = b"\x05\x00\x00\x01\x0a\x00\x00\x01\x04\xd2";
    check(tunnel("socks5h://proxy"), &[b"\x05\x00", &reply[..], b"leftover"].concat(), &[b"\x05\x00"]);
    check(
        tunnel("socks5h://user:secret@proxy"),
        &[b"\x05\x02\x01\x00", &reply[..], b"leftover"].concat(),
        &[b"\x05\x02\x01\x00", b"\x05"],
    );
}

#[test]
fn waiting_for_a_header_keeps_the_contract() {
    let v2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x13\x01\x02\x03\x04\x05\x06\x07\x08\x00\x50\x01\xbb\x04\x00\x04abcdleftover";
    let gate = |expectation| {
        move || ProxyHeaderGate::open(expectation, &ProxyHeaderOptions::new(ProxyHeaderMode::Off), START)
    };
    check(
        gate(ProxyHeaderExpectation::Certain),
        b"PROXY TCP4 1.2.3.4 5.6.7.8 80 443\r\nleftover",
        &[b"PROXY UNKNOWN ", b"x", b"\r\n\r\n\0\r\nQUIT\n"],
    );
    check(gate(ProxyHeaderExpectation::Possible), v2, &[b"PROXY UNKNOWN ", b"x", b"\r\n\r\n\0\r\nQUIT\n"]);
}
