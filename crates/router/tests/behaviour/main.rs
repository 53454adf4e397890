//! What the router does, through its public interface, on virtual time.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is the failure report, in the helpers too"
)]

mod calls;
mod events;
mod joining;
mod meta;
mod model;
mod questions;
mod registrations;
mod slow;
mod world;
