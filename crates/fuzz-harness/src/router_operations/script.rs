//! What an input says.

use arbitrary::Arbitrary;

/// What the router is like.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) struct Options {
    pub(super) slow_consumers: u8,
    pub(super) request_ids: u8,
    pub(super) authenticate: bool,
    pub(super) authorize: bool,
    pub(super) on_demand: bool,
}

/// What happens next, to the session of a number.
#[derive(Arbitrary, Clone, Debug)]
pub(super) struct Step {
    pub(super) session: u8,
    pub(super) operation: Operation,
}

#[derive(Arbitrary, Clone, Debug)]
pub(super) enum Operation {
    Detach,
    Hello {
        realm: u8,
        features: bool,
    },
    Goodbye,
    Subscribe {
        uri: u8,
        policy: u8,
        retained: bool,
    },
    Unsubscribe {
        id: u8,
    },
    Publish {
        uri: u8,
        flags: u8,
        len: u8,
    },
    Register {
        uri: u8,
        policy: u8,
        invoke: u8,
        flags: u8,
    },
    Unregister {
        id: u8,
    },
    Call {
        uri: u8,
        flags: u8,
        timeout: u8,
    },
    /// A further part of the last call.
    Part {
        uri: u8,
        last: bool,
    },
    Cancel {
        back: u8,
        mode: u8,
    },
    Yield {
        back: u8,
        progress: bool,
    },
    Fail {
        back: u8,
    },
    /// A procedure of the router.
    Meta {
        procedure: u8,
        id: u8,
    },
    /// Bytes of a peer, in JSON.
    Raw(Vec<u8>),
    Malformed,
    Read {
        count: u8,
    },
    Advance {
        millis: u16,
    },
    Answer {
        allow: bool,
        challenge: bool,
    },
    ShutDown,
}
