//! One direction of a transport, in memory and on virtual time.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use wirebahn_core::Instant;

use crate::SeededEntropy;

/// How a [`Pipe`] behaves.
///
/// ```
/// use std::time::Duration;
/// use wirebahn_testkit::{Chunking, PipeOptions};
///
/// let slow = PipeOptions { latency: Duration::from_millis(20), chunking: Chunking::Bytewise, ..Default::default() };
/// assert_eq!(slow.capacity, usize::MAX);
/// ```
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "tests write it as a literal over the defaults")]
pub struct PipeOptions {
    /// How much one read takes. Default: whatever has arrived.
    pub chunking: Chunking,
    /// From the write to the moment the bytes can be read. Default: zero.
    pub latency: Duration,
    /// How many bytes fit in; a writer has to wait for room. Default: unlimited.
    pub capacity: usize,
    /// What goes wrong. Default: nothing.
    pub fault: Fault,
}

impl Default for PipeOptions {
    fn default() -> Self {
        Self { chunking: Chunking::Whole, latency: Duration::ZERO, capacity: usize::MAX, fault: Fault::None }
    }
}

/// How much one read takes out of a [`Pipe`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Chunking {
    /// Everything that has arrived.
    Whole,
    /// One byte.
    Bytewise,
    /// Between one and `max` bytes, as `seed` determines.
    Random {
        /// Determines the sizes.
        seed: u64,
        /// The largest size.
        max: usize,
    },
}

/// What goes wrong in a [`Pipe`]. The positions count the bytes ever written into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing.
    None,
    /// The reader finds the end of the stream after this many bytes; the writer's further bytes vanish. The opposite
    /// direction lives on: for a transport that is dead both ways, give both pipes this fault.
    CutAfter(u64),
    /// Bytes from this one on, and the end of the stream, stay in the pipe: a peer that does not read. Unlike loss it
    /// is felt by the writer when the capacity is limited.
    StallFrom(u64),
    /// Bytes from this one on, and the end of the stream, vanish without anyone noticing.
    LoseFrom(u64),
}

/// What a read finds; see [`Pipe::read`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a byte stream brings bytes or ends")]
pub enum Arrival {
    /// At least one byte.
    Data(Bytes),
    /// The end of the stream. It is found once.
    Eof,
}

/// One direction of a transport: bytes in order, with latency, limited capacity, chunking and faults.
#[derive(Debug)]
pub struct Pipe {
    options: PipeOptions,
    sizes: SeededEntropy,
    /// What was written and not read, with the time it arrives at.
    in_flight: VecDeque<(Instant, BytesMut)>,
    held: usize,
    written: u64,
    delivered: u64,
    /// When the end of the stream arrives.
    end: Option<Instant>,
    end_read: bool,
    abandoned: bool,
}

impl Pipe {
    /// An empty pipe.
    #[must_use]
    pub fn new(options: PipeOptions) -> Self {
        let mut pipe = Self {
            options: PipeOptions::default(),
            sizes: SeededEntropy::new(0),
            in_flight: VecDeque::new(),
            held: 0,
            written: 0,
            delivered: 0,
            end: None,
            end_read: false,
            abandoned: false,
        };
        pipe.set_options(options);
        pipe
    }

    /// Changes how the pipe behaves from now on; what is under way keeps its time of arrival.
    pub fn set_options(&mut self, options: PipeOptions) {
        if let Chunking::Random { seed, .. } = options.chunking {
            self.sizes = SeededEntropy::new(seed);
        }
        self.options = options;
        self.cut_if_due(Instant::ZERO);
    }

    /// Writes as much of `bytes` as there is room for, and returns how much that was.
    ///
    /// Bytes that nobody will ever read (the stream was ended, or the reader has gone) are taken and vanish.
    pub fn write(&mut self, now: Instant, bytes: &[u8]) -> usize {
        if self.abandoned || self.end.is_some() {
            return bytes.len();
        }
        let taken = bytes.len().min(self.room());
        let survivors = match self.options.fault {
            Fault::CutAfter(limit) | Fault::LoseFrom(limit) => clamp(limit.saturating_sub(self.written)),
            Fault::None | Fault::StallFrom(_) => usize::MAX,
        };
        let kept = bytes.get(..taken.min(survivors)).unwrap_or_default();
        self.written += taken as u64;
        self.hold(now + self.options.latency, kept);
        self.cut_if_due(now + self.options.latency);
        taken
    }

    /// The writer is done: the reader finds the end of the stream behind what was written.
    pub fn shutdown(&mut self, now: Instant) {
        let lost = matches!(self.options.fault, Fault::LoseFrom(limit) if self.written >= limit);
        if self.end.is_none() && !lost {
            self.end = Some(now + self.options.latency);
        }
    }

    /// The reader has gone: everything in the pipe and everything written from now on vanishes.
    pub fn abandon(&mut self) {
        self.abandoned = true;
        self.in_flight.clear();
        self.held = 0;
    }

    /// Takes out one chunk of what has arrived by `now`; `None` if nothing has.
    pub fn read(&mut self, now: Instant) -> Option<Arrival> {
        if self.readable_at()? > now {
            return None;
        }
        if self.in_flight.is_empty() {
            self.end_read = true;
            return Some(Arrival::Eof);
        }
        let arrived: usize =
            self.in_flight.iter().take_while(|(at, _)| *at <= now).map(|(_, bytes)| bytes.len()).sum();
        let size = match self.options.chunking {
            Chunking::Whole => usize::MAX,
            Chunking::Bytewise => 1,
            Chunking::Random { max, .. } => self.sizes.up_to(max),
        };
        Some(Arrival::Data(self.take(arrived.min(size).min(self.before_stall()))))
    }

    /// When [`read`](Self::read) will find something, as things are; `None` if there is nothing to wait for.
    #[must_use]
    pub fn readable_at(&self) -> Option<Instant> {
        if self.abandoned || self.end_read || self.before_stall() == 0 {
            return None;
        }
        self.in_flight.front().map(|(at, _)| *at).or(self.end)
    }

    /// How many bytes can be written now.
    #[must_use]
    pub fn room(&self) -> usize {
        self.options.capacity.saturating_sub(self.held)
    }

    /// All bytes ever written, lost ones included.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// All bytes ever read.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// How many bytes may still be read before the pipe stalls.
    fn before_stall(&self) -> usize {
        match self.options.fault {
            Fault::StallFrom(limit) => clamp(limit.saturating_sub(self.delivered)),
            _ => usize::MAX,
        }
    }

    fn cut_if_due(&mut self, end: Instant) {
        if matches!(self.options.fault, Fault::CutAfter(limit) if self.written >= limit) {
            self.end.get_or_insert(end);
        }
    }

    fn hold(&mut self, arrival: Instant, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.held += bytes.len();
        match self.in_flight.back_mut() {
            Some((at, last)) if *at == arrival => last.extend_from_slice(bytes),
            _ => self.in_flight.push_back((arrival, BytesMut::from(bytes))),
        }
    }

    fn take(&mut self, size: usize) -> Bytes {
        let mut chunk = BytesMut::with_capacity(size);
        while let Some((_, front)) = self.in_flight.front_mut() {
            let step = front.len().min(size - chunk.len());
            chunk.extend_from_slice(front.get(..step).unwrap_or_default());
            front.advance(step);
            if !front.is_empty() {
                break;
            }
            self.in_flight.pop_front();
        }
        self.held -= chunk.len();
        self.delivered += chunk.len() as u64;
        chunk.freeze()
    }
}

fn clamp(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::at;

    fn data(bytes: &'static [u8]) -> Option<Arrival> {
        Some(Arrival::Data(Bytes::from_static(bytes)))
    }

    fn with_fault(fault: Fault) -> Pipe {
        Pipe::new(PipeOptions { fault, ..PipeOptions::default() })
    }

    #[test]
    fn bytes_come_out_in_order_and_the_end_behind_them() {
        let mut pipe = Pipe::new(PipeOptions::default());
        assert_eq!((pipe.write(at(0), b"ab"), pipe.write(at(1), b"c")), (2, 1));
        pipe.shutdown(at(1));
        assert_eq!(pipe.read(at(1)), data(b"abc"));
        assert_eq!(pipe.read(at(1)), Some(Arrival::Eof));
        assert_eq!((pipe.read(at(1)), pipe.readable_at()), (None, None));
    }

    #[test]
    fn bytes_and_the_end_take_their_time() {
        let mut pipe = Pipe::new(PipeOptions { latency: Duration::from_micros(5), ..PipeOptions::default() });
        pipe.write(at(0), b"a");
        pipe.write(at(2), b"b");
        pipe.shutdown(at(3));
        assert_eq!((pipe.read(at(4)), pipe.readable_at()), (None, Some(at(5))));
        assert_eq!(pipe.read(at(6)), data(b"a"));
        assert_eq!(pipe.read(at(7)), data(b"b"));
        assert_eq!((pipe.read(at(7)), pipe.read(at(8))), (None, Some(Arrival::Eof)));
    }

    #[test]
    fn a_full_pipe_takes_nothing_until_it_is_read() {
        let mut pipe = Pipe::new(PipeOptions { capacity: 3, ..PipeOptions::default() });
        assert_eq!((pipe.write(at(0), b"abcd"), pipe.write(at(0), b"d")), (3, 0));
        assert_eq!(pipe.read(at(0)), data(b"abc"));
        assert_eq!(pipe.write(at(0), b"d"), 1);
    }

    #[test]
    fn reads_are_chunked_as_asked() {
        let mut pipe = Pipe::new(PipeOptions { chunking: Chunking::Bytewise, ..PipeOptions::default() });
        pipe.write(at(0), b"ab");
        assert_eq!((pipe.read(at(0)), pipe.read(at(0))), (data(b"a"), data(b"b")));

        let chunking = Chunking::Random { seed: 1, max: 4 };
        let mut pipe = Pipe::new(PipeOptions { chunking, ..PipeOptions::default() });
        pipe.write(at(0), &[7; 100]);
        let mut sizes = Vec::new();
        while let Some(Arrival::Data(chunk)) = pipe.read(at(0)) {
            sizes.push(chunk.len());
        }
        assert_eq!(sizes.iter().sum::<usize>(), 100);
        assert!(
            sizes.iter().all(|size| (1..=4).contains(size)) && sizes.iter().any(|size| *size != sizes[0])
        );
    }

    #[test]
    fn a_cut_ends_the_stream_after_its_bytes() {
        let mut pipe = with_fault(Fault::CutAfter(2));
        assert_eq!(pipe.write(at(0), b"abc"), 3);
        assert_eq!((pipe.read(at(0)), pipe.read(at(0))), (data(b"ab"), Some(Arrival::Eof)));
        assert_eq!(with_fault(Fault::CutAfter(0)).read(at(0)), Some(Arrival::Eof));
    }

    #[test]
    fn a_stalled_pipe_fills_up_and_hides_the_end() {
        let mut pipe =
            Pipe::new(PipeOptions { fault: Fault::StallFrom(1), capacity: 3, ..PipeOptions::default() });
        assert_eq!(pipe.write(at(0), b"abcd"), 3);
        assert_eq!(pipe.read(at(0)), data(b"a"));
        assert_eq!(pipe.write(at(0), b"de"), 1);
        pipe.shutdown(at(0));
        assert_eq!((pipe.read(at(0)), pipe.readable_at()), (None, None));
    }

    #[test]
    fn lost_bytes_are_taken_and_never_come() {
        let mut pipe = with_fault(Fault::LoseFrom(1));
        assert_eq!(pipe.write(at(0), b"abc"), 3);
        pipe.shutdown(at(0));
        assert_eq!(pipe.read(at(0)), data(b"a"));
        assert_eq!((pipe.read(at(0)), pipe.readable_at()), (None, None));
    }

    #[test]
    fn a_pipe_without_a_reader_swallows_everything() {
        let mut pipe = Pipe::new(PipeOptions { capacity: 1, ..PipeOptions::default() });
        pipe.write(at(0), b"a");
        pipe.abandon();
        assert_eq!((pipe.write(at(0), b"bcd"), pipe.read(at(0))), (3, None));
    }
}
