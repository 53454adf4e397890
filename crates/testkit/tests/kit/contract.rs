//! The contract's checks: each must pass the good engine and catch its own kind of bad one.

use bytes::BytesMut;
use wirebahn_testkit::contract::{Bounds, Line, START, Settings, Subject, check, check_all};

use crate::echo::{Defect, Echo, Event};

const INPUT: &[u8] = b"hello\n\nworld, how are you?\nquite\nlast words\nquit\n";

fn echo(defect: Defect) -> Subject<Echo> {
    let make = move || Echo::new(START, defect);
    Subject::new(make, INPUT, |event| matches!(event, Event::Ended(_)))
        .join(join_data)
        .operation("say", |echo, _| echo.say(b"1234"))
        .operation("begin_stream", |echo, _| echo.begin_stream())
        .operation("end_stream", |echo, _| echo.end_stream())
        .operation("quit", Echo::quit)
        .flood(b"\n")
        .flood_after(b"a first ", b"line\n")
        .flood(b"no end")
        .bounds(Bounds { outbox: 300, received: 1024, events: 1 })
        .frame_boundaries(no_stream_is_interrupted)
}

fn join_data(events: &mut Vec<Event>, event: Event) {
    match (events.last_mut(), event) {
        (Some(Event::Data(before)), Event::Data(data)) => {
            let mut joined = BytesMut::from(before.as_ref());
            joined.extend_from_slice(&data);
            *before = joined.freeze();
        }
        (_, event) => events.push(event),
    }
}

fn no_stream_is_interrupted(output: &[u8]) -> bool {
    output.windows(2).all(|pair| matches!(pair, [b'<', b'>']) || !matches!(pair, [b'<', _]))
}

/// Asserts that the check of `line` catches `defect`, and returns the report.
fn assert_caught(defect: Defect, line: Line) -> String {
    let caught = check(&echo(defect), line, &Settings::default());
    let Err(violation) = caught else { panic!("{defect:?} passes {line}") };
    assert_eq!(violation.line, line);
    violation.to_string()
}

#[test]
fn an_engine_that_keeps_the_contract_passes() {
    check_all(&echo(Defect::None));
}

#[test]
fn an_engine_that_hands_over_needs_no_end() {
    let make = || Echo::new(START, Defect::StaysOpenAfterTheEnd);
    let subject = Subject::new(make, INPUT, |_| false).join(join_data);
    assert!(check(&subject, Line::OneEnd, &Settings::default()).is_err());
    check_all(&subject.hands_over(|event| matches!(event, Event::Ended(_))));
}

#[test]
fn an_engine_that_loses_undrained_events_is_caught() {
    let report = assert_caught(Defect::LosesUndrainedEvents, Line::AnyOrder);
    assert!(report.contains("with and without draining"), "{report}");
}

#[test]
fn an_engine_that_minds_a_second_eof_is_caught() {
    assert_caught(Defect::CountsEveryEof, Line::AnyOrder);
}

#[test]
fn an_engine_that_panics_on_some_input_is_caught_and_the_case_is_minimal() {
    let report = assert_caught(Defect::PanicsOnFf, Line::PeerIsHarmless);
    assert!(report.contains("contract line 2"), "{report}");
    assert!(report.contains("panicked: no idea what to do with ff"), "{report}");
    assert!(report.contains(r#"smallest case: (b"\xff", [Feed("#), "{report}");
}

#[test]
fn an_operation_that_works_after_the_end_is_caught() {
    let report = assert_caught(Defect::OperatesAfterTheEnd, Line::PeerIsHarmless);
    assert!(report.contains("`say` returned Ok after the end"), "{report}");
}

#[test]
fn a_refused_operation_that_changes_something_is_caught() {
    let report = assert_caught(Defect::MisuseWrites, Line::PeerIsHarmless);
    assert!(report.contains("`begin_stream` returned Err(\"Streaming\")"), "{report}");
}

#[test]
fn a_second_end_is_caught() {
    let report = assert_caught(Defect::EndsTwice, Line::OneEnd);
    assert!(report.contains("after the terminal event came Ended(Eof)"), "{report}");
}

#[test]
fn a_missing_end_is_caught() {
    let report = assert_caught(Defect::NeverEnds, Line::OneEnd);
    assert!(report.contains("no terminal event"), "{report}");
}

#[test]
fn a_timer_that_is_armed_after_the_end_is_caught() {
    assert_caught(Defect::LeavesTimerArmed, Line::OneEnd);
}

#[test]
fn a_transport_that_is_open_after_the_end_is_caught() {
    assert_caught(Defect::StaysOpenAfterTheEnd, Line::OneEnd);
}

#[test]
fn a_timer_that_stays_in_the_past_is_caught() {
    let report = assert_caught(Defect::LeavesTimerInThePast, Line::TimersMoveOn);
    assert!(report.contains("poll_timeout is Some("), "{report}");
}

#[test]
fn a_timer_that_fires_when_called_early_is_caught() {
    let report = assert_caught(Defect::BelievesEarlyTimers, Line::TimersMoveOn);
    assert!(report.contains("with and without the calls that are no-ops"), "{report}");
}

#[test]
fn output_that_depends_on_the_split_is_caught() {
    let report = assert_caught(Defect::AnswersEachRead, Line::AnySplit);
    assert!(report.contains("different output"), "{report}");
}

#[test]
fn a_growing_outbox_is_caught() {
    let report = assert_caught(Defect::OutboxGrows, Line::BoundedMemory);
    assert!(report.contains("the outbox holds"), "{report}");
}

#[test]
fn a_growing_queue_of_events_is_caught() {
    let report = assert_caught(Defect::EventsGrow, Line::BoundedMemory);
    assert!(report.contains("events were held"), "{report}");
}

#[test]
fn a_growing_receive_buffer_is_caught() {
    let report = assert_caught(Defect::HoardsInput, Line::BoundedMemory);
    assert!(report.contains("bytes unhandled"), "{report}");
}

#[test]
fn an_engine_with_a_life_of_its_own_is_caught() {
    assert_caught(Defect::DiffersEachTime, Line::Deterministic);
}

#[test]
fn an_engine_that_stays_paused_is_caught() {
    let report = assert_caught(Defect::StaysPaused, Line::Resumes);
    assert!(report.contains("Paused although"), "{report}");
}

#[test]
fn a_reply_in_the_middle_of_a_frame_is_caught() {
    assert_caught(Defect::InterruptsStreams, Line::FrameBoundaries);
}

#[test]
#[should_panic(expected = "the engine violates contract line 3")]
fn checking_all_lines_panics_with_the_name_of_the_one_that_is_violated() {
    check_all(&echo(Defect::EndsTwice));
}

#[test]
fn the_same_seed_finds_the_same_case() {
    let settings = Settings { seed: 7, ..Settings::default() };
    let find = || check(&echo(Defect::EndsTwice), Line::OneEnd, &settings).unwrap_err().to_string();
    assert_eq!(find(), find());
}
