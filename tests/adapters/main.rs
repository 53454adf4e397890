//! One suite for all adapters: whatever the runtime, a connection behaves the same.
//!
//! * `adapter`: what the suite sees of an adapter: nothing but blocking calls.
//! * `driven`, `blocking`: the adapters as that.
//! * `byte_streams`: connections as streams of `futures-io`. `reconnecting`: those that come back.
//! * `dependencies`: what depends on what.
//! * `suite`: the tests, each generic over the adapter. `peer`: the other ends that write their bytes by hand.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is a failed test")]

mod adapter;
mod blocking;
mod byte_streams;
mod dependencies;
mod driven;
mod peer;
mod reconnecting;
mod suite;

/// Every test of the suite, for one adapter.
macro_rules! instantiate {
    ($($name:ident: $adapter:ty;)+) => {
        $(mod $name {
            crate::suite::tests!($adapter);
        })+
    };
}

instantiate! {
    on_tokio: crate::driven::Driven<wirebahn_tokio::TokioRuntime>;
    on_smol: crate::driven::Driven<wirebahn_smol::SmolRuntime>;
    on_async_std: crate::driven::Driven<wirebahn_async_std::AsyncStdRuntime>;
    on_threads: crate::blocking::Blocking;
}
