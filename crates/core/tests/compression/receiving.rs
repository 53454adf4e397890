//! What comes in: valid, corrupt, truncated, too long, and cut anywhere.

use miniz_oxide::deflate::core::TDEFLFlush;
use wirebahn_core::Engine;
use wirebahn_core::websocket::extension::deflate::Backend;
use wirebahn_core::websocket::{Event, Message, MessageEvent, Streaming, Violation};

use super::support::{accepted, feed, joined, json, masked, options, quiet, raw_peer, server, violation};

/// The one message that comes of this.
fn one(events: Vec<MessageEvent>) -> Message {
    match &events[..] {
        [MessageEvent::Message(message)] => message.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_examples_of_the_rfc_are_understood() {
    // RFC 7692 7.2.3.1 to 7.2.3.5: Hello in one frame, in two, again with context, stored, with a final block, and in
    // two blocks.
    let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    let mut engine = server(quiet());
    for input in [
        masked(0xc1, &hello),
        [masked(0x41, &hello[..3]), masked(0x80, &hello[3..])].concat(),
        masked(0xc1, &[0xf2, 0x00, 0x11, 0x00, 0x00]),
        masked(0xc1, &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00]),
        masked(0xc1, &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00]),
        masked(0xc1, &[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00]),
    ] {
        for size in [usize::MAX, 1] {
            assert_eq!(one(feed(&mut engine, &input, size)), Message::text("Hello"), "{input:02x?}");
        }
    }
}

#[test]
fn empty_messages_come_in_several_forms() {
    let mut engine = server(quiet());
    for payload in [&[0x00][..], &[0x02, 0x00], &[0x03, 0x00], &[0x03, 0x00, 0x00], &[]] {
        assert_eq!(one(feed(&mut engine, &masked(0xc1, payload), 1)), Message::text(""), "{payload:02x?}");
        assert_eq!(one(feed(&mut engine, &masked(0xc2, &[0x00]), 1)), Message::binary(""));
    }
}

#[test]
fn a_final_block_may_end_a_message_and_may_be_followed_by_more_with_the_same_context() {
    let mut engine = server(quiet());
    let text = json(1, 2000);
    let last = raw_peer().flush(text.as_bytes(), TDEFLFlush::Finish);
    // With the empty block behind it that RFC 7692 7.2.3.4 asks for, and without.
    for end in [&[0x00][..], &[]] {
        let payload = [&last, end].concat();
        assert_eq!(one(feed(&mut engine, &masked(0xc1, &payload), 3)), Message::text(text.clone()));
    }
    // Two final blocks, then an ordinary one, in one message.
    let more = raw_peer().compress(b"more");
    let payload = [&last[..], &last, &more].concat();
    let expected = format!("{text}{text}more");
    assert_eq!(one(feed(&mut engine, &masked(0xc1, &payload), 7)), Message::text(expected));
    // A reference to before the final block: distance 4, length 4, as a fixed block of a peer that kept its context.
    let mut peer = raw_peer();
    let first = peer.compress(b"0123456789");
    let second = peer.compress(b"0123456789");
    assert!(second.len() < first.len());
    let mut engine = server(quiet());
    feed(&mut engine, &masked(0xc1, &first), 1);
    assert_eq!(one(feed(&mut engine, &masked(0xc1, &[0x03, 0x00]), 1)), Message::text(""));
    assert_eq!(one(feed(&mut engine, &masked(0xc1, &second), 1)), Message::text("0123456789"));
}

#[test]
fn a_message_may_be_cut_at_every_byte_and_into_ten_thousand_fragments() {
    let text = json(2, 3000);
    let payload = raw_peer().compress(text.as_bytes());
    for cut in 0..=payload.len() {
        let (first, second) = payload.split_at(cut);
        let input = [masked(0x41, first), masked(0x89, b""), masked(0x80, second)].concat();
        let mut engine = server(quiet());
        let events = feed(&mut engine, &input, usize::MAX);
        assert_eq!(events.last(), Some(&MessageEvent::Message(Message::text(text.clone()))), "{cut}");
    }
    let text = json(3, 60_000);
    let payload = raw_peer().compress(text.as_bytes());
    let mut input = masked(0x41, b"");
    for at in 0..10_000 {
        input.extend(masked(0x00, payload.get(at..=at).unwrap_or_default()));
    }
    input.extend(masked(0x80, payload.get(10_000..).unwrap_or_default()));
    assert_eq!(one(feed(&mut server(quiet()), &input, 4096)), Message::text(text));
}

#[test]
fn reserved_bits_elsewhere_than_on_the_first_frame_break_the_protocol() {
    let hello = raw_peer().compress(b"Hello");
    for (input, bits) in [
        (masked(0xc9, b""), 0b100),
        (masked(0xca, b""), 0b100),
        (masked(0xc8, b""), 0b100),
        ([masked(0x41, &hello), masked(0xc0, b"")].concat(), 0b100),
        ([masked(0x01, b""), masked(0xc0, b"")].concat(), 0b100),
        (masked(0xa1, &hello), 0b010),
        (masked(0xe1, &hello), 0b110),
        (masked(0xc3, &hello), 0b100),
    ] {
        for size in [1, usize::MAX] {
            let mut engine = server(quiet());
            feed(&mut engine, &input, size);
            assert_eq!(violation(&mut engine), Violation::ReservedBits(bits), "{input:02x?}");
        }
    }
}

#[test]
fn plain_messages_may_stand_between_compressed_ones() {
    let mut peer = raw_peer();
    let mut engine = server(quiet());
    for number in 0..5 {
        let text = json(1, 500 + number);
        assert_eq!(
            one(feed(&mut engine, &masked(0xc1, &peer.compress(text.as_bytes())), 9)).len(),
            text.len()
        );
        assert_eq!(one(feed(&mut engine, &masked(0x81, b"plain"), 9)), Message::text("plain"));
        let lent = {
            engine.recv_buf().extend_from_slice(&masked(0x82, b"lent"));
            engine.with_message(|message, replies| (message.to_message(), replies.forward(message)))
        };
        assert_eq!(lent, Some((Message::binary("lent"), Ok(()))));
    }
}

#[test]
fn corrupt_data_fails_the_connection() {
    for payload in [
        &[0x07, 0xff][..],                     // a reserved block type
        &[0x00, 0x05, 0x00, 0x00, 0x00, 0x00], // a length that does not fit its complement
        &[0x03 | 0x04, 0x00],                  // garbage tables
        &[0x02, 0x10, 0x00],                   // a distance before the first byte
    ] {
        for size in [1, usize::MAX] {
            let mut engine = server(quiet());
            feed(&mut engine, &masked(0xc2, payload), size);
            let violation = violation(&mut engine);
            assert!(
                matches!(violation, Violation::EncodingCorrupt | Violation::EncodingTruncated),
                "{payload:02x?}: {violation:?}"
            );
            assert_eq!(violation.close_code().get(), 1007);
        }
    }
}

#[test]
fn a_message_that_ends_too_early_fails_the_connection_wherever_it_is_cut() {
    let payload = raw_peer().compress(json(5, 400).as_bytes());
    for len in 1..payload.len() {
        let mut engine = server(quiet());
        let events = feed(&mut engine, &masked(0xc1, &payload[..len]), usize::MAX);
        assert_eq!(events, [], "{len} of {}", payload.len());
        assert_eq!(violation(&mut engine).close_code().get(), 1007, "{len} of {}", payload.len());
    }
}

#[test]
fn the_agreed_window_is_enforced_to_the_byte() {
    for bits in 8..=15 {
        let size = 1usize << bits;
        for (distance, fits) in [(size, true), (size + 1, false)] {
            if distance > 32_768 {
                continue;
            }
            // Filler that does not repeat at this distance, stored; then a match at just this distance.
            let offer = format!("permessage-deflate; client_max_window_bits={bits}");
            let mut engine = wirebahn_core::websocket::Messages::new(accepted(
                options(Backend::MinizOxide),
                &offer,
                quiet(),
            ));
            let mut payload = Vec::new();
            let filler: Vec<u8> = (0..distance * 2).map(|at| (at * 31 % 251) as u8).collect();
            for piece in filler.chunks(60_000) {
                payload.push(0);
                payload.extend((piece.len() as u16).to_le_bytes());
                payload.extend((!(piece.len() as u16)).to_le_bytes());
                payload.extend_from_slice(piece);
            }
            payload.extend(fixed_match(distance));
            feed(&mut engine, &masked(0xc2, &payload), usize::MAX);
            assert_eq!(engine.streaming().is_open(), fits, "distance {distance} at {bits} bits");
        }
    }
}

/// A block with fixed codes that holds one match of length 3 at this distance, and the empty block that ends a message.
fn fixed_match(distance: usize) -> Vec<u8> {
    let mut bits: Vec<bool> = vec![false, true, false];
    let mut push = |value: usize, count: u32, reversed: bool| {
        for at in 0..count {
            let at = if reversed { count - 1 - at } else { at };
            bits.push(value >> at & 1 == 1);
        }
    };
    // Length code 257, seven bits; huffman codes go in with their highest bit first.
    push(1, 7, true);
    let (mut code, mut base, mut extra) = (0, 1usize, 0u32);
    for candidate in 0..30 {
        let candidate_extra = if candidate < 4 { 0 } else { (candidate as u32 - 2) / 2 };
        let candidate_base =
            if candidate < 4 { candidate + 1 } else { ((2 + (candidate & 1)) << candidate_extra) + 1 };
        if candidate_base <= distance {
            (code, base, extra) = (candidate, candidate_base, candidate_extra);
        }
    }
    push(code, 5, true);
    push(distance - base, extra, false);
    // End of block, then the header of a stored block.
    push(0, 7, true);
    push(0, 3, false);
    bits.chunks(8)
        .map(|chunk| chunk.iter().enumerate().fold(0, |byte, (at, bit)| byte | u8::from(*bit) << at))
        .collect()
}

#[test]
fn the_limit_counts_inflated_bytes() {
    for (len, fits) in [(1000, true), (1001, false)] {
        for size in [1, usize::MAX] {
            let mut config = quiet();
            config.limits.max_message_len = 1000;
            let mut engine = server(config);
            let payload = raw_peer().compress(&vec![b'a'; len]);
            let events = feed(&mut engine, &masked(0xc1, &payload), size);
            assert_eq!(events.len(), usize::from(fits));
            if !fits {
                assert_eq!(violation(&mut engine), Violation::MessageTooLong { limit: 1000 });
            }
        }
    }
    // What is longer compressed than plain is still within the limit.
    let mut config = quiet();
    config.limits.max_message_len = 3;
    let input = masked(0xc2, &[0x00, 0x03, 0x00, 0xfc, 0xff, 1, 2, 3, 0x00]);
    assert_eq!(one(feed(&mut server(config), &input, 1)), Message::binary(&[1, 2, 3][..]));
}

#[test]
fn text_is_checked_after_inflating_and_up_to_its_end() {
    for (text, valid_up_to) in [(&b"abc\xff"[..], 3), (b"ab\xc3", 3), (b"\xed\xa0\x80", 1)] {
        for size in [1, usize::MAX] {
            let mut engine = server(quiet());
            let payload = raw_peer().compress(text);
            feed(&mut engine, &masked(0xc1, &payload), size);
            assert_eq!(violation(&mut engine), Violation::TextNotUtf8 { valid_up_to });
        }
    }
}

#[test]
fn payload_that_inflates_to_much_comes_in_bounded_chunks_without_further_input() {
    let offer = "permessage-deflate";
    let mut engine = Streaming::new(accepted(options(Backend::MinizOxide), offer, quiet()));
    let data = vec![b'x'; 1_000_000];
    let input = masked(0xc1, &raw_peer().compress(&data));
    engine.recv_buf().extend_from_slice(&input);
    engine.handle_recv(super::support::NOW);
    let mut events = Vec::new();
    while let Some(event) = engine.poll_event() {
        let Event::Data(chunk) = &event else { panic!("{event:?}") };
        assert!(chunk.payload().len() <= 64 * 1024);
        assert_eq!(chunk.starts_message(), events.is_empty());
        assert_eq!(chunk.frame_len(), input.len() as u64 - 8);
        events.push(event);
    }
    assert!(events.len() > 20);
    assert_eq!(joined(&events), data);
    let Some(Event::Data(last)) = events.last() else { panic!() };
    assert!(last.ends_message());
}
