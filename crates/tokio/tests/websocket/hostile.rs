//! Peers that break the rules, while a well-behaved client keeps getting its echoes.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use wirebahn_core::Entropy;
use wirebahn_testkit::SeededEntropy;

use crate::support::{Bystander, Running, UPGRADE, echo, frame, frames, server_options, soon, until};

/// Runs `attack` on an echo server; afterwards the server has no connection left, and the bystander has all echoes.
async fn under_attack(attack: impl AsyncFnOnce(&Running)) {
    let mut options = server_options(|config| {
        config.close.handshake_timeout = Some(Duration::from_millis(300));
        config.close.drop_timeout = Some(Duration::from_millis(300));
    });
    options.open_timeout = Some(Duration::from_millis(500));
    let server = Running::start(Running::bind().await.options(options), echo);
    let bystander = Bystander::start(&server).await;
    attack(&server).await;
    bystander.assert_untouched().await;
    until(|| server.handle.connections() == 0).await;
    server.end().await;
}

#[tokio::test]
async fn noise_instead_of_a_request_is_answered_with_400_or_dropped() {
    under_attack(async |server| {
        for seed in 0..100 {
            let mut entropy = SeededEntropy::new(seed);
            let mut noise = vec![0; entropy.up_to(3000)];
            entropy.fill(&mut noise);
            let mut raw = server.raw().await;
            raw.try_send(&noise).await;
            let _ = raw.stream.shutdown().await;
            let answer = String::from_utf8_lossy(&raw.read_to_end().await).into_owned();
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{seed}: {answer}");
        }
    })
    .await;
}

#[tokio::test]
async fn noise_instead_of_frames_fails_the_connection() {
    under_attack(async |server| {
        for seed in 0..100 {
            let mut entropy = SeededEntropy::new(seed);
            let mut noise = vec![0; entropy.up_to(3000)];
            entropy.fill(&mut noise);
            let mut raw = server.raw_open().await;
            raw.try_send(&noise).await;
            let _ = raw.stream.shutdown().await;
            let bytes = raw.read_to_end().await;
            if let Some((0x88, code)) = frames(&bytes).last().filter(|(_, code)| !code.is_empty()) {
                let code = u16::from_be_bytes([code[0], code[1]]);
                assert!([1000, 1002, 1007, 1009].contains(&code), "{seed}: {code}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn noise_behind_a_good_message_fails_the_connection_after_the_echo() {
    under_attack(async |server| {
        for seed in 0..30 {
            let mut entropy = SeededEntropy::new(seed);
            let mut noise = vec![0; 200];
            entropy.fill(&mut noise);
            // A frame with a reserved bit: wrong whatever follows.
            noise[0] |= 0x10;
            let mut raw = server.raw_open().await;
            raw.send([frame(0x81, b"good"), noise].concat()).await;
            let bytes = raw.read_to_end().await;
            assert_eq!(frames(&bytes), [(0x81, &b"good"[..]), (0x88, &1002_u16.to_be_bytes())], "{seed}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_endless_header_is_refused_with_431() {
    under_attack(async |server| {
        let mut raw = server.raw().await;
        raw.send("GET / HTTP/1.1\r\nHost: localhost\r\nX: ").await;
        let filler = [b'x'; 4096];
        // It ends although we never do.
        soon(async { while raw.try_send(&filler).await {} }).await;
    })
    .await;
    under_attack(async |server| {
        let mut raw = server.raw().await;
        raw.send(format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}", "x".repeat(20_000))).await;
        let answer = raw.read_text_to_end().await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    })
    .await;
}

#[tokio::test]
async fn too_many_headers_are_refused_with_431() {
    under_attack(async |server| {
        let mut raw = server.raw().await;
        let headers: String = (0..101).map(|number| format!("X-{number}: y\r\n")).collect();
        raw.send(format!("GET / HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n")).await;
        let answer = raw.read_text_to_end().await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    })
    .await;
}

#[tokio::test]
async fn a_client_that_never_says_anything_is_dropped() {
    under_attack(async |server| {
        let mut raw = server.raw().await;
        assert!(raw.read_to_end().await.is_empty());
        let mut raw = server.raw().await;
        raw.send(&UPGRADE[..50]).await;
        assert!(raw.read_to_end().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn resets_at_any_point_cost_one_connection() {
    under_attack(async |server| {
        for sent in [0, 10, UPGRADE.len()] {
            let mut raw = server.raw().await;
            raw.send(&UPGRADE[..sent]).await;
            raw.stream.set_zero_linger().unwrap();
        }
        for sent in [&b""[..], &frame(0x81, b"half of it")[..9], &frame(0x82, &[0; 100_000])] {
            let mut raw = server.raw_open().await;
            raw.try_send(sent).await;
            raw.stream.set_zero_linger().unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn broken_frames_are_answered_with_their_close_codes() {
    let cases: [(&str, Vec<u8>, u16); 16] = [
        ("a length of 2^63", [&[0x82, 0xff][..], &(1_u64 << 63).to_be_bytes()].concat(), 1002),
        ("a length of 2^63-1", [&[0x82, 0xff][..], &(u64::MAX >> 1).to_be_bytes()].concat(), 1009),
        ("a frame above the limit", [&[0x82, 0xff][..], &((16_u64 << 20) + 1).to_be_bytes()].concat(), 1009),
        ("the compression bit", frame(0xc1, b"x"), 1002),
        ("another reserved bit", frame(0x91, b"x"), 1002),
        ("a reserved opcode", frame(0x83, b"x"), 1002),
        ("a reserved control opcode", frame(0x8b, b"x"), 1002),
        ("no mask", vec![0x81, 0x01, b'x'], 1002),
        ("a fragmented ping", frame(0x09, b"x"), 1002),
        ("a long ping", frame(0x89, &[0; 126]), 1002),
        ("a continuation of nothing", frame(0x80, b"x"), 1002),
        ("a message inside a message", [frame(0x01, b"x"), frame(0x81, b"x")].concat(), 1002),
        ("text that is not UTF-8", frame(0x81, &[0xff]), 1007),
        ("text that ends too early", frame(0x81, &[0xc3]), 1007),
        ("a close code of half a code", frame(0x88, &[3]), 1002),
        ("a forbidden close code", frame(0x88, &1005_u16.to_be_bytes()), 1002),
    ];
    under_attack(async |server| {
        for (what, bytes, code) in cases {
            let mut raw = server.raw_open().await;
            raw.send(bytes).await;
            assert_eq!(raw.close_code().await, Some(code), "{what}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_flood_of_empty_fragments_ends_with_1008() {
    under_attack(async |server| {
        let mut raw = server.raw_open().await;
        raw.send(frame(0x01, b"")).await;
        raw.try_send(frame(0x00, b"").repeat(20_000)).await;
        let code = raw.close_code().await;
        assert!(code == Some(1008), "{code:?}");
    })
    .await;
}

#[tokio::test]
async fn whatever_comes_after_the_close_frame_is_ignored() {
    under_attack(async |server| {
        let mut raw = server.raw_open().await;
        raw.send([frame(0x88, &1000_u16.to_be_bytes()), frame(0x81, b"late"), vec![0xff; 100]].concat())
            .await;
        let bytes = raw.read_to_end().await;
        assert_eq!(frames(&bytes), [(0x88, &1000_u16.to_be_bytes()[..])]);
    })
    .await;
}

#[tokio::test]
async fn a_client_that_closes_but_never_drops_is_dropped() {
    under_attack(async |server| {
        let mut raw = server.raw_open().await;
        raw.send(frame(0x88, &1000_u16.to_be_bytes())).await;
        assert_eq!(raw.close_code().await, Some(1000));
        // Kept open until the server has let go of it.
        until(|| server.handle.connections() == 1).await;
    })
    .await;
}

#[tokio::test]
async fn tls_on_a_plain_port_is_answered_with_400_or_dropped() {
    const CLIENT_HELLO: &[u8] = &[
        0x16, 0x03, 0x01, 0x00, 0x2f, 0x01, 0x00, 0x00, 0x2b, 0x03, 0x03, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
        12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 0x00, 0x00, 0x04,
        0x13, 0x01, 0x13, 0x02, 0x01, 0x00,
    ];
    under_attack(async |server| {
        let mut raw = server.raw().await;
        raw.send(CLIENT_HELLO).await;
        let answer = raw.read_text_to_end().await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    })
    .await;
}

#[tokio::test]
async fn a_client_that_half_closes_behind_its_request_is_let_go() {
    under_attack(async |server| {
        let mut raw = server.raw().await;
        raw.send(UPGRADE).await;
        raw.stream.shutdown().await.unwrap();
        let answer = raw.read_text_to_end().await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 101 "), "{answer}");
    })
    .await;
}
