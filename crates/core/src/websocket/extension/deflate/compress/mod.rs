//! The compressors.

mod miniz;
#[cfg(feature = "zlib-rs")]
mod zlib_rs;

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::options::{Backend, DeflateOptions, WindowBits};

/// A DEFLATE compressor whose output ends with an empty block after each call: everything put in can be inflated.
#[derive(Debug)]
pub(super) struct Compressor {
    window: WindowBits,
    backend: State,
}

#[derive(Debug)]
enum State {
    /// On the heap: 64 KiB, which the others need not have room for.
    Miniz(Box<miniz::Miniz>),
    #[cfg(feature = "zlib-rs")]
    ZlibRs(zlib_rs::ZlibRs),
}

/// What is left behind at the end of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flush {
    /// A history that what follows may refer to.
    Sync,
    /// No history.
    Full,
}

impl Compressor {
    pub(super) fn new(options: &DeflateOptions, window: WindowBits) -> Self {
        let backend = match options.backend {
            Backend::MinizOxide => State::Miniz(Box::new(miniz::Miniz::new(options.level, window))),
            #[cfg(feature = "zlib-rs")]
            Backend::ZlibRs => State::ZlibRs(zlib_rs::ZlibRs::new(options, window)),
        };
        Self { window, backend }
    }

    pub(super) const fn window(&self) -> WindowBits {
        self.window
    }

    /// Appends what `input` compresses to. Nothing at all if there is neither input nor anything to flush.
    pub(super) fn compress(&mut self, input: &[u8], flush: Flush, out: &mut Vec<u8>) {
        match &mut self.backend {
            State::Miniz(miniz) => miniz.compress(input, flush, out),
            #[cfg(feature = "zlib-rs")]
            State::ZlibRs(zlib) => zlib.compress(input, flush, out),
        }
    }

    /// Forgets the history. What an unfinished flush would write is whole bytes that mean nothing.
    pub(super) fn forget(&mut self) {
        self.compress(&[], Flush::Full, &mut Vec::new());
    }
}
