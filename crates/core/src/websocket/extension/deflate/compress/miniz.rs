//! miniz_oxide.

use alloc::vec::Vec;

use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, compress_to_output, create_comp_flags_from_zip_params,
};

use super::Flush;
use crate::websocket::extension::deflate::options::{Level, WindowBits};

/// Raw DEFLATE, in the way zlib names it: a negative window.
const RAW: i32 = -15;

/// Its window is always 32 KiB. A smaller one is kept to by flushing the history before anything could be further
/// away: the compressor never sees more than one window in a row.
pub(super) struct Miniz {
    core: CompressorOxide,
    window: WindowBits,
    /// Bytes since the history was last forgotten.
    since_full: usize,
}

impl Miniz {
    pub(super) fn new(level: Level, window: WindowBits) -> Self {
        let flags = create_comp_flags_from_zip_params(i32::from(level.get()), RAW, 0);
        Self { core: CompressorOxide::new(flags), window, since_full: 0 }
    }

    pub(super) fn compress(&mut self, mut input: &[u8], flush: Flush, out: &mut Vec<u8>) {
        if self.window < WindowBits::MAX {
            while let Some((piece, rest)) = input.split_at_checked(self.window.size() - self.since_full) {
                self.run(piece, TDEFLFlush::Full, out);
                self.since_full = 0;
                input = rest;
                if rest.is_empty() {
                    return;
                }
            }
            self.since_full += input.len();
        }
        match flush {
            Flush::Sync => self.run(input, TDEFLFlush::Sync, out),
            Flush::Full => {
                self.run(input, TDEFLFlush::Full, out);
                self.since_full = 0;
            }
        }
    }

    /// With a callback, since it is the only way to know that a flush is complete: a slice that was not filled says
    /// nothing.
    fn run(&mut self, input: &[u8], flush: TDEFLFlush, out: &mut Vec<u8>) {
        compress_to_output(&mut self.core, input, flush, |piece| {
            out.extend_from_slice(piece);
            true
        });
    }
}

impl core::fmt::Debug for Miniz {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Miniz").field("window", &self.window).finish_non_exhaustive()
    }
}
