//! How connections begin.

use wirebahn_core::http::StatusCode;
use wirebahn_core::websocket::opening::{ClientOpeningError, ClientOptions, RedirectError, Rejection};
use wirebahn_core::websocket::{CloseCode, TimerKind};
use wirebahn_drive::websocket::ConnectError;

use super::{connect, impatient, start, text};
use crate::adapter::{Adapter, Behaviour, ClientSetup, ServerSetup, until};
use crate::peer::{PATIENCE, Raw, UPGRADE, listener_that_says};

fn rejection<A: Adapter>(setup: ClientSetup) -> Box<Rejection> {
    match A::connect(setup).map(drop) {
        Err(ConnectError::Opening(ClientOpeningError::Rejected(rejection))) => rejection,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn a_subprotocol_is_agreed_on<A: Adapter>() {
    let mut setup = ServerSetup::from(Behaviour::Echo);
    setup.options.subprotocols = vec!["b".into(), "c".into()];
    let server = start::<A>(setup);
    for (offered, expected) in [(vec!["a", "b", "c"], Some("b")), (vec!["a"], None), (vec![], None)] {
        let mut client = ClientSetup::from(server.url());
        client.subprotocols = offered;
        assert_eq!(A::connect(client).unwrap().subprotocol().as_deref(), expected);
    }
    server.end();
}

pub(crate) fn a_refusal_is_shown_with_its_body<A: Adapter>() {
    let server = start::<A>(Behaviour::Refuse(StatusCode::FORBIDDEN));
    let rejection = rejection::<A>(server.url().into());
    assert_eq!((rejection.status, &rejection.body[..]), (StatusCode::FORBIDDEN, &b"no"[..]));
    server.end();
}

pub(crate) fn redirects_are_followed_where_that_is_allowed<A: Adapter>() {
    let server = start::<A>(Behaviour::Refuse(StatusCode::FOUND));
    assert_eq!(rejection::<A>(server.url().into()).status, StatusCode::FOUND);
    let mut client = ClientSetup::from(server.url());
    client.max_redirects = 3;
    let error = A::connect(client).map(drop).unwrap_err();
    assert!(matches!(error, ConnectError::Redirect(RedirectError::TooMany)), "{error:?}");
    server.end();
}

pub(crate) fn requests_that_are_none_are_answered<A: Adapter>() {
    let mut setup = ServerSetup::from(Behaviour::Echo);
    setup.options = impatient(|_| {});
    let server = start::<A>(setup);
    for (request, answer) in [
        (&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..], "HTTP/1.1 426 "),
        (b"nonsense\r\n\r\n", "HTTP/1.1 400 "),
        (b"POST / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 405 "),
        (b"\x16\x03\x01", "HTTP/1.1 400 "),
        // Half a request is given up without a word.
        (&UPGRADE[..40], ""),
    ] {
        let mut raw = Raw::connect(server.address);
        raw.send(request);
        let bytes = String::from_utf8_lossy(&raw.read_to_end()).into_owned();
        assert!(bytes.starts_with(answer) && bytes.is_empty() == answer.is_empty(), "{bytes}");
    }
    server.end();
}

pub(crate) fn a_server_that_does_not_answer_is_given_up<A: Adapter>() {
    let (address, _held) = listener_that_says(b"");
    let mut client = ClientSetup::from(format!("ws://{address}/"));
    client.options = ClientOptions::default();
    client.options.open_timeout = Some(PATIENCE);
    let error = A::connect(client).map(drop).unwrap_err();
    let expected = ClientOpeningError::TimedOut(TimerKind::OpenHandshake);
    assert!(matches!(&error, ConnectError::Opening(error) if *error == expected), "{error:?}");
    let (address, _held) = listener_that_says(b"SSH-2.0-x\r\n");
    let error = A::connect(format!("ws://{address}/").into()).map(drop).unwrap_err();
    assert!(matches!(error, ConnectError::Opening(ClientOpeningError::Handshake(_))), "{error:?}");
}

pub(crate) fn a_port_that_nobody_listens_on_is_an_error<A: Adapter>() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = A::connect(format!("ws://{address}/").into()).map(drop).unwrap_err();
    assert!(
        matches!(&error, ConnectError::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused),
        "{error:?}"
    );
    let error = A::connect("http://localhost/".to_owned().into()).map(drop).unwrap_err();
    assert!(matches!(error, ConnectError::Url(_)), "{error:?}");
}

pub(crate) fn one_connection_too_many_is_refused<A: Adapter>() {
    let mut setup = ServerSetup::from(Behaviour::Echo);
    setup.max_connections = 1;
    let server = start::<A>(setup);
    let mut first = connect::<A>(&server);
    assert_eq!(rejection::<A>(server.url().into()).status, StatusCode::SERVICE_UNAVAILABLE);
    first.send(text("untouched")).unwrap();
    assert_eq!(first.recv(), Some(text("untouched")));
    first.close(CloseCode::NORMAL, "").unwrap();
    until(|| (server.connections)() == 0);
    drop(connect::<A>(&server));
    server.end();
}
