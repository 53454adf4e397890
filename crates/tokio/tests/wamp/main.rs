//! Sessions over real streams: every transport, every serializer.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is a failed test")]

mod arguments;
mod components;
mod in_process;
mod joining;
mod router;
mod typed_errors;
