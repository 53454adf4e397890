//! Messages on their way out.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::NAME;
use super::compress::{Compressor, Flush};
use super::options::{ContextTakeover, Direction, WindowBits};
use super::pool::Shared;
use crate::websocket::Fin;
use crate::websocket::extension::{MessageEncoder, Standalone};

/// What the end of a message is cut off by (RFC 7692 7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// An empty block without its tail: a message, or an end of one, without content (RFC 7692 7.2.3.6).
const EMPTY: u8 = 0x00;

/// Compresses the messages of a connection.
#[derive(Debug)]
pub(super) struct Encoder {
    shared: Arc<Shared>,
    params: Direction,
    /// Nothing before the first message, and nothing between messages if no context is kept.
    compressor: Option<Box<Compressor>>,
    /// The peer's history is not the compressor's.
    is_behind: bool,
}

impl Encoder {
    pub(super) const fn new(shared: Arc<Shared>, params: Direction) -> Self {
        Self { shared, params, compressor: None, is_behind: false }
    }

    /// Compresses all of `piece`; `flush` says what is left behind.
    fn compress(compressor: &mut Compressor, piece: &[u8], flush: Flush, fin: Fin, out: &mut Vec<u8>) {
        let start = out.len();
        // JSON shrinks to a third or a quarter.
        out.reserve(piece.len() / 3 + 16);
        compressor.compress(piece, flush, out);
        if fin == Fin::Last {
            match out.len().checked_sub(TAIL.len()) {
                Some(end) if end > start && out.ends_with(&TAIL) => out.truncate(end),
                // There was nothing to flush.
                _ => out.push(EMPTY),
            }
        }
    }
}

impl MessageEncoder for Encoder {
    fn wants(&self, len: usize) -> bool {
        len >= self.shared.options.threshold && self.params.window >= WindowBits::MIN_SEND
    }

    fn encode(&mut self, piece: &[u8], fin: Fin, out: &mut Vec<u8>) {
        let mut compressor =
            self.compressor.take().unwrap_or_else(|| self.shared.compressor(self.params.window));
        if core::mem::take(&mut self.is_behind) {
            compressor.forget();
        }
        let keeps = fin == Fin::More || self.params.context == ContextTakeover::Keep;
        let flush = if keeps { Flush::Sync } else { Flush::Full };
        Self::compress(&mut compressor, piece, flush, fin, out);
        if keeps {
            self.compressor = Some(compressor);
        } else {
            self.shared.put_compressor(compressor);
        }
    }

    fn standalone(&self) -> Option<Standalone> {
        let options = &self.shared.options;
        let params = [
            self.params.window.bits(),
            options.level.get(),
            options.memory_level.get(),
            options.backend as u8,
        ];
        Some(Standalone { extension: NAME, params: u64::from(u32::from_le_bytes(params)) })
    }

    fn encode_standalone(&mut self, message: &[u8], out: &mut Vec<u8>) {
        let mut compressor = self.shared.compressor(self.params.window);
        Self::compress(&mut compressor, message, Flush::Full, Fin::Last, out);
        self.shared.put_compressor(compressor);
    }

    fn note_standalone(&mut self) {
        // Without history there is nothing that could be out of step.
        self.is_behind = self.compressor.is_some();
    }
}
