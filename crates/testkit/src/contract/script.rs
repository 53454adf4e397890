//! What is done to an engine, as strategies that shrink.

use std::fmt;

use proptest::collection::vec;
use proptest::prelude::*;

/// The longest script: long enough to pass through every state, short enough to be read when it fails.
const MAX_STEPS: usize = 48;

/// The most changes made to a valid input.
const MAX_MUTATIONS: usize = 4;

/// The longest input made of nothing but chance.
const MAX_JUNK: usize = 300;

/// One thing that is done to an engine.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Feed that many more bytes of the input, whatever the transport says.
    Feed(usize),
    /// Call `handle_recv` with nothing new.
    HandleRecv,
    /// Call `handle_eof`, perhaps once more.
    HandleEof,
    /// Poll one event.
    PollEvent,
    /// Write up to that many bytes of the outbox.
    Advance(usize),
    /// What a driver does when nothing new arrives: poll all events, write everything, resume.
    Settle,
    /// Let that many microseconds pass.
    Elapse(u64),
    /// Call `handle_timeout` as things are: mostly too early.
    Timeout,
    /// Call `handle_timeout` one microsecond before the deadline.
    TimeoutTooEarly,
    /// Call `handle_timeout` at the deadline.
    TimeoutAtDeadline,
    /// Run an operation (modulo their number).
    Operate(usize),
}

/// Any sequence of steps.
pub(super) fn script() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 0..MAX_STEPS)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => prop_oneof![Just(1), 1..16usize, 1..400usize, Just(usize::MAX)].prop_map(Step::Feed),
        2 => Just(Step::HandleRecv),
        1 => Just(Step::HandleEof),
        4 => Just(Step::PollEvent),
        2 => prop_oneof![1..16usize, Just(usize::MAX)].prop_map(Step::Advance),
        4 => Just(Step::Settle),
        2 => prop_oneof![1..1_000u64, 1..100_000_000u64].prop_map(Step::Elapse),
        1 => Just(Step::Timeout),
        1 => Just(Step::TimeoutTooEarly),
        1 => Just(Step::TimeoutAtDeadline),
        5 => (0..64usize).prop_map(Step::Operate),
    ]
}

/// Bytes that print as a byte string.
#[derive(Clone, PartialEq)]
pub(super) struct Octets(pub(super) Vec<u8>);

impl fmt::Debug for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

/// The input as it is, the input with some mutations, or junk.
pub(super) fn any_input(valid: &[u8]) -> impl Strategy<Value = Octets> + use<> {
    let valid = valid.to_vec();
    let intact = Octets(valid.clone());
    let mutated = vec(mutation(), 1..=MAX_MUTATIONS).prop_map(move |mutations| {
        let mut bytes = valid.clone();
        for mutation in &mutations {
            mutation.apply(&mut bytes);
        }
        Octets(bytes)
    });
    prop_oneof![
        1 => Just(intact),
        6 => mutated,
        3 => vec(any::<u8>(), 0..MAX_JUNK).prop_map(Octets),
    ]
}

/// A change to an input; positions are taken modulo its length.
#[derive(Clone, Debug)]
enum Mutation {
    Set(usize, u8),
    FlipBit(usize, u8),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
    Repeat(usize, usize),
    Truncate(usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let position = || prop_oneof![0..8usize, any::<u16>().prop_map(usize::from)];
    prop_oneof![
        (position(), any::<u8>()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        (position(), 0..8u8).prop_map(|(at, bit)| Mutation::FlipBit(at, bit)),
        (position(), vec(any::<u8>(), 1..12)).prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
        (position(), 1..16usize).prop_map(|(at, len)| Mutation::Remove(at, len)),
        (position(), 1..64usize).prop_map(|(at, len)| Mutation::Repeat(at, len)),
        position().prop_map(Mutation::Truncate),
    ]
}

impl Mutation {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let within = |at: usize| at % (bytes.len() + 1);
        match *self {
            Self::Set(at, value) => {
                let at = within(at);
                bytes.splice(at..bytes.len().min(at + 1), [value]);
            }
            Self::FlipBit(at, bit) => {
                let at = within(at);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << bit;
                }
            }
            Self::Insert(at, ref inserted) => {
                let at = within(at);
                bytes.splice(at..at, inserted.iter().copied());
            }
            Self::Remove(at, len) => {
                let at = within(at);
                bytes.drain(at..bytes.len().min(at + len));
            }
            Self::Repeat(at, len) => {
                let at = within(at);
                bytes.extend_from_within(at..bytes.len().min(at + len));
            }
            Self::Truncate(at) => bytes.truncate(within(at)),
        }
    }
}

/// How an input is divided: the sizes of the chunks, used round and round.
pub(super) fn split() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![
        1 => Just(vec![1]),
        3 => vec(1..8usize, 1..6),
        3 => vec(1..200usize, 1..12),
    ]
}
