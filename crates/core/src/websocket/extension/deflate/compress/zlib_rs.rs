//! zlib-rs.

use alloc::vec::Vec;

use zlib_rs::{Deflate, DeflateConfig, DeflateFlush};

use super::Flush;
use crate::websocket::extension::deflate::options::{DeflateOptions, WindowBits};

/// The least room to offer at a time.
const MIN_ROOM: usize = 256;

pub(super) struct ZlibRs {
    core: Deflate,
}

impl ZlibRs {
    pub(super) fn new(options: &DeflateOptions, window: WindowBits) -> Self {
        // Negative: raw DEFLATE.
        let config = DeflateConfig {
            level: i32::from(options.level.get()),
            window_bits: -i32::from(window.bits().max(WindowBits::MIN_SEND.bits())),
            mem_level: i32::from(options.memory_level.get()),
            ..DeflateConfig::default()
        };
        Self { core: Deflate::new_with_config(config) }
    }

    pub(super) fn compress(&mut self, mut input: &[u8], flush: Flush, out: &mut Vec<u8>) {
        let flush = match flush {
            Flush::Sync => DeflateFlush::SyncFlush,
            Flush::Full => DeflateFlush::FullFlush,
        };
        let mut len = out.len();
        loop {
            out.resize(out.capacity().max(len + MIN_ROOM), 0);
            let room = out.get_mut(len..).unwrap_or_default();
            let offered = room.len();
            let (taken, written) = (self.core.total_in(), self.core.total_out());
            // The state is valid, and so is every argument: all that can be lacking is something to do.
            let _ = self.core.compress(input, room, flush);
            let taken = (self.core.total_in() - taken) as usize;
            let written = (self.core.total_out() - written) as usize;
            input = input.get(taken..).unwrap_or_default();
            len += written;
            // Room left over means that the flush is complete.
            if written < offered && (input.is_empty() || taken == 0) {
                break;
            }
            out.truncate(len);
            out.reserve(input.len() / 2 + MIN_ROOM);
        }
        out.truncate(len);
    }
}

impl core::fmt::Debug for ZlibRs {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ZlibRs").finish_non_exhaustive()
    }
}
