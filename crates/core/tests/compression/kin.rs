//! permessage-bzip2, -snappy and -brotli.

use std::sync::Arc;

use wirebahn_core::Engine;
use wirebahn_core::websocket::extension::{Agreement, Extension, Extensions};
use wirebahn_core::websocket::{Established, Fin, Frames, Message, MessageKind, Messages, Role, Violation};

use super::support::{
    Fixed, NOW, deliver, feed, handshake, json, masked, messages, params, quiet, sent, violation,
};

fn kin() -> Vec<(&'static str, Extensions)> {
    vec![
        #[cfg(feature = "bzip2")]
        ("permessage-bzip2", {
            let mut bzip2 = wirebahn_core::websocket::extension::bzip2::Bzip2::default();
            bzip2.threshold = 0;
            bzip2.into()
        }),
        #[cfg(feature = "snappy")]
        ("permessage-snappy", wirebahn_core::websocket::extension::snappy::Snappy::default().into()),
        #[cfg(feature = "brotli")]
        ("permessage-brotli", wirebahn_core::websocket::extension::brotli::Brotli::default().into()),
    ]
}

fn established(extension: &Arc<dyn Extension>, limit: u64) -> Established {
    let mut config = quiet();
    config.limits.max_message_len = limit;
    let mut established = Established::new(Role::Server, Arc::new(config), Box::new(Fixed), NOW);
    let (_, terms) = extension.accept(&params(extension.name())).unwrap();
    established.extension = Some(Agreement::new(Arc::clone(extension), terms));
    established
}

/// What the extension makes of a message.
fn encoded(extension: &Arc<dyn Extension>, message: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let (_, terms) = extension.accept(&params(extension.name())).unwrap();
    extension.encoder(terms).encode(message, Fin::Last, &mut out);
    out
}

#[test]
fn messages_go_both_ways_and_get_shorter() {
    for (name, extensions) in kin() {
        let (mut client, mut server, agreed) = handshake(extensions.clone(), extensions).unwrap();
        assert!(agreed.unwrap().starts_with(name));
        for (number, len) in [(1, 2000), (1, 2000), (2, 70), (3, 200_000), (4, 65_536), (5, 65_537)] {
            let text = json(number, len);
            client.send(Message::text(text.clone())).unwrap();
            let bytes = deliver(&mut client, &mut server);
            assert!(bytes < len + 60 && (len < 1000 || bytes < len * 2 / 3), "{name}: {bytes} of {len}");
            assert_eq!(messages(&mut server), [Message::text(text.clone())], "{name}");
            server.send(Message::text(text.clone())).unwrap();
            server.send_fragmented(Message::text(text.clone()), 50).unwrap();
            deliver(&mut server, &mut client);
            assert_eq!(messages(&mut client), [Message::text(text.clone()), Message::text(text)], "{name}");
        }
    }
}

#[test]
fn frames_byte_by_byte_are_the_same_message() {
    for (name, extensions) in kin() {
        let extension = &extensions[0];
        let mut sender = Frames::new(established(extension, 1 << 20));
        let (mut client, _, _) = handshake(extensions.clone(), extensions.clone()).unwrap();
        for _ in 0..2 {
            sender.begin_message(MessageKind::Text).unwrap();
            sender.send_frame(json(1, 300), Fin::More).unwrap();
            sender.send_frame("", Fin::More).unwrap();
            sender.send_frame(json(2, 300), Fin::More).unwrap();
            sender.end_message().unwrap();
            let bytes = sent(&mut sender);
            let expected = Message::text(json(1, 300) + &json(2, 300));
            let events = feed(&mut client, &bytes, 1);
            assert_eq!(events, [wirebahn_core::websocket::MessageEvent::Message(expected)], "{name}");
        }
    }
}

#[test]
fn truncated_and_corrupt_messages_fail_the_connection() {
    for (name, extensions) in kin() {
        let whole = encoded(&extensions[0], json(1, 500).as_bytes());
        for len in 1..whole.len() {
            // Where a chunk of Snappy's ends, a message may.
            if name == "permessage-snappy" && len == 10 {
                continue;
            }
            let mut engine = Messages::new(established(&extensions[0], 1 << 20));
            assert_eq!(feed(&mut engine, &masked(0xc1, &whole[..len]), 7), [], "{name} {len}");
            assert_eq!(violation(&mut engine).close_code().get(), 1007, "{name} {len}");
        }
        let mut failed = 0;
        for at in 0..whole.len() {
            let mut bad = whole.clone();
            bad[at] ^= 0x55;
            let mut engine = Messages::new(established(&extensions[0], 1 << 20));
            feed(&mut engine, &masked(0xc2, &bad), 7);
            failed += usize::from(!engine.streaming().is_open());
        }
        // Brotli has no checksum.
        assert!(failed > whole.len() / 4, "{name}: {failed} of {}", whole.len());
        let mut engine = Messages::new(established(&extensions[0], 1 << 20));
        let behind = [&whole[..], &[0; 20]].concat();
        feed(&mut engine, &masked(0xc1, &behind), usize::MAX);
        assert!(!engine.streaming().is_open(), "{name}: bytes behind the end");
    }
}

#[test]
fn the_limit_counts_what_comes_out() {
    for (name, extensions) in kin() {
        let bomb = encoded(&extensions[0], &vec![0; 4_000_000]);
        let mut engine = Messages::new(established(&extensions[0], 100_000));
        engine.recv_buf().extend_from_slice(&masked(0xc2, &bomb));
        engine.handle_recv(NOW);
        assert_eq!(violation(&mut engine), Violation::MessageTooLong { limit: 100_000 }, "{name}");
    }
}

#[cfg(feature = "bzip2")]
#[test]
fn bzip2_levels_are_negotiated_and_enforced() {
    use wirebahn_core::websocket::extension::bzip2::Bzip2;
    let mut small = Bzip2::default();
    small.send_level = 9;
    small.receive_level = 2;
    for (offer, answer) in [
        ("", Some("")),
        ("; client_max_compress_level", Some("; client_max_compress_level=2")),
        ("; server_max_compress_level=3", Some("; server_max_compress_level=3")),
        ("; server_max_compress_level", None),
        ("; server_max_compress_level=0", None),
        ("; client_max_compress_level=3", None),
        ("; x", None),
    ] {
        let got =
            small.accept(&params(&format!("permessage-bzip2{offer}"))).map(|(answer, _)| answer.to_string());
        assert_eq!(got, answer.map(|answer| format!("permessage-bzip2{answer}")), "{offer}");
    }
    assert_eq!(
        small.offer().to_string(),
        "permessage-bzip2; server_max_compress_level=2; client_max_compress_level"
    );
    for (answer, fits) in [("server_max_compress_level=2", true), ("server_max_compress_level=3", false)] {
        assert_eq!(small.confirm(&params(&format!("permessage-bzip2; {answer}"))).is_ok(), fits);
    }
    assert!(small.confirm(&params("permessage-bzip2")).is_err());
    // Blocks that are larger than agreed upon.
    let mut large = Bzip2::default();
    large.send_level = 3;
    let payload = encoded(&(Arc::new(large) as Arc<dyn Extension>), &[1; 1000]);
    let (_, terms) = small.accept(&params("permessage-bzip2; client_max_compress_level")).unwrap();
    assert!(small.decoder(terms).decode(&mut &payload[..]).is_err());
}
