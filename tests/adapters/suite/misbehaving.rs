//! Peers that break the rules, or do nothing.

use std::time::Duration;

use wirebahn_core::websocket::Message;

use super::{connect, impatient, start, text};
use crate::adapter::{Adapter, Behaviour, ServerSetup, until};
use crate::peer::{PATIENCE, Raw, frame};

pub(crate) fn a_peer_that_breaks_the_protocol_is_told_so<A: Adapter>() {
    let mut setup = ServerSetup::from(Behaviour::Echo);
    setup.options = impatient(|_| {});
    let server = start::<A>(setup);
    for (bytes, code) in [
        (b"\x81\x02hi".to_vec(), 1002_u16),
        (frame(0x83, b""), 1002),
        (frame(0xc1, b"x"), 1002),
        (frame(0x80, b"x"), 1002),
        (frame(0x81, b"\xff"), 1007),
        (frame(0x88, b"\x03"), 1002),
    ] {
        let mut raw = Raw::open(server.address);
        raw.send(&bytes);
        let answer = raw.read_to_end();
        assert_eq!((answer[0], &answer[2..4]), (0x88, &code.to_be_bytes()[..]), "{bytes:?}: {answer:?}");
    }
    until(|| (server.connections)() == 0);
    server.end();
}

pub(crate) fn an_idle_connection_is_kept_alive_and_a_dead_one_given_up<A: Adapter>() {
    let mut setup = ServerSetup::from(Behaviour::Echo);
    setup.options = impatient(|config| {
        let keepalive = config.keepalive.as_mut().unwrap();
        keepalive.interval = Duration::from_millis(50);
        keepalive.timeout = Some(PATIENCE);
    });
    let server = start::<A>(setup);
    let mut alive = connect::<A>(&server);
    let mut dead = Raw::open(server.address);
    // Its pings are not answered, while those of the other one are.
    let bytes = std::thread::spawn(move || dead.read_to_end());
    while !bytes.is_finished() {
        assert_eq!(alive.recv_timeout(Duration::from_millis(10)), Err(()));
    }
    assert_eq!(bytes.join().unwrap()[0], 0x89);
    alive.send(text("here")).unwrap();
    assert_eq!(alive.recv(), Some(text("here")));
    server.end();
}

pub(crate) fn messages_that_are_too_long_are_refused<A: Adapter>() {
    let mut setup = ServerSetup::from(Behaviour::Echo);
    setup.options = impatient(|config| config.limits.max_message_len = 1000);
    let server = start::<A>(setup);
    let mut socket = connect::<A>(&server);
    // The server may hang up while it is being sent.
    let _ = socket.send(Message::binary(vec![0; 1001]));
    let closed = socket.wait_closed();
    assert!(format!("{closed:?}").contains("1009"), "{closed:?}");
    server.end();
}

pub(crate) fn a_peer_that_reads_nothing_does_not_hold_its_connection_for_ever<A: Adapter>() {
    let mut setup = ServerSetup::from(Behaviour::Flood);
    setup.options = impatient(|config| {
        let keepalive = config.keepalive.as_mut().unwrap();
        keepalive.interval = Duration::from_millis(50);
        config.idle_timeout = Some(Duration::from_millis(500));
    });
    let server = start::<A>(setup);
    let raw = Raw::open(server.address);
    until(|| (server.connections)() == 0);
    drop(raw);
    server.end();
}
