//! The built command, driven as a shell would.
#![expect(clippy::unwrap_used, reason = "a panic is the failure report")]

mod bench;
mod connect;
mod echo;
mod router;
mod support;
mod tunnel;
mod usage;
mod wamp;
