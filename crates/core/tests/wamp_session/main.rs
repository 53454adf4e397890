//! The client's session against a scripted router, on virtual time.
#![cfg(feature = "wamp")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is a failed test")]

mod callee;
mod caller;
mod ending;
mod joining;
mod property;
mod pubsub;
mod support;
