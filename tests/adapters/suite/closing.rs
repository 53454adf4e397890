//! How connections end.

use std::sync::Arc;
use std::time::Duration;

use wirebahn_core::websocket::{CloseCode, SendError};

use super::{connect, impatient, start, text};
use crate::adapter::{Adapter, Behaviour, ServerSetup, until};
use crate::peer::{Raw, frame};

pub(crate) fn closing_is_clean_on_both_sides<A: Adapter>() {
    let server = start::<A>(Behaviour::Echo);
    let mut socket = connect::<A>(&server);
    let closed = socket.close(CloseCode::new(4711), "enough").unwrap();
    assert!(closed.clean, "{closed:?}");
    until(|| (server.connections)() == 0);
    let mut raw = Raw::open(server.address);
    raw.send(&frame(0x88, b"\x03\xe8bye"));
    assert_eq!(raw.read_to_end(), b"\x88\x05\x03\xe8bye");
    server.end();
}

pub(crate) fn a_split_connection_is_closed_by_its_writer<A: Adapter>() {
    let server = start::<A>(Behaviour::Echo);
    let (mut reader, mut writer) = connect::<A>(&server).split();
    writer.send(text("last")).unwrap();
    writer.close(CloseCode::NORMAL, "").unwrap();
    assert_eq!(reader.recv(), Some(text("last")));
    assert_eq!(reader.recv(), None);
    assert!(reader.closed().unwrap().clean);
    server.end();
}

pub(crate) fn a_connection_that_was_closed_sends_no_more<A: Adapter>() {
    let server = start::<A>(Behaviour::Echo);
    let mut socket = connect::<A>(&server);
    socket.close(CloseCode::NORMAL, "").unwrap();
    assert_eq!(socket.send(text("late")), Err(SendError::Closed));
    assert_eq!(socket.recv(), None);
    assert!(socket.close(CloseCode::NORMAL, "again").unwrap().clean);
    server.end();
}

pub(crate) fn a_close_with_a_forbidden_code_changes_nothing<A: Adapter>() {
    let server = start::<A>(Behaviour::Echo);
    let mut socket = connect::<A>(&server);
    assert!(socket.close(CloseCode::ABNORMAL, "").is_err());
    assert!(socket.close(CloseCode::NORMAL, &"x".repeat(124)).is_err());
    socket.send(text("still open")).unwrap();
    assert_eq!(socket.recv(), Some(text("still open")));
    server.end();
}

pub(crate) fn a_connection_that_is_aborted_is_lost_to_the_peer<A: Adapter>() {
    let server = start::<A>(Behaviour::Echo);
    let mut socket = connect::<A>(&server);
    socket.abort();
    assert!(!socket.wait_closed().clean);
    until(|| (server.connections)() == 0);
    server.end();
}

pub(crate) fn a_peer_that_goes_away_is_noticed<A: Adapter>() {
    let server = start::<A>(Behaviour::Echo);
    let mut raw = Raw::open(server.address);
    raw.send(&frame(0x81, b"hi"));
    assert_eq!(raw.read_exact(4), b"\x81\x02hi");
    drop(raw);
    let mut half = Raw::open(server.address);
    half.send(&frame(0x01, b"half")[..8]);
    half.0.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(half.read_to_end(), b"");
    until(|| (server.connections)() == 0);
    server.end();
}

pub(crate) fn a_peer_that_does_not_close_is_given_up<A: Adapter>() {
    let mut setup = ServerSetup::from(Behaviour::Echo);
    setup.options = impatient(|_| {});
    let server = start::<A>(setup);
    let mut raw = Raw::open(server.address);
    (server.shut_down)();
    assert_eq!(raw.read_to_end(), b"\x88\x02\x03\xe9", "going away, and then away");
    server.end();
}

/// RFC 6455 7.1.7: whoever fails a connection ends its direction, and does not wait for a timer with that.
pub(crate) fn the_end_of_a_failed_connection_is_seen_at_once<A: Adapter>() {
    let mut setup = ServerSetup::from(Behaviour::Echo);
    let close = &mut Arc::make_mut(&mut setup.options.config).close;
    (close.handshake_timeout, close.drop_timeout) = (None, None);
    let server = start::<A>(setup);
    let mut raw = Raw::open(server.address);
    raw.send(&frame(0x83, b""));
    let answer = raw.read_to_end();
    assert_eq!((answer[0], &answer[2..4]), (0x88, &b"\x03\xea"[..]), "{answer:?}");
    drop(raw);
    // The same for refusals.
    let mut raw = Raw::connect(server.address);
    raw.send(b"nonsense\r\n\r\n");
    assert!(raw.read_to_end().starts_with(b"HTTP/1.1 400 "));
    drop(raw);
    server.end();
}

pub(crate) fn a_server_that_ends_says_goodbye<A: Adapter>() {
    let server = start::<A>(Behaviour::Echo);
    let mut sockets: Vec<_> = (0..3).map(|_| connect::<A>(&server)).collect();
    (server.shut_down)();
    for socket in &mut sockets {
        assert_eq!(socket.recv(), None);
        let closed = socket.wait_closed();
        assert!(closed.clean && format!("{closed:?}").contains("1001"), "{closed:?}");
    }
    let url = server.url();
    server.end();
    assert!(A::connect(url.into()).is_err());
}

pub(crate) fn a_server_that_ends_does_not_wait_for_ever<A: Adapter>() {
    let mut setup = ServerSetup::from(Behaviour::Ignore);
    setup.shutdown_grace = Duration::from_millis(50);
    let server = start::<A>(setup);
    let _socket = connect::<A>(&server);
    server.end();
}
