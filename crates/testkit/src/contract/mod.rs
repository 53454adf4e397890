//! The contract of [`Engine`] as properties: every line of it, run against any engine.
//!
//! Describe the engine as a [`Subject`] and call [`check_all`]:
//!
//! ```text
//! contract::check_all(
//!     &Subject::new(|| Streaming::new(established(Role::Server)), &valid_input(), |e| matches!(e, Event::Closed(_)))
//!         .join(join_partial_data)
//!         .flood(&ping())
//!         .operation("close", |engine, now| engine.close(now, CloseCode::NORMAL))
//!         .frame_boundaries(is_a_sequence_of_frames),
//! );
//! ```
//!
//! Cases are scripts: sequences of inputs, polls and operations, on the valid input or on what chance made of it. They
//! are the same in every run unless [`Settings`] say otherwise, and are shrunk when they fail.

mod lines;
mod run;
mod script;

use std::fmt;

use proptest::test_runner::Config;
use wirebahn_core::{Engine, Instant};

/// The time that the scripts begin at: hand it to constructors that start a timer.
pub const START: Instant = Instant::from_micros(1_000_000);

/// An engine under test, and what the kit has to know of its protocol.
pub struct Subject<E: Engine> {
    make: Box<dyn Fn() -> E>,
    input: Vec<u8>,
    is_terminal: fn(&E::Event) -> bool,
    hands_over: fn(&E::Event) -> bool,
    join: fn(&mut Vec<E::Event>, E::Event),
    operations: Vec<Operation<E>>,
    floods: Vec<Flood>,
    bounds: Bounds,
    frame_boundaries_ok: Option<fn(&[u8]) -> bool>,
}

/// Something the application does.
struct Operation<E> {
    name: &'static str,
    apply: Apply<E>,
}

/// Something a hostile peer does: `prefix` once, then `unit` for ever.
struct Flood {
    prefix: Vec<u8>,
    unit: Vec<u8>,
}

type Apply<E> = Box<dyn Fn(&mut E, Instant) -> Result<(), String>>;

impl<E: Engine> Subject<E> {
    /// An engine from `make`, which always makes the same one at [`START`] (same seed, same options), fed with `input`,
    /// which a valid peer may send as a whole. `is_terminal` says whether an event is the last one.
    ///
    /// Give the options small limits: the checks fill what is limited.
    pub fn new(make: impl Fn() -> E + 'static, input: &[u8], is_terminal: fn(&E::Event) -> bool) -> Self {
        Self {
            make: Box::new(make),
            input: input.to_vec(),
            is_terminal,
            hands_over: |_| false,
            join: Vec::push,
            operations: Vec::new(),
            floods: Vec::new(),
            bounds: Bounds::default(),
            frame_boundaries_ok: None,
        }
    }

    /// How an event is appended to those before it: adjacent partial data has to be joined, because how data is
    /// divided depends on how it arrived. Default: nothing is joined.
    ///
    /// It may also drop what is allowed to depend on the division, such as the unfinished data before a violation.
    #[must_use]
    pub fn join(mut self, join: fn(&mut Vec<E::Event>, E::Event)) -> Self {
        self.join = join;
        self
    }

    /// Which event makes the application move the engine into the next one, as a successful opening handshake does.
    /// Scripts stop there, and it counts as the end. Default: none does.
    #[must_use]
    pub fn hands_over(mut self, hands_over: fn(&E::Event) -> bool) -> Self {
        self.hands_over = hands_over;
        self
    }

    /// Adds something that the application does. It must change nothing when it returns `Err`, and always return
    /// `Err` after the end. It is called at any time and any number of times.
    #[must_use]
    pub fn operation<R: fmt::Debug>(
        mut self,
        name: &'static str,
        apply: impl Fn(&mut E, Instant) -> Result<(), R> + 'static,
    ) -> Self {
        let apply = move |engine: &mut E, now| apply(engine, now).map_err(|error| format!("{error:?}"));
        self.operations.push(Operation { name, apply: Box::new(apply) });
        self
    }

    /// Adds bytes that a hostile peer repeats for ever: pings, tiny messages, header lines. Without any flood, the input
    /// is repeated, which says little if it ends the connection.
    #[must_use]
    pub fn flood(self, unit: &[u8]) -> Self {
        self.flood_after(b"", unit)
    }

    /// Like [`flood`](Self::flood), with a `prefix` sent once before: the beginning of a message whose fragments never
    /// end.
    #[must_use]
    pub fn flood_after(mut self, prefix: &[u8], unit: &[u8]) -> Self {
        self.floods.push(Flood { prefix: prefix.to_vec(), unit: unit.to_vec() });
        self
    }

    /// How much the engine may hold.
    #[must_use]
    pub fn bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// Says whether all bytes sent in the life of an engine are whole frames, control frames between them. The last
    /// frame may be cut off, as the application may have left it unfinished.
    #[must_use]
    pub fn frame_boundaries(mut self, ok: fn(&[u8]) -> bool) -> Self {
        self.frame_boundaries_ok = Some(ok);
        self
    }
}

impl<E: Engine> fmt::Debug for Subject<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operations: Vec<_> = self.operations.iter().map(|operation| operation.name).collect();
        f.debug_struct("Subject")
            .field("input", &self.input.len())
            .field("operations", &operations)
            .field("floods", &self.floods.len())
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}

/// How much an engine may hold on behalf of a peer that floods it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "tests write it as a literal over the defaults")]
pub struct Bounds {
    /// Bytes in the outbox. Default: 256 KiB.
    pub outbox: usize,
    /// Bytes left in the receive buffer while the transport is open. Default: 256 KiB.
    pub received: usize,
    /// Events in the engine that are not made from the receive buffer when they are polled. Default: 64.
    pub events: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { outbox: 256 * 1024, received: 256 * 1024, events: 64 }
    }
}

/// How thoroughly to check.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "tests write it as a literal over the defaults")]
pub struct Settings {
    /// Cases per line of the contract. Default: what the `PROPTEST_CASES` variable says, or else 256.
    pub cases: u32,
    /// Determines the cases. Default: 0.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { cases: Config::default().cases, seed: 0 }
    }
}

/// A line of the contract, in the order and with the numbers of [`Engine`]'s documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Line {
    /// 1: inputs come in any order and number, and no output has to be drained first.
    AnyOrder,
    /// 2: nothing the peer sends makes anything panic, and misuse is an `Err` that changes nothing.
    PeerIsHarmless,
    /// 3: exactly one terminal event, and nothing is left to do after it.
    OneEnd,
    /// 4: after `handle_timeout(t)` the next deadline is later than `t`; early calls change nothing.
    TimersMoveOn,
    /// 5: any split of the same input gives the same output and events.
    AnySplit,
    /// 6: memory is bounded.
    BoundedMemory,
    /// 7: the same script gives the same bytes.
    Deterministic,
    /// 8: an engine whose events were polled is not paused.
    Resumes,
    /// 9: control frames go between frames.
    FrameBoundaries,
}

impl Line {
    /// All of them, in order.
    pub const ALL: [Self; 9] = [
        Self::AnyOrder,
        Self::PeerIsHarmless,
        Self::OneEnd,
        Self::TimersMoveOn,
        Self::AnySplit,
        Self::BoundedMemory,
        Self::Deterministic,
        Self::Resumes,
        Self::FrameBoundaries,
    ];
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AnyOrder => {
                "line 1 (inputs come in any order and number; no output has to be drained first)"
            }
            Self::PeerIsHarmless => {
                "line 2 (nothing the peer sends makes an engine panic; misuse is an Err and changes nothing)"
            }
            Self::OneEnd => {
                "line 3 (exactly one terminal event; after it the transport is Close, no timer is armed)"
            }
            Self::TimersMoveOn => "line 4 (after handle_timeout(t), poll_timeout is None or later than t)",
            Self::AnySplit => "line 5 (any split of the same input gives the same output and events)",
            Self::BoundedMemory => "line 6 (memory is bounded)",
            Self::Deterministic => "line 7 (the same seed, inputs and times give byte-identical output)",
            Self::Resumes => "line 8 (polling events turns Paused into Open)",
            Self::FrameBoundaries => "line 9 (control frames go between frames)",
        })
    }
}

/// A line of the contract that an engine broke, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Violation {
    /// The line.
    pub line: Line,
    /// What was observed.
    pub reason: String,
    /// The smallest case found that shows it.
    pub case: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the engine violates contract {}: {}\nsmallest case: {}", self.line, self.reason, self.case)
    }
}

impl std::error::Error for Violation {}

/// Checks every line of the contract with the default [`Settings`].
///
/// # Panics
///
/// At the first line that is violated, with its name, what was observed, and the smallest case.
pub fn check_all<E>(subject: &Subject<E>)
where
    E: Engine,
    E::Event: fmt::Debug + PartialEq,
{
    check_all_with(subject, &Settings::default());
}

/// Checks every line of the contract.
///
/// # Panics
///
/// At the first line that is violated, with its name, what was observed, and the smallest case.
pub fn check_all_with<E>(subject: &Subject<E>, settings: &Settings)
where
    E: Engine,
    E::Event: fmt::Debug + PartialEq,
{
    for line in Line::ALL {
        if let Err(violation) = check(subject, line, settings) {
            panic!("{violation}");
        }
    }
}

/// Checks one line of the contract.
///
/// A panic in the engine fails whichever line is checked; it is looked for in lines 1 (valid input) and 2 (any input).
///
/// # Errors
///
/// How the line is violated, in the smallest case found.
pub fn check<E>(subject: &Subject<E>, line: Line, settings: &Settings) -> Result<(), Violation>
where
    E: Engine,
    E::Event: fmt::Debug + PartialEq,
{
    lines::check(subject, line, settings)
}
