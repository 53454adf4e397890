//! DEFLATE (RFC 1951) into a ring of exactly the agreed window.

use alloc::boxed::Box;
use alloc::vec;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use super::options::WindowBits;
use crate::websocket::extension::DecodeError;

/// What the sender cuts off the end of a message (RFC 7692 7.2.1, 7.2.2).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// Inflates messages, piece by piece, each piece no longer than the window.
///
/// References beyond the window, or before the first byte, are errors.
pub(super) struct Inflater {
    core: DecompressorOxide,
    ring: Box<[u8]>,
    /// Where the next byte goes.
    position: usize,
    /// Where the piece that was returned last begins.
    piece_start: usize,
    /// Whether the whole ring holds output.
    filled: bool,
    /// Whether nothing is unfinished: at the start of a message, and behind a final block.
    clean: bool,
    /// How much of the tail was taken.
    tail_taken: usize,
    /// An error to be reported once the output before it was returned.
    failed: Option<DecodeError>,
}

/// How far one step came.
struct Step {
    start: usize,
    taken: usize,
    status: TINFLStatus,
}

impl Inflater {
    pub(super) fn new(window: WindowBits) -> Self {
        Self {
            core: DecompressorOxide::new(),
            ring: vec![0; window.size()].into(),
            position: 0,
            piece_start: 0,
            filled: false,
            clean: true,
            tail_taken: 0,
            failed: None,
        }
    }

    pub(super) fn window(&self) -> WindowBits {
        // The ring has as many bytes as some window: a power of two that fits.
        WindowBits::new(self.ring.len().trailing_zeros() as u8).unwrap_or(WindowBits::MAX)
    }

    /// Forgets everything.
    pub(super) fn reset(&mut self) {
        self.core.init();
        self.position = 0;
        self.piece_start = 0;
        self.filled = false;
        self.clean = true;
        self.tail_taken = 0;
        self.failed = None;
    }

    /// The piece that was returned last.
    pub(super) fn last_piece(&self) -> &[u8] {
        self.ring.get(self.piece_start..self.position).unwrap_or_default()
    }

    /// Inflates from the front of `input`. An empty piece says that all of it was taken.
    pub(super) fn decode(&mut self, input: &mut &[u8]) -> Result<&[u8], DecodeError> {
        loop {
            if let Some(error) = self.failed {
                return Err(error);
            }
            let Step { start, taken, status } = self.step(input, 0);
            *input = input.get(taken..).unwrap_or_default();
            self.clean &= taken == 0;
            match status {
                TINFLStatus::NeedsMoreInput | TINFLStatus::HasMoreOutput => {}
                TINFLStatus::Done => self.begin_anew(),
                _ => self.failed = Some(DecodeError::Corrupt),
            }
            // Behind a final block more may follow, with the same history (RFC 7692 7.2.3.4).
            let is_stuck = self.position == start && (self.failed.is_some() || !input.is_empty());
            if !is_stuck {
                return Ok(self.last_piece());
            }
        }
    }

    /// Ends a message: inflates the tail that its sender has cut off. An empty piece says that it was complete.
    pub(super) fn finish(&mut self) -> Result<&[u8], DecodeError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        // A message may end with a final block and nothing behind it, and one without any bytes is empty.
        while !(self.clean && self.tail_taken == 0) {
            let tail = TAIL.get(self.tail_taken..).unwrap_or_default();
            let Step { start, taken, status } = self.step(tail, TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY);
            self.tail_taken += taken;
            match status {
                TINFLStatus::HasMoreOutput => {}
                TINFLStatus::BlockBoundary if self.tail_taken < TAIL.len() => {}
                TINFLStatus::BlockBoundary if self.is_aligned() => {
                    self.clean = true;
                    self.tail_taken = 0;
                }
                // The tail does what it was not meant for: finish something else.
                _ => self.failed = Some(DecodeError::Truncated),
            }
            if self.position > start {
                return Ok(self.last_piece());
            }
            if let Some(error) = self.failed {
                return Err(error);
            }
        }
        Ok(&[])
    }

    fn step(&mut self, input: &[u8], flags: u32) -> Step {
        if self.position == self.ring.len() {
            self.position = 0;
            self.filled = true;
        }
        // Until the ring is full, nothing can be referred to beyond its start.
        let wrapping = if self.filled { 0 } else { TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF };
        let flags = flags | wrapping | TINFL_FLAG_HAS_MORE_INPUT;
        let start = self.position;
        let (status, taken, written) = decompress(&mut self.core, input, &mut self.ring, start, flags);
        self.piece_start = start;
        self.position += written;
        Step { start, taken, status }
    }

    /// The next block starts at a byte of its own, with the history of those before it.
    fn begin_anew(&mut self) {
        self.core.init();
        self.clean = true;
    }

    fn is_aligned(&self) -> bool {
        self.core.block_boundary_state().is_some_and(|state| state.num_bits == 0)
    }
}

impl core::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Inflater").field("window", &self.window()).finish_non_exhaustive()
    }
}
