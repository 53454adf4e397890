//! The options and details of remote procedure calls.

use alloc::vec::Vec;

use super::keys::options;
use super::{Forwarder, PayloadPassthru};
use crate::wamp::message::{Element, Fault, Source, names, optional};
use crate::wamp::serializer::{Reader, Writer};
use crate::wamp::{MatchPolicy, RegistrationId, SessionId, Text, Uri};

options! {
    /// `CALL.Options`.
    CallOptions {
        /// After how many milliseconds the call ends by itself. Default: 0, never.
        timeout: u64 = 0, "timeout";
        /// Whether results in pieces are welcome. Default: no.
        receive_progress: bool = false, "receive_progress";
        /// Whether more pieces of the arguments follow. Default: no.
        progress: bool = false, "progress";
        /// Whether the callee learns who calls. Default: no.
        disclose_me: bool = false, "disclose_me";
        /// How a callee is chosen: `partition` means by `rkey`.
        runmode: Option<Text> = None, "runmode";
        /// By which key the callee is chosen.
        rkey: Option<Text> = None, "rkey";
        /// The transaction that the call belongs to (Autobahn).
        transaction_hash: Option<Text> = None, "transaction_hash";
        /// The session that calls, if a router passes a call on (Autobahn).
        caller: Option<SessionId> = None, "caller";
        /// Its authid.
        caller_authid: Option<Text> = None, "caller_authid";
        /// Its authrole.
        caller_authrole: Option<Text> = None, "caller_authrole";
        /// Through which routers the call came, oldest first (Crossbar).
        forward_for: Option<Vec<Forwarder>> = None, "forward_for";
        ..
        /// How the payload is encoded, if routers do not look into it.
        passthru: PayloadPassthru;
    }
}

options! {
    /// `CANCEL.Options`.
    CancelOptions {
        /// What happens to the callee. The specification has no default; most routers take `killnowait`.
        mode: Option<CancelMode> = None, "mode";
        /// On whose behalf a router cancels (Crossbar).
        forward_for: Option<Vec<Forwarder>> = None, "forward_for";
    }
}

options! {
    /// `RESULT.Details`.
    ResultDetails {
        /// Whether more pieces of the result follow.
        progress: bool = false, "progress";
        /// The session that was called, if it is disclosed (Autobahn, Crossbar).
        callee: Option<SessionId> = None, "callee";
        /// Its authid.
        callee_authid: Option<Text> = None, "callee_authid";
        /// Its authrole.
        callee_authrole: Option<Text> = None, "callee_authrole";
        /// Through which routers the result came, oldest first (Crossbar).
        forward_for: Option<Vec<Forwarder>> = None, "forward_for";
        ..
        /// How the payload is encoded, if routers do not look into it.
        passthru: PayloadPassthru;
    }
}

options! {
    /// `ERROR.Details`.
    ErrorDetails {
        /// The session that was called, if it is disclosed (Autobahn, Crossbar).
        callee: Option<SessionId> = None, "callee";
        /// Its authid.
        callee_authid: Option<Text> = None, "callee_authid";
        /// Its authrole.
        callee_authrole: Option<Text> = None, "callee_authrole";
        /// Through which routers the error came, oldest first (Crossbar).
        forward_for: Option<Vec<Forwarder>> = None, "forward_for";
        ..
        /// How the payload is encoded, if routers do not look into it.
        passthru: PayloadPassthru;
    }
}

options! {
    /// `REGISTER.Options`.
    RegisterOptions {
        /// How the procedure is compared with those of calls.
        match_policy: MatchPolicy = MatchPolicy::Exact, "match";
        /// Which callee of several gets a call.
        invoke: InvocationPolicy = InvocationPolicy::Single, "invoke";
        /// Whether callers are to be disclosed. Default: no.
        disclose_caller: bool = false, "disclose_caller";
        /// Whether the callee itself ends calls that take too long. Default: no, the dealer does.
        forward_timeout: bool = false, "forward_timeout";
        /// How many calls the callee takes at once (Crossbar). Default: any number.
        concurrency: Option<u64> = None, "concurrency";
        /// Whether a registration of another session is taken over (Crossbar, nexus). Default: no.
        force_reregister: bool = false, "force_reregister";
        /// On whose behalf a router registers (Crossbar).
        forward_for: Option<Vec<Forwarder>> = None, "forward_for";
    }
}

options! {
    /// `UNREGISTER.Options`, an element that only Autobahn and Crossbar have.
    UnregisterOptions {
        /// On whose behalf a router unregisters.
        forward_for: Option<Vec<Forwarder>> = None, "forward_for";
    }
}

options! {
    /// `UNREGISTERED.Details`, if the dealer takes a registration back.
    UnregisteredDetails {
        /// The registration that is gone.
        registration: Option<RegistrationId> = None, "registration";
        /// Why.
        reason: Option<Text> = None, "reason";
    }
}

options! {
    /// `INVOCATION.Details`.
    InvocationDetails {
        /// The session that calls, if it is disclosed.
        caller: Option<SessionId> = None, "caller";
        /// Its authid.
        caller_authid: Option<Text> = None, "caller_authid";
        /// Its authrole.
        caller_authrole: Option<Text> = None, "caller_authrole";
        /// The procedure; mandatory for registrations of patterns.
        procedure: Option<Uri> = None, "procedure";
        /// Whether the caller welcomes results in pieces.
        receive_progress: bool = false, "receive_progress";
        /// Whether more pieces of the arguments follow.
        progress: bool = false, "progress";
        /// After how many milliseconds the callee is to end the call; 0 means never.
        timeout: u64 = 0, "timeout";
        /// How far the router trusts the caller; 0 is least.
        trustlevel: Option<u64> = None, "trustlevel";
        /// The transaction that the call belongs to (Autobahn).
        transaction_hash: Option<Text> = None, "transaction_hash";
        /// Through which routers the call came, oldest first (Crossbar).
        forward_for: Option<Vec<Forwarder>> = None, "forward_for";
        ..
        /// How the payload is encoded, if routers do not look into it.
        passthru: PayloadPassthru;
    }
}

options! {
    /// `INTERRUPT.Options`.
    InterruptOptions {
        /// Whether an answer is still awaited: not with `killnowait`.
        mode: Option<CancelMode> = None, "mode";
        /// Why the call ends, such as `wamp.error.timeout` (Autobahn, nexus).
        reason: Option<Uri> = None, "reason";
        /// On whose behalf a router interrupts (Crossbar).
        forward_for: Option<Vec<Forwarder>> = None, "forward_for";
    }
}

options! {
    /// `YIELD.Options`.
    YieldOptions {
        /// Whether more pieces of the result follow.
        progress: bool = false, "progress";
        /// The session that was called, if a router passes a result on (Autobahn).
        callee: Option<SessionId> = None, "callee";
        /// Its authid.
        callee_authid: Option<Text> = None, "callee_authid";
        /// Its authrole.
        callee_authrole: Option<Text> = None, "callee_authrole";
        /// Through which routers the result came, oldest first (Crossbar).
        forward_for: Option<Vec<Forwarder>> = None, "forward_for";
        ..
        /// How the payload is encoded, if routers do not look into it.
        passthru: PayloadPassthru;
    }
}

/// What happens to the callee of a call that is canceled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the protocol has these three")]
pub enum CancelMode {
    /// Nothing: the caller gets an error at once, and the result is dropped.
    Skip,
    /// It is interrupted, and the caller gets what it answers.
    Kill,
    /// It is interrupted, and the caller gets an error at once.
    KillNoWait,
}

impl CancelMode {
    /// The value of the key `mode`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Kill => "kill",
            Self::KillNoWait => "killnowait",
        }
    }
}

/// Which callee of a shared registration gets a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvocationPolicy {
    /// There is only one callee: the registration is not shared.
    #[default]
    Single,
    /// One after the other.
    RoundRobin,
    /// Any of them.
    Random,
    /// The one that registered first.
    First,
    /// The one that registered last.
    Last,
}

impl InvocationPolicy {
    /// The value of the key `invoke`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::RoundRobin => "roundrobin",
            Self::Random => "random",
            Self::First => "first",
            Self::Last => "last",
        }
    }
}

names! {
    CancelMode: "`skip`, `kill` or `killnowait`" [Skip, Kill, KillNoWait];
    InvocationPolicy: "`single`, `roundrobin`, `random`, `first` or `last`" [Single, RoundRobin, Random, First, Last];
    MatchPolicy: "`exact`, `prefix` or `wildcard`" [Exact, Prefix, Wildcard];
}
