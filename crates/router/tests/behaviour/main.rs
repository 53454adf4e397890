//! What the router does, through its public interface, on virtual time.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a panic is the failure report, in the helpers too"
)]

mod calls;
mod counting;
mod events;
mod history;
mod joining;
mod limits;
mod logging;
mod meta;
mod model;
mod questions;
mod registrations;
mod slow;
mod vectors;
mod world;
