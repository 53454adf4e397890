//! One suite for all adapters: whatever the runtime, a connection behaves the same.
//!
//! * `adapter`: what the suite sees of an adapter: nothing but blocking calls.
//! * `driven`, `blocking`: the adapters as that.
//! * `suite`: the tests of WebSocket, each generic over the adapter. `peer`: the other ends that write their bytes by hand.
//! * `log`: what servers log meanwhile.
//! * `wamp`: the same for WAMP.
//! * `blocking_wamp`, `blocking_websocket`: what only threads have.
//! * `byte_streams`, `blocking_bytes`: connections as byte streams. `reconnecting`: those that come back.
//! * `timers`: those of the runtimes.
//! * `dependencies`: what depends on what. `portable`: what the same program looks like on each.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is a failed test")]

mod adapter;
mod blocking;
mod blocking_bytes;
mod blocking_wamp;
mod blocking_websocket;
mod byte_streams;
mod dependencies;
mod driven;
mod log;
mod peer;
mod portable;
mod reconnecting;
mod suite;
mod timers;
mod wamp;

/// All tests, for the asynchronous adapters.
macro_rules! instantiate {
    ($($name:ident: $runtime:ty;)+) => {
        $(mod $name {
            crate::suite::tests!(crate::driven::Driven<$runtime>);
            crate::timers::timer_tests!($runtime);

            mod wamp {
                crate::wamp::tests!(crate::driven::Driven<$runtime>);
                crate::wamp::futures::async_tests!($runtime);
            }
        })+
    };
}

instantiate! {
    on_tokio: wirebahn_tokio::TokioRuntime;
    on_smol: wirebahn_smol::SmolRuntime;
    on_async_std: wirebahn_async_std::AsyncStdRuntime;
}

mod on_threads {
    crate::suite::tests!(crate::blocking::Blocking);

    mod wamp {
        crate::wamp::tests!(crate::blocking::Blocking);
    }
}
