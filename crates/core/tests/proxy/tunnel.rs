//! What is said to a proxy, and what is made of its answers.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use wirebahn_core::http::{Credentials, HeadError, Host, StatusCode};
use wirebahn_core::proxy::{
    PrologueEvent, Proxy, ProxyScheme, ProxyTunnel, Socks5Reply, TunnelDialogue, TunnelError, TunnelOptions,
    TunnelRefusal, TunnelRequestError, TunnelViolation,
};
use wirebahn_core::{Engine, Instant, Transport};

use super::support::{Outcome, feed_in_every_way};

type Ended = Outcome<(), TunnelError>;

fn name() -> Host {
    Host::Name("example.com".into())
}

fn open(proxy: &str, host: &Host, options: &TunnelOptions) -> ProxyTunnel {
    ProxyTunnel::open(&proxy.parse().unwrap(), host, 443, options, Instant::ZERO).unwrap()
}

/// The proxy answers with `bytes`.
fn answered(proxy: &str, host: &Host, bytes: &[u8]) -> Ended {
    feed_in_every_way::<TunnelDialogue>(|| open(proxy, host, &TunnelOptions::default()), bytes)
}

fn failure(proxy: &str, bytes: &[u8]) -> TunnelError {
    let ended = answered(proxy, &name(), bytes);
    let Some(PrologueEvent::Failed(error)) = ended.event else { panic!("{ended:?}") };
    error
}

#[test]
fn connect_names_the_target_and_the_credentials() {
    let mut options = TunnelOptions::default();
    options.headers.append("User-Agent", "wb").unwrap();
    options.headers.append("host", "elsewhere").unwrap();
    options.headers.append("Proxy-Authorization", "mine").unwrap();
    let sent = |proxy, host: &Host| {
        let mut engine = open(proxy, host, &options);
        engine.outbox().pieces().flatten().map(|byte| char::from(*byte)).collect::<String>()
    };
    assert_eq!(
        sent("http://Aladdin:open%20sesame@proxy", &name()),
        "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\
         Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\nUser-Agent: wb\r\n\r\n"
    );
    assert_eq!(
        sent("https://proxy", &Host::V6(Ipv6Addr::LOCALHOST)),
        "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\nUser-Agent: wb\r\n\r\n"
    );
}

#[test]
fn any_2xx_opens_the_tunnel_and_what_follows_is_of_the_server() {
    for head in [
        "HTTP/1.1 200 Connection established\r\n\r\n",
        "HTTP/1.0 200 OK\r\nProxy-Agent: tinyproxy\r\n\r\n",
        "HTTP/1.1 204 \r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 299 x\r\n\r\n",
    ] {
        for trailing in ["", "\u{16}more", "\r\n\r\n"] {
            let ended = answered("http://proxy", &name(), format!("{head}{trailing}").as_bytes());
            assert_eq!(ended.event, Some(PrologueEvent::Done(())), "{head}");
            assert_eq!(ended.leftover.as_deref(), Some(trailing.as_bytes()), "{head}");
        }
    }
}

#[test]
fn each_refusal_of_an_http_proxy_has_its_own_error() {
    let authenticate = b"HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n";
    assert_eq!(failure("http://proxy", authenticate), TunnelError::AuthenticationRequired);
    assert_eq!(failure("http://u:p@proxy", authenticate), TunnelError::AuthenticationFailed);
    let refused = failure("http://proxy", b"HTTP/1.1 403 Filtered\r\nX-Why: rule 7\r\n\r\nbody");
    let TunnelError::Refused(TunnelRefusal::Status { status, ref headers, .. }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!((status, headers.get("x-why").unwrap().as_bytes()), (StatusCode::FORBIDDEN, &b"rule 7"[..]));
    assert_eq!(refused.to_string(), "the proxy answered 403 Forbidden");
    let switched = failure("http://proxy", b"HTTP/1.1 101 x\r\n\r\n");
    assert!(matches!(switched, TunnelError::Refused(_)), "{switched:?}");
}

#[test]
fn each_fault_of_an_http_proxy_has_its_own_error() {
    let head = |error| TunnelError::Malformed(TunnelViolation::Head(error));
    assert_eq!(failure("http://proxy", b"SSH-2.0-x\r\n"), head(HeadError::NotHttp));
    assert_eq!(failure("http://proxy", b"HTTP/1.1 200 OK\nX: y\n\n"), head(HeadError::Malformed));
    assert_eq!(
        failure("http://proxy", &b"HTTP/1.1 102 x\r\n\r\n".repeat(9)),
        TunnelError::Malformed(TunnelViolation::InterimTooMany)
    );
    let mut options = TunnelOptions::default();
    options.head_limits.max_len = 64;
    let long = format!("HTTP/1.1 200 OK\r\nX: {}", "y".repeat(64));
    let ended = feed_in_every_way(|| open("http://proxy", &name(), &options), long.as_bytes());
    assert!(
        matches!(ended.event, Some(PrologueEvent::Failed(TunnelError::TooLarge { limit: 64, .. }))),
        "{ended:?}"
    );
}

#[test]
fn socks_sends_names_and_addresses_as_they_are_given() {
    let reply = b"\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";
    let sent = |host| answered("socks5h://proxy", &host, reply).sent;
    assert_eq!(sent(name()), b"\x05\x01\x00\x05\x01\x00\x03\x0bexample.com\x01\xbb");
    assert_eq!(
        sent(Host::V4(Ipv4Addr::new(10, 0, 0, 1))),
        b"\x05\x01\x00\x05\x01\x00\x01\x0a\x00\x00\x01\x01\xbb"
    );
    assert_eq!(
        sent(Host::V6(Ipv6Addr::LOCALHOST)),
        b"\x05\x01\x00\x05\x01\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x01\xbb"
    );
}

#[test]
fn socks_logs_in_where_the_proxy_asks_for_it() {
    let reply = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";
    let request = b"\x05\x01\x00\x03\x0bexample.com\x01\xbb";
    let asked = answered("socks5h://me:secret@proxy", &name(), &[b"\x05\x02\x01\x00", &reply[..]].concat());
    assert_eq!(asked.sent, [b"\x05\x02\x00\x02\x01\x02me\x06secret", &request[..]].concat());
    assert_eq!(asked.event, Some(PrologueEvent::Done(())));
    let not_asked = answered("socks5h://me:secret@proxy", &name(), &[b"\x05\x00", &reply[..]].concat());
    assert_eq!(not_asked.sent, [b"\x05\x02\x00\x02", &request[..]].concat());
    assert_eq!(not_asked.event, Some(PrologueEvent::Done(())));
}

#[test]
fn a_socks_reply_may_have_any_address_and_what_follows_is_of_the_server() {
    for address in
        [&b"\x01\x01\x02\x03\x04"[..], b"\x03\x04host", b"\x03\x00", &[&b"\x04"[..], &[7; 16]].concat()]
    {
        for trailing in [&b""[..], b"\x16more", b"\x05\x00"] {
            let bytes = [b"\x05\x00\x05\x00\x00", address, b"\x00\x50", trailing].concat();
            let ended = answered("socks5h://proxy", &name(), &bytes);
            assert_eq!(ended.event, Some(PrologueEvent::Done(())), "{bytes:?}");
            assert_eq!(ended.leftover.as_deref(), Some(trailing), "{bytes:?}");
        }
    }
}

#[test]
fn each_refusal_and_fault_of_a_socks_proxy_has_its_own_error() {
    let malformed = TunnelError::Malformed;
    let (plain, login) = ("socks5h://proxy", "socks5h://u:p@proxy");
    for (proxy, bytes, error) in [
        (plain, &b"\x05\xff"[..], TunnelError::AuthenticationRequired),
        (login, b"\x05\xff", TunnelError::AuthenticationFailed),
        (login, b"\x05\x02\x01\x01", TunnelError::AuthenticationFailed),
        (plain, b"\x05\x02", malformed(TunnelViolation::SocksMethod(2))),
        (login, b"\x05\x01", malformed(TunnelViolation::SocksMethod(1))),
        (plain, b"\x04", malformed(TunnelViolation::SocksVersion(4))),
        (plain, b"HTTP/1.1 400", malformed(TunnelViolation::SocksVersion(b'H'))),
        (plain, b"\x05\x00\x04", malformed(TunnelViolation::SocksVersion(4))),
        (login, b"\x05\x02\x05", malformed(TunnelViolation::LoginVersion(5))),
        (plain, b"\x05\x00\x05\x00\x00\x02", malformed(TunnelViolation::SocksAddressType(2))),
    ] {
        assert_eq!(failure(proxy, bytes), error, "{bytes:?}");
    }
    for (code, text) in [
        (1, "the proxy answered 1 general failure"),
        (2, "the proxy answered 2 not allowed by its rules"),
        (5, "the proxy answered 5 connection refused"),
        (200, "the proxy answered 200"),
    ] {
        let error = failure(plain, &[5, 0, 5, code]);
        let TunnelError::Refused(TunnelRefusal::Reply(reply)) = &error else { panic!("{error:?}") };
        assert_eq!((Socks5Reply::code(*reply), error.to_string().as_str()), (code, text));
    }
}

#[test]
fn what_socks_cannot_say_is_an_error_before_anything_is_sent() {
    let (ok, long) = ("a".repeat(255), "a".repeat(256));
    let open = |proxy: &Proxy, host: &str| {
        let host = Host::Name(host.into());
        ProxyTunnel::open(proxy, &host, 1, &TunnelOptions::default(), Instant::ZERO).map(drop)
    };
    let proxy = |user: &str, password: &str| {
        Proxy::new(ProxyScheme::Socks5, name(), 1080)
            .with_credentials(Credentials::new(user, password).unwrap())
    };
    assert_eq!(open(&proxy(&ok, &ok), &ok), Ok(()));
    assert_eq!(open(&proxy(&long, "p"), "a"), Err(TunnelRequestError::CredentialsTooLong));
    assert_eq!(open(&proxy("u", &long), "a"), Err(TunnelRequestError::CredentialsTooLong));
    assert_eq!(open(&proxy("u", ""), &long), Err(TunnelRequestError::HostTooLong));
}

#[test]
fn a_name_that_no_url_has_is_an_error_before_anything_is_sent() {
    for scheme in ["http", "socks5h"] {
        let proxy: Proxy = format!("{scheme}://proxy").parse().unwrap();
        for name in ["", "a b", "b\u{fc}cher.example", "a\r\nX-Header: b"] {
            let host = Host::Name(name.into());
            let opened =
                ProxyTunnel::open(&proxy, &host, 443, &TunnelOptions::default(), Instant::ZERO).map(drop);
            assert_eq!(opened, Err(TunnelRequestError::HostInvalid), "{name:?}");
        }
    }
}

#[test]
fn a_proxy_that_hangs_or_goes_away_is_noticed() {
    for proxy in ["http://proxy", "socks5h://u:p@proxy"] {
        let mut options = TunnelOptions::default();
        let mut engine = open(proxy, &name(), &options);
        let deadline = Instant::ZERO + Duration::from_secs(10);
        assert_eq!(engine.poll_timeout(), Some(deadline));
        engine.handle_timeout(deadline);
        assert_eq!(engine.poll_event(), Some(PrologueEvent::Failed(TunnelError::TimedOut)));
        assert_eq!((engine.transport(), engine.outbox().len()), (Transport::Close, 0));

        options.timeout = None;
        let mut engine = open(proxy, &name(), &options);
        assert_eq!(engine.poll_timeout(), None);
        engine.handle_eof(Instant::ZERO);
        assert_eq!(engine.poll_event(), Some(PrologueEvent::Failed(TunnelError::TransportLost)));
        assert!(engine.into_leftover().is_err());
    }
}
