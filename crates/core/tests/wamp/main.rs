//! WAMP messages, payloads and serializers.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests may: it is the failure report"
)]

mod generate;
mod libraries;
mod malformed;
mod options;
mod payloads;
mod round_trip;
mod vectors;
