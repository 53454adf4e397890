//! What an endpoint wants of permessage-deflate.

/// Messages shorter than this are sent as they are, unless the options say otherwise: what they could shrink by is
/// less than what the packet around them weighs.
pub const THRESHOLD: usize = 64;

/// The options of permessage-deflate, for clients and servers alike; "send" and "receive" are seen from this end.
///
/// ```
/// use wirebahn_core::websocket::extension::deflate::{ContextTakeover, DeflateOptions, Level, WindowBits};
///
/// let mut options = DeflateOptions::server();
/// options.send.window = WindowBits::new(11).expect("between 8 and 15");
/// options.send.context = ContextTakeover::Reset;
/// options.level = Level::FASTEST;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeflateOptions {
    /// How we compress: with no larger window than this, and keeping the context or not.
    ///
    /// Default: the context is kept; 12 bits with zlib-rs, whose memory and time depend on it, 15 with miniz_oxide,
    /// whose do not. A window of 8 bits is treated as 9: no compressor promises less.
    pub send: Direction,
    /// What we ask the peer to do. Default: to keep the context, with a window of its own choice, up to 15 bits.
    ///
    /// A server asks with its answer, which every client obeys that said it can. A client asks with its offer, which
    /// some servers decline: offer the extension a second time with less in the options if such are to be reached.
    pub receive: Direction,
    /// How much time to spend on compressing. Default: 6.
    pub level: Level,
    /// How much memory to spend on compressing. Default: 5. Only zlib-rs has a choice here.
    pub memory_level: MemoryLevel,
    /// Messages of fewer bytes are sent as they are. Default: [`THRESHOLD`], 64.
    pub threshold: usize,
    /// What compresses. Default: zlib-rs if the feature `zlib-rs` is enabled, else miniz_oxide.
    pub backend: Backend,
}

impl DeflateOptions {
    /// The default, and clients that can are asked for a window of 12 bits, which costs them next to nothing and
    /// saves 28 KiB per connection here.
    #[must_use]
    pub fn server() -> Self {
        let mut options = Self::default();
        options.receive.window = WindowBits(12);
        options
    }
}

impl Default for DeflateOptions {
    fn default() -> Self {
        let backend = Backend::default();
        Self {
            send: Direction { window: backend.default_window(), context: ContextTakeover::Keep },
            receive: Direction { window: WindowBits::MAX, context: ContextTakeover::Keep },
            level: Level::default(),
            memory_level: MemoryLevel::default(),
            threshold: THRESHOLD,
            backend,
        }
    }
}

/// One direction of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Direction {
    /// How far back the compressor may refer.
    pub window: WindowBits,
    /// Whether a message may refer to those before it.
    pub context: ContextTakeover,
}

/// Stands beside the bits of the window, which need four.
const PACKED_RESET: u8 = 0x80;

impl Direction {
    pub(super) fn pack(self) -> u8 {
        self.window.bits() | if self.context == ContextTakeover::Reset { PACKED_RESET } else { 0 }
    }

    /// What [`pack`](Self::pack) made of a direction.
    pub(super) fn unpack(packed: u8) -> Self {
        let reset = packed & PACKED_RESET != 0;
        Self {
            window: WindowBits::new(packed & !PACKED_RESET).unwrap_or(WindowBits::MAX),
            context: if reset { ContextTakeover::Reset } else { ContextTakeover::Keep },
        }
    }
}

/// Whether a message may refer to those before it (RFC 7692 7.1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 7692 knows no third way")]
pub enum ContextTakeover {
    /// It may: short messages get much shorter, and each connection keeps state of its own.
    #[default]
    Keep,
    /// It may not: connections share state, and hold none between messages.
    Reset,
}

/// The size of a window as a power of two: 8 to 15 bits, 256 bytes to 32 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowBits(u8);

impl WindowBits {
    /// 8 bits, 256 bytes.
    pub const MIN: Self = Self(8);
    /// The smallest window that compressors here are used with: zlib and its kin know no smaller one.
    pub const MIN_SEND: Self = Self(9);
    /// 15 bits, 32 KiB.
    pub const MAX: Self = Self(15);

    /// A window of this many bits; `None` unless 8 to 15.
    #[must_use]
    pub const fn new(bits: u8) -> Option<Self> {
        if matches!(bits, 8..=15) { Some(Self(bits)) } else { None }
    }

    /// How many bits.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The window in bytes.
    #[must_use]
    pub const fn size(self) -> usize {
        1 << self.0
    }
}

/// How much time to spend on compressing: 0 (none, messages are only wrapped) to 9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(u8);

impl Level {
    /// 1.
    pub const FASTEST: Self = Self(1);
    /// 9.
    pub const BEST: Self = Self(9);

    /// A level; `None` unless 0 to 9.
    #[must_use]
    pub const fn new(level: u8) -> Option<Self> {
        if level <= 9 { Some(Self(level)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl Default for Level {
    fn default() -> Self {
        Self(6)
    }
}

/// How much memory to spend on compressing: 1 to 9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemoryLevel(u8);

impl MemoryLevel {
    /// A level; `None` unless 1 to 9.
    #[must_use]
    pub const fn new(level: u8) -> Option<Self> {
        if matches!(level, 1..=9) { Some(Self(level)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl Default for MemoryLevel {
    fn default() -> Self {
        Self(5)
    }
}

/// What compresses. Decompression is the same with all of them: safe, and with the agreed window enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// miniz_oxide: safe Rust. It has no smaller windows, so its matches are cut off where one would end, which costs
    /// compression with fewer than 15 bits.
    MinizOxide,
    /// zlib-rs: faster, with true windows, and with `unsafe` inside.
    #[cfg(feature = "zlib-rs")]
    ZlibRs,
}

impl Backend {
    /// The window that suits this backend.
    #[must_use]
    pub const fn default_window(self) -> WindowBits {
        match self {
            Self::MinizOxide => WindowBits::MAX,
            #[cfg(feature = "zlib-rs")]
            Self::ZlibRs => WindowBits(12),
        }
    }
}

impl Default for Backend {
    fn default() -> Self {
        #[cfg(feature = "zlib-rs")]
        return Self::ZlibRs;
        #[cfg(not(feature = "zlib-rs"))]
        return Self::MinizOxide;
    }
}
