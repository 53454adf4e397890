//! What the router does, through its public interface, on virtual time.
#![expect(clippy::unwrap_used, reason = "a panic is the failure report, in the helpers too")]

mod calls;
mod events;
mod joining;
mod meta;
mod questions;
mod registrations;
mod slow;
mod world;
