//! State that connections share.

use alloc::boxed::Box;

use crossbeam_queue::ArrayQueue;

use super::DeflateOptions;
use super::compress::Compressor;
use super::inflate::Inflater;
use super::options::WindowBits;

/// How many compressors, and how many decompressors, wait for their next message at most: there is no use for more than
/// processors that compress at the same time, and few machines with more would notice one being made anew.
pub const POOLED_STATES: usize = 16;

/// What all connections of one [`Deflate`](super::Deflate) have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) options: DeflateOptions,
    compressors: ArrayQueue<Box<Compressor>>,
    inflaters: ArrayQueue<Box<Inflater>>,
}

impl Shared {
    pub(super) fn new(options: DeflateOptions) -> Self {
        Self {
            options,
            compressors: ArrayQueue::new(POOLED_STATES),
            inflaters: ArrayQueue::new(POOLED_STATES),
        }
    }

    /// A compressor without history.
    pub(super) fn compressor(&self, window: WindowBits) -> Box<Compressor> {
        self.compressors
            .pop()
            .filter(|compressor| compressor.window() == window)
            .unwrap_or_else(|| Box::new(Compressor::new(&self.options, window)))
    }

    /// Takes back a compressor that has no history.
    pub(super) fn put_compressor(&self, compressor: Box<Compressor>) {
        // With enough of them, this one is dropped.
        let _ = self.compressors.push(compressor);
    }

    /// A decompressor without history.
    pub(super) fn inflater(&self, window: WindowBits) -> Box<Inflater> {
        self.inflaters
            .pop()
            .filter(|inflater| inflater.window() == window)
            .unwrap_or_else(|| Box::new(Inflater::new(window)))
    }

    /// Takes back a decompressor that has no history.
    pub(super) fn put_inflater(&self, inflater: Box<Inflater>) {
        let _ = self.inflaters.push(inflater);
    }
}
