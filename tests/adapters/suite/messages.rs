//! What is sent comes back.

use std::time::Duration;

use wirebahn_core::websocket::extension::deflate::Deflate;
use wirebahn_core::websocket::{CloseCode, Message, SendError};

use super::{connect, start, text};
use crate::adapter::{Adapter, Behaviour, ClientSetup, ServerSetup};
use crate::peer::{Raw, frame};

pub(crate) fn messages_come_back_as_they_were<A: Adapter>() {
    for behaviour in
        [Behaviour::Echo, Behaviour::Serve, Behaviour::Frames, Behaviour::Streaming, Behaviour::Split]
    {
        let server = start::<A>(behaviour);
        let mut socket = connect::<A>(&server);
        for message in
            [text("Grüße"), Message::binary(vec![0, 255, 7]), text(""), Message::binary(Vec::new())]
        {
            socket.send(message.clone()).unwrap();
            assert_eq!(socket.recv(), Some(message), "{behaviour:?}");
        }
        assert!(socket.close(CloseCode::NORMAL, "").unwrap().clean, "{behaviour:?}");
        server.end();
    }
}

pub(crate) fn messages_of_all_sizes_come_back<A: Adapter>() {
    for behaviour in [Behaviour::Echo, Behaviour::Serve] {
        let server = start::<A>(behaviour);
        let mut socket = connect::<A>(&server);
        for len in [1, 125, 126, 65_535, 65_536, 70_000, 1 << 20, 5_000_000] {
            let message = Message::binary((0..len).map(|n| (n * 7 + n / 251) as u8).collect::<Vec<_>>());
            socket.send(message.clone()).unwrap();
            assert!(socket.recv() == Some(message), "{behaviour:?}, {len}");
        }
        server.end();
    }
}

pub(crate) fn everything_that_was_fed_comes_back_in_order<A: Adapter>() {
    let server = start::<A>(Behaviour::Serve);
    let mut socket = connect::<A>(&server);
    for number in 0..2000 {
        socket.feed(text(&number.to_string())).unwrap();
    }
    socket.flush().unwrap();
    for number in 0..2000 {
        assert_eq!(socket.recv(), Some(text(&number.to_string())));
    }
    server.end();
}

pub(crate) fn frames_and_parts_come_back_as_messages<A: Adapter>() {
    for behaviour in [Behaviour::Frames, Behaviour::Streaming, Behaviour::Echo] {
        let server = start::<A>(behaviour);
        let mut socket = connect::<A>(&server);
        let message = text(&"ein Wörtchen ".repeat(2000));
        socket.send_fragmented(message.clone(), 1000).unwrap();
        assert_eq!(socket.recv(), Some(message), "{behaviour:?}");
        assert!(socket.close(CloseCode::NORMAL, "").unwrap().clean, "{behaviour:?}");
        server.end();
    }
}

pub(crate) fn messages_are_compressed_where_both_ends_want_it<A: Adapter>() {
    for behaviour in [Behaviour::Echo, Behaviour::Serve, Behaviour::Streaming, Behaviour::Split] {
        let mut setup = ServerSetup::from(behaviour);
        setup.options.extensions = Deflate::default().into();
        let server = start::<A>(setup);
        for wanted in [true, false] {
            let mut setup = ClientSetup::from(server.url());
            if wanted {
                setup.options.extensions = Deflate::default().into();
            }
            let mut socket = A::connect(setup).unwrap();
            assert_eq!(socket.extension().as_deref(), wanted.then_some("permessage-deflate"));
            for message in [text(&"so it goes ".repeat(10_000)), text(""), Message::binary(vec![7; 70_000])] {
                socket.send(message.clone()).unwrap();
                assert!(socket.recv() == Some(message), "{behaviour:?}, {wanted}");
            }
        }
        server.end();
    }
}

/// Sockets have room for a while only: whoever is stuck in a write must go on reading.
pub(crate) fn both_ends_may_send_without_reading_for_a_while<A: Adapter>() {
    let server = start::<A>(Behaviour::Echo);
    let mut socket = connect::<A>(&server);
    let large = Message::binary(vec![1; 8 << 20]);
    for _ in 0..3 {
        socket.send(large.clone()).unwrap();
    }
    for _ in 0..3 {
        assert!(socket.recv().as_ref() == Some(&large));
    }
    server.end();
}

pub(crate) fn two_threads_may_use_two_halves<A: Adapter>() {
    let server = start::<A>(Behaviour::Echo);
    let (mut reader, mut writer) = connect::<A>(&server).split();
    let sending = std::thread::spawn(move || {
        for number in 0..1000 {
            writer.send(text(&format!("{number} {}", "x".repeat(number * 3)))).unwrap();
        }
        writer
    });
    for number in 0..1000 {
        assert_eq!(reader.recv(), Some(text(&format!("{number} {}", "x".repeat(number * 3)))));
    }
    drop(sending.join().unwrap());
    server.end();
}

pub(crate) fn halves_send_while_nothing_comes<A: Adapter>() {
    let server = start::<A>(Behaviour::Split);
    let (mut reader, mut writer) = connect::<A>(&server).split();
    let (told, seen) = std::sync::mpsc::channel();
    let reading = std::thread::spawn(move || {
        while let Some(message) = reader.recv() {
            told.send(message).unwrap();
        }
        reader.closed()
    });
    for number in 0..20 {
        // The reader waits by now.
        std::thread::sleep(Duration::from_millis(2));
        writer.send(text(&number.to_string())).unwrap();
        assert_eq!(seen.recv_timeout(crate::adapter::STUCK), Ok(text(&number.to_string())));
    }
    writer.close(CloseCode::NORMAL, "done").unwrap();
    assert!(reading.join().unwrap().unwrap().clean);
    assert_eq!(writer.send(text("late")), Err(SendError::Closed));
    server.end();
}

pub(crate) fn waiting_ends_in_time_and_loses_nothing<A: Adapter>() {
    let server = start::<A>(Behaviour::Echo);
    let mut socket = connect::<A>(&server);
    for limit in [0, 1, 30] {
        assert_eq!(socket.recv_timeout(Duration::from_millis(limit)), Err(()));
    }
    let large = Message::binary(vec![3; 4 << 20]);
    socket.send(large.clone()).unwrap();
    let mut tries = 0;
    let back = loop {
        match socket.recv_timeout(Duration::from_millis(1)) {
            Ok(message) => break message,
            Err(()) => tries += 1,
        }
        assert!(tries < 60_000, "this must not hang");
    };
    assert!(back == Some(large));
    server.end();
}

pub(crate) fn pings_are_answered<A: Adapter>() {
    let server = start::<A>(Behaviour::Echo);
    assert_eq!(connect::<A>(&server).ping("are you there?"), Some(b"are you there?".to_vec()));
    let mut raw = Raw::open(server.address);
    raw.send(&frame(0x89, b"x"));
    assert_eq!(raw.read_exact(3), b"\x8a\x01x");
    server.end();
}
