//! What is done, in which order, to whom.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use arbitrary::Arbitrary;
use wirebahn_core::websocket::{
    CloseReply, Config, Established, Keepalive, MaskReceive, MaskSend, MessageKind, Role,
};
use wirebahn_core::{COPY_THRESHOLD, Instant};
use wirebahn_testkit::{Chunking, Fault, PipeOptions, SeededEntropy};

/// What a message may have, in sent and received ones: more than is copied into the outbox.
pub(super) const MAX_MESSAGE_LEN: usize = COPY_THRESHOLD + 300;

#[derive(Clone, Copy, Debug, Arbitrary)]
pub(super) struct Setup {
    pub(super) client: Side,
    pub(super) server: Side,
    pub(super) to_server: Wire,
    pub(super) to_client: Wire,
}

/// The options of one end.
#[derive(Clone, Copy, Debug, Arbitrary)]
pub(super) struct Side {
    pub(super) layer: Layer,
    high_water: u16,
    auto_fragment: Option<u8>,
    keepalive: Option<u8>,
    idle_timeout: Option<u8>,
    close_timeout: Option<u8>,
    mask: Mask,
    replies_normal: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Arbitrary)]
pub(super) enum Layer {
    Streaming,
    Frames,
    Messages,
}

#[derive(Clone, Copy, Debug, Arbitrary)]
enum Mask {
    ByRole,
    ZeroKey,
    Never,
    Always,
}

/// How a pipe behaves.
#[derive(Clone, Copy, Debug, Arbitrary)]
pub(super) struct Wire {
    flow: Flow,
    fault: Trouble,
}

/// The part of it that may change in between.
#[derive(Clone, Copy, Debug, Arbitrary)]
pub(super) struct Flow {
    chunking: Cut,
    latency: u8,
    capacity: Option<u8>,
}

#[derive(Clone, Copy, Debug, Arbitrary)]
enum Cut {
    Whole,
    Bytewise,
    Random { seed: u8, max: u8 },
}

#[derive(Clone, Copy, Debug, Arbitrary)]
enum Trouble {
    None,
    Still(()),
    CutAfter(u16),
    StallFrom(u16),
    LoseFrom(u16),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Arbitrary)]
pub(super) enum End {
    Client,
    Server,
}

#[derive(Clone, Copy, Debug, Arbitrary)]
pub(super) enum Operation {
    /// A whole message.
    Send {
        from: End,
        is_text: bool,
        len: Len,
        style: Style,
    },
    /// The parts of a message, on the layers that have them.
    BeginMessage {
        from: End,
        is_text: bool,
    },
    Frame {
        from: End,
        len: Len,
        is_last: bool,
    },
    Data {
        from: End,
        len: Len,
    },
    EndMessage {
        from: End,
    },
    Ping {
        from: End,
        len: u8,
    },
    Pong {
        from: End,
        len: u8,
    },
    Close {
        from: End,
        code: Code,
        reason_len: u8,
    },
    Abort {
        from: End,
    },
    /// Time and transport.
    Step,
    Settle,
    Advance {
        tenths: u8,
    },
    Flow {
        to: End,
        flow: Flow,
    },
    Shutdown {
        from: End,
    },
    /// The application falls behind, and catches up.
    Hold {
        at: End,
    },
    Take {
        at: End,
    },
    /// Calls that have no reason.
    Spurious {
        at: End,
    },
}

#[derive(Clone, Copy, Debug, Arbitrary)]
pub(super) enum Len {
    Short(u8),
    /// About as long as what is copied into the outbox, and longer than what may be sent.
    Long(u16),
}

#[derive(Clone, Copy, Debug, Arbitrary)]
pub(super) enum Style {
    Plain,
    Fragmented(u8),
    Prepared,
}

#[derive(Clone, Copy, Debug, Arbitrary)]
pub(super) enum Code {
    Normal,
    NoStatus,
    Private(u8),
    Any(u16),
}

impl Side {
    pub(super) fn established(self, role: Role, now: Instant) -> Established {
        // Never zero: a timer of no length, which starts again while the application is behind, keeps a driver busy.
        let tenths = |tenths: u8| Duration::from_millis(100) * (u32::from(tenths) + 1);
        let mut config = Config::default();
        config.limits.max_message_len = MAX_MESSAGE_LEN as u64;
        config.limits.max_frame_len = MAX_MESSAGE_LEN as u64;
        config.limits.outbox_high_water = usize::from(self.high_water) + 1;
        config.auto_fragment = self.auto_fragment.and_then(|size| NonZeroUsize::new(size.into()));
        config.keepalive = self.keepalive.map(|interval| {
            let mut keepalive = Keepalive::default();
            keepalive.interval = Duration::from_secs(1) + tenths(interval);
            keepalive.timeout = (interval % 8 > 0).then(|| tenths(interval));
            keepalive
        });
        config.idle_timeout = self.idle_timeout.map(tenths);
        config.close.handshake_timeout = self.close_timeout.map(tenths);
        config.close.drop_timeout = self.close_timeout.map(|timeout| tenths(timeout / 2));
        if self.replies_normal {
            config.close.reply = CloseReply::Normal;
        }
        config.mask.send = match self.mask {
            Mask::ByRole => MaskSend::ByRole,
            Mask::ZeroKey => MaskSend::ZeroKey,
            Mask::Never => MaskSend::Never,
            Mask::Always => MaskSend::Always,
        };
        config.mask.receive = MaskReceive::Any;
        Established::new(role, Arc::new(config), Box::new(SeededEntropy::new(7)), now)
    }
}

impl Wire {
    pub(super) fn options(self) -> PipeOptions {
        self.flow.options(match self.fault {
            Trouble::None | Trouble::Still(()) => Fault::None,
            Trouble::CutAfter(at) => Fault::CutAfter(at.into()),
            Trouble::StallFrom(at) => Fault::StallFrom(at.into()),
            Trouble::LoseFrom(at) => Fault::LoseFrom(at.into()),
        })
    }
}

impl Flow {
    pub(super) fn options(self, fault: Fault) -> PipeOptions {
        let chunking = match self.chunking {
            Cut::Whole => Chunking::Whole,
            Cut::Bytewise => Chunking::Bytewise,
            Cut::Random { seed, max } => Chunking::Random { seed: seed.into(), max: max.into() },
        };
        PipeOptions {
            chunking,
            latency: Duration::from_millis(self.latency.into()),
            capacity: self.capacity.map_or(usize::MAX, |capacity| 16 + usize::from(capacity)),
            fault,
        }
    }
}

impl Len {
    pub(super) const fn get(self) -> usize {
        match self {
            Self::Short(len) => len as usize,
            Self::Long(more) => COPY_THRESHOLD - 100 + more as usize % 512,
        }
    }
}

impl Code {
    pub(super) fn get(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::NoStatus => 1005,
            Self::Private(code) => 3000 + u16::from(code),
            Self::Any(code) => code,
        }
    }
}

pub(super) const fn kind(is_text: bool) -> MessageKind {
    if is_text { MessageKind::Text } else { MessageKind::Binary }
}
