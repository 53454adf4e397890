//! What a connection costs.

use super::negotiation::DeflateParams;
use super::options::{Backend, ContextTakeover, DeflateOptions, WindowBits};

/// miniz_oxide's compressor, measured with a counting allocator: the same for all options.
const MINIZ_COMPRESSOR: usize = 319_400;

/// zlib-rs' compressor without what depends on the options, measured: most of it is a table of 128 KiB.
#[cfg(feature = "zlib-rs")]
const ZLIB_RS_COMPRESSOR: usize = 134_400;

/// The decompressor without its window, measured.
const INFLATER: usize = 10_600;

/// Bytes of compression state that a connection holds between messages, once it has sent and received a compressed one.
///
/// Before its first compressed message it holds nothing. The outcome is right to within a few hundred bytes.
///
/// ```
/// use wirebahn_core::websocket::extension::deflate::{ContextTakeover, Deflate, DeflateMemory, DeflateOptions};
///
/// let mut options = DeflateOptions::default();
/// assert!(DeflateMemory::at_most(&options).total() < 500_000);
/// options.send.context = ContextTakeover::Reset;
/// options.receive.context = ContextTakeover::Reset;
/// assert_eq!(DeflateMemory::at_most(&options).total(), 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeflateMemory {
    /// For compressing.
    pub send: usize,
    /// For decompressing.
    pub receive: usize,
}

impl DeflateMemory {
    /// For a connection with these options on which these parameters were agreed upon.
    #[must_use]
    pub fn per_connection(options: &DeflateOptions, params: &DeflateParams) -> Self {
        let send = match params.send.context {
            ContextTakeover::Keep => compressor(options, params.send.window),
            ContextTakeover::Reset => 0,
        };
        let receive = match params.receive.context {
            ContextTakeover::Keep => INFLATER + params.receive.window.size(),
            ContextTakeover::Reset => 0,
        };
        Self { send, receive }
    }

    /// For a connection with these options if the peer grants what they ask for.
    #[must_use]
    pub fn at_most(options: &DeflateOptions) -> Self {
        Self::per_connection(options, &DeflateParams { send: options.send, receive: options.receive })
    }

    /// Both directions.
    #[must_use]
    pub const fn total(self) -> usize {
        self.send + self.receive
    }
}

fn compressor(options: &DeflateOptions, window: WindowBits) -> usize {
    match options.backend {
        Backend::MinizOxide => {
            let _ = window;
            MINIZ_COMPRESSOR
        }
        // Twice the window and as much for its chains; seven bytes for each of the symbols that wait to be encoded.
        #[cfg(feature = "zlib-rs")]
        Backend::ZlibRs => ZLIB_RS_COMPRESSOR + 4 * window.size() + (7 << (options.memory_level.get() + 6)),
    }
}
