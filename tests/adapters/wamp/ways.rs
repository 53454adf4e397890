//! The ways to a router: transports, serializers, TLS, proxies.

use std::io::ErrorKind;

use wirebahn_core::wamp::{Serializer, Value};

use super::adapter::{JoinSetup, Refused, Wamp};
use super::{PATIENCE, call, exercise, join, setup};
use crate::log;
use crate::peer::{Raw, UPGRADE, http_proxy, listener_that_says};
use crate::suite::between::tls;

pub(crate) fn sessions_run_over_every_transport_in_every_serializer<A: Wamp>() {
    let router = A::route(setup());
    for scheme in ["ws", "rs"] {
        for serializer in Serializer::ALL {
            let mut setup = JoinSetup::from(router.url(scheme));
            setup.serializers = vec![serializer];
            let session = join::<A>(setup);
            assert_eq!(session.serializer(), serializer);
            exercise(&*session);
        }
    }
    router.end();
}

pub(crate) fn the_meta_api_tells_how_a_session_came<A: Wamp>() {
    let router = A::route(setup());
    for (scheme, kind) in [("ws", "websocket"), ("rs", "rawsocket")] {
        let mut setup = JoinSetup::from(router.url(scheme));
        setup.serializers = vec![Serializer::MsgPack];
        let session = join::<A>(setup);
        let found = session.call(call("wamp.session.get", vec![session.id().into()])).unwrap();
        let transport = found[0].as_dict().and_then(|details| details.get("transport")).unwrap();
        let said = |key| transport.as_dict().unwrap().get(key).and_then(Value::as_str).unwrap();
        assert_eq!((said("type"), said("protocol")), (kind, "wamp.2.msgpack"));
        assert!(said("peer").starts_with("127.0.0.1:"), "{transport:?}");
    }
    router.end();
}

pub(crate) fn sessions_run_over_unix_sockets<A: Wamp>() {
    static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let name = format!("wirebahn-wamp-{}-{number}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let mut setup = setup();
    setup.unix = Some(path.clone());
    let router = A::route(setup);
    for scheme in ["unix:", "ws+unix://"] {
        exercise(&*join::<A>(format!("{scheme}{}", path.display())));
    }
    router.end();
    std::fs::remove_file(&path).unwrap();
    let refused = A::join(format!("unix:{}", path.display()).into()).map(drop);
    assert!(matches!(refused, Err(Refused::Unreachable(ErrorKind::NotFound))), "{refused:?}");
}

pub(crate) fn sessions_run_over_tls_and_routers_are_verified<A: Wamp>() {
    let (server, client) = tls();
    let mut setup = setup();
    setup.tls = Some(server);
    let router = A::route(setup);
    for scheme in ["wss", "rss"] {
        let mut setup = JoinSetup::from(router.url(scheme));
        setup.tls = Some(client.clone());
        exercise(&*join::<A>(setup));
        let refused = A::join(router.url(scheme).into()).map(drop);
        assert!(matches!(refused, Err(Refused::Tls)), "{refused:?}");
    }
    router.end();
}

pub(crate) fn routers_are_reached_through_proxies<A: Wamp>() {
    let router = A::route(setup());
    for scheme in ["ws", "rs"] {
        let mut setup = JoinSetup::from(router.url(scheme));
        setup.proxy = Some(format!("http://{}", http_proxy()).parse().unwrap());
        exercise(&*join::<A>(setup));
    }
    router.end();
    let (hanging, _held) = listener_that_says(b"");
    let mut setup = JoinSetup::from("rs://router.invalid:80".to_owned());
    setup.proxy = Some(format!("socks5h://{hanging}").parse().unwrap());
    setup.connect_timeout = PATIENCE;
    let refused = A::join(setup).map(drop);
    assert!(matches!(refused, Err(Refused::Proxy)), "{refused:?}");
}

pub(crate) fn urls_that_lead_nowhere_are_errors<A: Wamp>() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for scheme in ["ws", "rs", "wss", "rss"] {
        let refused = A::join(format!("{scheme}://{free}").into()).map(drop);
        assert!(matches!(refused, Err(Refused::Unreachable(ErrorKind::ConnectionRefused))), "{refused:?}");
    }
    for url in ["http://localhost", "rs:", "nonsense"] {
        let refused = A::join(url.to_owned().into()).map(drop);
        assert!(matches!(refused, Err(Refused::Url)), "{refused:?}");
    }
}

pub(crate) fn what_is_no_router_is_told_as_such<A: Wamp>() {
    for scheme in ["ws", "rs"] {
        let (address, _held) = listener_that_says(b"SSH-2.0-x\r\n");
        let refused = A::join(format!("{scheme}://{address}").into()).map(drop);
        assert!(matches!(refused, Err(Refused::NotOpened)), "{refused:?}");
    }
}

pub(crate) fn a_router_that_cannot_be_reached_in_time_is_given_up<A: Wamp>() {
    for scheme in ["wss", "rss"] {
        let (address, _held) = listener_that_says(b"");
        let mut setup = JoinSetup::from(format!("{scheme}://{address}"));
        setup.connect_timeout = PATIENCE;
        let refused = A::join(setup).map(drop);
        assert!(matches!(refused, Err(Refused::Tls)), "{refused:?}");
    }
}

pub(crate) fn other_requests_are_answered<A: Wamp>() {
    let mut setup = setup();
    setup.open_timeout = PATIENCE;
    let router = A::route(setup);
    log::start();
    for (request, answer, logged) in [
        (&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..], "HTTP/1.1 426 ", "this is a WebSocket endpoint"),
        // A WebSocket, but none of the subprotocols of WAMP.
        (UPGRADE, "HTTP/1.1 400 ", "subprotocol"),
        (b"nonsense\r\n\r\n", "HTTP/1.1 400 ", "HTTP"),
        // A RawSocket with a serializer that there is not: error 1.
        (b"\x7f\xff\0\0", "\x7f\x10", "serializer"),
        // Who says nothing, or not enough, is hung up on.
        (b"", "", "nothing came in time"),
        (b"\x7f", "", "handshake"),
    ] {
        let mut raw = Raw::connect(router.address);
        raw.send(request);
        let bytes = String::from_utf8_lossy(&raw.read_to_end()).into_owned();
        assert!(bytes.starts_with(answer) && bytes.is_empty() == answer.is_empty(), "{request:?}: {bytes}");
        log::assert_refused(raw.0.local_addr().unwrap(), logged);
    }
    router.end();
}
