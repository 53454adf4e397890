//! The pair must move bytes and time as a driver and a network do.

use std::time::Duration;

use bytes::Bytes;
use wirebahn_core::Engine;
use wirebahn_testkit::{Chunking, Fault, Pair, PipeOptions, Step, at};

use crate::echo::{Defect, Echo, Event, IDLE_TIMEOUT, QUIT_TIMEOUT, Why};

fn pair(a_to_b: PipeOptions, b_to_a: PipeOptions) -> Pair<Echo, Echo> {
    let (client, server) = (Echo::silent(at(0)), Echo::new(at(0), Defect::None));
    Pair::with_pipes(client, server, at(0), a_to_b, b_to_a)
}

fn perfect() -> Pair<Echo, Echo> {
    pair(PipeOptions::default(), PipeOptions::default())
}

fn text(events: &[Event]) -> Vec<u8> {
    let bytes = events.iter().flat_map(|event| match event {
        Event::Data(data) => data.to_vec(),
        Event::Line => b"\n".to_vec(),
        Event::Ended(_) => Vec::new(),
    });
    bytes.collect()
}

#[test]
fn bytes_cross_whatever_the_chunking() {
    for chunking in [Chunking::Whole, Chunking::Bytewise, Chunking::Random { seed: 5, max: 3 }] {
        let options = PipeOptions { chunking, ..PipeOptions::default() };
        let mut pair = pair(options.clone(), options);
        pair.a.engine.say(b"hello").unwrap();
        pair.a.engine.say(b"hello, world").unwrap();
        pair.settle();
        assert_eq!(text(&pair.b.events), b"hello\nhello, world\n");
        assert_eq!(text(&pair.a.events), b"5\n12\n");
        assert_eq!(pair.now(), at(0));
    }
}

#[test]
fn latency_takes_time_both_ways() {
    let latency = |micros| PipeOptions { latency: Duration::from_micros(micros), ..PipeOptions::default() };
    let mut pair = pair(latency(30), latency(4));
    pair.a.engine.say(b"hi").unwrap();
    assert_eq!((pair.step(), pair.step()), (Step::Worked, Step::Waited));
    assert_eq!(pair.now(), at(30));
    pair.settle();
    assert_eq!((pair.now(), text(&pair.a.events)), (at(34), b"2\n".to_vec()));
}

#[test]
fn an_application_that_is_behind_stops_the_reading() {
    let mut pair =
        pair(PipeOptions { chunking: Chunking::Bytewise, ..PipeOptions::default() }, Default::default());
    pair.b.hold_events();
    pair.a.engine.say(b"hello").unwrap();
    pair.settle();
    assert_eq!((pair.a_to_b.delivered(), pair.b.events.len()), (1, 0));
    pair.b.take_events();
    pair.settle();
    assert_eq!(text(&pair.b.events), b"hello\n");
}

#[test]
fn finish_flushes_and_half_closes_and_the_peer_closes() {
    let mut pair = perfect();
    pair.a.engine.quit(at(0)).unwrap();
    pair.settle();
    assert!(pair.a.has_shut_down() && pair.b.has_seen_eof() && pair.b.has_dropped());
    assert_eq!(pair.b.events.last(), Some(&Event::Ended(Why::Eof)));
    assert_eq!(text(&pair.b.events), b"BYE\n");
    assert!(pair.a.has_seen_eof() && pair.a.has_dropped());
    assert_eq!((text(&pair.a.events), pair.now()), (b"3\n".to_vec(), at(0)));
}

#[test]
fn close_flushes_and_drops_and_the_peer_sees_the_end() {
    let mut pair = perfect();
    pair.a.engine.say(b"quit").unwrap();
    pair.a.engine.say(b"never read").unwrap();
    pair.settle();
    assert_eq!(pair.b.events.last(), Some(&Event::Ended(Why::Quit)));
    assert_eq!(text(&pair.a.events), b"BYE\n");
    assert_eq!(pair.a.events.last(), Some(&Event::Ended(Why::Eof)));
    assert_eq!(pair.step(), Step::Idle);
}

#[test]
fn advancing_stops_exactly_where_it_should() {
    let mut pair = perfect();
    pair.advance(IDLE_TIMEOUT - Duration::from_micros(1));
    assert!(pair.a.events.is_empty() && pair.b.events.is_empty());
    pair.advance(Duration::from_micros(1));
    assert_eq!(pair.now(), at(0) + IDLE_TIMEOUT);
    assert_eq!(pair.a.events, [Event::Ended(Why::Timeout)]);
    assert_eq!(pair.b.events, [Event::Ended(Why::Timeout)]);
}

#[test]
fn running_until_idle_waits_for_all_timers() {
    let mut pair = perfect();
    pair.run_until_idle();
    assert_eq!(pair.now(), at(0) + IDLE_TIMEOUT);
    assert!(pair.a.has_dropped() && pair.b.has_dropped());
}

#[test]
fn running_until_a_condition_says_whether_it_came() {
    let mut pair = perfect();
    pair.a.engine.say(b"hi").unwrap();
    assert!(pair.run_until(|pair| !pair.a.events.is_empty()));
    assert_eq!(pair.now(), at(0));
    assert!(!pair.run_until(|pair| pair.a.events.len() > 100));
}

#[test]
fn a_peer_that_does_not_read_fills_pipe_and_outbox() {
    let stalled = PipeOptions { capacity: 4, fault: Fault::StallFrom(0), ..PipeOptions::default() };
    let mut pair = pair(stalled, PipeOptions::default());
    pair.a.engine.say(b"hello").unwrap();
    pair.a.engine.quit(at(0)).unwrap();
    pair.settle();
    assert_eq!((pair.a_to_b.written(), pair.a.engine.outbox().len()), (4, 6));
    assert!(!pair.a.has_shut_down());
    pair.advance(QUIT_TIMEOUT);
    assert_eq!(pair.a.events, [Event::Ended(Why::Timeout)]);
    assert!(!pair.a.has_dropped(), "the outbox is not flushed");
}

#[test]
fn a_cut_ends_one_direction_after_its_bytes() {
    let cut = PipeOptions { fault: Fault::CutAfter(3), ..PipeOptions::default() };
    let mut pair = pair(cut, PipeOptions::default());
    pair.a.engine.say(b"hello").unwrap();
    pair.settle();
    assert_eq!(pair.b.events, [Event::Data(Bytes::from_static(b"hel")), Event::Ended(Why::Eof)]);
}

#[test]
fn a_loss_is_found_out_by_timers_only() {
    let lost = PipeOptions { fault: Fault::LoseFrom(0), ..PipeOptions::default() };
    let mut pair = pair(lost, PipeOptions::default());
    pair.a.engine.quit(at(0)).unwrap();
    pair.settle();
    assert!(pair.a.has_shut_down() && pair.b.events.is_empty());
    pair.run_until_idle();
    assert_eq!(pair.a.events, [Event::Ended(Why::Timeout)]);
    // By then the client has dropped the connection, but that is lost, too.
    assert_eq!(pair.b.events, [Event::Ended(Why::Timeout)]);
    assert_eq!(pair.now(), at(0) + IDLE_TIMEOUT);
}

#[test]
#[should_panic(expected = "contract line 4")]
fn a_timer_that_stays_in_the_past_does_not_hang_the_pair() {
    let mut pair = Pair::new(Echo::new(at(0), Defect::LeavesTimerInThePast), Echo::silent(at(0)), at(0));
    pair.advance(IDLE_TIMEOUT);
}

#[test]
#[should_panic(expected = "do not come to rest")]
fn engines_that_keep_each_other_busy_do_not_hang_the_pair() {
    let mut pair = Pair::new(Echo::new(at(0), Defect::None), Echo::new(at(0), Defect::None), at(0));
    pair.limit_steps(1000);
    pair.a.engine.say(b"hi").unwrap();
    pair.settle();
}
