//! How each line of the contract is checked.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use wirebahn_core::{Engine, Entropy, Transport};

use super::run::Run;
use super::script::{Octets, Step, any_input, script, split};
use super::{Bounds, Flood, Line, Settings, Subject, Violation};
use crate::SeededEntropy;

/// A flood is fed in blocks of at least this many bytes, as a socket would bring it.
const FLOOD_BLOCK: usize = 512;

/// How many times over a flood exceeds what an engine may hold.
const FLOOD_EXCESS: usize = 2;

pub(super) fn check<E>(subject: &Subject<E>, line: Line, settings: &Settings) -> Result<(), Violation>
where
    E: Engine,
    E::Event: fmt::Debug + PartialEq,
{
    let property = Property { line, settings };
    let valid = subject.input.as_slice();
    match line {
        Line::AnyOrder => {
            property.holds(split(), |sizes| undrained(subject, sizes))?;
            property.holds(script(), |script| makes_no_difference(subject, line, script))
        }
        Line::PeerIsHarmless | Line::OneEnd | Line::Resumes => property
            .holds((any_input(valid), script()), |(Octets(input), script)| {
                Run::new(subject, line, input).play(script).map(drop)
            }),
        Line::TimersMoveOn => property.holds(script(), |script| makes_no_difference(subject, line, script)),
        Line::AnySplit => property
            .holds((any_input(valid), split()), |(Octets(input), sizes)| any_split(subject, input, sizes)),
        Line::BoundedMemory => property.once(|| bounded_memory(subject)),
        Line::Deterministic => property.holds(script(), |script| deterministic(subject, script)),
        Line::FrameBoundaries => property.holds(script(), |script| frame_boundaries(subject, script)),
    }
}

/// Runs the cases of one line.
struct Property<'a> {
    line: Line,
    settings: &'a Settings,
}

impl Property<'_> {
    fn holds<S: Strategy>(
        &self,
        strategy: S,
        test: impl Fn(&S::Value) -> Result<(), String>,
    ) -> Result<(), Violation> {
        let config = Config { cases: self.settings.cases, failure_persistence: None, ..Config::default() };
        let mut seed = [0; 32];
        SeededEntropy::new(self.settings.seed).fill(&mut seed);
        let random = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let outcome = TestRunner::new_with_rng(config, random)
            .run(&strategy, |case| guard(|| test(&case)).map_err(TestCaseError::fail));
        match outcome {
            Ok(()) => Ok(()),
            Err(TestError::Fail(reason, case)) => {
                Err(self.violation(reason.message().to_owned(), format!("{case:?}")))
            }
            Err(error) => Err(self.violation(error.to_string(), "none".to_owned())),
        }
    }

    fn once(&self, test: impl FnOnce() -> Result<(), String>) -> Result<(), Violation> {
        guard(test).map_err(|reason| self.violation(reason, "as described".to_owned()))
    }

    fn violation(&self, reason: String, case: String) -> Violation {
        Violation { line: self.line, reason, case }
    }
}

/// Line 1: bytes poured in without looking at any output give the same events as bytes that are taken care of.
fn undrained<E>(subject: &Subject<E>, sizes: &[usize]) -> Result<(), String>
where
    E: Engine,
    E::Event: fmt::Debug + PartialEq,
{
    let run = || Run::new(subject, Line::AnyOrder, &subject.input);
    let (drained, undrained) = (run().drive(sizes)?, run().pour(sizes)?);
    same("events, with and without draining", &drained.events, &undrained.events)
}

/// Lines 1 and 4: repeated ends and early timeouts are no-ops.
fn makes_no_difference<E>(subject: &Subject<E>, line: Line, script: &[Step]) -> Result<(), String>
where
    E: Engine,
    E::Event: fmt::Debug + PartialEq,
{
    let run = || Run::new(subject, line, &subject.input);
    let (with, without) = (run().play(script)?, run().without_no_ops().play(script)?);
    same_runs("with and without the calls that are no-ops", &with, &without)
}

/// Line 5.
fn any_split<E>(subject: &Subject<E>, input: &[u8], sizes: &[usize]) -> Result<(), String>
where
    E: Engine,
    E::Event: fmt::Debug + PartialEq,
{
    let run = || Run::new(subject, Line::AnySplit, input);
    let (whole, divided) = (run().drive(&[usize::MAX])?, run().drive(sizes)?);
    same("events, whole and divided", &whole.events, &divided.events)?;
    same("output, whole and divided", &Octets(whole.output), &Octets(divided.output))
}

/// Line 6: nothing grows when the application, the peer or both leave things lying about.
fn bounded_memory<E>(subject: &Subject<E>) -> Result<(), String>
where
    E: Engine,
    E::Event: fmt::Debug,
{
    let whole_input = [Flood { prefix: Vec::new(), unit: subject.input.clone() }];
    let floods = if subject.floods.is_empty() { &whole_input } else { subject.floods.as_slice() };
    for flood in floods.iter().filter(|flood| !flood.unit.is_empty()) {
        for neglect in [Neglect::Both, Neglect::Outbox, Neglect::Events] {
            withstand(subject, flood, neglect).map_err(|reason| {
                let unit = Octets(flood.unit.clone());
                format!("{reason}, when {neglect:?} is neglected under a flood of {unit:?}")
            })?;
        }
    }
    Ok(())
}

/// What is not drained during a flood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Neglect {
    Both,
    Outbox,
    Events,
}

fn withstand<E>(subject: &Subject<E>, flood: &Flood, neglect: Neglect) -> Result<(), String>
where
    E: Engine,
    E::Event: fmt::Debug,
{
    let bounds = subject.bounds;
    let block = flood.unit.repeat(FLOOD_BLOCK.div_ceil(flood.unit.len()));
    let enough_bytes = FLOOD_EXCESS * (bounds.outbox + bounds.received);
    let enough_events = FLOOD_EXCESS * bounds.events * flood.unit.len();
    let blocks = enough_bytes.max(enough_events).div_ceil(block.len()) + 1;

    let mut run = Run::new(subject, Line::BoundedMemory, &[]);
    run.receive(&flood.prefix);
    for _ in 0..blocks {
        if matches!(run.engine.transport(), Transport::Paused | Transport::Close) {
            break;
        }
        run.receive(&block);
        within_bounds(&mut run, bounds)?;
        match neglect {
            Neglect::Both => {}
            Neglect::Outbox => run.take_events_and_resume()?,
            Neglect::Events => {
                run.flush(usize::MAX);
            }
        }
        within_bounds(&mut run, bounds)?;
    }
    let held = held_events(&mut run)?;
    if held > bounds.events {
        return Err(format!("{held} events were held, more than {}", bounds.events));
    }
    Ok(())
}

fn within_bounds<E>(run: &mut Run<'_, E>, bounds: Bounds) -> Result<(), String>
where
    E: Engine,
{
    let (outbox, received) = (run.engine.outbox().len(), run.engine.recv_buf().len());
    if outbox > bounds.outbox {
        return Err(format!("the outbox holds {outbox} bytes, more than {}", bounds.outbox));
    }
    let open = matches!(run.engine.transport(), Transport::Open | Transport::Finish);
    if open && received > bounds.received {
        return Err(format!("open, with {received} bytes unhandled, more than {}", bounds.received));
    }
    Ok(())
}

/// How many events come without the engine taking in more of what was received.
fn held_events<E>(run: &mut Run<'_, E>) -> Result<usize, String>
where
    E: Engine,
    E::Event: fmt::Debug,
{
    let received = run.engine.recv_buf().len();
    let mut held = 0;
    while run.take_event()? && run.engine.recv_buf().len() == received {
        held += 1;
    }
    Ok(held)
}

/// Line 7.
fn deterministic<E>(subject: &Subject<E>, script: &[Step]) -> Result<(), String>
where
    E: Engine,
    E::Event: fmt::Debug + PartialEq,
{
    let run = || Run::new(subject, Line::Deterministic, &subject.input).play(script);
    same_runs("the first and the second time", &run()?, &run()?)
}

/// Line 9.
fn frame_boundaries<E>(subject: &Subject<E>, script: &[Step]) -> Result<(), String>
where
    E: Engine,
    E::Event: fmt::Debug,
{
    let Some(ok) = subject.frame_boundaries_ok else {
        return Ok(());
    };
    let output = Run::new(subject, Line::FrameBoundaries, &subject.input).play(script)?.output;
    if ok(&output) { Ok(()) } else { Err(format!("no sequence of frames: {:?}", Octets(output))) }
}

fn same_runs<E>(when: &str, first: &Run<'_, E>, second: &Run<'_, E>) -> Result<(), String>
where
    E: Engine,
    E::Event: fmt::Debug + PartialEq,
{
    same(&format!("output, {when}"), &Octets(first.output.clone()), &Octets(second.output.clone()))?;
    same(&format!("events, {when}"), &first.events, &second.events)?;
    let different = first.seen.iter().zip(&second.seen).position(|(first, second)| first != second);
    // The position counts the steps of the script, then those after its end.
    different.map_or(Ok(()), |step| {
        same(&format!("states after step {step}, {when}"), &first.seen.get(step), &second.seen.get(step))
    })
}

fn same<T: fmt::Debug + PartialEq>(what: &str, first: &T, second: &T) -> Result<(), String> {
    if first == second { Ok(()) } else { Err(format!("different {what}: {first:?} and {second:?}")) }
}

/// Turns a panic in the engine into a failure of the case, so that it is shrunk and reported like any other.
fn guard(test: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(test))
        .unwrap_or_else(|panic| Err(format!("panicked: {}", panic_message(panic.as_ref()))))
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no message)")
}
