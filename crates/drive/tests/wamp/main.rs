//! Sessions for applications, against a scripted router in memory, on tokio and on smol.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is a failed test")]

#[cfg(test)]
mod callee;
#[cfg(test)]
mod caller;
#[cfg(test)]
mod cancelling;
#[cfg(test)]
mod component;
#[cfg(test)]
mod ending;
#[cfg(test)]
mod pubsub;
#[cfg(test)]
mod room;
#[cfg(test)]
mod router;
#[cfg(test)]
mod runtimes;
